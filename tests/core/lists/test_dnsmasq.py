"""Lines of dnsmasq's configuration."""

import pytest

from appliance.core.lists import dnsmasq
from appliance.core.lists.rule import Rewrite, Rule, Says, Why
from tests.core.lists.told import Told

SEVEN = Rewrite(qtype=1, value="192.0.2.7")


def _told(text: str) -> Told:
    sink = Told()
    dnsmasq.read(text, 4, sink)
    return sink


@pytest.mark.parametrize(
    "text",
    ["address=/evil.example/", "address=/evil.example/#", "address=/evil.example/0.0.0.0", "address=/evil.example/::",
     "local=/evil.example/", "server=/evil.example/", "--address=/.Evil.example/", "address = /evil.example/127.0.0.1"],
)  # fmt: skip
def test_a_name_without_an_address_is_blocked(text: str) -> None:
    """With all below it."""
    assert _told(text).names == [("evil.example", 4, Says.BLOCK)]


@pytest.mark.parametrize("text", ["server=/good.example/#", "local=/good.example/#"])
def test_the_usual_way_is_an_exception(text: str) -> None:
    """So dnsmasq's manual has it."""
    assert _told(text).names == [("good.example", 4, Says.ALLOW)]


def test_a_line_may_have_several_names() -> None:
    """Each is said, and what is no name skipped."""
    sink = _told("address=/a.example/*.b.example/a..b//#")
    assert sink.names == [("a.example", 4, Says.BLOCK), ("b.example", 4, Says.BLOCK_BELOW)]
    assert sink.skipped == [(4, Why.NOT_A_NAME, "a..b"), (4, Why.NOT_A_NAME, "")]
    assert _told("server=/*.b.example/#").names == [("b.example", 4, Says.ALLOW_BELOW)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("address=/a.example/192.0.2.7", Rule(4, name="a.example", rewrites=(SEVEN,), is_rewrite=True)),
        ("address=/*.a.example/192.0.2.7", Rule(4, pattern=r"\.a\.example$", rewrites=(SEVEN,), is_rewrite=True)),
        ("address=/*a.example/", Rule(4, pattern=r"a\.example$")),
        ("address=/#/192.0.2.7", Rule(4, rewrites=(SEVEN,), is_rewrite=True)),
        ("address=/#/", Rule(4)),
    ],
)
def test_a_rule_of_dnsmasq(text: str, expected: Rule) -> None:
    """Addresses are given; every name, and names that only end so, are meant as such."""
    assert _told(text).rules == [expected]


@pytest.mark.parametrize(
    "text", ["cache-size=100", "server=192.0.2.1", "server=/a.example/192.0.2.1", "address=/a/b", "x"]
)
def test_other_options_say_nothing_here(text: str) -> None:
    """Another server is one of them: we ask our own."""
    assert _told(text).skipped == [(4, Why.UNKNOWN, text)]
