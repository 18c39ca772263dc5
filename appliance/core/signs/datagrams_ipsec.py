"""IPsec over UDP (IKE, and ESP behind NAT), and L2TP."""

from collections.abc import Iterator, Sequence
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse
from appliance.core.signs.octets import is_count, seems_random, sides
from appliance.core.signs.sign import Confidence, Sign

_NAT_PORT: Final = 4500
_KEEPALIVE: Final = b"\xff"
_NO_ESP: Final = bytes(4)
"""Before IKE where ESP is spoken too (RFC 3948 section 2.2)."""
_IKE_OCTETS: Final = 28
_EXCHANGES: Final = {1: frozenset({1, 2, 3, 4, 5, 6, 32, 33}), 2: frozenset(range(34, 45))}
"""By IKE's version (RFC 2408 section 3.1, RFC 2409 appendix A; RFC 7296 section 3.1)."""
_FLAGS: Final = {1: 0x07, 2: 0x38}
_MIN_ESP_OCTETS: Final = 24
_FIRST_SPI: Final = 256
_SURE_PACKETS: Final = 4

_L2TP_PORT: Final = 1701
_L2TP_CONTROL: Final = {0xC802: 12, 0xC803: 12}
"""Flags and version of a message of control: octets before what it tells (RFC 2661 section 3.1, RFC 3931 3.2.1)."""
_L2TP_DATA: Final = 0x4002
_MESSAGE_TYPE: Final = bytes.fromhex("8008000000 00")
_LAST_MESSAGE: Final = 32


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `ipsec` and `l2tp`."""
    if any(is_ike(one.head, one.size) for one in facts.glimpses):
        yield Sign("ipsec", Confidence.STRONG, "ike")
    elif _NAT_PORT in (facts.client_port, facts.server_port):
        confidence = _esp(facts.glimpses)
        if confidence:
            yield Sign("ipsec", confidence, "esp")
    for one in facts.glimpses:
        confidence = _l2tp(one, _L2TP_PORT in (facts.client_port, facts.server_port))
        if confidence:
            yield Sign("l2tp", confidence, "control" if confidence is Confidence.STRONG else "data")
            return


def is_ike(head: bytes, size: int) -> bool:
    """Say whether a packet of `size` octets that begins so is IKE's, whichever port it goes to."""
    if head[:4] == _NO_ESP:
        head, size = head[4:], size - 4
    if len(head) < _IKE_OCTETS or not any(head[:8]):
        return False
    version = head[17] >> 4
    return (
        head[18] in _EXCHANGES.get(version, ())
        and head[17] & 0x0F == 0
        and head[19] & ~_FLAGS[version] == 0
        and int.from_bytes(head[24:28], "big") == size
    )


def _esp(glimpses: Sequence[Glimpse]) -> Confidence | None:
    """Say how sure it is that all packets are ESP's (RFC 4303 section 2), or keep its way open."""
    packets = [one for one in glimpses if one.head != _KEEPALIVE]
    if not all(_is_esp(one) for one in packets):
        return None
    for side in sides(packets):
        if len({one.head[:4] for one in side}) > 1:
            return None
        if not is_count(sorted({int.from_bytes(one.head[4:8], "big") for one in side})):
            return None
    if len(packets) >= _SURE_PACKETS:
        return Confidence.STRONG
    return Confidence.WEAK if len(glimpses) == len(packets) == 1 else Confidence.LIKELY


def _is_esp(one: Glimpse) -> bool:
    is_numbered = int.from_bytes(one.head[:4], "big") >= _FIRST_SPI and any(one.head[4:8])
    return is_numbered and one.size >= _MIN_ESP_OCTETS and one.size % 4 == 0 and seems_random(one.head[8:])


def _l2tp(one: Glimpse, is_port: bool) -> Confidence | None:
    head = one.head
    mark = int.from_bytes(head[:2], "big")
    if int.from_bytes(head[2:4], "big") != one.size:
        return None
    start = _L2TP_CONTROL.get(mark, 0)
    if start and head[start : start + 6] == _MESSAGE_TYPE:
        return Confidence.STRONG if 0 < int.from_bytes(head[start + 6 : start + 8], "big") <= _LAST_MESSAGE else None
    return Confidence.LIKELY if is_port and (mark == _L2TP_DATA or (start and one.size == start)) else None
