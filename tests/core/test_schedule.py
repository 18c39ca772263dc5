"""Windows in a week, in some time zones: what is open, when that changes, and what exceptions make of it."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec
import pytest

from appliance.core import schedule
from appliance.core.said import Things
from appliance.core.schedule import DateException, Day, Opening, Schedule, Span, Window, minutes

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = date(2026, 3, 4)


def posix(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> float:
    """Return a wall time as POSIX seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def night(start: str = "21:00", end: str = "06:30", *days: Day, name: str = "Night") -> Window:
    """Return a window, on every day unless some are given."""
    return Window(name=name, start=start, end=end, days=days or schedule.EVERY_DAY)


def of(*windows: Window, zone: str = "Europe/Berlin", exceptions: tuple[DateException, ...] = ()) -> Schedule:
    """Return a schedule."""
    return Schedule(windows, exceptions, ZoneInfo(zone))


def on(first: str, last: str = "", **said: object) -> DateException:
    """Return an exception of one date or several."""
    return msgspec.convert({"name": "Other", "first": first, "last": last or first} | said, DateException)


def told(openings: object, zone: str = "Europe/Berlin") -> list[str]:
    """Return openings as ``name day-hour:minute day-hour:minute`` by the clock."""
    assert isinstance(openings, list | tuple)
    shown = [
        (one.window.name, *(datetime.fromtimestamp(at, ZoneInfo(zone)) for at in (one.start, one.end)))
        for one in openings
    ]
    return [f"{name} {start:%d-%H:%M} {end:%d-%H:%M}" for name, start, end in shown]


@pytest.mark.parametrize(
    ("clock", "expected"), [("00:00", 0), ("9:05", 545), ("09:05", 545), ("23:59", 1439), ("24:00", 1440)]
)
def test_a_time_of_day_is_minutes(clock: str, expected: int) -> None:
    """From 00:00 to 24:00."""
    assert expected == minutes(clock)


@pytest.mark.parametrize("clock", ["", "24:01", "25:00", "12:60", "12", "12:5", "-1:00", "12:00 ", "١٢:٠٠", "12:00\n"])
def test_what_no_clock_shows_is_refused(clock: str) -> None:
    """A window is never at such a time."""
    for start, end in (("20:00", clock), (clock, "20:00")):
        with pytest.raises(ValueError, match="not a time of day"):
            Window(name="Night", start=start, end=end)


def test_a_window_starts_within_its_day() -> None:
    """24:00 is an end only."""
    with pytest.raises(ValueError, match="starts at 00:00"):
        Window(name="Night", start="24:00", end="06:00")


def test_a_window_needs_a_day() -> None:
    """One that is on no day would never be open."""
    with pytest.raises(ValueError, match="needs a day"):
        msgspec.convert({"name": "Night", "start": "20:00", "end": "21:00", "days": []}, Window)


def test_where_all_is_off_nothing_more_is_blocked() -> None:
    """Whoever writes that meant something else; where the Internet is on, it is the way to close some of it."""
    games = Things(groups=("game",))
    with pytest.raises(ValueError, match="nothing more to block"):
        Window(name="Night", start="20:00", end="21:00", block=games)
    assert Window(name="School", start="20:00", end="21:00", internet=True, block=games).block == games


def test_what_is_off_is_not_slow() -> None:
    """Slow is in place of closed; by itself it means everything."""
    with pytest.raises(ValueError, match="leaves the Internet on"):
        Window(name="Night", start="20:00", end="21:00", slow=True)
    assert Window(name="Evening", start="20:00", end="21:00", internet=True, slow=True).slow
    assert not Window(name="Evening", start="20:00", end="21:00").slow


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        ("2026-03-05", "2026-03-04", "the last day 2026-03-04 is before the first, 2026-03-05"),
        ("2026-01-01", "2027-02-05", "for 400 days at most"),
        ("1999-12-31", "2000-01-01", "in the years 2000 to 2999"),
        ("2999-12-31", "3000-01-01", "in the years 2000 to 2999"),
    ],
)
def test_dates_that_are_no_exception(first: str, last: str, words: str) -> None:
    """The wrong way round, without an end in sight, or of another age."""
    with pytest.raises(ValueError, match=words):
        DateException(name="Other", first=date.fromisoformat(first), last=date.fromisoformat(last))


def test_the_longest_exception() -> None:
    """400 days, the first and the last among them; one day has itself as its last."""
    assert on("2026-01-01", "2027-02-04").last == date(2027, 2, 4)
    assert on("2026-03-04").first == on("2026-03-04").last


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
    ("the last minute to the next", night("23:59", "23:58", Day.WED), "2026-03-05T23:57", "2026-03-05T23:58"),
]


