"""Servers over TCP and TLS, on the test's own event loop, that do with a connection what a test says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import inet_aton

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded

from appliance.core.query import Ask
from appliance.core.whom import Mode, Whom, parse_server
from appliance.core.wire.dns import Message
from appliance.nameserver.counts import Counts
from appliance.nameserver.exchange import Exchanges
from tests.fakes import REAL, Asked, answer
from tests.nameserver.asking import asking

NAME = "dns.example"
LIMIT_S = 20.0
Routes = dict[str, tuple[str, ...]]


@dataclass
class Connection:
    """A connection to the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def next(self) -> Asked:
        """Return the next question; raises IncompleteReadError at the end."""
        wire = await self.reader.readexactly(int.from_bytes(await self.reader.readexactly(2), "big"))
        return Asked(wire, self.writer.get_extra_info("peername"), True, self.send)

    def send(self, message: bytes) -> None:
        """Send a message, its length before it."""
        self.writer.write(len(message).to_bytes(2, "big") + message)


Converse = Callable[[Connection], Awaitable[None]]


@dataclass
class Serving:
    """A server that runs."""

    port: int
    connections: list[Connection] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def names(self) -> list[str]:
        """Return the names that were asked, in order."""
        return [asked.name for asked in self.asked]


@asynccontextmanager
async def serving(converse: Converse, context: ssl.SSLContext | None = None) -> AsyncIterator[Serving]:
    """Run a server; whatever it does at the end of a connection, it is closed."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        found.connections.append(connection)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await converse(connection)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
    found = Serving(server.sockets[0].getsockname()[1])
    try:
        yield found
    finally:
        server.close()
        for connection in found.connections:
            connection.writer.transport.abort()
        await asyncio.sleep(0.01)


async def always(connection: Connection) -> None:
    """Answer each question."""
    while True:
        asked = await connection.next()
        connection.send(answer(asked))


@asynccontextmanager
async def asked_of(
    *servers: str, mode: Mode = Mode.IN_ORDER, bootstrap: tuple[str, ...] = (), routes: Routes | None = None
) -> AsyncIterator[Exchanges]:
    """Give what asks these servers, and have nothing left of it."""
    named = {name: tuple(map(parse_server, route)) for name, route in (routes or {}).items()}
    whom = Whom(tuple(map(parse_server, servers)), mode, named, tuple(map(parse_server, bootstrap)))
    exchanges = Exchanges(whom, Counts())
    try:
        yield exchanges
    finally:
        exchanges.close()
        await asyncio.sleep(0.01)


async def message_of(exchanges: Exchanges, ask: Ask | str = "a.example") -> Message | None:
    """Return what came of a question."""
    coming: asyncio.Future[Message | None] = asyncio.get_running_loop().create_future()
    exchanges.start(asking(ask) if isinstance(ask, str) else ask, coming.set_result)
    async with asyncio.timeout(LIMIT_S):
        return await coming


def is_real(message: Message | None) -> bool:
    """Say whether this is an answer with the address that every name has."""
    real = inet_aton(REAL)
    return message is not None and any(message.wire[one.rdata_at : one.end] == real for one in message.answers)


async def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what comes by itself."""
    async with asyncio.timeout(LIMIT_S):
        while not is_so():  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.005)


@dataclass
class Request:
    """A request of HTTP/2."""

    number: int
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)

    @property
    def asked(self) -> Asked:
        """The question in it."""
        return Asked(bytes(self.body), None, True, lambda _: None)


Respond = Callable[[H2Connection, Request], None]


def responding(respond: Respond, requests: list[Request]) -> Converse:
    """Return what speaks HTTP/2 and hands each whole request to a test."""

    async def converse(connection: Connection) -> None:
        http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        http.initiate_connection()
        connection.writer.write(http.data_to_send())
        open_: dict[int, Request] = {}
        while data := await connection.reader.read(65_536):
            for event in http.receive_data(data):
                match event:
                    case RequestReceived():
                        headers = {str(name): str(value) for name, value in event.headers or ()}
                        open_[event.stream_id or 0] = Request(event.stream_id or 0, headers)
                    case DataReceived():
                        open_[event.stream_id or 0].body += event.data or b""
                    case StreamEnded():
                        requests.append(open_.pop(event.stream_id or 0))
                        respond(http, requests[-1])
                    case _:
                        pass
            connection.writer.write(http.data_to_send())

    return converse


def respond_with(
    http: H2Connection, request: Request, body: bytes, status: str = "200", kind: str = "application/dns-message"
) -> None:
    """Send a whole response."""
    http.send_headers(request.number, [(":status", status), ("content-type", kind)])
    http.send_data(request.number, body, end_stream=True)
