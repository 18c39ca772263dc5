"""What a caregiver does to who is answered: functions from a house to the next one."""

from msgspec.structs import replace

from appliance.core.access import Access
from appliance.core.house import House
from appliance.web import edits


class NoSuchClient(edits.EditError):
    """This client is not there any more."""


def with_allowed(house: House, client: str) -> House:
    """Allow a client (in normal form), who is blocked no longer; with the first one nobody else is answered."""
    told = house.access
    allowed = told.allowed if client in told.allowed else (*told.allowed, client)
    return replace(house, access=Access(allowed=allowed, blocked=_without(told.blocked, client)))


def with_blocked(house: House, client: str) -> House:
    """Block a client (in normal form), who is allowed no longer, but for the last one: then all would be again."""
    told = house.access
    blocked = told.blocked if client in told.blocked else (*told.blocked, client)
    allowed = _without(told.allowed, client)
    if told.allowed and not allowed:
        raise edits.EditError(f"{client} is the only client that is allowed: with nobody left all would be")
    return replace(house, access=Access(allowed=allowed, blocked=blocked))


def without_client(house: House, client: str) -> House:
    """Take a client (in normal form) off both. Raises NoSuchClient."""
    told = house.access
    if client not in (*told.allowed, *told.blocked):
        raise NoSuchClient(f"{client} is neither allowed nor blocked")
    return replace(house, access=Access(allowed=_without(told.allowed, client), blocked=_without(told.blocked, client)))


def _without(clients: tuple[str, ...], gone: str) -> tuple[str, ...]:
    return tuple(client for client in clients if client != gone)
