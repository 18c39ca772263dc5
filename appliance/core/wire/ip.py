"""IPv4 and IPv6 headers, and the ports of what stands above: from octets to a packet or a piece of one."""

from struct import Struct, error

import msgspec

from appliance.core.wire.packet import Packet, Protocol
from appliance.core.wire.reader import WireError

_V4 = Struct("!BxHHHxB2x4s4s")
_V6 = Struct("!4xHBx16s16s")
_TCP = Struct("!HHIIBB6x")
_UDP = Struct("!HHH2x")
_PORTS = Struct("!HH")
_PIECE = Struct("!BxHI")

_HOP, _ROUTING, _FRAGMENT, _DESTINATION = 0, 43, 44, 60
_TO_SKIP = (_HOP, _ROUTING, _DESTINATION, Protocol.AH)
_MAX_EXTENSIONS = 16
"""Extension headers of one packet; real ones have three or four."""


class Fragment(msgspec.Struct, frozen=True):
    """A piece of a packet."""

    source: bytes
    target: bytes
    ident: int
    protocol: int
    """Of the whole (IPv4), or of what follows the piece's header (IPv6: only the first piece's counts)."""
    offset: int
    """In octets."""
    payload: bytes
    has_more: bool


def parse(octets: bytes) -> Packet | Fragment:
    """Return the packet, or piece of a packet, that an IP header begins.

    What follows the packet's own length is padding and is cut off; a length beyond the octets is a recording's that was
    cut short, and the payload is what is there; so is UDP's where its length claims more than there is. A length of 0
    means all (a sending card's offload, RFC 2675). Raises WireError. RFC 791, RFC 8200.
    """
    try:
        version = octets[0] >> 4
        if version == 4:
            return _parse4(octets)
        if version == 6:
            return _parse6(octets)
    except (IndexError, error):
        raise WireError("the packet ends within a header") from None
    raise WireError(f"version {version} of IP")


def finish(source: bytes, target: bytes, protocol: int, body: bytes) -> Packet:
    """Return the packet that pieces were put together to: `body` is what followed IP's header. Raises WireError."""
    try:
        if len(source) == 4:
            return _above(source, target, protocol, body, len(body))
        found = _extended(source, target, protocol, body, len(body))
    except (IndexError, error):
        raise WireError("the packet ends within a header") from None
    if isinstance(found, Fragment):
        raise WireError("a piece within a piece")
    return found


def _parse4(octets: bytes) -> Packet | Fragment:
    first, total, ident, place, protocol, source, target = _V4.unpack_from(octets)
    head = (first & 15) * 4
    total = total or len(octets)
    if head < 20 or head > total:
        raise WireError("IPv4 lengths that cannot be")
    body = octets[head:total]
    if place & 0x3FFF:
        return _piece(Fragment(source, target, ident, protocol, (place & 0x1FFF) * 8, body, bool(place & 0x2000)))
    return _above(source, target, protocol, body, total - head)


def _parse6(octets: bytes) -> Packet | Fragment:
    size, protocol, source, target = _V6.unpack_from(octets)
    size = size or len(octets) - 40
    return _extended(source, target, protocol, octets[40 : 40 + size], size)


def _extended(source: bytes, target: bytes, protocol: int, body: bytes, size: int) -> Packet | Fragment:
    """Pass over IPv6's extension headers (RFC 8200 section 4); `size` is what the body should measure."""
    pos = 0
    for _ in range(_MAX_EXTENSIONS):
        if protocol == _FRAGMENT:
            following, place, ident = _PIECE.unpack_from(body, pos)
            pos += 8
            if place & 0xFFF9:
                rest = body[pos:]
                return _piece(Fragment(source, target, ident, following, place & 0xFFF8, rest, bool(place & 1)))
        elif protocol in _TO_SKIP:
            following = body[pos]
            pos += (body[pos + 1] + 2) * 4 if protocol == Protocol.AH else (body[pos + 1] + 1) * 8
        else:
            if pos > size:
                raise WireError("an extension header beyond the packet")
            return _above(source, target, protocol, body[pos:] if pos else body, size - pos)
        protocol = following
    raise WireError("too many extension headers")


def _piece(piece: Fragment) -> Fragment:
    """Refuse a piece that cannot be of any packet (RFC 791 section 3.2, RFC 8200 section 4.5)."""
    if piece.offset + len(piece.payload) > 0xFFFF:
        raise WireError("a piece beyond any packet's end")
    if not piece.payload:
        raise WireError("an empty piece")
    return piece


def _above(source: bytes, target: bytes, protocol: int, body: bytes, size: int) -> Packet:
    """Read the ports; `size` is what the body should measure, of which a short recording kept the first part."""
    if protocol == Protocol.TCP:
        source_port, target_port, sequence, acknowledged, head, flags = _TCP.unpack_from(body)
        head = (head >> 4) * 4
        if head < 20 or head > size:
            raise WireError("a TCP header of a length that cannot be")
        ports = source_port, target_port
        return Packet(source, target, protocol, *ports, body[head:], sequence, flags, acknowledged)
    if protocol == Protocol.UDP:
        source_port, target_port, length = _UDP.unpack_from(body)
        if length < 8:
            raise WireError("a UDP length that cannot be")
        return Packet(source, target, protocol, source_port, target_port, body[8:length])
    if protocol == Protocol.SCTP:
        source_port, target_port = _PORTS.unpack_from(body)
        return Packet(source, target, protocol, source_port, target_port, body)
    return Packet(source, target, protocol, payload=body)
