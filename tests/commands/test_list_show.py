"""`kindgate list stats` and `list find`: what is told of lists, to a person and to a program."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.core.lists.report import Conflict, Conflicts, Report, Skipped
from appliance.core.lists.rule import Syntax, Why
from appliance.household.lists import Phase, Standing, Status, save_standing, set_file
from tests.commands.cli import applied, kindgate

HOUSE = """
time_zone: Europe/Berlin
persons: [{id: kim, name: Kim, band: 6-9}]
"""
TEXT = """\
! Title: of this and that
0.0.0.0 ads.example
||wide.example^
@@||good.wide.example^
||typed.example^$dnstype=AAAA,client=tv
||spared.example^$denyallow=fine.spared.example
/^track[0-9]+\\./
||moved.example^$dnsrewrite=192.0.2.7
||null.example^$dnsrewrite=NXDOMAIN
192.0.2.66
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with three lists of the same lines, built."""
    folder = tmp_path_factory.mktemp("lists")
    data = applied(folder / "data", HOUSE)
    (folder / "list.txt").write_text(TEXT)
    for words in (
        ["--name", "Ads", "--redirects"],
        ["--name", "Bets", "--category", "gambling", "--person", "kim"],
        ["--name", "Good", "--allow"],
    ):
        added = kindgate("list", "add", str(folder / "list.txt"), *words, "--syntax", "mixed", data=data)
        assert added.exit_code == 0, added.output
    return data


def found(data: Path, name: str) -> list[dict[str, Any]]:
    """Return what `find --json` prints, which goes with its exit status."""
    result = kindgate("list", "find", name, "--json", data=data)
    lines: list[dict[str, Any]] = json.loads(result.stdout)
    assert result.exit_code == (0 if lines else 1)
    return lines


FOUND = {
    "ads.example": (2, "0.0.0.0 ads.example", "blocks", []),
    "ADS.Example.": (2, "0.0.0.0 ads.example", "blocks", []),
    "www.wide.example": (3, "||wide.example^", "blocks", []),
    "typed.example": (5, "||typed.example^$dnstype=AAAA,client=tv", "blocks", ["type", "client"]),
    "www.spared.example": (6, "||spared.example^$denyallow=fine.spared.example", "blocks", []),
    "track12.example": (7, "/^track[0-9]+\\./", "blocks", []),
    "moved.example": (8, "||moved.example^$dnsrewrite=192.0.2.7", "rewrites", []),
    "null.example": (9, "||null.example^$dnsrewrite=NXDOMAIN", "blocks", []),
    "192.0.2.66": (10, "192.0.2.66", "blocks", []),
}


@pytest.mark.parametrize("name", FOUND)
def test_lines_about_a_name(built: Path, name: str) -> None:
    """At the name itself or above it, a pattern, an address: list, line, rule, and what it does."""
    line, rule, does, only_if = FOUND[name]
    ads = next(one for one in found(built, name) if one["list"] == "ads")
    assert ads == {
        "list": "ads", "called": "Ads", "line": line, "rule": rule, "does": does, "category": None, "persons": [],
        "only_if": only_if,
    }  # fmt: skip


def test_every_list_is_told(built: Path) -> None:
    """In the house's order, with the category that a name belongs to by it, and for whom."""
    told = [(one["list"], one["does"], one["category"], one["persons"]) for one in found(built, "ads.example")]
    assert told == [
        ("ads", "blocks", None, []),
        ("bets", "blocks", "gambling", ["kim"]),
        ("good", "opens", None, []),
    ]
    assert [one["does"] for one in found(built, "good.wide.example") if one["list"] == "ads"] == ["blocks", "opens"]


def test_lines_are_told_to_a_person(built: Path) -> None:
    """One line each, with the words of the list."""
    told = kindgate("list", "find", "ads.example", data=built)
    assert told.stdout.splitlines() == [
        "ads:2: 0.0.0.0 ads.example  [blocks]",
        "bets:2: 0.0.0.0 ads.example  [puts into category gambling, for kim]",
        "good:2: 0.0.0.0 ads.example  [opens]",
    ]
    told = kindgate("list", "find", "typed.example", data=built)
    assert "ads:5: ||typed.example^$dnstype=AAAA,client=tv  [blocks, by type and client of who asks]" in told.stdout


@pytest.mark.parametrize("name", ["other.example", "fine.spared.example", "192.0.2.1"])
def test_a_name_of_no_list(built: Path, name: str) -> None:
    """Exit status 1, and nothing printed."""
    assert found(built, name) == []
    told = kindgate("list", "find", name, data=built)
    assert (told.exit_code, told.output) == (1, "")


