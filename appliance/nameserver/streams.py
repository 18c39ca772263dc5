"""DNS over TCP (RFC 7766): as many questions on a connection as one likes, but nobody holds the others up.

A connection ends when it is idle, when a message dawdles, after so many questions, when what comes is no question, and
when its answers are not read. What it may keep waiting in memory is bounded both ways.
"""

import asyncio
import contextlib
import socket

from appliance.nameserver.guests import IDLE_S, Guest, Guests
from appliance.nameserver.rates import Purse
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.sockets import source_key
from appliance.world.talks import begun

MAX_UNANSWERED = 32
"""Pipelined queries of one connection (RFC 7766 section 6.2.1.1)."""
MAX_QUERIES = 1_000
"""Of one connection; who has more to ask connects again, to another worker perhaps."""
MAX_QUERY_OCTETS = 4_096
"""Longer than any query, padded or not."""
WHOLE_S = 3.0
"""How long a message may take from its first octet to its last."""
MAX_UNREAD_OCTETS = 128 << 10
"""Answers that wait to be read, in this process and about as many in the kernel; one more may come on top."""
MAX_UNHEARD_OCTETS = 16 << 10
"""Questions that wait to be heard, in this process and about as many in the kernel."""


class Tcp:
    """One listening TCP socket of a worker."""

    def __init__(self, opened: socket.socket, resolver: Resolver) -> None:
        self._socket = opened
        self._resolver = resolver
        self._guests = Guests(resolver.counts.cell("dropped.connections"))

    async def open(self) -> asyncio.Server:
        """Begin to accept connections."""
        # The kernel keeps twice as much, and hands both on to what it accepts.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, MAX_UNHEARD_OCTETS // 2)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MAX_UNREAD_OCTETS // 2)
        return await asyncio.start_server(begun(self._take), sock=self._socket, limit=MAX_UNHEARD_OCTETS // 2)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        source = source_key(writer.get_extra_info("peername"))
        guest = Guest(source, writer.transport.abort)
        try:
            seat = self._resolver.seat(source)
            if seat is not None:
                self._guests.come(guest, is_many=seat.is_forwarder)
                with contextlib.suppress(OSError, TimeoutError):
                    await self._converse(reader, writer, guest, seat.purse)
        finally:
            await _hang_up(writer)
            self._guests.go(guest)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, guest: Guest, purse: Purse
    ) -> None:
        """Answer the queries of one connection, each as soon as it can be (RFC 7766 section 7)."""
        room = asyncio.Semaphore(MAX_UNANSWERED)
        local = source_key(writer.get_extra_info("sockname"))

        def deliver(reply: bytes) -> None:
            room.release()
            guest.heard()
            if writer.is_closing():
                return
            if writer.transport.get_write_buffer_size() > MAX_UNREAD_OCTETS:
                self._resolver.counts.add("dropped.unread")
                writer.transport.abort()
                return
            writer.write(len(reply).to_bytes(2, "big") + reply)

        try:
            for _ in range(MAX_QUERIES):
                async with asyncio.timeout(self._guests.idle_s):
                    await writer.drain()
                    await room.acquire()
                    first = await reader.readexactly(1)
                wire = await self._rest(reader, first)
                guest.heard()
                await self._wait(purse)
                if not self._resolver.resolve(wire, guest.source, deliver, lambda: local, is_tcp=True):
                    # What is no question makes all that follows on this connection doubtful.
                    return
        except asyncio.IncompleteReadError:
            # The client has no more to ask, and may have closed only its own half: it still gets its answers.
            room.release()
        if not writer.is_closing():
            async with asyncio.timeout(IDLE_S):
                for _ in range(MAX_UNANSWERED):
                    await room.acquire()

    async def _rest(self, reader: asyncio.StreamReader, first: bytes) -> bytes:
        """Return the message whose length begins with this octet, empty for one that is too long.

        Raises TimeoutError where it dawdles.
        """
        try:
            async with asyncio.timeout(WHOLE_S):
                size = int.from_bytes(first + await reader.readexactly(1), "big")
                return await reader.readexactly(size) if size <= MAX_QUERY_OCTETS else b""
        except TimeoutError:
            self._resolver.counts.add("dropped.slow")
            raise

    async def _wait(self, purse: Purse) -> None:
        """Take one query from a purse, and wait until there is one: over TCP that slows a client down by itself."""
        while not purse.pay():
            self._resolver.counts.add("delayed.rate")
            await asyncio.sleep(purse.due_s())


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection once its answers are sent; one that takes none is cut."""
    writer.close()
    try:
        async with asyncio.timeout(IDLE_S):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()
