"""`journal.db`: what happened, and the box's own counters; it is begun anew when it is broken."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import IntEnum
from pathlib import Path
from typing import ClassVar, TypeVar

import msgspec
from sqlite_utils import Database

from appliance.store import schema
from appliance.store.base import Age, Batch, PersonalStore, Row, erase, is_new
from appliance.store.connection import File, Pool, alone, identity, told
from appliance.store.errors import Corrupt, Gone
from appliance.store.migrations import set_aside

HOUR_S = 3600
TRIES = 3

_HOURS = (
    "insert into hours (hour, counter, count) values (?, ?, ?) on conflict do update set count = count + excluded.count"
)
_NAMES = (
    "insert into names (day, person, action, category, permitted_host_name, count) values (?, ?, ?, ?, ?, ?)"
    " on conflict do update set count = count + excluded.count"
)

T = TypeVar("T")


class Severity(IntEnum):
    """How much a person should care."""

    INFO = 0
    WARNING = 1
    ALARM = 2


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Its arguments hold no host name: those that may be kept stand in `names` alone."""

    kind: str
    at: float
    severity: Severity = Severity.INFO
    person: str | None = None
    device: str | None = None
    args: dict[str, str | int | float | bool] = {}


class NameCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often a name was seen or blocked in a day, where the contract lets that be kept."""

    day: str
    person: str
    action: str
    category: str
    permitted_host_name: str
    count: int


class Hour(msgspec.Struct, frozen=True):
    """A counter of the box in an hour that begins at `hour` (POSIX seconds)."""

    hour: int
    counter: str
    count: int


class JournalStore(PersonalStore):
    """Events, counters and permitted names. Nothing else leans on it: a broken file is set aside, a lost one made anew.

    What is written may be lost in a power cut; the file stays whole.
    """

    FILE = "journal.db"
    SYNCHRONOUS = "normal"
    STEPS = schema.JOURNAL
    AGES: ClassVar[Mapping[str, Age]] = {
        "events": Age("at", person="coalesce(person, '') = ?"),
        "hours": Age("hour", person=None),
        "names": Age("day", is_day=True),
    }

    def __init__(self, data: Path, at: float) -> None:
        """Open the journal; where it is broken, begin it anew. Raises StoreError."""
        self._renewing = threading.Lock()
        self.renewals = 0
        """How often it was begun anew under this one's hands."""
        path = data / self.FILE
        with told(path):
            file = identity(path)
        try:
            super().__init__(data)
        except Corrupt:
            self._set_aside(path, file, at)
            super().__init__(data)
            self.renewals += 1

    def add(
        self, events: Iterable[Event], at: float, *, names: Iterable[NameCount] = (), batch: Batch | None = None
    ) -> bool:
        """Write events and counts of names, all in one commit; a batch that was taken before is not taken again."""
        rows, counted = [_row(event) for event in events], [msgspec.structs.astuple(one) for one in names]

        def put() -> bool:
            with self.writing() as db:
                if not is_new(db, batch):
                    return False
                db.table("events").insert_all(rows)
                db.conn.executemany(_NAMES, counted)
                return True

        return self._surely(put, at)

    def count(self, counters: Mapping[str, int], at: float) -> None:
        """Add to the counters of the hour."""
        hour = int(at) // HOUR_S * HOUR_S
        rows = [(hour, counter, count) for counter, count in counters.items()]
        self._surely(lambda: self._many(_HOURS, rows), at)

    def count_names(self, names: Iterable[NameCount], at: float) -> None:
        """Add to the counts of names that may be kept."""
        rows = [msgspec.structs.astuple(one) for one in names]
        self._surely(lambda: self._many(_NAMES, rows), at)

    def events(
        self,
        person: str | None = None,
        kind: str | None = None,
        since: float | None = None,
        until: float | None = None,
        limit: int = 100,
    ) -> list[Event]:
        """Return the latest events before `until`, newest first; of one person, of one kind, from `since` on."""
        told_apart = {"person = ?": person, "kind = ?": kind, "at >= ?": since, "at < ?": until}
        where = {text: value for text, value in told_apart.items() if value is not None}
        rows = self._rows("events", " and ".join(where) or "1", [*where.values()], "at desc, id desc", limit)
        return [_event(row) for row in rows]

    def hours(self, since: float, until: float) -> list[Hour]:
        """Return the counters of the hours that begin in a span of time."""
        rows = self._rows("hours", "hour >= ? and hour < ?", [since, until], "hour, counter", None)
        return [msgspec.convert(row, Hour) for row in rows]

    def names(self, first: str, last: str, person: str, action: str, limit: int = 20) -> list[NameCount]:
        """Return a person's names of the days from the first to the last, the most frequent of a day first."""
        where = "day between ? and ? and person = ? and action = ?"
        order = "day desc, count desc, permitted_host_name"
        rows = self._rows("names", where, [first, last, person, action], order, limit)
        return [msgspec.convert(row, NameCount) for row in rows]

    def erase(self, person: str) -> int:
        """Erase all that is about one person; return how many rows went."""
        with self.writing() as db:
            count = sum(erase(db, table, "person = ?", [person]) for table in ("events", "names"))
        self.empty_log()
        return count

    def erase_kinds(self, before: Mapping[str, float], person: str) -> int:
        """Erase one person's events (an empty id is nobody's) of each kind older than its moment; return how many."""
        where = f"kind = ? and at < ? and {self.AGES['events'].person}"
        with self.writing() as db:
            count = sum(erase(db, "events", where, [kind, moment, person]) for kind, moment in before.items())
        if count:
            self.empty_log()
        return count

    def begin_anew(self, at: float) -> None:
        """Set the file aside as ``journal.db.broken-<time>``, in place of an earlier one, and begin an empty one."""
        self._renew(self._pool, at)

    def _surely(self, call: Callable[[], T], at: float) -> T:
        """Call, and again with a new journal where this one is gone or broken."""
        for _ in range(TRIES - 1):
            pool = self._pool
            try:
                return call()
            except Gone:
                self._renew(pool, None)
            except Corrupt:
                self._renew(pool, at)
        return call()

    def _rows(self, table: str, where: str, args: list[float | str], order: str, limit: int | None) -> list[Row]:
        def get() -> list[Row]:
            with self.reading() as db:
                return list(db.table(table).rows_where(where, args, order_by=order, limit=limit))

        pool = self._pool
        try:
            return get()
        except Gone:
            # The daemon that writes began it anew, or somebody removed it.
            self._renew(pool, None)
            return get()

    def _many(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self.writing() as db:
            db.conn.executemany(statement, rows)

    def _renew(self, pool: Pool, at: float | None) -> None:
        """Open the file again, with a time after setting it aside; of several threads that want this one does it."""
        with self._renewing:
            if self._pool is pool:
                pool.close()
                if at is not None:
                    self._set_aside(self.path, pool.file, at)
                self._pool = self._open()
                self.renewals += 1

    def _look(self, db: Database) -> None:
        found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Corrupt(f"{self.path}: {found}")

    @staticmethod
    def _set_aside(path: Path, broken: File | None, at: float) -> None:
        with told(path), alone(path.parent):
            # Unless another process did it just now.
            if identity(path) == broken:
                set_aside(path, at)


def _row(event: Event) -> Row:
    row: Row = msgspec.structs.asdict(event)
    return row | {"severity": int(event.severity), "args": msgspec.json.encode(event.args).decode()}


def _event(row: Row) -> Event:
    row.pop("id")
    return msgspec.convert(row | {"args": msgspec.json.decode(row["args"])}, Event)
