"""DNS over UDP, and over TCP as far as it is the same, on real sockets of loopback."""

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from unittest.mock import MagicMock

import dns.flags
import dns.message
import pytest

from appliance.config import Endpoint
from appliance.core.asker import Registry
from appliance.nameserver.memo import Finished
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.server import Udp
from appliance.nameserver.sockets import open_tcp, open_udp
from appliance.nameserver.streams import Tcp
from appliance.world import clock
from tests.fakes import REAL, Asked, answer, fake_upstream
from tests.nameserver.inside import in_loop, resolver_of, snapshot_of, unraised
from tests.nameserver.test_resolver import GAMES, HOUSE, KIM, KIM_MAC, OPEN, ROUTER, SAM, SAM_MAC, told_mac
from tests.nameserver.test_sockets import has_v6, loopback
from tests.needs import need
from tests.running import ALLOWED, BLOCKED, addresses, ask_tcp, ask_udp, free_port, own_address, question

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
WAIT_S = 5.0


@asynccontextmanager
async def serving(resolver: Resolver, where: Endpoint | None = None) -> AsyncIterator[Endpoint]:
    """Give an endpoint at which a resolver answers."""
    endpoint = where or loopback()
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    udp, tcp = open_udp(endpoint), open_tcp(endpoint)
    loop.add_reader(udp, Udp(udp, resolver).read)
    listening = await Tcp(tcp, resolver).open()
    try:
        yield endpoint
    finally:
        loop.remove_reader(udp)
        udp.close()
        listening.close()
        if served := asyncio.all_tasks() - before:
            await asyncio.wait(served, timeout=WAIT_S)
        await asyncio.sleep(0)


async def over_udp(endpoint: Endpoint, asked: dns.message.Message, source: str = KIM) -> dns.message.Message:
    """Return the reply that comes over UDP."""
    return dns.message.from_wire(await asyncio.to_thread(ask_udp, endpoint, asked.to_wire(), source))


async def over_tcp(endpoint: Endpoint, asked: dns.message.Message, source: str = KIM) -> dns.message.Message:
    """Return the reply that comes over TCP."""
    return dns.message.from_wire(await asyncio.to_thread(ask_tcp, endpoint, asked.to_wire(), source))


@asynccontextmanager
async def connected(endpoint: Endpoint, source: str = KIM) -> AsyncIterator[Stream]:
    """Give a TCP connection."""
    reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await asyncio.wait_for(writer.wait_closed(), WAIT_S)


def framed(*asked: dns.message.Message) -> bytes:
    """Return messages as a TCP stream carries them."""
    wires = [one.to_wire() for one in asked]
    return b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires)


