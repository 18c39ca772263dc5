"""One kept connection: what goes over it, when it is opened again, and what of it goes wrong."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from appliance.core.wire import dns as wire
from appliance.nameserver import channel
from appliance.world import clock
from tests.authority import Authority
from tests.fakes import answer, fake_upstream
from tests.nameserver.asking import refusing
from tests.nameserver.inside import in_loop
from tests.nameserver.streams import NAME, Connection, always, asked_of, is_real, message_of, serving, wait_until


@in_loop
async def test_one_connection_for_all(authority: Authority) -> None:
    """What is asked goes over one connection with TLS, padded, and ids differ."""
    asked = []
    agreed = []

    async def converse(connection: Connection) -> None:
        agreed.append(connection.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        while True:
            asked.append(await connection.next())
            connection.send(answer(asked[-1]))

    async with (
        serving(converse, authority.context(NAME, alpn="dot")) as server,
        asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges,
    ):
        for number in range(30):
            assert is_real(await message_of(exchanges, f"n{number}.example"))
    assert len(server.connections) == 1
    assert len({one.id for one in asked}) > 25
    assert {len(one.wire) % 128 for one in asked} == {0}
    assert {int(option.otype) for option in asked[0].message.options} == {12}
    assert agreed == ["dot"]


@in_loop
async def test_plain_tcp_is_not_padded() -> None:
    """Who may read along reads the name, too."""
    asked = []

    async def converse(connection: Connection) -> None:
        asked.append(await connection.next())
        connection.send(answer(asked[-1]))

    async with serving(converse) as server, asked_of(f"tcp://127.0.0.1:{server.port}") as exchanges:
        assert is_real(await message_of(exchanges))
    assert asked[0].message.options == ()


@in_loop
async def test_answers_in_any_order(authority: Authority) -> None:
    """A hundred questions under way at once, answered last first (RFC 7766 section 7)."""

    async def converse(connection: Connection) -> None:
        asked = [await connection.next() for _ in range(100)]
        for one in reversed(asked):
            connection.send(answer(one))
        await connection.reader.read()

    async with (
        serving(converse, authority.context(NAME)) as server,
        asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges,
    ):
        found = await asyncio.gather(*(message_of(exchanges, f"n{number}.example") for number in range(100)))
    assert all(map(is_real, found))
    assert [one.name for one in found if one] == [f"n{number}.example" for number in range(100)]


@in_loop
async def test_more_than_a_connection_has_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """They wait for those before them."""
    monkeypatch.setattr("appliance.nameserver.framing.MAX_UNDER_WAY", 3)
    async with serving(always) as server, asked_of(f"tcp://127.0.0.1:{server.port}") as exchanges:
        found = await asyncio.gather(*(message_of(exchanges, f"n{number}.example") for number in range(20)))
    assert all(map(is_real, found))
    assert len(server.connections) == 1


@in_loop
async def test_a_server_that_closes_after_each_answer() -> None:
    """Is connected to again, at once, whatever is under way; no question is lost and none fails."""

    async def converse(connection: Connection) -> None:
        connection.send(answer(await connection.next()))

    async with serving(converse) as server, asked_of(f"tcp://127.0.0.1:{server.port}") as exchanges:
        for number in range(5):
            assert is_real(await message_of(exchanges, f"n{number}.example"))
        await asyncio.gather(*(message_of(exchanges, f"two{number}.example") for number in range(2)))
        assert exchanges.health()[0].failed == 0


@in_loop
async def test_a_connection_that_nobody_uses_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next question opens another one."""
    ended = asyncio.Event()

    async def converse(connection: Connection) -> None:
        try:
            await always(connection)
        finally:
            ended.set()

    monkeypatch.setattr(channel, "IDLE_S", 0.05)
    async with serving(converse) as server, asked_of(f"tcp://127.0.0.1:{server.port}") as exchanges:
        assert is_real(await message_of(exchanges))
        await asyncio.wait_for(ended.wait(), 5)
        assert is_real(await message_of(exchanges))
    assert len(server.connections) == 2


async def hang_up(connection: Connection) -> None:
    """Close when asked."""
    await connection.next()


async def reset(connection: Connection) -> None:
    """Reset the connection when asked."""
    await connection.next()
    connection.writer.transport.abort()


async def half_a_prefix(connection: Connection) -> None:
    """Send one octet of the length."""
    await connection.next()
    connection.writer.write(b"\0")


async def half_an_answer(connection: Connection) -> None:
    """Close in the middle of an answer."""
    made = answer(await connection.next())
    connection.writer.write(len(made).to_bytes(2, "big") + made[:20])


async def junk(connection: Connection) -> None:
    """Send what is no message."""
    asked = await connection.next()
    connection.send(asked.wire[:2] + b"\xff" * 30)
    await connection.reader.read()


async def nothing(connection: Connection) -> None:
    """Send messages without a word."""
    await connection.next()
    connection.send(b"")
    await connection.reader.read()


