"""Neighbour discovery as far as the guard reads and writes it: from an Ethernet frame to a message, and back.

RFC 4861, RFC 8106 (RDNSS). Checksums are the kernel's matter: a device believes none that is wrong, and what the guard
does upon a message it checks by asking.
"""

from ipaddress import IPv6Address, IPv6Network
from struct import Struct

import msgspec

from appliance.core.wire.reader import Reader, WireError

ADVERTISE_ROUTER, SOLICIT, ADVERTISE = 134, 135, 136
ALL_NODES = IPv6Address("ff02::1")
SOURCE_LINK, PREFIX, RDNSS = 1, 3, 25
ON_LINK, AUTONOMOUS = 0x80, 0x40
HOP_LIMIT = 255
"""Of every such message: one that came through a router has less."""
MAX_TOLD = 16
"""Prefixes and servers of one advertisement that are kept."""
LEAVING_S = 7_200
"""What is left of a prefix that is taken back: less is not believed (RFC 4862, 5.5.3)."""

_ETHER, _ICMP6 = 14, 58
_GROUP = int(IPv6Address("ff02::1:ff00:0"))
_ADVERT = Struct("!BBHBBHII")
_PREFIX = Struct("!BBBBIII16s")


class Advertised(msgspec.Struct, frozen=True):
    """A router's advertisement; `mac` is the sender's on the wire."""

    mac: str
    source: IPv6Address
    lifetime_s: int
    """As a default router; 0: it is none."""
    prefixes: tuple[IPv6Network, ...] = ()
    """Of which devices give themselves addresses, or that they believe to be near."""
    rdnss: tuple[IPv6Address, ...] = ()
    longest_s: int = 0
    """How long the longest lasting of all this holds."""


class Solicited(msgspec.Struct, frozen=True):
    """A question who has an address; from nowhere (``::``) it says that the asker is about to have it itself."""

    mac: str
    source: IPv6Address
    target: IPv6Address


class Answered(msgspec.Struct, frozen=True):
    """Somebody has this address."""

    mac: str
    target: IPv6Address


Message = Advertised | Solicited | Answered


def parse(frame: bytes) -> Message | None:
    """Return the message of an Ethernet frame, None for one of another kind. Raises WireError."""
    reader = Reader(frame)
    reader.skip(6)
    mac = reader.take(6).hex(":")
    if reader.u16() != 0x86DD or reader.u8() >> 4 != 6:
        return None
    reader.skip(3)
    size, following, hop_limit = reader.u16(), reader.u8(), reader.u8()
    source = IPv6Address(reader.take(16))
    reader.skip(16)
    if following != _ICMP6:
        return None
    body = Reader(reader.take(size))
    kind, code = body.u8(), body.u8()
    body.skip(2)
    if hop_limit != HOP_LIMIT or code != 0:
        raise WireError("no message of a neighbour's")
    if kind == ADVERTISE_ROUTER:
        return _advertised(mac, source, body)
    body.skip(4)
    if kind == SOLICIT:
        return Solicited(mac, source, _unicast(body))
    if kind == ADVERTISE:
        return Answered(mac, _unicast(body))
    return None


def _unicast(body: Reader) -> IPv6Address:
    found = IPv6Address(body.take(16))
    if found.is_multicast or found.is_unspecified:
        raise WireError(f"{found} is nobody's address")
    return found


def _advertised(mac: str, source: IPv6Address, body: Reader) -> Advertised:
    if not source.is_link_local:
        raise WireError("a router speaks with its link-local address")
    body.skip(2)
    lifetime_s = body.u16()
    body.skip(8)
    prefixes: list[IPv6Network] = []
    rdnss: list[IPv6Address] = []
    lasting = [lifetime_s]
    while body.left:
        kind, size = body.u8(), body.u8() * 8
        if not size:
            raise WireError("an option without a length")
        option = Reader(body.take(size - 2))
        if kind == PREFIX:
            length, flags, valid_s = option.u8(), option.u8(), option.u32()
            option.skip(8)
            if length > 128:
                raise WireError(f"a prefix of {length} bits")
            if valid_s and flags & (ON_LINK | AUTONOMOUS):
                prefixes.append(IPv6Network((option.take(16), length), strict=False))
                lasting.append(valid_s)
        elif kind == RDNSS:
            option.skip(2)
            seconds = option.u32()
            if seconds:
                rdnss += [IPv6Address(option.take(16)) for _ in range(option.left // 16)]
                lasting.append(seconds)
    return Advertised(mac, source, lifetime_s, tuple(prefixes[:MAX_TOLD]), tuple(rdnss[:MAX_TOLD]), max(lasting))


def solicitation(target: IPv6Address, mac: str) -> tuple[IPv6Address, bytes]:
    """Return the question who has an address, without checksum, and the group that it is sent to."""
    group = IPv6Address(_GROUP | int(target) & 0xFFFFFF)
    own = bytes((SOURCE_LINK, 1)) + bytes.fromhex(mac.replace(":", ""))
    return group, bytes((SOLICIT,)) + bytes(7) + target.packed + own


def farewell(prefixes: tuple[IPv6Network, ...]) -> bytes:
    """Return the advertisement, without checksum, of a router that is one no longer, and takes its prefixes back."""
    told = b"".join(
        _PREFIX.pack(PREFIX, 4, one.prefixlen, AUTONOMOUS, LEAVING_S, 0, 0, one.network_address.packed)
        for one in prefixes
    )
    return _ADVERT.pack(ADVERTISE_ROUTER, 0, 0, 0, 0, 0, 0, 0) + told
