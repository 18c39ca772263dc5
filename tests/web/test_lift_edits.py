"""What lifts a hard block, and what takes that back: from a house to the next one, checked as it is saved."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from appliance.core.house import House, problems
from appliance.core.word import ALONE
from appliance.web import edits, lift_edits
from appliance.world.rules import load_rulebook
from tests.web.conftest import AT, HOUSE

KNOWN = load_rulebook().known
NOW = datetime.fromtimestamp(AT, UTC)
DAY_S = ALONE.total_seconds()


def alone(until: datetime | None = None) -> House:
    """Return the house in which Dana lifts gambling for Mia."""
    return lift_edits.lifted_alone(HOUSE, "mia", "gambling", "dana", AT, until)


def test_one_alone_waits_for_a_day() -> None:
    """It is said at once, and open a day later."""
    one = lift_edits.lifted_of(alone(), "mia", "gambling", AT)
    assert one is not None
    assert (one.said_at, one.begins, one.by) == (NOW, NOW + ALONE, ("dana",))
    assert lift_edits.is_waiting(one, AT + DAY_S - 1)
    assert not lift_edits.is_waiting(one, AT + DAY_S)
    assert list(problems(alone(), KNOWN)) == []


def test_a_second_one_opens_it_at_once() -> None:
    """With both names, and the end that was worked out for now."""
    until = NOW + timedelta(hours=1)
    house = lift_edits.agreed(alone(), "mia", "gambling", "robin", AT + 60, until)
    (one,) = house.lifted
    assert (one.by, one.begins, one.until) == (("dana", "robin"), NOW + timedelta(seconds=60), until)
    assert list(problems(house, KNOWN)) == []


def test_nobody_agrees_with_oneself() -> None:
    """The second one is another caregiver."""
    with pytest.raises(lift_edits.SamePerson):
        lift_edits.agreed(alone(), "mia", "gambling", "dana", AT, None)


def test_there_is_nothing_to_agree_to_once_it_is_open_or_gone() -> None:
    """Taken back, of another child, or begun by itself."""
    gone = lift_edits.taken_back(alone(), "mia", "gambling", AT)
    assert gone.lifted == ()
    for house, person, at in ((gone, "mia", AT), (alone(), "jonas", AT), (alone(), "mia", AT + DAY_S)):
        with pytest.raises(lift_edits.NothingLifted):
            lift_edits.agreed(house, person, "gambling", "robin", at, None)
    with pytest.raises(lift_edits.NothingLifted):
        lift_edits.taken_back(gone, "mia", "gambling", AT)


def test_what_was_begun_is_not_begun_again() -> None:
    """Or its day would never be over; what has ended is."""
    with pytest.raises(lift_edits.AlreadyLifted):
        lift_edits.lifted_alone(alone(), "mia", "gambling", "robin", AT + 60, None)
    house = alone(NOW + ALONE + timedelta(hours=1))
    later = AT + DAY_S + 3_600
    assert lift_edits.lifted_of(house, "mia", "gambling", later) is None
    (one,) = lift_edits.lifted_alone(house, "mia", "gambling", "robin", later, None).lifted
    assert one.by == ("robin",)


def test_it_is_of_one_child_and_one_kind() -> None:
    """Another child's, and another kind's, stays as it is."""
    house = lift_edits.lifted_alone(alone(), "mia", "pornography", "dana", AT, None)
    left = lift_edits.taken_back(house, "mia", "gambling", AT)
    assert [one.category for one in left.lifted] == ["pornography"]
    with pytest.raises(edits.NoSuchPerson):
        lift_edits.lifted_alone(HOUSE, "nobody", "gambling", "dana", AT, None)


def test_a_name_is_opened_with_all_below_it_and_closed() -> None:
    """Once, however often it is said."""
    house = lift_edits.opened_name(HOUSE, "bad.example", "dana", AT, None)
    house = lift_edits.opened_name(house, "bad.example", "dana", AT + 60, NOW + timedelta(hours=1))
    assert len(house.lifted) == 1
    for name in ("bad.example", "www.bad.example"):
        assert lift_edits.name_of(house, name, AT + 60) == house.lifted[0]
    for name, at in (("notbad.example", AT), ("example", AT), ("bad.example", AT + 3_600)):
        assert lift_edits.name_of(house, name, at) is None
    assert lift_edits.closed_name(house, "bad.example").lifted == ()
    with pytest.raises(lift_edits.NothingLifted):
        lift_edits.closed_name(house, "www.bad.example")


def test_who_is_taken_out_takes_what_was_lifted_along() -> None:
    """Or the house would speak of somebody who isn't there."""
    left = edits.without_person(alone(), "mia")
    assert left.lifted == ()
    assert list(problems(left, KNOWN)) == []
    assert replace(left, lifted=()) == left
