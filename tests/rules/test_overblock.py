"""Counting what lists close wrongly: each name once, what a list is meant to close not at all, and files kept as is."""

import gzip
import os
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from appliance.core.domainset import DomainSet, Entry, build
from appliance.core.lists.build import ListRefused
from appliance.core.lists.rule import Syntax
from appliance.core.offers import Offer, Overblock, parse
from appliance.core.rulebook import HELP, INFRASTRUCTURE, UPDATES, Category, Rulebook
from appliance.steward.lists.limits import NotTaken
from scripts.overblocklib import beside, cli, table
from scripts.overblocklib.pool import Pool, gather, wrongly_closed
from scripts.overblocklib.score import closed_of, index, lines_of, measure, of_plain_names

DAY = date(2026, 3, 20)
BOOK = Rulebook(
    categories={
        id_: Category(id=id_, name=id_, risk="content", group=group)
        for id_, group in (("social_media", "social"), ("forum", "social"), ("gambling", "money"), ("bodies", "help"))
    },
    letters={},
    routes={},
    information=frozenset({"bodies"}),
    entries=(
        Entry("help.example", HELP),
        Entry("bodies.example", "bodies"),
        Entry("not.bodies.example", "bodies", is_not=True),
        Entry("clock.example", INFRASTRUCTURE),
        Entry("updates.example", f"{UPDATES}system"),
        Entry("friends.example", "social_media"),
    ),
)
NAMES = DomainSet(build(BOOK.entries))
POPULAR = ("friends.example", "shop.example", "help.example")
WRONG = ("slotcar.example", "shop.example")
POOL: Pool = gather(BOOK, NAMES, POPULAR, WRONG)

CATALOGUE = """\
# A comment at the head.
version: 1
lists:
  # a comment before it
  - id: one
    name: One
    maker: Me
    url: https://lists.example/one.txt
    homepage: https://lists.example/
    licence: MIT
    category: forum
    syntax: hosts
    names: 10
    megabytes: 0.1
    ages: [0-5]
    about: "It is the first."
    overblock: {index: 9.9, protected: 9, infrastructure: 9, popular: 9, slice: 9, names: 9, measured: 2020-01-01}

  # a comment between
  - id: two
    name: Two
    maker: Me
    url: https://lists.example/two.txt
    homepage: https://lists.example/
    licence: MIT
    syntax: adblock-dns
    names: 10
    megabytes: 0.1
    ages: [0-5]
    about: "It is the second."
"""
ONE, TWO = parse(CATALOGUE)
FIGURES = Overblock(index=166.7, protected=1, infrastructure=0, popular=0, slice=0, names=1234, measured=DAY)


def test_each_name_is_of_one_kind() -> None:
    """The first that it is of; what is taken out of a kind isn't there."""
    assert POOL.kinds == {
        "help.example": "protected",
        "bodies.example": "protected",
        "clock.example": "infrastructure",
        "updates.example": "infrastructure",
        "friends.example": "popular",
        "shop.example": "popular",
        "slotcar.example": "slice",
    }


def test_what_a_list_is_for_is_not_held_against_it() -> None:
    """A popular name of the list's own group; but no protected one."""
    assert "friends.example" in POOL.meant(None)
    assert "friends.example" in POOL.meant("gambling")
    assert POOL.kinds.keys() - POOL.meant("forum").keys() == {"friends.example"}
    assert "bodies.example" in POOL.meant("bodies")


def test_the_slice_is_that_of_the_test_data(tmp_path: Path) -> None:
    """Rows that say so by their source, in normal form."""
    (tmp_path / "dataset").mkdir()
    with gzip.open(tmp_path / "dataset" / "dev_test.csv.gz", "wt") as file:
        file.write("domain,label,source\nA.example,benign,overblock:known\nb.example,benign,top\n")
    assert list(wrongly_closed(tmp_path)) == ["a.example"]


def test_a_name_is_closed_by_its_www_too() -> None:
    """A hosts file names hosts, and people mean sites."""
    meant = {"one.example": "popular", "two.example": "slice", "three.example": "popular"}
    closes = of_plain_names(["www.one.example", "two.example", "far.three.example"])
    assert closed_of(meant, closes) == {"one.example": "popular", "two.example": "slice"}
    assert closes("far.two.example")


@pytest.mark.parametrize(("closed", "of", "expected"), [(0, 5000, 0.0), (1, 5000, 0.2), (7, 7, 1000.0), (0, 0, 0.0)])
def test_the_index_is_of_a_thousand(closed: int, of: int, expected: float) -> None:
    """To a tenth, and nothing of nothing."""
    assert index(closed, of) == expected


def test_a_list_is_measured_as_a_house_would_run_it() -> None:
    """Exceptions hold, other addresses don't, and whole registries are left out."""
    lines = ["||bodies.example^", "||shop.example^", "@@||shop.example^", "||example^", "||clock.example^", "! end"]
    figures, closed = measure(TWO, lines, DAY, POOL)
    assert closed == {"bodies.example": "protected", "clock.example": "infrastructure"}
    assert figures == Overblock(
        index=285.7, protected=1, infrastructure=1, popular=0, slice=0, names=figures.names, measured=DAY
    )
    assert figures.names >= 3


def test_a_list_with_a_category_reaches_what_is_below() -> None:
    """Bare names of such a list are meant with all below them, unless the catalogue says otherwise."""
    figures, closed = measure(
        _hosts(subdomains=None), ["0.0.0.0 slotcar.example", "0.0.0.0 friends.example"], DAY, POOL
    )
    assert (closed, figures.slice, figures.names) == ({"slotcar.example": "slice"}, 1, 2)
    assert figures.index == index(1, 6)


