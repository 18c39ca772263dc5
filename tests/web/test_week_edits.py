"""appliance.web.week_edits: what caregivers do to a week, and that nobody overwrites what another one did."""

from datetime import date

import pytest
from msgspec.structs import replace

from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.person import Known, Person
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.web import edits, week_edits
from appliance.web.edits import NoSuchPerson
from appliance.web.week_edits import TONIGHT, Changed

BED = Window(name="Bedtime", start="20:30", end="06:30")
LATE = Window(name="Bedtime", start="22:00", end="08:00")
SCHOOL = Window(name="School", start="08:00", end="13:00")
DAY = date(2026, 3, 4)
OFF = DateException(name="Off", first=DAY, last=DAY, instead_of=("School", "Bedtime"), windows=(LATE,))
MIA = Person(id="mia", name="Mia", band="6-9", windows=(BED, SCHOOL), exceptions=(OFF,))
NOAH = Person(id="noah", name="Noah", band="0-5", windows=(BED,), budgets=(Budget(minutes=30),))
HOUSE = House(persons=(MIA, NOAH))
KNOWN = Known(
    categories=("dating", "help", "games"),
    services={"flirt": "dating", "chess": "games"},
    groups=("game",),
    engines={},
    hard={("dating", "0-5")},
    protected={("help", "0-5")},
)


def mia(house: House) -> Person:
    """Return Mia as she is in a house."""
    return edits.person_of(house, "mia")


def test_a_routine_is_added_at_the_end() -> None:
    """The others stay where they are."""
    meal = Window(name="Meal", start="18:00", end="18:45")
    assert mia(week_edits.with_window(HOUSE, "mia", None, meal)).windows == (BED, SCHOOL, meal)


def test_a_new_name_holds_in_exceptions_too() -> None:
    """What fell out on some dates still does."""
    night = replace(BED, name="Night")
    changed = mia(week_edits.with_window(HOUSE, "mia", BED, night))
    assert changed.windows == (night, SCHOOL)
    assert changed.exceptions[0].instead_of == ("School", "Night")


def test_of_two_routines_of_one_name_both_still_fall_out() -> None:
    """When one of them is called something else."""
    house = edits.with_windows(HOUSE, "mia", [BED, LATE, SCHOOL])
    changed = mia(week_edits.with_window(house, "mia", LATE, replace(LATE, name="Late")))
    assert changed.exceptions[0].instead_of == ("School", "Bedtime", "Late")


def test_a_routine_that_goes_is_gone_from_exceptions() -> None:
    """One that does nothing then goes with it; one for all routines stays."""
    only = replace(OFF, instead_of=("School",), windows=())
    every = replace(OFF, name="All", instead_of=None, windows=())
    house = edits.with_person(HOUSE, "mia", lambda one: replace(one, exceptions=(OFF, only, every)))
    changed = mia(week_edits.without_window(house, "mia", SCHOOL))
    assert changed.windows == (BED,)
    assert changed.exceptions == (replace(OFF, instead_of=("Bedtime",)), every)


def test_a_time_that_an_earlier_exception_brings_may_fall_out_in_a_later_one() -> None:
    """Its name is known there; when the first goes, the second has nothing left to do."""
    camp = Window(name="Camp", start="09:00", end="10:00")
    first = DateException(name="A", first=DAY, last=DAY, instead_of=(), windows=(camp,))
    second = DateException(name="B", first=DAY, last=DAY, instead_of=("Camp",))
    house = week_edits.with_exception(HOUSE, "mia", OFF, first, DAY)
    house = week_edits.with_exception(house, "mia", None, second, DAY)
    assert mia(house).exceptions == (first, second)
    assert mia(week_edits.without_exception(house, "mia", first)).exceptions == ()


def test_exceptions_that_are_long_over_go_when_another_is_said() -> None:
    """Those of the last days stay, and so does what is just said, be it past."""
    past = replace(OFF, name="Past", first=date(2026, 2, 1), last=date(2026, 2, 24))
    recent = replace(past, name="Recent", last=date(2026, 2, 25))
    house = edits.with_person(HOUSE, "mia", lambda one: replace(one, exceptions=(past, recent)))
    new = replace(past, name="New")
    assert mia(week_edits.with_exception(house, "mia", None, new, DAY)).exceptions == (recent, new)


