"""`ledger.db`: how much, by day or by week: counts by category and action, minutes, and what is used of budgets."""

from collections.abc import Iterable, Mapping
from datetime import date
from enum import Enum
from typing import ClassVar, TypeVar

import msgspec
from sqlite_utils import Database

from appliance.store import schema
from appliance.store.base import Age, Batch, PersonalStore, Row, erase, is_new

_COUNTS = (
    "insert into counts (day, span, person, category, action, count) values (?, ?, ?, ?, ?, ?)"
    " on conflict do update set count = count + excluded.count"
)
_MINUTES = (
    "insert into minutes (day, span, person, kind, what, minutes) values (?, ?, ?, ?, ?, ?)"
    " on conflict do update set minutes = minutes + excluded.minutes"
)

_BUDGETS = "insert or replace into budget_minutes (day, person, what, minutes, week, carried) values (?, ?, ?, ?, ?, ?)"
_TIME = "insert or replace into time_sums (day, person, minutes) values (?, ?, ?)"


class Span(Enum):
    """What a row is the sum of; where only weeks may be kept, days are never written."""

    DAY = "day"
    WEEK = "week"
    """`day` is its Monday, or whatever day the house's weeks begin with."""


class Kind(Enum):
    """What minutes were spent on."""

    SERVICE = "service"
    CATEGORY = "category"


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How often; `person` is None for devices that nobody named."""

    day: str
    person: str | None
    category: str
    action: str
    count: int
    span: Span = Span.DAY


class Minutes(msgspec.Struct, frozen=True, kw_only=True):
    """How long. `what` is the id of a service or category."""

    day: str
    person: str
    kind: Kind
    what: str
    minutes: int
    span: Span = Span.DAY


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What is used of one budget in its day: that day, in the week with it, and what was carried over to it."""

    day: str
    person: str
    what: str
    minutes: int
    week: int
    carried: int


class TimeSum(msgspec.Struct, frozen=True, kw_only=True):
    """The minutes of a person in a day of the budgets, all together."""

    day: str
    person: str
    minutes: int


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """What one person has from the first to the last day: counts by (category, action), minutes by (kind, what)."""

    counts: dict[tuple[str, str], int]
    minutes: dict[tuple[Kind, str], int]


T = TypeVar("T", Count, Minutes, Spent, TimeSum)


class LedgerStore(PersonalStore):
    """Sums that grow; the steward adds, a few minutes' worth at once, and others read."""

    FILE = "ledger.db"
    STEPS = schema.LEDGER
    AGES: ClassVar[Mapping[str, Age]] = {
        table: Age("day", is_day=True) for table in ("counts", "minutes", "budget_minutes", "time_sums")
    }

    def add(self, counts: Iterable[Count] = (), minutes: Iterable[Minutes] = (), *, batch: Batch | None = None) -> bool:
        """Add to the sums, all in one commit; a batch that was added before is not added again, and False is said."""
        counted = [
            (_day(one.day), one.span.value, one.person or "", one.category, one.action, one.count) for one in counts
        ]
        timed = [(_day(one.day), one.span.value, one.person, one.kind.value, one.what, one.minutes) for one in minutes]
        with self.writing() as db:
            if not is_new(db, batch):
                return False
            db.conn.executemany(_COUNTS, counted)
            db.conn.executemany(_MINUTES, timed)
        return True

    def put_minutes(self, spent: Iterable[Spent], sums: Iterable[TimeSum], through: int) -> None:
        """Put what is used in place of what was, counted up to the end of a POSIX minute, all in one commit.

        These are no additions: what is put twice stands there once.
        """
        budgets = [(_day(one.day), one.person, one.what, one.minutes, one.week, one.carried) for one in spent]
        times = [(_day(one.day), one.person, one.minutes) for one in sums]
        with self.writing() as db:
            db.conn.executemany(_BUDGETS, budgets)
            db.conn.executemany(_TIME, times)
            db.table("counted").delete_where()
            db.table("counted").insert({"through": through})

    def spent(self, first: str, last: str) -> list[Spent]:
        """Return what was used of everybody's budgets on the days from the first to the last."""
        with self.reading() as db:
            rows = db.table("budget_minutes").rows_where("day between ? and ?", [first, last], order_by="1, 2, 3")
            return [_typed(row, Spent) for row in rows]

    def time_sums(self, first: str, last: str) -> list[TimeSum]:
        """Return everybody's minutes of the days from the first to the last."""
        with self.reading() as db:
            rows = db.table("time_sums").rows_where("day between ? and ?", [first, last], order_by="1, 2")
            return [_typed(row, TimeSum) for row in rows]

    def counted_through(self) -> int | None:
        """Return the last POSIX minute that `spent` and `time_sums` hold, None before any."""
        with self.reading() as db:
            return next((int(row["through"]) for row in db.table("counted").rows), None)

    def counts(self, first: str, last: str, person: str | None = None, span: Span = Span.DAY) -> list[Count]:
        """Return the counts of days from the first to the last, of one person or of all, in their order."""
        with self.reading() as db:
            return [_typed(row, Count) for row in _rows(db, "counts", first, last, person, span)]

    def minutes(self, first: str, last: str, person: str | None = None, span: Span = Span.DAY) -> list[Minutes]:
        """Return the minutes of days from the first to the last, of one person or of all, in their order."""
        with self.reading() as db:
            return [_typed(row, Minutes) for row in _rows(db, "minutes", first, last, person, span)]

    def sums(self, first: str, last: str, person: str, span: Span = Span.DAY) -> Sum:
        """Return one person's sums from the first day to the last: a week's are those of its seven days."""
        counts: dict[tuple[str, str], int] = {}
        for one in self.counts(first, last, person, span):
            counts[one.category, one.action] = counts.get((one.category, one.action), 0) + one.count
        minutes: dict[tuple[Kind, str], int] = {}
        for two in self.minutes(first, last, person, span):
            minutes[two.kind, two.what] = minutes.get((two.kind, two.what), 0) + two.minutes
        return Sum(counts=counts, minutes=minutes)

    def erase(self, person: str) -> int:
        """Erase all sums of one person; return how many."""
        with self.writing() as db:
            count = sum(erase(db, table, "person = ?", [person]) for table in self.AGES)
        self.empty_log()
        return count


def _day(day: str) -> str:
    """Refuse what is no day: it would grow old never, or at once."""
    if date.fromisoformat(day).isoformat() != day:
        raise ValueError(f"{day!r} is not a day like 2026-03-04")
    return day


def _rows(db: Database, table: str, first: str, last: str, person: str | None, span: Span) -> list[Row]:
    where, args = "span = ? and day between ? and ?", [span.value, first, last]
    if person is not None:
        where, args = f"{where} and person = ?", [*args, person]
    return list(db.table(table).rows_where(where, args, order_by="1, 2, 3, 4, 5"))


def _typed(row: Row, kind: type[T]) -> T:
    return msgspec.convert(row | {"person": row["person"] or None}, kind)
