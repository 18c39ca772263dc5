"""As much of RFC 6455 as an echo needs: the handshake, and unfragmented frames."""

import asyncio
import base64
import hashlib
import os
from typing import NamedTuple

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


class Frame(NamedTuple):
    """One frame."""

    opcode: int
    payload: bytes


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
    """Accept a WebSocket and send back what comes, until it is closed."""
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + _accepting(key.encode()) + b"\r\n\r\n"
    )
    while (frame := await read(reader)).opcode != CLOSE:
        writer.write(framed(frame._replace(opcode=PONG if frame.opcode == PING else frame.opcode)))
        await writer.drain()
    writer.write(framed(frame))


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
    """Open a WebSocket as a client. Raises ValueError where it isn't accepted."""
    key = base64.b64encode(os.urandom(16))
    writer.write(
        f"GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key.decode()}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 101 ") or _accepting(key) not in head:
        raise ValueError(f"no WebSocket: {head!r}")


def framed(frame: Frame, mask: bytes = b"") -> bytes:
    """Return a frame's octets; a client's have a mask of four octets (section 5.3)."""
    size = len(frame.payload)
    masked = 0x80 if mask else 0
    length = bytes([masked | size]) if size < 126 else bytes([masked | 126]) + size.to_bytes(2, "big")
    return bytes([0x80 | frame.opcode]) + length + mask + _masked(frame.payload, mask)


async def read(reader: asyncio.StreamReader) -> Frame:
    """Return the next frame. Raises EOFError at the end, ValueError for one that is long."""
    first, second = await reader.readexactly(2)
    size = second & 0x7F
    if size == 127:
        raise ValueError("a frame of more than 64 KiB")
    if size == 126:
        size = int.from_bytes(await reader.readexactly(2), "big")
    mask = await reader.readexactly(4) if second & 0x80 else b""
    return Frame(first & 0x0F, _masked(await reader.readexactly(size), mask))


def _masked(payload: bytes, mask: bytes) -> bytes:
    return bytes(octet ^ mask[at % 4] for at, octet in enumerate(payload)) if mask else payload


def _accepting(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest())
