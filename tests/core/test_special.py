"""Names that nobody is asked for, and those beside them that are asked for like any other."""

from ipaddress import ip_address

import pytest

from appliance.core import names
from appliance.core.special import DS, NO_DATA, NO_NAME, Special, goes_before, special_of
from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.core.wire import dns

NOBODY: frozenset[str] = frozenset()


def reverse(address: str) -> str:
    """Return the name under which the name of an address is looked up."""
    return ip_address(address).reverse_pointer


NO_NAMES = (
    "test", "a.test", "invalid", "x.invalid", "printer.local", "local", "abc.onion", "thing.alt", "nas.internal",
    "nas.intranet", "nas.private", "mail.corp", "nas.home", "nas.lan", "lan", "home.arpa", "nas.home.arpa",
    "10.in-addr.arpa", "default.service.arpa",
    *map(reverse, ("10.0.0.1", "172.16.0.1", "172.31.9.9", "192.168.178.1", "169.254.1.1", "127.0.0.2", "0.0.0.0",
                   "255.255.255.255", "192.0.2.1", "100.64.0.1", "100.127.0.1",
                   "::", "fd00::1", "fe80::1", "febf::1", "2001:db8::1")),
)  # fmt: skip
ASKED = (
    "", "com", "example", "www.example", "example.com", "test.com", "local.example.com", "arpa", "in-addr.arpa",
    "notlan", "latest", "kindgate.home.example", "ipv4only.arpa", "172.in-addr.arpa", "100.in-addr.arpa",
    "ip6.arpa", "x10.in-addr.arpa", "nothome.arpa",
    *map(reverse, ("11.0.0.1", "172.32.0.1", "172.15.0.1", "192.169.0.1", "100.63.0.1", "2001:4860::1", "fc00::1")),
)  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
@pytest.mark.parametrize("qtype", [dns.A, dns.AAAA, dns.PTR, dns.HTTPS])
def test_a_name_that_is_nobodys(name: str, qtype: int) -> None:
    """There is no such name."""
    assert special_of(name, qtype, NOBODY) == NO_NAME


@pytest.mark.parametrize("name", ASKED)
def test_a_name_that_is_asked_for(name: str) -> None:
    """Among them `example`, of which RFC 6761 wants nothing special."""
    assert special_of(name, dns.A, NOBODY) is None


@pytest.mark.parametrize("name", ["localhost", "dev.localhost"])
def test_the_device_itself(name: str) -> None:
    """It has its two addresses, and exists for every other type."""
    assert special_of(name, dns.A, NOBODY) == Special(dns.NOERROR, (ip_address("127.0.0.1").packed,))
    assert special_of(name, dns.AAAA, NOBODY) == Special(dns.NOERROR, (ip_address("::1").packed,))
    assert special_of(name, dns.HTTPS, NOBODY) == NO_DATA
    assert special_of(name, dns.A, frozenset(("localhost",))) is not None


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_the_name_of_the_device_itself(address: str) -> None:
    """Is localhost."""
    assert special_of(reverse(address), dns.PTR, NOBODY) == Special(dns.NOERROR, (names.to_wire("localhost"),))
    assert special_of(reverse(address), dns.A, NOBODY) == NO_DATA


@pytest.mark.parametrize("name", ["resolver.arpa", "_dns.resolver.arpa"])
@pytest.mark.parametrize("qtype", [dns.A, dns.SVCB, DS])
def test_no_other_resolver_is_announced(name: str, qtype: int) -> None:
    """The zone is ours and empty."""
    assert special_of(name, qtype, NOBODY) == NO_DATA


def test_who_checks_signatures_hears_that_a_zone_has_none() -> None:
    """From the zone above; of a name in the zone nobody is asked."""
    assert special_of("home.arpa", DS, NOBODY) is None
    assert special_of("10.in-addr.arpa", DS, NOBODY) is None
    assert special_of("x.home.arpa", DS, NOBODY) == NO_NAME
    assert special_of("lan", DS, NOBODY) == NO_NAME


@pytest.mark.parametrize(
    ("name", "routed"),
    [
        ("nas.lan", "lan"),
        ("nas.home.arpa", "home.arpa"),
        ("a.b.corp", "b.corp"),
        (reverse("192.168.1.9"), "1.168.192.in-addr.arpa"),
        (reverse("192.168.1.9"), "in-addr.arpa"),
        ("resolver.arpa", "resolver.arpa"),
    ],
)
def test_a_name_that_somebody_knows_is_asked_for(name: str, routed: str) -> None:
    """Of those that it was said of."""
    assert special_of(name, dns.A, frozenset((routed,))) is None
    assert special_of(name, dns.A, frozenset((f"other.{routed}",))) is not None


GOES_BEFORE = [
    (Action.ALLOW, Step.HELP, True),
    (Action.ALLOW, Step.INFRASTRUCTURE, True),
    (Action.BLOCK, Step.WORD, True),
    (Action.ASK, Step.CATEGORY, True),
    (Action.REWRITE, Step.LIST, True),
    (Action.ALLOW, Step.OWN, False),
    (Action.ALLOW, Step.DEFAULT, False),
    (Action.BLOCK, Step.DEFAULT, False),
    (Action.ASK, Step.DEFAULT, False),
]


@pytest.mark.parametrize(("action", "step", "expected"), GOES_BEFORE)
def test_what_was_decided_may_go_before(action: Action, step: Step, *, expected: bool) -> None:
    """Where somebody spoke of the name; to allow it makes nobody know it."""
    assert expected == goes_before(Verdict(action, step, Reason("x")))
