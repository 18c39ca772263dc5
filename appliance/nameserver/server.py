"""DNS over UDP and TCP: octets in, octets out.

The hot path is `Udp.read`; everything else may take its time.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial

from appliance.nameserver.resolver import Local, Resolver
from appliance.nameserver.sockets import RECEIVE_OCTETS, Address, Send, asked_at, is_wildcard, receive, source_key
from appliance.world import clock

BURST = 64
"""Datagrams read on one wake-up, before upstreams and TCP get their turn."""
MAX_CONNECTIONS = 200
IDLE_S = 10.0
MAX_UNANSWERED = 32
"""Pipelined queries of one connection (RFC 7766 section 6.2.1.1)."""


class Udp:
    """One UDP socket of a worker."""

    def __init__(self, opened: socket.socket, resolver: Resolver) -> None:
        self._socket = opened
        self._resolver = resolver
        local = source_key(opened.getsockname())
        self._local = lambda: local
        self._lost = resolver.counts.cell("dropped.unsendable")
        self.read: Callable[[], None] = self._read_wildcard if is_wildcard(opened) else self._read_bound

    def _read_bound(self) -> None:
        """Answer a burst on a socket of one address: a reply leaves from it by itself."""
        receive_from, send_to, hot, now = self._socket.recvfrom, self._socket.sendto, self._resolver.hot, clock.now
        for _ in range(BURST):
            try:
                wire, address = receive_from(RECEIVE_OCTETS)
            except BlockingIOError:
                return
            except OSError:
                continue
            memo = hot.get(address[0])
            if memo is not None:
                kept = memo.get(wire[2:])
                if kept is not None and kept[0] > now():
                    kept[2][0] += 1
                    try:
                        send_to(wire[:2] + kept[1], address)
                    except OSError:
                        self._lost[0] += 1
                    continue
            self._resolve(wire, address, send_to, self._local)

    def _read_wildcard(self) -> None:
        """Answer a burst on a socket of all addresses: each reply is told which one to leave from."""
        hot, now = self._resolver.hot, clock.now
        for _ in range(BURST):
            try:
                wire, address, send, control = receive(self._socket)
            except BlockingIOError:
                return
            except OSError:
                continue
            memo = hot.get(source_key(address))
            kept = memo.get(wire[2:]) if memo is not None else None
            if kept is not None and kept[0] > now():
                kept[2][0] += 1
                self._send(wire[:2] + kept[1], address, send)
            else:
                self._resolve(wire, address, send, partial(asked_at, control))

    def _resolve(self, wire: bytes, address: Address, send: Send, local: Local) -> None:
        def deliver(reply: bytes) -> None:
            self._send(reply, address, send)

        self._resolver.resolve(wire, source_key(address), deliver, local, is_tcp=False)

    def _send(self, reply: bytes, address: Address, send: Send) -> None:
        try:
            send(reply, address)
        except OSError:
            self._lost[0] += 1


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
