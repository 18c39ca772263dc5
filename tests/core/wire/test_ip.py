"""IP headers of both versions, and the ports above."""

import ipaddress
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.ip import Fragment, finish, parse
from appliance.core.wire.packet import SYN, Packet
from appliance.core.wire.reader import WireError
from tests.core.wire.frames import A4, A6, B4, B6, ipv4, ipv6, piece6, tcp, udp

UDP4 = Packet(A4, B4, 17, 1111, 2222, b"hello")
UDP6 = Packet(A6, B6, 17, 1111, 2222, b"hello")
AH = struct.pack("!BBHII", 17, 1, 0, 7, 1)


def extension(following: int, words: int = 0) -> bytes:
    """Return an extension header of so many times eight octets more than eight."""
    return bytes((following, words)) + bytes(6 + 8 * words)


def test_a_segment_is_read() -> None:
    """With its options passed over, its number and its flags."""
    packet = parse(ipv4(tcp(b"hello", words=8, flags=SYN), 6))
    assert packet == Packet(A4, B4, 6, 1111, 443, b"hello", 0xFFFFFFF0, SYN, 5)
    assert packet.addresses == (str(ipaddress.ip_address(A4)), "198.51.100.2")


@pytest.mark.parametrize(
    "octets",
    [
        ipv4(udp(b"hello")),
        ipv4(udp(b"hello"), words=9),
        ipv4(udp(b"hello")) + b"padding",
        ipv4(udp(b"hello") + b"padding"),
        ipv4(udp(b"hello"), total=0),
        ipv4(udp(b"hello"), total=900),
        ipv4(udp(b"hello", length=77)),
        ipv4(udp(b"hello"), place=0x4000),
    ],
    ids=["plain", "options", "padding", "UDP's padding", "offload", "cut", "UDP's claim", "don't fragment"],
)
def test_a_datagram_of_ipv4_is_read(octets: bytes) -> None:
    """Whatever its lengths claim."""
    assert parse(octets) == UDP4


@pytest.mark.parametrize(
    "octets",
    [
        ipv6(udp(b"hello")),
        ipv6(udp(b"hello")) + b"padding",
        ipv6(udp(b"hello"), size=0),
        ipv6(udp(b"hello"), size=900),
        ipv6(extension(43) + extension(60, 2) + extension(17) + udp(b"hello"), 0),
        ipv6(AH + udp(b"hello"), 51),
        piece6(udp(b"hello"), 0),
    ],
    ids=["plain", "padding", "jumbo", "cut", "extensions", "AH", "atomic"],
)
def test_a_datagram_of_ipv6_is_read(octets: bytes) -> None:
    """Behind any extension headers."""
    assert parse(octets) == UDP6


def test_other_protocols_keep_what_ip_carries() -> None:
    """SCTP with its ports."""
    assert parse(ipv4(b"abcd", 50)) == Packet(A4, B4, 50, payload=b"abcd")
    assert parse(ipv4(b"\x00\x09\x00\x0aabcd", 132)) == Packet(A4, B4, 132, 9, 10, b"\x00\x09\x00\x0aabcd")
    assert parse(ipv6(b"", 59)) == Packet(A6, B6, 59)


def test_a_piece_is_no_packet() -> None:
    """But says where it belongs."""
    assert parse(ipv4(b"abcd", place=0x2000)) == Fragment(A4, B4, 7, 17, 0, b"abcd", has_more=True)
    assert parse(ipv4(b"abcd", place=2)) == Fragment(A4, B4, 7, 17, 16, b"abcd", has_more=False)
    assert parse(piece6(b"abcd", 17)) == Fragment(A6, B6, 9, 17, 16, b"abcd", has_more=True)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (b"", "ends within"),
        (b"\x50" + bytes(40), "version 5"),
        (ipv4(b"")[:19], "ends within"),
        (ipv6(b"")[:39], "ends within"),
        (ipv4(udp(), words=4), "IPv4 lengths"),
        (ipv4(udp(), total=19), "IPv4 lengths"),
        (ipv4(udp()[:7]), "ends within"),
        (ipv4(udp(length=7)), "UDP length"),
        (ipv4(tcp(words=4), 6), "TCP header"),
        (ipv4(tcp(words=6)[:20], 6), "TCP header"),
        (ipv4(tcp()[:19], 6), "ends within"),
        (ipv4(b"\x00\x09\x00", 132), "ends within"),
        (ipv4(b"", place=1), "empty piece"),
        (ipv4(b"abcdefghi", place=0x1FFF), "beyond any packet"),
        (ipv6(b"\x11", 0), "ends within"),
        (ipv6(b"\x3b\x09" + bytes(6), 0), "beyond the packet"),
        (ipv6(extension(60) * 20, 60), "too many extension"),
        (piece6(b"", 0)[:46], "ends within"),
    ],
)
def test_a_misshapen_packet_is_told(octets: bytes, words: str) -> None:
    """In the one way that there is."""
    with pytest.raises(WireError, match=words):
        parse(octets)


def test_a_recording_cut_short_keeps_what_it_has() -> None:
    """Options that were not recorded are no error."""
    assert parse(ipv4(tcp(b"hello", words=8), 6)[:44]) == Packet(A4, B4, 6, 1111, 443, b"", 0xFFFFFFF0, 16, 5)


def test_a_whole_is_read_like_a_packet() -> None:
    """And refused like one."""
    assert finish(A4, B4, 17, udp(b"hello")) == UDP4
    assert finish(A6, B6, 60, extension(17) + udp(b"hello")) == UDP6
    with pytest.raises(WireError, match="piece within"):
        finish(A6, B6, 44, piece6(b"abcd", 1)[40:])
    with pytest.raises(WireError, match="ends within"):
        finish(A4, B4, 6, b"abc")


@pytest.mark.parametrize("octets", [ipv4(tcp(b"hello"), 6), ipv6(extension(60) + extension(17) + udp(b"hello"), 0)])
def test_a_packet_cut_anywhere_is_a_packet_or_wire_error(octets: bytes) -> None:
    """With the beginning of what it carried."""
    for end in range(len(octets)):
        try:
            packet = parse(octets[:end])
        except WireError:
            continue
        assert isinstance(packet, Packet)
        assert b"hello".startswith(packet.payload)


ANY = st.one_of(
    st.binary(max_size=90),
    st.builds(
        ipv4, st.binary(max_size=40), st.integers(0, 255), place=st.integers(0, 0xFFFF), words=st.integers(0, 15)
    ),
    st.builds(ipv6, st.binary(max_size=60), st.sampled_from([0, 6, 17, 43, 44, 51, 60, 132])),
)


@given(octets=ANY)
def test_any_octets_give_a_packet_a_piece_or_wire_error(octets: bytes) -> None:
    """And nothing that was not in them."""
    try:
        found = parse(octets)
    except WireError:
        return
    assert found.payload in octets
    assert len(found.source) == len(found.target) == (4 if octets[0] >> 4 == 4 else 16)
