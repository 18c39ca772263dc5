"""A cursor over bytes from the network that never reads past their end."""

from enum import Enum
from typing import Final, Literal


class WireError(ValueError):
    """These bytes are not what they claim to be."""


class _More(Enum):
    NEED_MORE = "need more"


NEED_MORE: Final = _More.NEED_MORE
"""What a parser of a stream answers when the bytes so far are right but not all there."""

NeedMore = Literal[_More.NEED_MORE]


class Reader:
    """Reads big-endian numbers and runs of octets from a message; raises WireError where it ends too early."""

    __slots__ = ("data", "end", "pos")

    def __init__(self, data: bytes, pos: int = 0, end: int | None = None) -> None:
        self.data = data
        self.pos = pos
        self.end = len(data) if end is None else end
        if not 0 <= pos <= self.end <= len(data):
            raise WireError("outside the message")

    @property
    def left(self) -> int:
        """Octets not read yet."""
        return self.end - self.pos

    def take(self, count: int) -> bytes:
        """Return the next `count` octets."""
        start = self.pos
        stop = start + count
        if count < 0 or stop > self.end:
            raise WireError(f"{count} octets wanted, {self.end - start} left")
        self.pos = stop
        return self.data[start:stop]

    def skip(self, count: int) -> None:
        """Pass over the next `count` octets."""
        if count < 0 or self.pos + count > self.end:
            raise WireError(f"{count} octets wanted, {self.end - self.pos} left")
        self.pos += count

    def u8(self) -> int:
        """Return the next octet as a number."""
        if self.pos >= self.end:
            raise WireError("1 octet wanted, 0 left")
        self.pos += 1
        return self.data[self.pos - 1]

    def u16(self) -> int:
        """Return the next two octets as a number."""
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        """Return the next four octets as a number."""
        return int.from_bytes(self.take(4), "big")

    def sub(self, count: int) -> "Reader":
        """Return a reader over just the next `count` octets, and pass over them."""
        start = self.pos
        self.skip(count)
        return Reader(self.data, start, self.pos)
