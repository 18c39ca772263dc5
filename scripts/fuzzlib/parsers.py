"""The parsers that are fuzzed, each as one function of octets that lets out nothing but what it must not raise."""

import contextlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise

from appliance.core.flows.table import Flows
from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.look import look
from appliance.core.wire.hello import Hello
from appliance.core.wire.http import parse_request
from appliance.core.wire.packet import ACK, RST, SYN, URG, Packet, Protocol
from appliance.core.wire.packets import Packets
from appliance.core.wire.question import parse_question, parse_stream_question
from appliance.core.wire.quic import Initials
from appliance.core.wire.reader import WireError
from appliance.core.wire.tls import parse_hello
from appliance.world.capture import Capture, CaptureError
from scripts.fuzzlib.answering import ANSWER_SEEDS, DNS_SEEDS, read_answers, read_dns

PORTS = (443, 53, 80, 8080, 1194, 51820, 500, 4500, 3478, 853, 1701, 1723, 6881, 9001, 500, 25)
"""Of servers."""
CLIENT, SERVER, CLIENTS_PORT = b"\xc0\x00\x02\x01", b"\xc6\x33\x64\x02", 40_000
MAX_FLOWS = 2
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


class NotHeld(Exception):
    """The table of flows holds more than it may."""


def split(octets: bytes) -> list[tuple[int, int, bytes]]:
    """Return what octets say of packets: each begins with its flags, a place, and its length in two octets."""
    parts = []
    while len(octets) >= 4:
        flags, place, length = struct.unpack_from("!BBH", octets)
        parts.append((flags, place, octets[4 : 4 + length]))
        octets = octets[4 + length :]
    return parts


def read_flows(octets: bytes) -> None:
    """Feed packets of a connection, or of datagrams, either way; the first octet says which."""
    how, parts = (octets[0], split(octets[1:])) if octets else (0, [])
    flows = Flows(MAX_FLOWS)
    for number, (flags, place, payload) in enumerate(parts):
        ends = (CLIENT, CLIENTS_PORT + (flags >> 7)), (SERVER, PORTS[how >> 4])
        (source, source_port), (target, target_port) = ends if flags & 1 else ends[::-1]
        protocol = (Protocol.TCP, Protocol.UDP, Protocol.TCP, Protocol.GRE)[how & 3]
        bits = sum(bit for mark, bit in ((2, SYN), (4, ACK), (8, RST), (16, URG)) if flags & mark) ^ ACK
        flows.feed(
            Packet(source, target, protocol, source_port, target_port, payload, place * 3, bits, place * 3 + 1), number
        )
        if len(flows) > 3 * MAX_FLOWS:
            raise NotHeld(f"{len(flows)} flows")
        flows.overdue(number)
    for _ in flows.end():
        pass


def read_signs(octets: bytes) -> None:
    """Look at a flow after each of its packets, whatever else is known of it."""
    how, parts = (octets[0], split(octets[1:])) if octets else (0, [])
    facts = Facts((Protocol.UDP, Protocol.TCP, 47, 50)[how & 3], CLIENT, CLIENTS_PORT, SERVER, PORTS[how >> 4])
    facts.has_start = how & 4 != 0
    for flags, place, payload in parts[:12]:
        if payload:
            facts.see(payload, flags & 1 != 0)
        if flags & 2:
            facts.turn()
        facts.kind = tuple(Kind)[flags >> 2 & 3]
        facts.name = ascii(payload[:60].decode("latin-1")) if flags & 32 else None
        if flags & 64:
            facts.hello = Hello(facts.name, (repr(payload[:9]),), (771, 772), bool(place & 1), bool(place & 2))
        look(facts)


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
_OPENVPN = b"\x38" + bytes(8) + b"\x00\x00\x00\x00\x00"
_WIREGUARD = b"\x01\x00\x00\x00" + bytes(144)
_IKE = bytes(8) + bytes(8) + b"\x21\x20\x22\x08\x00\x00\x00\x00\x00\x00\x00\x1c"
_STUN = b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12)
_DHT = b"d1:ad2:id20:" + bytes(20) + b"e1:q4:ping1:t2:aa1:y1:qe"
_SAID = (
    (0x07, 0, b""),
    (0x02, 0, b""),
    *((flags, 1, payload) for payload in (_RECORD, _ASK, _OPENVPN, _WIREGUARD, _IKE, _STUN, _DHT) for flags in (1, 0)),
    (0x81, 1, b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n"),
    (0x80, 1, b"HTTP/1.1 200 OK\r\n\r\n"),
    (0x81, 1, b"\x05\x01\x00"),
    (0x81, 1, b"\x13BitTorrent protocol" + bytes(48)),
)
_PACKETS = b"".join(struct.pack("!BBH", flags, place, len(payload)) + payload for flags, place, payload in _SAID)

PARSERS = {
    "http": Parser(
        read_http,
        (
            b"GET / HTTP/1.1\r\nHost: www.example.com:80\r\n\r\n",
            b"CONNECT [2001:db8::1]:443 HTTP/1.1\nhost :\n a.example\n\n",
            b"GET http://me@a.example/ HTTP/1.0\r\nHost: b.example\r\n\r\n",
        ),
    ),
    "dns": Parser(read_dns, DNS_SEEDS),
    "answers": Parser(read_answers, ANSWER_SEEDS),
    "question": Parser(read_question, (_ASK, len(_ASK).to_bytes(2, "big") + _ASK)),
    "tls": Parser(read_tls, (_RECORD, b"\x80" + bytes((12 + 3,)) + b"\x01\x03\x01\x00\x03\x00\x00\x00\x03" + bytes(6))),
    "quic": Parser(
        read_quic,
        (
            (b"\xc0\x00\x00\x00\x01\x08" + bytes(8) + b"\x00\x00\x44\x00").ljust(1200, b"\x01"),
            b"\x09" + bytes(8) + b"Q043\x01" + bytes(12) + b"\xa0\x01" + b"CHLO\x01\x00\x00\x00SNI\x00",
        ),
    ),
    "flows": Parser(read_flows, tuple(bytes((how,)) + _PACKETS for how in (0, 1, 2, 0x11, 0x10, 0x20, 0x51, 0xC1))),
    "signs": Parser(read_signs, tuple(bytes((how,)) + _PACKETS for how in (0, 5, 4, 2, 0x50, 0x40, 0x80, 0xC4, 0xB1))),
    "ip": Parser(read_ip, (b"\x00" + _ETHERNET * 2, b"\x02" + _IP4, b"\x02" + _IP6)),
    "capture": Parser(
        read_capture,
        (
            _PCAP + struct.pack("<IIII", 1, 0, len(_ETHERNET), len(_ETHERNET)) + _ETHERNET,
            _PCAPNG + struct.pack("<IIIIIII", 6, 32, 0, 0, 0, 0, 0) + struct.pack("<I", 32),
        ),
    ),
}
