"""Windows in a week, with exceptions for some dates: which are open at a time, and when does that change next.

All by the house's clock. A window is open from the first time that the clock shows its start to the last time that it
shows its end: where clocks are set back an hour, both hours count; a time that is skipped is the moment of the jump.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import Enum
from math import inf
from re import compile as regex

import msgspec

from appliance.core.said import NOTHING_SAID, Said, Text, Things

_CLOCK = regex(r"([01]?[0-9]|2[0-4]):([0-5][0-9])\Z")
DAY_MINUTES = 24 * 60
MAX_EXCEPTION_DAYS = 400
YEARS = range(2000, 3000)
"""Of the dates of exceptions."""


class Day(Enum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


EVERY_DAY = tuple(Day)


class Routine(Enum):
    """What kind of time a window is: how it is drawn, and what pages offer for it."""

    BEDTIME = "bedtime"
    SCHOOL = "school"
    HOMEWORK = "homework"
    FREE = "free"
    OTHER = "other"


class Window(Said, frozen=True):
    """A time range in a week, and what holds in it; by default that the Internet is off.

    `start` and `end` are ``HH:MM``; an `end` not after the start is on the next day, so that 21:00-06:30 is a night,
    and `days` are those on which it starts.
    """

    name: Text
    start: str
    end: str
    days: tuple[Day, ...] = EVERY_DAY
    routine: Routine = Routine.OTHER
    internet: bool = False
    """False: off, but for what is allowed here or always on. True: on, but for what is blocked here."""
    block: Things = NOTHING_SAID
    allow: Things = NOTHING_SAID
    """Open in this window although it, or the band, or a setting would close it; own rules for names still hold."""
    safe_search: bool = False
    """Every search engine and video site in its strictest mode."""
    uncounted: bool = False
    """No minute of it counts against a budget, and no spent budget stops anything in it."""
    slow: bool = False
    """What is blocked here is slowed instead; without a block all that isn't allowed here. Only a gateway can."""

    def __post_init__(self) -> None:
        """Refuse times that no clock shows, a window without a day, and blocks where nothing is open."""
        if minutes(self.start) == DAY_MINUTES:
            raise ValueError("a window starts at 00:00, not at 24:00")
        minutes(self.end)
        if not self.days:
            raise ValueError("a window needs a day")
        if not self.internet and self.block:
            raise ValueError("a window in which the Internet is off has nothing more to block")
        if self.slow and not self.internet:
            raise ValueError("a window that slows leaves the Internet on (internet: true)")


class DateException(Said, frozen=True):
    """Other times on some dates: a holiday, a sick day, tonight. It is about the windows that start on those dates."""

    name: Text
    first: date
    last: date
    instead_of: tuple[Text, ...] | None = None
    """Names of windows that don't start on these dates; None: none of them does."""
    windows: tuple[Window, ...] = ()
    """Windows that start on these dates only."""

    def __post_init__(self) -> None:
        """Refuse a range that ends before it begins, or that never seems to end."""
        if self.last < self.first:
            raise ValueError(f"the last day {self.last} is before the first, {self.first}")
        if (self.last - self.first).days >= MAX_EXCEPTION_DAYS:
            raise ValueError(f"an exception is for {MAX_EXCEPTION_DAYS} days at most: change the week instead")
        if self.first.year not in YEARS or self.last.year not in YEARS:
            raise ValueError(f"an exception is in the years {YEARS[0]} to {YEARS[-1]}")


class Opening(msgspec.Struct, frozen=True):
    """A window on one date: from when until when it is open (POSIX seconds)."""

    window: Window
    start: float
    end: float


class Span(msgspec.Struct, frozen=True):
    """A time (POSIX seconds) in which nothing opens or ends, and what is open in it; `end` may be infinite."""

    start: float
    end: float
    openings: tuple[Opening, ...]


