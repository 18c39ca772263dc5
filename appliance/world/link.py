"""What a daemon and its workers tell each other: messages as JSON lines over a socket pair."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import TypeVar

import msgspec

MAX_LINE_OCTETS = 64 << 20
MAX_BACKLOG_OCTETS = 16 << 20

T = TypeVar("T")


class Link:
    """One end of the pair, on an event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, pair_end: socket.socket) -> "Link":
        """Return a link over a connected socket."""
        reader, writer = await asyncio.open_connection(sock=pair_end, limit=MAX_LINE_OCTETS)
        return cls(reader, writer)

    def tell(self, message: msgspec.Struct) -> bool:
        """Send a message; False where the other end is gone or has stopped to read."""
        if self._writer.is_closing() or self._writer.transport.get_write_buffer_size() > MAX_BACKLOG_OCTETS:
            return False
        self._writer.write(msgspec.json.encode(message) + b"\n")
        return True

    async def hear(self, decoder: msgspec.json.Decoder[T]) -> AsyncIterator[T]:
        """Yield the messages of the other end until it is gone."""
        try:
            while line := await self._reader.readline():
                yield decoder.decode(line)
        except (OSError, ValueError):
            return

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
