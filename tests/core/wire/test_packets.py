"""A frame gives the packet that is worth looking at."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.packet import Packet
from appliance.core.wire.packets import Packets
from appliance.core.wire.reader import WireError
from tests.core.wire.frames import A4, A6, B4, B6, ethernet, ipv4, ipv6, tcp, udp

HELLO = Packet(A4, B4, 6, 1111, 443, b"hello", 0xFFFFFFF0, 16, 5)
SEGMENT = ipv4(tcp(b"hello"), 6)


def nested(depth: int) -> bytes:
    """Return a segment in so many tunnels."""
    octets = SEGMENT
    for _ in range(depth):
        octets = ipv4(octets, 4)
    return octets


def test_a_frame_gives_its_packet() -> None:
    """Through Ethernet."""
    assert Packets().read(1, ethernet(SEGMENT), 1.0) == (HELLO,)


def test_a_frame_without_ip_gives_nothing() -> None:
    """ARP, say."""
    assert Packets().read(1, ethernet(bytes(28), 0x0806), 1.0) == ()


def test_a_piece_gives_nothing_until_the_rest_is_there() -> None:
    """And then the whole."""
    packets, body = Packets(), udp(bytes(16))
    assert packets.read(101, ipv4(body[:16], place=0x2000), 1.0) == ()
    assert packets.read(101, ipv4(body[16:], place=2), 2.0) == (Packet(A4, B4, 17, 1111, 2222, bytes(16)),)


def test_pieces_within_a_tunnel_are_put_together() -> None:
    """Not with pieces outside of one."""
    packets, body = Packets(), udp(bytes(16))
    assert packets.read(101, ipv4(body[16:], place=2), 1.0) == ()
    assert packets.read(101, ipv4(ipv4(body[:16], place=0x2000), 4), 1.0) == ()
    assert packets.read(101, ipv4(ipv4(body[16:], place=2), 4), 1.0) == (Packet(A4, B4, 17, 1111, 2222, bytes(16)),)


def test_four_tunnels_are_opened_and_no_more() -> None:
    """Unless fewer are wanted."""
    assert Packets().read(101, nested(4), 1.0) == (HELLO,)
    assert Packets().read(101, nested(5), 1.0) == (Packet(A4, B4, 4, payload=SEGMENT),)
    assert Packets(max_depth=0).read(101, nested(1), 1.0) == (Packet(A4, B4, 4, payload=SEGMENT),)


@pytest.mark.parametrize(
    "octets",
    [ipv4(b"\x00" * 30, 4), ipv4(udp(b"what else", ports=(1, 3544))), ipv4(udp(ipv6(b"", 59), ports=(1, 3544)))],
    ids=["no IP", "no tunnel", "nothing within"],
)
def test_a_tunnel_of_nothing_readable_is_itself_looked_at(octets: bytes) -> None:
    """As the packet that it is."""
    (packet,) = Packets().read(101, octets, 1.0)
    assert (packet.source, packet.protocol) == (A4, octets[9])


def test_ipv6_in_a_datagram_is_read() -> None:
    """On Teredo's port."""
    octets = ipv4(udp(ipv6(tcp(b"hello"), 6), ports=(1, 3544)))
    assert Packets().read(101, octets, 1.0) == (Packet(A6, B6, 6, 1111, 443, b"hello", 0xFFFFFFF0, 16, 5),)


def test_a_broken_frame_is_told() -> None:
    """In the one way that there is."""
    with pytest.raises(WireError):
        Packets().read(1, b"", 1.0)


@given(
    frames=st.lists(
        st.one_of(
            st.binary(max_size=80),
            st.builds(ipv4, st.binary(max_size=60), st.sampled_from([4, 6, 17, 41, 47]), place=st.integers(0, 0xFFFF)),
            st.builds(
                lambda body, protocol: ipv4(ipv6(body, protocol), 41), st.binary(max_size=40), st.integers(0, 60)
            ),
        ),
        max_size=6,
    )
)
def test_any_frames_give_packets_or_wire_error(frames: list[bytes]) -> None:
    """At most one a frame."""
    packets = Packets()
    for at, frame in enumerate(frames):
        try:
            got = packets.read(101, frame, float(at))
        except WireError:
            continue
        assert len(got) <= 1
