"""Windows in a week, in every time zone, over gaps and folds of the clock."""

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import schedule
from appliance.core.schedule import Day, Window, minutes, next_change, open_until

ZONES = sorted(available_timezones())
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda pair: f"{pair[0]:02}:{pair[1]:02}")
WINDOWS = st.builds(
    Window,
    name=st.just("Window"),
    start=CLOCKS,
    end=CLOCKS | st.just("24:00"),
    days=st.sets(st.sampled_from(Day), min_size=1).map(tuple),
)
MOMENTS = st.integers(946_684_800, 2_145_916_800).map(float)
"""The years 2000 to 2037."""


def posix(text: str, zone: str, fold: int = 0) -> float:
    """Return a wall time as POSIX seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def night(start: str = "21:00", end: str = "06:30", *days: Day) -> Window:
    """Return a window, on every day unless some are given."""
    return Window(name="Night", start=start, end=end, days=days or schedule.EVERY_DAY)


@pytest.mark.parametrize(
    ("clock", "expected"), [("00:00", 0), ("9:05", 545), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)]
)
def test_a_time_of_day_is_minutes(clock: str, expected: int) -> None:
    """From 00:00 to 24:00."""
    assert expected == minutes(clock)


@pytest.mark.parametrize("clock", ["", "24:01", "25:00", "12:60", "12", "12:5", "-1:00", "12:00 ", "١٢:٠٠", "12:00\n"])
def test_what_no_clock_shows_is_refused(clock: str) -> None:
    """A window is never at such a time."""
    with pytest.raises(ValueError, match="not a time of day"):
        Window(name="Night", start="20:00", end=clock)


def test_a_window_starts_within_its_day() -> None:
    """24:00 is an end only."""
    with pytest.raises(ValueError, match="starts at 00:00"):
        Window(name="Night", start="24:00", end="06:00")


def test_a_window_needs_a_day() -> None:
    """One that is on no day would never be open."""
    with pytest.raises(ValueError, match="needs a day"):
        msgspec.convert({"name": "Night", "start": "20:00", "end": "21:00", "days": []}, Window)


# 2026-03-04 is a Wednesday.
OPEN = [
    ("within", night("14:00", "16:00"), "2026-03-04T15:00", "2026-03-04T16:00"),
    ("its first moment", night("14:00", "16:00"), "2026-03-04T14:00", "2026-03-04T16:00"),
    ("not its last", night("14:00", "16:00"), "2026-03-04T16:00", None),
    ("not before", night("14:00", "16:00"), "2026-03-04T13:59:59", None),
    ("before midnight", night(), "2026-03-04T23:00", "2026-03-05T06:30"),
    ("after midnight", night(), "2026-03-05T01:00", "2026-03-05T06:30"),
    (
        "the night of a day reaches into the next",
        night("21:00", "06:30", Day.WED),
        "2026-03-05T06:00",
        "2026-03-05T06:30",
    ),
    ("but does not start there", night("21:00", "06:30", Day.WED), "2026-03-05T22:00", None),
    ("nor on the day before", night("21:00", "06:30", Day.WED), "2026-03-04T06:00", None),
    ("until midnight", night("20:00", "24:00", Day.WED), "2026-03-04T23:59:59", "2026-03-05T00:00"),
    ("24:00 is no next day", night("20:00", "24:00", Day.WED), "2026-03-05T00:00", None),
    ("a whole day", night("00:00", "24:00", Day.WED), "2026-03-04T12:00", "2026-03-05T00:00"),
    ("equal start and end are a day", night("09:00", "09:00", Day.WED), "2026-03-05T08:59", "2026-03-05T09:00"),
    ("and not more", night("09:00", "09:00", Day.WED), "2026-03-05T09:00", None),
    ("midnight to midnight", night("00:00", "00:00", Day.WED), "2026-03-04T12:00", "2026-03-05T00:00"),
]


@pytest.mark.parametrize(("window", "at", "end"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_a_window_is_open_from_its_start_to_its_end(window: Window, at: str, end: str | None, zone: str) -> None:
    """By the house's clock, past midnight too, its end not included."""
    expected = None if end is None else (window, posix(end, zone))
    assert expected == open_until([window], ZoneInfo(zone), posix(at, zone))


def test_of_several_windows_the_one_that_ends_last_is_told() -> None:
    """So that what the child reads is when it is over."""
    short, long = night("14:00", "16:00"), night("15:00", "17:00")
    at = posix("2026-03-04T15:30", "UTC")
    for windows in ([short, long], [long, short]):
        assert (long, posix("2026-03-04T17:00", "UTC")) == open_until(windows, ZoneInfo("UTC"), at)


def test_without_windows_nothing_changes() -> None:
    """Neither open nor ever to be."""
    assert (open_until([], ZoneInfo("UTC"), 0.0), next_change([], ZoneInfo("UTC"), 0.0)) == (None, None)


def test_the_next_change_may_be_a_week_ahead() -> None:
    """A window of one day that has just ended begins in a week."""
    at = posix("2026-03-04T16:00", "UTC")
    window = night("14:00", "16:00", Day.WED)
    assert posix("2026-03-11T14:00", "UTC") == next_change([window], ZoneInfo("UTC"), at)


