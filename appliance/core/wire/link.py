"""From a frame to the IP packet in it, whatever stands before: Ethernet, VLAN, PPPoE, MPLS, PPP, 802.11."""

from collections.abc import Callable

from appliance.core.wire.reader import WireError

RAW = 101
"""LINKTYPE_RAW: nothing before the IP packet."""

IPV4, IPV6, BRIDGED, PPP = 0x0800, 0x86DD, 0x6558, 0x880B
"""EtherTypes (IANA) that others name too: a whole Ethernet frame, and a frame of PPP."""
_LLC = 4
"""What stands for 802.2 where an EtherType could (LINKTYPE_LINUX_SLL says so; Ethernet has a length there)."""

_MAX_LAYERS = 16
"""Headers before an IP packet; a frame with more of them is made to tire the reader."""

_FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
"""AF_INET, and AF_INET6 of Linux, the BSDs and macOS."""
_PPP_KINDS = {0x0021: IPV4, 0x0057: IPV6, 0x0281: 0x8847, 0x0283: 0x8848}
_SNAP_OWNERS = (b"\x00\x00\x00", b"\x00\x00\xf8")
"""RFC 1042, and IEEE 802.1H's tunnel encapsulation."""


class UnknownLink(WireError):
    """A kind of link whose frames are not read."""


_Place = tuple[int, int]
"""An EtherType and where what it names begins; type -1 where there is no IP."""
_NOTHING = (-1, 0)


def ip_of(link: int, octets: bytes) -> bytes | None:
    """Return what a frame holds from the IP header on, padding included; None where it holds no IP (ARP, a beacon).

    `link` is pcap's LINKTYPE_. Raises WireError for a frame that ends too early, UnknownLink for one of a link that
    is not read.
    """
    if link == 1 and octets[12:14] == b"\x08\x00":
        return octets[14:]
    try:
        start = _LINKS[link]
    except KeyError:
        raise UnknownLink(f"link type {link} is not read") from None
    try:
        kind, pos = start(octets, 0)
    except IndexError:
        raise WireError("the frame ends within a header") from None
    return ip_within(kind, octets, pos)


def ip_within(kind: int, octets: bytes, pos: int = 0) -> bytes | None:
    """Return the IP packet in what an EtherType names and begins at `pos`, or None. Raises WireError."""
    try:
        for _ in range(_MAX_LAYERS):
            if kind in (IPV4, IPV6):
                return octets[pos:]
            layer = _LAYERS.get(kind)
            if layer is None:
                return None
            kind, pos = layer(octets, pos)
    except IndexError:
        raise WireError("the frame ends within a header") from None
    raise WireError("too many headers before IP")


def _u16(octets: bytes, pos: int) -> int:
    return octets[pos] << 8 | octets[pos + 1]


def _ethernet(octets: bytes, pos: int) -> _Place:
    kind = _u16(octets, pos + 12)
    return (kind if kind >= 0x600 else _LLC), pos + 14


def _vlan(octets: bytes, pos: int) -> _Place:
    """IEEE 802.1Q, and 802.1ad's outer tag."""
    kind = _u16(octets, pos + 2)
    return (kind if kind >= 0x600 else _LLC), pos + 4


def _llc(octets: bytes, pos: int) -> _Place:
    """IEEE 802.2: an EtherType behind SNAP, or IP's own number."""
    points, control = octets[pos : pos + 2], octets[pos + 2]
    if points == b"\xaa\xaa" and control == 3:
        if octets[pos + 3 : pos + 6] in _SNAP_OWNERS:
            return _u16(octets, pos + 6), pos + 8
    elif points == b"\x06\x06" and control == 3:
        return IPV4, pos + 3
    return _NOTHING


def _pppoe(octets: bytes, pos: int) -> _Place:
    """Go into a session's frame (RFC 2516 section 4)."""
    if octets[pos] != 0x11:
        raise WireError("a version of PPPoE that is none")
    return (PPP, pos + 6) if octets[pos + 1] == 0 else _NOTHING


