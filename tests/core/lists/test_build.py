"""A file is built of what lists say and may say; the rest is reported, and what is no list is refused."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.lists import build as builder
from appliance.core.lists import listset
from appliance.core.lists.build import Built, Known, ListRefused, Source, build
from appliance.core.lists.listset import ListSet
from appliance.core.lists.report import Conflict, Report, Skipped
from appliance.core.lists.rule import Syntax, Why
from tests.core.lists.packed import RePatterns

SUFFIXES = frozenset({"test", "co.test"})
POPULAR = frozenset(f"site{number}.test" for number in range(12))
KNOWN = Known(
    help_lines=frozenset({"help.test"}),
    information=frozenset({"facts.test"}),
    infrastructure=frozenset({"time.test"}),
    popular=POPULAR,
    is_suffix=SUFFIXES.__contains__,
)
MANY = builder.MAX_PATTERNS + 1


def built(*lines: str, **said: Any) -> Built:
    """Return the file of one list of Adblock lines."""
    source = Source(**{"id": "one", "syntax": Syntax.ADBLOCK, "lines": lines, **said})
    return build([source], KNOWN, RePatterns)


def report(*lines: str, **said: Any) -> Report:
    """Return the report of one list."""
    return built(*lines, **said).reports["one"]


def skipped(*lines: str, **said: Any) -> list[tuple[int, Why, str]]:
    """Return what was left out of one list."""
    found = report(*lines, **said)
    examples = [(example.line, example.why, example.text) for example in found.examples]
    assert sum(found.skipped.values()) == len(examples)
    return examples


def hits(name: str, *lines: str, **said: Any) -> list[tuple[int, bool, bool]]:
    """Return line, whether it allows and whether it has more to it, for all that one list says of a name."""
    found = ListSet(built(*lines, **said).octets, RePatterns)
    return [(hit.line, hit.is_allow, hit.rule is not None) for hit in found.find(name)]


def test_a_list_is_built_and_counted() -> None:
    """Names once each, rules, patterns among them, and lines of any kind."""
    lines = [
        "! a comment",
        "||a.test^",
        "||a.test^",
        "@@||b.test^",
        "||c.test^$dnstype=AAAA",
        "/^x/",
        "||d.test^$client=TV",
    ]
    made = built(*lines)
    found = made.reports["one"]
    assert (found.syntax, found.lines, found.names, found.rules, found.patterns) == (Syntax.ADBLOCK, 7, 2, 3, 1)
    assert found.skipped == {}
    assert ListSet(made.octets, RePatterns).clients == {"tv"}
    assert hits("www.a.test", *lines) == [(2, False, False)]
    assert hits("xb.test", *lines) == [(6, False, True)]


def test_several_lists_stand_in_one_file() -> None:
    """In their order, each with its report."""
    sources = [
        Source(id="b", syntax=Syntax.HOSTS, lines=["0.0.0.0 a.test"]),
        Source(id="a", syntax=Syntax.DOMAINS, lines=["a.test", "b.test"]),
    ]
    made = build(sources, KNOWN, RePatterns)
    found = ListSet(made.octets, RePatterns)
    assert found.ids == ("b", "a")
    assert [(hit.list, hit.line) for hit in found.find("a.test")] == [("b", 1), ("a", 1)]
    assert [(name, one.names) for name, one in made.reports.items()] == [("b", 1), ("a", 2)]


def test_nothing_is_a_file_too() -> None:
    """Of no list, and of an empty one."""
    assert (build([], KNOWN, RePatterns).reports, report()) == ({}, Report(syntax=Syntax.ADBLOCK))


@pytest.mark.parametrize(("subdomains", "expected"), [(False, []), (True, [(1, False, False)])])
def test_bare_names_may_mean_all_below(subdomains: bool, expected: list[object]) -> None:
    """Where the house says so."""
    assert hits("www.a.test", "a.test", syntax=Syntax.MIXED, subdomains=subdomains) == expected


def test_a_list_that_allows_only_opens() -> None:
    """Whatever its lines say; and it closes nothing by mistake."""
    lines = [
        "a.test",
        "||b.test^",
        "@@||c.test^",
        "||d.test^$important",
        "||e.test^$dnsrewrite=0.0.0.0",
        "||test^",
        "/s/",
    ]
    found = ListSet(built(*lines, is_allow=True).octets, RePatterns)
    for name in ("a.test", "b.test", "c.test", "d.test", "e.test", "site1.test"):
        assert [hit.is_allow for hit in found.find(name)] in ([True, True], [True, True, True])
    told = report(*lines, is_allow=True)
    assert (told.conflicts, told.skipped) == (0, {})


def test_a_list_that_allows_answers_with_nothing() -> None:
    """Not even if it may redirect."""
    lines = ["||a.test^$dnsrewrite=192.0.2.1"]
    assert skipped(*lines, is_allow=True, redirects=True) == [(1, Why.REDIRECT, "a.test")]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("||a.test^$dnsrewrite=0.0.0.0", [(1, False, False)]),
        ("||a.test^$dnsrewrite=127.0.0.1", [(1, False, False)]),
        ("||a.test^$dnsrewrite=::", [(1, False, False)]),
        ("||a.test^$dnsrewrite=NXDOMAIN;;", [(1, False, False)]),
        ("||a.test^$dnsrewrite=0.0.0.0,client=tv", [(1, False, True)]),
        ("/a/$dnsrewrite=REFUSED", [(1, False, True)]),
        ("::1 a.test", [(1, False, False)]),
    ],
)
def test_answers_that_lead_nowhere_are_blocks(line: str, expected: list[object]) -> None:
    """The house's own blocked answer does."""
    assert hits("a.test", line) == expected
    assert skipped(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "||a.test^$dnsrewrite=192.0.2.1",
        "||a.test^$dnsrewrite=b.test",
        "||a.test^$dnsrewrite=NOERROR;TXT;hello",
        "192.0.2.1 a.test",
    ],
)
def test_other_answers_are_for_lists_that_may(line: str) -> None:
    """And reported of others."""
    assert (hits("a.test", line), skipped(line)) == ([], [(1, Why.REDIRECT, "a.test")])
    assert hits("a.test", line, redirects=True) == [(1, False, True)]


