"""Asking all workers at once."""

import asyncio
import socket

import pytest

from appliance.nameserver import polls as polls_module
from appliance.nameserver.link import TO_WORKER, AskEntries, Entries, Link
from appliance.nameserver.polls import Polls
from appliance.nameserver.recent import Entry
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
