"""Questions over UDP: from fresh ports with fresh ids, until their answers come among what does not belong.

Questions of one moment to one server share a port, which none before had and none after has: a forged answer must
still meet the port, the id and the question, and who asks much needs a tenth of the system calls.
"""

import asyncio
import contextlib
import os
import select
import socket
from _socket import socket as RawSocket  # noqa: N812

from appliance.config import Endpoint
from appliance.core.query import is_answer_to, upstream_query, upstream_question
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.core.wire.reader import WireError
from appliance.nameserver.counts import Counts
from appliance.nameserver.mmsg import Connected
from appliance.nameserver.soon import Soon
from appliance.nameserver.standing import Asker, Try, Upstream

MAX_STRAY = 100
"""Datagrams that don't belong, at one port, before it is given up and others are tried."""
MAX_SHARING = 32
"""Questions of one port."""
LOWEST_PORT = 1_024
PORT_TRIES = 8
SPARE_S = 1.0
"""After so long without questions the ports that were opened for the next ones are closed."""


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
    """The ports of all questions on one poll object: the event loop's own book-keeping costs more than they do."""

    def __init__(self, loop: asyncio.AbstractEventLoop, soon: Soon, counts: Counts) -> None:
        self._loop = loop
        self._soon = soon
        self.stray = counts.cell("upstream.stray")
        self.connected = Connected()
        self._poll = select.epoll()
        self._ports: dict[int, _Port] = {}
        self._outbox: dict[Endpoint, list[_Datagram]] = {}
        self._spares: dict[Endpoint, RawSocket] = {}
        self._sweeping: asyncio.TimerHandle | None = None
        self._is_used = False
        loop.add_reader(self._poll.fileno(), self._ready)

    def post(self, tried: "_Datagram", to: Endpoint) -> None:
        """Send a question soon, together with others to the same server."""
        if not self._outbox:
            self._soon.do(self._flush)
        self._outbox.setdefault(to, []).append(tried)

    def watch(self, port: "_Port") -> None:
        """Wake a port when it has something to read."""
        number = port.opened.fileno()
        self._ports[number] = port
        self._poll.register(number, select.EPOLLIN)

    def give_up(self, port: "_Port") -> None:
        """Close a port; the poll forgets it by itself."""
        self._ports.pop(port.opened.fileno(), None)
        port.opened.close()

    def close(self) -> None:
        """Hold nothing any more."""
        self._outbox.clear()
        if self._sweeping is not None:
            self._sweeping.cancel()
        self._drop_spares()
        for port in list(self._ports.values()):
            self.give_up(port)
        self._loop.remove_reader(self._poll.fileno())
        self._poll.close()

    def _flush(self) -> None:
        outbox, self._outbox = self._outbox, {}
        for to, waiting in outbox.items():
            # Some may have been given up meanwhile.
            tries = [tried for tried in waiting if not tried.is_over]
            for first in range(0, len(tries), MAX_SHARING):
                self._send(to, tries[first : first + MAX_SHARING])

    def _send(self, to: Endpoint, tries: "list[_Datagram]") -> None:
        try:
            port = _Port(self._spares.pop(to) if to in self._spares else fresh_socket(to), self)
        except OSError:
            for tried in tries:
                tried.fail()
            return
        self.watch(port)
        port.send(tries)
        self._loop.call_soon(self._prepare, to)

    def _prepare(self, to: Endpoint) -> None:
        """Open the next questions' port while these are on their way."""
        if to in self._spares or self._poll.closed:
            return
        self._is_used = True
        with contextlib.suppress(OSError):
            self._spares[to] = fresh_socket(to)
        if self._sweeping is None:
            self._sweeping = self._loop.call_later(SPARE_S, self._sweep)

    def _sweep(self) -> None:
        """Close the ports that waited, unless they are in steady use."""
        self._sweeping = None
        if self._is_used:
            self._is_used = False
            self._sweeping = self._loop.call_later(SPARE_S, self._sweep)
        else:
            self._drop_spares()

    def _drop_spares(self) -> None:
        while self._spares:
            self._spares.popitem()[1].close()

    def _ready(self) -> None:
        with self._soon:
            for number, _ in self._poll.poll(0):
                port = self._ports.get(number)
                if port is not None:
                    port.read()


