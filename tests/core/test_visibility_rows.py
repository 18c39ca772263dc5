"""Which row of the contract somebody is in."""

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.person import Person, PersonKind
from appliance.core.visibility import row_of

CHILD = Person(id="mia", name="Mia", band="6-9")
GROWN = Person(id="alex", name="Alex", kind=PersonKind.ADULT)


@pytest.mark.parametrize(("person", "row"), [(CHILD, "6-9"), (GROWN, "adult"), (None, "unknown")])
def test_row_of(person: Person | None, row: str) -> None:
    """By the person, but for devices of which nothing is counted."""
    kinds = (DeviceKind.CONSOLE, DeviceKind.ADULT, DeviceKind.MANAGED)
    devices = [Device(id="one", kind=kind, macs=("02:00:00:00:00:01",)) for kind in kinds]
    assert [row_of(person), *(row_of(person, device) for device in devices)] == [row, row, "adult", "adult"]
