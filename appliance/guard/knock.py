"""Makes the ends of an idle TCP connection speak, so that a reset reaches both: nothing else would tell them.

The server gets a SYN in the client's name, the client a SYN with an ACK in the server's: what each once had from the
other. A TCP whose connection is open answers that by an ACK with its true numbers, whatever stands in it (RFC 9293
section 3.10.7.4, RFC 5961 section 4). The answer passes this box, and what is refused is answered by a reset that bears
these numbers and so is believed.

Why not a bare ACK with a wrong number, which has the same answer: stateful firewalls, those of the ends and of routers
on the way, hold it to be of no connection and drop it, or let it out untranslated. A SYN in the direction in which they
saw one they let pass (nf_conntrack_proto_tcp.c: ignored, because the end may answer it).

An end answers once in half a second (Linux's tcp_invalid_ratelimit): whoever wants to be sure knocks again after that.

The box itself must not take such a segment for a connection's: it bears `MARK`, and our ruleset has what bears it
neither tracked nor translated.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from appliance.core.mark import STATE_MASK
from appliance.core.wire.packet import ACK, SYN, Protocol
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked

MARK: Final = STATE_MASK
"""The packet mark of what is sent from here: the bits of no `State` (`meta mark … notrack` in the output hook)."""

HOPS: Final = 64
_TCP_OCTETS = 20


def knock(tracked: Iterable[Tracked]) -> int:
    """Make both ends of each TCP connection speak; return how many segments left.

    Of one that this box saw being reset only the client is asked: whether it was its own reset nobody knows, and a
    server that has forgotten all would take a SYN for a new connection. A segment that can't leave (no route, no such
    interface any more) is passed over. Raises OSError where raw sockets are not allowed.
    """
    sent = 0
    with _opened(socket.AF_INET) as v4, _opened(socket.AF_INET6) as v6:
        for segment, target in _segments(tracked):
            with suppress(OSError):
                if ":" in target:
                    v6.sendto(segment, (target, 0, 0, 0))
                else:
                    v4.sendto(segment, (target, 0))
                sent += 1
    return sent


def _segments(tracked: Iterable[Tracked]) -> Iterator[tuple[bytes, str]]:
    """Yield the segments and the addresses that they go to."""
    for one in tracked:
        near, far = one.connection, one.outside
        if near.protocol != Protocol.TCP:
            continue
        yield opening(near, is_answer=True), near.addresses[0]
        if one.is_tcp_open:
            yield opening(far), far.addresses[1]


def opening(connection: Connection, *, is_answer: bool = False) -> bytes:
    """Return the whole packet of a SYN from client to server, or of the answer to it; its numbers mean nothing."""
    source, source_port = connection.client, connection.client_port
    target, target_port = connection.server, connection.server_port
    if is_answer:
        source, source_port, target, target_port = target, target_port, source, source_port
    flags = SYN | ACK if is_answer else SYN
    numbers = os.urandom(8) if is_answer else os.urandom(4) + bytes(4)
    tcp = struct.pack("!HH8sBBHHH", source_port, target_port, numbers, _TCP_OCTETS // 4 << 4, flags, 0, 0, 0)
    pseudo = source + target + struct.pack("!IHH", _TCP_OCTETS, 0, socket.IPPROTO_TCP)
    tcp = tcp[:16] + checksum(pseudo + tcp).to_bytes(2, "big") + tcp[18:]
    if len(source) == 16:
        return struct.pack("!IHBB", 6 << 28, _TCP_OCTETS, socket.IPPROTO_TCP, HOPS) + source + target + tcp
    # The kernel fills in the checksum and the identification (raw(7)).
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + _TCP_OCTETS, 0, 0, HOPS, socket.IPPROTO_TCP, 0)
    return head + source + target + tcp


def checksum(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071) of an even number of octets."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def _opened(family: int) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, socket.IPPROTO_RAW)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, MARK)
    return opened
