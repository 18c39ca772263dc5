"""Lists in every syntax: what comes out is names in normal form, rules, or lines with a reason."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.lists import adblock
from appliance.core.lists.line import MAX_LINE
from appliance.core.lists.parse import parse
from appliance.core.lists.rule import Rewrite, Says, Syntax, Why
from tests.core.lists.told import Told, told

PAGES = """\
[Adblock Plus 2.0]
! Title: a list
||evil.example^
evil.test
ads1
0.0.0.0 sunk.example
a.example##.ad
invalidIP localhost
@@||good.example^
*.wild.example
"""


def test_lines_of_all_kinds_in_one_list() -> None:
    """Each is what it looks like; a bare name is only itself."""
    sink = told(PAGES)
    assert sink.names == [
        ("evil.example", 3, Says.BLOCK),
        ("evil.test", 4, Says.BLOCK_EXACT),
        ("ads1", 5, Says.BLOCK_EXACT),
        ("sunk.example", 6, Says.BLOCK_EXACT),
        ("good.example", 9, Says.ALLOW),
        ("wild.example", 10, Says.BLOCK),
    ]
    assert sink.skipped == [(7, Why.COSMETIC, "a.example##.ad"), (8, Why.UNKNOWN, "invalidIP localhost")]


def test_what_is_no_name_in_adguards_lists_is_a_pattern() -> None:
    """So is a star: the name itself is spared."""
    sink = told(PAGES, Syntax.ADBLOCK)
    assert ("wild.example", 10, Says.BLOCK_BELOW) in sink.names
    assert [(rule.line, rule.pattern) for rule in sink.rules] == [(5, "ads1")]
    assert sink.whys == [Why.COSMETIC, Why.UNKNOWN]


def test_bare_names_may_reach_below() -> None:
    """Where the list is meant so; marks keep their meaning."""
    sink = told("a.example\n0.0.0.0 b.example\n|c.example^", subdomains=True)
    assert [says for _, _, says in sink.names] == [Says.BLOCK, Says.BLOCK, Says.BLOCK_EXACT]


@pytest.mark.parametrize("syntax", [Syntax.MIXED, Syntax.HOSTS, Syntax.ADBLOCK])
def test_spelling_does_not_matter(syntax: Syntax) -> None:
    """Case, final dots, marks of order, spaces, comments, letters of any script."""
    beginning = "\ufeffOne.example\r\n\t0.0.0.0\ttwo.EXAMPLE.  three.example # why\r\n"
    text = beginning + "four.example\t# 4\r\nfünf.example # x\n\n   \n1.2.3.4 # y"
    sink = Told()
    parse(text.split("\n"), syntax, sink)
    assert [name for name, _, _ in sink.names] == [
        "one.example",
        "two.example",
        "three.example",
        "four.example",
        "xn--fnf-hoa.example",
        "1.2.3.4",
    ]
    assert not sink.skipped


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a" * 64 + ".example", Why.NOT_A_NAME),
        (".".join(["a" * 60] * 5) + ".example", Why.NOT_A_NAME),
        ("a\x00.example", Why.NOT_A_NAME),
        ("localhost.localdomain", Why.LOCALHOST),
        ("0.0.0.0 0.0.0.0", Why.NOT_A_NAME),
        ("192.0.2.0/24", Why.NOT_A_NAME),
        ("https://evil.example/path", Why.NOT_A_NAME),
        ("/", Why.TOO_WIDE),
        ("x" * (MAX_LINE + 1), Why.TOO_LONG),
    ],
)
def test_a_line_that_says_nothing_has_its_reason(text: str, why: Why) -> None:
    """And the next one is read."""
    sink = told(text + "\nevil.example")
    assert sink.whys == [why]
    assert sink.names == [("evil.example", 2, Says.BLOCK_EXACT)]


def test_a_hosts_line_with_an_address() -> None:
    """It is the name's."""
    assert [(rule.name, rule.rewrites) for rule in told("192.0.2.7 a.example", Syntax.HOSTS).rules] == [
        ("a.example", (Rewrite(qtype=1, value="192.0.2.7"),))
    ]


def test_a_box_own_table_blocks_nothing() -> None:
    """Not even for addresses that are nowhere."""
    sink = told("# table\n0.0.0.0 a.example # b\n", Syntax.ETC_HOSTS)
    assert not sink.names
    assert [rule.name for rule in sink.rules] == ["a.example", "0.0.0.0.in-addr.arpa"]


def test_stars_in_a_list_of_wildcards() -> None:
    """At the beginning only."""
    sink = told("*.a.example\nb.example\n*.Ü.example\nc.*.example\n*\n# x\nd.example e.example", Syntax.WILDCARD)
    assert sink.names == [
        ("a.example", 1, Says.BLOCK),
        ("b.example", 2, Says.BLOCK_EXACT),
        ("xn--tda.example", 3, Says.BLOCK),
    ]
    assert sink.whys == [Why.NOT_A_NAME, Why.NOT_A_NAME, Why.UNKNOWN]


