"""IP packets within packets: IP-in-IP, 6in4, GRE, GTP-U, VXLAN and Teredo, one layer at a time."""

from appliance.core.wire.link import BRIDGED, PPP, ip_within
from appliance.core.wire.packet import Packet, Protocol
from appliance.core.wire.reader import Reader, WireError

_GTP_U, _VXLAN, _TEREDO = 2152, (4789, 8472), 3544
"""Ports of UDP, 8472 being Linux's old one for VXLAN."""
_MAX_EXTENSIONS = 16


def inside(packet: Packet) -> bytes | None:
    """Return the IP packet that a packet carries, or None where it is no tunnel or holds nothing readable.

    GTP-U, VXLAN and Teredo are looked for on their own ports only, and whether these are IP's octets is for the caller
    to find out: an ordinary packet on such a port may look like a tunnel up to there.
    """
    try:
        match packet.protocol:
            case Protocol.UDP:
                return _inside_udp(packet)
            case Protocol.GRE:
                return _inside_gre(Reader(packet.payload))
            case 4 | 41:  # RFC 2003, RFC 4213; whichever IP is outside
                return packet.payload
    except WireError:
        return None
    return None


def _inside_udp(packet: Packet) -> bytes | None:
    if packet.target_port in _VXLAN:
        return _inside_vxlan(packet.payload)
    ports = (packet.source_port, packet.target_port)
    if _GTP_U in ports:
        return _inside_gtp(Reader(packet.payload))
    if _TEREDO in ports:
        return _inside_teredo(Reader(packet.payload))
    return None


def _rest(reader: Reader) -> bytes:
    return reader.take(reader.left)


def _inside_gre(reader: Reader) -> bytes | None:
    """RFC 2784, RFC 2890; version 1 is PPTP's (RFC 2637 section 4.1)."""
    flags, kind = reader.u16(), reader.u16()
    version = flags & 7
    if version > 1 or flags & 0x4000:
        return None
    has_checksum, has_key, has_sequence, has_answer = (bool(flags & bit) for bit in (0x8000, 0x2000, 0x1000, 0x0080))
    if version == 1 and (kind != PPP or not has_sequence):
        return None
    reader.skip(4 * (has_checksum + has_key + has_sequence + (has_answer and version == 1)))
    return ip_within(kind, _rest(reader))


def _inside_gtp(reader: Reader) -> bytes | None:
    """Go into a user's packet (G-PDU) of GTPv1-U, 3GPP TS 29.281 section 5."""
    flags, kind = reader.u8(), reader.u8()
    if flags >> 4 != 3 or kind != 255:
        return None
    reader.skip(6)
    if flags & 7:
        reader.skip(3)
        following = reader.u8()
        for _ in range(_MAX_EXTENSIONS if flags & 4 else 0):
            if following == 0:
                break
            reader.skip(4 * reader.u8() - 2)
            following = reader.u8()
    return _rest(reader)


def _inside_vxlan(octets: bytes) -> bytes | None:
    """RFC 7348 section 5: a frame behind eight octets, of which the first says that there is a network's number."""
    return ip_within(BRIDGED, octets, 8) if octets[:1] == b"\x08" else None


def _inside_teredo(reader: Reader) -> bytes | None:
    """RFC 4380 section 5.1.1: IPv6, which a proof and an origin may precede."""
    for _ in range(3):
        mark = reader.u8()
        if mark >> 4 == 6:
            return bytes((mark,)) + _rest(reader)
        match mark, reader.u8():
            case 0, 1:
                sizes = reader.u8() + reader.u8()
                reader.skip(sizes + 9)
            case 0, 0:
                reader.skip(6)
            case _:
                return None
    return None
