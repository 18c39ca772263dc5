"""The upstream's own witness: every DNS query that arrives on a wire, one JSON line each, with id, port and options."""

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

MAX_CAPTURE_BYTES = 16 * 1024 * 1024
READY = "sniffer ready"
_FRAME_BYTES = 65_575
_ETH_P_ALL = 3
_TCP, _UDP = 6, 17
_OPT = 41


class NotAQueryError(Exception):
    """These bytes are not a DNS query to port 53."""


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a frame above IP: who sent it, to whom, and the payload of UDP or TCP."""

    src: str
    sport: int
    dst: str
    dport: int
    l4: str
    payload: bytes


def segment(frame: bytes) -> Segment:
    """Read Ethernet, IPv4 or IPv6 (no extension headers, no later fragments), and UDP or TCP."""
    try:
        return _read_segment(frame)
    except (struct.error, IndexError, ValueError) as error:
        raise NotAQueryError(str(error)) from None


def _read_segment(frame: bytes) -> Segment:
    ether_type = struct.unpack_from("!H", frame, 12)[0]
    if ether_type == 0x0800:
        header_bytes, total_bytes, fragment = (frame[14] & 15) * 4, *struct.unpack_from("!HxxH", frame, 16)
        if fragment & 0x1FFF:
            raise NotAQueryError("a later fragment")
        protocol, src, dst = frame[23], frame[26:30], frame[30:34]
    elif ether_type == 0x86DD:
        header_bytes, total_bytes = 40, 40 + struct.unpack_from("!H", frame, 18)[0]
        protocol, src, dst = frame[20], frame[22:38], frame[38:54]
    else:
        raise NotAQueryError("neither IPv4 nor IPv6")
    rest = frame[14 + header_bytes : 14 + total_bytes]
    sport, dport = struct.unpack_from("!HH", rest)
    if protocol == _UDP:
        return Segment(str(ip_address(src)), sport, str(ip_address(dst)), dport, "udp", rest[8:])
    if protocol == _TCP:
        return Segment(str(ip_address(src)), sport, str(ip_address(dst)), dport, "tcp", rest[(rest[12] >> 4) * 4 :])
    raise NotAQueryError("neither UDP nor TCP")


def messages(seg: Segment) -> Iterator[bytes]:
    """The DNS messages in a segment; over TCP those that are whole in it (RFC 1035 section 4.2.2)."""
    if seg.l4 == "udp":
        yield seg.payload
        return
    at = 0
    while at + 2 <= len(seg.payload):
        size = struct.unpack_from("!H", seg.payload, at)[0]
        if at + 2 + size > len(seg.payload):
            return
        yield seg.payload[at + 2 : at + 2 + size]
        at += 2 + size


def query(message: bytes) -> dict[str, Any]:
    """What a query message says, as far as a test may ask (RFC 1035 section 4.1, RFC 6891 section 6.1)."""
    try:
        return _read_query(message)
    except (struct.error, IndexError) as error:
        raise NotAQueryError(str(error)) from None


def _read_query(message: bytes) -> dict[str, Any]:
    ident, flags, questions, answers, authorities, additionals = struct.unpack_from("!6H", message)
    if flags & 0x8000 or questions != 1:
        raise NotAQueryError("not one question")
    qname, at = _name(message, 12)
    qtype = struct.unpack_from("!H", message, at)[0]
    options, do = _edns(message, at + 4, answers + authorities + additionals)
    return {
        "id": ident,
        "qname": qname,
        "qtype": qtype,
        "edns_options": options,
        "do": do,
        "rd": bool(flags & 0x0100),
        "cd": bool(flags & 0x0010),
        "ad": bool(flags & 0x0020),
    }


def _name(message: bytes, at: int) -> tuple[str, int]:
    """A name as it was written (its case kept) and where it ends; a compression pointer ends it unread."""
    labels: list[str] = []
    while message[at]:
        if message[at] >= 0xC0:
            return ".".join(labels), at + 2
        label = message[at + 1 : at + 1 + message[at]]
        labels.append("".join(chr(byte) if 0x20 < byte < 0x7F else f"\\{byte:03d}" for byte in label))
        at += 1 + message[at]
    return ".".join(labels) or ".", at + 1


def _edns(message: bytes, at: int, records: int) -> tuple[list[tuple[int, str]], bool]:
    for _ in range(records):
        _, at = _name(message, at)
        kind, _, ttl, size = struct.unpack_from("!HHIH", message, at)
        if kind == _OPT:
            return list(_options(message[at + 10 : at + 10 + size])), bool(ttl & 0x8000)
        at += 10 + size
    return [], False


def _options(data: bytes) -> Iterator[tuple[int, str]]:
    at = 0
    while at + 4 <= len(data):
        code, size = struct.unpack_from("!HH", data, at)
        yield code, data[at + 4 : at + 4 + size].hex()
        at += 4 + size


def lines(frame: bytes, at: float) -> Iterator[str]:
    """The JSON lines for the queries in a frame that came at the UNIX time `at`; none for anything else."""
    try:
        seg = segment(frame)
    except NotAQueryError:
        return
    if seg.dport != 53:
        return
    for message in messages(seg):
        try:
            asked = query(message)
        except NotAQueryError:
            continue
        yield json.dumps({"time": at, "src": seg.src, "sport": seg.sport, "dst": seg.dst, "l4": seg.l4, **asked}) + "\n"


def capture(interface: str, path: Path, max_bytes: int = MAX_CAPTURE_BYTES) -> None:
    """Write the queries that arrive on an interface until SIGTERM, or until the file is full."""
    wake, waker = os.pipe()
    signal.signal(signal.SIGTERM, lambda *_: os.write(waker, b"."))
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire,
        path.open("a", buffering=1) as sink,
    ):
        wire.bind((interface, _ETH_P_ALL))
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        print(READY, file=sys.stderr, flush=True)
        left = max_bytes
        while left > 0 and wake not in select.select([wire.fileno(), wake], [], [])[0]:
            for line in lines(wire.recv(_FRAME_BYTES), time.time()):
                left -= len(line)
                sink.write(line)
        if left <= 0:
            print(f"capture is full after {max_bytes} bytes and ended", file=sys.stderr, flush=True)
