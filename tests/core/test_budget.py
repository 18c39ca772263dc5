"""Minutes: what a budget gives and what is left of it, over days, weeks, and clocks that are set."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.budget import (
    DAY_STARTS,
    MAX_MINUTES,
    NOT_COUNTED,
    NOTHING_USED,
    WARNINGS,
    Bonus,
    Budget,
    Minutes,
    Use,
    Used,
    carried,
    day_of,
    end_of,
    left,
    monday,
    start_of,
    things_of,
    warnings,
)
from appliance.core.said import is_thing
from appliance.core.schedule import Day

BERLIN = ZoneInfo("Europe/Berlin")
WEDNESDAY = date(2026, 3, 4)
NOON = datetime(2026, 3, 4, 12, tzinfo=BERLIN).timestamp()
HOUR = Budget(minutes=60)


def posix(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> float:
    """Return a wall time as POSIX seconds."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def bonus(minutes: int, what: str = "everything", said: float = -60, until: float = 3600) -> Bonus:
    """Return a bonus, its times in seconds from noon."""
    return Bonus(what, minutes, NOON + said, NOON + until)


@pytest.mark.parametrize(
    "said",
    [
        {"minutes": 0},
        {"minutes": 1440},
        {"what": "service:youtube", "week": 10_080},
        {"what": "group:game", "days": {"sat": 120}},
        {"what": "category:social_media", "minutes": 30, "week": 120, "carry_over": 15},
    ],
)
def test_a_budget(said: dict[str, Any]) -> None:
    """For everything, a service, a group or a category; for the day, for some days or for the week."""
    assert msgspec.to_builtins(msgspec.convert(said, Budget)) == said


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "minutes a day, for some days or a week"),
        ({"carry_over": 10}, "minutes a day, for some days or a week"),
        ({"what": "youtube", "minutes": 10}, "'youtube' is not everything, service:ID, group:ID or category:ID"),
        ({"what": "service:", "minutes": 10}, "is not everything"),
        ({"what": "service:You Tube", "minutes": 10}, "is not everything"),
        ({"minutes": 1441}, "<= 1440"),
        ({"minutes": -1}, ">= 0"),
        ({"days": {"sat": 1441}}, "<= 1440"),
        ({"days": {"saturday": 10}}, "Invalid enum value 'saturday'"),
        ({"week": 10_081}, "<= 10080"),
        ({"minutes": 10, "carry_over": 1441}, "<= 1440"),
    ],
)
def test_what_is_no_budget(said: dict[str, Any], words: str) -> None:
    """Nothing given, more than a day has, or for what is no thing."""
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(said, Budget)


def test_a_weekday_of_its_own() -> None:
    """It goes before the minutes of all days, 0 too; without either there is no limit a day."""
    weekend = Budget(minutes=30, days={Day.SAT: 120, Day.SUN: 0})
    assert [weekend.of_day(WEDNESDAY + timedelta(days=days)) for days in range(6)] == [30, 30, 30, 120, 0, 30]
    assert Budget(week=100).of_day(WEDNESDAY) is None


