"""Other routers on the devices' network: told once, there as long as they say."""

from ipaddress import IPv6Address, IPv6Network

import pytest
from msgspec.structs import replace

from appliance.guard.ndp import Advertised
from appliance.guard.sidedoor import AGAIN_S, MAX_DOORS, SideDoor, SideDoors

MAC = "02:78:00:00:00:20"
ROUTER = IPv6Address("fe80::1")
SAID = Advertised(MAC, ROUTER, 1800, (IPv6Network("2001:db8:1::/64"),), (IPv6Address("2001:db8::53"),), 7200)
DOOR = SideDoor(MAC, ROUTER, True, SAID.prefixes, SAID.rdnss)


def test_a_door_is_told_once() -> None:
    """And again when it is another one, or after a day."""
    told: list[SideDoor] = []
    doors = SideDoors(told.append)
    doors.heard(SAID, 0.0)
    doors.heard(SAID, 10.0)
    assert told == [DOOR]
    doors.heard(replace(SAID, rdnss=()), 20.0)
    assert told[1:] == [SideDoor(MAC, ROUTER, True, SAID.prefixes, ())]
    for hour in range(1, 25):
        doors.heard(replace(SAID, rdnss=()), 20.0 + hour * AGAIN_S / 24)
    assert len(told) == 3


def test_a_door_closes() -> None:
    """When its time is over, or when its router says so."""
    doors = SideDoors(lambda _: None)
    doors.heard(SAID, 0.0)
    assert doors.now(7199.0) == [DOOR]
    assert doors.plain(7199.0) == [{"mac": MAC, "route": True, "prefixes": 1, "rdnss": 1}]
    assert doors.now(7200.0) == []
    doors.heard(SAID, 0.0)
    doors.heard(Advertised(MAC, ROUTER, 0), 1.0)
    assert doors.now(2.0) == []


@pytest.mark.parametrize("said", [replace(SAID, prefixes=(), rdnss=()), replace(SAID, lifetime_s=0, prefixes=())])
def test_each_of_its_signs_is_one(said: Advertised) -> None:
    """A way alone, a name server alone."""
    told: list[SideDoor] = []
    SideDoors(told.append).heard(said, 0.0)
    assert len(told) == 1


def test_made_up_routers_have_an_end() -> None:
    """Many are kept, and no more are told."""
    told: list[SideDoor] = []
    doors = SideDoors(told.append)
    for number in range(100):
        doors.heard(replace(SAID, mac=f"02:78:00:00:00:{number:02x}"), 0.0)
    assert (len(told), len(doors.now(1.0))) == (MAX_DOORS, MAX_DOORS)
