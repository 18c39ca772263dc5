"""Found devices: what was seen when, and forgotten when that is wanted."""

from pathlib import Path

from appliance.store.found import MAX_ADDRESSES, FoundDevice, Sighting
from appliance.store.house import HouseStore
from tests.store.houses import AT, octets

MAC = "02:00:00:00:00:01"


def test_a_first_sight(house: HouseStore) -> None:
    """A device is there as it was heard."""
    house.found.saw([Sighting(MAC, ("192.0.2.7",), "Kims-Tablet", is_random_mac=True)], AT)
    expected = FoundDevice(MAC, ("192.0.2.7",), "Kims-Tablet", is_random_mac=True, first_seen=AT, last_seen=AT)
    assert house.found.all() == [expected]
    assert house.found.get(MAC) == expected
    assert house.found.get("02:00:00:00:00:99") is None


def test_seen_again(house: HouseStore) -> None:
    """The latest address comes first, a name that isn't told again stays, the first time stays."""
    house.found.saw([Sighting(MAC, ("192.0.2.7", "2001:db8::7"), "Kims-Tablet")], AT)
    house.found.saw([Sighting(MAC, ("192.0.2.9", "192.0.2.7"))], AT + 60)
    device = house.found.get(MAC)
    assert device == FoundDevice(
        MAC, ("192.0.2.9", "192.0.2.7", "2001:db8::7"), "Kims-Tablet",
        is_random_mac=False, first_seen=AT, last_seen=AT + 60,
    )  # fmt: skip


def test_a_clock_that_went_back(house: HouseStore) -> None:
    """First and last sight stay in order."""
    house.found.saw([Sighting(MAC)], AT)
    house.found.saw([Sighting(MAC)], AT - 60)
    device = house.found.get(MAC)
    assert device
    assert (device.first_seen, device.last_seen) == (AT - 60, AT)


def test_addresses_do_not_pile_up(house: HouseStore) -> None:
    """Of very many addresses the latest stay."""
    for number in range(40):
        house.found.saw([Sighting(MAC, (f"192.0.2.{number}",))], AT + number)
    device = house.found.get(MAC)
    assert device
    assert device.addresses == tuple(f"192.0.2.{39 - number}" for number in range(MAX_ADDRESSES))


def test_many_at_once(house: HouseStore) -> None:
    """The latest seen comes first, and a device twice in one batch is one."""
    house.found.saw([Sighting("02:00:00:00:00:02"), Sighting(MAC), Sighting(MAC, ("192.0.2.7",))], AT)
    house.found.saw([Sighting(MAC)], AT + 1)
    assert [(device.mac, device.addresses) for device in house.found.all()] == [
        (MAC, ("192.0.2.7",)), ("02:00:00:00:00:02", ()),
    ]  # fmt: skip


def test_forgotten(house: HouseStore, tmp_path: Path) -> None:
    """A forgotten device is nowhere on the disk; forgetting it twice is fine."""
    house.found.saw([Sighting(MAC, (), "canary-tablet")], AT)
    house.found.forget(MAC)
    house.found.forget(MAC)
    assert house.found.all() == []
    assert b"canary-tablet" not in octets(tmp_path)


def test_not_seen_for_long(house: HouseStore) -> None:
    """Age is counted from the last sight."""
    house.found.saw([Sighting(MAC), Sighting("02:00:00:00:00:02")], AT)
    house.found.saw([Sighting(MAC)], AT + 10)
    assert house.erase_older("found", AT + 5) == 1
    assert [device.mac for device in house.found.all()] == [MAC]
