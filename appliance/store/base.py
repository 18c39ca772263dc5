"""What the stores have in common: opening, transactions, ages and columns; and what those of the steward have."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec
from sqlite_utils import Database

from appliance.store.connection import Pool, alone, connect, create, problems_of, told, writing
from appliance.store.errors import Locked
from appliance.store.migrations import Step, copy_to, migrate

Row = dict[str, Any]


class Age(msgspec.Struct, frozen=True):
    """How rows of a table grow old."""

    column: str
    """The column that says when: POSIX seconds, or a day (``2026-03-04``)."""
    is_day: bool = False
    person: str | None = "person = ?"
    """What picks the rows of one person, None where no row is anyone's."""
    only: str = "1"
    """What rows may go at all."""


class Batch(msgspec.Struct, frozen=True):
    """Which daemon handed out a batch of news, in which of its runs, and the number: by these it is known again."""

    giver: str
    run: str
    serial: int


class Store:
    """One file of the data folder. Any number of threads and processes may use it at once.

    Every method that writes is one transaction: when it returns, the change is on the disk; when it raises
    StoreError, nothing was changed. Open it after a fork, and close it.
    """

    FILE: ClassVar[str]
    SYNCHRONOUS: ClassVar[str] = "full"
    STEPS: ClassVar[Sequence[Step]]
    AGES: ClassVar[Mapping[str, Age]]
    """Tables whose rows may be erased by age."""

    def __init__(self, data: Path) -> None:
        """Open the file in a data folder, made where it is missing, migrated where it is old. Raises StoreError."""
        self.path = data / self.FILE
        self._pool = self._open()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """Close all connections; those at work when their work is done."""
        self._pool.close()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """Lend a connection to another part of this room, to read. Raises StoreError."""
        with self._pool.lease() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """Lend a connection to another part of this room, for one transaction. Raises StoreError."""
        with self._pool.lease() as db, writing(db):
            yield db

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Return every table with its columns, as they are in the file."""
        with self.reading() as db:
            return {table.name: tuple(column.name for column in table.columns) for table in db.tables}

    def problems(self) -> list[str]:
        """Return what is wrong inside the file; empty when all is well. It reads the whole file."""
        with self.reading() as db:
            return problems_of(db)

    def copy_to(self, target: Path) -> None:
        """Put a copy of the file under another name, whole or not at all. Raises StoreError."""
        with told(target):
            copy_to(self.path, target)

    def erase_older(self, table: str, before: float | str, person: str | None = None) -> int:
        """Erase rows older than a moment or (ledger) a day, of one person or of all; return how many went.

        They are overwritten in the file, and the log that may still hold them is emptied.
        """
        age = self.AGES[table]
        if isinstance(before, str) != age.is_day:
            raise TypeError(f"{table} grows old by {'days' if age.is_day else 'POSIX seconds'}")
        where, args = f"({age.only}) and {age.column} < ?", [before]
        if person is not None:
            if age.person is None:
                raise ValueError(f"no row of {table} is anyone's")
            where, args = f"{where} and {age.person}", [before, person]
        with self.writing() as db:
            count = erase(db, table, where, args)
        if count:
            self.empty_log()
        return count

    def erase_copies(self, before: float) -> int:
        """Erase copies made before a migration, and what was set aside, that are older than a moment."""
        old = []
        with told(self.path), alone(self.path.parent):
            for kind in ("before", "broken"):
                old += [one for one in self.path.parent.glob(f"{self.FILE}.{kind}-*") if one.stat().st_mtime < before]
            for one in old:
                one.unlink(missing_ok=True)
        return len(old)

    def empty_log(self) -> None:
        """Move what the WAL holds to the file, and leave it empty; where somebody is reading, the next one does."""
        with suppress(Locked), self.reading() as db:
            db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()

    def _open(self) -> Pool:
        folder = self.path.parent
        with told(self.path):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            with alone(folder) as handle:
                create(self.path)
                db = connect(self.path, self.SYNCHRONOUS)
                try:
                    self._look(db)
                    if db.journal_mode != "wal":
                        db.enable_wal()
                    migrate(db, self.path, self.STEPS, handle)
                finally:
                    db.close()
            return Pool(self.path, self.SYNCHRONOUS)

    def _look(self, db: Database) -> None:
        """Look at a file before it is used."""


class PersonalStore(Store):
    """A store with rows of persons, which one daemon fills from batches."""

    def persons(self) -> dict[str, set[str]]:
        """Return whose rows each table has; an empty id is nobody's."""
        with self.reading() as db:
            return {
                table: {row["person"] for row in db.query(f"select distinct coalesce(person, '') person from {table}")}  # noqa: S608 -- our own tables
                for table, age in self.AGES.items()
                if age.person is not None
            }

    def swept(self) -> dict[str, str]:
        """Return the row of the visibility contract that each person was in when rows were last erased."""
        with self.reading() as db:
            return {row["person"]: row["band"] for row in db.table("swept").rows}

    def note_swept(self, rows: Mapping[str, str]) -> None:
        """Remember for the next time in which row each person is."""
        if self.swept() == rows:
            return
        with self.writing() as db:
            db.table("swept").delete_where()
            db.table("swept").insert_all({"person": person, "band": row} for person, row in rows.items())


def is_new(db: Database, batch: Batch | None) -> bool:
    """Say inside the transaction that takes a batch whether it isn't its giver's last one, and remember it.

    Without a batch all is new. A giver hands out the next batch when the one before is done: the last one is enough.
    """
    if batch is None:
        return True
    row = msgspec.structs.asdict(batch)
    if db.table("taken").count_where("giver = :giver and run = :run and serial = :serial", row):
        return False
    db.table("taken").insert(row, replace=True)
    return True


def erase(db: Database, table: str, where: str, args: Sequence[object]) -> int:
    """Erase rows inside a transaction; return how many."""
    count: int = db.table(table).count_where(where, args)
    if count:
        db.table(table).delete_where(where, args)
    return count
