"""Of several lines that are about a name, the right one decides, and only for whom and for what it was written."""

from ipaddress import ip_address
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.core.lists.judge import applies, judge
from appliance.core.lists.rule import Asked, Did, Hit, Outcome, Rewrite, Rule
from appliance.core.wire import dns

NAME = "www.a.example"
ASKED = Asked(NAME, dns.A)
V4 = Rewrite(qtype=dns.A, value="192.0.2.1")
OTHER_V4 = Rewrite(qtype=dns.A, value="192.0.2.2")
V6 = Rewrite(qtype=dns.AAAA, value="2001:db8::1")
LOOPBACK = Rewrite(qtype=dns.AAAA, value="::1")
CNAME = Rewrite(cname="b.example")
NXDOMAIN = Rewrite(rcode=dns.NXDOMAIN)
REFUSED = Rewrite(rcode=dns.REFUSED)


def plain(line: int, *, allow: bool = False, of: str = "one") -> Hit:
    """Return a line that is just a name."""
    return Hit(of, line, allow)


def ruled(line: int, *, of: str = "one", allow: bool = False, **said: Any) -> Hit:
    """Return a line with more to it."""
    rule = replace(Rule(line, is_allow=allow, name="a.example"), **said)
    return Hit(of, line, allow, rule=rule)


def rewrite(line: int, *rewrites: Rewrite, allow: bool = False, important: bool = False) -> Hit:
    """Return a line with `$dnsrewrite`."""
    return ruled(line, allow=allow, rewrites=rewrites, is_rewrite=True, is_important=important)


def hosts(line: int, given: Rewrite, *, allow: bool = False) -> Hit:
    """Return a line of a hosts file whose address is no sink."""
    rule = Rule(line, name=NAME, is_exact=True, rewrites=(given,))
    return Hit("one", line, allow, is_exact=True, rule=rule)


def said(outcome: Outcome | None) -> tuple[Did, int] | None:
    """Return what is done and by which line."""
    return None if outcome is None else (outcome.did, outcome.hit.line)


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ((), None),
        ((plain(1),), (Did.BLOCK, 1)),
        ((plain(1), plain(2)), (Did.BLOCK, 1)),
        ((plain(1), plain(2, allow=True)), (Did.ALLOW, 2)),
        ((plain(1, allow=True), ruled(2, is_important=True)), (Did.BLOCK, 2)),
        ((ruled(1, allow=True, is_important=True), ruled(2, is_important=True)), (Did.ALLOW, 1)),
        ((ruled(1, is_important=True), ruled(2, allow=True, is_important=True)), (Did.ALLOW, 2)),
        ((plain(1), ruled(2), ruled(3, qtypes=(dns.A,))), (Did.BLOCK, 3)),
        ((ruled(1, qtypes=(dns.A,)), ruled(2, not_qtypes=(dns.TXT,), not_tags=("pc",))), (Did.BLOCK, 2)),
        ((ruled(1, qtypes=(dns.A,)), ruled(2, allow=True)), (Did.ALLOW, 2)),
    ],
)
def test_important_before_plain_and_exceptions_before_blocks(
    hits: tuple[Hit, ...], expected: tuple[Did, int] | None
) -> None:
    """Of equals the one with more conditions, then the first."""
    assert said(judge(hits, ASKED)) == expected


@pytest.mark.parametrize(
    "hit", [plain(7, of="open"), ruled(7, of="open"), ruled(7, of="open", qtypes=(dns.A,), rewrites=(V4,))]
)
def test_a_list_that_opens_wins_over_all(hit: Hit) -> None:
    """Over important lines and rewrites of other lists, too."""
    others = (rewrite(1, V4, important=True), ruled(2, is_important=True))
    assert said(judge((*others, hit), ASKED, opening={"open"})) == (Did.ALLOW, 7)


def test_a_list_that_opens_says_nothing_where_its_conditions_do_not_hold() -> None:
    """Then the others decide."""
    hits = (plain(1), ruled(2, of="open", qtypes=(dns.TXT,)))
    assert said(judge(hits, ASKED, opening={"open"})) == (Did.BLOCK, 1)


