"""DNS over UDP and TCP, on real sockets of loopback."""

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from unittest.mock import MagicMock

import dns.flags
import dns.message
import pytest

from appliance.config import Endpoint
from appliance.core.asker import Registry
from appliance.nameserver import server
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.server import Tcp, Udp
from appliance.nameserver.sockets import open_tcp, open_udp
from appliance.world import clock
from tests.fakes import REAL, Asked, answer, answers, fake_upstream, silence
from tests.nameserver.inside import in_loop, resolver_of, snapshot_of
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
    records = [f"{ALLOWED} 300 A 198.51.100.{number}" for number in range(200)]
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
            assert len(addresses(whole)) == 200


@in_loop
async def test_pipelining() -> None:
    """Several questions on one connection are answered each as soon as it can be."""
    with fake_upstream(silence) as fake:
        async with (
            serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint,
            connected(endpoint) as (reader, writer),
        ):
            slow, first, second = question(ALLOWED), question(BLOCKED), question(GAMES)
            writer.write(framed(slow, first, second))
            assert first.is_response(await next_reply(reader))
            assert second.is_response(await next_reply(reader))
            await asyncio.to_thread(fake.wait_for, 1)
            fake.asked[0].send(answer(fake.asked[0]))
            reply = await next_reply(reader)
            assert slow.is_response(reply)
            assert addresses(reply) == [REAL]


@in_loop
async def test_connection_is_not_asked_for_more_than_it_may() -> None:
    """Of one connection only so many questions are under way at once; all are answered in the end."""
    asked = [question(f"n{number}.example") for number in range(server.MAX_UNANSWERED + 10)]
    with fake_upstream(silence) as fake:
        async with (
            serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint,
            connected(endpoint) as (reader, writer),
        ):
            writer.write(framed(*asked))
            await asyncio.to_thread(fake.wait_for, server.MAX_UNANSWERED)
            await over_udp(endpoint, question(BLOCKED))
            assert len(fake.asked) == server.MAX_UNANSWERED
            fake.script = answers
            for held in fake.asked[: server.MAX_UNANSWERED]:
                held.send(answer(held))
            replies = [await next_reply(reader) for _ in asked]
    assert {reply.id for reply in replies} == {one.id for one in asked}


@in_loop
async def test_message_in_pieces() -> None:
    """A message may come an octet at a time."""
    with fake_upstream() as fake:
        async with (
            serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint,
            connected(endpoint) as (reader, writer),
        ):
            for octet in framed(question(ALLOWED)):
                writer.write(bytes([octet]))
                await writer.drain()
            assert addresses(await next_reply(reader)) == [REAL]


@pytest.mark.parametrize("octets", [b"", b"\0", b"\0\x40", framed(question(ALLOWED))[:-1], framed(question(BLOCKED))])
@in_loop
async def test_idle_connection(octets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection on which nothing whole comes any more is closed."""
    monkeypatch.setattr(server, "IDLE_S", 0.2)
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            async with connected(endpoint) as (reader, writer):
                writer.write(octets)
                async with asyncio.timeout(WAIT_S):
                    await reader.read(4096 if octets == framed(question(BLOCKED)) else 1)
                    assert await is_closed(reader) or octets
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) == [REAL]


REPLY = dns.message.make_response(question(ALLOWED))


@pytest.mark.parametrize("octets", [b"\0\0", b"\0\1x", b"\0\x0b" + bytes(11), framed(REPLY)])
@in_loop
async def test_what_is_no_question_closes_the_connection(octets: bytes) -> None:
    """After what is no question nothing more is read of a connection."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            async with connected(endpoint) as (reader, writer):
                writer.write(octets + framed(question(BLOCKED)))
                assert await is_closed(reader)
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) == [REAL]


@in_loop
async def test_client_that_has_no_more_questions() -> None:
    """Who closes their half of a connection after the last question still gets its answer."""
    with fake_upstream(silence) as fake:
        async with (
            serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint,
            connected(endpoint) as (reader, writer),
        ):
            writer.write(framed(question(ALLOWED)))
            writer.write_eof()
            await asyncio.to_thread(fake.wait_for, 1)
            fake.asked[0].send(answer(fake.asked[0]))
            assert addresses(await next_reply(reader)) == [REAL]
            assert await is_closed(reader)