@pytest.mark.parametrize(("window", "at", "end"), [row[1:] for row in OPEN], ids=[row[0] for row in OPEN])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Asia/Kathmandu", "Pacific/Kiritimati"])
def test_a_window_is_open_from_its_start_to_its_end(window: Window, at: str, end: str | None, zone: str) -> None:
    """By the house's clock, past midnight too, its end not included."""
    expected = [] if end is None else [(window, posix(end, zone))]
    assert expected == [(one.window, one.end) for one in of(window, zone=zone).open_at(posix(at, zone))]


def test_of_several_windows_the_one_that_ends_last_is_first() -> None:
    """All that are open are told, that one first: what the child reads is when it is over."""
    short, long = night("14:00", "16:00", name="short"), night("15:00", "17:00", name="long")
    for windows in ([short, long], [long, short]):
        found = of(*windows).open_at(posix("2026-03-04T15:30"))
        assert told(found) == ["long 04-15:00 04-17:00", "short 04-14:00 04-16:00"]


def test_without_windows_nothing_changes() -> None:
    """Neither open nor ever to be, whatever is said of windows that there aren't."""
    for empty in (of(), of(exceptions=(on("2026-03-04"),))):
        assert not empty
        assert (empty.open_at(0.0), empty.next_change(0.0)) == ((), None)
    assert of(night())
    assert of(exceptions=(on("2026-03-04", windows=[{"name": "A", "start": "10:00", "end": "11:00"}]),))


def test_the_next_change_may_be_a_week_ahead() -> None:
    """A window of one day that has just ended begins in a week."""
    found = of(night("14:00", "16:00", Day.WED)).next_change(posix("2026-03-04T16:00"))
    assert found == posix("2026-03-11T14:00")


def test_one_schedule_is_asked_about_any_time() -> None:
    """What it keeps of one time is not told of another, before it or after it."""
    asked = of(night("14:00", "16:00"))
    for at, is_open, change in [
        ("2026-03-04T15:00", True, "2026-03-04T16:00"),
        ("2026-03-04T15:59:59", True, "2026-03-04T16:00"),
        ("2026-03-04T16:00", False, "2026-03-05T14:00"),
        ("2026-03-04T15:00", True, "2026-03-04T16:00"),
        ("2026-03-04T13:00", False, "2026-03-04T14:00"),
        ("2026-03-04T14:00", True, "2026-03-04T16:00"),
        ("2026-01-01T00:00", False, "2026-01-01T14:00"),
    ]:
        assert (bool(asked.open_at(posix(at))), asked.next_change(posix(at))) == (is_open, posix(change)), at


CHANGES = [
    # The clock jumps from 02:00 to 03:00.
    ("Europe/Berlin", "02:30", "04:00", "2026-03-29T00:00", "2026-03-29T03:00", 0, "2026-03-29T04:00", 0),
    ("Europe/Berlin", "01:00", "02:30", "2026-03-29T00:00", "2026-03-29T01:00", 0, "2026-03-29T03:00", 0),
    ("Europe/Berlin", "21:00", "06:30", "2026-03-28T12:00", "2026-03-28T21:00", 0, "2026-03-29T06:30", 0),
    # Nothing is left of a window inside the jump: the next one is tomorrow's.
    ("Europe/Berlin", "02:10", "02:50", "2026-03-29T00:00", "2026-03-30T02:10", 0, "2026-03-30T02:50", 0),
    # It shows 02:00 to 03:00 twice: from the first start to the second end.
    ("Europe/Berlin", "02:30", "04:00", "2026-10-25T00:00", "2026-10-25T02:30", 0, "2026-10-25T04:00", 0),
    ("Europe/Berlin", "01:00", "02:30", "2026-10-25T00:00", "2026-10-25T01:00", 0, "2026-10-25T02:30", 1),
    ("America/New_York", "01:15", "01:45", "2026-11-01T00:00", "2026-11-01T01:15", 0, "2026-11-01T01:45", 1),
    ("America/New_York", "02:15", "05:00", "2026-03-08T00:00", "2026-03-08T03:00", 0, "2026-03-08T05:00", 0),
    # Half an hour, and two.
    ("Australia/Lord_Howe", "02:10", "04:00", "2026-10-04T00:00", "2026-10-04T02:30", 0, "2026-10-04T04:00", 0),
    ("Australia/Lord_Howe", "01:00", "01:40", "2026-04-05T00:00", "2026-04-05T01:00", 0, "2026-04-05T01:40", 1),
    ("Antarctica/Troll", "02:30", "04:00", "2026-03-29T00:00", "2026-03-29T03:00", 0, "2026-03-29T04:00", 0),
    ("Antarctica/Troll", "02:30", "02:45", "2026-10-25T00:00", "2026-10-25T02:30", 0, "2026-10-25T02:45", 1),
    # At midnight: the day begins at 01:00, and ends twice.
    ("Africa/Cairo", "00:00", "00:30", "2026-04-23T23:00", "2026-04-25T00:00", 0, "2026-04-25T00:30", 0),
    ("Africa/Cairo", "23:30", "00:30", "2026-10-29T12:00", "2026-10-29T23:30", 0, "2026-10-30T00:30", 0),
    ("Africa/Cairo", "22:00", "23:30", "2026-10-29T12:00", "2026-10-29T22:00", 0, "2026-10-29T23:30", 1),
    # Back an hour for Ramadan, and forth after it.
    ("Africa/Casablanca", "02:30", "05:00", "2026-02-15T00:00", "2026-02-15T02:30", 0, "2026-02-15T05:00", 0),
    ("Africa/Casablanca", "02:30", "05:00", "2026-03-22T00:00", "2026-03-22T03:00", 0, "2026-03-22T05:00", 0),
    # 2011-12-30 did not happen: the night of the 29th ends where the clock jumps, and that of the 30th begins there.
    ("Pacific/Apia", "21:00", "06:30", "2011-12-29T12:00", "2011-12-29T21:00", 0, "2011-12-31T00:00", 0),
    # Here a day came twice: it is over when it is over for the second time.
    ("America/Juneau", "10:00", "16:00", "1867-10-18T17:00", "1867-10-19T10:00", 0, "1867-10-19T16:00", 0),
]