def _hosts(*, subdomains: bool | None) -> Offer:
    return Offer(
        id="hosts", name="Hosts", maker="Me", url="https://lists.example/hosts", homepage="https://lists.example/",
        licence="MIT", category="forum", syntax=Syntax.HOSTS, subdomains=subdomains, names=1, megabytes=1,
        ages=("0-5",), about="Hosts.",
    )  # fmt: skip


def test_figures_go_to_their_place() -> None:
    """Old ones give way, new ones come last, comments and all other lines stay; twice is once."""
    written = table.with_figures(CATALOGUE, {"one": FIGURES, "two": FIGURES})
    assert [offer.overblock for offer in parse(written)] == [FIGURES, FIGURES]
    assert _without(written) == _without(CATALOGUE)
    assert table.with_figures(written, {"one": FIGURES, "two": FIGURES}) == written
    assert table.with_figures(CATALOGUE, {}) == CATALOGUE
    only_two = parse(table.with_figures(CATALOGUE, {"two": FIGURES}))
    assert only_two[0] == ONE
    assert only_two[1].overblock == FIGURES


def _without(text: str) -> list[str]:
    return [line for line in text.splitlines() if "overblock:" not in line]


def test_the_table_is_put_where_it_was() -> None:
    """Those that close most come first; what wasn't measured isn't there; the text around it stays."""
    offers = parse(table.with_figures(CATALOGUE, {"two": FIGURES}))
    made = table.table(offers)
    assert made.splitlines()[2:] == [
        "| Two | 166.7 | 1 | 0 | 0 | 0 | 1,234 | 2026-03-20 |",
        "| One | 9.9 | 9 | 9 | 9 | 9 | 9 | 2020-01-01 |",
    ]
    page = f"before\n\n{table.HEADING}\n{table.RULE}\n| Old | 1 |\n\nafter\n"
    assert table.with_table(page, offers) == f"before\n\n{made}\n\nafter\n"
    with pytest.raises(ValueError, match="no table"):
        table.with_table("before\n", offers)


def test_lists_come_from_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the day of the file; one that isn't there keeps its figure, and that is said."""
    (tmp_path / "two.txt").write_bytes(b"||friends.example^\n||slotcar.example^\n! \xff\n")
    noon = datetime(2026, 3, 20, 12, tzinfo=UTC).timestamp()
    os.utime(tmp_path / "two.txt", (noon, noon))
    figures = cli.measured((ONE, TWO), POOL, tmp_path, _never)
    assert figures.keys() == {"two"}
    assert (figures["two"].popular, figures["two"].slice, figures["two"].measured) == (1, 1, DAY)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "one: the figure of 2020-01-01 stays: there is no one.* in that folder"
    assert told[1].startswith("two: closes 285.7 of 1,000 (0 protected, 0 infrastructure, 1 popular, 1 slice)")
    assert told[2] == "  of what everybody knows: friends.example"


def _never(_offer: Offer, _into: Path) -> date:
    raise AssertionError("nothing is fetched")


def test_lists_are_fetched(capsys: pytest.CaptureFixture[str]) -> None:
    """A fetched list is packed; one that can't be had, or that no house would take, is told and left."""

    def fetch(offer: Offer, into: Path) -> date:
        if offer.id == "one":
            raise NotTaken("There is nothing at this address.")
        with gzip.open(into, "wt") as file:
            file.write("||shop.example^\n")
        return DAY

    assert cli.measured((ONE, TWO), POOL, None, fetch)["two"].popular == 1
    assert "one: the figure of 2020-01-01 stays: There is nothing at this address." in capsys.readouterr().out
    with pytest.raises(ListRefused):
        measure(TWO, [f"/ads{number}[0-9]/" for number in range(10_001)], DAY, POOL)


def test_bulk_lists_are_told_beside(tmp_path: Path) -> None:
    """By category, what that is meant for left aside, and as one; and the lists of resolvers."""
    for folder in ("bulk", "lists"):
        (tmp_path / folder).mkdir()
    with gzip.open(tmp_path / "bulk" / "blocklist_tagged.tsv.gz", "wt") as file:
        file.write("www.shop.example\tsocial\nslotcar.example\tsocial\nfriends.example\tsocial\nother.test\tpiracy\n")
    with gzip.open(tmp_path / "lists" / "a_doh.txt.gz", "wt") as file:
        file.write("# resolvers\nclock.example\n")
    assert list(beside.told(tmp_path, POOL)) == [
        "bulk list, all together: closes 428.6 of 1,000 (0 protected, 0 infrastructure, 2 popular, 1 slice); 4 names",
        "bulk list, social: closes 333.3 of 1,000 (0 protected, 0 infrastructure, 1 popular, 1 slice); 3 names",
        "bulk list, piracy: closes 0.0 of 1,000 (0 protected, 0 infrastructure, 0 popular, 0 slice); 1 names",
        "a_doh.txt.gz: closes 142.9 of 1,000 (0 protected, 1 infrastructure, 0 popular, 0 slice); 1 names",
    ]


def test_lines_are_read_packed_or_not(tmp_path: Path) -> None:
    """Octets that are no UTF-8 don't stop a list."""
    (tmp_path / "a.txt").write_bytes(b"one\r\n\xff\n")
    (tmp_path / "a.gz").write_bytes(gzip.compress(b"one\n"))
    assert [list(lines_of(tmp_path / name)) for name in ("a.txt", "a.gz")] == [["one", "�"], ["one"]]


def test_without_test_data_nothing_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The index of a part would not compare with that of the whole."""
    assert cli.main(["--data", str(tmp_path)]) == 2
    assert "no test data" in capsys.readouterr().err
