"""A SOCKS5 proxy (RFC 1928): CONNECT without authentication, by address or by name."""

import asyncio
import contextlib
from ipaddress import ip_address

PORT = 1080


async def serve() -> asyncio.Server:
    """Answer on every address of this host."""
    return await asyncio.start_server(_visitor, ["0.0.0.0", "::"], PORT)


async def _visitor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError, ValueError):
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, command, _, kind = await reader.readexactly(4)
        host = await _host(reader, kind)
        port = int.from_bytes(await reader.readexactly(2), "big")
        if command != 1:
            raise ValueError("not CONNECT")
        far_reader, far_writer = await asyncio.open_connection(host, port)
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))
    writer.close()


async def _host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == 3:
        (size,) = await reader.readexactly(1)
        return (await reader.readexactly(size)).decode()
    return str(ip_address(await reader.readexactly(4 if kind == 1 else 16)))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    writer.close()