def test_lists_of_names() -> None:
    """Exact ones, and those of categories, which mean all below."""
    text = "A.example\n.b.example\nc.example # x\n! x\n192.0.2.7"
    exact = told(text, Syntax.EXACT)
    assert exact.names == [
        ("a.example", 1, Says.BLOCK_EXACT),
        ("c.example", 3, Says.BLOCK_EXACT),
        ("192.0.2.7", 5, Says.BLOCK_EXACT),
    ]
    assert exact.whys == [Why.NOT_A_NAME]
    assert [(name, says) for name, _, says in told(text, Syntax.DOMAINS).names] == [
        ("a.example", Says.BLOCK),
        ("b.example", Says.BLOCK),
        ("c.example", Says.BLOCK),
        ("192.0.2.7", Says.BLOCK_EXACT),
    ]


def test_lists_of_expressions() -> None:
    """With slashes, and Pi-hole's without."""
    slashes = told("/ads[0-9]/ # x\n/(a/\n/\nA.example\nnot this", Syntax.REGEX)
    assert [rule.pattern for rule in slashes.rules] == ["ads[0-9]"]
    assert slashes.names == [("a.example", 4, Says.BLOCK_EXACT)]
    assert slashes.whys == [Why.BAD_REGEX, Why.TOO_WIDE, Why.UNKNOWN]
    bare = told("# x\nads[0-9] # y\n(a)\\1", Syntax.POSIX_REGEX)
    assert [rule.pattern for rule in bare.rules] == ["ads[0-9]"]
    assert bare.whys == [Why.BACK_REFERENCE]


def test_lines_of_dnsmasq() -> None:
    """The plain and the odd."""
    sink = told("# x\naddress=/a.example/#\nlocal=/b.example/\naddress=/C.example/ # y\nx", Syntax.DNSMASQ)
    assert [(name, says) for name, _, says in sink.names] == [
        ("a.example", Says.BLOCK),
        ("b.example", Says.BLOCK),
        ("c.example", Says.BLOCK),
    ]
    assert sink.whys == [Why.UNKNOWN]


def test_a_zone() -> None:
    """Read as one."""
    assert told("a.example CNAME .", Syntax.RPZ).names == [("a.example", 1, Says.BLOCK_EXACT)]


def test_the_syntax_is_guessed_and_told() -> None:
    """Lines may come from anywhere, once."""
    sink = Told()
    assert parse(iter(["a.example CNAME .", "b.example CNAME ."]), Syntax.AUTO, sink) is Syntax.RPZ
    assert [name for name, _, _ in sink.names] == ["a.example", "b.example"]
    assert parse([], Syntax.AUTO, sink) is Syntax.MIXED
    assert parse([], Syntax.EXACT, sink) is Syntax.EXACT


PIECES = (
    "||", "@@", "a.example", "^", "$", "dnstype=A", ",", "client='x'", "badfilter", "0.0.0.0", " ", "#", "##", "/", "*",
    "address=/", "CNAME", ".", ";reply=", "NXDOMAIN", "$ORIGIN", "::1", "dnsrewrite=", "localhost",
)  # fmt: skip
LINES = st.one_of(
    st.text(max_size=60),
    st.text(st.sampled_from("a.x-*|^$@/#!=,~;:1 \\'[](){}?ü\t"), max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)


@given(st.lists(LINES, max_size=6), st.sampled_from(Syntax), st.booleans())
@example(["\ud800\udfff", "1.2.3.4%\x85a", "﷐"], Syntax.MIXED, False)
def test_any_text_gives_names_in_normal_form_or_reasons(lines: list[str], syntax: Syntax, subdomains: bool) -> None:
    """Nothing raises, and no line is passed over in silence but comments and what takes others back."""
    sink = Told()
    used = parse(lines, syntax, sink, subdomains=subdomains)
    assert used is not Syntax.AUTO
    spoken = [rule.name for rule in sink.rules] + [name for name, _, _ in sink.names]
    assert all(_is_normal(name) for name in spoken if name is not None)
    assert all(says is not Says.RULE for _, _, says in sink.names)
    if used is not Syntax.RPZ:
        quiet = {number for number, line in enumerate(lines, 1) if _is_quiet(line)}
        assert set(range(1, len(lines) + 1)) - quiet <= sink.lines


def _is_normal(name: str) -> bool:
    try:
        return str(ip_address(name)) == name
    except ValueError:
        return names.normalise(name) == name


def _is_quiet(line: str) -> bool:
    text = line.replace("\ufeff", "").strip()
    is_said = text and text[0] not in "#!" and not re.fullmatch(r"\[[\w .:;+/-]*\]", text)
    return not is_said or "badfilter" in text or adblock.is_comment(text)
