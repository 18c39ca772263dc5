"""appliance.web.drawing: a day as a strip."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.core import policy
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.schedule import DateException, Routine, Window
from appliance.core.schedule import Day as WeekDay
from appliance.core.word import Grant, Pause
from appliance.web import drawing
from appliance.web.drawing import Day, Kind, Part
from appliance.world import rules

BERLIN = ZoneInfo("Europe/Berlin")
BOOK = rules.load_rulebook()
BEDTIME = Window(name="Bedtime", start="20:30", end="07:00")
SCHOOL = Window(
    name="School", start="08:00", end="15:30", days=(WeekDay.MON, WeekDay.TUE, WeekDay.WED, WeekDay.THU, WeekDay.FRI)
)


def at(text: str) -> float:
    """Return a moment of Berlin's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


def compiled(*windows: Window, pauses: tuple[Pause, ...] = (), grants: tuple[Grant, ...] = ()) -> tuple[Policy, Person]:
    """Return a house in Berlin with Mia, who has these windows."""
    mia = Person(id="mia", name="Mia", band="6-9", windows=windows)
    house = House(time_zone="Europe/Berlin", persons=(mia,), pauses=pauses, grants=grants)
    return policy.compile(house, BOOK, (), BERLIN), mia


def today(moment: str, *windows: Window) -> Day:
    """Return Mia's day at a moment."""
    house, mia = compiled(*windows)
    return drawing.today(house, mia, at(moment))


def test_a_day_has_its_windows_in_percent_and_in_words() -> None:
    """A night that began yesterday is there in the morning, and the one that begins tonight in the evening."""
    day = today("2026-11-23T17:42", BEDTIME, SCHOOL)
    assert day == Day(
        "Mo",
        (
            Part(Kind.NIGHT, 0.0, 29.17, "Bedtime until 07:00"),
            Part(Kind.SCHOOL, 33.33, 31.25, "School 08:00 to 15:30"),
            Part(Kind.NIGHT, 85.42, 14.58, "Bedtime from 20:30"),
        ),
        73.75,
        "Bedtime until 07:00; School 08:00 to 15:30; Bedtime from 20:30; now 17:42",
    )


def test_a_day_without_windows_is_free() -> None:
    """Who can't see the strip is told so."""
    assert today("2026-11-23T00:00") == Day("Mo", (), 0.0, "Free all day; now 00:00")


def test_a_window_of_a_whole_day_fills_it() -> None:
    """From midnight to midnight there is nothing else."""
    whole = today("2026-11-23T12:00", Window(name="Camp", start="00:00", end="24:00"))
    assert whole.parts == (Part(Kind.PAUSE, 0.0, 100.0, "Camp all day"),)


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-03-29", (0.0, 29.17, 85.42, 14.58)),
        ("2026-10-25", (0.0, 29.17, 85.42, 14.58)),
    ],
)
def test_the_strip_shows_the_clock_on_days_of_23_and_25_hours(date: str, expected: tuple[float, ...]) -> None:
    """07:00 stands where 07:00 stands on every other day."""
    parts = today(f"{date}T12:00", BEDTIME).parts
    assert expected == (parts[0].left, parts[0].width, parts[1].left, parts[1].width)


def test_a_part_that_ends_in_the_hour_that_comes_twice_is_never_negative() -> None:
    """A pause from 02:50 to 02:10, twenty minutes later, is a part without a width."""
    said = datetime.fromisoformat("2026-10-25T02:50+02:00")
    pause = Pause(said_at=said, until=datetime.fromisoformat("2026-10-25T02:10+01:00"), person="mia")
    house, mia = compiled(pauses=(pause,))
    day = drawing.today(house, mia, said.timestamp())
    assert [part.width for part in day.parts] == [0.0]


def test_a_running_word_lies_on_top_the_latest_last() -> None:
    """The strip shows what holds: of a pause and a pass the later one; those that are over are gone."""
    pauses = (
        Pause(said_at=datetime.fromisoformat("2026-11-23T17:00+01:00"),
              until=datetime.fromisoformat("2026-11-23T19:00+01:00"), person="mia"),
        Pause(said_at=datetime.fromisoformat("2026-11-23T09:00+01:00"),
              until=datetime.fromisoformat("2026-11-23T10:00+01:00"), person="mia"),
    )  # fmt: skip
    grant = Grant(
        person="mia", said_at=datetime.fromisoformat("2026-11-23T17:30+01:00"),
        until=datetime.fromisoformat("2026-11-23T18:00+01:00"),
    )  # fmt: skip
    named = Grant(
        person="mia", name="example.com", said_at=datetime.fromisoformat("2026-11-23T17:31+01:00"),
        until=datetime.fromisoformat("2026-11-23T18:00+01:00"),
    )  # fmt: skip
    house, mia = compiled(SCHOOL, pauses=pauses, grants=(grant, named))
    day = drawing.today(house, mia, at("2026-11-23T17:42"))
    assert [part.words for part in day.parts] == [
        "School 08:00 to 15:30", "Paused 17:00 to 19:00", "Opened 17:30 to 18:00",
    ]  # fmt: skip
    assert [part.pattern for part in day.parts] == ["hatch-school", "", "hatch-open"]


