"""Questions over UDP: each from a fresh port with a fresh id, until its answer comes among what does not belong."""

import asyncio
import contextlib
import os
import select
import socket
from _socket import socket as RawSocket  # noqa: N812

from appliance.config import Endpoint
from appliance.core.query import is_answer_to, upstream_query
from appliance.core.wire import dns
from appliance.core.wire.reader import WireError
from appliance.nameserver.counts import Counts
from appliance.nameserver.standing import Asker, Try, Upstream

MAX_STRAY = 100
"""Datagrams that don't belong, at one port, before it is given up and another one is tried."""
RECEIVE_OCTETS = 65_535
LOWEST_PORT = 1_024
PORT_TRIES = 8


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


random = _Random()


class Poll:
    """The sockets of all questions on one poll object: the event loop's own book-keeping costs more than they do."""

    def __init__(self, loop: asyncio.AbstractEventLoop, counts: Counts) -> None:
        self.loop = loop
        self.counts = counts
        self._poll = select.epoll()
        self._under_way: dict[int, _Datagram] = {}
        self._outbox: list[_Datagram] = []
        loop.add_reader(self._poll.fileno(), self._ready)

    def expect(self, opened: RawSocket, tried: "_Datagram") -> None:
        """Let a try send its question soon, and wake it when its socket has something to read."""
        number = opened.fileno()
        self._under_way[number] = tried
        self._poll.register(number, select.EPOLLIN)
        if not self._outbox:
            self.loop.call_soon(self._flush)
        self._outbox.append(tried)

    def give_up(self, opened: RawSocket) -> None:
        """Close a socket; the poll forgets it by itself."""
        self._under_way.pop(opened.fileno(), None)
        opened.close()

    def close(self) -> None:
        """Hold nothing any more."""
        for tried in list(self._under_way.values()):
            tried.cancel()
        self.loop.remove_reader(self._poll.fileno())
        self._poll.close()

    def _flush(self) -> None:
        """Send what is to be sent: one after the other questions wake a server once and not each time."""
        outbox, self._outbox = self._outbox, []
        for tried in outbox:
            tried.post()

    def _ready(self) -> None:
        for fd, _ in self._poll.poll(0):
            tried = self._under_way.get(fd)
            if tried is not None:
                tried.readable()


class Datagrams:
    """A server that is asked over UDP."""

    def __init__(self, endpoint: Endpoint, poll: Poll) -> None:
        self._endpoint = endpoint
        self._poll = poll

    def start(self, asker: Asker, upstream: Upstream, *, has_edns: bool) -> Try:
        """Ask."""
        tried = _Datagram(asker, upstream, has_edns=has_edns)
        tried.send(self._poll, self._endpoint)
        return tried

    def close(self) -> None:
        """Leave the sockets to their tries."""


class _Datagram(Try):
    """One question under way."""

    __slots__ = ("_id", "_poll", "_socket", "_stray")

    def send(self, poll: Poll, endpoint: Endpoint) -> None:
        """Ask from a fresh port."""
        self._poll = poll
        self._stray = 0
        self._id = random.u16()
        self._socket: RawSocket | None = None
        try:
            self._socket = fresh_socket(endpoint)
        except OSError:
            poll.loop.call_soon(self._fail)
            return
        poll.expect(self._socket, self)

    def post(self) -> None:
        """Send the question, unless it was given up meanwhile."""
        if self._socket is None:
            return
        try:
            self._socket.send(upstream_query(self.asker.ask, self._id, has_edns=self.has_edns))
        except OSError:
            self._fail()

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
            self._fail()
            return
        try:
            message = dns.parse_message(data)
        except WireError:
            message = None
        if message is not None and is_answer_to(message, self.asker.ask, self._id):
            self.cancel()
            self.asker.heard(self, message)
            return
        self._stray += 1
        self._poll.counts.add("upstream.stray")
        if self._stray > MAX_STRAY:
            self._fail()

    def cancel(self, *, is_late: bool = False) -> None:  # noqa: ARG002 -- nothing is kept open for the next one
        """Close the socket."""
        if self._socket is not None:
            self._poll.give_up(self._socket)
            self._socket = None

    def _fail(self) -> None:
        self.cancel()
        self.asker.heard(self, None)


def fresh_socket(endpoint: Endpoint) -> RawSocket:
    """Return a socket connected to a server from a port that nobody guesses (RFC 5452 section 9.2). Raises OSError."""
    family = socket.AF_INET6 if endpoint.is_v6 else socket.AF_INET
    # The bare socket: Python's class around it costs as much as the system calls.
    opened = RawSocket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        for _ in range(PORT_TRIES):
            with contextlib.suppress(OSError):
                opened.bind(("::" if endpoint.is_v6 else "", random.port()))
                break
        opened.connect((endpoint.address, endpoint.port))
    except OSError:
        opened.close()
        raise
    return opened
