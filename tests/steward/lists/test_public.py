"""Which addresses are out on the internet, and which are in somebody's house."""

import pytest

from appliance.steward.lists.public import is_public

PUBLIC = (
    "1.1.1.1", "8.8.8.8", "203.0.113.7", "198.51.100.53", "2001:db8::10", "2a00:1450:4001::1", "::ffff:1.1.1.1",
    "64:ff9b::101:101", "2002:101:101::1",
)  # fmt: skip
PRIVATE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.9.9.9", "169.254.169.254", "172.16.0.1",
    "192.168.1.1", "198.18.0.1", "224.0.0.251", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "2a00::1%eth0", "fc00::1", "fd77::10", "ff02::fb", "ff0e::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:192.168.1.1", "64:ff9b::c0a8:101", "64:ff9b:1::1", "2002:c0a8:101::1",
    "2002:7f00:1::", "2001:0:7f00:1::", "100::1", "4000::1", "::127.0.0.1",
    "", "localhost", "127.1", "0x7f.0.0.1", "1.1.1.1.1",
)  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_it_is_out_there(address: str) -> None:
    """Public addresses, those that documents use, and IPv6 addresses that stand for public IPv4 ones."""
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_it_is_in_a_house(address: str) -> None:
    """Private, local, shared, multicast and unspecified ones, such in the guise of IPv6, and what is no address."""
    assert not is_public(address)