class Schedule:
    """The windows of one person, in a time zone."""

    __slots__ = ("_exceptions", "_span", "_windows", "_zone")

    def __init__(self, windows: Iterable[Window], exceptions: Iterable[DateException], zone: tzinfo) -> None:
        self._windows = tuple(windows)
        self._exceptions = tuple(exceptions)
        self._zone = zone
        self._span = Span(0.0, 0.0, ())

    def __bool__(self) -> bool:
        """Say whether there is any window."""
        return bool(self._windows) or any(exception.windows for exception in self._exceptions)

    def open_at(self, at: float) -> tuple[Opening, ...]:
        """Return what is open at a time (POSIX seconds), what ends last first."""
        return self._at(at).openings

    def next_change(self, at: float) -> float | None:
        """Return the first moment after `at` (POSIX seconds) at which a window opens or ends, None if none ever does.

        Where a window ends as the next begins, that is a change.
        """
        end = self._at(at).end
        return None if end == inf else end

    def between(self, first: date, last: date) -> list[Opening]:
        """Return each opening that starts on these dates, by start."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return sorted((one for day in days for one in self._on(day)), key=lambda one: one.start)

    def _at(self, at: float) -> Span:
        """Return the span around a time; the last one is kept, because who asks once asks again until it is over."""
        span = self._span
        if not span.start <= at < span.end:
            span = self._span = self._look(at)
        return span

    def _look(self, at: float) -> Span:
        """Return the span that a time is in, from this time on."""
        found: list[Opening] = []
        end, enough = inf, date.max
        for day in self._dates(datetime.fromtimestamp(at, self._zone).date()):
            if day > enough:
                break
            for one in self._on(day):
                if one.start <= at < one.end:
                    found.append(one)
                moment = one.start if one.start > at else one.end
                if at < moment < end:
                    end = moment
                    # Where clocks are set back by a day, one date may begin before the one before it is over.
                    enough = datetime.fromtimestamp(end, self._zone).date() + timedelta(days=1)
        return Span(at, end, tuple(sorted(found, key=lambda one: -one.end)))

    def _dates(self, today: date) -> Iterator[date]:
        """Yield the dates on which something may start that is open today, or that is the next to open."""
        first, last = today - timedelta(days=2), today + timedelta(days=8)
        # An exception may empty its dates; what it leaves of the week begins within a week after it.
        later = sorted((one.first, one.last + timedelta(days=8)) for one in self._exceptions if one.last >= first)
        day = first
        for begins, ends in ((first, last), *later):
            day = max(day, begins)
            while day <= ends:
                yield day
                day += timedelta(days=1)

    def _on(self, day: date) -> Iterator[Opening]:
        """Yield what starts on a date, but for what a gap of the clock swallows."""
        for window in self._started(day):
            start, end = minutes(window.start), minutes(window.end)
            if end <= start:
                end += DAY_MINUTES
            opens, ends = moment_of(day, start, self._zone, fold=0), moment_of(day, end, self._zone, fold=1)
            if opens < ends:
                yield Opening(window, opens, ends)

    def _started(self, day: date) -> list[Window]:
        """Return the windows that start on a date: the week's, changed by each exception in turn."""
        weekday = EVERY_DAY[day.weekday()]
        found = [window for window in self._windows if weekday in window.days]
        for one in self._exceptions:
            if one.first <= day <= one.last:
                left = () if one.instead_of is None else one.instead_of
                found = [] if one.instead_of is None else [window for window in found if window.name not in left]
                found += [window for window in one.windows if weekday in window.days]
        return found


def minutes(clock: str) -> int:
    """Return ``HH:MM`` as minutes since midnight (24:00 = 1440). Raises ValueError."""
    match = _CLOCK.match(clock)
    if not match or int(match[1]) * 60 + int(match[2]) > DAY_MINUTES:
        raise ValueError(f"{clock!r} is not a time of day (HH:MM)")
    return int(match[1]) * 60 + int(match[2])


def moment_of(day: date, minute: int, zone: tzinfo, *, fold: int) -> float:
    """Return when (POSIX seconds) the clock shows a minute of a day, 1440 and more being the next day's.

    Of two such moments the one of `fold` (0 the first); in a gap, the moment at which the clock jumps over it.
    """
    wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
    local = wall.replace(tzinfo=zone, fold=fold)
    moment = local.timestamp()
    back = datetime.fromtimestamp(moment, zone).replace(tzinfo=None)
    if back == wall:
        return moment
    before = local.replace(fold=0).astimezone(UTC)
    after = local.replace(fold=1).astimezone(UTC)
    return _gap(min(before, after), max(before, after), zone)


def _gap(low: datetime, high: datetime, zone: tzinfo) -> float:
    """Return the moment between two at which the zone's offset changes, to the second."""
    first, last = int(low.timestamp()), int(high.timestamp())
    old = datetime.fromtimestamp(first, zone).utcoffset()
    while last - first > 1:
        middle = (first + last) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == old:
            first = middle
        else:
            last = middle
    return float(last)
