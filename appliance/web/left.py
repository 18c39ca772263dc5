"""Minutes in words and numbers: what is used of each budget of a person, what is left, and when a new day begins."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from appliance.core import budget as budgets
from appliance.core.budget import NOT_COUNTED, WARNINGS, Budget, Minutes
from appliance.core.person import Person
from appliance.core.said import EVERYTHING
from appliance.core.subject import Subject
from appliance.core.visibility import Contract, Granularity, Role, row_of
from appliance.wording import Names

FIELD = "budget_minutes"
EVERYTHING_WORDS = "Everything that counts"


@dataclass(frozen=True, slots=True)
class Left:
    """A budget today: what it is about, its minutes with what was given or carried over, what is used and left.

    Where the week's end comes first, all are of the week.
    """

    budget: Budget
    name: str
    total: int
    used: int
    left: int
    is_week: bool
    extra: int
    """Minutes that a caregiver gave or (below 0) took today."""
    carried: int

    @property
    def share(self) -> float:
        """Return what is used, from 0 to 1."""
        return 1.0 if self.total <= 0 else min(1.0, self.used / self.total)

    @property
    def rest(self) -> float:
        """Return what is left, from 0 to 1."""
        return 1.0 - self.share

    @property
    def left_words(self) -> str:
        """Return what is left as a card says it."""
        return f"{max(0, self.left)} of {self.total} min left{' this week' if self.is_week else ''}"

    @property
    def used_words(self) -> str:
        """Return what is used as a card says it."""
        return f"{self.used} of {self.total} min used{' this week' if self.is_week else ''}"

    @property
    def warning(self) -> int | None:
        """Return the last of the minutes left (10, 5, 1) that was passed, None where more is left or nothing."""
        return min((one for one in WARNINGS if 0 < self.left <= one), default=None)


def of(subject: Subject, minutes: Minutes, names: Names, at: float) -> tuple[Left, ...]:
    """Return the budgets that limit something on the day of a time (POSIX seconds), everything's first."""
    found = [_left(subject, budget, minutes, names, at) for budget, _ in subject.budgets]
    known = [one for one in found if one is not None]
    return tuple(sorted(known, key=lambda one: one.budget.what != EVERYTHING))


def of_everything(subject: Subject, minutes: Minutes, at: float) -> Left | None:
    """Return the budget for everything, None where there is none today."""
    return next((_left(subject, one, minutes, Names(), at) for one, about in subject.budgets if about is None), None)


def seen(contract: Contract, minutes: Minutes, person: Person, role: Role) -> Minutes:
    """Return the minutes that a role may see of a person: those, or nothing counted."""
    view = contract.view(FIELD, row_of(person), role)
    return NOT_COUNTED if view.granularity is Granularity.NO else minutes


def may_see(contract: Contract, person: Person, role: Role) -> bool:
    """Say whether a role sees the minutes of a person."""
    return contract.view(FIELD, row_of(person), role).granularity is not Granularity.NO


def day_of(subject: Subject, at: float) -> date:
    """Return the day of the budgets at a time (POSIX seconds)."""
    return budgets.day_of(at, subject.zone, subject.day_starts)


def end_of_day(subject: Subject, at: float) -> float:
    """Return when (POSIX seconds) the minutes of a new day are there."""
    return budgets.end_of(day_of(subject, at), subject.zone, subject.day_starts)


def first(lefts: Iterable[Left]) -> Left | None:
    """Return the budget that a card shows: that of everything, else the first."""
    return next(iter(lefts), None)


def span(minutes: int) -> str:
    """Return minutes as people say them: 45 min, 2 h, 1 h 30."""
    if abs(minutes) < 60:
        return f"{minutes} min"
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else ''}{hours} h{f' {rest:02d}' if rest else ''}"


def _left(subject: Subject, budget: Budget, minutes: Minutes, names: Names, at: float) -> Left | None:
    day = day_of(subject, at)
    used = minutes.of(subject.person or "", budget.what, day)
    left = budgets.left(budget, used, subject.bonuses, day, at)
    of_day = budget.of_day(day)
    if of_day is None and budget.week is None:
        return None
    extra = sum(one.minutes for one in subject.bonuses if one.what == budget.what and one.said_at <= at < one.until)
    name = EVERYTHING_WORDS if budget.what == EVERYTHING else names.thing(budget.what)
    by_day = None if of_day is None else of_day + used.carried + extra
    if by_day is not None and by_day - used.day == left:
        return Left(budget, name, by_day, used.day, left, is_week=False, extra=extra, carried=used.carried)
    week = (budget.week or 0) + extra
    return Left(budget, name, week, used.week, left, is_week=True, extra=extra, carried=used.carried)
