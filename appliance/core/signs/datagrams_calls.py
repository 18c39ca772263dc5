"""Calls and what sets them up: STUN, TURN, and the media that follow, by DTLS or as RTP."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from appliance.core.signs.facts import Facts, Glimpse
from appliance.core.signs.octets import sides
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.reader import Reader, WireError

_COOKIE: Final = bytes.fromhex("2112a442")
_STUN_OCTETS: Final = 20
_STUN_PORT: Final = 3478
_BINDING, _BOUND = 0x0001, 0x0101
_TURN_METHODS: Final = frozenset({3, 4, 6, 7, 8, 9})
"""RFC 8656 section 17."""
_ICE: Final = frozenset({0x0024, 0x0025, 0x8029, 0x802A})
"""Attributes of RFC 8445 section 16.1: one of two ends tries to reach the other."""
_CHANNELS: Final = range(0x40, 0x50)
_CHANNEL_OCTETS: Final = 4

_DTLS_KINDS: Final = range(20, 26)
_DTLS_VERSIONS: Final = (b"\xfe\xff", b"\xfe\xfd")
_CLIENTS_HELLO: Final = 1
_USE_SRTP: Final = 14
"""RFC 5764 section 4.1.1: media of a call are to follow."""

_RTP_OCTETS: Final = 12
_RTCP_KINDS: Final = range(192, 224)
_SURE_MEDIA: Final = 2
_LIKELY_MEDIA: Final = 4


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `stun`, `turn` and `call`.

    The first two are never strong, sure as they are: a strong sign ends the watch, and only what follows tells a call.
    """
    packets = facts.glimpses
    types = [int.from_bytes(one.head[:2], "big") for one in packets if is_stun(one.head, one.size)]
    if types:
        yield Sign("stun", Confidence.LIKELY, "cookie")
        if any(_method(one) in _TURN_METHODS for one in types):
            yield Sign("turn", Confidence.LIKELY, "request")
        if any(_is_between_ends(one) for one in packets):
            yield Sign("call", Confidence.LIKELY, "ice")
        media = [_within_channel(one) for one in packets]
        if any(_is_dtls(one.head) for one in media):
            yield Sign("call", Confidence.STRONG, "dtls")
        if _most_media(media) >= _SURE_MEDIA:
            yield Sign("call", Confidence.STRONG, "media")
        return
    yield from _classic(facts)
    if _offers_srtp(facts.first) or _offers_srtp(facts.answer):
        yield Sign("call", Confidence.STRONG, "dtls")
    elif _most_media(packets) >= _LIKELY_MEDIA:
        yield Sign("call", Confidence.LIKELY, "media")


def is_stun(head: bytes, size: int) -> bool:
    """Say whether a packet is STUN's (RFC 8489 section 5)."""
    return head[4:8] == _COOKIE and head[0] < 0x40 and int.from_bytes(head[2:4], "big") + _STUN_OCTETS == size


def _method(kind: int) -> int:
    """Return the method in a type: the bits of its class lie between (RFC 8489 section 5)."""
    return kind & 0x000F | (kind & 0x00E0) >> 1 | (kind & 0x3E00) >> 2


def _is_between_ends(one: Glimpse) -> bool:
    """Say whether a packet is a check of ICE, as far as its head goes."""
    if one.head[:2] != b"\x00\x01" or not is_stun(one.head, one.size):
        return False
    at = _STUN_OCTETS
    while at + 4 <= len(one.head):
        if int.from_bytes(one.head[at : at + 2], "big") in _ICE:
            return True
        at += 4 + (int.from_bytes(one.head[at + 2 : at + 4], "big") + 3 & ~3)
    return False


def _classic(facts: Facts) -> Iterator[Sign]:
    """RFC 3489 had no cookie: a question and its answer have sixteen octets in common."""
    asked = [one for one in facts.glimpses if _is_classic(one, _BINDING)]
    numbers = {(not one.is_clients, one.head[4:20]) for one in asked}
    if any(_is_classic(one, _BOUND) and (one.is_clients, one.head[4:20]) in numbers for one in facts.glimpses):
        yield Sign("stun", Confidence.LIKELY, "classic")
    elif asked and facts.server_port == _STUN_PORT:
        yield Sign("stun", Confidence.WEAK, "classic")


def _is_classic(one: Glimpse, kind: int) -> bool:
    fits = (
        int.from_bytes(one.head[:2], "big") == kind and int.from_bytes(one.head[2:4], "big") + _STUN_OCTETS == one.size
    )
    return fits and any(one.head[4:20])


def _within_channel(one: Glimpse) -> Glimpse:
    """Return what TURN carries in a channel (RFC 8656 section 12.4), or the packet itself."""
    size = int.from_bytes(one.head[2:4], "big")
    if one.head[0] in _CHANNELS and 0 <= one.size - _CHANNEL_OCTETS - size < 4 and size:
        return one._replace(size=size, head=one.head[_CHANNEL_OCTETS : _CHANNEL_OCTETS + size])
    return one


def _is_dtls(head: bytes) -> bool:
    """RFC 6347 section 4.1."""
    return head[0] in _DTLS_KINDS and head[1:3] in _DTLS_VERSIONS


def _offers_srtp(octets: bytes) -> bool:
    """Say whether a hello of DTLS, whole or not, says so (RFC 6347 section 4.2)."""
    if not octets or not _is_dtls(octets) or octets[13:14] != bytes((_CLIENTS_HELLO,)):
        return False
    reader = Reader(octets, min(25, len(octets)))
    try:
        reader.skip(2 + 32)
        reader.skip(reader.u8())
        reader.skip(reader.u8())
        reader.skip(reader.u16())
        reader.skip(reader.u8())
        reader.skip(2)
        while reader.u16() != _USE_SRTP:
            reader.skip(reader.u16())
    except WireError:
        return False
    return True


def _most_media(packets: Sequence[Glimpse]) -> int:
    """Return how many packets of RTP or RTCP come one after the other from one source, the way with most of them."""
    most = 0
    for side in sides(packets):
        runs: dict[tuple[bool, bytes], list[int]] = {}
        for one in side:
            found = _media(one)
            if found:
                runs.setdefault(found[:2], []).append(found[2])
        for (is_control, _), numbers in runs.items():
            most = max(most, len(numbers) if is_control else _consecutive(numbers))
    return most


def _media(one: Glimpse) -> tuple[bool, bytes, int] | None:
    """Return whether it is RTCP, the source's number, and the packet's (RFC 3550 sections 5.1, 6.4)."""
    head = one.head
    if len(head) < _RTP_OCTETS or head[0] >> 6 != 2:
        return None
    if head[1] in _RTCP_KINDS:
        is_whole = 4 + 4 * int.from_bytes(head[2:4], "big") <= one.size
        return (True, head[4:8], 0) if is_whole and any(head[4:8]) else None
    return False, head[8:12], int.from_bytes(head[2:4], "big")


def _consecutive(numbers: Sequence[int]) -> int:
    """Return how many packets of RTP are in a row, those of gaps of a few counted."""
    if len(set(numbers)) < len(numbers):
        numbers = sorted(set(numbers))
    gaps = [(late - early) % 0x10000 for early, late in pairwise(numbers)]
    return 1 + sum(0 < gap <= 8 for gap in gaps)
