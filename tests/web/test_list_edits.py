"""Lists of a house: added, changed, turned off, taken away; and what becomes of them when a person goes."""

import pytest
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.subscription import Subscription
from appliance.web import edits, list_edits
from tests.web.conftest import HOUSE

FRAUD = Subscription(id="fraud", name="Fraud", url="https://a.example/fraud.txt")
OPEN = Subscription(id="open", name="School", url="https://a.example/open.txt", persons=("mia", "jonas"))
ONES = Subscription(id="ones", name="Mia's", persons=("mia",))
LISTED = replace(HOUSE, lists=(FRAUD, OPEN, ONES))


def ids(house: House) -> list[str]:
    """Return the lists of a house."""
    return [one.id for one in house.lists]


def test_a_list_is_added_at_the_end() -> None:
    """The order of lists is the house's."""
    more = Subscription(id="more", name="More")
    assert ids(list_edits.with_list(LISTED, more)) == ["fraud", "open", "ones", "more"]


def test_a_list_is_changed_in_its_place() -> None:
    """And the others stay."""
    other = replace(OPEN, name="The school's")
    assert list_edits.changed_list(LISTED, other).lists == (FRAUD, other, ONES)


@pytest.mark.parametrize("on", [True, False])
def test_a_list_is_turned_on_and_off(on: bool) -> None:
    """Nothing else of it changes."""
    assert list_edits.switched_list(LISTED, "fraud", on=on).lists[0] == replace(FRAUD, on=on)


def test_a_list_is_taken_away() -> None:
    """By its id."""
    assert ids(list_edits.without_list(LISTED, "open")) == ["fraud", "ones"]


def test_there_is_no_other_list() -> None:
    """Whoever changes what somebody else just removed is told so."""
    for edit in (
        lambda: list_edits.list_of(LISTED, "no"),
        lambda: list_edits.changed_list(LISTED, replace(FRAUD, id="no")),
        lambda: list_edits.switched_list(LISTED, "no", on=True),
        lambda: list_edits.without_list(LISTED, "no"),
    ):
        with pytest.raises(list_edits.NoSuchList):
            edit()


def test_a_list_for_nobody_else_goes_with_the_person() -> None:
    """With nobody named it would be for the whole house, which nobody said."""
    left = edits.without_person(LISTED, "mia").lists
    assert left == (FRAUD, replace(OPEN, persons=("jonas",)))
