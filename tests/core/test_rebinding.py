"""Addresses of a home are known for what they are, however they are written."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.asker import PRIVATE
from appliance.core.rebinding import NOWHERE, is_home

HOME = (
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "127.0.0.1", "169.254.169.254",
    "0.0.0.0", "0.1.2.3", "100.64.0.1", "100.127.255.255",
    "::", "::1", "::10.0.0.1", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fd12:3456::1",
    "::ffff:192.168.1.1", "::ffff:127.0.0.1", "::ffff:0:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::192.168.178.1",
    "2002:c0a8:101::1",
)  # fmt: skip
PUBLIC = (
    "1.1.1.1", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
    "192.0.2.1", "198.51.100.7", "203.0.113.9", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.1",
    "169.253.255.255", "169.255.0.0", "192.0.0.170", "224.0.0.251",
    "2001:db8::1", "2606:4700::1111", "fbff::1", "fe00::1", "ff02::fb", "::ffff:1.1.1.1", "::ffff:192.0.2.1",
    "64:ff9b::203.0.113.1", "64:ff9b::192.0.0.170", "64:ff9a::10.0.0.1", "2002:cb00:7101::1", "2001::1", "::1:0:0:1",
)  # fmt: skip


@pytest.mark.parametrize("address", HOME)
def test_what_leads_into_a_home(address: str) -> None:
    """By its own network, or as an IPv4 address inside an IPv6 one."""
    assert is_home(ip_address(address).packed)


@pytest.mark.parametrize("address", PUBLIC)
def test_what_does_not(address: str) -> None:
    """Neighbours of those networks, and the documentation ranges."""
    assert not is_home(ip_address(address).packed)


@given(st.binary(min_size=4, max_size=4))
def test_every_ipv4_address_is_what_the_table_says(octets: bytes) -> None:
    """As Python's own networks have it."""
    address = IPv4Address(octets)
    assert any(address in network for network in (*PRIVATE, *NOWHERE)) == is_home(octets)


EMBEDDED = tuple(ip_network(text) for text in ("::/96", "64:ff9b::/32", "2002::/16"))


@given(st.binary(min_size=16, max_size=16))
def test_every_ipv6_address_is_what_the_table_says(octets: bytes) -> None:
    """But for those that carry another one."""
    address = IPv6Address(octets)
    if not any(address in network for network in EMBEDDED):
        assert any(address in network for network in (*PRIVATE, *NOWHERE)) == is_home(octets)