def _ppp(octets: bytes, pos: int) -> _Place:
    """RFC 1661, RFC 1662: with or without address and control, the protocol in two octets or compressed to one."""
    if octets[pos : pos + 2] == b"\xff\x03":
        pos += 2
    if octets[pos] & 1:
        return _PPP_KINDS.get(octets[pos], -1), pos + 1
    return _PPP_KINDS.get(_u16(octets, pos), -1), pos + 2


def _mpls(octets: bytes, pos: int) -> _Place:
    """Labels down to the last (RFC 3032), and IP or a control word and Ethernet (RFC 4448) below."""
    for place in range(pos, pos + 4 * _MAX_LAYERS, 4):
        if octets[place + 2] & 1:
            below = octets[place + 4] >> 4
            if below == 0:
                return BRIDGED, place + 8
            return _raw(octets, place + 4)
    raise WireError("too many labels")


def _raw(octets: bytes, pos: int) -> _Place:
    return {4: IPV4, 6: IPV6}.get(octets[pos] >> 4, -1), pos


def _loopback(octets: bytes, pos: int) -> _Place:
    """LINKTYPE_NULL and _LOOP: an address family in the order of whoever recorded it."""
    big = _u16(octets, pos) << 16 | _u16(octets, pos + 2)
    little = int.from_bytes(octets[pos : pos + 4], "little")
    return _FAMILIES.get(min(big, little), -1), pos + 4


def _chdlc(octets: bytes, pos: int) -> _Place:
    """Cisco's HDLC: address, control, EtherType."""
    return _u16(octets, pos + 2), pos + 4


def _serial(octets: bytes, pos: int) -> _Place:
    """LINKTYPE_PPP_HDLC: PPP, or Cisco's where the address is one of Cisco's (RFC 1547 section 4.3.1)."""
    return _chdlc(octets, pos) if octets[pos] in (0x0F, 0x8F) else (PPP, pos)


def _cooked(octets: bytes, pos: int) -> _Place:
    return _u16(octets, pos + 14), pos + 16


def _cooked2(octets: bytes, pos: int) -> _Place:
    return _u16(octets, pos), pos + 20


def _wireless(octets: bytes, pos: int) -> _Place:
    """Go into data frames (IEEE 802.11 section 9.2), but for empty, protected and aggregated ones."""
    control, flags = octets[pos], octets[pos + 1]
    if control & 0x4F != 0x08 or flags & 0x40:
        return _NOTHING
    size = 30 if flags & 3 == 3 else 24
    if control & 0x80:
        if octets[pos + size] & 0x80:
            return _NOTHING
        size += 6 if flags & 0x80 else 2
    return _LLC, pos + size


def _radiotap(octets: bytes, pos: int) -> _Place:
    """Pass over what the receiver notes; its length stands in octets 2 and 3, little endian."""
    return _wireless(octets, pos + (octets[pos + 2] | octets[pos + 3] << 8))


def _named(kind: int) -> Callable[[bytes, int], _Place]:
    return lambda _octets, pos: (kind, pos)


_LAYERS = {
    _LLC: _llc,
    BRIDGED: _ethernet,
    PPP: _ppp,
    0x8100: _vlan,
    0x88A8: _vlan,
    0x9100: _vlan,
    0x8847: _mpls,
    0x8848: _mpls,
    0x8864: _pppoe,
}
_LINKS = {
    0: _loopback,
    1: _ethernet,
    9: _named(PPP),
    12: _raw,
    14: _raw,
    50: _serial,
    51: _pppoe,
    RAW: _raw,
    104: _chdlc,
    105: _wireless,
    108: _loopback,
    113: _cooked,
    127: _radiotap,
    228: _named(IPV4),
    229: _named(IPV6),
    276: _cooked2,
}
"""LINKTYPE_ numbers of pcap: which of them are read, and how each begins."""
