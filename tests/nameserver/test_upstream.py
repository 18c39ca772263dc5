"""Asking upstreams, proved against one that does as a script says."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterable
from itertools import count, pairwise
from pathlib import Path

import pytest

from appliance.config import Endpoint
from appliance.core.answers import Kept
from appliance.core.query import Failure
from appliance.core.wire import dns as wire
from appliance.nameserver import exchange, upstream
from appliance.world import clock
from tests.fakes import REAL, Asked, Script, answer, answers, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of, refusing
from tests.nameserver.inside import in_loop, upstreams_of
from tests.nameserver.test_sockets import has_v6
from tests.needs import need
from tests.running import until


def open_files() -> int:
    """Return how many files and sockets this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


@in_loop
async def test_answer() -> None:
    """A question is asked once and its answer comes back, fresh for as long as it says."""
    with fake_upstream() as fake:
        outcome = await outcome_of(upstreams_of(fake.endpoint))
    assert isinstance(outcome, Kept)
    assert address(outcome) == REAL
    assert outcome.fresh_until - outcome.put_at == 300
    assert fake.names() == ["a.example"]


@in_loop
async def test_upstream_over_v6() -> None:
    """An upstream may have an IPv6 address."""
    need(has_v6(), "this machine has no IPv6")
    with fake_upstream(address="::1") as fake:
        assert address(await outcome_of(upstreams_of(fake.endpoint))) == REAL


