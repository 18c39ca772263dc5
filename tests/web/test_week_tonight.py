"""appliance.web.week_tonight: which bedtime is meant, and what moves it just this once."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.core.schedule import EVERY_DAY, DateException, Day, Routine, Schedule, Window
from appliance.web import week_tonight
from appliance.web.week_tonight import NotTonight, Tonight

BERLIN = ZoneInfo("Europe/Berlin")
BED = Window(name="Bedtime", start="20:30", end="06:30", routine=Routine.BEDTIME)
LATE = Window(name="Bedtime", start="23:30", end="06:30", routine=Routine.BEDTIME)
WEDNESDAY, THURSDAY = date(2026, 3, 4), date(2026, 3, 5)


def at(text: str) -> float:
    """Return a moment of Berlin's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def found(moment: str, *windows: Window, exceptions: tuple[DateException, ...] = ()) -> Tonight | None:
    """Return tonight's bedtime at a moment."""
    return week_tonight.find(Schedule(windows, exceptions, BERLIN), BERLIN, "03:30", at(moment))


def tonight(moment: str, *windows: Window, exceptions: tuple[DateException, ...] = ()) -> Tonight:
    """Return it where there is one."""
    one = found(moment, *windows, exceptions=exceptions)
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("moment", "evening", "is_running"),
    [
        ("2026-03-04T12:00", WEDNESDAY, False),
        ("2026-03-04T20:30", WEDNESDAY, False),
        ("2026-03-04T20:31", WEDNESDAY, True),
        ("2026-03-05T01:00", WEDNESDAY, True),
        ("2026-03-05T03:29", WEDNESDAY, True),
        ("2026-03-05T03:30", THURSDAY, False),
        ("2026-03-05T05:00", THURSDAY, False),
    ],
)
def test_an_evening_lasts_until_the_day_of_the_house_starts(moment: str, evening: date, is_running: bool) -> None:
    """At one at night it is still the bedtime that began yesterday; at five it is the next one."""
    one = tonight(moment, BED)
    assert (one.evening, one.is_running) == (evening, is_running)


def test_a_bedtime_after_midnight_is_of_the_evening_before() -> None:
    """At 00:30, said in the evening."""
    one = tonight("2026-03-04T22:00", Window(name="Bedtime", start="00:30", end="07:00"))
    assert (one.evening, one.begins, one.ends) == (WEDNESDAY, 24 * 60 + 30, 31 * 60)


@pytest.mark.parametrize(
    "window",
    [
        Window(name="Meal", start="18:00", end="19:00"),
        Window(name="Bedtime", start="20:30", end="06:30", internet=True),
        Window(name="Bedtime", start="20:30", end="06:30", days=(Day.MON,)),
        Window(name="Bedtime", start="14:00", end="15:00"),
    ],
)
def test_there_may_be_none(window: Window) -> None:
    """A meal, a night with the Internet on, one of another day, a nap that is over."""
    assert found("2026-03-04T19:00", window) is None


@pytest.mark.parametrize(
    ("moment", "by", "expected"),
    [
        ("2026-03-04T12:00", 30, "21:00"),
        ("2026-03-04T20:45", 30, "21:15"),
        ("2026-03-04T20:45:10", 30, "21:16"),
        ("2026-03-05T01:10", 60, "02:10"),
    ],
)
def test_later_is_later_than_planned_or_than_now(moment: str, by: int, expected: str) -> None:
    """Half an hour more is half an hour more, also when bedtime began already."""
    one = tonight(moment, BED)
    assert week_tonight.clock_of(one.later(by)) == expected


def test_a_bedtime_is_moved_on_its_date_alone() -> None:
    """It keeps its end and all that holds in it."""
    one = tonight("2026-03-04T12:00", BED)
    moved = Window(name="Bedtime", start="21:00", end="06:30", routine=Routine.BEDTIME, days=EVERY_DAY)
    assert one.moved(21 * 60) == (
        DateException(name="Tonight", first=WEDNESDAY, last=WEDNESDAY, instead_of=("Bedtime",), windows=(moved,)),
    )


@pytest.mark.parametrize("moment", ["2026-03-04T12:00", "2026-03-05T00:10"])
def test_a_bedtime_that_moves_past_midnight_is_said_of_both_dates(moment: str) -> None:
    """It is off until then, goes on until its end, and tomorrow's is as ever."""
    one = tonight(moment, LATE)
    exceptions = one.moved(24 * 60 + 30)
    schedule = Schedule((LATE,), exceptions, BERLIN)
    opens = [(opening.start, opening.end) for opening in schedule.between(WEDNESDAY, THURSDAY)]
    assert opens == [
        (at("2026-03-05T00:30"), at("2026-03-05T06:30")), (at("2026-03-05T23:30"), at("2026-03-06T06:30")),
    ]  # fmt: skip


def test_it_may_be_moved_again() -> None:
    """From where it was moved to."""
    one = tonight("2026-03-04T12:00", BED)
    again = tonight("2026-03-04T20:40", BED, exceptions=one.moved(21 * 60))
    assert (again.begins, again.is_running) == (21 * 60, False)
    assert again.later(60) == 22 * 60


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("21:15", 21 * 60 + 15), ("00:20", 24 * 60 + 20), ("12:00", 12 * 60), ("11:59", 36 * 60 - 1)],
)
def test_a_time_before_noon_is_the_morning_after(typed: str, expected: int) -> None:
    """Nobody sends a child to bed at noon yesterday."""
    assert tonight("2026-03-04T09:00", BED).at(typed) == expected


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("soon", "not a time of day"),
        ("20:00", "20:00 is over already."),
        ("06:30", "It ends at 06:30: it can't begin at 06:30."),
        ("07:00", "It ends at 06:30"),
    ],
)
def test_a_bedtime_that_can_not_be_is_refused_in_words(typed: str, words: str) -> None:
    """Nothing is said of the past, nor beyond the end."""
    one = tonight("2026-03-04T20:10", BED)
    with pytest.raises(NotTonight, match=words):
        one.moved(one.at(typed))


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"])
def test_the_clock_on_the_wall_counts_when_clocks_are_set(day: str) -> None:
    """In nights of nine and eleven hours too, half an hour later is half an hour later on the clock."""
    one = tonight(f"{day}T19:00", BED)
    assert (one.begins, one.ends) == (20 * 60 + 30, 30 * 60 + 30)
    (exception,) = one.moved(one.later(30))
    assert exception.windows[0].start == "21:00"
