"""Migrations: from every version to this, all or nothing, with a way back."""

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from appliance.store import connection, migrations, schema
from appliance.store.base import Batch, Store
from appliance.store.connection import alone, create, problems_of, version_of, writing
from appliance.store.errors import Corrupt, DiskFull, Locked, Newer, Unreachable
from appliance.store.house import HouseStore
from appliance.store.journal import JournalStore
from appliance.store.ledger import LedgerStore
from appliance.store.migrations import Step, copies, copy_to, migrate, restore
from tests.store.houses import AT, named, opened


def one(db: Database) -> None:
    """Make a table."""
    db.table("things").create({"id": int, "name": str}, pk="id")


def two(db: Database) -> None:
    """Add a column."""
    db.table("things").add_column("colour", str)


def three(db: Database) -> None:
    """Change every row."""
    db.execute("update things set name = name || '!'")


def wrong(db: Database) -> None:
    """Fail half-way."""
    three(db)
    raise sqlite3.OperationalError("no such thing")


STEPS: tuple[Step, ...] = (one, two, three)


class Things(Store):
    """A store with some past."""

    FILE = "things.db"
    STEPS = STEPS
    AGES = {}  # noqa: RUF012 -- as its parent


def at_version(path: Path, steps: tuple[Step, ...], number: int) -> None:
    """Make a file as the version with that many steps made it."""
    create(path)
    with opened(path) as db, alone(path.parent) as folder:
        db.enable_wal()
        migrate(db, path, steps[:number], folder)


