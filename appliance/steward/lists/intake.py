"""A list as it comes in: unpacked piece by piece, held to its limits, looked at, and packed again into a file of ours.

No more than a piece of it is ever in memory, so that neither a line of megabytes nor a packed terabyte hurts.
"""

import zlib
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from appliance.steward.lists.limits import A_PAGE, EMPTY, NO_TEXT, Limits, NotTaken, disk_words
from appliance.steward.lists.unpack import GZIP, Unpacker

HEAD_OCTETS = 1_024
_BOM = b"\xef\xbb\xbf"
_PAGES = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<?xml", b"<!--")
_MARKS = frozenset(range(32)) - frozenset(b"\t\n\x0b\x0c\r\x1b")
"""Control characters that no text holds many of."""
_MARKS_IN = 20


@dataclass(frozen=True, slots=True)
class Taken:
    """What came: octets of text, and 16 hexadecimal digits that change with it."""

    octets: int
    digest: str


class Intake:
    """Takes the octets of one list. A list that is itself a gzip file is unpacked, whatever its address ends in."""

    def __init__(self, file: BinaryIO, limits: Limits, coding: str = "") -> None:
        """`coding` is HTTP's Content-Encoding. Raises NotTaken for one that isn't known."""
        match coding.strip().lower():
            case "" | "identity":
                self._outer: Unpacker | None = None
            case "gzip" | "x-gzip" | "deflate":
                self._outer = Unpacker(limits)
            case _:
                raise NotTaken("The list comes packed in a way that isn't known here.")
        self._inner: Unpacker | None = None
        self._limits = limits
        self._file = file
        self._packer = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
        self._hash = sha256()
        self._octets = 0
        self._begin: bytes | None = b""
        """What came before it was known whether the body is a gzip file; None from then on."""
        self._head: bytes | None = b""
        """The first text, until it was looked at; None from then on."""

    def feed(self, octets: bytes) -> None:
        """Take the next octets. Raises NotTaken."""
        for piece in self._outer.feed(octets) if self._outer else (octets,):
            self._take(piece)

    def end(self) -> Taken:
        """Return what came, now that all of it has. Raises NotTaken."""
        if self._outer:
            self._outer.end()
        if self._begin:
            self._text(self._begin)
        if self._inner:
            self._inner.end()
        if not self._octets:
            raise NotTaken(EMPTY)
        self._look()
        self._write(self._packer.flush())
        return Taken(self._octets, self._hash.hexdigest()[:16])

    def _take(self, piece: bytes) -> None:
        if self._begin is not None:
            piece = self._begin + piece
            if len(piece) < len(GZIP):
                self._begin = piece
                return
            self._begin = None
            self._inner = Unpacker(self._limits) if piece.startswith(GZIP) else None
        for text in self._inner.feed(piece) if self._inner else (piece,):
            self._text(text)

    def _text(self, text: bytes) -> None:
        self._octets += len(text)
        if self._octets > self._limits.unpacked_octets:
            raise NotTaken(self._limits.too_large)
        if b"\0" in text:
            raise NotTaken(NO_TEXT)
        if self._head is not None:
            self._head += text[:HEAD_OCTETS]
            if len(self._head) >= HEAD_OCTETS:
                self._look()
        self._hash.update(text)
        self._write(self._packer.compress(text))

    def _write(self, packed: bytes) -> None:
        try:
            self._file.write(packed)
        except OSError as error:
            raise NotTaken(disk_words(error)) from error

    def _look(self) -> None:
        """Look at the first text, once. Raises NotTaken."""
        if self._head is None:
            return
        head, self._head = self._head, None
        if head.removeprefix(_BOM).lstrip().lower().startswith(_PAGES):
            raise NotTaken(A_PAGE)
        if sum(octet in _MARKS for octet in head) * _MARKS_IN > len(head):
            raise NotTaken(NO_TEXT)
