"""How a file of an earlier version becomes one of this, and the copies that lead back."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from os import fsync
from pathlib import Path

import msgspec
from sqlite_utils import Database

from appliance.store.connection import alone, connect, create, told, version_of, writing
from appliance.store.errors import Corrupt, Locked, Newer

KEPT = 2
"""Copies of one file; the older ones go."""

Step = Callable[[Database], None]


class Copy(msgspec.Struct, frozen=True):
    """A file as it was before the migration of a number ran."""

    before: int
    path: Path


def migrate(db: Database, path: Path, steps: Sequence[Step], folder: int) -> None:
    """Run the steps that a file lacks, each in one transaction; `folder` is the handle that `alone` gave.

    A copy of the file is made first. Raises Newer where the file knows more steps than there are here.
    """
    version = version_of(db)
    if version > len(steps):
        raise Newer(f"{path}: version {version}, known here is {len(steps)}")
    if 0 < version < len(steps):
        # The right to write is held meanwhile: nothing that is acknowledged can be missing from the copy.
        with writing(db):
            copy_to(path, path.with_name(f"{path.name}.before-{version + 1}"), folder)
        for old in copies(path)[:-KEPT]:
            old.path.unlink(missing_ok=True)
    for number in range(version + 1, len(steps) + 1):
        with writing(db):
            steps[number - 1](db)
            db.execute(f"PRAGMA user_version = {number}")


def copy_to(path: Path, target: Path, folder: int | None = None) -> None:
    """Put a copy of a file under another name, whole or not at all, while others may go on with it."""
    fresh = target.with_name(f".{target.name}.new")
    fresh.unlink(missing_ok=True)
    create(fresh)
    try:
        with closing(connect(path, "full")) as source, closing(connect(fresh, "full")) as sink:
            _pour(source, sink)
            # One file, without a WAL beside it.
            sink.execute("PRAGMA journal_mode = delete").fetchall()
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    if folder is not None:
        fsync(folder)


def copies(path: Path) -> list[Copy]:
    """Return the copies of a file, the oldest first."""
    found = []
    for one in path.parent.glob(f"{path.name}.before-*"):
        with suppress(ValueError):
            found.append(Copy(int(one.name.rpartition("-")[2]), one))
    return sorted(found, key=lambda copy: copy.before)


def restore(path: Path, copy: Path, at: float) -> None:
    """Make a file again what it was when a copy was made: what was changed since is lost.

    It happens in one transaction; a power cut leaves the one or the other. A file too damaged for that is set aside
    first. Raises StoreError.
    """
    with told(copy), alone(path.parent), closing(connect(copy, "full")) as source:
        if source.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise Corrupt(str(copy))
        try:
            _pour_into(path, source)
        except Corrupt:
            set_aside(path, at)
            _pour_into(path, source)


def set_aside(path: Path, at: float) -> None:
    """Give a damaged file the name ``<file>.broken-<time>``, in place of an earlier one; `alone` is held."""
    for earlier in path.parent.glob(f"{path.name}.broken-*"):
        earlier.unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        path.replace(path.with_name(f"{path.name}.broken-{int(at)}"))
    # In this order: SQLite drops a log whose file is missing or empty, and would take one up that isn't its own.
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _pour_into(path: Path, source: Database) -> None:
    with told(path):
        create(path)
        with closing(connect(path, "full")) as sink:
            _pour(source, sink)


def _pour(source: Database, sink: Database) -> None:
    def refuse(status: int, _remaining: int, _total: int) -> None:
        # Without this, `backup` would wait for a locked file for ever.
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Locked("a copy had to wait too long")

    source.conn.backup(sink.conn, progress=refuse)
