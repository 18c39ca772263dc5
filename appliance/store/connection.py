"""How a database is opened, locked and closed, and what SQLite's complaints mean.

A `Pool` lends each connection to one thread at a time, so any number of threads may share a store. A store must be
opened after a fork: SQLite's locks do not survive one.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database

from appliance.store.errors import Corrupt, DiskFull, Gone, Locked, StoreError, Unreachable

BUSY_S = 3.0
"""How long a change waits for another one."""
FILE_MODE = 0o660
"""The daemons of the box share a group; nobody else reads password hashes."""
MAX_IDLE = 8
WAL_LEFT_OCTETS = 1 << 20

File = tuple[int, int]
"""What tells a file from another that has its name."""

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)
_MEANING: dict[int, type[StoreError]] = {
    sqlite3.SQLITE_BUSY: Locked,
    sqlite3.SQLITE_LOCKED: Locked,
    sqlite3.SQLITE_CORRUPT: Corrupt,
    sqlite3.SQLITE_NOTADB: Corrupt,
    sqlite3.SQLITE_CANTOPEN: Unreachable,
    sqlite3.SQLITE_IOERR: Unreachable,
    sqlite3.SQLITE_PERM: Unreachable,
    sqlite3.SQLITE_READONLY: Unreachable,
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system complain about into a StoreError."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0)
        kind = DiskFull if code in _NO_ROOM else _MEANING.get(code & 0xFF, StoreError)
        raise kind(f"{path}: {error}") from error
    except OSError as error:
        raise Unreachable(f"{path}: {error.strerror or error}") from error


def connect(path: Path, synchronous: str) -> Database:
    """Open a file that exists. Raises sqlite3.Error."""
    try:
        return _connect(path, synchronous, "normal")
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_IOERR_SHMSIZE:
            raise
        # On a full disk there is no room for the index of the WAL; whoever has the file alone does without.
        return _connect(path, synchronous, "exclusive")


def _connect(path: Path, synchronous: str, locking: str) -> Database:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    raw = sqlite3.connect(uri, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=True)
    try:
        # Erased rows are overwritten, not only unlinked: what may not be kept must not be found on the disk.
        for pragma in (
            f"locking_mode = {locking}", "secure_delete = on", f"synchronous = {synchronous}", "foreign_keys = on",
            "temp_store = memory", f"journal_size_limit = {WAL_LEFT_OCTETS}",
        ):  # fmt: skip
            raw.execute(f"PRAGMA {pragma}").fetchall()
        db = Database(raw, execute_plugins=False, strict=True)
        version_of(db)
    except BaseException:
        raw.close()
        raise
    return db


def create(path: Path) -> None:
    """Make an empty file that the box's daemons may open, unless there is one."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, FILE_MODE)
    except FileExistsError:
        return
    try:
        os.fchmod(handle, FILE_MODE)
        if os.geteuid() == 0:
            folder = path.parent.stat()
            os.fchown(handle, folder.st_uid, folder.st_gid)
    finally:
        os.close(handle)


@contextmanager
def alone(folder: Path, *, is_shared: bool = False) -> Iterator[int]:
    """Let one process and thread at a time make, migrate, restore or set aside the files of a folder.

    Whoever only connects shares the folder with others who do. SQLite opens file, log and index one after another by
    their names: between them nobody may give a name to another file.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def writing(db: Database) -> Iterator[Database]:
    """Do everything inside in one transaction, or nothing.

    It takes the right to write at its beginning: a transaction that reads first and then finds that somebody else
    wrote could only fail.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        db.rollback()
        raise


def version_of(db: Database) -> int:
    """Return the number of the last migration that ran."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def problems_of(db: Database) -> list[str]:
    """Return what SQLite finds wrong in a file; it reads all of it."""
    found = [str(row[0]) for row in db.execute("PRAGMA integrity_check").fetchall()]
    orphans = [f"{row[0]} row {row[1]} lacks its {row[2]}" for row in db.execute("PRAGMA foreign_key_check").fetchall()]
    return [text for text in found if text != "ok"] + orphans


class Pool:
    """Connections to one file, each lent to one thread at a time."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path = path
        self._synchronous = synchronous
        self._idle: list[Database] = []
        self._guard = threading.Lock()
        self._is_closed = False
        self._process = os.getpid()
        self.file = identity(path)
        """Which file this was when it was opened."""

    @contextmanager
    def lease(self) -> Iterator[Database]:
        """Lend a connection. Raises StoreError; whatever fails inside, that connection is not used again."""
        if os.getpid() != self._process:
            raise RuntimeError(f"{self.path} was opened before the fork: open it after")
        with told(self.path):
            db = self._take()
            try:
                yield db
            except BaseException as error:
                db.close()
                if isinstance(error, sqlite3.Error):
                    self._look()
                raise
            self._give(db)

    def close(self) -> None:
        """Close what is idle now, and each that is lent when it comes back."""
        with self._guard:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for db in idle:
            db.close()

    def _take(self) -> Database:
        self._look()
        with self._guard:
            if self._idle:
                return self._idle.pop()
        with alone(self.path.parent, is_shared=True):
            self._look()
            return connect(self.path, self._synchronous)

    def _look(self) -> None:
        """Raise Gone where the file was removed or replaced."""
        if identity(self.path) != self.file:
            raise Gone(str(self.path))

    def _give(self, db: Database) -> None:
        is_shared = db.execute("PRAGMA locking_mode").fetchone()[0] == "normal"
        with self._guard:
            if is_shared and not self._is_closed and len(self._idle) < MAX_IDLE:
                self._idle.append(db)
                return
        db.close()


def identity(path: Path) -> File | None:
    """Return which file has a name, None for none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
