"""A packet's addresses are printed as everybody prints them."""

from appliance.core.wire.packet import Packet
from tests.core.wire.frames import A4, A6, B4, B6


def test_addresses_are_printed() -> None:
    """Of both versions, IPv6 in its short form."""
    assert Packet(A4, B4, 17).addresses == ("192.0.2.1", "198.51.100.2")
    assert Packet(A6, B6, 17).addresses == ("2001:db8::1", "2001:db8::2")