@pytest.mark.parametrize("what", ["with_window", "without_window", "with_exception", "without_exception"])
def test_what_somebody_else_changed_is_not_overwritten(what: str) -> None:
    """A routine or an exception that isn't there as it was seen is not touched."""
    gone = replace(BED, start="19:00") if "window" in what else replace(OFF, name="Gone")
    more = {"with_window": (BED,), "with_exception": (OFF, DAY)}.get(what, ())
    with pytest.raises(Changed):
        getattr(week_edits, what)(HOUSE, "mia", gone, *more)
    with pytest.raises(NoSuchPerson):
        getattr(week_edits, what)(HOUSE, "nobody", gone, *more)


def test_tonight_is_said_anew_in_place_of_what_was_said_for_this_evening() -> None:
    """Another evening's stays, and so does what a caregiver called the same and is for two days."""
    tonight = DateException(name=TONIGHT, first=DAY, last=DAY, instead_of=("Bedtime",), windows=(LATE,))
    to_morning = replace(tonight, instead_of=("Bedtime",), windows=())
    rest = replace(tonight, first=date(2026, 3, 5), last=date(2026, 3, 5), instead_of=(), windows=(LATE,))
    long = replace(tonight, last=date(2026, 3, 5))
    tomorrow = replace(tonight, first=date(2026, 3, 5), last=date(2026, 3, 5))
    said = (OFF, to_morning, rest, long, tomorrow)
    house = edits.with_person(HOUSE, "mia", lambda one: replace(one, exceptions=said))
    assert mia(week_edits.with_tonight(house, "mia", DAY, [tonight])).exceptions == (OFF, long, tomorrow, tonight)


def test_the_grace_is_set() -> None:
    """For this child."""
    assert [one.grace_minutes for one in week_edits.with_grace(HOUSE, "noah", 10).persons] == [0, 10]


def copied(source: Person, *, exceptions: bool = False, budgets: bool = False) -> Person:
    """Return Noah with the week of another child."""
    house = House(persons=(source, NOAH))
    seen = week_edits.key_of_week(source, NOAH)
    made = week_edits.with_week(house, source.id, "noah", KNOWN, seen, exceptions=exceptions, budgets=budgets)
    assert made.persons[0] == source
    return made.persons[1]


def test_a_week_is_copied_as_far_as_is_wanted() -> None:
    """Routines always, exceptions and budgets by word."""
    assert copied(MIA) == replace(NOAH, windows=MIA.windows)
    assert copied(MIA, exceptions=True) == replace(NOAH, windows=MIA.windows, exceptions=(OFF,))
    assert copied(MIA, budgets=True) == replace(NOAH, windows=MIA.windows, budgets=())


def test_exceptions_that_stay_forget_routines_that_are_gone() -> None:
    """A name without a routine would be a fault of the house."""
    off = DateException(name="Off", first=DAY, last=DAY, instead_of=("Bedtime",))
    noah = replace(NOAH, exceptions=(off,))
    school = replace(MIA, windows=(SCHOOL,), exceptions=())
    seen = week_edits.key_of_week(school, noah)
    house = House(persons=(school, noah))
    made = week_edits.with_week(house, "mia", "noah", KNOWN, seen, exceptions=False, budgets=False)
    assert made.persons[1].exceptions == ()


def test_a_copy_leaves_out_what_the_age_does_not_allow() -> None:
    """What is hard isn't opened, what is protected isn't closed; all else is the same."""
    block = Things(categories=("help", "games"))
    free = Window(
        name="Free", start="10:00", end="12:00", internet=True, block=block,
        allow=Things(
            categories=("dating", "games"), services=("flirt", "chess"), groups=("game",), names=("a.example",)
        ),
    )  # fmt: skip
    less = replace(
        free, block=Things(categories=("games",)),
        allow=Things(categories=("games",), services=("chess",), groups=("game",), names=("a.example",)),
    )  # fmt: skip
    camp = replace(OFF, instead_of=(), windows=(free,))
    source = replace(MIA, windows=(free,), exceptions=(camp,))
    made = copied(source, exceptions=True)
    assert made.windows == (less,)
    assert made.exceptions[0].windows == (less,)


@pytest.mark.parametrize("whose", ["mia", "noah"])
def test_a_week_that_changed_since_is_not_copied_nor_overwritten(whose: str) -> None:
    """Neither the one that is copied nor the one that would be lost."""
    later = edits.with_windows(HOUSE, whose, [SCHOOL])
    seen = week_edits.key_of_week(MIA, NOAH)
    with pytest.raises(Changed):
        week_edits.with_week(later, "mia", "noah", KNOWN, seen, exceptions=False, budgets=False)