@pytest.mark.parametrize(("zone", "start", "end", "at", "opens", "opens_fold", "closes", "closes_fold"), CHANGES)
def test_gaps_and_folds_of_the_clock(
    zone: str, start: str, end: str, at: str, opens: str, opens_fold: int, closes: str, closes_fold: int
) -> None:
    """A time that the clock skips is the moment of the jump; of a time it shows twice, first start and last end."""
    asked = of(night(start, end), zone=zone)
    opened = asked.next_change(posix(at, zone))
    assert posix(opens, zone, opens_fold) == opened
    assert opened is not None
    assert posix(closes, zone, closes_fold) == asked.open_at(opened)[0].end


BEDTIME = night("20:00", "06:30", name="Bedtime")
HOMEWORK = night("14:00", "16:00", Day.MON, Day.TUE, Day.WED, Day.THU, name="Homework")
USUAL = ["Homework 04-14:00 04-16:00", "Bedtime 04-20:00 05-06:30"]
LATE = {"name": "Late", "start": "22:00", "end": "07:30"}
EXCEPTIONS = [
    ("tonight later", [on("2026-03-04", instead_of=["Bedtime"], windows=[LATE])], [USUAL[0], "Late 04-22:00 05-07:30"]),
    ("none at all", [on("2026-03-04")], []),
    ("one left out", [on("2026-03-04", instead_of=["Homework"])], USUAL[1:]),
    ("one more", [on("2026-03-04", instead_of=[], windows=[LATE])], [*USUAL, "Late 04-22:00 05-07:30"]),
    ("first day", [on("2026-03-04", "2026-03-09")], []),
    ("last day", [on("2026-02-20", "2026-03-04")], []),
    ("over the day before", [on("2026-02-20", "2026-03-03")], USUAL),
    ("from the day after", [on("2026-03-05", "2026-03-09")], USUAL),
    ("of another weekday", [on("2026-03-02", "2026-03-08", windows=[LATE | {"days": ["sat"]}])], []),
    (
        "of this weekday",
        [on("2026-03-02", "2026-03-08", windows=[LATE | {"days": ["wed"]}])],
        ["Late 04-22:00 05-07:30"],
    ),
    (
        "the later one over the earlier",
        [on("2026-03-04", windows=[LATE]), on("2026-03-04", instead_of=["Late"])],
        [],
    ),
    (
        "and added to it",
        [on("2026-03-04"), on("2026-03-04", instead_of=[], windows=[LATE])],
        ["Late 04-22:00 05-07:30"],
    ),
    (
        "the other way round",
        [on("2026-03-04", instead_of=[], windows=[LATE]), on("2026-03-04")],
        [],
    ),
    ("a name that is not there", [on("2026-03-04", instead_of=["Late"])], USUAL),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exceptions", "expected"), [row[1:] for row in EXCEPTIONS], ids=[row[0] for row in EXCEPTIONS]
)
def test_an_exception_changes_what_starts_on_its_dates(exceptions: list[DateException], expected: list[str]) -> None:
    """In order: windows by name or all of them don't start, others do."""
    asked = of(BEDTIME, HOMEWORK, exceptions=tuple(exceptions))
    assert expected == told(asked.between(WEDNESDAY, WEDNESDAY))
    noon = posix("2026-03-04T12:00")
    for one in asked.between(WEDNESDAY, WEDNESDAY):
        assert one in asked.open_at(one.start)
    changes = {moment for one in asked.between(WEDNESDAY, WEDNESDAY) for moment in (one.start, one.end)}
    first = min((moment for moment in changes if moment > noon), default=None)
    found = asked.next_change(noon)
    assert found == first or (first is None and found is not None and found > posix("2026-03-05T06:30"))


