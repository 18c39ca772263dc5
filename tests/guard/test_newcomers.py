"""A known device under a MAC that it made up: when it is plain, and what is everyday."""

import pytest
from msgspec.structs import replace

from appliance.core.device import Device
from appliance.guard.newcomers import BEFORE_S, OVERLAP_S, Newcomer, Resident, replaced, residents

AT = 1_795_424_000.0
TABLET = Resident("tablet", ("00:77:00:00:00:10",), "Ada-Tablet", AT - 60.0)
NEW = Newcomer("da:77:00:00:00:10", "ada-tablet", AT, AT + 600.0)
LAPTOP = Resident("laptop", ("00:77:00:00:00:11",), "ada-laptop", AT - 60.0)


def test_a_tablet_that_made_up_a_mac() -> None:
    """It calls itself as it did, and the old one is silent since."""
    assert replaced(NEW, [LAPTOP, TABLET]) == "tablet"


@pytest.mark.parametrize(
    ("newcomer", "last"),
    [
        (replace(NEW, mac="00:77:00:00:00:12"), TABLET.last),
        (replace(NEW, host_name=None), TABLET.last),
        (replace(NEW, host_name="bob-tablet"), TABLET.last),
        (NEW, AT - BEFORE_S - 1.0),
        (NEW, AT + OVERLAP_S + 1.0),
        (replace(NEW, last=AT + 30.0), TABLET.last),
    ],
    ids=["a maker's MAC", "no name", "another name", "gone long before", "still here", "just come"],
)
def test_what_is_everyday(newcomer: Newcomer, last: float) -> None:
    """It says nothing."""
    assert replaced(newcomer, [LAPTOP, replace(TABLET, last=last)]) is None


def test_of_two_that_fit_neither_is_named() -> None:
    """Two of one name, of which both left."""
    assert replaced(NEW, [TABLET, replace(TABLET, device="other")]) is None


@pytest.mark.parametrize("name", ["iPhone", "iPad Pro", "android", "galaxy", "Pixel 8", "MacBook-Air"])
def test_a_name_that_many_have(name: str) -> None:
    """It counts where one device of the house alone has it."""
    newcomer = replace(NEW, host_name=name)
    one = replace(TABLET, host_name=name)
    here = replace(one, device="other", last=NEW.last)
    assert replaced(newcomer, [one]) == "tablet"
    assert replaced(newcomer, [one, here]) is None
    assert replaced(NEW, [TABLET, replace(TABLET, device="other", last=NEW.last)]) == "tablet"


def test_devices_of_the_house_that_have_a_name() -> None:
    """By any of their MACs; a device that was never seen can't have left."""
    devices = [
        Device(id="tablet", macs=("02:77:00:00:00:01", "02:77:00:00:00:02")),
        Device(id="nameless", macs=("02:77:00:00:00:03",)),
        Device(id="unseen", macs=("02:77:00:00:00:04",)),
        Device(id="told by its address", addresses=("192.168.78.9",)),
    ]
    names = {"02:77:00:00:00:02": "ada", "02:77:00:00:00:03": None, "02:77:00:00:00:04": "bob"}
    found = residents(devices, names, {"tablet": AT, "nameless": AT})
    assert found == (Resident("tablet", ("02:77:00:00:00:01", "02:77:00:00:00:02"), "ada", AT),)
