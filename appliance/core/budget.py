"""Minutes: what a budget gives, what is used of it, what is left, and until when that is so.

A budget's day begins when the house says (03:30 by default), its week on Monday at that time. What is counted is a
stream of `Use`: the same whoever noticed it, the nameserver by names asked or the gateway by traffic.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Annotated

import msgspec

from appliance.core import schedule
from appliance.core.said import EVERYTHING, Said, is_thing
from appliance.core.schedule import DAY_MINUTES, EVERY_DAY, Day

DAY_STARTS = "03:30"
MAX_MINUTES = 7 * DAY_MINUTES
WARNINGS = (10, 5, 1)
"""Minutes left at which it is said that a budget ends."""

OfDay = Annotated[int, msgspec.Meta(ge=0, le=DAY_MINUTES)]
OfWeek = Annotated[int, msgspec.Meta(ge=0, le=MAX_MINUTES)]


class Budget(Said, frozen=True):
    """Minutes for everything that counts, or for one service, group or category; at least one of day and week."""

    what: str = EVERYTHING
    minutes: OfDay | None = None
    """A day."""
    days: dict[Day, OfDay] = {}
    """On these days in place of `minutes`."""
    week: OfWeek | None = None
    carry_over: OfDay = 0
    """Of what was left yesterday, at most so many minutes are there today as well."""
    slow: bool = False
    """When it is used up it slows what it is about, in place of stopping it. Only a gateway can."""

    def __post_init__(self) -> None:
        """Refuse what is no thing, and a budget without minutes."""
        if not is_thing(self.what):
            raise ValueError(f"{self.what!r} is not everything, service:ID, group:ID or category:ID")
        if self.minutes is None and not self.days and self.week is None:
            raise ValueError("a budget needs minutes a day, for some days or a week")

    def of_day(self, day: date) -> int | None:
        """Return the minutes of a day of the budget, None where only the week is limited."""
        return self.days.get(EVERY_DAY[day.weekday()], self.minutes)


class Use(msgspec.Struct, frozen=True):
    """One minute (POSIX minutes, i.e. seconds // 60) in which a person used a service, or a category without one."""

    person: str
    minute: int
    service: str | None = None
    category: str | None = None


class Used(msgspec.Struct, frozen=True):
    """What is used of one budget: minutes of the day, of the week with that day, and what was carried over to it."""

    day: int = 0
    week: int = 0
    carried: int = 0


class Minutes(msgspec.Struct, frozen=True):
    """What was counted up to a time (POSIX seconds): person → budget's `what` → used, in a day of the budgets."""

    at: float
    day: date
    used: dict[str, dict[str, Used]] = {}

    def of(self, person: str, what: str, day: date) -> Used:
        """Return what is used of a budget in a day: nothing of one that was not counted yet, but for its week."""
        found = self.used.get(person, {}).get(what, NOTHING_USED)
        if day == self.day:
            return found
        is_same_week = day > self.day and monday(day) == monday(self.day)
        return Used(week=found.week) if is_same_week else NOTHING_USED


class Bonus(msgspec.Struct, frozen=True):
    """Minutes that a caregiver gave or (below 0) took, while they hold (POSIX seconds)."""

    what: str
    minutes: int
    said_at: float
    until: float


NOTHING_USED = Used()
NOT_COUNTED = Minutes(0.0, date(1970, 1, 1))


def day_of(at: float, zone: tzinfo, starts: str) -> date:
    """Return the budget's day that a moment (POSIX seconds) belongs to: the last one that has begun."""
    today = datetime.fromtimestamp(at, zone).date()
    # Where clocks are set back over midnight, tomorrow has begun although it is today once more.
    later = (today + timedelta(days=1), today)
    return next((day for day in later if at >= start_of(day, zone, starts)), today - timedelta(days=1))


@lru_cache(maxsize=64)
def start_of(day: date, zone: tzinfo, starts: str) -> float:
    """Return when (POSIX seconds) a budget's day begins; every question asks it, about two or three days."""
    return schedule.moment_of(day, schedule.minutes(starts), zone, fold=0)


def end_of(day: date, zone: tzinfo, starts: str) -> float:
    """Return when (POSIX seconds) a budget's day ends."""
    return start_of(day + timedelta(days=1), zone, starts)


def monday(day: date) -> date:
    """Return the first day of a day's week."""
    return day - timedelta(days=day.weekday())


def left(budget: Budget, used: Used, bonuses: Iterable[Bonus], day: date, at: float) -> int:
    """Return the minutes left of a budget in a day at a time (POSIX seconds), below 0 where more was used."""
    extra = sum(one.minutes for one in bonuses if one.what == budget.what and one.said_at <= at < one.until)
    of_day = budget.of_day(day)
    limits = []
    if of_day is not None:
        limits.append(of_day + used.carried - used.day)
    if budget.week is not None:
        limits.append(budget.week - used.week)
    # On a day without a limit of its own, in a budget for other days, there is always enough.
    return min(limits) + extra if limits else MAX_MINUTES


def carried(budget: Budget, yesterday: date, used: int) -> int:
    """Return what goes over to the next day of what was left of a day of which `used` minutes were used.

    What was carried over to that day itself is not carried on: it is good for a day.
    """
    of_day = budget.of_day(yesterday)
    return 0 if of_day is None else min(budget.carry_over, max(0, of_day - used))


def warnings(before: int, now: int) -> tuple[int, ...]:
    """Return which of the minutes left that are told (10, 5, 1) were passed, from more to fewer."""
    return tuple(one for one in WARNINGS if now <= one < before)


def things_of(use: Use, groups: Mapping[str, str]) -> tuple[str, ...]:
    """Return all that a use counts for, as budgets write it; `groups` says the group of a service."""
    found = [EVERYTHING]
    if use.service is not None:
        found.append(f"service:{use.service}")
        if use.service in groups:
            found.append(f"group:{groups[use.service]}")
    if use.category is not None:
        found.append(f"category:{use.category}")
    return tuple(found)
