"""The same sites over QUIC and HTTP/3."""

import asyncio
import contextlib
import ssl
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer, serve
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent

from tests.lab.servers.ca import NAMELESS, Authority
from tests.lab.servers.pages import Asked, page

AHEAD_S = 0.01
"""How long is waited where the client hasn't taken what was sent."""
MAX_AHEAD = 1_000_000


async def listen(authority: Authority, port: int = 443) -> QuicServer:
    """Answer on every address of this host. All names get one certificate: aioquic chooses none by name."""
    told = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN, max_datagram_frame_size=65_536)
    told.load_cert_chain(*authority.issue(NAMELESS))
    told.verify_mode = ssl.CERT_NONE
    return await serve("::", port, configuration=told, create_protocol=Visitor)


class Visitor(QuicConnectionProtocol):
    """One connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._http: H3Connection | None = None
        self._answering: set[asyncio.Task[None]] = set()

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take what came."""
        if isinstance(event, ConnectionTerminated):
            for task in self._answering:
                task.cancel()
            return
        if self._http is None:
            self._http = H3Connection(self._quic)
        for one in self._http.handle_event(event):
            self._hear(one)

    def _hear(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            task = asyncio.create_task(self._answer(event.stream_id, dict(event.headers)))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif isinstance(event, DataReceived):
            return

    async def _answer(self, stream: int, fields: dict[bytes, bytes]) -> None:
        assert self._http is not None
        method, host, path = (fields[b":" + name].decode() for name in (b"method", b"authority", b"path"))
        found = await page(Asked(method, host, path, "quic", ""))
        head = [(b":status", str(found.status).encode()), (b"content-type", found.kind.encode())]
        self._http.send_headers(stream, head, end_stream=False)
        self._http.send_data(stream, found.body, end_stream=not found.is_endless)
        self.transmit()
        if found.is_endless:
            with contextlib.suppress(ConnectionError):
                async for part in found.file():
                    # aioquic takes whatever it is given and tells nobody when it is sent.
                    while self._ahead(stream) > MAX_AHEAD:  # noqa: ASYNC110
                        await asyncio.sleep(AHEAD_S)
                    self._http.send_data(stream, part, end_stream=False)
                    self.transmit()

    def _ahead(self, stream: int) -> int:
        """Return how many octets of a stream wait for the client."""
        sender = self._quic._streams[stream].sender
        return int(sender._buffer_stop - sender._buffer_start)
