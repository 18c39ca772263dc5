"""Who is kept to known addresses: children of whom a caregiver said so, on what people use, not on things."""

from typing import Any

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import KnownNames
from appliance.guard.kept import Kept, kept_of
from tests.core.builders import adult, child
from tests.core.passages import policy_of

MAC, OTHER = "02:77:00:00:00:10", "02:77:00:00:00:11"


def thing(kind: DeviceKind = DeviceKind.TABLET, **said: Any) -> Device:
    """Return a device of the child's."""
    told: dict[str, Any] = {"id": "thing", "macs": (MAC,), "person": "kim", "kind": kind}
    return Device(**(told | said))


def kept(known: KnownNames, *devices: Device) -> dict[str, Kept]:
    """Return who is kept in a house of a child and an adult."""
    persons = (child("10-12", known_names_only=known), adult())
    return dict(kept_of(policy_of(House(persons=persons, devices=devices))))


def test_as_was_said() -> None:
    """Refused or only counted, on all devices, by MAC or else by address; an adult's are left alone."""
    devices = (
        thing(),
        thing(DeviceKind.LAPTOP, id="second", macs=(OTHER,), addresses=("192.0.2.1",)),
        thing(id="third", macs=(), addresses=("192.0.2.2",)),
        thing(id="fourth", macs=("02:77:00:00:00:12",), person="alex"),
        thing(id="fifth", macs=("02:77:00:00:00:13",), person=None),
    )
    known_by = frozenset({MAC, OTHER, "192.0.2.2"})
    assert kept(KnownNames.OFF, *devices) == {}
    assert kept(KnownNames.WATCH, *devices) == {"kim": Kept(known_by, is_refused=False)}
    assert kept(KnownNames.ON, *devices) == {"kim": Kept(known_by, is_refused=True)}


@pytest.mark.parametrize("kind", DeviceKind)
def test_what_people_use(kind: DeviceKind) -> None:
    """A console, a TV, a thing, a school's machine and an adult's own are not kept."""
    people = {DeviceKind.PHONE, DeviceKind.TABLET, DeviceKind.LAPTOP}
    assert bool(kept(KnownNames.ON, thing(kind))) == (kind in people)


def test_without_devices() -> None:
    """Of whom nothing is known nobody can be kept."""
    assert kept(KnownNames.ON) == {}
