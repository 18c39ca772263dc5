"""What lines of all kinds of list have in common."""

from ipaddress import ip_address

import pytest

from appliance.core.lists import line
from appliance.core.lists.rule import Rewrite, Rule, Says
from tests.core.lists.told import Told


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Ads.Example.", "ads.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("-a-._b.example", "-a-._b.example"),
        ("host1", "host1"),
        ("a b.example", None),
        ("a..example", None),
        ("a" * 64 + ".example", None),
        ("ü" * 1_001, None),
        ("\ud800.example", None),
        ("192.0.2.7", None),
        ("", None),
    ],
)
def test_a_name_has_its_normal_form_or_is_none(typed: str, expected: str | None) -> None:
    """Whatever is typed: a name, or nothing."""
    assert expected == line.name_of(typed)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("192.0.2", None),
        ("192.0.2.1/24", None),
        ("1.2.3.²", None),
        ("a.example", None),
        ("", None),
    ],
)
def test_an_address_loses_its_interface(typed: str, expected: str | None) -> None:
    """Only whole addresses are any."""
    found = line.address_of(typed)
    assert expected == (None if found is None else str(found))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.7", Rewrite(qtype=1, value="192.0.2.7")),
        ("2001:db8::7", Rewrite(qtype=28, value="2001:db8::7")),
        ("::ffff:192.0.2.7", Rewrite(qtype=28, value="::ffff:192.0.2.7")),
    ],
)
def test_an_address_is_a_record_of_its_family(address: str, expected: Rewrite) -> None:
    """And one inside the other is written so that it can be seen."""
    assert expected == line.record_of(ip_address(address))


def test_a_comment_at_the_end_is_set_apart_by_a_space() -> None:
    """A hash inside a word belongs to it."""
    assert line.without_comment(" a.example \t# why # not ") == "a.example"
    assert line.without_comment("a.example#x") == "a.example#x"


def test_what_is_shown_of_a_line_is_short() -> None:
    """A monster is not handed on."""
    assert line.shown("  " + "x" * 5_000) == "x" * line.SHOWN


def test_a_rule_that_is_but_a_name_is_handed_on_as_one() -> None:
    """It needs no more room than a name."""
    sink = Told()
    for is_allow, is_exact in ((False, False), (False, True), (True, False), (True, True)):
        line.put(sink, Rule(3, is_allow, "a.example", is_exact))
    line.put(sink, Rule(4, name="a.example", qtypes=(1,)))
    line.put(sink, Rule(5))
    assert [says for _, _, says in sink.names] == [Says.BLOCK, Says.BLOCK_EXACT, Says.ALLOW, Says.ALLOW_EXACT]
    assert sink.rules == [Rule(4, name="a.example", qtypes=(1,)), Rule(5)]
