"""What came packed, unpacked piece by piece: gzip, also several after one another, and both forms of deflate."""

import zlib
from collections.abc import Iterator

from appliance.steward.lists.limits import DAMAGED, Limits, NotTaken

PIECE_OCTETS = 1 << 16
GZIP = b"\x1f\x8b"
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
_RAW = -zlib.MAX_WBITS
_DEFLATED = 8


class Unpacker:
    """Takes packed octets as they come; whoever takes the pieces may stop at any of them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._octets = 0
        self._rest = b""
        self._engine: zlib._Decompress | None = None
        self._is_over = False

    def feed(self, octets: bytes) -> Iterator[bytes]:
        """Yield what octets unpack to, each piece of at most 64 KiB. Raises NotTaken."""
        self._octets += len(octets)
        if self._octets > self._limits.packed_octets:
            raise NotTaken(self._limits.too_large)
        octets = self._rest + octets
        self._rest = b""
        while octets and not self._is_over:
            if self._engine is None and not self._begin(octets):
                return
            yield from self._unpacked(octets)
            octets = self._rest
            self._rest = b""

    def end(self) -> None:
        """Want the packed whole. Raises NotTaken."""
        if self._engine is not None or self._rest or not self._octets:
            raise NotTaken(DAMAGED)

    def _begin(self, octets: bytes) -> bool:
        """Choose how to unpack by the first two octets; say whether they are there."""
        if len(octets) < len(GZIP):
            self._rest = octets
            return False
        # RFC 1950: method 8, and a check of five bits. Some send deflate without that.
        is_zlib = octets[0] & 0x0F == _DEFLATED and int.from_bytes(octets[:2], "big") % 31 == 0
        is_known = is_zlib or octets.startswith(GZIP)
        self._engine = zlib.decompressobj(wbits=_GZIP_OR_ZLIB if is_known else _RAW)
        return True

    def _unpacked(self, octets: bytes) -> Iterator[bytes]:
        """Yield what is packed up to the end of the octets, or of what was packed in one go."""
        engine = self._engine
        while engine is not None:
            try:
                piece = engine.decompress(octets, PIECE_OCTETS)
            except zlib.error as error:
                raise NotTaken(DAMAGED) from error
            octets = engine.unconsumed_tail
            if piece:
                yield piece
            if engine.eof:
                self._engine = None
                self._rest = engine.unused_data
                # What follows may be another member; anything else is filling.
                self._is_over = not GZIP.startswith(self._rest[: len(GZIP)])
                if self._is_over:
                    self._rest = b""
                return
            if not octets and len(piece) < PIECE_OCTETS:
                return
