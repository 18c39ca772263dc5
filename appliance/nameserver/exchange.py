"""One question's way through the servers: UDP from a fresh port with a fresh id, TCP where UDP won't do."""

import asyncio
import contextlib
import os
import select
import socket
from _socket import socket as RawSocket  # noqa: N812
from collections.abc import Callable, Sequence

from appliance.config import Endpoint
from appliance.core.query import Ask, is_answer_to, upstream_query
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.core.wire.reader import WireError
from appliance.nameserver.counts import Counts
from appliance.world import clock

TRY_S = (0.8, 1.2, 1.6)
"""How long each try waits: all together well under the five seconds that stub resolvers wait."""
TCP_S = 1.5
MAX_STRAY = 100
"""Datagrams that don't belong, at one port, before it is given up and another one is tried."""
SICK_AFTER = 3
SICK_S = 5.0
RECEIVE_OCTETS = 65_535
LOWEST_PORT = 1_024
PORT_TRIES = 8

Finished = Callable[[Message | None], None]
"""Takes what came of a question: None where nobody answered."""


class _Random:
    """Numbers that nobody guesses, fetched from the system a page at a time."""

    def __init__(self) -> None:
        self._pool = b""
        self._pos = 0

    def u16(self) -> int:
        """Return a number from 0 to 65535."""
        if self._pos >= len(self._pool):
            self._pool = os.urandom(4_096)
            self._pos = 0
        self._pos += 2
        return self._pool[self._pos - 2] << 8 | self._pool[self._pos - 1]

    def port(self) -> int:
        """Return a port that is nobody's by right."""
        while (number := self.u16()) < LOWEST_PORT:
            pass
        return number


_random = _Random()