async def too_much(connection: Connection) -> None:
    """Send message after message that nobody asked for."""
    asked = await connection.next()
    for _ in range(200):
        connection.send(bytes((asked.wire[0] ^ 1,)) + answer(asked)[1:])
    await connection.reader.read()


async def another_name(connection: Connection) -> None:
    """Answer something else under the right id."""
    asked = await connection.next()
    connection.send(answer(asked).replace(b"\1a\7example", b"\1b\7example", 1))
    await connection.reader.read()


async def cut(connection: Connection) -> None:
    """Say over a stream that it did not fit."""
    connection.send(answer(await connection.next(), flags=wire.TC))
    await connection.reader.read()


async def silent(connection: Connection) -> None:
    """Say nothing."""
    await connection.reader.read()


FAULTS = (hang_up, reset, half_a_prefix, half_an_answer, junk, nothing, too_much, another_name, cut, silent)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("has_tls", [False, True])
@in_loop
async def test_what_goes_wrong(
    fault: Callable[[Connection], Awaitable[None]], has_tls: bool, authority: Authority, brief: None
) -> None:
    """The next server answers; where there is none, that is told."""
    context = authority.context(NAME) if has_tls else None
    async with serving(fault, context) as server:
        told = f"tls://127.0.0.1:{server.port}#{NAME}" if has_tls else f"tcp://127.0.0.1:{server.port}"
        with fake_upstream() as well:
            async with asked_of(told, str(well.endpoint)) as exchanges:
                assert is_real(await message_of(exchanges))
                assert exchanges.health()[0].failed == 1
        async with asked_of(told) as exchanges:
            assert await message_of(exchanges) is None


@pytest.mark.parametrize(
    ("names", "is_valid", "words"),
    [(("other.example",), True, "dns.example"), ((NAME,), False, "expired"), (("192.0.2.1",), True, "dns.example")],
)
@in_loop
async def test_a_certificate_that_is_not_good(
    names: tuple[str, ...], is_valid: bool, words: str, authority: Authority
) -> None:
    """Nothing is asked, and what is wrong is told."""
    context = authority.context(*names, is_valid=is_valid)
    async with (
        serving(always, context) as server,
        asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges,
    ):
        assert await message_of(exchanges) is None
        assert words in exchanges.health()[0].problem
    assert server.connections == []


@in_loop
async def test_a_certificate_while_nobody_knows_the_time(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its dates say nothing then, or no time server could be found; its name and who signed it say as much as ever."""
    monkeypatch.setattr(clock, "_doubted", [True])
    context = authority.context(NAME, is_valid=False)
    async with serving(always, context) as server:
        async with asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges:
            assert await message_of(exchanges) is not None
        async with asked_of(f"tls://127.0.0.1:{server.port}#other.example") as exchanges:
            assert await message_of(exchanges) is None
        clock._doubted[0] = False
        async with asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges:
            assert await message_of(exchanges) is None


@in_loop
async def test_an_authority_that_nobody_knows(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not believed."""
    monkeypatch.delenv("SSL_CERT_FILE")
    async with (
        serving(always, authority.context(NAME)) as server,
        asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges,
    ):
        assert await message_of(exchanges) is None
        assert "unable to get" in exchanges.health()[0].problem


@in_loop
async def test_a_certificate_for_an_address(authority: Authority) -> None:
    """Does where no name is given."""
    async with (
        serving(always, authority.context("127.0.0.1")) as server,
        asked_of(f"tls://127.0.0.1:{server.port}") as exchanges,
    ):
        assert is_real(await message_of(exchanges))


@in_loop
async def test_nobody_listens() -> None:
    """Is known at once, and not tried again and again."""
    async with asked_of(f"tcp://{refusing()}") as exchanges:
        assert await message_of(exchanges) is None
        assert "refused" in exchanges.health()[0].problem


@in_loop
async def test_a_server_that_does_not_greet(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who takes the connection and speaks no TLS has only so long."""
    monkeypatch.setattr(channel, "LAST_CONNECT_S", 0.2)
    async with serving(silent) as server, asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges:
        assert await message_of(exchanges) is None
        await wait_until(lambda: bool(exchanges.health()[0].problem))


@in_loop
async def test_a_connection_that_went_dead(brief: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing comes any more a new one is opened, and the question asked there."""
    monkeypatch.setattr(channel, "HUNG_S", 0.1)

    async def converse(connection: Connection) -> None:
        if len(server.connections) > 1:
            await always(connection)
        connection.send(answer(await connection.next()))
        await connection.reader.read()

    async with serving(converse) as server, asked_of(f"tcp://127.0.0.1:{server.port}") as exchanges:
        assert is_real(await message_of(exchanges))
        assert is_real(await message_of(exchanges, "b.example"))
    assert len(server.connections) == 2


@in_loop
async def test_closing_while_it_connects(authority: Authority) -> None:
    """Leaves nothing behind."""
    async with serving(always, authority.context(NAME)) as server:
        async with asked_of(f"tls://127.0.0.1:{server.port}#{NAME}") as exchanges:
            waiting = asyncio.create_task(message_of(exchanges))
            await asyncio.sleep(0)
        waiting.cancel()