class _Port:
    """A socket of our own, connected to a server, and the questions that were asked from it."""

    __slots__ = ("_by_id", "_poll", "_strays", "opened")

    def __init__(self, opened: RawSocket, poll: Poll) -> None:
        self.opened = opened
        self._poll = poll
        self._by_id: dict[int, _Datagram] = {}
        self._strays = 0

    def send(self, tries: "list[_Datagram]") -> None:
        """Ask, each with an id of its own."""
        by_id, wires = self._by_id, []
        for tried in tries:
            while (ident := random.u16()) in by_id:
                pass
            by_id[ident] = tried
            wires.append(tried.begin(self, ident))
        try:
            lost = self._poll.connected.send(self.opened, wires)
        except OSError:
            lost = len(wires)
        if lost:
            # Which of them is not known: all are asked once more, from elsewhere.
            self._fail()

    def forget(self, ident: int) -> None:
        """Want no answer to a question any more; with the last one the port goes, too."""
        del self._by_id[ident]
        if not self._by_id:
            self._poll.give_up(self)

    def read(self) -> None:
        """Take what came."""
        try:
            came = self._poll.connected.receive(self.opened, len(self._by_id))
        except BlockingIOError:
            return
        except OSError:
            # The server's machine said that nobody listens there.
            self._fail()
            return
        for data in came:
            tried = self._by_id.get(int.from_bytes(data[:2], "big"))
            message = tried.read(data) if tried is not None else None
            if tried is not None and message is not None:
                tried.cancel()
                tried.asker.heard(tried, message)
                continue
            self._strays += 1
            self._poll.stray.add()
            if self._strays > MAX_STRAY:
                self._fail()
                return

    def _fail(self) -> None:
        for tried in list(self._by_id.values()):
            tried.fail()


class Datagrams:
    """A server that is asked over UDP."""

    def __init__(self, endpoint: Endpoint, poll: Poll) -> None:
        self._endpoint = endpoint
        self._poll = poll

    def start(self, asker: Asker, upstream: Upstream, *, has_edns: bool) -> Try:
        """Ask."""
        tried = _Datagram(asker, upstream, has_edns=has_edns)
        self._poll.post(tried, self._endpoint)
        return tried

    def close(self) -> None:
        """Leave the ports to their questions."""


class _Datagram(Try):
    """One question under way."""

    __slots__ = ("_ident", "_port", "_question", "is_over")

    def __init__(self, asker: Asker, upstream: Upstream, *, has_edns: bool) -> None:
        super().__init__(asker, upstream, has_edns=has_edns)
        self._question = b""
        self.is_over = False
        self._port: _Port | None = None
        self._ident = 0

    def begin(self, port: _Port, ident: int) -> bytes:
        """Note where it is asked from; return the octets to send."""
        self._port, self._ident = port, ident
        self._question = upstream_question(self.asker.ask)
        return upstream_query(self.asker.ask, ident, has_edns=self.has_edns, question=self._question)

    def read(self, data: bytes) -> Message | None:
        """Return the answer that these octets are, None where they are something else."""
        ask = self.asker.ask
        try:
            message = dns.parse_message(data, (self._question, ask.name))
        except WireError:
            return None
        return message if is_answer_to(message, ask, self._ident) else None

    def cancel(self, *, is_late: bool = False) -> None:  # noqa: ARG002 -- nothing is kept open for the next one
        """Want no answer."""
        self.is_over = True
        if self._port is not None:
            self._port.forget(self._ident)
            self._port = None

    def fail(self) -> None:
        """Tell that there is no answer."""
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