@in_loop
async def test_client_that_never_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that asks and asks and takes no answer is hung up on, and its place is free again."""
    monkeypatch.setattr(server, "IDLE_S", 0.3)
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 1)
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            with socket.socket() as greedy:
                greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                greedy.bind((KIM, 0))
                greedy.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(greedy, (endpoint.address, endpoint.port))
                sending = asyncio.create_task(loop.sock_sendall(greedy, framed(question(BLOCKED)) * 400_000))
                async with asyncio.timeout(20):
                    await asyncio.wait([sending])
                assert isinstance(sending.exception(), ConnectionError)
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) == [REAL]


@in_loop
async def test_clients_that_hang_up() -> None:
    """Clients that reset their connections at any moment leave no trace."""
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            await asyncio.to_thread(_reset_many, endpoint)
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) == [REAL]
        assert "errors" not in resolver.counts.news()


def _reset_many(endpoint: Endpoint) -> None:
    for number in range(100):
        with socket.create_connection((endpoint.address, endpoint.port), WAIT_S, (KIM, 0)) as client:
            client.sendall(framed(question(f"n{number}.example"), question(BLOCKED))[: number * 2])
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@in_loop
async def test_connection_that_is_gone_before_it_is_served(caplog: pytest.LogCaptureFixture) -> None:
    """A connection that was reset while it waited to be accepted is no fault."""
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint:
            for _ in range(50):
                with socket.create_connection((endpoint.address, endpoint.port), WAIT_S) as client:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) == [REAL]
    assert caplog.text == ""


@in_loop
async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a connection is closed and counted; when one ends, its place is free."""
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 2)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint, connected(endpoint) as one, connected(endpoint) as two:
            for reader, writer in (one, two):
                writer.write(framed(question(BLOCKED)))
                await next_reply(reader)
            async with connected(endpoint) as (reader, _):
                assert await is_closed(reader)
            assert resolver.counts.news()["dropped.connections"] == 1
            two[1].close()
            await served_again(endpoint)


async def served_again(endpoint: Endpoint) -> None:
    """Wait until a connection is answered again."""
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                assert addresses(await over_tcp(endpoint, question(BLOCKED))) == ["0.0.0.0"]
            except (EOFError, ConnectionError):
                await asyncio.sleep(0.01)
            else:
                return


def huge(asked: Asked) -> Iterable[bytes]:
    """Give the longest message that TCP can carry."""
    if not asked.is_tcp:
        return [answer(asked, flags=dns.flags.TC)]
    head = asked.wire[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + asked.wire[12:-11]
    text = (b"\xff" + b"x" * 255) * 255
    rest = 65_535 - len(head) - 12 - len(text)
    text += bytes([rest - 1]) + b"y" * (rest - 1)
    return [head + b"\xc0\x0c\0\x10\0\1\0\0\1\x2c" + len(text).to_bytes(2, "big") + text]


@in_loop
async def test_answer_that_does_not_fit_into_tcp() -> None:
    """An upstream's longest answer with our own EDNS does not fit any more: the client is told so, not left alone."""
    with fake_upstream(huge) as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint:
            plain = await over_tcp(endpoint, question(ALLOWED, "TXT", use_edns=-1, payload=None))
            assert len(plain.answer[0]) == 1
            for _ in range(server.MAX_UNANSWERED + 2):
                with_edns = question(ALLOWED, "TXT")
                assert with_edns.id == (await over_tcp(endpoint, with_edns)).id
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) in ([], [REAL])


def test_a_reply_is_not_given_out_in_the_same_burst_after_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is read for each query: its TTL would outlive the rule by as much as the burst takes."""
    moments = iter((99.9, 100.1))
    monkeypatch.setattr(clock, "now", lambda: next(moments))
    thought: list[bytes] = []
    resolver = MagicMock(hot={})
    resolver.resolve.side_effect = lambda wire, *_, **__: thought.append(wire)
    address = own_address()
    with open_udp(loopback()) as opened, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(WAIT_S)
        asking.bind((address, 0))
        server = Udp(opened, resolver)
        asking.sendto(b"\0\0who I am", opened.getsockname())
        server.read()
        resolver.hot[address] = {b"question": (100.0, b"answer", [0])}
        for ident in (b"\0\1", b"\0\2"):
            asking.sendto(ident + b"question", opened.getsockname())
        server.read()
        assert asking.recv(100) == b"\0\1answer"
    assert thought == [b"\0\0who I am", b"\0\2question"]
