"""What an owner does to the routers of a house: functions from a house to the next one, checked where it is saved."""

from msgspec.structs import replace

from appliance.core.device import Forwarder
from appliance.core.house import House
from appliance.web.edits import EditError, Taken


class NoSuchForwarder(EditError):
    """This router is not in the house any more."""


def forwarder_of(house: House, forwarder_id: str) -> Forwarder:
    """Return a router of the house. Raises NoSuchForwarder."""
    for forwarder in house.forwarders:
        if forwarder.id == forwarder_id:
            return forwarder
    raise NoSuchForwarder(f"there is no router {forwarder_id!r}")


def with_forwarder(house: House, forwarder: Forwarder) -> House:
    """Believe one more router. Raises Taken where a device or another router is known by the same.

    Nothing moves: what stands behind a router that is a device too would count as that device.
    """
    return _placed(house, forwarder, len(house.forwarders))


def changed_forwarder(house: House, forwarder: Forwarder) -> House:
    """Put a router in place of that of the same id. Raises NoSuchForwarder, and Taken as `with_forwarder` does."""
    place = house.forwarders.index(forwarder_of(house, forwarder.id))
    return _placed(without_forwarder(house, forwarder.id), forwarder, place)


def without_forwarder(house: House, forwarder_id: str) -> House:
    """Believe a router no longer. Raises NoSuchForwarder."""
    forwarder_of(house, forwarder_id)
    return replace(house, forwarders=tuple(one for one in house.forwarders if one.id != forwarder_id))


def _placed(house: House, forwarder: Forwarder, place: int) -> House:
    words = {*forwarder.macs, *forwarder.addresses}
    for one in (*house.devices, *house.forwarders):
        shared = sorted(words.intersection((*one.macs, *one.addresses)))
        if shared:
            raise Taken(shared[0], None if one in house.forwarders else one.id)
    others = house.forwarders
    return replace(house, forwarders=(*others[:place], forwarder, *others[place:]))