CHANGES = [
    # The clock jumps from 02:00 to 03:00.
    ("Europe/Berlin", "02:30", "04:00", "2026-03-29T00:00", "2026-03-29T03:00", 0, "2026-03-29T04:00", 0),
    ("Europe/Berlin", "01:00", "02:30", "2026-03-29T00:00", "2026-03-29T01:00", 0, "2026-03-29T03:00", 0),
    ("Europe/Berlin", "21:00", "06:30", "2026-03-28T12:00", "2026-03-28T21:00", 0, "2026-03-29T06:30", 0),
    # It shows 02:00 to 03:00 twice: from the first start to the second end.
    ("Europe/Berlin", "02:30", "04:00", "2026-10-25T00:00", "2026-10-25T02:30", 0, "2026-10-25T04:00", 0),
    ("Europe/Berlin", "01:00", "02:30", "2026-10-25T00:00", "2026-10-25T01:00", 0, "2026-10-25T02:30", 1),
    ("America/New_York", "01:15", "01:45", "2026-11-01T00:00", "2026-11-01T01:15", 0, "2026-11-01T01:45", 1),
    ("America/New_York", "02:15", "05:00", "2026-03-08T00:00", "2026-03-08T03:00", 0, "2026-03-08T05:00", 0),
    # Half an hour.
    ("Australia/Lord_Howe", "02:10", "04:00", "2026-10-04T00:00", "2026-10-04T02:30", 0, "2026-10-04T04:00", 0),
    ("Australia/Lord_Howe", "01:00", "01:40", "2026-04-05T00:00", "2026-04-05T01:00", 0, "2026-04-05T01:40", 1),
    # Back an hour for Ramadan, and forth after it.
    ("Africa/Casablanca", "02:30", "05:00", "2026-02-15T00:00", "2026-02-15T02:30", 0, "2026-02-15T05:00", 0),
    ("Africa/Casablanca", "02:30", "05:00", "2026-03-22T00:00", "2026-03-22T03:00", 0, "2026-03-22T05:00", 0),
    # 2011-12-30 did not happen: the night of the 29th ends where the clock jumps, and that of the 30th begins there.
    ("Pacific/Apia", "21:00", "06:30", "2011-12-29T12:00", "2011-12-29T21:00", 0, "2011-12-31T00:00", 0),
]


@pytest.mark.parametrize(("zone", "start", "end", "at", "opens", "opens_fold", "closes", "closes_fold"), CHANGES)
def test_gaps_and_folds_of_the_clock(
    zone: str, start: str, end: str, at: str, opens: str, opens_fold: int, closes: str, closes_fold: int
) -> None:
    """A time that the clock skips is the moment of the jump; of a time it shows twice, first start and last end."""
    window = night(start, end)
    opened = next_change([window], ZoneInfo(zone), posix(at, zone))
    assert posix(opens, zone, opens_fold) == opened
    assert opened is not None
    assert (window, posix(closes, zone, closes_fold)) == open_until([window], ZoneInfo(zone), opened)


@given(zone=st.sampled_from(ZONES), windows=st.lists(WINDOWS, min_size=1, max_size=4), at=MOMENTS)
def test_a_change_is_when_something_changes(zone: str, windows: list[Window], at: float) -> None:
    """Nothing opens or ends between now and the next change, and there a window does."""
    tz = ZoneInfo(zone)
    change = next_change(windows, tz, at)
    assert change is not None
    assert at < change
    states = [
        [open_until([window], tz, moment) for window in windows] for moment in (at, (at + change) / 2, change - 1)
    ]
    assert states[0] == states[1] == states[2]
    before, after = states[0], [open_until([window], tz, change) for window in windows]
    skipped = {shown(change - 1, tz), shown(change, tz)}
    edges = {text for window in windows for text in (window.start, window.end.replace("24:00", "00:00"))}
    assert before != after or len(skipped) > 1 or skipped & edges


@given(zone=st.sampled_from(ZONES), window=WINDOWS, at=MOMENTS)
def test_an_open_window_ends_when_it_says(zone: str, window: Window, at: float) -> None:
    """It is open until just before its end; its end is a change and shows its clock, or a jump over it."""
    tz = ZoneInfo(zone)
    found = open_until([window], tz, at)
    if found is None:
        return
    end = found[1]
    assert open_until([window], tz, end - 1) is not None
    change = next_change([window], tz, end - 1)
    assert end == change
    jumps = datetime.fromtimestamp(end, tz).utcoffset() != datetime.fromtimestamp(end - 1, tz).utcoffset()
    assert jumps or shown(end, tz) == window.end.replace("24:00", "00:00")


@given(zone=st.sampled_from(ZONES), window=WINDOWS, at=MOMENTS)
def test_a_window_is_open_as_its_clock_says(zone: str, window: Window, at: float) -> None:
    """On a day without a jump, a naive look at day and clock agrees."""
    tz = ZoneInfo(zone)
    offsets = {datetime.fromtimestamp(at + hours * 3600, tz).utcoffset() for hours in range(-49, 50, 2)}
    if len(offsets) > 1:
        return
    now = datetime.fromtimestamp(at, tz)
    minute = now.hour * 60 + now.minute
    start, end = minutes(window.start), minutes(window.end)
    today, yesterday = list(Day)[now.weekday()] in window.days, list(Day)[now.weekday() - 1] in window.days
    is_open = (today and start <= minute < (end if end > start else 1440)) or (
        yesterday and end <= start and minute < end
    )
    assert is_open == (open_until([window], tz, at) is not None)


def shown(at: float, zone: ZoneInfo) -> str:
    """Return what the clock shows."""
    return datetime.fromtimestamp(at, zone).strftime("%H:%M")
