"""IP within UDP that is a tunnel in clear: Teredo, VXLAN and GTP."""

from collections.abc import Iterator
from typing import Final

from appliance.core.signs.facts import Facts
from appliance.core.signs.sign import Confidence, Sign

_TEREDO_PORT: Final = 3544
_PROOF, _ORIGIN = b"\x00\x01", b"\x00\x00"
_PROOF_OCTETS, _ORIGIN_OCTETS = 13, 8
_IPV6_OCTETS: Final = 40

_VXLAN_PORTS: Final = frozenset({4789, 8472})
_VXLAN: Final = bytes.fromhex("08000000")
_TYPES_WITHIN: Final = frozenset({b"\x08\x00", b"\x08\x06", b"\x86\xdd", b"\x81\x00"})

_GTP_PORTS: Final = {2152: "gtp-u", 2123: "gtp-c", 3386: "gtp-prime"}
_GTP_VERSIONS: Final = {2: 4}
"""Octets of a header that its length does not count, 8 but in version 2 (3GPP TS 29.060, 29.274, 29.281)."""
_GTP_PRIME_OCTETS: Final = 6


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `ip_tunnel`; its ports alone are none."""
    ports = (facts.client_port, facts.server_port)
    if _TEREDO_PORT in ports and any(_is_teredo(one.head, one.size) for one in facts.glimpses):
        yield Sign("ip_tunnel", Confidence.STRONG, "teredo")
    if not _VXLAN_PORTS.isdisjoint(ports) and any(_is_vxlan(one.head) for one in facts.glimpses):
        yield Sign("ip_tunnel", Confidence.STRONG, "vxlan")
    for port, by in _GTP_PORTS.items():
        if port in ports and any(_is_gtp(one.head, one.size) for one in facts.glimpses):
            yield Sign("ip_tunnel", Confidence.STRONG, by)


def _is_teredo(head: bytes, size: int) -> bool:
    """RFC 4380 section 5.1.1: IPv6, which a proof and an origin may precede."""
    start = 0
    if head.startswith(_PROOF):
        start += _PROOF_OCTETS + sum(head[2:4])
    if head.startswith(_ORIGIN, start):
        start += _ORIGIN_OCTETS
    within = head[start:]
    return within[:1] >= b"\x60" and within[:1] < b"\x70" and _IPV6_OCTETS + _number(within[4:6]) == size - start


def _is_vxlan(head: bytes) -> bool:
    """RFC 7348 section 5."""
    return head.startswith(_VXLAN) and head[7:8] == b"\x00" and head[20:22] in _TYPES_WITHIN


def _is_gtp(head: bytes, size: int) -> bool:
    """GTP of versions 0 to 2 and GTP' (3GPP TS 32.295), told by the length that is told."""
    version, is_prime = head[0] >> 5, head[0] & 0x10 == 0
    header = _GTP_PRIME_OCTETS if is_prime and version < 2 else _GTP_VERSIONS.get(version, 8)
    return version <= 2 and head[1:2] > b"\x00" and _number(head[2:4]) + header == size


def _number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")
