"""Networks of one's own over the Internet, by UDP: Tailscale, ZeroTier, Nebula, tinc and SoftEther."""

from collections.abc import Iterator, Sequence
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse
from appliance.core.signs.octets import seems_random
from appliance.core.signs.sign import Confidence, Sign

_DISCO: Final = b"TS\xf0\x9f\x92\xac"
"""How Tailscale's ends find each other: behind it a key, a nonce and a sealed box."""
_MIN_DISCO_OCTETS: Final = 6 + 32 + 24 + 16

_ZEROTIER_PORT: Final = 9993
_ZEROTIER_OCTETS: Final = 28
_RESERVED_ADDRESS: Final = 0xFF
_HELLO: Final = 1
_ZEROTIER_VERSIONS: Final = range(4, 32)

_NEBULA_OPENING: Final = bytes.fromhex("10000000 00000000 0000000000000001")
_NEBULA_ANSWER: Final = bytes.fromhex("10000000"), bytes.fromhex("0000000000000002")
_PROTOBUF_DETAILS: Final = 0x0A

_TINC_PACKETS: Final = 8
_TINC_SIZES: Final = 5
_TINC_BLOCK_OCTETS, _TINC_DIGEST_OCTETS = 8, 4

_PACK_ELEMENTS: Final = 64
_PACK_KINDS: Final = 4


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `mesh_vpn`, `tinc` and `softether`."""
    for by, find in (("disco", _disco), ("zerotier", _zerotier), ("nebula", _nebula)):
        confidence = find(facts)
        if confidence:
            yield Sign("mesh_vpn", confidence, by)
    if _is_tinc(facts):
        yield Sign("tinc", Confidence.LIKELY, "sizes")
    confidence = _softether(facts)
    if confidence:
        yield Sign("softether", confidence, "handshake")


def _disco(facts: Facts) -> Confidence | None:
    found = any(one.head.startswith(_DISCO) and one.size >= _MIN_DISCO_OCTETS for one in facts.glimpses)
    return Confidence.STRONG if found else None


def _zerotier(facts: Facts) -> Confidence | None:
    """Packets begin with a number, whom they are for and whom they are from, five octets each."""
    is_port = _ZEROTIER_PORT in (facts.client_port, facts.server_port)
    heads = [(one.is_clients, one.head) for one in facts.glimpses if _has_two_addresses(one)]
    pairs = {(is_clients, head[8:13], head[13:18]) for is_clients, head in heads}
    if any((not is_clients, source, target) in pairs for is_clients, target, source in pairs):
        return Confidence.STRONG if is_port else Confidence.LIKELY
    greets = any(head[18] & 0x78 == 0 and head[27] == _HELLO and head[28] in _ZEROTIER_VERSIONS for _, head in heads)
    return Confidence.LIKELY if is_port and greets else None


def _has_two_addresses(one: Glimpse) -> bool:
    target, source = one.head[8:13], one.head[13:18]
    is_long = one.size > _ZEROTIER_OCTETS and seems_random(one.head[:8])
    return is_long and target != source and all(end[0] != _RESERVED_ADDRESS and any(end) for end in (target, source))


def _nebula(facts: Facts) -> Confidence | None:
    opened = [one for one in facts.glimpses if _is_nebula(one, _NEBULA_OPENING[:4], _NEBULA_OPENING[8:])]
    opened = [one for one in opened if one.head.startswith(_NEBULA_OPENING)]
    if not opened:
        return None
    if any(_is_nebula(one, *_NEBULA_ANSWER) and any(one.head[4:8]) for one in facts.glimpses):
        return Confidence.STRONG
    return Confidence.LIKELY


def _is_nebula(one: Glimpse, kind: bytes, count: bytes) -> bool:
    head = one.head
    return head[:4] == kind and head[8:16] == count and head[16:17] == bytes((_PROTOBUF_DETAILS,))


def _is_tinc(facts: Facts) -> bool:
    """Say whether this may be tinc 1.0, from its port to the same port: blocks of a cipher, a digest, and no word."""
    if facts.client_port != facts.server_port or len(facts.glimpses) < _TINC_PACKETS:
        return False
    fits = all(
        one.size % _TINC_BLOCK_OCTETS == _TINC_DIGEST_OCTETS and seems_random(one.head) for one in facts.glimpses
    )
    return fits and len({one.size for one in facts.glimpses}) >= _TINC_SIZES


def _softether(facts: Facts) -> Confidence | None:
    """Its servers tell a client its outer address, and exchange packs: lists of named values."""
    asks = any(one.is_clients and one.head == b"A" for one in facts.glimpses)
    if asks and any(one.head.startswith(b"IP=") and b",PORT=" in one.head for one in facts.glimpses):
        return Confidence.STRONG
    packs = [one for one in facts.glimpses if _is_pack(one.head)]
    if not packs:
        return None
    return Confidence.STRONG if _is_both_ways(packs) else Confidence.LIKELY


def _is_both_ways(glimpses: Sequence[Glimpse]) -> bool:
    return len({one.is_clients for one in glimpses}) > 1


def _is_pack(head: bytes) -> bool:
    """How many elements; of the first its name, with the size of that and one more, its kind, and how many values."""
    count, size = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    end = 8 + size - 1
    if not (0 < count <= _PACK_ELEMENTS and 2 < size <= 32) or len(head) < end + 8:
        return False
    kind, values = int.from_bytes(head[end : end + 4], "big"), int.from_bytes(head[end + 4 : end + 8], "big")
    is_name = head[8:end].replace(b"_", b"a").isalnum()
    return is_name and kind <= _PACK_KINDS and 0 < values <= _PACK_ELEMENTS
