"""One question's way through the servers, proved against some that do as a script says."""

import asyncio
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest

from appliance.core.answers import Kept
from appliance.core.query import Failure
from appliance.core.whom import Mode
from appliance.core.wire import dns as wire
from appliance.nameserver import exchange, standing, upstream
from tests.fakes import REAL, Asked, Script, answer, answers, failing, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of, refusing
from tests.nameserver.inside import in_loop, upstreams_of
from tests.nameserver.streams import asked_of, is_real, message_of, wait_until
from tests.nameserver.test_datagrams import forge_id
from tests.running import until


def open_files() -> int:
    """Return how many files and sockets this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


def over_tcp(asked: Asked) -> Iterable[bytes]:
    """Give the answer over TCP only."""
    if asked.is_tcp:
        return [answer(asked, *(f"a.example 300 A 198.51.100.{number}" for number in range(200)))]
    return [answer(asked, flags=wire.TC)]


@in_loop
async def test_truncated_answer_is_asked_again_over_tcp() -> None:
    """What does not fit comes over TCP, under another id."""
    with fake_upstream(over_tcp) as fake:
        outcome = await outcome_of(upstreams_of(fake.endpoint))
    assert isinstance(outcome, Kept)
    assert len(outcome.message.answers) == 200
    assert [asked.is_tcp for asked in fake.asked] == [False, True]


@pytest.mark.parametrize(
    "over_stream",
    [
        silence,
        lambda _: [b""],
        lambda _: [b"\xff" * 40],
        lambda asked: [forge_id(asked)],
        lambda asked: [answer(asked, flags=wire.TC)],
    ],
)
@in_loop
async def test_tcp_that_fails(over_stream: Script, brief: None) -> None:
    """Where TCP gives no answer either, the next server is asked."""

    def script(asked: Asked) -> Iterable[bytes]:
        return over_stream(asked) if asked.is_tcp else [answer(asked, flags=wire.TC)]

    with fake_upstream(script) as fake, fake_upstream() as next_one:
        assert address(await outcome_of(upstreams_of(fake.endpoint, next_one.endpoint))) == REAL


@in_loop
async def test_silent_server(brief: None) -> None:
    """After its time is over the next server is asked."""
    with fake_upstream(silence) as silent, fake_upstream() as next_one:
        assert address(await outcome_of(upstreams_of(silent.endpoint, next_one.endpoint))) == REAL
    assert (len(silent.asked), len(next_one.asked)) == (1, 1)


@in_loop
async def test_lost_datagram(brief: None) -> None:
    """A single server is asked again when it says nothing."""
    with fake_upstream() as fake:
        fake.script = lambda asked: [answer(asked)] if len(fake.asked) == 3 else []
        assert address(await outcome_of(upstreams_of(fake.endpoint))) == REAL


@in_loop
async def test_all_are_silent(brief: None) -> None:
    """When nobody answers, that is said after all tries, and counted."""
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        began = time.monotonic()
        assert await outcome_of(upstreams) is Failure.NO_ANSWER
        assert time.monotonic() - began < sum(exchange.TRY_S) + 1
    assert upstreams.counts.news() == {"upstream.asked": 3, "upstream.silent": 1}


def test_all_tries_fit_into_a_clients_patience() -> None:
    """All tries together end before a stub resolver gives up (five seconds)."""
    assert sum(exchange.TRY_S) < 4.5


@in_loop
async def test_sick_server_is_asked_last(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that failed several times is asked after the others, until it answers a question of our own."""
    monkeypatch.setattr(exchange, "PROBE_S", 0.2)
    with fake_upstream(silence) as sick, fake_upstream() as well:
        upstreams = upstreams_of(sick.endpoint, well.endpoint)
        for number in range(standing.SICK_AFTER):
            await outcome_of(upstreams, asking(f"n{number}.example"))
        assert len(sick.asked) == standing.SICK_AFTER
        await outcome_of(upstreams, asking("later.example"))
        assert "later.example" not in sick.names()
        sick.script = answers
        while "healed.example" not in sick.names():
            await asyncio.sleep(0.01)
            await outcome_of(upstreams, asking("healed.example"))
    assert set(sick.names()[standing.SICK_AFTER : -1]) == {"."}
    assert "." not in well.names()


