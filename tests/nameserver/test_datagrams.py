"""Questions over UDP: nobody guesses them, and nothing but their answer is taken."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise

import pytest

from appliance.config import Endpoint
from appliance.nameserver import datagrams, exchange
from tests.fakes import REAL, Asked, answer, fake_upstream
from tests.nameserver.asking import address, asking, outcome_of
from tests.nameserver.inside import in_loop, upstreams_of
from tests.nameserver.test_sockets import has_v6
from tests.needs import need


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
    flood = datagrams.MAX_STRAY + 20

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


def test_fresh_socket_of_an_address_without_a_way() -> None:
    """A socket that can't be connected is closed, and the error told."""
    with pytest.raises(OSError, match="Permission denied"):
        datagrams.fresh_socket(Endpoint("255.255.255.255", 53))


@in_loop
async def test_questions_of_one_moment_share_a_port() -> None:
    """Each with an id of its own; the answers may come in any order, and who asks later has another port."""
    names = [f"n{number}.example" for number in range(datagrams.MAX_SHARING + 3)]
    held: list[Asked] = []

    def script(asked: Asked) -> Iterable[bytes]:
        held.append(asked)
        if len(held) == len(names):
            for one in reversed(held):
                one.send(answer(one))
        return []

    with fake_upstream(script) as fake:
        upstreams = upstreams_of(fake.endpoint)
        outcomes = await asyncio.gather(*(outcome_of(upstreams, asking(name)) for name in names))
        assert [address(outcome) for outcome in outcomes] == [REAL] * len(names)
        ports = Counter(asked.peer[1] for asked in fake.asked)
        assert sorted(ports.values()) == [3, datagrams.MAX_SHARING]
        assert len({(asked.peer[1], asked.id) for asked in fake.asked}) == len(names)
        fake.script = lambda asked: [answer(asked)]
        await outcome_of(upstreams, asking("later.example"))
        assert fake.asked[-1].peer[1] not in ports
        assert upstreams._exchanges._poll._ports == {}


@in_loop
async def test_one_of_those_that_share_a_port_is_slow() -> None:
    """The others are answered in their time, and the slow one is asked again, from elsewhere."""
    with fake_upstream(lambda asked: [] if len(fake.asked) == 1 else [answer(asked)]) as fake:
        upstreams = upstreams_of(fake.endpoint)
        outcomes = await asyncio.gather(*(outcome_of(upstreams, asking(f"n{number}.example")) for number in range(3)))
    assert [address(outcome) for outcome in outcomes] == [REAL] * 3
    assert len(fake.asked) == 4
    assert len({asked.peer[1] for asked in fake.asked}) == 2
