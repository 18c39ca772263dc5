"""Lines of hosts files and of lists of bare names."""

from ipaddress import ip_address

import pytest

from appliance.core.lists import hosts
from appliance.core.lists.rule import Rewrite, Rule, Says, Why
from tests.core.lists.told import Told


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "127.0.0.1", "::", "fe80::1", "ff02::1", "169.254.0.1", "255.255.255.255"]
)
def test_an_address_that_is_nowhere_blocks(address: str) -> None:
    """Every name beside it; the machine's own and what is no name are skipped."""
    sink = Told()
    hosts.hosts_line(ip_address(address), ["A.example", "localhost", "b_c", "1.2.3.4"], 2, sink, Says.BLOCK_EXACT)
    assert sink.names == [("a.example", 2, Says.BLOCK_EXACT), ("b_c", 2, Says.BLOCK_EXACT)]
    assert sink.skipped == [(2, Why.LOCALHOST, "localhost"), (2, Why.NOT_A_NAME, "1.2.3.4")]


@pytest.mark.parametrize(("says", "is_exact"), [(Says.BLOCK_EXACT, True), (Says.BLOCK, False)])
def test_another_address_is_the_names(says: Says, is_exact: bool) -> None:
    """A rewrite that ``$dnsrewrite`` did not make."""
    sink = Told()
    hosts.hosts_line(ip_address("::1"), ["a.example"], 2, sink, says)
    assert sink.rules == [Rule(2, name="a.example", is_exact=is_exact, rewrites=(Rewrite(qtype=28, value="::1"),))]


def test_a_table_leads_both_ways() -> None:
    """From names to the address, and from the address to names; nothing is blocked."""
    sink = Told()
    hosts.etc_hosts("127.0.0.1 localhost Box.example a..b", 3, sink)
    assert [(rule.name, rule.rewrites[0]) for rule in sink.rules] == [
        ("localhost", Rewrite(qtype=1, value="127.0.0.1")),
        ("1.0.0.127.in-addr.arpa", Rewrite(qtype=12, value="localhost")),
        ("box.example", Rewrite(qtype=1, value="127.0.0.1")),
        ("1.0.0.127.in-addr.arpa", Rewrite(qtype=12, value="box.example")),
    ]
    assert all(rule.is_exact and not rule.is_rewrite for rule in sink.rules)
    assert sink.skipped == [(3, Why.NOT_A_NAME, "a..b")]


@pytest.mark.parametrize("text", ["a.example", "a.example b.example", "192.0.2.7"])
def test_a_line_of_a_table_has_an_address_and_names(text: str) -> None:
    """Others are not understood."""
    sink = Told()
    hosts.etc_hosts(text, 3, sink)
    assert sink.skipped == [(3, Why.UNKNOWN, text)]


def test_a_bare_name_or_address() -> None:
    """An address is about answers, in the one form that addresses have."""
    sink = Told()
    for number, text in enumerate(["Evil.example.", "2001:DB8::07", "localhost", "a b"], 1):
        hosts.bare(text, number, sink, Says.BLOCK)
    assert sink.names == [("evil.example", 1, Says.BLOCK), ("2001:db8::7", 2, Says.BLOCK_EXACT)]
    assert sink.whys == [Why.LOCALHOST, Why.NOT_A_NAME]
