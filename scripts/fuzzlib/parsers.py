"""The parsers that are fuzzed, each as one function of octets that lets out nothing but what it must not raise."""

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

from appliance.core.wire.http import parse_request
from appliance.core.wire.packets import Packets
from appliance.core.wire.question import parse_question, parse_stream_question
from appliance.core.wire.quic import Initials
from appliance.core.wire.reader import WireError
from appliance.core.wire.tls import parse_hello
from appliance.world.capture import Capture, CaptureError

LINKS = (1, 0, 101, 113, 276, 9)
"""Ethernet, loopback, raw IP, Linux cooked (1 and 2), PPP."""


@dataclass(frozen=True, slots=True)
class Parser:
    """What takes octets, and octets that it should know."""

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]


def read_http(octets: bytes) -> None:
    """Read a request of which more may come, and one that is all there is."""
    for is_all in (False, True):
        with contextlib.suppress(WireError):
            parse_request(octets, is_all=is_all)


def read_question(octets: bytes) -> None:
    """Read a message, on a port of DNS and elsewhere, over UDP and TCP."""
    for is_dns_port in (False, True):
        for parse in (parse_question, parse_stream_question):
            with contextlib.suppress(WireError):
                parse(octets, is_dns_port=is_dns_port)


def read_tls(octets: bytes) -> None:
    """Read a stream."""
    with contextlib.suppress(WireError):
        parse_hello(octets)


def read_quic(octets: bytes) -> None:
    """Read one datagram, and again as two."""
    for cuts in ((0, len(octets)), (0, len(octets) // 2, len(octets))):
        initials = Initials()
        for start, end in pairwise(cuts):
            with contextlib.suppress(WireError):
                initials.feed(octets[start:end])


def read_ip(octets: bytes) -> None:
    """Read two frames of the link that the first octet says, so that pieces can meet."""
    packets = Packets()
    link = LINKS[octets[0] % len(LINKS)] if octets else LINKS[0]
    for start, end in ((1, len(octets) // 2), (len(octets) // 2, len(octets))):
        with contextlib.suppress(WireError):
            packets.read(link, octets[start:end], 0.0)
    with contextlib.suppress(WireError):
        packets.read(link, octets[1:], 1.0)


def read_capture(octets: bytes) -> None:
    """Read a file to its end."""
    with contextlib.suppress(CaptureError):
        for _ in Capture(BytesIO(octets)):
            pass


_ASK = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x03www\x07example\x03com\x00\x00\x01\x00\x01"
_NAME = b"\x00\x00\x00\x10\x00\x0e\x00\x00\x0bexample.com"
_BODY = b"\x03\x03" + bytes(32) + b"\x00\x00\x02\x13\x01\x01\x00" + struct.pack("!H", len(_NAME)) + _NAME
_MESSAGE = b"\x01" + len(_BODY).to_bytes(3, "big") + _BODY
_RECORD = b"\x16\x03\x01" + struct.pack("!H", len(_MESSAGE)) + _MESSAGE
_UDP = struct.pack("!HHHH", 4000, 53, 8 + len(_ASK), 0) + _ASK
_IP4 = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(_UDP), 1, 0, 64, 17, 0) + bytes(8) + _UDP
_IP6 = struct.pack("!IHBB", 6 << 28, len(_UDP), 17, 64) + bytes(32) + _UDP
_ETHERNET = bytes(12) + b"\x08\x00" + _IP4
_PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
_PCAPNG = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28) + struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)

PARSERS = {
    "http": Parser(
        read_http,
        (
            b"GET / HTTP/1.1\r\nHost: www.example.com:80\r\n\r\n",
            b"CONNECT [2001:db8::1]:443 HTTP/1.1\nhost :\n a.example\n\n",
            b"GET http://me@a.example/ HTTP/1.0\r\nHost: b.example\r\n\r\n",
        ),
    ),
    "question": Parser(read_question, (_ASK, len(_ASK).to_bytes(2, "big") + _ASK)),
    "tls": Parser(read_tls, (_RECORD, b"\x80" + bytes((12 + 3,)) + b"\x01\x03\x01\x00\x03\x00\x00\x00\x03" + bytes(6))),
    "quic": Parser(
        read_quic,
        (
            (b"\xc0\x00\x00\x00\x01\x08" + bytes(8) + b"\x00\x00\x44\x00").ljust(1200, b"\x01"),
            b"\x09" + bytes(8) + b"Q043\x01" + bytes(12) + b"\xa0\x01" + b"CHLO\x01\x00\x00\x00SNI\x00",
        ),
    ),
    "ip": Parser(read_ip, (b"\x00" + _ETHERNET * 2, b"\x02" + _IP4, b"\x02" + _IP6)),
    "capture": Parser(
        read_capture,
        (
            _PCAP + struct.pack("<IIII", 1, 0, len(_ETHERNET), len(_ETHERNET)) + _ETHERNET,
            _PCAPNG + struct.pack("<IIIIIII", 6, 32, 0, 0, 0, 0, 0) + struct.pack("<I", 32),
        ),
    ),
}