LEFT = [
    ("nothing used", HOUR, Used(), (), 60),
    ("some used", HOUR, Used(day=25, week=25), (), 35),
    ("all used", HOUR, Used(day=60, week=60), (), 0),
    ("more used", HOUR, Used(day=75), (), -15),
    ("no minute at all", Budget(minutes=0), Used(), (), 0),
    ("carried over", HOUR, Used(day=60, carried=10), (), 10),
    ("a bonus", HOUR, Used(day=60), (bonus(15),), 15),
    ("two", HOUR, Used(day=60), (bonus(15), bonus(5)), 20),
    ("a penalty", HOUR, Used(day=10), (bonus(-20),), 30),
    ("a bonus and a penalty", HOUR, Used(), (bonus(15), bonus(-20)), 55),
    ("of another budget", HOUR, Used(), (bonus(15, "group:game"),), 60),
    ("not yet", HOUR, Used(), (bonus(15, said=1),), 60),
    ("from now", HOUR, Used(), (bonus(15, said=0),), 75),
    ("just over", HOUR, Used(), (bonus(15, until=0),), 60),
    ("still", HOUR, Used(), (bonus(15, until=0.5),), 75),
    ("the week's", Budget(week=100), Used(day=40, week=90), (), 10),
    ("the week has less", Budget(minutes=60, week=100), Used(day=10, week=80), (), 20),
    ("the day has less", Budget(minutes=60, week=100), Used(day=50, week=60), (), 10),
    ("what is carried is not the week's", Budget(minutes=60, week=100), Used(week=95, carried=30), (), 5),
    ("another day's", Budget(days={Day.SAT: 60}), Used(day=500), (), MAX_MINUTES),
]


@pytest.mark.parametrize(("budget", "used", "bonuses", "expected"), [row[1:] for row in LEFT], ids=[r[0] for r in LEFT])
def test_what_is_left(budget: Budget, used: Used, bonuses: tuple[Bonus, ...], expected: int) -> None:
    """The lesser of day and week, with what was carried over, given and taken."""
    assert expected == left(budget, used, bonuses, WEDNESDAY, NOON)


BUDGETS = st.builds(
    Budget,
    minutes=st.none() | st.integers(0, 1440),
    days=st.dictionaries(st.sampled_from(Day), st.integers(0, 1440)),
    week=st.integers(0, MAX_MINUTES),
    carry_over=st.integers(0, 1440),
)
DAYS = st.dates(date(2000, 1, 1), date(2037, 12, 31))
BONUSES = st.lists(
    st.builds(
        bonus, st.integers(-600, 600), st.sampled_from(["everything", "group:game"]), st.integers(-9, 9),
        st.integers(-9, 9),
    ),
    max_size=4,
)  # fmt: skip


@given(BUDGETS, DAYS, BONUSES, st.integers(0, 1440), st.integers(0, 1440))
def test_never_more_than_is_given(budget: Budget, day: date, bonuses: list[Bonus], used: int, yesterday: int) -> None:
    """What is left and what was used are no more than the limit, what was carried over, and the bonuses that run."""
    before = carried(budget, day - timedelta(days=1), yesterday)
    now = left(budget, Used(used, used, before), bonuses, day, NOON)
    given_now = sum(one.minutes for one in bonuses if one.what == "everything" and one.said_at <= NOON < one.until)
    assert 0 <= before <= budget.carry_over
    assert budget.week is not None
    assert now + used <= budget.week + given_now
    limit = budget.of_day(day)
    if limit is not None:
        assert now + used <= limit + budget.carry_over + given_now


@given(BUDGETS, DAYS, BONUSES, st.integers(0, 1440), st.integers(0, 600))
def test_each_minute_used_is_a_minute_less(
    budget: Budget, day: date, bonuses: list[Bonus], used: int, more: int
) -> None:
    """And a minute given or carried over is never a minute less."""
    now = left(budget, Used(used, used), bonuses, day, NOON)
    assert left(budget, Used(used + more, used + more), bonuses, day, NOON) == now - more
    assert left(budget, Used(used, used), [*bonuses, bonus(more)], day, NOON) == now + more
    assert left(budget, Used(used, used, more), bonuses, day, NOON) >= now


@given(BUDGETS, DAYS, st.integers(0, 1440), st.integers(0, 1440))
def test_who_used_more_carries_less(budget: Budget, day: date, used: int, more: int) -> None:
    """What goes over falls with what was used, and never below nothing."""
    assert carried(budget, day, used) >= carried(budget, day, used + more) >= 0


