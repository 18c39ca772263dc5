"""What tunnels carry is taken out, and what only looks like one is left alone."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.packet import Packet
from appliance.core.wire.tunnels import inside
from tests.core.wire.frames import A4, B4, ethernet, ipv4, ipv6, udp

FOUR, SIX = ipv4(udp(b"x")), ipv6(udp(b"x"))
GTP = b"\x00\x20\x00\x00\x00\x01"
PROOF = b"\x00\x01\x02\x03" + bytes(2 + 3 + 9)
ORIGIN = bytes(8)


def packet(payload: bytes, protocol: int = 47, ports: tuple[int, int] = (0, 0)) -> Packet:
    """Return the outer packet."""
    return Packet(A4, B4, protocol, *ports, payload)


def gre(flags: int, kind: int, rest: bytes) -> Packet:
    """Return a packet of GRE."""
    return packet(struct.pack("!HH", flags, kind) + rest)


def over_udp(port: int, payload: bytes) -> Packet:
    """Return a datagram to a port."""
    return packet(payload, 17, (50000, port))


FOUND = {
    "IP-in-IP": (packet(FOUR, 4), FOUR),
    "6in4": (packet(SIX, 41), SIX),
    "GRE": (gre(0, 0x0800, FOUR), FOUR),
    "GRE, IPv6": (gre(0, 0x86DD, SIX), SIX),
    "GRE, all fields": (gre(0xB000, 0x0800, bytes(12) + FOUR), FOUR),
    "GRE, Ethernet": (gre(0x2000, 0x6558, bytes(4) + ethernet(FOUR)), FOUR),
    "PPTP": (gre(0x3001, 0x880B, bytes(8) + b"\xff\x03\x00\x21" + FOUR), FOUR),
    "PPTP that answers": (gre(0x3081, 0x880B, bytes(12) + b"\x21" + FOUR), FOUR),
    "GTP": (over_udp(2152, b"\x30\xff" + GTP + FOUR), FOUR),
    "GTP back": (packet(b"\x30\xff" + GTP + FOUR, 17, (2152, 40000)), FOUR),
    "GTP, numbered": (over_udp(2152, b"\x32\xff" + GTP + b"\x00\x01\x00\x99" + SIX), SIX),
    "GTP, extended": (
        over_udp(2152, b"\x34\xff" + GTP + b"\x00\x00\x00\x85\x01\x00\x00\xc0\x01\x00\x00\x00" + SIX),
        SIX,
    ),
    "VXLAN": (over_udp(4789, b"\x08" + bytes(7) + ethernet(FOUR)), FOUR),
    "VXLAN of old": (over_udp(8472, b"\x08" + bytes(7) + ethernet(SIX, 0x86DD)), SIX),
    "Teredo": (over_udp(3544, SIX), SIX),
    "Teredo back": (packet(SIX, 17, (3544, 50000)), SIX),
    "Teredo, proof and origin": (over_udp(3544, PROOF + ORIGIN + SIX), SIX),
}
NOTHING = {
    "TCP": packet(FOUR, 6),
    "UDP": over_udp(53, FOUR),
    "GRE, routed": gre(0x4000, 0x0800, FOUR),
    "GRE of a later age": gre(2, 0x0800, FOUR),
    "GRE of something else": gre(0, 0x88BE, FOUR),
    "GRE, cut": packet(b"\x20"),
    "GRE, its Ethernet cut": gre(0, 0x6558, bytes(9)),
    "PPTP that only answers": gre(0x2081, 0x880B, bytes(8)),
    "PPTP of something else": gre(0x3001, 0x0800, bytes(8) + FOUR),
    "PPTP, encrypted": gre(0x3001, 0x880B, bytes(8) + b"\xfd\x90\x01\x02"),
    "GTP's echo": over_udp(2152, b"\x30\x01" + GTP),
    "GTP of charging": over_udp(2152, b"\x20\xff" + GTP + FOUR),
    "GTP, cut": over_udp(2152, b"\x34\xff" + GTP),
    "GTP, an extension of no length": over_udp(2152, b"\x34\xff" + GTP + b"\x00\x00\x00\x85\x00\x00\x00\x00" + SIX),
    "VXLAN without a network": over_udp(4789, bytes(8) + ethernet(FOUR)),
    "VXLAN, no octets": over_udp(4789, b""),
    "VXLAN, ARP": over_udp(4789, b"\x08" + bytes(7) + ethernet(bytes(28), 0x0806)),
    "VXLAN answers": packet(b"\x08" + bytes(7) + ethernet(FOUR), 17, (4789, 50000)),
    "Teredo, something else": over_udp(3544, b"\x00\x02" + SIX),
    "Teredo, no end of origins": over_udp(3544, ORIGIN * 4 + SIX),
    "Teredo, no octets": over_udp(3544, b""),
}


@pytest.mark.parametrize(("outer", "expected"), FOUND.values(), ids=FOUND)
def test_what_is_inside_is_found(outer: Packet, expected: bytes) -> None:
    """From its own header on."""
    assert inside(outer) == expected


@pytest.mark.parametrize("outer", NOTHING.values(), ids=NOTHING)
def test_no_tunnel_holds_nothing(outer: Packet) -> None:
    """Nor does a tunnel of something unreadable."""
    assert inside(outer) is None


def test_extensions_without_end_are_not_followed() -> None:
    """What comes behind the sixteenth is for the caller to refuse."""
    got = inside(over_udp(2152, b"\x34\xff" + GTP + b"\x00\x00\x00\x85" + b"\x01\x00\x00\x85" * 17))
    assert got == b"\x01\x00\x00\x85"


@given(
    outer=st.builds(
        packet,
        st.one_of(st.binary(max_size=60), st.sampled_from([outer.payload for outer, _ in FOUND.values()])),
        st.sampled_from([4, 6, 17, 41, 47]),
        st.tuples(st.sampled_from([1, 2152, 3544]), st.sampled_from([1, 2152, 3544, 4789, 8472])),
    ),
    end=st.integers(0, 100),
)
def test_any_octets_give_octets_or_nothing(outer: Packet, end: int) -> None:
    """And the octets are the payload's last."""
    cut = packet(outer.payload[:end], outer.protocol, (outer.source_port, outer.target_port))
    got = inside(cut)
    assert got is None or cut.payload.endswith(got)