def names(path: Path) -> list[str]:
    """Return what stands in a file of things."""
    with opened(path) as db:
        return [row[0] for row in db.execute("select name from things order by id").fetchall()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file of the first version with one thing in it."""
    path = tmp_path / "things.db"
    at_version(path, STEPS, 1)
    with opened(path) as db:
        db.table("things").insert({"id": 1, "name": "one"})
    return path


@pytest.mark.parametrize(
    ("file", "steps"),
    [("house.db", schema.HOUSE), ("ledger.db", schema.LEDGER), ("journal.db", schema.JOURNAL)],
)
def test_every_released_version_becomes_this_one(tmp_path: Path, file: str, steps: tuple[Step, ...]) -> None:
    """From each number, none included, the file of today comes out, and nothing is wrong in it."""
    schemas = set()
    for number in range(len(steps) + 1):
        (tmp_path / str(number)).mkdir()
        path = tmp_path / str(number) / file
        at_version(path, steps, number)
        with {"house.db": HouseStore, "ledger.db": LedgerStore}.get(file, lambda data: JournalStore(data, AT))(
            path.parent
        ) as store:
            assert store.problems() == []
            schemas.add(tuple(sorted(store.columns().items())))
        with opened(path) as db:
            assert version_of(db) == len(steps)
    assert len(schemas) == 1


def test_a_batch_that_was_taken_before_an_update_is_known_after_it(tmp_path: Path) -> None:
    """It was the nameserver's: until then nobody else handed any over."""
    path = tmp_path / "ledger.db"
    at_version(path, schema.LEDGER, 3)
    with opened(path) as db:
        db.table("taken").insert({"giver": "4711", "serial": 8})
    with LedgerStore(tmp_path) as ledger:
        batches = [Batch("nameserver", "4711", 8), Batch("nameserver", "4711", 9), Batch("guard", "4711", 8)]
        assert [ledger.add([], batch=batch) for batch in batches] == [False, True, True]


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_only_what_lacks_runs(tmp_path: Path, number: int) -> None:
    """From any version each missing step runs once, in order."""
    path = tmp_path / "things.db"
    at_version(path, STEPS, number)
    if number:
        with opened(path) as db:
            db.table("things").insert({"id": 1, "name": "one"})
    with Things(tmp_path) as store:
        assert store.columns() == {"things": ("id", "name", "colour")}
    assert names(path) == ([] if not number else ["one"] if number == 3 else ["one!"])
    assert [copy.before for copy in copies(path)] == ([number + 1] if 0 < number < 3 else [])


def test_a_copy_is_one_whole_file(path: Path) -> None:
    """The copy is made before the first step, stands alone, and holds what was there."""
    with Things(path.parent):
        pass
    (copy,) = copies(path)
    assert (copy.before, copy.path.name) == (2, "things.db.before-2")
    with opened(copy.path) as db:
        assert (version_of(db), problems_of(db), db.journal_mode) == (1, [], "delete")
    assert names(copy.path) == ["one"]
    assert sorted(one.name for one in path.parent.iterdir()) == ["things.db", "things.db.before-2"]


def test_a_copy_leads_back(path: Path) -> None:
    """After an upgrade the copy makes the file again what it was, and the earlier version runs on it."""
    with Things(path.parent):
        pass
    assert names(path) == ["one!"]
    restore(path, copies(path)[0].path, AT)
    assert names(path) == ["one"]
    with opened(path) as db, alone(path.parent) as folder:
        assert version_of(db) == 1
        migrate(db, path, STEPS[:1], folder)
        assert problems_of(db) == []


def test_a_copy_leads_back_from_damage(path: Path) -> None:
    """A file too damaged to be written is set aside, not thrown away."""
    with Things(path.parent):
        pass
    damage = b"not a file of ours " * 500
    path.write_bytes(damage)
    with pytest.raises(Corrupt):
        Things(path.parent)
    assert path.read_bytes() == damage
    restore(path, copies(path)[0].path, AT)
    assert names(path) == ["one"]
    assert path.with_name(f"things.db.broken-{int(AT)}").read_bytes() == damage


def test_a_damaged_copy_leads_nowhere(path: Path) -> None:
    """What is no whole copy is refused, and the file stays as it is."""
    bad = path.with_name("things.db.before-9")
    bad.write_bytes(path.read_bytes()[:5000] + bytes(100))
    with pytest.raises(Corrupt):
        restore(path, bad, AT)
    with pytest.raises(Unreachable):
        restore(path, path.with_name("things.db.before-8"), AT)
    assert names(path) == ["one"]


def test_restoring_waits_for_nobody_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody writes, putting a copy back gives up with an error and changes nothing."""
    copy = path.with_name("things.db.before-2")
    copy_to(path, copy)
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    with opened(path) as db, writing(db):
        db.table("things").insert({"id": 2, "name": "two"})
        with pytest.raises(Locked):
            restore(path, copy, AT)
    assert names(path) == ["one", "two"]


def test_two_copies_are_kept(tmp_path: Path) -> None:
    """Of many upgrades the copies of the latest two stay."""
    path = tmp_path / "things.db"
    for number in range(1, 12):
        at_version(path, (one, *[lambda _: None] * 11), number)
    assert [copy.before for copy in copies(path)] == [10, 11]


def test_a_failing_step_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a step did before it failed is undone; the steps before it stand, and a mended version goes on."""
    monkeypatch.setattr(Things, "STEPS", (one, two, wrong))
    with pytest.raises(Exception, match="no such thing"):
        Things(path.parent)
    assert names(path) == ["one"]
    with opened(path) as db:
        assert version_of(db) == 2
    monkeypatch.undo()
    with Things(path.parent):
        pass
    assert names(path) == ["one!"]


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    """A file from a version that is not known here is left alone, with a sentence for a person."""
    with HouseStore(tmp_path) as store:
        store.replace("box", named("Kim"), AT)
    with opened(tmp_path / "house.db") as db:
        db.execute("PRAGMA user_version = 99")
    before = (tmp_path / "house.db").read_bytes()
    with pytest.raises(Newer, match="version 99, known here is") as caught:
        HouseStore(tmp_path)
    assert "newer version of Kindgate" in caught.value.sentence
    assert (tmp_path / "house.db").read_bytes() == before


def test_no_room_for_a_copy_no_migration(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a copy nothing is migrated, and nothing half-written stays behind."""

    def full(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(migrations, "_pour", full)
    with pytest.raises(DiskFull):
        Things(path.parent)
    assert names(path) == ["one"]
    assert [one.name for one in path.parent.iterdir()] == ["things.db"]


def test_nobody_writes_while_a_copy_is_made(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A change during the copy waits: it can't be acknowledged and missing."""
    tried: list[bool] = []
    monkeypatch.setattr(connection, "BUSY_S", 0.05)

    def copy(*_: object) -> None:
        with opened(path) as db, pytest.raises(sqlite3.OperationalError, match="locked"):
            db.table("things").insert({"id": 2, "name": "two"})
        tried.append(True)

    monkeypatch.setattr(migrations, "copy_to", copy)
    with Things(path.parent):
        pass
    assert tried == [True]


def test_a_stray_name_is_no_copy(path: Path) -> None:
    """A file that only looks like a copy is neither counted nor removed."""
    stray = path.with_name("things.db.before-lunch")
    stray.touch()
    assert copies(path) == []
