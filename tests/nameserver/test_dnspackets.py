"""Third-party DNS messages, sent to a running nameserver and handed back by its upstream."""

import asyncio
import gzip
import json
import select
import socket
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from appliance.core.wire import dns as wire
from appliance.core.wire.reader import WireError
from appliance.nameserver import exchange
from appliance.nameserver.resolver import Resolver
from tests.fakes import REAL, Asked, answer, fake_upstream
from tests.nameserver.inside import ask, in_loop, put, resolver_of
from tests.needs import shared
from tests.running import Running, addresses, ask_tcp, ask_udp, question, running

pytestmark = pytest.mark.shared

BATCH = 40
LIMIT_S = 5.0
MAX_DATAGRAM = 60_000
GOOD = b"\x04good\x07example\x00"
_number = count()


@cache
def messages(qr: int) -> list[dict[str, Any]]:
    """Return the queries (0) or the replies (1)."""
    with gzip.open(shared("cases/dnspackets/index.json.gz")) as file:
        return [one | {"wire": bytes.fromhex(one["hex"])} for one in json.load(file) if one["qr"] == qr]


def test_the_cases_are_there() -> None:
    """There is something to prove."""
    assert (len(messages(0)), len(messages(1))) == (1560, 1130)


def quick(asked: Asked) -> Iterable[bytes]:
    """Answer the good name with its address, and all others with nothing, not to be kept."""
    if GOOD in asked.wire:
        return [answer(asked)]
    return [asked.wire[:2] + b"\x81\x80\0\1" + bytes(6) + asked.wire[12:-11]]


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a nameserver of two workers."""
    folder: Path = tmp_path_factory.mktemp("dnspackets")
    with fake_upstream(quick) as fake, running(folder / "data", (fake.endpoint,), workers=2) as one:
        yield one
        assert [worker["restarts"] for worker in one.workers()] == [0, 0]
        assert "errors" not in one.status()["counts"]
        assert "ERROR" not in one.log.read_text()


def is_well(started: Running) -> bool:
    """Say whether a name that nobody asked before is answered."""
    return addresses(started.ask(f"n{next(_number)}.good.example")) == [REAL]


def test_queries_over_udp(started: Running) -> None:
    """Each query gets a reply under its id, and the next good one is answered."""
    told = [one["wire"] for one in messages(0)]
    for start in range(0, len(told), BATCH):
        batch = told[start : start + BATCH]
        clients = {socket.socket(socket.AF_INET, socket.SOCK_DGRAM): octets for octets in batch}
        waiting = {client for client, octets in clients.items() if len(octets) >= 12}
        try:
            for client, octets in clients.items():
                client.connect((started.server.address, started.server.port))
                client.send(octets[:MAX_DATAGRAM])
            until = time.monotonic() + LIMIT_S
            while waiting:
                readable = select.select(list(waiting), [], [], until - time.monotonic())[0]
                assert readable, [clients[client].hex() for client in waiting]
                for client in readable:
                    assert client.recv(65_535)[:2] == clients[client][:2]
                    waiting.remove(client)
        finally:
            for client in clients:
                client.close()
        assert is_well(started)


def test_queries_over_tcp(started: Running) -> None:
    """Each query gets a reply under its id over TCP too, and the next good one is answered."""
    for number, one in enumerate(messages(0)):
        octets = one["wire"]
        if len(octets) < 12:
            with pytest.raises((EOFError, ConnectionError)):
                ask_tcp(started.server, octets)
        else:
            assert ask_tcp(started.server, octets)[:2] == octets[:2], one["id"]
        if number % BATCH == 0:
            assert is_well(started)


def test_replies_sent_to_the_server(started: Running) -> None:
    """A reply that nobody asked for gets no reply, or two servers would talk for ever."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((started.server.address, started.server.port))
        for number, one in enumerate(messages(1)):
            client.send(one["wire"][:MAX_DATAGRAM])
            if number % BATCH == 0:
                assert is_well(started)
        assert is_well(started)
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(100)


@pytest.mark.parametrize("is_tcp", [False, True])
def test_expected_rcodes(started: Running, is_tcp: bool) -> None:
    """Malformed queries get the RCODE that BIND gives."""
    told = [one for one in messages(0) if one["expect"]]
    assert len(told) == 9
    found = {one["id"]: (ask_tcp if is_tcp else ask_udp)(started.server, one["wire"])[3] & 15 for one in told}
    assert found == {one["id"]: one["expect"]["rcode"] for one in told}
    assert is_well(started)


