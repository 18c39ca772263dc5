"""Counted minutes: today's of each person and budget, the week's sum, and what goes over to the next day.

A minute is counted when it is over. What is used is reckoned anew each time, from what the ledger had when the day or
this steward began and from the notes since: so a gap in a use is filled when the use goes on, and nothing counts
double, however often a note is told or a file is written. No minute is counted that is yet to come, and none twice
when the clock is set or the house moves to another time zone.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta, tzinfo

from msgspec.structs import replace

from appliance.core import activity
from appliance.core import budget as budgets
from appliance.core.budget import NOT_COUNTED, NOTHING_USED, Bonus, Budget, Minutes, Used
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.said import EVERYTHING
from appliance.core.visibility import Contract, Granularity, row_of
from appliance.household.retention import zone_of
from appliance.steward.books import Books
from appliance.steward.gather import Ask
from appliance.steward.screen import Notes
from appliance.store.errors import Corrupt, StoreError
from appliance.store.journal import Event
from appliance.store.ledger import LedgerStore, Spent, TimeSum
from appliance.world import bus

BUDGET_LOW = "budget_low"
MINUTE_S = 60
CONTEXT_MINUTES = 60
"""So much from before a day began is looked at, because a use may go on over the turn."""
LOOK_BACK_DAYS = 8
BUSY_MINUTES = 10
MOST_TRIES = 3
SPENT = 0
"""In place of the minutes of a warning: nothing is left."""

What = tuple[str, str]
"""A person and what a budget is about."""


class Counter:
    """Counts; one call at a time, from any thread."""

    def __init__(
        self, books: Books, contract: Contract, groups: Mapping[str, str], ask: Ask, last: Minutes = NOT_COUNTED
    ) -> None:
        """Know no more than what was published `last`; `groups` says the group of each service of the rules."""
        self._books = books
        self._contract = contract
        self._groups = groups
        self._notes = Notes(ask)
        self._day: date | None = None
        self._base: dict[What, Used] = {}
        """What was used in the day before the minutes that are counted here; an empty `what` is the day's sum."""
        self._counted: dict[date, dict[What, Used]] = {}
        """What is used now, and was on the day before."""
        self._from = 0
        """The minutes that are counted here come after this one."""
        self._through = 0
        self._left: dict[What, int] = {}
        self._tries = 0
        self.is_whole = False
        """Whether the nameserver told all that it knows."""
        self.minutes: Minutes = last
        self.warned: dict[str, dict[str, int]] = {}

    def _begin(self, house: House, at: float) -> bool:
        """Take up what the ledger says; where it can't be read, what was published last. Say whether that is done."""
        zone, through = zone_of(house), 0
        day = budgets.day_of(at, zone, house.day_starts)
        first, today = (day - timedelta(days=LOOK_BACK_DAYS)).isoformat(), day.isoformat()

        def read(ledger: LedgerStore) -> int:
            for one in ledger.spent(first, today):
                used = Used(one.minutes, one.week, one.carried)
                self._counted.setdefault(date.fromisoformat(one.day), {})[one.person, one.what] = used
            for two in ledger.time_sums(first, today):
                self._counted.setdefault(date.fromisoformat(two.day), {})[two.person, ""] = Used(two.minutes)
            return ledger.counted_through() or 0

        try:
            through = self._books.with_ledger(read)
        except StoreError as error:
            self._tries += 1
            if not isinstance(error, Corrupt) and self._tries < MOST_TRIES:
                return False
            through = self._take_published(day)
        # A clock that was ahead when this was written must not keep the minutes until then from being counted.
        self._through = min(through, int(at // MINUTE_S) - 1)
        self._open(day, zone, house)
        return True

    def _take_published(self, day: date) -> int:
        last = self.minutes
        if last.day > day:
            return 0
        used = last.used.items()
        self._counted = {last.day: {(person, what): one for person, whats in used for what, one in whats.items()}}
        return int(last.at // MINUTE_S) - 1

    def count(self, house: House, at: float) -> list[Event]:
        """Count the minutes that are over; return the warnings that were passed.

        Where the ledger or the nameserver keep it from knowing, what was known stays published.
        """
        zone, through = zone_of(house), int(at // MINUTE_S) - 1
        day = budgets.day_of(at, zone, house.day_starts)
        if self._day is None:
            if not self._begin(house, at):
                return []
            self._publish(house, day)
        if through < self._through:
            self._settle(through)
        start = int(budgets.start_of(self._day or day, zone, house.day_starts) // MINUTE_S)
        try:
            self._notes.fetch(start - CONTEXT_MINUTES, through + 1)
            self.is_whole = True
        except bus.BusError:
            self.is_whole = False
            return []
        if day != self._day:
            # The day that is over is counted to its end before the next one begins.
            last = min(through, int(budgets.start_of(day, zone, house.day_starts) // MINUTE_S) - 1)
            self._reckon(house, max(self._through, last))
            self._open(day, zone, house)
        self._reckon(house, through)
        self._publish(house, day)
        return list(self._warn(house, day, at))

    def save(self) -> None:
        """Write what is counted, yesterday's with today's: its end may not be written yet. Raises StoreError."""
        if self._day is None:
            return
        yesterday = self._day - timedelta(days=1)
        rows = [
            (day.isoformat(), person, what, one)
            for day, used in self._counted.items()
            if day in (yesterday, self._day)
            for (person, what), one in used.items()
        ]
        spent = [
            Spent(day=day, person=person, what=what, minutes=one.day, week=one.week, carried=one.carried)
            for day, person, what, one in rows
            if what
        ]
        sums = [
            TimeSum(day=day, person=person, minutes=one.day) for day, person, what, one in rows if not what and one.day
        ]
        through = self._through
        self._books.with_ledger(lambda ledger: ledger.put_minutes(spent, sums, through))

    def clock_jumped(self, at: float) -> None:
        """Keep what is counted and go on from now."""
        self._settle(int(at // MINUTE_S) - 1)

    @property
    def counted_to(self) -> float:
        """Return the end of the last minute that is counted (POSIX seconds), 0 before the first."""
        return float((self._through + 1) * MINUTE_S) if self._through else 0.0

    def used(self, person: str, what: str) -> Used:
        """Return what is used of a budget today; of an empty `what`, of the day's sum."""
        return self._counted.get(self._day or date.min, {}).get((person, what), NOTHING_USED)

    def _open(self, day: date, zone: tzinfo, house: House) -> None:
        """Begin a day, or go on with one of which something is known."""
        self._base = dict(self._counted.get(day, {}))
        before = sorted((one for one in self._counted if one < day), reverse=True)
        for person, budget in _budgets(house):
            key = person.id, budget.what
            if key not in self._base:
                self._base[key] = self._first(key, budget, day, before)
        kept = {day, *before[:1]}
        self._counted = {one: used for one, used in self._counted.items() if one in kept} | {day: dict(self._base)}
        starts = int(budgets.start_of(day, zone, house.day_starts) // MINUTE_S)
        # No minute counts for two days, wherever one of them begins.
        self._from = max(self._through, starts - 1)
        if self._day != day:
            self._left = {}
        self._day = day

    def _first(self, key: What, budget: Budget, day: date, before: list[date]) -> Used:
        """Return what a budget begins a day with: nothing used, the week so far, what was left yesterday."""
        last = next((self._counted[one][key] for one in before if key in self._counted[one]), None)
        when = next((one for one in before if key in self._counted[one]), day)
        week = last.week if last is not None and budgets.monday(when) == budgets.monday(day) else 0
        is_yesterday = last is not None and when == day - timedelta(days=1)
        carried = budgets.carried(budget, when, last.day) if last is not None and is_yesterday else 0
        # What was used today before there was a budget for everything is known from the day's sum.
        today = self._base.get((key[0], ""), NOTHING_USED).day if budget.what == EVERYTHING else 0
        return Used(today, week + today, carried)

    def _reckon(self, house: House, through: int) -> None:
        """Reckon anew what is used in the day that is open, up to the end of a minute."""
        timed = {person.id for person in house.persons if self._is_kept("time_sum", person)}
        budgeted = {(person.id, budget.what): budget for person, budget in _budgets(house)}
        groups = {**self._groups, **{one.id: one.group for one in house.services if one.group is not None}}
        minutes: dict[What, set[int]] = {}
        for use in activity.uses(self._notes.asked(timed | {person for person, _ in budgeted}), through):
            if use.minute > self._from:
                for what in budgets.things_of(use, groups):
                    minutes.setdefault((use.person, what), set()).add(use.minute)
        day = self._day or date.min
        before = sorted((one for one in self._counted if one < day), reverse=True)
        now: dict[What, Used] = {}
        for key, budget in budgeted.items():
            if self._is_kept("budget_minutes", _person(house, key[0])):
                if key not in self._base:
                    self._base[key] = self._first(key, budget, day, before)
                now[key] = _added(self._base[key], len(minutes.get(key, ())))
        for person in timed:
            now[person, ""] = _added(
                self._base.get((person, ""), NOTHING_USED), len(minutes.get((person, EVERYTHING), ()))
            )
        self._counted[day] = now
        self._through = max(self._through, through)

    def _settle(self, through: int) -> None:
        """Keep what is counted as it is, and count what comes after a minute."""
        self._base = dict(self._counted.get(self._day or date.min, {}))
        self._from = self._through = through
        self._notes.forget_after(through)

    def _warn(self, house: House, day: date, at: float) -> Iterator[Event]:
        """Yield the warnings that were passed since the last count, and note which hold."""
        left: dict[What, int] = {}
        warned: dict[str, dict[str, int]] = {}
        for person, budget in _budgets(house):
            key = person.id, budget.what
            used = self.used(*key)
            now = left[key] = budgets.left(budget, used, bonuses_of(house, person.id), day, at)
            if now <= 0:
                warned.setdefault(person.id, {})[budget.what] = SPENT
            elif used.day and now <= max(budgets.WARNINGS):
                warned.setdefault(person.id, {})[budget.what] = min(one for one in budgets.WARNINGS if now <= one)
            passed = budgets.warnings(self._left.get(key, now), now)
            if passed and now > 0:
                # Of several that were passed at once the last one says it.
                args: dict[str, str | int | float | bool] = {"what": budget.what, "left": passed[-1]}
                yield Event(kind=BUDGET_LOW, at=at, person=person.id, args=args)
        self._left, self.warned = left, warned

    def _publish(self, house: House, day: date) -> None:
        """Tell what is used, if it is news; or while somebody uses something, so that the count is seen to go on."""
        used: dict[str, dict[str, Used]] = {}
        for person, budget in _budgets(house):
            if (person.id, budget.what) in self._counted.get(day, {}):
                used.setdefault(person.id, {})[budget.what] = self.used(person.id, budget.what)
        last = self.minutes
        is_news = (used, day) != (last.used, last.day) or self.counted_to < last.at
        if is_news or (used and self._notes.is_busy(self._through - BUSY_MINUTES)):
            self.minutes = Minutes(self.counted_to, day, used)

    def _is_kept(self, field: str, person: Person) -> bool:
        return self._contract.grain(field, row_of(person)) is not Granularity.NO


def bonuses_of(house: House, person: str) -> tuple[Bonus, ...]:
    """Return the minutes that were given to a person, or taken."""
    return tuple(
        Bonus(grant.budget, grant.minutes, grant.said_at.timestamp(), grant.until.timestamp())
        for grant in house.grants
        if grant.person == person and grant.minutes is not None
    )


def _budgets(house: House) -> Iterator[tuple[Person, Budget]]:
    return ((person, budget) for person in house.persons for budget in person.budgets)


def _person(house: House, id_: str) -> Person:
    return next(person for person in house.persons if person.id == id_)


def _added(base: Used, minutes: int) -> Used:
    return replace(base, day=base.day + minutes, week=base.week + minutes)
