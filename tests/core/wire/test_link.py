"""What stands before an IP packet is passed over, whatever link it was recorded on."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.link import BRIDGED, PPP, UnknownLink, ip_of, ip_within
from appliance.core.wire.reader import WireError
from tests.core.wire.frames import ETHER, ethernet, ipv4, ipv6, udp

FOUR, SIX = ipv4(udp(b"x")), ipv6(udp(b"x"))
SNAP = b"\xaa\xaa\x03\x00\x00\x00"
BEACON, DATA, QOS = b"\x80\x00", b"\x08\x01", b"\x88\x01"

HOLDING: dict[str, tuple[int, bytes]] = {
    "Ethernet": (1, ethernet(b"")),
    "VLAN": (1, ETHER + b"\x81\x00\x00\x07\x08\x00"),
    "QinQ": (1, ETHER + b"\x88\xa8\x00\x01\x81\x00\x00\x07\x08\x00"),
    "VLAN and SNAP": (1, ETHER + b"\x81\x00\x00\x07\x00\x30" + SNAP + b"\x08\x00"),
    "SNAP": (1, ETHER + b"\x00\x30" + SNAP + b"\x08\x00"),
    "IP's own 802.2": (1, ETHER + b"\x00\x30\x06\x06\x03"),
    "PPPoE": (1, ETHER + b"\x88\x64\x11\x00\x00\x01\x00\x40\x00\x21"),
    "MPLS": (1, ETHER + b"\x88\x47\x00\x01\x00\x40\x00\x02\x01\x40"),
    "MPLS, Ethernet below": (1, ETHER + b"\x88\x48\x00\x01\x01\x40" + bytes(4) + ethernet(b"")),
    "PPP": (9, b"\xff\x03\x00\x21"),
    "PPP, compressed": (9, b"\x21"),
    "PPP, MPLS": (9, b"\x02\x81\x00\x01\x01\x40"),
    "PPP on a serial line": (50, b"\xff\x03\x00\x21"),
    "Cisco's on a serial line": (50, b"\x0f\x00\x08\x00"),
    "Cisco's": (104, b"\x0f\x00\x08\x00"),
    "PPPoE alone": (51, b"\x11\x00\x00\x01\x00\x40\x00\x21"),
    "loopback, little": (0, b"\x02\x00\x00\x00"),
    "loopback, big": (0, b"\x00\x00\x00\x02"),
    "loopback of OpenBSD": (108, b"\x00\x00\x00\x02"),
    "raw": (101, b""),
    "raw of old": (12, b""),
    "raw of OpenBSD": (14, b""),
    "IPv4": (228, b""),
    "cooked": (113, bytes(14) + b"\x08\x00"),
    "cooked, 802.2": (113, bytes(14) + b"\x00\x04" + SNAP + b"\x08\x00"),
    "cooked, 2": (276, b"\x08\x00" + bytes(18)),
    "802.11": (105, DATA + bytes(22) + SNAP + b"\x08\x00"),
    "802.11 between stations": (105, b"\x08\x03" + bytes(28) + SNAP + b"\x08\x00"),
    "802.11 with a quality": (105, QOS + bytes(24) + SNAP + b"\x08\x00"),
    "802.11n": (105, b"\x88\x81" + bytes(28) + SNAP + b"\x08\x00"),
    "radiotap": (127, b"\x00\x00\x09\x00" + bytes(5) + DATA + bytes(22) + b"\xaa\xaa\x03\x00\x00\xf8\x08\x00"),
}
HOLDING_SIX = {
    "Ethernet": (1, ethernet(b"", 0x86DD)),
    "raw": (101, b""),
    "IPv6": (229, b""),
    "PPP": (9, b"\x00\x57"),
    "FreeBSD's loopback": (0, b"\x1c\x00\x00\x00"),
    "macOS' loopback, big": (0, b"\x00\x00\x00\x1e"),
    "MPLS": (1, ETHER + b"\x88\x47\x00\x01\x01\x40"),
}
EMPTY = {
    "ARP": (1, ethernet(bytes(28), 0x0806)),
    "spanning tree": (1, ETHER + b"\x00\x26\x42\x42\x03" + bytes(35)),
    "SNAP of another": (1, ETHER + b"\x00\x26\xaa\xaa\x03\x00\x00\x0c" + bytes(35)),
    "802.2 with numbers": (1, ETHER + b"\x00\x26\xaa\xaa\x00" + bytes(35)),
    "IP's 802.2 with numbers": (1, ETHER + b"\x00\x26\x06\x06\x00" + bytes(35)),
    "PPPoE that begins": (1, ethernet(b"\x11\x09\x00\x00\x00\x00", 0x8864)),
    "PPP's own talk": (9, b"\xff\x03\xc0\x21\x01\x01"),
    "PPP, compressed": (9, b"\xfd\x01\x02"),
    "a loopback's other family": (0, b"\x07\x00\x00\x00abc"),
    "raw of no version": (101, b"\x10" + bytes(30)),
    "a beacon": (105, BEACON + bytes(40)),
    "802.11, protected": (105, b"\x08\x41" + bytes(40)),
    "802.11, empty": (105, b"\x48\x01" + bytes(40)),
    "802.11, many in one": (105, QOS + bytes(22) + b"\x80" + bytes(40)),
}
BROKEN: dict[str, tuple[int, bytes, str]] = {
    "a link nobody knows": (4711, FOUR, "link type 4711"),
    "no octets": (1, b"", "ends within"),
    "an Ethernet header cut": (1, ETHER, "ends within"),
    "a tag cut": (1, ETHER + b"\x81\x00\x00", "ends within"),
    "no raw octets": (101, b"", "ends within"),
    "PPPoE of a later age": (1, ethernet(bytes(20), 0x8864), "PPPoE"),
    "labels without end": (1, ethernet(bytes(400), 0x8847), "too many labels"),
    "tags without end": (1, ETHER + b"\x81\x00\x00\x01" * 30, "too many headers"),
}


@pytest.mark.parametrize(("link", "before"), HOLDING.values(), ids=HOLDING)
def test_the_ip_packet_is_found(link: int, before: bytes) -> None:
    """And all that follows with it."""
    assert ip_of(link, before + FOUR + b"padding") == FOUR + b"padding"


@pytest.mark.parametrize(("link", "before"), HOLDING_SIX.values(), ids=HOLDING_SIX)
def test_ipv6_is_found_too(link: int, before: bytes) -> None:
    """By its own numbers."""
    assert ip_of(link, before + SIX) == SIX


@pytest.mark.parametrize(("link", "frame"), EMPTY.values(), ids=EMPTY)
def test_a_frame_without_ip_holds_none(link: int, frame: bytes) -> None:
    """Which is no error."""
    assert ip_of(link, frame) is None


@pytest.mark.parametrize(("link", "frame", "words"), BROKEN.values(), ids=BROKEN)
def test_a_broken_frame_is_told(link: int, frame: bytes, words: str) -> None:
    """In the one way that there is."""
    with pytest.raises(WireError, match=words):
        ip_of(link, frame)


def test_a_link_that_is_not_read_is_told_apart() -> None:
    """Nothing is wrong with its frames."""
    with pytest.raises(UnknownLink, match="147"):
        ip_of(147, FOUR)


@pytest.mark.parametrize("name", HOLDING)
def test_a_frame_cut_anywhere_gives_what_is_left(name: str) -> None:
    """Or nothing, or WireError."""
    link, before = HOLDING[name]
    for end in range(len(before) + len(FOUR)):
        try:
            got = ip_of(link, (before + FOUR)[:end])
        except WireError:
            continue
        assert got is None or FOUR.startswith(got)


def test_what_a_tunnel_names_is_read_from_its_place() -> None:
    """By an EtherType."""
    assert ip_within(BRIDGED, b"..." + ethernet(FOUR), 3) == FOUR
    assert ip_within(PPP, b"\xff\x03\x00\x21" + FOUR) == FOUR
    assert ip_within(0x0806, FOUR) is None
    with pytest.raises(WireError, match="ends within"):
        ip_within(0x8100, b"\x00")


@given(
    link=st.sampled_from([0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 127, 228, 229, 276, 3]),
    frame=st.one_of(
        st.binary(max_size=80),
        st.lists(
            st.sampled_from(
                [ETHER, SNAP, b"\x81\x00", b"\x88\x47", b"\x88\x64", b"\x08\x00", b"\xff\x03", b"\x11\x00"]
            ),
            max_size=12,
        ).map(b"".join),
    ),
)
def test_any_octets_give_octets_nothing_or_wire_error(link: int, frame: Any) -> None:
    """On every link."""
    try:
        got = ip_of(link, frame)
    except WireError:
        return
    assert got is None or frame.endswith(got)