CLIENT = Asked(
    NAME,
    dns.A,
    clients=frozenset({"frank's laptop", "02:77:00:00:00:10"}),
    addresses=(ip_address("192.0.2.7"), ip_address("2001:db8::c0:ffee")),
    tags=frozenset({"user_child", "device_phone"}),
)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, True),
        ({"qtypes": (dns.AAAA, dns.A)}, True),
        ({"qtypes": (dns.AAAA,)}, False),
        ({"not_qtypes": (dns.AAAA,)}, True),
        ({"not_qtypes": (dns.A,)}, False),
        ({"clients": ("frank's laptop",)}, True),
        ({"clients": ("frank's phone", "192.0.2.7")}, True),
        ({"clients": ("frank's phone",)}, False),
        ({"clients": ("192.0.2.8",)}, False),
        ({"clients": ("192.0.2.99/24",)}, True),
        ({"clients": ("198.51.100.0/24",)}, False),
        ({"clients": ("2001:db8::/64",)}, True),
        ({"clients": ("2001:db8::c1:0/112",)}, False),
        ({"clients": ("02:77:00:00:00:10",)}, True),
        ({"clients": ("02-77-00-00-00-10",)}, True),
        ({"clients": ("02-77-00-00-00-11",)}, False),
        ({"not_clients": ("frank's phone",)}, True),
        ({"not_clients": ("2001:db8::c0:ffee",)}, False),
        ({"clients": ("192.0.2.0/24",), "not_clients": ("192.0.2.7",)}, False),
        ({"tags": ("device_tv", "user_child")}, True),
        ({"tags": ("device_tv",)}, False),
        ({"not_tags": ("device_tv",)}, True),
        ({"not_tags": ("device_phone",)}, False),
        ({"tags": ("user_child",), "not_tags": ("device_phone",)}, False),
        ({"spared": ("b.example",)}, True),
        ({"spared": ("b.example", "a.example")}, False),
        ({"spared": (NAME,)}, False),
    ],
)
def test_a_rule_is_only_about_whom_and_what_it_says(conditions: dict[str, Any], *, expected: bool) -> None:
    """Query types, clients by any of their names or networks, tags, and names that it leaves alone."""
    assert applies(ruled(1, **conditions), CLIENT) == expected
    assert said(judge((ruled(1, **conditions),), CLIENT)) == ((Did.BLOCK, 1) if expected else None)


def test_a_rule_that_spares_names_is_not_about_addresses() -> None:
    """Somebody who asks for an address asks for no name."""
    assert not applies(ruled(1, spared=("b.example",)), Asked("192.0.2.1", dns.A))


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ((rewrite(1, V4), rewrite(2, OTHER_V4)), (1, 0, None, ("192.0.2.1", "192.0.2.2"))),
        ((rewrite(1, V4), rewrite(2, V4)), (1, 0, None, ("192.0.2.1",))),
        ((rewrite(1, V6), rewrite(2, V4)), (2, 0, None, ("192.0.2.1",))),
        ((rewrite(1, V6),), (1, 0, None, ())),
        ((rewrite(1),), (1, 0, None, ())),
        ((rewrite(1, Rewrite(qtype=dns.A)),), (1, 0, None, ())),
        ((rewrite(1, V4), rewrite(2, CNAME)), (2, 0, "b.example", None)),
        ((rewrite(1, V4), rewrite(2, NXDOMAIN), rewrite(3, CNAME)), (2, dns.NXDOMAIN, None, ())),
        ((rewrite(1, CNAME), rewrite(2, NXDOMAIN)), (1, 0, "b.example", None)),
        ((plain(1, allow=True), ruled(2, is_important=True), rewrite(3, V4)), (3, 0, None, ("192.0.2.1",))),
        ((hosts(1, OTHER_V4), rewrite(2, V4)), (2, 0, None, ("192.0.2.1",))),
    ],
)
def test_rewrites_come_first_and_are_put_together(
    hits: tuple[Hit, ...], expected: tuple[int, int, str | None, tuple[str, ...] | None]
) -> None:
    """Another name or an RCODE is all of the answer; else it has the records of the type asked for."""
    outcome = judge(hits, ASKED)
    assert outcome is not None
    assert outcome.did is Did.REWRITE
    assert (outcome.hit.line, outcome.rcode, outcome.cname, outcome.values) == expected


@pytest.mark.parametrize(
    ("hits", "expected"),
    [
        ((rewrite(1, V4), rewrite(2, OTHER_V4), rewrite(3, V4, allow=True)), ("192.0.2.2",)),
        ((rewrite(1, V4, allow=True), rewrite(2, V4)), None),
        ((rewrite(1, V4), rewrite(2, OTHER_V4), rewrite(3, allow=True)), None),
        ((rewrite(1, V4), rewrite(2, allow=True), rewrite(3, OTHER_V4)), None),
        ((rewrite(1, V4), rewrite(2, CNAME), rewrite(3, CNAME, allow=True)), ("192.0.2.1",)),
        ((rewrite(1, CNAME), rewrite(2, Rewrite(cname="c.example"), allow=True)), "b.example"),
        ((rewrite(1, REFUSED), rewrite(2, REFUSED, allow=True)), None),
        ((rewrite(1, V4), rewrite(2, NXDOMAIN, allow=True)), ("192.0.2.1",)),
        ((rewrite(1, V4), rewrite(2, Rewrite(), allow=True)), None),
        ((rewrite(1, V4, important=True), rewrite(2, V4, allow=True)), ("192.0.2.1",)),
        ((rewrite(1, V4, important=True), rewrite(2, allow=True)), ("192.0.2.1",)),
        ((rewrite(1, V4, important=True), rewrite(2, V4, allow=True, important=True)), None),
        ((rewrite(1, V4, important=True), rewrite(2, allow=True, important=True)), None),
        ((rewrite(1, V4, V6), rewrite(2, V6, allow=True)), ("192.0.2.1",)),
    ],
)
def test_an_exception_takes_rewrites_back(hits: tuple[Hit, ...], expected: tuple[str, ...] | str | None) -> None:
    """That very one, or all where it has no value; an important one only if it is important itself."""
    outcome = judge(hits, ASKED)
    assert (outcome and (outcome.cname or outcome.values)) == expected


