"""WireGuard, and Cloudflare's WARP, which says in WireGuard's reserved octets whose packet it is."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse
from appliance.core.signs.octets import is_count, seems_random, sides
from appliance.core.signs.sign import Confidence, Sign

_INITIATION, _RESPONSE, _COOKIE, _DATA = 1, 2, 3, 4
_SIZES: Final = {_INITIATION: 148, _RESPONSE: 92, _COOKIE: 64}
"""Octets of a message (WireGuard's white paper, section 5.4); others, which pad it, are never below."""
_MARK: Final = 0xC0
"""What WARP's later edition adds to the kind of a message."""
_MIN_DATA_OCTETS, _BLOCK_OCTETS = 32, 16
_NO_RESERVED: Final = bytes(3)
_SURE_PACKETS: Final = 4

_WARP_PORTS: Final = frozenset({2408, 500, 1701, 4500})
_WARP_NETWORKS: Final = tuple(
    ip_network(text).network_address.packed[: ip_network(text).prefixlen // 8]
    for text in ("162.159.192.0/24", "162.159.193.0/24", "2606:4700:d0::/48", "2606:4700:100::/48")
)
"""Whole octets of the networks that Cloudflare publishes as those of its WARP."""


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `wireguard` or `warp`."""
    if facts.glimpses[0].head[0] & ~_MARK not in range(_INITIATION, _DATA + 1):
        return
    is_warp = facts.server.startswith(_WARP_NETWORKS)
    for one in facts.glimpses:
        kind = one.head[0]
        if kind & ~_MARK != _INITIATION or one.size < _SIZES[_INITIATION] or not _has_key(one):
            continue
        has_reserved = kind & _MARK != 0 or one.head[1:4] != _NO_RESERVED
        if _is_answered(one, facts.glimpses):
            yield Sign("warp" if is_warp or has_reserved else "wireguard", Confidence.STRONG, "handshake")
            return
        if one.size == _SIZES[_INITIATION] and kind == _INITIATION and not has_reserved:
            yield Sign("warp" if is_warp else "wireguard", Confidence.STRONG, "initiation")
            return
        if one.size == _SIZES[_INITIATION] and facts.server_port in _WARP_PORTS:
            yield Sign("warp", Confidence.LIKELY, "initiation")
    confidence = _middle(facts.glimpses)
    if confidence:
        yield Sign("warp" if is_warp else "wireguard", confidence, "middle")


def _has_key(initiation: Glimpse) -> bool:
    """Say whether a key may be in it, which is a number below 2^255, the least octet first (RFC 7748 section 5)."""
    head = initiation.head
    return seems_random(head[8:]) and (initiation.size != _SIZES[_INITIATION] or head[39] < 0x80)


def _is_answered(initiation: Glimpse, glimpses: Sequence[Glimpse]) -> bool:
    """Say whether a response names the initiation's sender, or is itself named by the data that follows."""
    mark = initiation.head[0] & _MARK
    followed = {
        one.head[1:8]
        for one in glimpses
        if one.is_clients is initiation.is_clients and one.head[0] == mark | _DATA and one.size >= _MIN_DATA_OCTETS
    }
    return any(
        one.is_clients is not initiation.is_clients
        and one.head[0] == mark | _RESPONSE
        and one.size >= _SIZES[_RESPONSE]
        and (one.head[8:12] == initiation.head[4:8] or one.head[1:8] in followed)
        and any(one.head[4:12])
        for one in glimpses
    )


def _middle(glimpses: Sequence[Glimpse]) -> Confidence | None:
    """Say how sure it is that a flow, whose beginning was not seen, is WireGuard's, all of it."""
    data = []
    for one in glimpses:
        kind = one.head[0]
        if one.head[1:4] != _NO_RESERVED or not any(one.head[4:8]):
            return None
        if kind == _DATA and _is_data(one):
            data.append(one)
        elif kind not in (_RESPONSE, _COOKIE) or one.size != _SIZES[kind] or not seems_random(one.head[8:]):
            return None
    for side in sides(data):
        counts = [int.from_bytes(one.head[8:16], "little") for one in side]
        if (
            len({one.head[4:8] for one in side}) > 1
            or not is_count(sorted(set(counts)))
            or max(counts, default=0) >> 40
        ):
            return None
    if len(data) >= _SURE_PACKETS:
        return Confidence.STRONG
    is_keepalive = data and data[0].size == _MIN_DATA_OCTETS
    return Confidence.WEAK if len(glimpses) == len(data) == 1 and not is_keepalive else Confidence.LIKELY


def _is_data(one: Glimpse) -> bool:
    return one.size >= _MIN_DATA_OCTETS and one.size % _BLOCK_OCTETS == 0 and seems_random(one.head[16:])
