"""What the house answers with, in the light of what is decided of the name, and in words."""

import pytest

from appliance.core.house import House
from appliance.core.record import Record, RecordType
from appliance.core.wire import dns
from appliance.household import at_home
from appliance.household.at_home import AtHome
from tests.core.builders import AT, child, own, policy_of
from tests.guessing import no_labels

HOUSE = House(
    persons=(child(rules=(own("closed.example", "block"),)),),
    records=tuple(
        Record(name=name, type=RecordType(type_), value=value)
        for name, type_, value in (
            ("nas.lan", "A", "192.168.1.5"), ("far.lan", "A", "198.51.100.7"), ("out.lan", "CNAME", "open.example"),
            ("game.lan", "CNAME", "closed.example"), ("closed.example", "A", "198.51.100.7"),
            ("www.search.example", "A", "198.51.100.7"), ("*.example", "TXT", "hello"), ("gone.lan", "CNAME", "no.lan"),
        )
    ),
)  # fmt: skip
POLICY = policy_of(HOUSE)


@pytest.mark.parametrize(
    ("name", "qtype", "expected"),
    [
        ("nas.lan", dns.A, ("allow", "nas.lan is answered with 192.168.1.5")),
        ("nas.lan", dns.AAAA, ("allow", "nas.lan is answered with no such record")),
        ("far.lan", dns.A, ("allow", "far.lan is answered with 198.51.100.7")),
        ("out.lan", dns.A, ("allow", "out.lan is answered with open.example: what the internet has for it")),
        ("out.lan", 252, ("allow", "out.lan is answered with open.example: no such record")),
        ("out.lan", dns.CNAME, ("allow", "out.lan is answered with open.example")),
        ("gone.lan", dns.A, ("allow", "gone.lan is answered with no.lan: no such record")),
        ("any.example", dns.TXT, ("allow", "*.example is answered with hello")),
        ("5.1.168.192.in-addr.arpa", dns.PTR, ("allow", "5.1.168.192.in-addr.arpa is answered with nas.lan")),
        ("game.lan", dns.A, ("block", None)),
        ("closed.example", dns.A, ("block", None)),
        ("www.search.example", dns.A, ("rewrite", None)),
        ("help.example", dns.TXT, ("allow", None)),
        ("other.org", dns.A, ("allow", None)),
    ],
)
def test_what_is_answered_and_decided(name: str, qtype: int, expected: tuple[str, str | None]) -> None:
    """As the nameserver does: what is closed is closed, a safe mode goes before, help lines are left alone."""
    subject = POLICY.by_person["kim"]
    decided, here = at_home.decide(POLICY, frozenset(), subject, name, qtype, AT, no_labels())
    told = None if here is None else at_home.told(HOUSE, here, qtype)
    words = None if told is None else f"{told.by} is answered with {told.words}"
    assert (decided.action.value, words) == expected


def test_a_type_that_nobody_asks_for() -> None:
    """There is no question to decide a target by."""
    assert at_home._query("a.example", 252) is None


def test_words() -> None:
    """Of an alias, and of what it leads to."""
    assert AtHome("a", ["1", "2"], None, is_asked=False).words == "1, 2"
    assert AtHome("a", [], "b", is_asked=True).words == "b: what the internet has for it"
