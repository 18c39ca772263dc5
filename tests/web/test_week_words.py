"""appliance.web.week_words: routines and exceptions as people say them."""

from datetime import date
from typing import Any

import pytest

from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.said import NOTHING_SAID, Things
from appliance.core.schedule import EVERY_DAY, DateException, Day, Window
from appliance.web import week_words
from appliance.web.week_things import Stock
from appliance.world import rules

TODAY = date(2026, 3, 4)
STOCK = Stock(Person(id="mia", name="Mia", band="6-9"), House(), rules.load_rulebook())
FOUR = Things(names=("a.example", "b.example", "c.example", "d.example"))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (EVERY_DAY, "every day"),
        (EVERY_DAY[:5], "Monday to Friday"),
        (EVERY_DAY[5:], "at the weekend"),
        ((Day.SUN, Day.MON, Day.TUE, Day.WED, Day.THU), "before school days"),
        ((Day.MON,), "Monday"),
        ((Day.WED, Day.MON, Day.FRI), "Mo, We, Fr"),
    ],
)
def test_days_are_said_as_people_do(days: tuple[Day, ...], expected: str) -> None:
    """In the order of the week."""
    assert expected == week_words.days_words(Window(name="x", start="08:00", end="09:00", days=days))


@pytest.mark.parametrize(
    ("internet", "block", "allow", "more", "expected"),
    [
        (False, NOTHING_SAID, NOTHING_SAID, {}, "Internet off"),
        (False, NOTHING_SAID, Things(categories=("education",)), {}, "off but for School and knowledge"),
        (True, Things(names=("a.example",)), NOTHING_SAID, {}, "on without a.example"),
        (True, FOUR, NOTHING_SAID, {}, "on without a.example, b.example, c.example and 1 more"),
        (True, NOTHING_SAID, Things(names=("a.example",)), {"uncounted": True}, "opens a.example, not counted"),
        (True, NOTHING_SAID, NOTHING_SAID, {"safe_search": True}, "strict search"),
        (True, Things(names=("a.example",)), NOTHING_SAID, {"slow": True}, "a.example slow"),
        (True, NOTHING_SAID, Things(names=("a.example",)), {"slow": True}, "all slow, opens a.example"),
        (True, NOTHING_SAID, NOTHING_SAID, {}, "Internet on"),
    ],
)
def test_what_holds_is_said(internet: bool, block: Things, allow: Things, more: dict[str, Any], expected: str) -> None:
    """The Internet first, then what differs."""
    window = Window(name="x", start="08:00", end="09:00", internet=internet, block=block, allow=allow, **more)
    assert expected == week_words.what_words(window, STOCK)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [("08:00", "09:00", "08:00 to 09:00"), ("00:00", "00:00", "all day"), ("00:00", "24:00", "all day")],
)
def test_times(start: str, end: str, expected: str) -> None:
    """A whole day is all day."""
    assert expected == week_words.times_words(Window(name="x", start=start, end=end))


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (TODAY, TODAY, "today"),
        (TODAY, date(2026, 3, 5), "today to tomorrow"),
        (date(2026, 3, 6), date(2026, 3, 10), "Fri 6 Mar to Tue 10 Mar"),
        (date(2026, 12, 24), date(2027, 1, 3), "Thu 24 Dec to Sun 3 Jan 2027"),
    ],
)
def test_dates(first: date, last: date, expected: str) -> None:
    """As one would say them today."""
    assert expected == week_words.dates_words(DateException(name="x", first=first, last=last), TODAY)


@pytest.mark.parametrize(
    ("left", "windows", "expected"),
    [
        (None, (), "none of the usual times"),
        (("School", "Homework"), (), "no School, no Homework"),
        (
            ("School", "Bedtime"),
            (Window(name="Bedtime", start="22:00", end="08:00"),),
            "no School, Bedtime 22:00 to 08:00",
        ),
    ],
)
def test_what_an_exception_does(left: tuple[str, ...] | None, windows: tuple[Window, ...], expected: str) -> None:
    """A routine that only moves is not said to be gone."""
    one = DateException(name="x", first=TODAY, last=TODAY, instead_of=left, windows=windows)
    assert expected == week_words.instead_words(one)
