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
from appliance.core.query import Ask, Failure
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire import dns as wire
from appliance.nameserver import upstream
from appliance.nameserver.upstream import Upstreams
from appliance.world import clock
from tests.fakes import REAL, Asked, Script, answer, answers, failing, fake_upstream, silence
from tests.nameserver.inside import in_loop, upstreams_of
from tests.nameserver.test_sockets import has_v6
from tests.needs import need
from tests.running import free_port, question, until

ALLOWED = Verdict(Action.ALLOW, Step.DEFAULT, Reason("default"))
BRIEF = (0.15, 0.15, 0.15)


def asking(name: str = "a.example", qtype: str = "A") -> Ask:
    """Return what the resolver wants to know."""
    parsed = wire.parse_query(question(name, qtype).to_wire())
    assert isinstance(parsed, wire.Query)
    return Ask(parsed, ALLOWED, name, (name, parsed.qtype, wire.RD | wire.AD))


async def outcome_of(upstreams: Upstreams, ask: Ask | None = None) -> Kept | Failure:
    """Return what came of a question."""
    coming: asyncio.Future[Kept | Failure] = asyncio.get_running_loop().create_future()
    upstreams.ask(ask or asking(), coming.set_result)
    async with asyncio.timeout(10):
        return await coming


def address(outcome: Kept | Failure) -> str:
    """Return the last address of an outcome, the failure's or the RCODE's name where there is none."""
    if isinstance(outcome, Failure):
        return outcome.name
    if outcome.message.rcode:
        return str(outcome.message.rcode)
    last = outcome.message.answers[-1]
    return socket.inet_ntoa(outcome.message.wire[last.rdata_at : last.end])


def open_files() -> int:
    """Return how many files and sockets this process holds."""
    return len(list(Path("/proc/self/fd").iterdir()))


def refusing() -> Endpoint:
    """Return an endpoint where nobody listens."""
    return Endpoint("127.0.0.1", free_port("127.0.0.1"))


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each try short."""
    monkeypatch.setattr(upstream, "TRY_S", BRIEF)
    monkeypatch.setattr(upstream, "TCP_S", 0.3)


QUESTION = b"\3odd\7example\0\0\1\0\1"


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
    monkeypatch.setattr(upstream, "TRY_S", (60.0, 60.0, 60.0))
    flood = upstream.MAX_STRAY + 20

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
        assert time.monotonic() - began < sum(BRIEF) + 1
    assert upstreams.counts.news() == {"upstream.asked": 3, "upstream.silent": 1}


def test_all_tries_fit_into_a_clients_patience() -> None:
    """All tries together end before a stub resolver gives up (five seconds)."""
    assert sum(upstream.TRY_S) < 4.5


@in_loop
async def test_sick_server_is_asked_last(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that failed several times is asked after the others, until some time has passed or it answers."""
    now = 1_000.0
    monkeypatch.setattr(clock, "uptime", lambda: now)
    with fake_upstream(silence) as sick, fake_upstream() as well:
        upstreams = upstreams_of(sick.endpoint, well.endpoint)
        for number in range(upstream.SICK_AFTER):
            await outcome_of(upstreams, asking(f"n{number}.example"))
        assert len(sick.asked) == upstream.SICK_AFTER
        await outcome_of(upstreams, asking("later.example"))
        assert len(sick.asked) == upstream.SICK_AFTER
        sick.script = answers
        now += upstream.SICK_S + 1
        await outcome_of(upstreams, asking("healed.example"))
        await outcome_of(upstreams, asking("healthy.example"))
        assert sick.names()[-2:] == ["healed.example", "healthy.example"]


@pytest.mark.parametrize("rcode", [wire.SERVFAIL, wire.REFUSED, wire.NOTIMP, wire.FORMERR])
@in_loop
async def test_error_of_one_server(rcode: int) -> None:
    """An error may be one server's alone: the next one is asked."""
    with fake_upstream(failing(rcode)) as first, fake_upstream() as next_one:
        assert address(await outcome_of(upstreams_of(first.endpoint, next_one.endpoint))) == REAL


@in_loop
async def test_error_of_all_servers() -> None:
    """An error that all have is what comes back."""
    with fake_upstream(failing(wire.REFUSED)) as first, fake_upstream(failing(wire.SERVFAIL)) as second:
        assert address(await outcome_of(upstreams_of(first.endpoint, second.endpoint))) == str(wire.SERVFAIL)


@in_loop
async def test_name_that_does_not_exist() -> None:
    """A name that does not exist is an answer: nobody else is asked."""
    with fake_upstream(failing(wire.NXDOMAIN)) as first, fake_upstream() as second:
        assert address(await outcome_of(upstreams_of(first.endpoint, second.endpoint))) == str(wire.NXDOMAIN)
    assert second.asked == []