def question_of(octets: bytes) -> bytes | None:
    """Return the question that a reply answers, None where it can't be asked."""
    try:
        _, end = wire.parse_name(octets, 12, allow_pointers=False)
    except WireError:
        return None
    asked = octets[12 : end + 4]
    parsed = wire.parse_query(b"\0\0\1\0\0\1" + bytes(6) + asked)
    return asked if isinstance(parsed, wire.Query) and parsed.qtype != wire.ANY else None


Handed = dict[bytes, bytes]
"""A question section in lower case → the message that answers it."""


@cache
def rounds() -> list[Handed]:
    """Return the replies by the question that they answer (a name of our own where none can be), in rounds."""
    made: dict[int, Handed] = defaultdict(dict)
    times: dict[bytes, int] = defaultdict(int)
    for number, one in enumerate(messages(1)):
        asked = question_of(one["wire"])
        if asked is None:
            asked = question(f"m{number}.handed.example").to_wire()[12:-11]
        key = asked[:-4].lower() + asked[-4:]
        made[times[key]][key] = one["wire"]
        times[key] += 1
    return list(made.values())


async def hand_back(resolver: Resolver, handed: Handed, *, is_tcp: bool) -> dict[bytes, bytes]:
    """Ask all questions of a round at once, and return the replies."""
    opt = wire.opt(1232, do=False)
    coming = {
        key: put(resolver, number.to_bytes(2, "big") + b"\1\0\0\1\0\0\0\0\0\1" + key + opt, is_tcp=is_tcp)
        for number, key in enumerate(handed)
    }
    async with asyncio.timeout(LIMIT_S):
        await asyncio.gather(*coming.values())
    return {key: one.result() for key, one in coming.items()}


@pytest.mark.parametrize("is_tcp", [False, True])
@in_loop
async def test_replies_under_the_right_id(is_tcp: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the upstream answers, the client gets a whole reply in time, and the next good name is answered."""
    monkeypatch.setattr(exchange, "TRY_S", (0.3, 0.3, 0.3))
    monkeypatch.setattr(exchange, "TCP_S", 0.5)
    faults: list[dict[str, Any]] = []
    passed_on = 0
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    handed: Handed = {}

    def script(asked: Asked) -> Iterable[bytes]:
        if GOOD in asked.wire:
            return [answer(asked)]
        message = handed[asked.wire[12:-11]]
        if len(message) > MAX_DATAGRAM and not asked.is_tcp:
            return [asked.wire[:2] + b"\x83\x80\0\1" + bytes(6) + asked.wire[12:-11]]
        return [asked.wire[:2] + message[2:]]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint)
        for one in rounds():
            handed.clear()
            handed.update(one)
            resolver.clock_jumped()
            for number, reply in enumerate((await hand_back(resolver, one, is_tcp=is_tcp)).values()):
                parsed = wire.parse_message(reply)
                assert (parsed.id, parsed.flags & wire.QR) == (number, wire.QR)
                passed_on += bool(parsed.answers)
            assert addresses(await ask(resolver, f"n{next(_number)}.good.example")) == [REAL]
        assert "errors" not in resolver.counts.news()
    assert faults == []
    assert passed_on > 300, passed_on


@in_loop
async def test_replies_under_a_wrong_id() -> None:
    """What comes under a wrong id changes nothing: the client gets the right answer that comes after it."""
    handed: Handed = {}

    def script(asked: Asked) -> Iterable[bytes]:
        key = asked.wire[12:-11]
        message = handed[key][:MAX_DATAGRAM]
        if message[:2] == asked.wire[:2]:
            message = bytes([message[0] ^ 1]) + message[1:]
        return [message, asked.wire[:2] + b"\x81\x85\0\1" + bytes(6) + key]

    with fake_upstream(script) as fake:
        resolver = resolver_of(fake.endpoint)
        right: set[tuple[int, bytes]] = set()
        reached: set[tuple[int, bytes]] = set()
        for number, one in enumerate(rounds()):
            handed.clear()
            handed.update(one)
            resolver.clock_jumped()
            replies = await hand_back(resolver, one, is_tcp=False)
            right |= {(number, key) for key, reply in replies.items() if reply[3] & 15 == wire.REFUSED}
            reached |= {(number, asked.wire[12:-11]) for asked in fake.asked}
            fake.asked.clear()
        assert right == reached
        assert len(right) > 1_100
        assert "errors" not in resolver.counts.news()