def test_a_night_that_began_before_an_exception_stays_as_it_was() -> None:
    """A holiday from Wednesday on ends Tuesday's night at Wednesday's usual hour, and lets Wednesday's not begin."""
    asked = of(BEDTIME, exceptions=(on("2026-03-04", "2026-03-05"),))
    assert told(asked.open_at(posix("2026-03-04T06:00"))) == ["Bedtime 03-20:00 04-06:30"]
    assert asked.next_change(posix("2026-03-04T06:30")) == posix("2026-03-06T20:00")
    assert told(asked.between(date(2026, 3, 3), date(2026, 3, 6))) == [
        "Bedtime 03-20:00 04-06:30", "Bedtime 06-20:00 07-06:30",
    ]  # fmt: skip


def test_a_change_is_found_behind_long_exceptions() -> None:
    """Behind one that empties more than a year, behind a second that follows, and far ahead where the week is empty."""
    long = (on("2026-03-04", "2027-03-31"), on("2027-04-01", "2028-04-30"))
    assert of(BEDTIME, exceptions=long).next_change(posix("2026-03-04T12:00")) == posix("2028-05-01T20:00")
    sunday = night("10:00", "11:00", Day.SUN)
    assert of(sunday, exceptions=long).next_change(posix("2026-03-04T12:00")) == posix("2028-05-07T10:00")
    far = on("2096-02-29", windows=[LATE])
    assert of(exceptions=(far,)).next_change(posix("2026-03-04T12:00")) == posix("2096-02-29T22:00")
    assert of(exceptions=(far,)).next_change(posix("2096-03-01T07:30")) is None


def test_the_openings_of_some_days_come_by_start() -> None:
    """Each once, on the date on which it starts."""
    found = of(BEDTIME, HOMEWORK).between(date(2026, 3, 4), date(2026, 3, 7))
    assert told(found) == [
        "Homework 04-14:00 04-16:00", "Bedtime 04-20:00 05-06:30", "Homework 05-14:00 05-16:00",
        "Bedtime 05-20:00 06-06:30", "Bedtime 06-20:00 07-06:30", "Bedtime 07-20:00 08-06:30",
    ]  # fmt: skip
    assert all(one.start <= two.start for one, two in pairwise(found))
    assert of(BEDTIME).between(date(2026, 3, 4), date(2026, 3, 3)) == []


def test_a_moment_is_when_the_clock_shows_it() -> None:
    """1440 minutes and more are the next day's; in a jump it is the jump, whichever side is asked for."""
    moments = [(WEDNESDAY, 1440 + 30, "2026-03-05T00:30"), (WEDNESDAY, 0, "2026-03-04T00:00")]
    for day, minute, expected in moments:
        assert schedule.moment_of(day, minute, BERLIN, fold=0) == posix(expected)
    for fold in (0, 1):
        assert schedule.moment_of(date(2026, 3, 29), 150, BERLIN, fold=fold) == posix("2026-03-29T03:00")
        assert schedule.moment_of(date(2026, 10, 25), 150, BERLIN, fold=fold) == posix("2026-10-25T02:30", fold=fold)


def test_the_last_look_costs_no_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until the next change all answers come from what was found the first time; then it looks once more."""
    asked = of(BEDTIME, exceptions=(on("2026-03-04", "2027-03-31"),))
    looks: list[float] = []
    look = Schedule._look

    def counted(self: Schedule, at: float) -> Span:
        looks.append(at)
        return look(self, at)

    monkeypatch.setattr(Schedule, "_look", counted)
    start = datetime(2026, 3, 10, tzinfo=UTC)
    for hour in range(24 * 30):
        at = (start + timedelta(hours=hour)).timestamp()
        asked.open_at(at)
        asked.next_change(at)
    assert len(looks) == 1
    change = asked.next_change(start.timestamp())
    assert change is not None
    assert asked.open_at(change) == (Opening(BEDTIME, change, posix("2027-04-02T06:30")),)
    assert len(looks) == 2
