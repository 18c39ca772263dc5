"""What a caregiver does to the lists of a house: functions from a house to the next one."""

from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.subscription import Subscription
from appliance.web import edits


class NoSuchList(edits.EditError):
    """This list is not in the house any more."""


def list_of(house: House, list_id: str) -> Subscription:
    """Return a list of the house. Raises NoSuchList."""
    for one in house.lists:
        if one.id == list_id:
            return one
    raise NoSuchList(f"there is no list {list_id!r}")


def with_list(house: House, added: Subscription) -> House:
    """Add a list."""
    return replace(house, lists=(*house.lists, added))


def changed_list(house: House, changed: Subscription) -> House:
    """Put a list in place of that of the same id. Raises NoSuchList."""
    list_of(house, changed.id)
    return replace(house, lists=tuple(changed if one.id == changed.id else one for one in house.lists))


def switched_list(house: House, list_id: str, *, on: bool) -> House:
    """Turn a list on or off. Raises NoSuchList."""
    return changed_list(house, replace(list_of(house, list_id), on=on))


def without_list(house: House, list_id: str) -> House:
    """Take a list away. Raises NoSuchList."""
    list_of(house, list_id)
    return replace(house, lists=tuple(one for one in house.lists if one.id != list_id))
