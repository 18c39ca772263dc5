"""Machines of the child's own in the internet: proxies that a child rents or a friend runs.

`python -m tests.adversary.far FOLDER`, in the internet's namespace. All of them lead wherever they are told, as
`CONNECT host:port`: in plain words as HTTP does, after an SSH banner, scrambled from the first octet on, or inside TLS.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from tests.lab.servers.ca import Authority

ROOT = Path(__file__).parents[2]
READY = "the far machines are up"
PORT, TLS_PORT = 4100, 4101
CONNECT_PORT, SCRAMBLED_PORT = 3128, 8388
BANNER = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
DONE = b"HTTP/1.1 200 Connection established\r\n\r\n"
PAD_OCTETS = 256
"""A scrambled line begins with so many octets of chance, by which the rest is scrambled, over and over."""


def scrambled(octets: bytes, pad: bytes) -> bytes:
    """Return octets that look like chance; twice gives them back."""
    return bytes(octet ^ pad[at % len(pad)] for at, octet in enumerate(octets))


def order(host: str, port: int) -> bytes:
    """Return the words that lead to a place."""
    return f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


def scrambled_order(host: str, port: int) -> tuple[bytes, bytes]:
    """Return the scrambled words that lead to a place, and what the answer is scrambled by."""
    pad = os.urandom(PAD_OCTETS)
    return pad + scrambled(order(host, port), pad), pad


async def visitor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one who came, whatever they speak."""
    with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        first = await reader.readexactly(4)
        pad = b""
        if first == b"SSH-":
            await reader.readuntil(b"\r\n")
            writer.write(BANNER)
            first = await reader.readexactly(4)
        elif first != b"CONN":
            pad = first + await reader.readexactly(PAD_OCTETS - 4)
            line = scrambled(await reader.read(4096), pad)
            writer.write(scrambled(DONE if line.startswith(b"CONNECT ") else b"", pad))
            return
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        host, _, port = head.split(" ", 2)[1].rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host.strip("[]"), int(port))
        writer.write(DONE)
        await asyncio.gather(_carry(reader, far_writer), _carry(far_reader, writer))
    with contextlib.suppress(OSError):
        await writer.drain()
    writer.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    writer.close()


async def serve(folder: Path) -> None:
    """Open everything, say so, and go on."""
    folder /= "far"
    folder.mkdir()
    await asyncio.start_server(visitor, ["0.0.0.0", "::"], PORT)
    await asyncio.start_server(visitor, ["0.0.0.0", "::"], TLS_PORT, ssl=Authority(folder).server())
    print(READY, flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