def test_a_week_begins_on_monday_and_only_today_has_a_now() -> None:
    """School is on five days; the mark is on the day that it is."""
    house, mia = compiled(SCHOOL)
    days = drawing.week(house, mia, at("2026-11-25T12:00"))
    assert [day.name for day in days] == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
    assert [len(day.parts) for day in days] == [1, 1, 1, 1, 1, 0, 0]
    assert [day.now for day in days] == [None, None, 50.0, None, None, None, None]


@pytest.mark.parametrize(
    ("name", "start", "end", "kind"),
    [
        ("Bedtime", "13:00", "14:00", Kind.NIGHT),
        ("School", "08:00", "13:00", Kind.SCHOOL),
        ("Hausaufgaben", "14:00", "15:00", Kind.HOMEWORK),
        ("Quiet", "21:00", "06:30", Kind.NIGHT),
        ("Quiet", "22:00", "24:00", Kind.NIGHT),
        ("Quiet", "00:00", "06:00", Kind.NIGHT),
        ("Family lunch", "12:00", "13:00", Kind.PAUSE),
        ("Tea", "16:00", "09:00", Kind.PAUSE),
    ],
)
def test_the_kind_of_a_window_is_seen_by_its_name_else_by_its_hours(
    name: str, start: str, end: str, kind: Kind
) -> None:
    """A caregiver names windows as they like."""
    assert drawing.kind_of(Window(name=name, start=start, end=end)) is kind


@pytest.mark.parametrize(
    ("routine", "kind"),
    [
        (Routine.BEDTIME, Kind.NIGHT),
        (Routine.SCHOOL, Kind.SCHOOL),
        (Routine.HOMEWORK, Kind.HOMEWORK),
        (Routine.FREE, Kind.FREE),
        (Routine.OTHER, Kind.NIGHT),
    ],
)
def test_what_a_caregiver_said_goes_before_the_name(routine: Routine, kind: Kind) -> None:
    """Only of a routine that may be anything the name is looked at."""
    assert drawing.kind_of(Window(name="Sleepover", start="12:00", end="13:00", routine=routine)) is kind


def test_an_evening_with_the_internet_on_is_no_night() -> None:
    """Hours alone say nothing about a time in which the Internet is on."""
    quiet = Window(name="Quiet", start="21:00", end="06:30", internet=True)
    assert drawing.kind_of(quiet) is Kind.PAUSE


@pytest.mark.parametrize(
    ("routine", "internet", "pattern"),
    [
        (Routine.BEDTIME, False, ""),
        (Routine.BEDTIME, True, "thin-night"),
        (Routine.SCHOOL, False, "hatch-school"),
        (Routine.SCHOOL, True, "thin-school"),
        (Routine.HOMEWORK, False, "hatch-school"),
        (Routine.HOMEWORK, True, "thin-school"),
        (Routine.OTHER, True, "thin-pause"),
        (Routine.FREE, True, ""),
    ],
)
def test_a_time_with_the_internet_on_is_drawn_in_thin_lines(routine: Routine, internet: bool, pattern: str) -> None:
    """Free time is plain green: nothing is closed in it."""
    window = Window(name="A time", start="12:00", end="13:00", routine=routine, internet=internet)
    part = today("2026-11-23T09:00", window).parts[0]
    assert (part.pattern, part.is_on, part.window) == (pattern, internet, window)


def test_what_switches_the_internet_off_lies_on_top() -> None:
    """Where it overlaps with a time in which the Internet is on, it holds."""
    homework = Window(name="Homework", start="14:00", end="18:00", internet=True)
    meal = Window(name="Meal", start="12:00", end="15:00")
    day = today("2026-11-23T09:00", homework, meal)
    assert [part.words for part in day.parts] == ["Homework 14:00 to 18:00", "Meal 12:00 to 15:00"]
    assert day.words == "Meal 12:00 to 15:00; Homework 14:00 to 18:00; now 09:00"


def test_an_exception_is_drawn_on_its_days() -> None:
    """A day off has its own times, those beside it have the week's."""
    camp = Window(name="Camp", start="09:00", end="10:00")
    off = DateException(
        name="Day off", first=date(2026, 11, 24), last=date(2026, 11, 24), instead_of=("School",), windows=(camp,)
    )
    mia = Person(id="mia", name="Mia", band="6-9", windows=(SCHOOL,), exceptions=(off,))
    house = policy.compile(House(time_zone="Europe/Berlin", persons=(mia,)), BOOK, (), BERLIN)
    days = drawing.week(house, mia, at("2026-11-25T12:00"))
    assert [[part.words for part in day.parts] for day in days[:3]] == [
        ["School 08:00 to 15:30"], ["Camp 09:00 to 10:00"], ["School 08:00 to 15:30"],
    ]  # fmt: skip
    assert [day.on for day in days[:2]] == [date(2026, 11, 23), date(2026, 11, 24)]
