"""Windows in a week: is one open at a time, and when does that change next, in the house's time zone."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum
from re import compile as regex
from typing import Annotated

import msgspec

_CLOCK = regex(r"([01]?[0-9]|2[0-4]):([0-5][0-9])\Z")
DAY_MINUTES = 24 * 60


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
_WEEKDAYS = {day: number for number, day in enumerate(Day)}


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """A time range in a week during which the Internet is off, by the house's clock.

    `start` and `end` are ``HH:MM``; an `end` not after the start is on the next day, so that 21:00-06:30 is a night,
    and `days` are those on which it starts.
    """

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    start: str
    end: str
    days: tuple[Day, ...] = EVERY_DAY

    def __post_init__(self) -> None:
        """Refuse times that no clock shows and a window without a day."""
        if minutes(self.start) == DAY_MINUTES:
            raise ValueError("a window starts at 00:00, not at 24:00")
        minutes(self.end)
        if not self.days:
            raise ValueError("a window needs a day")


def minutes(clock: str) -> int:
    """Return ``HH:MM`` as minutes since midnight (24:00 = 1440). Raises ValueError."""
    match = _CLOCK.match(clock)
    if not match or int(match[1]) * 60 + int(match[2]) > DAY_MINUTES:
        raise ValueError(f"{clock!r} is not a time of day (HH:MM)")
    return int(match[1]) * 60 + int(match[2])


def open_until(windows: Iterable[Window], zone: tzinfo, at: float) -> tuple[Window, float] | None:
    """Return the window that is open at `at` (POSIX seconds) and when it ends; of several the one that ends last."""
    found = [(end, window) for window in windows for start, end in _occurrences(window, zone, at) if start <= at < end]
    if not found:
        return None
    end, window = max(found, key=lambda pair: pair[0])
    return window, end


def next_change(windows: Iterable[Window], zone: tzinfo, at: float) -> float | None:
    """Return the first moment after `at` (POSIX seconds) at which a window opens or ends, None without windows."""
    moments = [
        moment for window in windows for pair in _occurrences(window, zone, at) for moment in pair if moment > at
    ]
    return min(moments, default=None)


def _occurrences(window: Window, zone: tzinfo, at: float) -> list[tuple[float, float]]:
    """Return start and end of a window, from the day before yesterday's to the one in a week and a day."""
    today = datetime.fromtimestamp(at, zone).date()
    start, end = minutes(window.start), minutes(window.end)
    if end <= start:
        end += DAY_MINUTES
    weekdays = {_WEEKDAYS[day] for day in window.days}
    spans = []
    for offset in range(-2, 9):
        date = today + timedelta(days=offset)
        if date.weekday() in weekdays:
            midnight = datetime(date.year, date.month, date.day)
            # A window is on from the first time its clock shows `start` to the last time it shows `end`.
            spans.append((_posix(midnight, start, zone, fold=0), _posix(midnight, end, zone, fold=1)))
    return spans


def _posix(midnight: datetime, minute: int, zone: tzinfo, *, fold: int) -> float:
    """Return when the clock shows a wall time; in a gap, the moment at which the clock jumps over it."""
    wall = midnight + timedelta(minutes=minute)
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
