"""One direction of a TCP connection, its segments put in order: the first octets of a stream, however they came."""

from collections.abc import Iterator
from typing import Final

MAX_HOLES: Final = 16
"""A segment that would leave more holes than this is dropped."""

_NUMBERS = 1 << 32
_HALF = 1 << 31

_Piece = tuple[int, bytes]


class Segments:
    """Gathers a stream's first octets; holds no more of them than its limit.

    What came first stays: a later segment that says otherwise about the same octets only sets `has_conflict`.
    """

    __slots__ = ("_limit", "_pieces", "_start", "has_conflict", "has_start")

    def __init__(self, limit: int = 16_384) -> None:
        self._limit = limit
        self._pieces: list[_Piece] = []  # apart from each other, in order, by their distance from the start
        self._start: int | None = None
        self.has_start = False
        """A SYN told where the stream begins; without one it begins at the lowest octet seen so far."""
        self.has_conflict = False
        """Two segments told different octets of the same place: a receiver may have taken either."""

    def put(self, sequence: int, payload: bytes, is_syn: bool = False) -> bytes:
        """Take a segment (RFC 9293 section 3.4) and return the stream from its start to its first hole.

        What lies before a start that a SYN told, and what lies beyond the limit, is dropped.
        """
        if is_syn:
            sequence += 1
            self._begin_at(sequence)
        if payload:
            offset = self._offset(sequence)
            if offset < 0 and not self.has_start and -offset < self._limit:
                self._move(sequence, offset)
                offset = 0
            if offset < 0:
                payload, offset = payload[-offset:], 0
            self._lay(offset, payload[: max(0, self._limit - offset)])
        return self.stream

    @property
    def stream(self) -> bytes:
        """What is there from the start to the first hole."""
        return self._pieces[0][1] if self._pieces and self._pieces[0][0] == 0 else b""

    def _begin_at(self, sequence: int) -> None:
        if self.has_start:
            return
        self._move(sequence, self._offset(sequence))
        self.has_start = True

    def _offset(self, sequence: int) -> int:
        """Return how far from the start a sequence number is; numbers wrap."""
        if self._start is None:
            self._start = sequence
        return (sequence - self._start + _HALF) % _NUMBERS - _HALF

    def _move(self, start: int, by: int) -> None:
        """Let the stream begin at another number, `by` octets later than so far."""
        self._start = start
        pieces, self._pieces = self._pieces, []
        for at, octets in pieces:
            first, last = max(0, by - at), max(0, self._limit + by - at)
            if octets[first:last]:
                self._pieces.append((at + first - by, octets[first:last]))

    def _lay(self, offset: int, payload: bytes) -> None:
        if not self._pieces:
            self._pieces = [(offset, payload)] if payload else []
            return
        fresh = [(at, octets) for at, octets in self._unknown(offset, payload) if octets]
        if not fresh:
            return
        pieces = list(_joined(sorted(self._pieces + fresh)))
        if len(pieces) <= MAX_HOLES:
            self._pieces = pieces

    def _unknown(self, offset: int, payload: bytes) -> Iterator[_Piece]:
        """Yield the parts of a segment that no earlier one told, and notice where it contradicts."""
        at, end = offset, offset + len(payload)
        for start, held in self._pieces:
            stop = start + len(held)
            if start >= end:
                break
            if stop <= at:
                continue
            yield at, payload[at - offset : max(0, start - offset)]
            low, high = max(at, start), min(end, stop)
            if held[low - start : high - start] != payload[low - offset : high - offset]:
                self.has_conflict = True
            at = high
        yield at, payload[at - offset :]


def _joined(pieces: list[_Piece]) -> Iterator[_Piece]:
    start, run = pieces[0][0], [pieces[0][1]]
    end = start + len(run[0])
    for at, octets in pieces[1:]:
        if at != end:
            yield start, b"".join(run)
            start, run = at, []
        run.append(octets)
        end = at + len(octets)
    yield start, b"".join(run)