def test_what_takes_answers_back_stays() -> None:
    """It opens no more than it says."""
    assert hits("a.test", "@@||a.test^$dnsrewrite=192.0.2.1") == [(1, True, True)]


@pytest.mark.parametrize("line", ["||co.test^", "||co.test^$important", "*.test"])
def test_whole_registries_are_held_back(line: str) -> None:
    """But for a list that may block them; they are told in any case."""
    name = "test" if line == "*.test" else "co.test"
    for wide in (False, True):
        found = report(line, wide=wide)
        assert (found.suffixes.number, found.suffixes.first) == (1, (Conflict(name, 1),))
        assert found.skipped == ({} if wide else {Why.TOO_WIDE.value: 1})
        assert len(hits("a.co.test", line, wide=wide)) == wide


def test_the_host_of_a_registry_may_be_blocked() -> None:
    """That closes nothing else; it is told all the same. What opens is not told."""
    lines = ["0.0.0.0 co.test", "@@||test^", "@@||test^$important"]
    found = report(*lines)
    assert (found.suffixes.first, found.skipped) == ((Conflict("co.test", 1),), {})
    assert hits("co.test", *lines) == [(1, False, False), (2, True, False), (3, True, True)]


def test_patterns_that_reach_many_sites_are_held_back() -> None:
    """But for a list that may; exceptions are not, nor is what reaches few."""
    lines = ["/^site/", "*$dnstype=AAAA", "@@/site/", "/^site1[.]/", "/^www[.]site/"]
    found = report(*lines)
    assert (found.too_wide.number, [one.line for one in found.too_wide.first]) == (3, [1, 2, 5])
    assert found.too_wide.first[0].name == "site0.test"
    assert found.too_wide.first[1].entry == "*"
    assert found.skipped == {Why.TOO_WIDE.value: 3}
    assert (found.rules, found.patterns) == (2, 2)
    assert hits("site1.test", *lines) == [(3, True, True), (4, False, True)]
    wide = report(*lines, wide=True)
    assert (wide.too_wide.number, wide.skipped, wide.rules) == (3, {}, 5)


def test_known_names_are_told_by_kind() -> None:
    """Those that stay open, and those that don't."""
    found = report("||help.test^", "||a.facts.test^", "time.test", "||site3.test^", "||site4.test^", "@@||site4.test^")
    kinds = (found.help_lines, found.information, found.infrastructure, found.popular)
    assert [[one.name for one in kind.first] for kind in kinds] == [
        ["help.test"],
        ["a.facts.test"],
        ["time.test"],
        ["site3.test"],
    ]
    assert found.conflicts == 4


def test_addresses_are_about_answers() -> None:
    """They are no names in a registry, and the file tells that there are some."""
    for lines, expected in ((["||192.0.2.1^"], True), (["||2001:db8::1^$important"], True), (["a1.test9x"], False)):
        assert ListSet(built(*lines).octets, RePatterns).has_addresses is expected
    found = build(
        [Source(id="one", syntax=Syntax.ADBLOCK, lines=["192.0.2.1"])], Known(is_suffix=lambda _: True), RePatterns
    )
    assert (found.reports["one"].names, found.reports["one"].suffixes.number) == (1, 0)


def test_the_default_takes_single_labels_for_registries() -> None:
    """Where nothing better is at hand."""
    found = build([Source(id="one", syntax=Syntax.DOMAINS, lines=["a.test", "test"])], Known(), RePatterns)
    assert found.reports["one"].suffixes.first == (Conflict("test", 2),)


