"""A server that is asked over one kept connection: opened when needed, opened again when the server closed it."""

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import NamedTuple, cast

from appliance.core.query import is_answer_to
from appliance.core.whom import Kind, Server
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.core.wire.reader import WireError
from appliance.nameserver.bootstrap import Bootstrap
from appliance.nameserver.codec import Broken, Codec
from appliance.nameserver.counts import Counts
from appliance.nameserver.datagrams import MAX_STRAY
from appliance.nameserver.standing import Asker, Try, Upstream
from appliance.world import clock

CONNECT_S = 1.2
"""For TCP and TLS with an address after which there is another one to try."""
LAST_CONNECT_S = 4.0
"""With the last one: a satellite's three ways there and back take two seconds."""
PAUSE_S = 0.25
"""Between two vain attempts to connect."""
IDLE_S = 20.0
"""For how long a connection is kept that nobody uses (RFC 7766 section 6.2.3)."""
HUNG_S = 1.9
"""After so long without an octet a connection on which answers are due is given up."""

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL."""


class Trust:
    """Whose certificates are believed: the system's authorities, read when first needed, for all servers."""

    def __init__(self) -> None:
        self._contexts: dict[str, ssl.SSLContext] = {}

    async def context(self, alpn: str) -> ssl.SSLContext:
        """Return what TLS is spoken with; certificates and names are verified (RFC 8310 section 8.1)."""
        if alpn not in self._contexts:
            context = await asyncio.to_thread(ssl.create_default_context)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.set_alpn_protocols([alpn])
            self._contexts[alpn] = context
        context = self._contexts[alpn]
        # While nobody knows what time it is, a certificate may look like one of the future; and without an answer no
        # time server is found. Who signed it and for which name is verified all the same.
        untimely = NO_CHECK_TIME if clock.is_doubted() else 0
        context.verify_flags = ssl.VerifyFlags(context.verify_flags & ~NO_CHECK_TIME | untimely)
        return context


class Means(NamedTuple):
    """What all channels share."""

    loop: asyncio.AbstractEventLoop
    counts: Counts
    trust: Trust
    bootstrap: Bootstrap


class Channel:
    """One server, and the questions that wait for it or are under way to it."""

    def __init__(self, server: Server, codec: Callable[[], Codec], means: Means, idle_s: float | None = None) -> None:
        self.problem = ""
        """Why the last attempt to connect was in vain."""
        self.means = means
        self.idle_s = IDLE_S if idle_s is None else idle_s
        self._server = server
        self._codec = codec
        self._line: _Line | None = None
        self._waiting: dict[_Question, None] = {}
        self._opening: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._is_closed = False
        self._first = ""
        """The address that answered last."""

    def start(self, asker: Asker, upstream: Upstream, *, has_edns: bool) -> Try:
        """Ask, as soon as there is a connection with room."""
        question = _Question(asker, upstream, has_edns=has_edns)
        question.channel = self
        question.line = None
        self._waiting[question] = None
        self.go_on()
        return question

    def go_on(self) -> None:
        """Send what waits, over a new connection if there is none."""
        line = self._line
        if line is not None:
            while self._waiting and line.codec.room() > 0:
                line.ask(_first(self._waiting))
            line.flush()
        elif self._waiting and self._opening is None:
            if clock.uptime() < self._not_before:
                self.means.loop.call_soon(self._fail, list(self._waiting))
            else:
                self._opening = self.means.loop.create_task(self._open())

    def forget(self, question: "_Question") -> None:
        """Let a question wait no more."""
        self._waiting.pop(question, None)

    def lost(self, line: "_Line", unanswered: list["_Question"]) -> None:
        """Ask again what was under way when a connection ended that had been good for others."""
        if self._line is line:
            self._line = None
        for question in () if self._is_closed else unanswered:
            question.line = None
            if line.has_answered:
                self._waiting[question] = None
            else:
                question.asker.heard(question, None)
        self.go_on()

    def leave(self, line: "_Line") -> None:
        """Use a connection no more for what is asked from now on."""
        if self._line is line:
            self._line = None

    def close(self) -> None:
        """Hold nothing any more."""
        self._is_closed = True
        self._waiting.clear()
        if self._opening is not None:
            self._opening.cancel()
        if self._line is not None:
            self._line.end()
            self._line = None

    async def _open(self) -> None:
        """Connect to the first address that can be had."""
        try:
            addresses = await self._addresses()
            self.problem = "" if addresses else f"nobody knows where {self._server.name} is"
            for address in addresses:
                within_s = LAST_CONNECT_S if address == addresses[-1] else CONNECT_S
                self._line = await self._connect(address, within_s)
                if self._line is not None:
                    self._first = address
                    self.problem = ""
                    break
        finally:
            self._opening = None
        if self._line is None:
            self._not_before = clock.uptime() + PAUSE_S
            self.means.bootstrap.doubt(self._server.name)
            self._fail(list(self._waiting))
        self.go_on()

    async def _addresses(self) -> list[str]:
        if self._server.address:
            return [self._server.address]
        found = await self.means.bootstrap.find(self._server.name)
        return sorted(found, key=lambda one: one != self._first)

    async def _connect(self, address: str, within_s: float) -> "_Line | None":
        """Return a connection with one of the server's addresses, None where none can be had."""
        line = _Line(self, self._codec())
        port, context, name = self._server.port, None, None
        try:
            if self._server.name:
                context, name = await self.means.trust.context(line.codec.alpn), self._server.name
            async with asyncio.timeout(within_s):
                await self.means.loop.create_connection(lambda: line, address, port, ssl=context, server_hostname=name)
        except (OSError, TimeoutError) as error:
            self.problem = _words(error)
            return None
        if self._server.kind is Kind.HTTPS and not line.speaks("h2"):
            self.problem = "it speaks no HTTP/2"
            line.end()
            return None
        return None if line.is_lost else line

    def _fail(self, questions: list["_Question"]) -> None:
        for question in questions:
            if question in self._waiting:
                del self._waiting[question]
                question.asker.heard(question, None)