def test_a_rewrite_taken_back_is_no_block_and_its_exception_opens_nothing() -> None:
    """A block beside them stands."""
    hits = (rewrite(1, V4), rewrite(2, allow=True), plain(3))
    assert said(judge(hits, ASKED)) == (Did.BLOCK, 3)


def test_a_name_led_to_itself_is_left_to_other_lines() -> None:
    """As nobody else's rewrite is then asked."""
    itself = rewrite(1, Rewrite(cname=NAME))
    assert said(judge((itself,), ASKED)) is None
    assert said(judge((itself, plain(2)), ASKED)) == (Did.BLOCK, 2)


@pytest.mark.parametrize(
    ("given", "qtype", "rcode", "values"),
    [
        ((V4, V6), dns.A, 0, ("192.0.2.1",)),
        ((V4, V6), dns.AAAA, 0, ("2001:db8::1",)),
        ((V4,), dns.AAAA, 0, ()),
        ((Rewrite(),), dns.A, 0, ()),
        ((NXDOMAIN,), dns.A, dns.NXDOMAIN, ()),
        ((), dns.A, 0, None),
    ],
)
def test_a_block_may_have_an_answer_of_its_own(
    given: tuple[Rewrite, ...], qtype: int, rcode: int, values: tuple[str, ...] | None
) -> None:
    """Pi-hole's `;reply=`, which stands by a pattern; without it the house's own answer is given."""
    hit = ruled(4, name=None, pattern="example", rewrites=given)
    assert judge((hit,), Asked(NAME, qtype)) == Outcome(Did.BLOCK, hit, rcode=rcode, values=values)


@pytest.mark.parametrize(
    ("given", "qtype", "expected"),
    [
        ((V4, OTHER_V4, V6), dns.A, (Did.REWRITE, 1, ("192.0.2.1", "192.0.2.2"))),
        ((V4, OTHER_V4, V6), dns.AAAA, (Did.REWRITE, 3, ("2001:db8::1",))),
        ((V4, OTHER_V4), dns.AAAA, (Did.REWRITE, 1, ())),
        ((V4,), dns.HTTPS, (Did.REWRITE, 1, ())),
        ((LOOPBACK,), dns.AAAA, (Did.REWRITE, 1, ("::1",))),
        ((LOOPBACK,), dns.A, (Did.BLOCK, 1, None)),
        ((LOOPBACK,), dns.HTTPS, (Did.BLOCK, 1, None)),
        ((LOOPBACK, V4), dns.A, (Did.REWRITE, 2, ("192.0.2.1",))),
    ],
)
def test_a_hosts_file_gives_its_addresses_of_the_family_asked_for(
    given: tuple[Rewrite, ...], qtype: int, expected: tuple[Did, int, tuple[str, ...] | None]
) -> None:
    """No other record of such a name is given; one with nothing but a loopback of the other family is blocked."""
    hits = [hosts(line, one) for line, one in enumerate(given, 1)]
    outcome = judge(hits, Asked(NAME, qtype))
    assert outcome is not None
    assert (outcome.did, outcome.hit.line, outcome.values) == expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [(plain(9), Did.BLOCK), (plain(9, allow=True), Did.ALLOW), (ruled(9, qtypes=(dns.A,)), Did.BLOCK)],
)
def test_addresses_of_a_hosts_file_come_last(other: Hit, expected: Did) -> None:
    """Any other line has the say, a sink of the same file among them."""
    assert said(judge((hosts(1, V4), other), ASKED)) == (expected, 9)


def test_a_hosts_file_that_opens_opens() -> None:
    """Its addresses are not given."""
    assert said(judge((hosts(1, V4, allow=True),), ASKED)) == (Did.ALLOW, 1)


@pytest.mark.parametrize(
    ("qtype", "expected"),
    [
        (dns.A, (1, ("192.0.2.1", "0.0.0.0"))),
        (dns.AAAA, (1, ())),
        (dns.PTR, (4, ("a.example",))),
        (dns.HTTPS, None),
        (dns.CNAME, None),
    ],
)
def test_the_box_s_own_table_answers_addresses_and_names(
    qtype: int, expected: tuple[int, tuple[str, ...]] | None
) -> None:
    """A name it has but no address of the family has no record; nothing in it blocks."""
    null = Rewrite(qtype=dns.A, value="0.0.0.0")
    name = Rewrite(qtype=dns.PTR, value="a.example")
    hits = [plain(9), hosts(1, V4), hosts(2, V4), hosts(3, null), hosts(4, name)]
    outcome = judge(hits, Asked(NAME, qtype), is_local=True)
    assert (outcome and (outcome.hit.line, outcome.values)) == expected
    assert outcome is None or outcome.did is Did.REWRITE