@pytest.mark.parametrize("is_allow", [False, True])
def test_lines_that_the_list_takes_back(is_allow: bool) -> None:
    """Plain names, rules by a name and patterns, wherever they stand; and nothing else."""
    lines = [
        "||a.test^$badfilter",
        "||a.test^",
        "||b.test^",
        "||b.test^$dnstype=A",
        "||b.test^$dnstype=A,badfilter",
        "/^x/",
        "/^x/$badfilter",
        "/^y/",
        "||c.test^$dnsrewrite=192.0.2.1,badfilter",
        "||c.test^",
        "||d.test^$important",
    ]
    assert [(line, why) for line, why, _ in skipped(*lines, is_allow=is_allow)] == [
        (2, Why.OVERRULED),
        (4, Why.OVERRULED),
        (6, Why.OVERRULED),
    ]
    found = report(*lines, is_allow=is_allow)
    assert (found.names, found.rules, found.patterns) == (2, 2, 1)
    for name, line, ruled in (("b.test", 3, False), ("c.test", 10, False), ("d.test", 11, True), ("y.test", 8, True)):
        assert hits(name, *lines, is_allow=is_allow) == [(line, is_allow, ruled)]


def fussy(expressions: Iterable[str]) -> RePatterns:
    """Return patterns, as an engine does that takes fewer than a list may hold."""
    told = list(expressions)
    if any("bad" in one for one in told):
        raise ValueError("bad")
    return RePatterns(told)


def test_bad_patterns_are_told() -> None:
    """Line by line; the others stay."""
    made = build([Source(id="one", syntax=Syntax.ADBLOCK, lines=["/bad/", "/good/"])], KNOWN, fussy)
    assert [(one.line, one.why) for one in made.reports["one"].examples] == [(1, Why.BAD_REGEX)]
    assert [hit.line for hit in ListSet(made.octets, fussy).find("good.bad.test")] == [2]


def test_too_many_bad_patterns_are_refused() -> None:
    """Each of them takes its time."""
    lines = (f"/bad{number}/" for number in range(MANY))
    with pytest.raises(ListRefused, match="more than 10,000 patterns"):
        build([Source(id="one", syntax=Syntax.ADBLOCK, lines=lines)], KNOWN, fussy)


def test_examples_are_few_and_short() -> None:
    """However many and long the lines are."""
    lines = [f"||{'ö ' * 500}{number}^" for number in range(builder.EXAMPLES + 5)]
    found = report("a.test", *["b.test"] * 10, *lines)
    assert len(found.examples) == builder.EXAMPLES
    assert sum(found.skipped.values()) == len(lines)
    assert max(len(example.text) for example in found.examples) <= 200
    assert isinstance(found.examples[0], Skipped)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((f"/a{number}/" for number in range(MANY)), "more than 10,000 patterns"),
        ((f"*$client=tv{number}" for number in range(101)), "more than 100 rules about every name"),
        ((f"||a{number}.test^$client=tv{number}" for number in range(10_001)), "more than 10,000 clients"),
        ((f"||a{number}.test^$badfilter" for number in range(10_001)), "takes back more than 10,000"),
        (
            (f"||a.test^$client=tv{number}" for number in range(1001)),
            "1,000 rules for one name",
        ),
        (["<p>some words", "<!doctype html>", "<body>"] * 20, "no list of names: 60 of its lines"),
        (["\x00\x01\x02\x7f"] * 20, "no list of names"),
        (["/(a/"] * 20, "no list of names"),
        (["some words of prose"] * 600 + ["a.test"] * 5, "no list of names"),
    ],
)
def test_a_list_that_can_not_be_taken(lines: Iterable[str], words: str) -> None:
    """Named, with a sentence that says why."""
    sources = [Source(id="good", lines=["a.test"]), Source(id="bad", syntax=Syntax.MIXED, lines=lines)]
    with pytest.raises(ListRefused, match=words) as caught:
        build(sources, KNOWN, RePatterns)
    assert caught.value.list == "bad"


def test_few_lines_that_can_not_be_read_are_told() -> None:
    """Somebody's own list with a slip of the pen is a list."""
    assert [line for line, _, _ in skipped("some words of prose", "more words")] == [1, 2]


def test_too_many_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than a file can number."""
    monkeypatch.setattr(listset, "MAX_LISTS", 1)
    with pytest.raises(ListRefused, match="more than 1 lists"):
        build([Source(id="one", lines=[]), Source(id="two", lines=[])], KNOWN, RePatterns)


@given(st.lists(st.text(max_size=40), max_size=20), st.sampled_from(Syntax), st.booleans(), st.booleans())
def test_whatever_stands_in_a_list(lines: list[str], syntax: Syntax, is_allow: bool, redirects: bool) -> None:
    """It is built or refused; what was built can be opened."""
    source = Source(id="one", lines=lines, syntax=syntax, is_allow=is_allow, redirects=redirects)
    try:
        made = build([source], KNOWN, RePatterns)
    except ListRefused:
        return
    assert made.reports["one"].lines == len(lines)
    assert len(ListSet(made.octets, RePatterns)) >= made.reports["one"].names
