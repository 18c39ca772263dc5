"""DNS over TCP, on real sockets of loopback: connections that are long, slow and many, and nobody else's business."""

import asyncio
import socket
import struct
from collections.abc import Iterable

import dns.flags
import dns.message
import pytest

from appliance.config import Endpoint
from appliance.nameserver import guests, streams
from tests.fakes import REAL, Asked, answer, answers, fake_upstream, silence
from tests.nameserver.inside import in_loop, resolver_of
from tests.nameserver.test_resolver import GAMES, HOUSE, KIM, SAM
from tests.nameserver.test_server import WAIT_S, connected, framed, is_closed, next_reply, over_tcp, over_udp, serving
from tests.running import ALLOWED, BLOCKED, addresses, question


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
    asked = [question(f"n{number}.example") for number in range(streams.MAX_UNANSWERED + 10)]
    with fake_upstream(silence) as fake:
        async with (
            serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint,
            connected(endpoint) as (reader, writer),
        ):
            writer.write(framed(*asked))
            await asyncio.to_thread(fake.wait_for, streams.MAX_UNANSWERED)
            await over_udp(endpoint, question(BLOCKED))
            assert len(fake.asked) == streams.MAX_UNANSWERED
            fake.script = answers
            for held in fake.asked[: streams.MAX_UNANSWERED]:
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
    monkeypatch.setattr(guests, "IDLE_S", 0.2)
    monkeypatch.setattr(streams, "WHOLE_S", 0.2)
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
    monkeypatch.setattr(guests, "IDLE_S", 0.3)
    monkeypatch.setattr(streams, "IDLE_S", 0.3)
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
async def test_the_longest_idle_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a new connection is served, and the one that was idle longest is cut and counted."""
    monkeypatch.setattr(guests, "MAX_CONNECTIONS", 2)
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint, connected(endpoint) as one, connected(endpoint) as two:
            for reader, writer in (one, two, one):
                writer.write(framed(question(BLOCKED)))
                await next_reply(reader)
            async with connected(endpoint, SAM) as (reader, writer):
                writer.write(framed(question(BLOCKED)))
                await next_reply(reader)
                assert await is_closed(two[0])
                one[1].write(framed(question(BLOCKED)))
                await next_reply(one[0])
            assert resolver.counts.news()["dropped.connections"] == 1


@in_loop
async def test_who_opens_many_connections_crowds_out_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client's own longest idle connection goes when it has too many."""
    monkeypatch.setattr(guests, "MAX_OF_CLIENT", 1)
    with fake_upstream() as fake:
        async with serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint, connected(endpoint, SAM) as sams:
            sams[1].write(framed(question(BLOCKED)))
            await next_reply(sams[0])
            async with connected(endpoint, KIM) as one, connected(endpoint, KIM) as two:
                assert await is_closed(one[0])
                for reader, writer in (two, sams):
                    writer.write(framed(question(BLOCKED)))
                    await next_reply(reader)


@in_loop
async def test_a_message_that_dawdles_ends_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """An octet now and then is not enough, whatever the idle time: and it is counted."""
    monkeypatch.setattr(streams, "WHOLE_S", 0.3)
    resolver = resolver_of(house=HOUSE)
    async with serving(resolver) as endpoint, connected(endpoint) as (reader, writer):
        closing = asyncio.create_task(is_closed(reader))
        for octet in framed(question(BLOCKED))[:-1]:
            writer.write(bytes([octet]))
            await asyncio.sleep(0.05)
            if closing.done():
                break
        assert await closing
    assert resolver.counts.news()["dropped.slow"] == 1


@in_loop
async def test_a_connection_ends_after_so_many_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that it asked until then is answered, and then it is closed."""
    monkeypatch.setattr(streams, "MAX_QUERIES", 3)
    with fake_upstream() as fake:
        async with (
            serving(resolver_of(fake.endpoint, house=HOUSE)) as endpoint,
            connected(endpoint) as (reader, writer),
        ):
            asked = [question(name) for name in (BLOCKED, ALLOWED, GAMES, BLOCKED)]
            writer.write(framed(*asked))
            came = {(await next_reply(reader)).id for _ in range(3)}
            assert came == {one.id for one in asked[:3]}
            assert await is_closed(reader)


@in_loop
async def test_a_message_that_is_too_long_ends_its_connection() -> None:
    """No question has so many octets, and none of them is waited for."""
    async with serving(resolver_of(house=HOUSE)) as endpoint, connected(endpoint) as (reader, writer):
        writer.write((streams.MAX_QUERY_OCTETS + 1).to_bytes(2, "big"))
        assert await is_closed(reader)


@in_loop
async def test_answers_that_nobody_reads_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be read is bounded, although many questions were under way."""
    monkeypatch.setattr(streams, "MAX_UNREAD_OCTETS", 1 << 10)
    with fake_upstream(silence) as fake:
        resolver = resolver_of(fake.endpoint, house=HOUSE)
        async with serving(resolver) as endpoint, connected(endpoint) as (_, writer):
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            writer.transport.pause_reading()  # type: ignore[attr-defined]
            asked = [
                question(f"n{number}.example", "TXT", use_edns=-1, payload=None)
                for number in range(streams.MAX_UNANSWERED)
            ]
            writer.write(framed(*asked))
            await asyncio.to_thread(fake.wait_for, len(asked))
            fake.script = huge
            for held in list(fake.asked):
                held.send(answer(held, flags=dns.flags.TC))
            lost = resolver.counts.cell("dropped.unread")
            async with asyncio.timeout(WAIT_S):
                while not lost.fresh:  # noqa: ASYNC110 -- a number that nobody tells of
                    await asyncio.sleep(0.01)
    assert lost.fresh == 1


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
            for _ in range(streams.MAX_UNANSWERED + 2):
                with_edns = question(ALLOWED, "TXT")
                assert with_edns.id == (await over_tcp(endpoint, with_edns)).id
            assert addresses(await over_tcp(endpoint, question(ALLOWED))) in ([], [REAL])
