"""Captures of the network's traffic as other programs write them: pcap and pcapng, also packed with gzip."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from struct import Struct, error, unpack, unpack_from
from types import TracebackType
from typing import IO, Self, cast

import msgspec

_PACKED = b"\x1f\x8b"
_SECTION = b"\x0a\x0d\x0d\x0a"
_ORDERS = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_CLASSIC = {0xA1B2C3D4: (1e6, 16), 0xA1B23C4D: (1e9, 16), 0xA1B2CD34: (1e6, 24)}
"""First number of a pcap file → parts of a second, and octets before each frame (24: Kuznetzov's variant)."""
_MAX_FRAME = 1 << 18
"""Octets of a frame, as libpcap has it."""
_MAX_BLOCK = 1 << 24
_MAX_INTERFACES = 4096

_INTERFACE, _OLD_PACKET, _SIMPLE_PACKET, _PACKET = 1, 2, 3, 6
_RESOLUTION, _OFFSET = 9, 14
"""Blocks, and options of an interface, of pcapng that are read; all others are passed over."""


class CaptureError(Exception):
    """This file is no capture."""


class _Cut(Exception):
    """The rest of the file cannot be read."""


class Frame(msgspec.Struct, frozen=True):
    """What was seen on the wire at one moment."""

    link: int
    """LINKTYPE_ number of pcap."""
    at: float
    """POSIX seconds; that of the frame before where the file does not say."""
    octets: bytes
    is_cut: bool
    """The frame was longer than what was recorded."""


class _Interface(msgspec.Struct, frozen=True):
    link: int
    max_octets: int
    parts: int = 10**6
    """Of a second, in which time is counted."""
    offset_s: int = 0


class _File:
    """A file's octets, in its order."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream

    def take_or_end(self, count: int) -> bytes:
        """Return `count` octets, or none at the file's end. Raises _Cut."""
        try:
            octets = self.stream.read(count)
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise _Cut("what is packed in it is damaged or cut short") from None
        if 0 < len(octets) < count:
            raise _Cut("it ends in the middle of a record")
        return octets

    def take(self, count: int) -> bytes:
        """Return `count` octets. Raises _Cut."""
        octets = self.take_or_end(count)
        if len(octets) < count:
            raise _Cut("it ends in the middle of a record")
        return octets


class Capture:
    """The frames of a file, once, in its order; `problem` says, after the last, why the file's rest could not be read.

    Only one frame is held in memory, and a file's claim of a huge one ends the reading.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        """Take a file that stands at its start. Raises CaptureError, OSError."""
        self.problem: str | None = None
        self._file = _File(stream)
        try:
            self._frames = _frames(self._file)
        except _Cut as cut:
            raise CaptureError(f"this file is no capture: {cut}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, what: BaseException | None, way: TracebackType | None) -> None:
        self._file.stream.close()

    def __iter__(self) -> Iterator[Frame]:
        try:
            yield from self._frames
        except _Cut as cut:
            self.problem = str(cut)


def open_capture(path: Path) -> Capture:
    """Return the frames of a file, to be used in a `with`. Raises CaptureError where it is no capture, OSError."""
    # What is no file, as a pipe, can be read once only.
    is_packed = path.is_file() and _begins(path) == _PACKED
    with ExitStack() as held:
        stream: IO[bytes] = path.open("rb") if not is_packed else cast("IO[bytes]", gzip.GzipFile(path))
        held.enter_context(stream)
        capture = Capture(stream)
        held.pop_all()
    return capture


def _begins(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(len(_PACKED))


def _frames(file: _File) -> Iterator[Frame]:
    """Return the frames of a file that begins as a capture does, however short it was cut behind that."""
    mark = file.take(4)
    if mark == _SECTION:
        return _blocks(file, *_section_head(file))
    for order in "<>":
        kind = _CLASSIC.get(unpack(order + "I", mark)[0])
        if kind:
            return _records(file, order, *kind)
    raise CaptureError("this file is neither pcap nor pcapng")


def _records(file: _File, order: str, parts: float, head: int) -> Iterator[Frame]:
    """Read the frames of a pcap file behind its first number (draft-ietf-opsawg-pcap)."""
    link = unpack(order + "16xI", file.take(20))[0] & 0xFFFF
    numbers = Struct(order + "IIII").unpack_from
    while record := file.take_or_end(head):
        seconds, part, size, whole = numbers(record)
        if size > _MAX_FRAME:
            raise _Cut(f"a packet of {size} octets cannot be")
        yield Frame(link, seconds + part / parts, file.take(size), size < whole)


def _blocks(file: _File, order: str, size: int) -> Iterator[Frame]:
    """Read the frames of a pcapng file whose first section's header is of that size (draft-ietf-opsawg-pcapng)."""
    _body(file, order, size, 12)
    interfaces: list[_Interface] = []
    at = 0.0
    while mark := file.take_or_end(4):
        if mark == _SECTION:
            order, size = _section_head(file)
            _body(file, order, size, 12)
            interfaces = []
            continue
        kind, size = unpack(order + "II", mark + file.take(4))
        body = _body(file, order, size, 8)
        try:
            if kind == _INTERFACE and len(interfaces) < _MAX_INTERFACES:
                interfaces.append(_interface(order, body))
            elif kind in (_OLD_PACKET, _SIMPLE_PACKET, _PACKET):
                frame = _frame(order, kind, body, interfaces, at)
                at = frame.at
                yield frame
        except IndexError:
            raise _Cut("a packet of an interface that is not there") from None
        except error:
            raise _Cut("a record too short for its kind") from None


def _section_head(file: _File) -> tuple[str, int]:
    """Read a section's header behind its first number: the order of the section's octets, and the header's size."""
    size, mark = file.take(4), file.take(4)
    order = _ORDERS.get(mark)
    if order is None:
        raise _Cut("a section in no known order of octets")
    return order, unpack(order + "I", size)[0]


def _body(file: _File, order: str, size: int, taken: int) -> bytes:
    """Return the rest of a block of `size` octets, without the length that ends it."""
    if not taken + 4 <= size <= _MAX_BLOCK or size % 4:
        raise _Cut(f"a record of {size} octets cannot be")
    rest = file.take(size - taken)
    if unpack(order + "I", rest[-4:])[0] != size:
        raise _Cut("a record whose two lengths differ")
    return rest[:-4]


def _interface(order: str, body: bytes) -> _Interface:
    link, max_octets = unpack_from(order + "HxxI", body)
    parts, offset_s, pos = 10**6, 0, 8
    while pos + 4 <= len(body):
        code, size = unpack_from(order + "HH", body, pos)
        value = body[pos + 4 : pos + 4 + size]
        if code == _RESOLUTION and size == 1:
            parts = 2 ** (value[0] & 0x7F) if value[0] & 0x80 else 10 ** value[0]
        elif code == _OFFSET and size == 8:
            (offset_s,) = unpack(order + "q", value)
        pos += 4 + (size + 3) // 4 * 4
    return _Interface(link, max_octets, parts, offset_s)


def _frame(order: str, kind: int, body: bytes, interfaces: list[_Interface], at: float) -> Frame:
    """Return a packet's frame. Raises IndexError where its interface is missing, struct.error where it is too short."""
    if kind == _SIMPLE_PACKET:
        (whole,) = unpack_from(order + "I", body)
        size = min(whole, interfaces[0].max_octets or whole, len(body) - 4)
        return Frame(interfaces[0].link, at, body[4 : 4 + size], size < whole)
    number, high, low, size, whole = unpack_from(order + ("HxxIIII" if kind == _OLD_PACKET else "IIIII"), body)
    if size > len(body) - 20:
        raise _Cut(f"a packet of {size} octets cannot be")
    interface = interfaces[number]
    seconds = interface.offset_s + (high << 32 | low) / interface.parts
    return Frame(interface.link, seconds, body[20 : 20 + size], size < whole)