@pytest.mark.parametrize("rcode", [wire.FORMERR, wire.NOTIMP])
@in_loop
async def test_server_from_before_edns(rcode: int) -> None:
    """A server that does not know EDNS is asked without it, from then on."""

    def script(asked: Asked) -> Iterable[bytes]:
        if asked.message.edns >= 0:
            return [asked.wire[:2] + (0x8180 | rcode).to_bytes(2, "big") + b"\0\1" + bytes(6) + asked.wire[12:-11]]
        return [answer(asked)]

    with fake_upstream(script) as fake:
        upstreams = upstreams_of(fake.endpoint)
        assert address(await outcome_of(upstreams, asking("one.example"))) == REAL
        assert address(await outcome_of(upstreams, asking("two.example"))) == REAL
    assert fake.names() == ["one.example", "one.example", "two.example"]


@in_loop
async def test_one_odd_question_switches_nothing_off() -> None:
    """A server that calls one question malformed, with EDNS and without, is asked with EDNS again the next time."""

    def script(asked: Asked) -> Iterable[bytes]:
        if asked.name == "odd.example":
            return [asked.wire[:2] + (0x8180 | wire.FORMERR).to_bytes(2, "big") + b"\0\1" + bytes(6) + QUESTION]
        return [answer(asked)]

    with fake_upstream(script) as fake:
        upstreams = upstreams_of(fake.endpoint)
        assert address(await outcome_of(upstreams, asking("odd.example"))) == str(wire.FORMERR)
        assert address(await outcome_of(upstreams, asking("even.example"))) == REAL
    assert [asked.message.edns for asked in fake.asked] == [0, -1, 0]


@in_loop
async def test_server_that_is_not_there() -> None:
    """Where nobody listens, the next server is asked at once."""
    with fake_upstream() as fake:
        began = time.monotonic()
        assert address(await outcome_of(upstreams_of(refusing(), fake.endpoint))) == REAL
        assert time.monotonic() - began < 0.5


@in_loop
async def test_no_server_is_there() -> None:
    """Where nobody listens anywhere, that is said at once."""
    began = time.monotonic()
    assert await outcome_of(upstreams_of(refusing())) is Failure.NO_ANSWER
    assert time.monotonic() - began < 0.5


@in_loop
async def test_no_server_is_known() -> None:
    """Without upstreams nobody is asked."""
    assert await outcome_of(upstreams_of()) is Failure.NO_UPSTREAM


@in_loop
async def test_no_socket_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the machine has no socket left, the question fails and nothing else does."""
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        with monkeypatch.context() as patch:

            def refuse(_: Endpoint) -> socket.socket:
                raise OSError(24, "Too many open files")

            patch.setattr(upstream, "fresh_socket", refuse)
            assert await outcome_of(upstreams) is Failure.NO_ANSWER
        assert address(await outcome_of(upstreams)) == REAL


@in_loop
async def test_equal_questions_are_asked_once() -> None:
    """A hundred who ask the same at once get the same answer to one question."""
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        found = await asyncio.gather(*(outcome_of(upstreams) for _ in range(100)))
        assert {address(one) for one in found} == {REAL}
        assert fake.names() == ["a.example"]
        assert upstreams.counts.news()["upstream.coalesced"] == 99
        await outcome_of(upstreams)
        assert fake.names() == ["a.example"] * 2


@in_loop
async def test_other_type_is_another_question() -> None:
    """The same name with another type is asked for itself."""
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        await asyncio.gather(outcome_of(upstreams, asking()), outcome_of(upstreams, asking(qtype="AAAA")))
    assert sorted(asked.qtype for asked in fake.asked) == ["A", "AAAA"]


@in_loop
async def test_stale_answer_when_all_are_dead(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody answers, what was known within the last day is given; later it is not."""
    now = 1_000_000.0
    monkeypatch.setattr(clock, "now", lambda: now)
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        await outcome_of(upstreams)
        fake.script = silence
        now += 3_600
        assert address(await outcome_of(upstreams)) == REAL
        now += 86_400
        assert await outcome_of(upstreams) is Failure.NO_ANSWER


@in_loop
async def test_stale_answer_when_all_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was known within the last day is better than an error, too."""
    now = 1_000_000.0
    monkeypatch.setattr(clock, "now", lambda: now)
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        await outcome_of(upstreams)
        fake.script = failing(wire.SERVFAIL)
        now += 3_600
        assert address(await outcome_of(upstreams)) == REAL


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
        upstream.fresh_socket(Endpoint("255.255.255.255", 53))
