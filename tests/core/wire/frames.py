"""Packets and frames, put together by hand."""

import struct

A4, B4 = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 2))
A6, B6 = bytes.fromhex("20010db8" + "00" * 11 + "01"), bytes.fromhex("20010db8" + "00" * 11 + "02")
ETHER = bytes(range(12))


def udp(payload: bytes = b"", ports: tuple[int, int] = (1111, 2222), length: int | None = None) -> bytes:
    """Return a datagram."""
    return struct.pack("!HHHH", *ports, len(payload) + 8 if length is None else length, 0) + payload


def tcp(payload: bytes = b"", ports: tuple[int, int] = (1111, 443), *, words: int = 5, flags: int = 16) -> bytes:
    """Return a segment of which the header says that it has so many words of four octets."""
    head = struct.pack("!HHIIBBHHH", *ports, 0xFFFFFFF0, 5, words << 4, flags, 1, 2, 3)
    return head + bytes(max(words - 5, 0) * 4) + payload


def ipv4(
    body: bytes, protocol: int = 17, *, ident: int = 7, place: int = 0, words: int = 5, total: int | None = None
) -> bytes:
    """Return a packet; `place` is what stands in the two octets of flags and offset."""
    size = words * 4 + len(body) if total is None else total
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words, 0, size, ident, place, 64, protocol, 0, A4, B4)
    return head + bytes(max(words - 5, 0) * 4) + body


def ipv6(body: bytes, protocol: int = 17, size: int | None = None) -> bytes:
    """Return a packet."""
    return struct.pack("!IHBB16s16s", 6 << 28, len(body) if size is None else size, protocol, 64, A6, B6) + body


def piece6(body: bytes, place: int, following: int = 17, ident: int = 9) -> bytes:
    """Return a packet with a fragment header; `place` is offset and the bit that says that more follow."""
    return ipv6(struct.pack("!BBHI", following, 0, place, ident) + body, 44)


def ethernet(body: bytes, kind: int = 0x0800) -> bytes:
    """Return a frame."""
    return ETHER + struct.pack("!H", kind) + body
