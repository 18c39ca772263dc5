"""The bundled rules, as they lie on the disk."""

import shutil
from pathlib import Path

import pytest

from appliance.core import offers, visibility
from appliance.core.offers import OffersError
from appliance.core.rulebook import HELP, RulebookError
from appliance.core.visibility import VisibilityError
from appliance.world import rules

YAML = (
    "bands.yaml",
    "bypass.yaml",
    "categories.yaml",
    "infrastructure.yaml",
    "protected.yaml",
    "safesearch.yaml",
    "services.yaml",
)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """Return a copy of the bundled rules that a test may damage."""
    return Path(shutil.copytree(rules.folder(), tmp_path / "rules"))


def test_all_bundled_rules_load() -> None:
    """Every file of `rules/` loads, and every list's names are found in the set."""
    book = rules.load_rulebook()
    found = rules.bundled_set(book)
    lists = {path.stem for path in (rules.folder() / "lists").glob("*.txt")}
    assert lists
    assert lists <= {entry.tag for entry in book.entries}
    assert lists <= book.categories.keys()
    assert found.tags("malware.kindgate.test") == {"malware_phishing"}
    wanted = [entry for entry in book.entries if entry.tag == HELP and not entry.is_not]
    assert [entry.name for entry in wanted if HELP not in found.tags(entry.name)] == []


def test_folder_is_that_of_the_argument(copied: Path) -> None:
    """Another folder's rules are read from there."""
    (copied / "lists" / "forum.txt").write_text("only.example\n")
    (copied / "services.yaml").write_text("version: 1\nshared: []\ngroups: {}\nservices: []\n")
    book = rules.load_rulebook(copied)
    assert [entry.name for entry in book.entries if entry.tag == "forum"] == ["only.example"]


@pytest.mark.parametrize("name", YAML)
def test_damaged_file_names_its_line(copied: Path, name: str) -> None:
    """What can't be read is told with file and line."""
    path = copied / name
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "  }: torn"]))
    with pytest.raises(RulebookError, match=rf"(?m)^{name}: line {len(lines) + 1}: "):
        rules.load_rulebook(copied)


@pytest.mark.parametrize("name", YAML)
def test_unknown_key_names_its_line(copied: Path, name: str) -> None:
    """A key that is not known is told with file and line."""
    path = copied / name
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "surprise: 1"]))
    with pytest.raises(RulebookError, match=rf"(?m)^{name}: line {len(lines) + 1}: .*unknown key 'surprise'"):
        rules.load_rulebook(copied)


@pytest.mark.parametrize("name", YAML)
def test_missing_file_is_named(copied: Path, name: str) -> None:
    """A file that is missing is told by its name."""
    (copied / name).unlink()
    with pytest.raises(RulebookError, match=rf"(?m)^{name}: missing"):
        rules.load_rulebook(copied)


def test_damaged_list_names_its_line(copied: Path) -> None:
    """A word that is no name is told with list and line, and so is every other one."""
    (copied / "lists" / "gambling.txt").write_text("# a comment\nfine.example\nno name\n\n..\n")
    with pytest.raises(RulebookError) as caught:
        rules.load_rulebook(copied)
    told = str(caught.value).splitlines()
    assert [line.rpartition(": ")[0].partition(": ")[0] for line in told] == ["lists/gambling.txt"] * 2
    assert [line.split(": ")[1] for line in told] == ["line 3", "line 5"]


@pytest.mark.parametrize("name", ["lists/gambling.txt", "bands.yaml"])
def test_file_that_is_no_text_names_its_line(copied: Path, name: str) -> None:
    """Octets that are no UTF-8 are told with file and line."""
    path = copied / name
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join([*lines, b"\xff\xfe.example"]))
    with pytest.raises(RulebookError, match=rf"{name}: line {len(lines) + 1}: not UTF-8"):
        rules.load_rulebook(copied)


def test_bundled_contract_loads(copied: Path) -> None:
    """The visibility contract is that of the folder, by default the bundled one."""
    assert rules.load_contract().field("queries_ring").ring == "recent"
    path = copied / visibility.FILE
    path.write_text(path.read_text().replace("per_week: 3", "per_week: 2"))
    assert rules.load_contract(copied).field("alerts").per_week == 2


@pytest.mark.parametrize(
    ("octets", "expected"),
    [(None, "missing"), (b"\xff", "line 1: not UTF-8"), (b"version: 2\n", "line 1: ")],
)
def test_damaged_contract(copied: Path, octets: bytes | None, expected: str) -> None:
    """A contract that can't be read is told with its file, and with the line where there is one."""
    path = copied / visibility.FILE
    path.unlink()
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(VisibilityError, match=rf"^visibility\.yaml: {expected}"):
        rules.load_contract(copied)


def test_bundled_catalogue_loads(copied: Path) -> None:
    """The catalogue of lists and the popular names are those of the folder, by default the bundled ones."""
    offered = rules.load_offers()
    assert len(offered) >= 25
    assert "wikipedia.org" in rules.load_popular()
    (copied / offers.FILE).write_text("version: 1\nlists: []\n")
    (copied / offers.POPULAR_FILE).write_text("version: 1\nnames:\n  a: [one.example]\n  b: [two.example]\n")
    assert rules.load_offers(copied) == ()
    assert rules.load_popular(copied) == {"one.example", "two.example"}


@pytest.mark.parametrize(
    ("octets", "expected"),
    [(None, "missing"), (b"\xff", "line 1: not UTF-8"), (b"version: 2\n", "line 1: ")],
)
def test_damaged_catalogue(copied: Path, octets: bytes | None, expected: str) -> None:
    """What can't be read of the lists is told with its file, and with the line where there is one."""
    for file, load in ((offers.FILE, rules.load_offers), (offers.POPULAR_FILE, rules.load_popular)):
        (copied / file).unlink()
        if octets is not None:
            (copied / file).write_bytes(octets)
        with pytest.raises(OffersError, match=rf"^{file}: {expected}"):
            load(copied)


def test_no_rules_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An installation that lost its rules says what to do."""
    monkeypatch.setattr(rules, "_PACKAGE", tmp_path / "appliance")
    with pytest.raises(RulebookError, match="install Kindgate again"):
        rules.load_rulebook()