@pytest.mark.parametrize(
    ("budget", "used", "expected"),
    [
        (Budget(minutes=60, carry_over=20), 0, 20),
        (Budget(minutes=60, carry_over=20), 45, 15),
        (Budget(minutes=60, carry_over=20), 60, 0),
        (Budget(minutes=60, carry_over=20), 90, 0),
        (Budget(minutes=60), 0, 0),
        (Budget(minutes=60, days={Day.WED: 10}, carry_over=20), 5, 5),
        (Budget(week=60, carry_over=20), 0, 0),
    ],
)
def test_what_is_carried_over(budget: Budget, used: int, expected: int) -> None:
    """Of what the day left, as much as may be; a week's minutes are there on any of its days anyway."""
    assert expected == carried(budget, WEDNESDAY, used)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (12, 11, ()), (11, 10, (10,)), (10, 9, ()), (6, 5, (5,)), (2, 1, (1,)), (1, 0, ()), (60, 0, (10, 5, 1)),
        (11, 5, (10, 5)), (10, 10, ()), (5, 20, ()), (3, 1, (1,)), (2, -3, (1,)), (0, -1, ()),
    ],
)  # fmt: skip
def test_a_warning_is_told_when_it_is_passed(before: int, now: int, expected: tuple[int, ...]) -> None:
    """At 10, 5 and 1 minutes left, once each; after a bonus again."""
    assert expected == warnings(before, now)


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(0, 90))
def test_no_warning_is_left_out_or_told_twice(steps: list[int], start: int) -> None:
    """However fast minutes pass, each that was passed is told once, from more to fewer."""
    found: list[int] = []
    now = start
    for step in steps:
        found += warnings(now, now - step)
        now -= step
    assert found == [one for one in WARNINGS if now <= one < start]


@pytest.mark.parametrize(
    ("at", "starts", "expected"),
    [
        ("2026-03-04T12:00", "03:30", "2026-03-04"),
        ("2026-03-04T03:30", "03:30", "2026-03-04"),
        ("2026-03-04T03:29:59", "03:30", "2026-03-03"),
        ("2026-03-04T00:00", "00:00", "2026-03-04"),
        ("2026-03-03T23:59:59", "00:00", "2026-03-03"),
        ("2026-03-04T23:58", "23:59", "2026-03-03"),
        # 02:30 doesn't exist on the 29th: the day begins when the clock jumps.
        ("2026-03-29T01:59:59", "02:30", "2026-03-28"),
        ("2026-03-29T03:00", "02:30", "2026-03-29"),
        # It comes twice in October: the day begins with the first and begins no second time.
        ("2026-10-25T02:29:59", "02:30", "2026-10-24"),
        ("2026-10-25T02:30", "02:30", "2026-10-25"),
    ],
)
def test_the_day_of_a_moment(at: str, starts: str, expected: str) -> None:
    """From the hour that the house says, by its clock."""
    assert expected == day_of(posix(at), BERLIN, starts).isoformat()
    if at.startswith("2026-10-25"):
        assert day_of(posix("2026-10-25T02:00", fold=1), BERLIN, starts).isoformat() == "2026-10-25"


def test_a_day_lasts_as_long_as_the_clock_makes_it() -> None:
    """24 hours, but for 23 and 25 where summer time begins and ends; none where a date was left out."""
    hours = {
        day: (
            end_of(date.fromisoformat(day), BERLIN, DAY_STARTS) - start_of(date.fromisoformat(day), BERLIN, DAY_STARTS)
        )
        / 3600
        for day in ("2026-03-04", "2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25")
    }
    assert hours == {"2026-03-04": 24, "2026-03-28": 23, "2026-03-29": 24, "2026-10-24": 25, "2026-10-25": 24}
    apia = ZoneInfo("Pacific/Apia")
    assert start_of(date(2011, 12, 30), apia, DAY_STARTS) == posix("2011-12-31T00:00", "Pacific/Apia")
    assert end_of(date(2011, 12, 30), apia, DAY_STARTS) == posix("2011-12-31T03:30", "Pacific/Apia")


CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda pair: f"{pair[0]:02}:{pair[1]:02}")


@given(st.sampled_from(sorted(available_timezones())), st.integers(100_000_000, 2_145_916_800), CLOCKS)
# Two minutes past midnight the clocks there went back to a minute past eleven.
@example("America/St_Johns", int(posix("2010-11-06T23:30", "America/St_Johns", 1)), "00:00")
@example("America/Juneau", int(posix("1867-10-18T20:00", "America/Juneau", 1)), "03:30")
@example("Pacific/Apia", int(posix("2011-12-31T02:00", "Pacific/Apia")), "03:30")
def test_each_moment_is_in_one_day(zone: str, at: int, starts: str) -> None:
    """In every zone the days of the budgets follow one another without a gap, and time never leads back into one."""
    tz = ZoneInfo(zone)
    day = day_of(at, tz, starts)
    assert start_of(day, tz, starts) <= at < end_of(day, tz, starts)
    for later in (1, 3600, 86_400):
        assert day <= day_of(at + later, tz, starts)


def test_the_example_of_st_johns_is_one() -> None:
    """Sunday has begun there, and the clock shows Saturday once more."""
    at = posix("2010-11-06T23:30", "America/St_Johns", 1)
    assert datetime.fromtimestamp(at, ZoneInfo("America/St_Johns")).date() == date(2010, 11, 6)
    assert day_of(at, ZoneInfo("America/St_Johns"), "00:00") == date(2010, 11, 7)


def test_a_week_begins_on_monday() -> None:
    """Monday is its own first day, Sunday its last."""
    assert [monday(date(2026, 3, day)) for day in (1, 2, 4, 8, 9)] == [
        date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 2), date(2026, 3, 9),
    ]  # fmt: skip


COUNTED = Minutes(NOON, WEDNESDAY, {"kim": {"everything": Used(40, 90, 5)}})


@pytest.mark.parametrize(
    ("person", "what", "day", "expected"),
    [
        ("kim", "everything", "2026-03-04", Used(40, 90, 5)),
        ("kim", "group:game", "2026-03-04", NOTHING_USED),
        ("lou", "everything", "2026-03-04", NOTHING_USED),
        # Nothing of Thursday is counted yet, but its week is Wednesday's; on Monday that is a new one.
        ("kim", "everything", "2026-03-05", Used(week=90)),
        ("kim", "everything", "2026-03-08", Used(week=90)),
        ("kim", "everything", "2026-03-09", NOTHING_USED),
        ("kim", "everything", "2026-03-11", NOTHING_USED),
        # A clock that was set back: that day was counted once, by somebody else.
        ("kim", "everything", "2026-03-03", NOTHING_USED),
    ],
)
def test_what_was_counted(person: str, what: str, day: str, expected: Used) -> None:
    """Of the counted day as it was counted, of a later one what still holds."""
    assert expected == COUNTED.of(person, what, date.fromisoformat(day))


def test_before_anything_is_counted() -> None:
    """All of a budget is there."""
    assert NOT_COUNTED.of("kim", "everything", WEDNESDAY) == NOTHING_USED
    assert left(HOUR, NOT_COUNTED.of("kim", "everything", WEDNESDAY), (), WEDNESDAY, NOON) == 60


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (Use("kim", 1), ("everything",)),
        (Use("kim", 1, "youtube", "video_sharing"), (
            "everything", "service:youtube", "group:video", "category:video_sharing",
        )),
        (Use("kim", 1, "own"), ("everything", "service:own")),
        (Use("kim", 1, None, "forum"), ("everything", "category:forum")),
    ],
)  # fmt: skip
def test_what_a_use_counts_for(use: Use, expected: tuple[str, ...]) -> None:
    """Everything, its service, that service's group, its category: each as a budget writes it."""
    assert expected == things_of(use, {"youtube": "video"})
    assert all(is_thing(one) for one in expected)
