"""Who may begin connections to no address but those that this box gave for a name, and on which devices."""

from collections.abc import Mapping

import msgspec

from appliance.core.person import KnownNames
from appliance.core.policy import Policy


class Kept(msgspec.Struct, frozen=True):
    """The devices of one person, by MAC, or by address where that is all that is known of one."""

    known_by: frozenset[str]
    is_refused: bool
    """What leads elsewhere is refused; else it passes and is counted."""


def kept_of(policy: Policy) -> Mapping[str, Kept]:
    """Return the persons who are kept to known addresses; not one of whom no device is."""
    known_by: dict[str, set[str]] = {}
    for device in policy.house.devices:
        subject = policy.of_device(device.id)
        if subject.person is not None and subject.is_known_only:
            known_by.setdefault(subject.person, set()).update(device.macs or device.addresses)
    return {
        person.id: Kept(frozenset(known_by[person.id]), person.known_names_only is KnownNames.ON)
        for person in policy.house.persons
        if person.id in known_by
    }
