"""Asking all workers at once."""

import asyncio
import socket

import pytest

from appliance.nameserver import polls as polls_module
from appliance.nameserver.link import TO_WORKER, AddressesNow, AskAddresses, AskEntries, AskGiven, Entries, GivenNow
from appliance.nameserver.polls import Polls
from appliance.nameserver.recent import Entry
from appliance.world.link import Link
from tests.nameserver.inside import in_loop


def entry(at: float) -> Entry:
    """Return an entry of a time."""
    return Entry(at, "tablet", "kim", "allow", "music", None, "category")


async def worker(polls: Polls, answer: list[float] | None) -> tuple[Link, "asyncio.Task[list[AskEntries]]"]:
    """Return the daemon's end of a worker that answers (None: that says nothing), and what it was asked."""
    ours, theirs = socket.socketpair()
    end = await Link.over(theirs)

    async def serve() -> list[AskEntries]:
        asked = []
        async for message in end.hear(TO_WORKER):
            assert isinstance(message, AskEntries)
            asked.append(message)
            if answer is not None:
                told = Entries(message.token, tuple(map(entry, answer)), 1)
                polls.heard(told)
                polls.heard(told)
        end.close()
        return asked

    return await Link.over(ours), asyncio.create_task(serve())


@in_loop
async def test_answers_are_merged() -> None:
    """The newest first, whichever worker they are from; what was dropped is added up."""
    polls = Polls()
    workers = [await worker(polls, answer) for answer in ([9.0, 3.0], [7.0, 1.0], [])]
    found, dropped = await polls.ask([link for link, _ in workers], of_sessions=True, device="tablet", person="kim")
    assert ([one.at for one in found], dropped, len(polls)) == ([9.0, 7.0, 3.0, 1.0], 3, 0)
    for link, asked in workers:
        link.close()
        (one,) = await asked
        assert (one.of_sessions, one.device, one.person) == (True, "tablet", "kim")


@in_loop
async def test_worker_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left out, and its late answer is let go."""
    monkeypatch.setattr(polls_module, "PATIENCE_S", 0.05)
    polls = Polls()
    workers = [await worker(polls, answer) for answer in ([9.0], None)]
    found, _ = await polls.ask([link for link, _ in workers])
    assert ([one.at for one in found], len(polls)) == ([9.0], 0)
    workers[1][0].close()
    (unheard,) = await workers[1][1]
    polls.heard(Entries(unheard.token, (entry(8.0),), 0))
    workers[0][0].close()
    await workers[0][1]


@in_loop
async def test_no_worker_at_all() -> None:
    """Nothing is waited for where nobody is, or where the link is closed."""
    polls = Polls()
    link, served = await worker(polls, [1.0])
    link.close()
    await served
    assert await polls.ask([]) == ([], 0)
    assert await polls.ask([link]) == ([], 0)


Given = tuple[list[tuple[str, float]], float]
"""What a worker gave one device for one address, and for how long nothing is missing."""


async def giver(polls: Polls, told: Given | None) -> tuple[Link, "asyncio.Task[None]"]:
    """Return the daemon's end of a worker that answers what it gave for the first of two questions (None: nothing)."""
    ours, theirs = socket.socketpair()
    end = await Link.over(theirs)

    async def serve() -> None:
        async for message in end.hear(TO_WORKER):
            assert isinstance(message, AskGiven)
            assert message.askers == ASKERS
            if told is not None:
                polls.heard(GivenNow(message.token, (tuple(told[0]), ()), told[1]))
        end.close()

    return await Link.over(ours), asyncio.create_task(serve())


ASKERS = (("tablet", "192.0.2.7"), (None, "2001:db8::7"))


@pytest.mark.parametrize(
    ("workers", "names", "whole_s"),
    [
        ([([("a", 1.0)], 90.0), ([("b", 3.0), ("a", 2.0)], 60.0)], ("b", "a"), 60.0),
        ([([], 90.0)], (), 90.0),
        ([([("a", 1.0)], 90.0), None], ("a",), 0.0),
        ([None], (), 0.0),
        ([], (), 0.0),
    ],
)
@in_loop
async def test_what_was_given(
    workers: list[Given | None], names: tuple[str, ...], whole_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest first, whichever worker gave it; who says nothing holds nobody up, and then some may be missing."""
    monkeypatch.setattr(polls_module, "GIVEN_PATIENCE_S", 0.1 if None in workers else 10.0)
    polls = Polls()
    serving = [await giver(polls, told) for told in workers]
    assert await polls.ask_given([link for link, _ in serving], ASKERS) == ([names, ()], whole_s)
    assert len(polls) == 0
    for link, served in serving:
        link.close()
        await served


@in_loop
async def test_answer_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest of all workers."""
    monkeypatch.setattr(polls_module, "MAX_READ", 2)
    polls = Polls()
    workers = [await worker(polls, answer) for answer in ([9.0, 3.0], [7.0, 5.0])]
    found, _ = await polls.ask([link for link, _ in workers])
    assert [one.at for one in found] == [9.0, 7.0]
    for link, served in workers:
        link.close()
        await served


@pytest.mark.parametrize(("second", "is_telling"), [(True, True), (False, False), (None, False)])
@in_loop
async def test_addresses_of_a_person(second: bool | None, is_telling: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each once, with the longest that it may be held; others are told of only where each worker says so."""
    monkeypatch.setattr(polls_module, "PATIENCE_S", 0.1 if second is None else 10.0)
    polls = Polls()

    async def teller(given: dict[str, float], *, is_telling: bool | None) -> tuple[Link, "asyncio.Task[None]"]:
        ours, theirs = socket.socketpair()
        end = await Link.over(theirs)

        async def serve() -> None:
            async for message in end.hear(TO_WORKER):
                assert isinstance(message, AskAddresses)
                if is_telling is not None:
                    polls.heard(AddressesNow(message.token, tuple(given.items()), is_telling))
            end.close()

        return await Link.over(ours), asyncio.create_task(serve())

    first = {"192.0.2.1": 50.0, "192.0.2.2": 40.0}
    workers = [await teller(first, is_telling=True), await teller({"192.0.2.2": 60.0}, is_telling=second)]
    told, found = await polls.ask_addresses([link for link, _ in workers], "kim")
    latest = 40.0 if second is None else 60.0
    assert (sorted(told), found) == ([("192.0.2.1", 50.0), ("192.0.2.2", latest)], is_telling)
    assert [left_s for _, left_s in told] == sorted((left_s for _, left_s in told), reverse=True)
    for link, served in workers:
        link.close()
        await served
