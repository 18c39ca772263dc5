"""A connection is told from another by five things."""

from ipaddress import ip_address

from appliance.guard.connection import Connection
from tests.core.passages import settled


def test_it_is_that_of_the_settled_flow() -> None:
    """The client opened it."""
    found = Connection.of(settled(None, server="203.0.113.9", client="192.168.78.10", port=8443))
    assert (found.protocol, found.client_port, found.server_port) == (6, 40_000, 8443)
    assert (found.addresses, found.is_v6) == (("192.168.78.10", "203.0.113.9"), False)


def test_ipv6() -> None:
    """Addresses are printed in their one spelling."""
    found = Connection(17, ip_address("fd78::0:10").packed, 1, ip_address("2001:db8::1").packed, 443)
    assert (found.addresses, found.is_v6) == (("fd78::10", "2001:db8::1"), True)
