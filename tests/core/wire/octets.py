"""Octets of messages, put together by hand."""

import struct
from typing import Any

import dns.opcode
from hypothesis import strategies as st

from appliance.core.wire import dns as wire

HEAD = bytes(12)
ORDINARY_TYPES = [rtype for rtype in range(1, 300) if rtype != wire.OPT and not 128 <= rtype < 255]
LABELS = st.lists(st.binary(min_size=1, max_size=63), max_size=20).filter(
    lambda labels: sum(len(label) + 1 for label in labels) < 255
)


def question(labels: list[bytes], qtype: int = 1, qclass: int = 1) -> bytes:
    """Return the octets of a question."""
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\x00" + struct.pack("!HH", qtype, qclass)


def query(*counts: int, body: bytes = b"", flags: int = 0x0100, ident: int = 7) -> bytes:
    """Return a message with these counts."""
    return struct.pack("!HHHHHH", ident, flags, *counts) + body


def record(owner: bytes, rtype: int, rdata: bytes = b"", rclass: int = 1, ttl: int = 0) -> bytes:
    """Return a record."""
    return owner + struct.pack("!HHIH", rtype, rclass, ttl, len(rdata)) + rdata


ASK = question([b"example", b"com"])
OPT = record(b"\x00", wire.OPT, rclass=1232)


def is_ordinary(read: Any) -> bool:
    """Say whether dnspython read what any forwarder answers."""
    return (
        read.opcode() == dns.opcode.QUERY
        and len(read.question) == 1
        and read.question[0].rdclass == 1
        and read.question[0].rdtype in ORDINARY_TYPES
        and not (read.answer or read.authority or read.additional)
        and read.edns <= 0
    )