async def next_reply(reader: asyncio.StreamReader) -> dns.message.Message:
    """Return the next message of a stream."""
    async with asyncio.timeout(WAIT_S):
        return dns.message.from_wire(await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big")))


async def is_closed(reader: asyncio.StreamReader) -> bool:
    """Say whether the other end hangs up without a word more."""
    try:
        return await asyncio.wait_for(reader.read(1), WAIT_S) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("ask", [over_udp, over_tcp])
@in_loop
async def test_each_asks_and_gets_their_own(ask: "type[over_udp]") -> None:  # type: ignore[valid-type]
    """Over UDP and TCP each source gets what its person may see, the first time and the next."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            for _ in range(3):
                for source, expected in ((KIM, ["0.0.0.0"]), (SAM, [REAL])):
                    asked = question(GAMES)
                    reply = await ask(endpoint, asked, source)  # type: ignore[misc]
                    assert asked.is_response(reply)
                    assert addresses(reply) == expected


@in_loop
async def test_finished_reply_is_given_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same octets again are answered without a thought, under their own id, and counted."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            for name in (ALLOWED, ALLOWED, BLOCKED):
                await over_udp(endpoint, question(name))
            resolver.counts.news()
            monkeypatch.setattr(resolver, "resolve", None)
            for name, expected in ((ALLOWED, REAL), (BLOCKED, "0.0.0.0")):
                asked = question(name)
                reply = await over_udp(endpoint, asked)
                assert asked.is_response(reply)
                assert addresses(reply) == [expected]
        assert resolver.counts.news() == {"answered.allow": 1, "answered.block": 1}


@in_loop
async def test_spelling_is_given_back() -> None:
    """Each client gets its question back in its own spelling, whoever asked before."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            for name in (BLOCKED, BLOCKED.upper(), "mAlWaRe.KiNdGaTe.TeSt", BLOCKED):
                reply = await over_udp(endpoint, question(name))
                assert reply.question[0].name.to_text(omit_final_dot=True) == name


@in_loop
async def test_forwarder_over_finished_replies() -> None:
    """Behind one source each child gets its own answers, also where they are finished already."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            found = [
                addresses(await over_udp(endpoint, question(GAMES, options=told_mac(mac)), ROUTER))
                for mac in (KIM_MAC, SAM_MAC) * 3
            ]
    assert found == [["0.0.0.0"], [REAL]] * 3


@in_loop
async def test_forged_copy_of_a_forwarders_query() -> None:
    """The very octets that a forwarder sent for another child get a child's own answer when it sends them itself."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            await over_udp(endpoint, question(GAMES), KIM)
            for mac in (KIM_MAC, SAM_MAC, SAM_MAC):
                await over_udp(endpoint, question(GAMES, options=told_mac(mac)), ROUTER)
            forged = await over_udp(endpoint, question(GAMES, options=told_mac(SAM_MAC)), KIM)
    assert addresses(forged) == ["0.0.0.0"]


@in_loop
async def test_new_house_reaches_finished_replies() -> None:
    """The first reply under a new house is the new house's."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            for house, expected in ((OPEN, [REAL]), (HOUSE, ["0.0.0.0"])) * 3:
                resolver.adopt(snapshot_of(house))
                for _ in range(3):
                    assert addresses(await over_udp(endpoint, question(GAMES))) == expected


@pytest.mark.parametrize(("listen", "asked"), [("0.0.0.0", "127.0.0.5"), ("::", "::1")])
@in_loop
async def test_all_addresses(listen: str, asked: str) -> None:
    """On a socket of all addresses each reply leaves from the address that was asked, finished before or not."""
    need(":" not in asked or has_v6(), "this machine has no IPv6")
    with fake_upstream() as fake:
        where = Endpoint(listen, free_port(listen))
        async with serving(resolver_of(fake.endpoint, house=HOUSE), where):
            for name, expected in ((ALLOWED, [REAL]), (BLOCKED, ["0.0.0.0"])) * 3:
                # The client is connected: the kernel drops a reply from any other address.
                reply = await over_udp(
                    Endpoint(asked, where.port), question(name), "::1" if ":" in asked else "127.0.0.9"
                )
                assert addresses(reply) == expected


@in_loop
async def test_burst() -> None:
    """Many datagrams at once are all answered."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                client.bind((KIM, 0))
                client.connect((endpoint.address, endpoint.port))
                client.setblocking(False)
                sent = [question(f"n{number % 100}.example") for number in range(500)]
                for number, asked in enumerate(sent):
                    asked.id = number
                    client.send(asked.to_wire())
                came: set[int] = set()
                async with asyncio.timeout(WAIT_S):
                    while len(came) < len(sent):
                        reply = await asyncio.get_running_loop().sock_recv(client, 4096)
                        came.add(int.from_bytes(reply[:2], "big"))
    assert len(came) == len(sent)


@in_loop
async def test_garbage_over_udp() -> None:
    """Whatever octets come, the next question is answered, and nothing went wrong inside."""
    chance = random.Random(7)
    good = question(ALLOWED).to_wire()
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.bind((KIM, 0))
                for number in range(2_000):
                    octets = bytearray(good if number % 2 else chance.randbytes(chance.randrange(80)))
                    for _ in range(chance.randrange(4) if octets else 0):
                        octets[chance.randrange(len(octets))] = chance.randrange(256)
                    client.sendto(octets, (endpoint.address, endpoint.port))
                    if number % 50 == 0:
                        assert addresses(await over_udp(endpoint, question(ALLOWED))) == [REAL]
                client.sendto(bytes(60_000), (endpoint.address, endpoint.port))
            assert addresses(await over_udp(endpoint, question(ALLOWED))) == [REAL]
        assert "errors" not in resolver.counts.news()


@in_loop
async def test_source_that_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A foreign source gets silence over UDP and a closed connection over TCP."""
    monkeypatch.setattr(Registry, "is_answered", lambda *told: told[1] == KIM)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            asked = question(ALLOWED).to_wire()
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(ask_udp, endpoint, asked, SAM, 0.3)
            async with connected(endpoint, SAM) as (reader, _):
                assert await is_closed(reader)
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) == [REAL]
        assert resolver.counts.news()["dropped.source"] == 2


def long_answer(asked: Asked) -> Iterable[bytes]:
    """Give more than fits into a datagram, over TCP only."""
    records = [f"{ALLOWED} 300 A 198.51.100.{number}" for number in range(100)]
    return [answer(asked, *records)] if asked.is_tcp else [answer(asked, flags=dns.flags.TC)]


@in_loop
async def test_long_answer_sends_to_tcp() -> None:
    """What does not fit is cut over UDP, and whole over TCP."""
    with fake_upstream(long_answer) as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            short = await over_udp(endpoint, question(ALLOWED))
            assert short.flags & dns.flags.TC
            assert addresses(short) == []
            whole = await over_tcp(endpoint, question(ALLOWED))
            assert len(addresses(whole)) == 100


@pytest.mark.parametrize(("said", "most"), [(None, 512), (100, 512), (1232, 1232), (4096, 1232), (65_535, 1232)])
@in_loop
async def test_no_datagram_is_longer_than_goes_everywhere(said: int | None, most: int) -> None:
    """1232 octets, whatever more a client says (RFC 9715); so we say ourselves, to clients and to upstreams."""
    records = [f"{ALLOWED} 300 A 198.51.100.{number}" for number in range(70)]
    told: list[dns.message.Message] = []

    def just_fits(asked: Asked) -> Iterable[bytes]:
        told.append(dns.message.from_wire(asked.wire))
        return [answer(asked, *records)]

    with fake_upstream(just_fits) as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            options = {"payload": said} if said is not None else {"use_edns": -1, "payload": None}
            for name, is_cut in ((ALLOWED, most < 1232), (BLOCKED, False)):
                for _ in range(2):
                    wire = await asyncio.to_thread(ask_udp, endpoint, question(name, **options).to_wire(), KIM)
                    reply = dns.message.from_wire(wire)
                    assert len(wire) <= most
                    assert bool(reply.flags & dns.flags.TC) is is_cut
                    assert reply.payload == (1232 if said is not None else 0)
    assert {one.payload for one in told} == {1232}


def test_a_reply_is_not_given_out_in_the_same_burst_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is read for each query: its TTL would outlive the rule by as much as the burst takes."""
    moments = iter((99.9, 100.1))
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    thought: list[bytes] = []
    resolver = MagicMock(hot={}, purses={})
    resolver.resolve.side_effect = lambda wire, *_, **__: thought.append(wire)
    address = own_address()
    with open_udp(loopback()) as opened, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(WAIT_S)
        asking.bind((address, 0))
        server = Udp(opened, resolver)
        asking.sendto(b"\0\0who I am", opened.getsockname())
        server.read()
        resolver.hot[address] = {b"question": Finished(100.0, b"answer", unraised())}
        for ident in (b"\0\1", b"\0\2"):
            asking.sendto(ident + b"question", opened.getsockname())
        server.read()
        assert asking.recv(100) == b"\0\1answer"
    assert thought == [b"\0\0who I am", b"\0\2question"]
