"""Conversations end quietly, whatever ends them."""

import asyncio
import socket
from pathlib import Path

import pytest

from appliance.world.talks import begun


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say once what is said."""
    writer.write(await reader.readline())


async def visit(path: Path, octets: bytes) -> bytes:
    """Connect to `echo`, say this; return all that comes until the end."""
    server = await asyncio.start_unix_server(begun(echo), path)
    async with server:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(octets)
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


@pytest.mark.parametrize("octets", [b"word\n", b"\n", b"x" * 1_000 + b"\n"])
def test_the_end_of_a_talk_is_the_connections(tmp_path: Path, octets: bytes) -> None:
    """What the conversation leaves open is closed when it has ended."""
    assert asyncio.run(visit(tmp_path / "talk", octets)) == octets


def test_a_fault_ends_the_connection(tmp_path: Path) -> None:
    """A line beyond all bounds is a fault of the conversation: the client is not left waiting."""
    assert asyncio.run(visit(tmp_path / "talk", b"x" * 200_000)) == b""


def test_cancelled_with_the_daemon(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A daemon that stops in the middle of a conversation reports no fault, and closes the connection."""
    has_begun = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        has_begun.set()
        await reader.read()

    async def stop(client: socket.socket) -> None:
        server = await asyncio.start_unix_server(begun(listen), tmp_path / "talk")
        client.connect(str(tmp_path / "talk"))
        async with asyncio.timeout(5):
            await has_begun.wait()
        server.close()

    with socket.socket(socket.AF_UNIX) as client:
        asyncio.run(stop(client))
        client.settimeout(5)
        assert client.recv(1) == b""
    assert caplog.text == ""
