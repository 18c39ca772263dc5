"""appliance.web.time_edits: what caregivers say about time, as it changes a house."""

import pytest

from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.person import Do, Rule, Setting
from appliance.core.said import EVERYTHING, Things
from appliance.web import edits, time_edits
from appliance.web.edits import EditError, NoSuchDevice, NoSuchPerson
from appliance.web.time_edits import TIME
from tests.web.conftest import AT, HOUSE

TUBE = "service:youtube"
SOON = AT + 900


def mia(house: House) -> object:
    """Return Mia as she is in a house."""
    return edits.person_of(house, "mia")


def abouts(house: House, person: str = "mia") -> list[tuple[str, float]]:
    """Return what a person's grants are about, and when each ends."""
    return [(time_edits.about(one), one.until.timestamp()) for one in house.grants if one.person == person]


@pytest.mark.parametrize("what", [TIME, EVERYTHING, TUBE, "group:game", "category:forum", "games.example"])
def test_a_pass_is_about_what_was_said_and_takes_the_place_of_its_like(what: str) -> None:
    """The later end holds, and passes for other things stay."""
    house = time_edits.granted(HOUSE, "mia", "other.example", AT, SOON)
    house = time_edits.granted(house, "mia", what, AT, SOON)
    house = time_edits.granted(house, "mia", what, AT + 60, SOON + 60)
    assert abouts(house) == [("other.example", SOON), (what, SOON + 60)]
    assert abouts(time_edits.ungranted(house, "mia", what, AT + 61)) == [("other.example", SOON)]


def test_minutes_that_are_given_add_up_and_survive_a_pass() -> None:
    """A bonus is for a budget that there is."""
    house = time_edits.with_budget(HOUSE, "mia", Budget(minutes=60))
    for minutes in (15, 30, -15):
        house = time_edits.given(house, "mia", minutes, EVERYTHING, AT, SOON)
    house = time_edits.granted(house, "mia", TIME, AT, SOON)
    house = edits.opened(house, "mia", AT, SOON)
    assert [one.minutes for one in house.grants] == [15, 30, -15, None]
    with pytest.raises(EditError):
        time_edits.given(house, "mia", 15, TUBE, AT, SOON)
    assert time_edits.without_budget(house, "mia", EVERYTHING).grants == house.grants[3:]


def test_a_budget_keeps_its_place() -> None:
    """Set anew, and moved to another thing; new ones come last."""
    house = HOUSE
    for budget in (Budget(minutes=60), Budget(what=TUBE, minutes=30), Budget(what=TUBE, minutes=45)):
        house = time_edits.with_budget(house, "mia", budget)
    moved = time_edits.with_budget(house, "mia", Budget(what="group:game", week=90), EVERYTHING)
    assert [one.what for one in edits.person_of(moved, "mia").budgets] == ["group:game", TUBE]
    assert edits.person_of(moved, "mia").budgets[1].minutes == 45
    left = time_edits.without_budget(house, "mia", EVERYTHING)
    assert [one.what for one in edits.person_of(left, "mia").budgets] == [TUBE]
    assert edits.person_of(left, "jonas").budgets == ()


@pytest.mark.parametrize("field", ["uncounted", "always_on"])
@pytest.mark.parametrize("what", [TUBE, "group:game", "category:music", "school.example"])
def test_a_thing_goes_in_once_and_out_again(field: str, what: str) -> None:
    """Beside what was there."""
    house = time_edits.with_thing(HOUSE, "mia", field, what)
    house = time_edits.with_thing(house, "mia", field, what)
    assert time_edits.things(getattr(mia(house), field)).count(what) == 1
    assert getattr(mia(time_edits.without_thing(house, "mia", field, what)), field) == getattr(mia(HOUSE), field)


@pytest.mark.parametrize(("field", "what"), [("uncounted", EVERYTHING), ("rules", "x.example")])
def test_what_is_no_such_thing_is_refused(field: str, what: str) -> None:
    """Everything would be no rule at all, and no other field is reached."""
    with pytest.raises(EditError):
        time_edits.with_thing(HOUSE, "mia", field, what)


def test_things_are_written_as_budgets_write_them() -> None:
    """Kinds, groups, services, names."""
    said = Things(names=("a.example",), services=("youtube",), groups=("game",), categories=("music",))
    assert time_edits.things(said) == ("category:music", "group:game", TUBE, "a.example")


@pytest.mark.parametrize(
    ("what", "field", "expected"),
    [
        ("games.example", "rules", (Rule(name="games.example", do=Do.ALLOW),)),
        (TUBE, "services", {"youtube": Setting.ALLOW}),
        ("group:game", "groups", {"game": Setting.ALLOW}),
        ("category:forum", "categories", {"forum": Setting.ALLOW}),
    ],
)
def test_what_is_opened_for_good_is_a_rule_or_a_setting(what: str, field: str, expected: object) -> None:
    """It counts as screen time where there are minutes for everything."""
    assert getattr(mia(time_edits.opened_for_good(HOUSE, "mia", what)), field) == expected
    counted = time_edits.with_budget(HOUSE, "mia", Budget(minutes=60))
    if field != "rules":
        found = getattr(mia(time_edits.opened_for_good(counted, "mia", what)), field)
        assert list(found.values()) == [Setting.TIMED]


@pytest.mark.parametrize("what", [TIME, EVERYTHING])
def test_time_is_not_given_for_good(what: str) -> None:
    """Nor is everything."""
    with pytest.raises(EditError):
        time_edits.opened_for_good(HOUSE, "mia", what)


def test_a_device_is_paused_by_itself() -> None:
    """A second pause takes the place of the first, others' stay, and it is over when one says so."""
    house = edits.paused(HOUSE, "mia", AT, SOON)
    house = time_edits.paused_device(house, "tablet", AT, SOON)
    house = time_edits.paused_device(house, "tablet", AT + 1, SOON + 60)
    assert [(one.person, one.device, one.until.timestamp()) for one in house.pauses] == [
        ("mia", None, SOON), (None, "tablet", SOON + 60),
    ]  # fmt: skip
    assert [one.person for one in time_edits.resumed_device(house, "tablet", AT + 2).pauses] == ["mia"]


def test_who_and_what_is_not_there_is_told() -> None:
    """Taken out, perhaps, while the form was open."""
    with pytest.raises(NoSuchPerson):
        time_edits.granted(HOUSE, "gone", TIME, AT, SOON)
    with pytest.raises(NoSuchPerson):
        time_edits.given(HOUSE, "gone", 15, EVERYTHING, AT, SOON)
    with pytest.raises(NoSuchDevice):
        time_edits.paused_device(HOUSE, "gone", AT, SOON)
