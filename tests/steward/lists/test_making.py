"""The file of all lists is made of what is there, when that is another thing; a bad list takes no good one's place."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.subscription import ListKind
from appliance.household.lists import Phase, Standing, Status, load_standing, make_folders, set_file, source_file
from appliance.steward.lists import shelf
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.limits import NotTaken
from appliance.steward.lists.making import Fresh, is_made, make, text_octets
from appliance.world.listfile import open_set
from tests.steward.lists.houses import BAD, WORSE, house, one
from tests.steward.lists.packed import pack

A, B = one("a"), one("b")
PATTERNS = b"".join(b"/bad%d[0-9]/\n" % number for number in range(10_001))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the texts of two lists."""
    make_folders(tmp_path)
    pack(source_file(tmp_path, "a"), BAD)
    pack(source_file(tmp_path, "b"), WORSE)
    return tmp_path


def made(data: Path, told: House, **fresh: Fresh) -> Standing:
    """Make the file of all lists."""
    return make(data, told, fresh, Halt())


def names(data: Path) -> set[str]:
    """Return the names that are in force."""
    found = open_set(set_file(data))
    return {name for name, _ in found.below("example")} if found else set()


def came(data: Path, text: bytes, name: str = "new") -> Fresh:
    """Return a list that has come."""
    path = pack(data / name, text)
    return Fresh(path, Status(octets=len(text), etag="new"), Status(octets=1, etag="old", failures=1))


def test_it_is_made_once(data: Path) -> None:
    """Of the lists that are on; and not again while nothing changes."""
    told = house(A, B, one("off", on=False), one("c", "https://lists.example/"))
    assert not is_made(data, told)
    standing = made(data, told)
    assert names(data) == {"bad.example", "worse.example"}
    assert {list_id: status.phase for list_id, status in standing.lists.items() if status.report} == {
        "a": Phase.READY,
        "b": Phase.READY,
    }
    assert is_made(data, told)
    assert made(data, told) == standing == load_standing(data)


@pytest.mark.parametrize("other", [
    house(A), house(A, replace(B, on=False)), house(A, replace(B, kind=ListKind.ALLOW)),
    house(A, replace(B, wide=True)), house(A, replace(B, redirects=True)), house(A, replace(B, category="ads")),
    house(A, replace(B, subdomains=True)),
])  # fmt: skip
def test_another_house(data: Path, other: House) -> None:
    """What a list is, says what is made of it."""
    made(data, house(A, B))
    assert not is_made(data, other)
    made(data, other)
    assert is_made(data, other)


@pytest.mark.parametrize("other", [house(replace(A, name="Else"), B), house(A, replace(B, persons=("ben",)))])
def test_for_whom_it_is(data: Path, other: House) -> None:
    """That is not in the file."""
    made(data, house(A, B))
    assert is_made(data, other)


def test_a_file_that_was_tampered_with(data: Path) -> None:
    """One that is gone, broken or another one is made anew; and so is one of another text."""
    told = house(A, B)
    for harm in (Path.unlink, lambda path: path.write_bytes(b"what?"), lambda _: pack(source_file(data, "a"), WORSE)):
        made(data, told)
        harm(set_file(data))
        assert not is_made(data, told)
    made(data, told)
    assert names(data) == {"worse.example"}


def test_no_lists(data: Path) -> None:
    """No file; and for a house that never had one, nothing at all."""
    made(data, house(A))
    made(data, house())
    assert (names(data), set_file(data).exists(), load_standing(data).digest) == (set(), False, "")
    assert is_made(data, house(one("off", on=False)))
    assert is_made(data / "empty", house())


def test_what_came_takes_its_place(data: Path) -> None:
    """The text, and how it stands."""
    standing = made(data, house(A, B), a=came(data, b"0.0.0.0 new.example\n"))
    assert names(data) == {"new.example", "worse.example"}
    assert (standing.lists["a"].etag, standing.lists["a"].phase) == ("new", Phase.READY)
    assert text_octets(source_file(data, "a")) == 20
    assert not (data / "new").exists()
    assert is_made(data, house(A, B))


def test_what_came_is_bad(data: Path) -> None:
    """What was good last stays, text and file, and why is told; the others are made."""
    standing = made(data, house(A, B), a=came(data, PATTERNS), b=came(data, b"0.0.0.0 new.example\n", "other"))
    assert names(data) == {"bad.example", "new.example"}
    bad = standing.lists["a"]
    assert (bad.phase, bad.etag, bad.failures, standing.lists["b"].problem) == (Phase.READY, "old", 1, "")
    assert "10,000" in bad.problem
    assert bad.report is not None
    assert bad.report.names == 1
    assert text_octets(source_file(data, "a")) == len(BAD)
    assert not (data / "new").exists()
    assert is_made(data, house(A, B))


def test_nothing_of_it_was_ever_good(data: Path) -> None:
    """It is left out, and fetched anew whatever its sender says."""
    source_file(data, "a").write_bytes(b"what?")
    shelf.change_one(data, "a", lambda old: replace(old, etag="old", source="https://lists.example/", digest="0"))
    standing = made(data, house(A, B), b=came(data, PATTERNS))
    assert names(data) == {"worse.example"}
    status = standing.lists["a"]
    assert (status.phase, status.etag, status.source, status.report) == (Phase.WAITING, "", "", None)
    assert "damaged" in status.problem


def test_the_disk_is_full(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file can't be put in its place, all is as it was, and what came still lies there."""
    made(data, house(A, B))
    before = load_standing(data)
    target = set_file(data).with_name(".lists.set.new")
    target.mkdir()
    fresh = came(data, b"0.0.0.0 new.example\n")
    with pytest.raises(NotTaken, match="last good"):
        made(data, house(A, B), a=fresh)
    assert names(data) == {"bad.example", "worse.example"}
    assert load_standing(data) == before
    assert text_octets(fresh.path) == 20
    assert text_octets(source_file(data, "a")) == len(BAD)
