"""Response policy zones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.lists import rpz
from appliance.core.lists.line import MAX_LINE
from appliance.core.lists.rule import Rewrite, Rule, Says, Why
from tests.core.lists.told import Told

HEAD = """\
$TTL 300
$ORIGIN rpz.local.
@ 3600 IN SOA ns.local. admin.local. (
    1 ; serial
    3600 600 )
@ NS ns.local.
; names
"""


def _told(text: str) -> Told:
    sink = Told()
    rpz.read(text.splitlines(), sink)
    return sink


def test_names_are_relative_to_the_zone() -> None:
    """Whether they are written whole or not; the zone's own records say nothing."""
    sink = _told(
        HEAD + "evil.example CNAME .\nworse.example.rpz.local. 60 IN CNAME *.\n$ORIGIN example.rpz.local.\nbad CNAME ."
    )
    assert sink.names == [
        ("evil.example", 8, Says.BLOCK_EXACT),
        ("worse.example", 9, Says.BLOCK_EXACT),
        ("bad.example", 11, Says.BLOCK_EXACT),
    ]
    assert not sink.skipped


def test_the_soa_alone_tells_the_zone() -> None:
    """Names outside of it are not understood."""
    sink = _told("rpz.local. IN SOA a. b. 1 2 3 4 5\nevil.example.rpz.local. CNAME .\nevil.example. CNAME .")
    assert sink.names == [("evil.example", 2, Says.BLOCK_EXACT)]
    assert sink.skipped == [(3, Why.UNKNOWN, "evil.example. CNAME .")]


@pytest.mark.parametrize("order", [("", "*."), ("*.", "")])
def test_a_name_and_what_is_below_it_are_one(order: tuple[str, str]) -> None:
    """Where they stand beside each other."""
    assert _told("\n".join(f"{star}evil.example CNAME ." for star in order)).names == [("evil.example", 1, Says.BLOCK)]
    assert _told("\n".join(f"{star}good.example CNAME rpz-passthru." for star in order)).names == [
        ("good.example", 1, Says.ALLOW)
    ]


def test_twins_that_say_different_things_stay_two() -> None:
    """A name may be spared alone."""
    sink = _told(
        "good.example CNAME rpz-passthru.\n*.good.example CNAME .\n*.b.example CNAME .\n*.c.example CNAME c.example."
    )
    assert sink.names == [
        ("good.example", 1, Says.ALLOW_EXACT),
        ("good.example", 2, Says.BLOCK_BELOW),
        ("b.example", 3, Says.BLOCK_BELOW),
        ("c.example", 4, Says.ALLOW_BELOW),
    ]


@pytest.mark.parametrize("data", ["CNAME .", "cname *.", "CNAME rpz-drop.", "CNAME rpz-drop", "A 0.0.0.0", "AAAA ::"])
def test_nothing_is_a_block(data: str) -> None:
    """Which nothing it is, the house says."""
    assert _told(f"Evil.example {data} ; why").names == [("evil.example", 1, Says.BLOCK_EXACT)]


@pytest.mark.parametrize("data", ["rpz-passthru.", "rpz-passthru", "good.example."])
def test_an_exception(data: str) -> None:
    """By its word, or by the name itself."""
    assert _told(f"good.example CNAME {data}").names == [("good.example", 1, Says.ALLOW_EXACT)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.example A 192.0.2.7",
         Rule(1, name="a.example", is_exact=True, rewrites=(Rewrite(qtype=1, value="192.0.2.7"),), is_rewrite=True)),
        ("*.a.example CNAME b.example.",
         Rule(1, pattern=r"\.a\.example$", rewrites=(Rewrite(cname="b.example"),), is_rewrite=True)),
        ('a.example TXT "some text"',
         Rule(1, name="a.example", is_exact=True, rewrites=(Rewrite(qtype=16, value='"some text"'),), is_rewrite=True)),
    ],
)  # fmt: skip
def test_other_data_is_the_answer(text: str, expected: Rule) -> None:
    """As it would be in a zone."""
    assert _told(text).rules == [expected]


def test_a_record_may_go_on_with_its_owner() -> None:
    """A line that begins with a space is about the name above."""
    sink = _told("a.example A 192.0.2.7\n  AAAA 2001:db8::7")
    assert [(rule.name, rule.rewrites[0].qtype) for rule in sink.rules] == [("a.example", 1), ("a.example", 28)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a.example CNAME rpz-tcp-only.", Why.UNKNOWN),
        ("a.example CNAME *.garden.example.", Why.UNKNOWN),
        ("32.7.2.0.192.rpz-ip CNAME .", Why.UNKNOWN),
        ("24.0.2.0.192.rpz-client-ip CNAME .", Why.UNKNOWN),
        ("ns.example.rpz-nsdname CNAME .", Why.UNKNOWN),
        ("a.example A x", Why.UNKNOWN),
        ("a.example DNSKEY x", Why.UNKNOWN),
        ("a.example WHAT x", Why.UNKNOWN),
        ("a.example CNAME", Why.UNKNOWN),
        ("a.example", Why.UNKNOWN),
        ("$GENERATE 1-2 a$ CNAME .", Why.UNKNOWN),
        ("$ORIGIN", Why.UNKNOWN),
        ("a(b.example CNAME .", Why.UNKNOWN),
        ("a..example CNAME .", Why.NOT_A_NAME),
        ("a.example CNAME " + "x" * MAX_LINE, Why.TOO_LONG),
    ],
)
def test_what_means_nothing_here(text: str, why: Why) -> None:
    """With the reason."""
    assert _told(text).whys == [why]


def test_a_bracket_that_nobody_closes_swallows_no_list() -> None:
    """An SOA has so many lines at most."""
    sink = _told("@ SOA a. b. (\n" + "evil.example CNAME .\n" * 20)
    assert [line for _, line, _ in sink.names] == list(range(14, 22))


@given(st.text(st.sampled_from('a.* ()";@$ORIGIN\nCNAME\t1\\'), max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Nothing raises."""
    _told(text)
