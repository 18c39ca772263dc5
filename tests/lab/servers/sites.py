"""Web sites over TCP and TLS: HTTP/2, HTTP/1.1 with one request a connection, and WebSockets that echo."""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from http import HTTPStatus

from h2.exceptions import ProtocolError

from tests.lab.servers import http2, websocket
from tests.lab.servers.pages import Asked, page

MAX_BODY = 65_536


async def serve(ports: Mapping[int, ssl.SSLContext | None]) -> list[asyncio.Server]:
    """Answer on every address of this host, with TLS where there is a context."""
    return [
        await asyncio.start_server(_visitor, ["0.0.0.0", "::"], port, ssl=context, backlog=512)
        for port, context in ports.items()
    ]


async def _visitor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    secured = writer.get_extra_info("ssl_object")
    with contextlib.suppress(OSError, EOFError, ValueError, LookupError, asyncio.LimitOverrunError, ProtocolError):
        if secured is not None and secured.selected_alpn_protocol() == "h2":
            await http2.Visitor(reader, writer).run()
        else:
            await _answer(reader, writer)
    writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ", 2)
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    if path == "/ws":
        await websocket.echo(reader, writer, fields["sec-websocket-key"])
        return
    body = await reader.readexactly(min(int(fields.get("content-length", "0")), MAX_BODY))
    over = "tls" if writer.get_extra_info("ssl_object") else "tcp"
    client = str(writer.get_extra_info("peername")[0]).removeprefix("::ffff:")
    found = await page(Asked(method, fields.get("host", ""), path, over, client, body))
    size = "" if found.is_endless else f"content-length: {len(found.body)}\r\n"
    phrase = HTTPStatus(found.status).phrase
    writer.write(
        f"HTTP/1.1 {found.status} {phrase}\r\ncontent-type: {found.kind}\r\n{size}"
        "access-control-allow-origin: *\r\nconnection: close\r\n\r\n".encode()
    )
    writer.write(found.body)
    await writer.drain()
    if found.is_endless:
        async for part in found.file():
            writer.write(part)
            await writer.drain()
