"""The signs of a flow of a protocol of IP's that has no ports."""

from collections.abc import Iterator
from typing import Final

from appliance.core.signs.facts import Facts
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.packet import Protocol

_IPSEC: Final = {Protocol.ESP: "esp", Protocol.AH: "ah", 108: "ipcomp"}
_IP_WITHIN: Final = {4: "ip", 41: "ip", 55: "mobile", 94: "ipip", 97: "etherip", 98: "encap", 137: "mpls"}
"""RFC 2003, RFC 4213, RFC 2004, KA9Q's, RFC 3378, RFC 1241, RFC 4023."""
_VERSIONS: Final = {4: "4", 41: "6"}
"""How what is within begins."""
_L2TP: Final = 115
"""RFC 3931 section 4.1.1."""
_GRE_VERSION: Final = 0x07
_PPTP: Final = 1, b"\x88\x0b"
"""RFC 2637 section 4.1."""

_ECHOES: Final = b"\x00", b"\x08"
_ECHO_OCTETS: Final = 8
_MAX_IPV4_OCTETS: Final = 60


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `ipsec`, `l2tp`, `pptp` and `ip_tunnel`."""
    protocol = facts.protocol
    if protocol in _IPSEC:
        yield Sign("ipsec", Confidence.STRONG, _IPSEC[protocol])
    elif protocol == _L2TP:
        yield Sign("l2tp", Confidence.STRONG, "protocol")
    elif protocol in _IP_WITHIN:
        is_ip = protocol not in _VERSIONS or facts.first[:1].hex()[:1] == _VERSIONS[protocol]
        yield Sign("ip_tunnel", Confidence.STRONG if is_ip else Confidence.LIKELY, _IP_WITHIN[protocol])
    elif protocol == Protocol.GRE:
        is_pptp = any((one.head[1] & _GRE_VERSION, one.head[2:4]) == _PPTP for one in facts.glimpses if one.size >= 4)
        yield Sign("pptp" if is_pptp else "ip_tunnel", Confidence.STRONG, "gre")
    elif protocol == Protocol.ICMP and any(_is_ip_in_echo(one.head, one.size) for one in facts.glimpses):
        yield Sign("ip_tunnel", Confidence.STRONG, "icmp")


def _is_ip_in_echo(head: bytes, size: int) -> bool:
    """Say whether an echo (RFC 792) carries a whole packet of IPv4, whose sum is right."""
    within = head[_ECHO_OCTETS : _ECHO_OCTETS + _MAX_IPV4_OCTETS]
    if head[:1] not in _ECHOES or len(within) < 20 or not 0x45 <= within[0] <= 0x4F:
        return False
    header = within[: 4 * (within[0] & 0x0F)]
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    return int.from_bytes(within[2:4], "big") == size - _ECHO_OCTETS and total % 0xFFFF == 0
