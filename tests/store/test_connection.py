"""Connections: how they are set up, what their errors mean, and who may use them when."""

import os
import sqlite3
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlite_utils import Database

from appliance.store import connection
from appliance.store.connection import Pool, alone, connect, create, problems_of, told, writing
from appliance.store.errors import Corrupt, DiskFull, Gone, Locked, StoreError, Unreachable
from tests.store.houses import opened


def _insert(db: Database, *names: str | None) -> None:
    rows: list[dict[str, str | None]] = [{"name": name} for name in names]
    db.table("things").insert_all(rows)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with one table."""
    path = tmp_path / "things.db"
    create(path)
    with opened(path) as db:
        db.enable_wal()
        db.table("things").create({"id": int, "name": str}, pk="id", not_null={"name"})
    return path


@pytest.mark.parametrize(("name", "level"), [("full", 2), ("normal", 1)])
def test_pragmas(path: Path, name: str, level: int) -> None:
    """Every connection overwrites what it erases, holds to foreign keys, and syncs as it is told."""
    db = connect(path, name)
    told_ = {
        word: db.execute(f"PRAGMA {word}").fetchone()[0]
        for word in ("journal_mode", "synchronous", "secure_delete", "foreign_keys", "busy_timeout", "locking_mode")
    }
    db.close()
    assert told_ == {
        "journal_mode": "wal", "synchronous": level, "secure_delete": 1, "foreign_keys": 1, "busy_timeout": 3000,
        "locking_mode": "normal",
    }  # fmt: skip


def test_only_the_boxs_group_may_read(path: Path) -> None:
    """Neither a file nor its log is open to others, whatever the umask."""
    with opened(path) as db:
        with writing(db):
            db.table("things").insert({"id": 1, "name": "one"})
        modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    assert modes == {"things.db": 0o660, "things.db-wal": 0o660, "things.db-shm": 0o660}


def test_a_file_that_is_there_stays(path: Path) -> None:
    """Creating what exists changes nothing."""
    before = path.read_bytes()
    create(path)
    assert path.read_bytes() == before


def test_connect_makes_no_file(tmp_path: Path) -> None:
    """A missing file is an error: only a store makes one."""
    with pytest.raises(Unreachable), told(tmp_path / "x.db"):
        connect(tmp_path / "x.db", "full")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_BUSY, Locked),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, Locked),
        (sqlite3.SQLITE_LOCKED, Locked),
        (sqlite3.SQLITE_FULL, DiskFull),
        (sqlite3.SQLITE_IOERR_SHMSIZE, DiskFull),
        (sqlite3.SQLITE_IOERR_READ, Unreachable),
        (sqlite3.SQLITE_CANTOPEN, Unreachable),
        (sqlite3.SQLITE_READONLY_DBMOVED, Unreachable),
        (sqlite3.SQLITE_CORRUPT, Corrupt),
        (sqlite3.SQLITE_NOTADB, Corrupt),
        (sqlite3.SQLITE_ERROR, StoreError),
    ],
)
def test_what_a_code_means(code: int, kind: type[StoreError]) -> None:
    """Each of SQLite's codes becomes just one of ours, and its words are kept."""
    error = sqlite3.OperationalError("its words")
    error.sqlite_errorcode = code
    with pytest.raises(StoreError, match=r"x\.db: its words") as caught, told(Path("x.db")):
        raise error
    assert type(caught.value) is kind


def test_a_refusing_system_is_told(tmp_path: Path) -> None:
    """What the system refuses is a StoreError too."""
    with pytest.raises(Unreachable, match="No such file"), told(tmp_path), alone(tmp_path / "missing"):
        pass


def test_writing_is_all_or_nothing(path: Path) -> None:
    """When anything fails in it, nothing of a transaction stays."""
    with opened(path) as db:
        with pytest.raises(sqlite3.IntegrityError), writing(db):
            _insert(db, "one", None)
        assert db.table("things").count == 0
        with writing(db):
            db.table("things").insert({"id": 1, "name": "one"})
    with opened(path) as db:
        assert db.table("things").count == 1


def test_problems(path: Path) -> None:
    """A whole file has none; a row without the one it belongs to is one."""
    with opened(path) as db:
        assert problems_of(db) == []
        db.table("parts").create({"id": int, "thing": int}, pk="id", foreign_keys=[("thing", "things", "id")])
        db.execute("PRAGMA foreign_keys = off")
        db.table("parts").insert({"id": 1, "thing": 7})
        assert problems_of(db) == ["parts row 1 lacks its things"]


def test_a_connection_is_used_again_and_never_by_two(path: Path) -> None:
    """Threads that come one after another share a connection, threads at once have their own."""
    pool = Pool(path, "full")
    with pool.lease() as first:
        pass
    with pool.lease() as second, pool.lease() as third:
        assert second is first
        assert third is not first
    pool.close()


def test_what_failed_is_not_used_again(path: Path) -> None:
    """A connection on which anything went wrong is closed."""
    pool = Pool(path, "full")
    with pytest.raises(ZeroDivisionError), pool.lease() as first:
        raise ZeroDivisionError
    with pool.lease() as second:
        assert second is not first
    with pytest.raises(sqlite3.ProgrammingError):
        first.execute("select 1")
    pool.close()


def test_close_reaches_what_is_lent(path: Path) -> None:
    """A connection that is at work when its pool is closed is closed when it comes back."""
    pool = Pool(path, "full")
    with pool.lease() as db:
        pool.close()
        assert db.execute("select 1").fetchone() == (1,)
    with pytest.raises(sqlite3.ProgrammingError):
        db.execute("select 1")


def test_few_stay_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a crowd only some connections stay."""
    monkeypatch.setattr(connection, "MAX_IDLE", 2)
    pool = Pool(path, "full")
    together = threading.Barrier(5)

    def use(_: int) -> None:
        with pool.lease():
            together.wait(10)

    with ThreadPoolExecutor(5) as threads:
        list(threads.map(use, range(5)))
    assert len(pool._idle) == 2
    pool.close()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_file_that_vanished_is_not_written(path: Path, is_replaced: bool) -> None:
    """What would be written to a removed file is refused: it would be acknowledged and lost."""
    pool = Pool(path, "full")
    with pool.lease():
        pass
    path.rename(path.with_name("elsewhere"))
    if is_replaced:
        create(path)
    with pytest.raises(Gone), pool.lease():
        pass
    pool.close()


def test_a_fork_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool from before a fork says so instead of breaking SQLite's locks."""
    pool = Pool(path, "full")
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with pytest.raises(RuntimeError, match="before the fork"), pool.lease():
        pass
    pool.close()


def test_alone_is_one_at_a_time(tmp_path: Path) -> None:
    """Whoever comes second waits for the first, in threads too."""
    inside: list[int] = []

    def enter(number: int) -> None:
        with alone(tmp_path):
            inside.append(number)
            assert inside == [number]
            inside.remove(number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(enter, range(200)))