@in_loop
async def test_no_room_for_a_fallback_in_an_error(brief: None) -> None:
    """A server from before EDNS that fails without it, too, has failed; the next one is asked."""

    def old(asked: Asked) -> Iterable[bytes]:
        return [
            asked.wire[:2]
            + (0x8180 | wire.FORMERR).to_bytes(2, "big")
            + b"\0\1"
            + bytes(6)
            + asked.wire[12:21]
            + b"\0\0\1\0\1"
        ]

    with fake_upstream(old) as first, fake_upstream() as second:
        async with asked_of(str(first.endpoint), str(second.endpoint)) as exchanges:
            assert is_real(await message_of(exchanges, "aaaaaaaa"))
    assert [asked.message.edns for asked in first.asked] == [0, -1]


@in_loop
async def test_thousand_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand different questions at once are all answered, and no socket stays open for long."""
    monkeypatch.setattr(exchange, "TRY_S", (30.0,))
    monkeypatch.setattr(exchange, "BUDGET_S", 30.0)
    monkeypatch.setattr(upstream, "PATIENCE_S", 30.0)
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        before = open_files()
        found = await asyncio.gather(*(outcome_of(upstreams, asking(f"n{number}.example")) for number in range(1000)))
        assert {address(one) for one in found} == {REAL}
        # One port is open already for the next questions, for a second or two.
        assert open_files() <= before + 1
        await asyncio.to_thread(until, lambda: open_files() <= before, 10, "the port for the next questions closes")


@in_loop
async def test_failures_leave_no_socket_open(brief: None) -> None:
    """Whatever goes wrong, sockets are closed."""
    number = count()

    def script(asked: Asked) -> Iterable[bytes]:
        return [[answer(asked, flags=wire.TC)], [], [b"junk"], [answer(asked, rcode=2)]][next(number) % 4]

    with fake_upstream(script) as fake:
        upstreams = upstreams_of(fake.endpoint, refusing())
        before = open_files()
        # At most a port for the next questions to each: who is sick is asked every second.
        await asyncio.gather(*(outcome_of(upstreams, asking(f"n{one}.example")) for one in range(100)))
        await asyncio.to_thread(until, lambda: open_files() <= before + 2, 10, "the fake closes its side")
        assert upstreams._open == 0
        assert upstreams._under_way == {}


@in_loop
async def test_all_are_asked_at_once(brief: None) -> None:
    """The first good answer is taken; what fails, or is silent, keeps nobody waiting."""
    with fake_upstream(silence) as silent, fake_upstream(failing(wire.SERVFAIL)) as broken, fake_upstream() as well:
        told = [str(one.endpoint) for one in (silent, broken, well)]
        async with asked_of(*told, mode=Mode.PARALLEL) as exchanges:
            assert is_real(await message_of(exchanges))
            assert [one.asked for one in exchanges.health()] == [1, 1, 1]
            await wait_until(lambda: exchanges.health()[0].failed == 1)
            assert [one.failed for one in exchanges.health()] == [1, 0, 0], "the one who was watched"
            await asyncio.gather(*(message_of(exchanges, f"n{number}.example") for number in range(20)))
            await wait_until(lambda: exchanges.health()[0].failed == 2)


@in_loop
async def test_all_at_once_and_none_answers(brief: None) -> None:
    """An error is better than nothing; nothing is told after all rounds."""
    with fake_upstream(silence) as silent, fake_upstream(failing(wire.REFUSED)) as broken:
        async with asked_of(str(silent.endpoint), str(broken.endpoint), mode=Mode.PARALLEL) as exchanges:
            found = await message_of(exchanges)
            assert found is not None
            assert found.rcode == wire.REFUSED
        async with asked_of(str(silent.endpoint), str(refusing()), mode=Mode.PARALLEL) as exchanges:
            assert await message_of(exchanges) is None


@in_loop
async def test_the_fastest_is_asked(brief: None) -> None:
    """Once all are measured; another one is measured now and then, and none waits for it."""

    def slowly(asked: Asked) -> Iterable[bytes]:
        time.sleep(0.02)
        return [answer(asked)]

    with fake_upstream(slowly) as slow, fake_upstream() as quick:
        async with asked_of(str(slow.endpoint), str(quick.endpoint), mode=Mode.FASTEST) as exchanges:
            for number in range(40):
                assert is_real(await message_of(exchanges, f"n{number}.example"))
                await asyncio.sleep(0.005)
            await wait_until(lambda: len(slow.asked) >= 2)
        assert len(quick.asked) >= 35
        assert 2 <= len(slow.asked) <= 6


@in_loop
async def test_some_names_are_asked_of_others() -> None:
    """The longest name wins; a route to nobody leads to whom all else is asked of."""
    with fake_upstream() as world, fake_upstream() as router, fake_upstream() as box:
        routes = {"lan": (str(router.endpoint),), "box.lan": (str(box.endpoint),), "www.lan": ()}
        async with asked_of(str(world.endpoint), routes=routes) as exchanges:
            for name in ("a.example", "lan", "a.lan", "box.lan", "a.box.lan", "xbox.lan", "www.lan", "lan.example"):
                assert is_real(await message_of(exchanges, name))
        assert world.names() == ["a.example", "www.lan", "lan.example"]
        assert router.names() == ["lan", "a.lan", "xbox.lan"]
        assert box.names() == ["box.lan", "a.box.lan"]


@in_loop
async def test_nobody_knows_the_rest() -> None:
    """Where servers are set for some names only."""
    with fake_upstream() as router:
        async with asked_of(routes={"lan": (str(router.endpoint),)}) as exchanges:
            assert is_real(await message_of(exchanges, "a.lan"))
            assert await message_of(exchanges) is None


@in_loop
async def test_a_question_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many servers there are, and whatever each makes of it, all is over when the time is."""
    monkeypatch.setattr(exchange, "BUDGET_S", 0.5)
    monkeypatch.setattr(exchange, "TRY_S", (0.2, 0.2, 600.0))
    monkeypatch.setattr(exchange, "TCP_S", 600.0)

    def late(asked: Asked) -> Iterable[bytes]:
        return [] if asked.is_tcp else [answer(asked, flags=wire.TC)]

    with fake_upstream(silence) as silent, fake_upstream(late) as cut:
        async with asked_of(str(silent.endpoint), str(cut.endpoint), f"tcp://{silent.endpoint}") as exchanges:
            assert await message_of(exchanges) is None
            assert [one.asked for one in exchanges.health()][:2] == [1, 1]