class _Question(Try):
    """One question, waiting or under way."""

    __slots__ = ("channel", "ident", "line", "number")

    channel: Channel
    line: "_Line | None"
    number: int
    ident: int

    def cancel(self, *, is_late: bool = False) -> None:
        """Want no answer any more."""
        if self.line is None:
            self.channel.forget(self)
        else:
            self.line.forget(self, is_late=is_late)

    def accept(self, octets: bytes | None) -> Message | None:
        """Return the answer to this question, None where it is none or not whole."""
        try:
            message = dns.parse_message(octets) if octets is not None else None
        except WireError:
            return None
        is_good = message is not None and is_answer_to(message, self.asker.ask, self.ident)
        return message if is_good and message is not None and not message.flags & dns.TC else None


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, channel: Channel, codec: Codec) -> None:
        self.codec = codec
        self.has_answered = False
        self.is_lost = False
        self._channel = channel
        self._transport: asyncio.Transport | None = None
        self._under_way: dict[int, _Question] = {}
        self._stray = 0
        self._used_at = 0.0
        self._silent_since: float | None = None
        self._idle: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._used_at = clock.uptime()
        if self._channel.idle_s:
            self._idle = self._channel.means.loop.call_later(self._channel.idle_s, self._look_whether_idle)
        self.flush()

    def speaks(self, protocol: str) -> bool:
        """Say whether this protocol was agreed on in TLS."""
        tls = self._transport.get_extra_info("ssl_object") if self._transport else None
        return tls is not None and tls.selected_alpn_protocol() == protocol

    def ask(self, question: _Question) -> None:
        """Write a question; `flush` sends it."""
        question.number, question.ident = self.codec.ask(question.asker.ask, has_edns=question.has_edns)
        question.line = self
        self._under_way[question.number] = question
        self._used_at = clock.uptime()
        if self._silent_since is None:
            self._silent_since = self._used_at

    def flush(self) -> None:
        """Send what is written."""
        octets = self.codec.to_send()
        if octets and self._transport is not None:
            self._transport.write(octets)

    def forget(self, question: _Question, *, is_late: bool) -> None:
        """Want no answer to a question; a connection on which nothing comes any more is given up."""
        del self._under_way[question.number]
        self.codec.forget(question.number)
        self.flush()
        is_hung = self._silent_since is not None and clock.uptime() - self._silent_since >= HUNG_S
        if is_late and is_hung and self._transport is not None:
            self._channel.leave(self)
            self._transport.abort()
        elif not self._under_way and not self._channel.idle_s:
            self.end()

    def data_received(self, data: bytes) -> None:
        """Hand on the answers."""
        self._silent_since = None
        try:
            for number, octets in self.codec.take(data):
                self._arrived(number, octets)
        except Broken:
            self.end()
            return
        if self._under_way:
            self._silent_since = clock.uptime()
        self.flush()
        if self.codec.is_over:
            self._channel.leave(self)
        self._channel.go_on()
        if not self._under_way and (self.codec.is_over or not self._channel.idle_s):
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- whatever the reason
        """Tell the channel what comes to nothing."""
        self.is_lost = True
        if self._idle is not None:
            self._idle.cancel()
        unanswered = list(self._under_way.values())
        self._under_way.clear()
        self._channel.lost(self, unanswered)

    def end(self) -> None:
        """Close."""
        self._channel.leave(self)
        if self._transport is not None:
            self._transport.close()

    def _arrived(self, number: int, octets: bytes | None) -> None:
        question = self._under_way.pop(number, None)
        message = question.accept(octets) if question is not None else None
        if message is None and octets is not None:
            self._stray += 1
            self._channel.means.counts.add("upstream.stray")
        if question is None:
            if self._stray > MAX_STRAY:
                raise Broken("too much that doesn't belong")
            return
        question.line = None
        if message is not None:
            self.has_answered = True
            self._stray = 0
        question.asker.heard(question, message)

    def _look_whether_idle(self) -> None:
        loop, idle_s = self._channel.means.loop, self._channel.idle_s
        left_s = self._used_at + idle_s - clock.uptime()
        if self._under_way or left_s > 0:
            self._idle = loop.call_later(max(left_s, 0.1 * idle_s), self._look_whether_idle)
        else:
            self.end()


def _words(error: OSError) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return error.verify_message
        case ssl.SSLError():
            return error.reason
        case _:
            return os.strerror(error.errno).lower() if error.errno else "no connection in time"


def _first(waiting: dict[_Question, None]) -> _Question:
    question = next(iter(waiting))
    del waiting[question]
    return question
