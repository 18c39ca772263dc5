"""DNS over UDP and TCP: octets in, octets out.

The hot path is `Udp.read`; everything else may take its time.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial

from appliance.nameserver.mmsg import SLOT_OCTETS, Burst
from appliance.nameserver.resolver import Local, Resolver
from appliance.nameserver.sockets import Address, asked_at, is_wildcard, leaving, send_from, source_key
from appliance.world import clock

MAX_SOURCES = 4_096
"""Senders whose addresses are kept as text."""
MAX_CONNECTIONS = 200
IDLE_S = 10.0
MAX_UNANSWERED = 32
"""Pipelined queries of one connection (RFC 7766 section 6.2.1.1)."""


Send = Callable[[bytes, Address], object]


class Udp:
    """One UDP socket of a worker."""

    def __init__(self, opened: socket.socket, resolver: Resolver) -> None:
        self._socket = opened
        self._resolver = resolver
        self._is_wildcard = is_wildcard(opened)
        self._burst = Burst(opened, is_wildcard=self._is_wildcard)
        self._sources: dict[object, str] = {}
        self._outbox: list[tuple[Send, bytes, Address]] = []
        local = source_key(opened.getsockname())
        self._local: Local = lambda: local
        self._lost = resolver.counts.cell("dropped.unsendable")

    def read(self) -> None:
        """Answer a burst: what is in a memo in place and all together, the rest one by one."""
        burst, octets, sources, hot, now = self._burst, self._burst.octets, self._sources, self._resolver.hot, clock.now
        sizes = burst.receive()
        first = slot = start = 0
        for size, sender in zip(sizes, burst.sources(len(sizes)), strict=True):
            memo = hot.get(sources.get(sender, ""))
            kept = memo.get(octets[start + 2 : start + size].tobytes()) if memo is not None else None
            if kept is not None and kept[0] > now():
                kept[2][0] += 1
                reply = kept[1]
                end = len(reply) + 2
                octets[start + 2 : start + end] = reply
                burst.answer_sizes[slot] = end
            else:
                if first < slot:
                    self._lost[0] += burst.send(first, slot)
                first = slot + 1
                self._resolve(slot, size, sender)
            slot += 1
            start += SLOT_OCTETS
        if first < slot:
            self._lost[0] += burst.send(first, slot)

    def _flush(self) -> None:
        """Send what was delivered since: one after the other they wake who reads them once and not each time."""
        outbox, self._outbox = self._outbox, []
        for send, reply, address in outbox:
            try:
                send(reply, address)
            except OSError:
                self._lost[0] += 1

    def _resolve(self, slot: int, size: int, sender: object) -> None:
        address = self._burst.address(slot)
        source = source_key(address)
        if len(self._sources) >= MAX_SOURCES:
            self._sources.clear()
        self._sources[sender] = source
        send: Send = self._socket.sendto
        local = self._local
        if self._is_wildcard:
            control = self._burst.control(slot)
            send, local = partial(send_from, self._socket, leaving(control)), partial(asked_at, control)

        def deliver(reply: bytes) -> None:
            if not self._outbox:
                asyncio.get_running_loop().call_soon(self._flush)
            self._outbox.append((send, reply, address))

        wire = self._burst.octets[slot * SLOT_OCTETS : slot * SLOT_OCTETS + size].tobytes()
        self._resolver.resolve(wire, source, deliver, local, is_tcp=False)


class Tcp:
    """One listening TCP socket of a worker."""

    def __init__(self, opened: socket.socket, resolver: Resolver) -> None:
        self._socket = opened
        self._resolver = resolver
        self._connections = 0

    async def open(self) -> asyncio.Server:
        """Begin to accept connections."""
        return await asyncio.start_server(self._serve, sock=self._socket, limit=1 << 17)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections > MAX_CONNECTIONS:
                self._resolver.counts.add("dropped.connections")
            elif self._resolver.is_answered(source := source_key(writer.get_extra_info("peername"))):
                with contextlib.suppress(OSError, TimeoutError):
                    await self._converse(reader, writer, source)
        finally:
            await _hang_up(writer)
            self._connections -= 1

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: str) -> None:
        """Answer the queries of one connection, each as soon as it can be (RFC 7766 section 7)."""
        room = asyncio.Semaphore(MAX_UNANSWERED)
        local = source_key(writer.get_extra_info("sockname"))

        def deliver(reply: bytes) -> None:
            room.release()
            if not writer.is_closing():
                writer.write(len(reply).to_bytes(2, "big") + reply)

        try:
            while True:
                async with asyncio.timeout(IDLE_S):
                    await writer.drain()
                    await room.acquire()
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    wire = await reader.readexactly(size)
                if not self._resolver.resolve(wire, source, deliver, lambda: local, is_tcp=True):
                    # What is no question makes all that follows on this connection doubtful.
                    return
        except asyncio.IncompleteReadError:
            # The client has no more to ask, and may have closed only its own half: it still gets its answers.
            room.release()
            async with asyncio.timeout(IDLE_S):
                for _ in range(MAX_UNANSWERED):
                    await room.acquire()


async def _hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection once its answers are sent; one that takes none is cut."""
    writer.close()
    try:
        async with asyncio.timeout(IDLE_S):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()