@in_loop
async def test_the_time_is_over_when_tcp_would_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it isn't begun."""
    monkeypatch.setattr(exchange, "BUDGET_S", 0.0)
    with fake_upstream() as fake:
        async with asked_of(str(fake.endpoint)) as exchanges:
            assert await message_of(exchanges) is None
        assert fake.asked == []


@in_loop
async def test_more_servers_than_rounds(brief: None) -> None:
    """The last one is asked, too, when those before it refuse."""
    with fake_upstream() as fake:
        async with asked_of(*(str(refusing()) for _ in range(5)), str(fake.endpoint)) as exchanges:
            assert is_real(await message_of(exchanges))


@in_loop
async def test_a_sick_server_is_back_soon(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once in a while by ourselves, and no more when it is well; who is well is never asked."""
    monkeypatch.setattr(exchange, "PROBE_S", 0.1)
    with fake_upstream(silence) as sick, fake_upstream() as well:
        async with asked_of(str(sick.endpoint), str(well.endpoint)) as exchanges:
            for number in range(standing.SICK_AFTER):
                assert is_real(await message_of(exchanges, f"n{number}.example"))
            assert [one.is_sick for one in exchanges.health()] == [True, False]
            await asyncio.to_thread(sick.wait_for, standing.SICK_AFTER + 3)
            sick.script = answers
            await wait_until(lambda: not exchanges.health()[0].is_sick)
            await wait_until(lambda: not exchanges._probes)
            count = len(sick.asked)
            await asyncio.sleep(0.3)
            assert len(sick.asked) == count
            assert is_real(await message_of(exchanges, "again.example"))
        assert sick.names()[-1] == "again.example"
        assert "." not in well.names()


@in_loop
async def test_closing_while_a_sick_server_is_asked(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaves nothing behind."""
    monkeypatch.setattr(exchange, "PROBE_S", 0.05)
    before = open_files()
    with fake_upstream(silence) as sick:
        async with asked_of(str(sick.endpoint)) as exchanges:
            assert await message_of(exchanges) is None
            await asyncio.to_thread(sick.wait_for, standing.SICK_AFTER + 1)
    await wait_until(lambda: open_files() <= before)
