"""Allowed and blocked clients, as a caregiver changes them."""

import pytest

from appliance.core.access import Access
from appliance.core.house import House
from appliance.web import access_edits
from appliance.web.edits import EditError

BOTH = House(access=Access(allowed=("10.0.0.1", "10.0.0.2"), blocked=("10.0.0.3",)))


def test_a_client_is_one_of_the_two() -> None:
    """Whom one allows is blocked no longer, and the other way round; a second time changes nothing."""
    house = access_edits.with_allowed(BOTH, "10.0.0.3")
    assert house.access == Access(allowed=("10.0.0.1", "10.0.0.2", "10.0.0.3"))
    assert house == access_edits.with_allowed(house, "10.0.0.3")
    house = access_edits.with_blocked(BOTH, "10.0.0.1")
    assert house.access == Access(allowed=("10.0.0.2",), blocked=("10.0.0.3", "10.0.0.1"))
    assert house == access_edits.with_blocked(house, "10.0.0.1")


def test_a_client_is_neither() -> None:
    """Taken off either; one that is on none is refused."""
    house = access_edits.without_client(access_edits.without_client(BOTH, "10.0.0.3"), "10.0.0.1")
    assert house.access == Access(allowed=("10.0.0.2",))
    with pytest.raises(access_edits.NoSuchClient):
        access_edits.without_client(house, "10.0.0.1")


def test_the_last_one_that_is_allowed_is_not_blocked() -> None:
    """Then all others would be answered all at once."""
    with pytest.raises(EditError, match="the only client"):
        access_edits.with_blocked(House(access=Access(allowed=("10.0.0.1",))), "10.0.0.1")