def test_what_no_list_closes(tmp_path: Path) -> None:
    """A protected name that a list blocks is told to be open all the same; and so it stands with the list."""
    data = applied(tmp_path / "data", HOUSE)
    (tmp_path / "list.txt").write_text("||116111.bg^\n")
    added = kindgate("list", "add", str(tmp_path / "list.txt"), "--name", "Ads", data=data)
    assert "ads: 1 name of help lines, which stay open: 116111.bg (line 1)" in added.stdout
    told = kindgate("list", "find", "www.116111.bg", data=data)
    assert told.stdout.splitlines()[-1] == "No list closes it: it is protected, or devices need it."


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example", "a b"])
def test_what_is_no_name(built: Path, name: str) -> None:
    """It is said so."""
    told = kindgate("list", "find", name, data=built)
    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("Error: ")


def test_a_house_without_lists(nowhere: Path) -> None:
    """Nothing is found, and how a list is added is told."""
    assert kindgate("list", "find", "ads.example", data=nowhere / "data").exit_code == 1
    told = kindgate("list", "stats", data=nowhere / "data")
    assert (told.exit_code, told.stdout) == (0, "The house has no lists: kindgate list add URL --name NAME\n")
    assert json.loads(kindgate("list", "stats", "--json", data=nowhere / "data").stdout) == []


def test_a_damaged_file_of_lists(tmp_path: Path) -> None:
    """It is said so, in one line."""
    data = applied(tmp_path / "data", HOUSE)
    set_file(data).parent.mkdir()
    set_file(data).write_bytes(b"nonsense")
    told = kindgate("list", "find", "ads.example", data=data)
    assert (told.exit_code, told.stderr) == (1, f"Error: {set_file(data)} can't be read: not a file of lists\n")


REPORT = Report(
    syntax=Syntax.HOSTS,
    lines=1_240,
    names=1_200,
    rules=7,
    skipped={Why.COSMETIC.value: 5, Why.NOT_A_NAME.value: 20, Why.MODIFIER.value: 1, Why.TOO_LONG.value: 3, "x": 2},
    examples=(Skipped(3, Why.NOT_A_NAME, "secret.example"),),
    help_lines=Conflicts(7, tuple(Conflict(f"help{number}.example", number) for number in range(7))),
    popular=Conflicts(1, (Conflict("known.example", 9),)),
)


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """Return a data folder with lists in every state, told of by a steward."""
    lists = """
lists:
- {id: ads, name: Ads, url: "https://lists.example/ads"}
- {id: bets, name: Bets, category: gambling, persons: [kim], on: false}
- {id: new, name: New, kind: allow}
"""
    data = applied(tmp_path / "data", HOUSE + lists)
    good = Status(phase=Phase.READY, fetched_at=1_772_632_800.0, octets=40_000, report=REPORT)
    bad = Status(phase=Phase.WAITING, problem="There is no list at this address (404).")
    set_file(data).parent.mkdir()
    save_standing(data, Standing(lists={"ads": good, "new": bad, "bets": replace(good, report=None)}))
    return data


def test_stats(shown: Path) -> None:
    """A row for each list, by the house's clock; then what was left out of it and what it should not hold."""
    first = [f"help{number}.example (line {number})" for number in range(5)]
    told = kindgate("list", "stats", data=shown)
    assert told.stdout.splitlines() == [
        "id    name  kind   category  for    names  rules  skipped  last fetched      state",
        "ads   Ads   block  -         house  1,200      7       31  2026-03-04 15:00  ready",
        "bets  Bets  block  gambling  kim        0      0        0  2026-03-04 15:00  off",
        "new   New   allow  -         house      0      0        0  never             waiting",
        "new: There is no list at this address (404).",
        "ads: 20 lines left out: not a name",
        "ads: 5 lines left out: hides parts of pages, which a nameserver can't",
        "ads: 3 lines left out: longer than a line may be",
        "ads: 2 lines left out: x",
        "ads: 1 line left out for other reasons",
        f"ads: 7 names of help lines, which stay open: {', '.join(first)} and 2 more",
        "ads: 1 name of well-known sites, which it closes: known.example (line 9)",
    ]
    assert "secret.example" not in told.output


def test_stats_as_json(shown: Path) -> None:
    """The same for a program."""
    told = json.loads(kindgate("list", "stats", "--json", data=shown).stdout)
    assert told[0] == {
        "id": "ads", "name": "Ads", "kind": "block", "category": None, "persons": [],
        "url": "https://lists.example/ads", "phase": "ready", "octets": 40_000, "lines": 1_240, "names": 1_200,
        "rules": 7, "skipped": REPORT.skipped, "conflicts": {"help_lines": 7, "popular": 1},
        "fetched": "2026-03-04T15:00:00+01:00", "problem": "",
    }  # fmt: skip
    assert [(one["id"], one["phase"], one["problem"][:11]) for one in told[1:]] == [
        ("bets", "off", ""),
        ("new", "waiting", "There is no"),
    ]


def test_a_file_of_lists_that_could_not_be_made(shown: Path) -> None:
    """It is told with the lists."""
    save_standing(shown, Standing(problem="The disk is full."))
    told = kindgate("list", "stats", data=shown)
    assert told.stdout.splitlines()[-1] == "The file of all lists could not be made: The disk is full."
