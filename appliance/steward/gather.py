"""From what a daemon counted and saw to the two books: filtered once more by the contract, and taken exactly once.

A batch is written with the daemon, the run and the number that it came under, in the same transaction as its numbers,
and handed back as done after that. If the steward dies in between, the daemon gives the same batch again, and both
files know it.
"""

from collections.abc import Callable, Iterable
from datetime import date, timedelta

import msgspec

from appliance.core.house import House
from appliance.core.verdict import Action
from appliance.core.visibility import ROWS, Contract, Granularity
from appliance.household.retention import NOBODY, rows_of
from appliance.steward import kinds
from appliance.steward.books import Books
from appliance.store.base import Batch
from appliance.store.errors import DiskFull, Locked, StoreError
from appliance.store.journal import Event, NameCount, Severity
from appliance.store.ledger import Count, Span

Ask = Callable[[dict[str, object]], dict[str, object]]
"""Ask a daemon. Raises BusError."""

NAMESERVER = "nameserver"
MOST_BATCHES = 10
"""In one turn; what is left then comes with the next."""
MOST_COUNTED = 1 << 40
BLOCKED = frozenset((Action.BLOCK.value, Action.ASK.value))
_ACTIONS = frozenset(action.value for action in Action)
_SPANS = {Granularity.DAY: Span.DAY, Granularity.WEEK: Span.WEEK}


class Tallied(msgspec.Struct, frozen=True, array_like=True):
    """How often a person (None: a device that nobody named) had an action of a category in a day."""

    day: str
    person: str | None
    row: str
    category: str
    action: str
    name: str | None
    count: int


class Gatherer:
    """Takes batches from one daemon, the giver; one call at a time."""

    def __init__(self, books: Books, contract: Contract, ask: Ask, giver: str = NAMESERVER) -> None:
        self._books = books
        self._contract = contract
        self._ask = ask
        self._giver = giver
        self._counted: tuple[object, dict[str, int]] | None = None
        self.is_half_done = False
        """The batch that is out is in the ledger already."""

    def gather(self, house: House, at: float) -> None:
        """Take what is there. What can't be written stays with the giver. Raises BusError and StoreError."""
        status = self._ask({"ask": "status"})
        for _ in range(MOST_BATCHES):
            told = self._ask({"ask": "tally"})
            serial, is_empty = told.get("serial"), not (told.get("counts") or told.get("events"))
            if not isinstance(serial, int) or is_empty:
                break
            # Two runs may count from the same number on.
            self._take(told, Batch(self._giver, str(status.get("pid")), serial), house, at)
            self._ask({"ask": "tally", "done": serial})
            self.is_half_done = False
        self._count_hours(status, at)

    def _take(self, told: dict[str, object], batch: Batch, house: House, at: float) -> None:
        tallied = read_counts(told.get("counts"))
        counts, names = ledger_rows(tallied, self._contract, house), journal_rows(tallied, self._contract, house)
        events = list(kinds.permitted(told.get("events"), self._contract, house))
        dropped = told.get("dropped")
        if isinstance(dropped, int) and dropped > 0:
            events.append(Event(kind="counts_dropped", at=at, severity=Severity.WARNING, args={"times": dropped}))
        if counts:
            self._books.with_ledger(lambda ledger: ledger.add(counts, batch=batch))
            self.is_half_done = True
        try:
            self._books.with_journal(lambda one: one.add(events, at, names=names, batch=batch), at)
        except (Locked, DiskFull):
            raise
        except StoreError:
            # The journal is disposable: one that can't be used at all doesn't hold the ledger up.
            return

    def _count_hours(self, status: dict[str, object], at: float) -> None:
        """Add what the box counted since the last time. What was counted before the steward began is not known."""
        run, counts = status.get("pid"), self._numbers(status.get("counts"))
        before = counts if self._counted is None else self._counted[1] if self._counted[0] == run else {}
        fresh = {name: count - before.get(name, 0) for name, count in counts.items()}
        grown = {name: count for name, count in fresh.items() if count > 0}
        if grown:
            self._books.with_journal(lambda one: one.count(grown, at), at)
        self._counted = (run, counts)

    def _numbers(self, told: object) -> dict[str, int]:
        """Return the box's numbers that a giver tells, each under its own name."""
        prefix = "" if self._giver == NAMESERVER else f"{self._giver}."
        numbers = told.items() if isinstance(told, dict) else ()
        return {f"{prefix}{name}": count for name, count in numbers if isinstance(count, int)}


def read_counts(told: object) -> list[Tallied]:
    """Return the counts of a tally; what can't be read is left out."""
    found = []
    for one in told if isinstance(told, list) else ():
        try:
            tallied = msgspec.convert(one, Tallied)
            monday(tallied.day)
        except (msgspec.ValidationError, ValueError):
            continue
        if 0 < tallied.count < MOST_COUNTED and tallied.action in _ACTIONS and tallied.row in ROWS:
            found.append(tallied)
    return found


def monday(day: str) -> str:
    """Return the first day of a day's week. Raises ValueError for what is no day like 2026-03-04."""
    read = date.fromisoformat(day)
    if read.isoformat() != day:
        raise ValueError(f"{day!r} is not a day like 2026-03-04")
    return (read - timedelta(days=read.weekday())).isoformat()


def ledger_rows(tallied: Iterable[Tallied], contract: Contract, house: House) -> list[Count]:
    """Return the sums that may be kept, without names, by day or by week."""
    sums: dict[tuple[str, Span, str | None, str, str], int] = {}
    for one in tallied:
        span = _SPANS.get(_grain("category_counts", one, contract, house))
        if span is not None:
            day = one.day if span is Span.DAY else monday(one.day)
            key = (day, span, one.person, one.category, one.action)
            sums[key] = sums.get(key, 0) + one.count
    return [
        Count(day=day, span=span, person=person, category=category, action=action, count=count)
        for (day, span, person, category, action), count in sums.items()
    ]


def journal_rows(tallied: Iterable[Tallied], contract: Contract, house: House) -> list[NameCount]:
    """Return the names that may be kept."""
    found = []
    for one in tallied:
        field = "names_blocked" if one.action in BLOCKED else "names_visited"
        if one.name is None or one.person is None:
            continue
        if _grain(field, one, contract, house).rank >= Granularity.NAME.rank:
            name = NameCount(
                day=one.day, person=one.person, action=one.action, category=one.category,
                permitted_host_name=one.name, count=one.count,
            )  # fmt: skip
            found.append(name)
    return found


def _grain(field: str, one: Tallied, contract: Contract, house: House) -> Granularity:
    """Return how finely a count may be written: as in the row that it was counted in and in the person's own now."""
    now = rows_of(house).get(one.person or NOBODY)
    if now is None or one.category in contract.never.categories:
        return Granularity.NO
    is_own = one.category in contract.never.to_caregivers
    grains = [contract.grain(field, row, is_own=is_own) for row in (one.row, now)]
    return min(grains, key=lambda grain: grain.rank)
