"""The frames inside a client's Initial packets, and the handshake that CRYPTO frames carry in pieces (RFC 9000)."""

from array import array
from bisect import bisect_left
from re import compile as regex
from typing import Final

from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError

MAX_CRYPTO_OCTETS: Final = 15_360
"""A whole flow of 16 KiB carries no more of it."""
MAX_PIECES: Final = 64
"""Pieces with gaps between; further ones are let go, and come again when nobody acknowledges them."""
MAX_FRAMES: Final = 64
"""In one packet. Chromium scatters a hello over some twenty."""
MAX_ACK_RANGES: Final = 32
"""In one frame: a client has little to acknowledge in this space of numbers."""

_PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE, _CLOSE_BY_APPLICATION = 0x01, 0x02, 0x03, 0x06, 0x1C, 0x1D
_ZEROS = regex(rb"\x00+")


def varint(octets: bytes, at: int) -> tuple[int, int]:
    """Return a variable-length integer and where it ends (RFC 9000 section 16); raises WireError if cut off."""
    if at >= len(octets):
        raise WireError("a number is cut off")
    first = octets[at]
    end = at + (1 << (first >> 6))
    if end > len(octets):
        raise WireError("a number is cut off")
    if first < 0x40:
        return first, end
    return int.from_bytes(octets[at:end], "big") & ((1 << (8 * (end - at) - 2)) - 1), end


class CryptoStream:
    """The handshake's octets in order, from pieces in any order; of octets that come twice the first ones win."""

    __slots__ = ("_ends", "_octets", "_starts", "has_conflict")

    def __init__(self) -> None:
        self.has_conflict = False
        """Two pieces told different octets of the same place."""
        self._octets = bytearray()
        self._starts = array("H")
        self._ends = array("H")

    @property
    def size_octets(self) -> int:
        """How much is held, gaps included."""
        return len(self._octets)

    @property
    def ready(self) -> int:
        """How many octets are there without a gap."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0

    def start(self, count: int) -> bytes:
        """Return the first `count` octets, all of them ready."""
        return bytes(self._octets[:count])

    def put(self, offset: int, piece: bytes) -> None:
        """Take a piece; what lies beyond the limit, and a piece too many, is let go."""
        end = min(offset + len(piece), MAX_CRYPTO_OCTETS)
        if offset >= end:
            return
        first = last = bisect_left(self._ends, offset)
        if last == len(self._starts) or self._starts[last] > end:
            if len(self._starts) >= MAX_PIECES:
                return
            start, stop = offset, end
        else:
            start, stop = min(offset, self._starts[first]), end
        if end > len(self._octets):
            self._octets = self._octets.ljust(end, b"\x00")  # no roomier than it must be
        at = offset
        while last < len(self._starts) and self._starts[last] <= end:
            if at < self._starts[last]:
                self._octets[at : self._starts[last]] = piece[at - offset : self._starts[last] - offset]
            low, high = max(offset, self._starts[last]), min(end, self._ends[last])
            self.has_conflict |= self._octets[low:high] != piece[low - offset : high - offset]
            at = max(at, self._ends[last])
            last += 1
        if at < end:
            self._octets[at:end] = piece[at - offset : end - offset]
        self._starts[first:last] = array("H", (start,))
        self._ends[first:last] = array("H", (max(stop, at),))

    def message(self) -> bytes | NeedMore:
        """Return the first handshake message whole, with its header of 4 octets (RFC 8446 section 4).

        Raises WireError for one that is longer than what is held.
        """
        if self.ready < 4:
            return NEED_MORE
        end = 4 + int.from_bytes(self._octets[1:4], "big")
        if end > MAX_CRYPTO_OCTETS:
            raise WireError("a handshake message is too long")
        return self.start(end) if end <= self.ready else NEED_MORE


def skip_padding(payload: bytes, at: int) -> int:
    """Return where the run of PADDING frames at `at` ends, which may be there."""
    padding = _ZEROS.match(payload, at)
    return padding.end() if padding else at


def read_frames(payload: bytes, stream: CryptoStream) -> None:
    """Put what the CRYPTO frames of an Initial carry into `stream`; ends at the first frame that it cannot hold."""
    at = 0
    for _ in range(MAX_FRAMES):
        at = skip_padding(payload, at)
        if at >= len(payload):
            return
        try:
            at = _read_frame(payload, at, stream)
        except WireError:
            return


def _read_frame(payload: bytes, at: int, stream: CryptoStream) -> int:
    kind = payload[at]
    at += 1
    if kind == _CRYPTO:
        return read_crypto(payload, at, stream)
    if kind == _PING:
        return at
    if kind in {_ACK, _ACK_ECN}:
        return _skip_ack(payload, at, has_ecn=kind == _ACK_ECN)
    if kind in {_CLOSE, _CLOSE_BY_APPLICATION}:
        return _skip_close(payload, at, has_frame_type=kind == _CLOSE)
    raise WireError(f"a frame of type {kind} in an Initial")


def read_crypto(payload: bytes, at: int, stream: CryptoStream) -> int:
    """Take a CRYPTO frame whose type ends at `at` into `stream` and return its end (RFC 9000 section 19.6)."""
    offset, at = varint(payload, at)
    length, at = varint(payload, at)
    if at + length > len(payload):
        raise WireError("a CRYPTO frame is cut off")
    stream.put(offset, payload[at : at + length])
    return at + length


def _skip_ack(payload: bytes, at: int, *, has_ecn: bool) -> int:
    for _ in range(2):
        _, at = varint(payload, at)
    ranges, at = varint(payload, at)
    if ranges > MAX_ACK_RANGES:
        raise WireError(f"an ACK of {ranges} ranges")
    for _ in range(1 + 2 * ranges + (3 if has_ecn else 0)):
        _, at = varint(payload, at)
    return at


def _skip_close(payload: bytes, at: int, *, has_frame_type: bool) -> int:
    for _ in range(2 if has_frame_type else 1):
        _, at = varint(payload, at)
    length, at = varint(payload, at)
    if at + length > len(payload):
        raise WireError("a reason is cut off")
    return at + length
