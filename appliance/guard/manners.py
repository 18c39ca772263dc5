"""How each device's connections begin: who is looked at, what happens while nobody looks, where nobody may go."""

import msgspec

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Unwatched
from appliance.core.policy import Policy
from appliance.core.subject import ADULT_ROW, Subject
from appliance.core.verdict import TERMS, Strictness

ENCRYPTED_DNS = "bypass_dns"


class Manners(msgspec.Struct, frozen=True):
    """MACs (``02:77:00:00:00:10``) and, of devices that are known by these alone, IP addresses, mixed.

    Who is in none of them is looked at and passes while nobody looks: a device that nobody named.
    """

    open: frozenset[str] = frozenset()
    """Looked at; what is new passes while nobody can."""
    closed: frozenset[str] = frozenset()
    """Looked at; what is new is dropped while nobody can."""
    free: frozenset[str] = frozenset()
    """Never looked at: adults' and managed devices."""
    no_encrypted_dns: frozenset[str] = frozenset()
    """Whose encrypted questions to other name servers are refused at their ports."""
    things: frozenset[str] = frozenset()
    """Which reach no other device of the house through this box, and no private network beyond it."""


def manners_of(policy: Policy) -> Manners:
    """Return how the connections of a house's devices begin."""
    found: dict[str, set[str]] = {field: set() for field in Manners.__struct_fields__}
    closed = _closed_persons(policy.house)
    for device in policy.house.devices:
        subject = policy.of_device(device.id)
        where = "free" if is_free(subject) else "closed" if device.person in closed else "open"
        found[where].update(_known_by(device))
        if where != "free" and _asks_here(subject):
            found["no_encrypted_dns"].update(_known_by(device))
        if device.kind is DeviceKind.IOT or device.only is not None:
            found["things"].update(_known_by(device))
    return Manners(**{field: frozenset(who) for field, who in found.items()})


def is_free(subject: Subject) -> bool:
    """Say whether no connection of a subject's is looked at: an adult's, or a school's or employer's machine.

    But for one that is to sleep when its owner does, and for a thing that is kept to some names.
    """
    is_kept = subject.only is not None
    return not is_kept and (
        subject.row == ADULT_ROW or (subject.is_managed and not (subject.schedule or subject.words))
    )


def _asks_here(subject: Subject) -> bool:
    # What is kept to some names would reach any other by an address that somebody else tells it.
    return subject.only is not None or TERMS[subject.letter(ENCRYPTED_DNS)].strictness is not Strictness.ALLOW


def _closed_persons(house: House) -> frozenset[str]:
    return frozenset(one.id for one in house.persons if one.unwatched is Unwatched.CLOSED)


def _known_by(device: Device) -> tuple[str, ...]:
    return device.macs or device.addresses
