"""Routines and exceptions in words: on which days, from when to when, and what holds then."""

from datetime import date

from appliance.core.schedule import EVERY_DAY, DateException, Day, Window
from appliance.web import drawing
from appliance.web.week_things import Stock, listed

DAYS = dict(zip(Day, drawing.DAY_NAMES, strict=True))
LONG = dict(zip(Day, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
_GROUPS = {
    EVERY_DAY: "every day",
    EVERY_DAY[:5]: "Monday to Friday",
    EVERY_DAY[5:]: "at the weekend",
    (*EVERY_DAY[:4], EVERY_DAY[6]): "before school days",
}


def days_words(window: Window) -> str:
    """Return on which days a routine begins."""
    ordered = tuple(day for day in Day if day in window.days)
    return _GROUPS.get(ordered) or ", ".join(LONG[day] if len(ordered) < 3 else DAYS[day] for day in ordered)


def what_words(window: Window, stock: Stock) -> str:
    """Return what holds in a routine."""
    allow, block = stock.called(window.allow), stock.called(window.block)
    said = []
    if not window.internet:
        said.append(f"off but for {listed(allow)}" if allow else "Internet off")
    elif window.slow:
        said.append(f"{listed(block) if block else 'all'} slow")
    elif block:
        said.append(f"on without {listed(block)}")
    if window.internet and allow:
        said.append(f"opens {listed(allow)}")
    if window.safe_search:
        said.append("strict search")
    if window.uncounted:
        said.append("not counted")
    return ", ".join(said) or "Internet on"


def times_words(window: Window) -> str:
    """Return from when to when a routine lasts."""
    is_whole = window.start == "00:00" and window.end in ("00:00", "24:00")
    return "all day" if is_whole else f"{window.start} to {window.end}"


def dates_words(exception: DateException, today: date) -> str:
    """Return on which dates an exception holds, as one would say it today."""
    first, last = _date(exception.first, today), _date(exception.last, today)
    return first if exception.first == exception.last else f"{first} to {last}"


def instead_words(exception: DateException) -> str:
    """Return what an exception leaves out and what it puts there."""
    if exception.instead_of is None:
        left = ["none of the usual times"]
    else:
        moved = {window.name for window in exception.windows}
        left = [f"no {name}" for name in exception.instead_of if name not in moved]
    come = [f"{window.name} {times_words(window)}" for window in exception.windows]
    return ", ".join([*left, *come])


def _date(day: date, today: date) -> str:
    away = (day - today).days
    if away in (0, 1):
        return ("today", "tomorrow")[away]
    year = "" if day.year == today.year else f" {day.year}"
    return f"{day:%a} {day.day} {day:%b}{year}"