class Upstream:
    """One server that is asked, and how it has been doing."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.failures = 0
        self.sick_until = 0.0
        self.knows_edns = True

    def failed(self) -> None:
        """Note a try without an answer."""
        self.failures += 1
        if self.failures >= SICK_AFTER:
            self.sick_until = clock.uptime() + SICK_S

    def answered(self) -> None:
        """Note an answer."""
        self.failures = 0
        self.sick_until = 0.0


class Exchanges:
    """The servers that are asked, and the questions that are under way to them."""

    def __init__(self, endpoints: tuple[Endpoint, ...], counts: Counts) -> None:
        self.all = tuple(Upstream(endpoint) for endpoint in endpoints)
        self.counts = counts
        self.loop = asyncio.get_running_loop()
        # One poll object for the sockets of all questions: the event loop's own book-keeping costs more than they do.
        self._poll = select.epoll()
        self._under_way: dict[int, _Exchange] = {}
        self.loop.add_reader(self._poll.fileno(), self._ready)

    def start(self, ask: Ask, finished: Finished) -> None:
        """Ask the servers one after the other, and call `finished` once with what came of it."""
        _Exchange(self, ask, finished).attempt()

    def ranked(self) -> Sequence[Upstream]:
        """Return the servers in the order to try them."""
        if len(self.all) == 1:
            return self.all
        now = clock.uptime()
        return sorted(self.all, key=lambda upstream: upstream.sick_until > now)

    def expect(self, opened: RawSocket, exchange: "_Exchange") -> None:
        """Wake an exchange when its socket has something to read."""
        self._under_way[opened.fileno()] = exchange
        self._poll.register(opened.fileno(), select.EPOLLIN)

    def give_up(self, opened: RawSocket) -> None:
        """Close a socket; the poll forgets it by itself."""
        self._under_way.pop(opened.fileno(), None)
        opened.close()

    def _ready(self) -> None:
        for fd, _ in self._poll.poll(0):
            exchange = self._under_way.get(fd)
            if exchange is not None:
                exchange.readable()


class _Exchange:
    """One question's way through the servers, a try at a time."""

    __slots__ = (
        "_ask",
        "_exchanges",
        "_fallback",
        "_finished",
        "_has_edns",
        "_id",
        "_number",
        "_order",
        "_socket",
        "_stray",
        "_task",
        "_timer",
    )

    def __init__(self, exchanges: Exchanges, ask: Ask, finished: Finished) -> None:
        self._exchanges = exchanges
        self._ask = ask
        self._finished = finished
        self._order = exchanges.ranked()
        self._number = 0
        self._has_edns = True
        self._id = 0
        self._stray = 0
        self._socket: RawSocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._fallback: Message | None = None

    def attempt(self) -> None:
        """Ask the next server, or settle when all tries are used."""
        if self._number >= len(TRY_S):
            self._finished(self._fallback)
            return
        self._stray = 0
        try:
            self._socket = fresh_socket(self._upstream.endpoint)
            self._socket.send(self._query())
        except OSError:
            self._exchanges.loop.call_soon(self._next)
            return
        self._exchanges.counts.add("upstream.asked")
        self._exchanges.expect(self._socket, self)
        self._timer = self._exchanges.loop.call_later(TRY_S[self._number], self._next)

    def _query(self) -> bytes:
        """Return the question with a fresh id, with EDNS unless this server has shown that it knows none."""
        self._id = _random.u16()
        return upstream_query(self._ask, self._id, has_edns=self._has_edns and self._upstream.knows_edns)

    @property
    def _upstream(self) -> Upstream:
        return self._order[self._number % len(self._order)]

    def readable(self) -> None:
        """Take what came."""
        if self._socket is None:
            return
        try:
            data = self._socket.recv(RECEIVE_OCTETS)
        except BlockingIOError:
            return
        except OSError:
            # The server's machine said that nobody listens there.
            self._next()
            return
        message = self._accept(data)
        if message is None:
            self._stray += 1
            self._exchanges.counts.add("upstream.stray")
            if self._stray > MAX_STRAY:
                self._next()
            return
        self._close()
        self._take(message)

    def _accept(self, data: bytes) -> Message | None:
        try:
            message = dns.parse_message(data)
        except WireError:
            return None
        return message if is_answer_to(message, self._ask, self._id) else None

    def _take(self, message: Message) -> None:
        upstream = self._upstream
        if message.flags & dns.TC:
            self._task = self._exchanges.loop.create_task(self._over_tcp(upstream))
        elif message.rcode in (dns.FORMERR, dns.NOTIMP) and message.edns is None and self._has_edns:
            # RFC 6891 section 7: perhaps a server from before EDNS.
            self._has_edns = False
            self.attempt()
        else:
            self._judge(message)

    def _judge(self, message: Message) -> None:
        """Settle with an answer; an error may be this server's alone, so another one is asked first."""
        self._upstream.answered()
        if message.rcode in (dns.NOERROR, dns.NXDOMAIN):
            self._upstream.knows_edns = self._has_edns and self._upstream.knows_edns
            self._finished(message)
            return
        self._fallback = message
        self._number += 1
        self._has_edns = True
        if self._number < len(self._order):
            self.attempt()
        else:
            self._finished(message)

    def _next(self) -> None:
        self._close()
        self._upstream.failed()
        self._number += 1
        self._has_edns = True
        self.attempt()

    async def _over_tcp(self, upstream: Upstream) -> None:
        self._exchanges.counts.add("upstream.tcp")
        message = None
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(TCP_S):
                message = self._accept(await self._exchange(upstream))
        if message is None or message.flags & dns.TC:
            self._next()
        else:
            self._judge(message)

    async def _exchange(self, upstream: Upstream) -> bytes:
        wire = self._query()
        reader, writer = await asyncio.open_connection(upstream.endpoint.address, upstream.endpoint.port)
        try:
            writer.write(len(wire).to_bytes(2, "big") + wire)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        finally:
            writer.close()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._socket is not None:
            self._exchanges.give_up(self._socket)
            self._socket = None


def fresh_socket(endpoint: Endpoint) -> RawSocket:
    """Return a socket connected to a server from a port that nobody guesses (RFC 5452 section 9.2). Raises OSError."""
    family = socket.AF_INET6 if endpoint.is_v6 else socket.AF_INET
    # The bare socket: Python's class around it costs as much as the system calls.
    opened = RawSocket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        for _ in range(PORT_TRIES):
            with contextlib.suppress(OSError):
                opened.bind(("::" if endpoint.is_v6 else "", _random.port()))
                break
        opened.connect((endpoint.address, endpoint.port))
    except OSError:
        opened.close()
        raise
    return opened