@in_loop
async def test_id_and_port_are_fresh_each_time() -> None:
    """Nobody guesses id or port of a question from those before: all differ, and they are spread over their range."""
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        for number in range(200):
            await outcome_of(upstreams, asking(f"n{number}.example"))
    ids = [asked.id for asked in fake.asked]
    ports = [asked.peer[1] for asked in fake.asked]
    assert len(ids) == 200
    for drawn, low, high in ((ids, 0, 65_536), (ports, 1_024, 65_536)):
        assert len(set(drawn)) > 190
        quarters = [0, 0, 0, 0]
        for number in drawn:
            quarters[4 * (number - low) // (high - low)] += 1
        assert min(quarters) > 20, quarters
        steps = [(later - before) % 65_536 for before, later in pairwise(drawn)]
        assert max(steps.count(step) for step in set(steps)) < 8


def forge_id(asked: Asked) -> bytes:
    """Return an answer to another id."""
    made = answer(asked, "a.example 300 A 203.0.113.66")
    return (asked.id ^ 1).to_bytes(2, "big") + made[2:]


def forge_question(asked: Asked) -> bytes:
    """Return an answer to another name."""
    return answer(asked, "a.example 300 A 203.0.113.66").replace(b"\x01a\x07example", b"\x01b\x07example", 1)


def forge_type(asked: Asked) -> bytes:
    """Return an answer to another type."""
    made = answer(asked, "a.example 300 A 203.0.113.66")
    return made.replace(b"\x00\x00\x01\x00\x01", b"\x00\x00\x1c\x00\x01", 1)


def forge_class(asked: Asked) -> bytes:
    """Return an answer to another class."""
    made = answer(asked, "a.example 300 A 203.0.113.66")
    return made.replace(b"\x00\x00\x01\x00\x01", b"\x00\x00\x01\x00\x03", 1)


def forge_query(asked: Asked) -> bytes:
    """Return a question instead of an answer."""
    made = answer(asked, "a.example 300 A 203.0.113.66")
    return made[:2] + bytes([made[2] & 0x7F]) + made[3:]


def forge_no_question(asked: Asked) -> bytes:
    """Return an answer that does not say to what."""
    return asked.wire[:2] + b"\x81\x80" + bytes(8)


FORGERIES: tuple[Callable[[Asked], bytes], ...] = (
    forge_id,
    forge_question,
    forge_type,
    forge_class,
    forge_query,
    forge_no_question,
    lambda _: b"",
    lambda asked: asked.wire[:2],
    lambda asked: answer(asked)[:-1],
    lambda asked: answer(asked) + b"\0",
    lambda asked: answer(asked)[:12] + b"\xc0\x0c" + answer(asked)[12:],
    lambda asked: asked.wire[:2] + bytes(510),
)


@pytest.mark.parametrize("forge", FORGERIES)
@in_loop
async def test_what_does_not_belong_is_ignored(forge: Callable[[Asked], bytes]) -> None:
    """What is malformed or answers something else changes nothing: the right answer is still taken."""
    with fake_upstream(lambda asked: [forge(asked), answer(asked)]) as fake:
        upstreams = upstreams_of(fake.endpoint)
        assert address(await outcome_of(upstreams)) == REAL
    assert upstreams.counts.news() == {"upstream.asked": 1, "upstream.stray": 1}


@in_loop
async def test_answer_from_elsewhere_is_ignored() -> None:
    """Only the server that was asked may answer, whatever another one knows."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as forger:
        forger.bind(("127.0.0.1", 0))

        def script(asked: Asked) -> Iterable[bytes]:
            forger.sendto(answer(asked, "a.example 300 A 203.0.113.66"), asked.peer)
            yield answer(asked)

        with fake_upstream(script) as fake:
            assert address(await outcome_of(upstreams_of(fake.endpoint))) == REAL


@in_loop
async def test_flood_of_forgeries_moves_the_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who guesses many times at one port finds that the question is asked from another one, with another id."""
    monkeypatch.setattr(exchange, "TRY_S", (60.0, 60.0, 60.0))
    flood = exchange.MAX_STRAY + 20

    def script(asked: Asked) -> Iterable[bytes]:
        if len(fake.asked) == 1:
            return [forge_id(asked)] * flood
        return [answer(asked)]

    with fake_upstream(script) as fake:
        assert address(await outcome_of(upstreams_of(fake.endpoint))) == REAL
    first, second = fake.asked
    assert first.peer != second.peer


@in_loop
async def test_spelling_of_the_name_is_no_difference() -> None:
    """A server that spells the name in capitals answers all the same."""
    with fake_upstream(lambda asked: [answer(asked).replace(b"\x01a\x07example", b"\x01A\x07eXAMPLe")]) as fake:
        assert address(await outcome_of(upstreams_of(fake.endpoint))) == REAL


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
    """A server that failed several times is asked after the others, until some time has passed or it answers."""
    now = 1_000.0
    monkeypatch.setattr(clock, "uptime", lambda: now)
    with fake_upstream(silence) as sick, fake_upstream() as well:
        upstreams = upstreams_of(sick.endpoint, well.endpoint)
        for number in range(exchange.SICK_AFTER):
            await outcome_of(upstreams, asking(f"n{number}.example"))
        assert len(sick.asked) == exchange.SICK_AFTER
        await outcome_of(upstreams, asking("later.example"))
        assert len(sick.asked) == exchange.SICK_AFTER
        sick.script = answers
        now += exchange.SICK_S + 1
        await outcome_of(upstreams, asking("healed.example"))
        await outcome_of(upstreams, asking("healthy.example"))
        assert sick.names()[-2:] == ["healed.example", "healthy.example"]


@in_loop
async def test_no_more_than_the_limit_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit questions wait in line, and all are answered in the end."""
    monkeypatch.setattr(upstream, "MAX_OPEN", 8)
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        coming = [asyncio.create_task(outcome_of(upstreams, asking(f"n{number}.example"))) for number in range(50)]
        for answered in range(50):
            await asyncio.to_thread(fake.wait_for, min(50, answered + 8))
            assert len(fake.asked) == min(50, answered + 8)
            asked = fake.asked[answered]
            asked.send(answer(asked))
            await asyncio.wait_for(asyncio.shield(coming[answered]), 5)
        assert [address(await one) for one in coming] == [REAL] * 50


@in_loop
async def test_line_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many wait, the next one is told so at once, and counted."""
    monkeypatch.setattr(upstream, "MAX_OPEN", 2)
    monkeypatch.setattr(upstream, "MAX_WAITING", 3)
    with fake_upstream(silence) as fake:
        upstreams = upstreams_of(fake.endpoint)
        coming = [asyncio.create_task(outcome_of(upstreams, asking(f"n{number}.example"))) for number in range(6)]
        assert await coming[5] is Failure.NO_ANSWER
        assert upstreams.counts.news()["upstream.overrun"] == 1
        fake.script = answers
        await asyncio.to_thread(fake.wait_for, 2)
        for asked in fake.asked[:2]:
            asked.send(answer(asked))
        assert [address(await one) for one in coming[:5]] == [REAL] * 5


@in_loop
async def test_thousand_at_once() -> None:
    """A thousand different questions at once are all answered, and no socket stays open."""
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        before = open_files()
        found = await asyncio.gather(*(outcome_of(upstreams, asking(f"n{number}.example")) for number in range(1000)))
        assert {address(one) for one in found} == {REAL}
        assert open_files() <= before


@in_loop
async def test_failures_leave_no_socket_open(brief: None) -> None:
    """Whatever goes wrong, sockets are closed."""
    number = count()

    def script(asked: Asked) -> Iterable[bytes]:
        return [[answer(asked, flags=wire.TC)], [], [b"junk"], [answer(asked, rcode=2)]][next(number) % 4]

    with fake_upstream(script) as fake:
        upstreams = upstreams_of(fake.endpoint, refusing())
        before = open_files()
        await asyncio.gather(*(outcome_of(upstreams, asking(f"n{one}.example")) for one in range(100)))
        await asyncio.to_thread(until, lambda: open_files() <= before, 5, "the fake closes its side")
        assert upstreams._open == 0
        assert upstreams._under_way == {}


def test_fresh_socket_of_an_address_without_a_way() -> None:
    """A socket that can't be connected is closed, and the error told."""
    with pytest.raises(OSError, match="Permission denied"):
        exchange.fresh_socket(Endpoint("255.255.255.255", 53))
