"""appliance.web.left: what is left of each budget, in numbers and words."""

from datetime import datetime, timedelta

import pytest

from appliance.core import policy
from appliance.core.budget import Budget, Minutes, Used
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.schedule import Day
from appliance.core.subject import Subject
from appliance.core.visibility import Role
from appliance.core.word import Grant
from appliance.web import left
from appliance.web.left import Left
from appliance.wording import Names
from appliance.world import clock, rules
from tests.web.conftest import AT
from tests.web.minutes import DAY, NEW_DAY

BERLIN = clock.zone("Europe/Berlin")
BOOK = rules.load_rulebook()
NAMES = Names(services={"youtube": "YouTube"})
TUBE = "service:youtube"


def kim(*budgets: Budget, band: str = "6-9", given: int = 0) -> Subject:
    """Return a child with budgets, and minutes that were given for everything."""
    said, until = (datetime.fromtimestamp(moment, BERLIN) for moment in (AT - 60, AT + 3_600))
    grants = (Grant(person="kim", said_at=said, until=until, minutes=given),) if given else ()
    person = Person(id="kim", name="Kim", band=band, budgets=budgets)
    house = House(time_zone="Europe/Berlin", persons=(person,), grants=grants)
    return policy.compile(house, BOOK, (), BERLIN).by_person["kim"]


def counted(**used: Used) -> Minutes:
    """Return minutes that were counted today."""
    return Minutes(AT, DAY, {"kim": {what.replace("_", ":", 1): one for what, one in used.items()}})


def only(subject: Subject, minutes: Minutes) -> Left:
    """Return the one budget."""
    (found,) = left.of(subject, minutes, NAMES, AT)
    return found


@pytest.mark.parametrize(
    ("budget", "used", "given", "said"),
    [
        (Budget(minutes=120), Used(72, 300), 0, (120, 72, 48, False)),
        (Budget(minutes=120), Used(72, 300), 15, (135, 72, 63, False)),
        (Budget(minutes=120), Used(72, 300), -15, (105, 72, 33, False)),
        (Budget(minutes=120), Used(72, 72, carried=30), 0, (150, 72, 78, False)),
        (Budget(minutes=60, days={Day.WED: 30}), Used(10, 10), 0, (30, 10, 20, False)),
        (Budget(minutes=120, week=300), Used(20, 290), 0, (300, 290, 10, True)),
        (Budget(week=300), Used(20, 290), 0, (300, 290, 10, True)),
        (Budget(minutes=30), Used(45, 45), 0, (30, 45, -15, False)),
    ],
)
def test_what_is_left_is_of_what_ends_first(
    budget: Budget, used: Used, given: int, said: tuple[int, int, int, bool]
) -> None:
    """The day or the week, with what was given and carried over."""
    found = only(kim(budget, given=given), counted(everything=used))
    assert (found.total, found.used, found.left, found.is_week) == said
    assert 0.0 <= found.share <= 1.0
    assert found.rest == 1.0 - found.share


def test_everything_comes_first_and_what_has_no_limit_today_is_left_out() -> None:
    """As cards and pages show it; each by the name that people use."""
    subject = kim(Budget(what=TUBE, minutes=45), Budget(what="group:game", days={Day.SUN: 60}), Budget(minutes=90))
    found = left.of(subject, counted(), NAMES, AT)
    assert [one.name for one in found] == [left.EVERYTHING_WORDS, "YouTube"]
    assert left.first(found) == left.of_everything(subject, counted(), AT)
    assert left.of_everything(kim(Budget(what=TUBE, minutes=45)), counted(), AT) is None
    assert left.first([]) is None


def test_yesterdays_minutes_are_not_todays() -> None:
    """What was counted last on another day says nothing of this one, but for the week."""
    old = Minutes(AT - 86_400, DAY - timedelta(days=1), {"kim": {"everything": Used(90, 200)}})
    assert only(kim(Budget(minutes=90)), old).left == 90
    assert only(kim(Budget(minutes=90, week=210)), old).left == 10


@pytest.mark.parametrize(("used", "warning"), [(79, None), (80, 10), (84, 10), (85, 5), (88, 5), (89, 1), (90, None)])
def test_a_warning_is_the_last_that_was_passed(used: int, warning: int | None) -> None:
    """At 10, 5 and 1 minutes; when nothing is left, none warns any more."""
    assert only(kim(Budget(minutes=90)), counted(everything=Used(used, used))).warning == warning


def test_words() -> None:
    """As cards say it; nothing is below nothing."""
    found = only(kim(Budget(minutes=90)), counted(everything=Used(100, 100)))
    assert (found.left_words, found.used_words) == ("0 of 90 min left", "100 of 90 min used")
    week = only(kim(Budget(week=90)), counted(everything=Used(10, 10)))
    assert week.left_words == "80 of 90 min left this week"
    spans = [left.span(minutes) for minutes in (0, 45, 60, 90, 125, -75)]
    assert spans == ["0 min", "45 min", "1 h", "1 h 30", "2 h 05", "-1 h 15"]


def test_a_new_day_begins_when_the_house_says() -> None:
    """At half past three, not at midnight."""
    assert left.end_of_day(kim(), AT) == NEW_DAY
    assert left.day_of(kim(), AT) == DAY


@pytest.mark.parametrize(("band", "caregiver"), [("6-9", True), ("13-15", True), ("16-17", False)])
def test_who_sees_minutes_is_the_contracts(band: str, caregiver: bool) -> None:
    """From 16 up they are the young person's own."""
    contract, person = rules.load_contract(), Person(id="kim", name="Kim", band=band)
    minutes = counted(everything=Used(5, 5))
    assert left.may_see(contract, person, Role.CAREGIVER) is caregiver
    assert (left.seen(contract, minutes, person, Role.CAREGIVER) == minutes) is caregiver
    assert left.seen(contract, minutes, person, Role.CHILD) == minutes
