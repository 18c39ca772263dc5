"""Upstreams that fail: the next one, without EDNS, an old answer, in this order."""

import asyncio
import socket
import time
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from appliance.config import Endpoint
from appliance.core.query import Failure
from appliance.core.wire import dns as wire
from appliance.nameserver import datagrams
from appliance.world import clock
from tests.fakes import REAL, Asked, Script, answer, failing, fake_upstream, silence
from tests.nameserver.asking import address, asking, outcome_of, refusing
from tests.nameserver.inside import in_loop, upstreams_of

QUESTION = b"\3odd\7example\0\0\1\0\1"


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

            patch.setattr(datagrams, "fresh_socket", refuse)
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


@pytest.mark.parametrize("script", [silence, failing(wire.NXDOMAIN), failing(wire.SERVFAIL)])
@in_loop
async def test_target_of_a_safe_mode_that_is_gone(brief: None, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    """What was known of it within the last week is given, also when it exists no more; later it is not."""
    now = 1_000_000.0
    monkeypatch.setattr(clock, "now", lambda: now)
    rewritten = replace(asking("site.example"), name="target.example", key=("target.example", wire.A, wire.RD))
    with fake_upstream() as fake:
        upstreams = upstreams_of(fake.endpoint)
        assert address(await outcome_of(upstreams, rewritten)) == REAL
        fake.script = script
        now += 6 * 86_400
        assert address(await outcome_of(upstreams, rewritten)) == REAL
        now += 2 * 86_400
        assert address(await outcome_of(upstreams, rewritten)) != REAL
    assert fake.names()[0] == "target.example"


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
