"""The same sites over HTTP/2, which browsers and DoH clients (kdig) choose where they can."""

import asyncio
from dataclasses import dataclass

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RequestReceived,
    StreamEnded,
    StreamReset,
    WindowUpdated,
)

from tests.lab.servers.pages import Asked, Page, page

READ = 65_536


@dataclass
class _Request:
    fields: dict[str, str]
    body: bytes = b""


class Visitor:
    """One connection with any number of requests."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._requests: dict[int, _Request] = {}
        self._answering: dict[int, asyncio.Task[None]] = {}
        self._has_room = asyncio.Event()

    async def run(self) -> None:
        """Answer until the connection ends."""
        self._http.initiate_connection()
        self._flush()
        try:
            while octets := await self._reader.read(READ):
                for event in self._http.receive_data(octets):
                    self._hear(event)
                self._flush()
        finally:
            for task in self._answering.values():
                task.cancel()

    def _hear(self, event: Event) -> None:
        match event:
            case RequestReceived(stream_id=int(stream)):
                self._requests[stream] = _Request({str(name): str(value) for name, value in event.headers or ()})
            case DataReceived(stream_id=int(stream), data=bytes(octets)):
                self._requests[stream].body += octets
                self._http.acknowledge_received_data(event.flow_controlled_length or 0, stream)
            case StreamEnded(stream_id=int(stream)):
                self._answering[stream] = asyncio.create_task(self._answer(stream, self._requests.pop(stream)))
            case StreamReset(stream_id=int(stream)) if stream in self._answering:
                self._answering.pop(stream).cancel()
            case WindowUpdated():
                self._has_room.set()
            case ConnectionTerminated():
                self._writer.close()

    async def _answer(self, stream: int, request: _Request) -> None:
        method, host, path = (request.fields[f":{name}"] for name in ("method", "authority", "path"))
        client = str(self._writer.get_extra_info("peername")[0]).removeprefix("::ffff:")
        found = await page(Asked(method, host, path, "tls", client, request.body))
        head = [(":status", str(found.status)), ("content-type", found.kind), ("access-control-allow-origin", "*")]
        self._http.send_headers(stream, head)
        await self._send(stream, found)
        self._http.end_stream(stream)
        self._flush()
        self._answering.pop(stream, None)

    async def _send(self, stream: int, found: Page) -> None:
        if not found.is_endless:
            await self._send_part(stream, found.body)
            return
        async for part in found.file():
            await self._send_part(stream, part)

    async def _send_part(self, stream: int, octets: bytes) -> None:
        """Send as the windows allow (RFC 9113 section 5.2)."""
        while octets:
            size = min(self._http.local_flow_control_window(stream), self._http.max_outbound_frame_size, len(octets))
            if size == 0:
                self._has_room.clear()
                await self._has_room.wait()
                continue
            self._http.send_data(stream, octets[:size])
            octets = octets[size:]
            self._flush()
            await self._writer.drain()

    def _flush(self) -> None:
        self._writer.write(self._http.data_to_send())
