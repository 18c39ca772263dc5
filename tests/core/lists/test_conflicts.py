"""What a list blocks that no list should is found, by whatever line it does so, unless it says otherwise itself."""

import pytest

from appliance.core.lists.conflicts import EVERYTHING, SHOWN, Tally, find_conflicts, reach
from appliance.core.lists.report import Conflict, Conflicts
from appliance.core.lists.rule import Rewrite, Rule, Says
from appliance.core.wire import dns
from tests.core.lists.packed import RePatterns, Said, opened

HELP = {"help_lines": frozenset({"help.example"}), "infrastructure": frozenset({"time.example"})}


def found(*said: Said) -> dict[str, list[tuple[str, int, str]]]:
    """Return name, line and entry of the conflicts of a list, by kind, of kinds with any."""
    kinds = find_conflicts(opened({"one": said}), HELP, ["known.example"])["one"]
    assert list(kinds) == ["help_lines", "infrastructure", "popular"]
    return {
        kind: [(conflict.name, conflict.line, conflict.entry) for conflict in conflicts.first]
        for kind, conflicts in kinds.items()
        if conflicts.number
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (("help.example", 1, Says.BLOCK), ("help.example", 1, "")),
        (("help.example", 1, Says.BLOCK_EXACT), ("help.example", 1, "")),
        (("example", 1, Says.BLOCK_BELOW), ("help.example", 1, "example")),
        (("chat.help.example", 1, Says.BLOCK_EXACT), ("chat.help.example", 1, "")),
        (Rule(1, name="help.example", is_important=True), ("help.example", 1, "")),
        (
            Rule(1, name="help.example", rewrites=(Rewrite(cname="b.example"),), is_rewrite=True),
            ("help.example", 1, ""),
        ),
        (Rule(1, pattern="^help[.]"), ("help.example", 1, "^help[.]")),
        (Rule(1, pattern="^(time|known)", is_inverted=True), ("help.example", 1, "^(time|known)")),
        (Rule(1, spared=("known.example", "time.example")), ("help.example", 1, EVERYTHING)),
    ],
)
def test_a_protected_name_that_is_blocked(said: Said, expected: tuple[str, int, str]) -> None:
    """By a line at it, above it, below it, or about many names."""
    told = found(said)
    assert told.pop("help_lines") == [expected]
    assert told.keys() <= {"infrastructure", "popular"}


@pytest.mark.parametrize(
    "said",
    [
        ("help.example", 1, Says.ALLOW),
        ("help.example", 1, Says.BLOCK_BELOW),
        ("example", 1, Says.BLOCK_EXACT),
        ("nothelp.example", 1, Says.BLOCK),
        ("ads.known.example", 1, Says.BLOCK),
        Rule(1, name="help.example", clients=("tv",)),
        Rule(1, name="help.example", qtypes=(dns.AAAA,)),
        Rule(1, name="help.example", is_allow=True),
        Rule(1, pattern="^other"),
    ],
)
def test_what_leaves_known_names_alone(said: Said) -> None:
    """It stands beside them, allows, or is for some only."""
    assert found(said) == {}


def test_an_exception_clears_a_conflict_but_an_important_block() -> None:
    """As it does when the name is asked for."""
    exception = ("help.example", 2, Says.ALLOW)
    assert found(("help.example", 1, Says.BLOCK), exception) == {}
    assert found(Rule(1, name="help.example", is_important=True), exception) == {
        "help_lines": [("help.example", 1, "")]
    }


def test_a_name_is_told_once() -> None:
    """Of the first of its kinds, and of a popular one only what may be blocked."""
    kept = {"help_lines": {"help.example", "chat.help.example"}, "information": {"help.example"}}
    lists = opened({"one": [("chat.help.example", 1, Says.BLOCK), ("help.example", 2, Says.BLOCK)], "two": []})
    told = find_conflicts(lists, kept, ["help.example", "www.help.example", "known.example"])
    names = [conflict.name for conflict in told["one"]["help_lines"].first]
    assert names == ["chat.help.example", "help.example"]
    assert told["one"]["information"] == told["one"]["popular"] == Conflicts()
    assert set(told["two"].values()) == {Conflicts()}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("www.known.example", ("www.known.example", 1, "")),
        ("known.example", ("known.example", 1, "")),
        ("example", ("known.example", 1, "example")),
    ],
)
def test_a_well_known_site_is_told_once(said: str, expected: tuple[str, int, str]) -> None:
    """Whether it is blocked with www or without."""
    assert found((said, 1, Says.BLOCK))["popular"] == [expected]


def test_every_list_is_told_of_its_own() -> None:
    """Another list's exception changes nothing."""
    lists = opened({"one": [("known.example", 3, Says.BLOCK)], "two": [("known.example", 4, Says.ALLOW)]})
    told = find_conflicts(lists, HELP, ["known.example"])
    assert told["one"]["popular"] == Conflicts(1, (Conflict("known.example", 3),))
    assert told["two"]["popular"] == Conflicts()


def test_a_tally_keeps_the_first() -> None:
    """And counts them all."""
    tally = Tally()
    for line in range(SHOWN + 5):
        tally.add(Conflict("a.example", line))
    told = tally.told()
    assert (told.number, [conflict.line for conflict in told.first]) == (SHOWN + 5, list(range(SHOWN)))


def test_reach() -> None:
    """With or without www, turned round, or about everything but what is spared."""
    rules = [
        Rule(1, pattern="^www[.]a"),
        Rule(2),
        Rule(3, pattern="a[.]", is_inverted=True),
        Rule(4, pattern="[ab]", spared=("example",)),
        Rule(5, pattern="^c"),
    ]
    sites = ["a.example", "b.test"]
    assert reach(rules, sites, RePatterns) == [["a.example"], sites, ["b.test"], ["b.test"], []]
