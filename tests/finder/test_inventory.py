"""The inventory merges, counts changes, and keeps what is real in a flood."""

import msgspec
import pytest

from appliance.finder.inventory import ANSWER_DEVICES, MAX_ADDRESSES, MAX_DEVICES, Inventory, Sighting, Source
from appliance.world.bus import MAX_LINE_OCTETS

AT = 1_795_384_800.0
TABLET = "02:77:00:00:00:10"


def mac(number: int) -> str:
    """Return one of many MACs."""
    return f"06:{number.to_bytes(5).hex(':')}"


def seen(who: str = TABLET, at: float = AT, source: Source = Source.NEIGHBOUR, **said: object) -> Sighting:
    """Return a sighting."""
    return msgspec.convert({"mac": who, "source": source.value, "at": at} | said, Sighting)


def devices(inventory: Inventory, since: int = 0) -> list[dict[str, object]]:
    """Return what is told."""
    return inventory.seen(since)[1]


def test_sightings_are_merged() -> None:
    """One device from four sources: its addresses, the latest first, the name that DHCP knows, when it was seen."""
    inventory = Inventory(100)
    inventory.saw(seen(addresses=["192.168.77.10"]))
    inventory.saw(seen(at=AT + 1, source=Source.MDNS, addresses=["fd77::10"], host_name="Tablet"))
    inventory.saw(seen(at=AT - 50, source=Source.LEASE, addresses=["192.168.77.10"], host_name="leased"))
    inventory.saw(seen(at=AT + 2, source=Source.DHCP, host_name="tablet"))
    assert devices(inventory) == [
        {
            "mac": TABLET,
            "addresses": ["fd77::10", "192.168.77.10"],
            "host_name": "tablet",
            "is_random_mac": True,
            "is_router": False,
            "first": AT - 50,
            "last": AT + 2,
            "sources": ["neighbour", "dhcp-lease", "dhcp", "mdns"],
        }
    ]
    assert inventory.serial == 104


def test_only_news_is_told() -> None:
    """A device that is still there is no news, but once in five minutes; what changed is told from its serial on."""
    inventory = Inventory(0)
    inventory.saw(seen())
    inventory.saw(seen(mac(1)))
    serial, _ = inventory.seen(0)
    assert serial == 2
    for second in range(1, 300):
        inventory.saw(seen(at=AT + second))
    assert inventory.seen(serial) == (serial, [])
    inventory.saw(seen(at=AT + 300))
    assert [one["mac"] for one in devices(inventory, serial)] == [TABLET]
    inventory.saw(seen(mac(1), host_name="new", source=Source.MDNS))
    assert [one["host_name"] for one in devices(inventory, serial + 1)] == ["new"]
    inventory.saw(seen(mac(1), is_router=True))
    assert [one["is_router"] for one in devices(inventory, serial + 2)] == [True]


def test_a_serial_of_another_life() -> None:
    """Who asks with a number that was not given yet is told all."""
    inventory = Inventory(0)
    inventory.saw(seen())
    assert inventory.seen(500) == (1, devices(inventory))
    assert len(devices(inventory)) == 1


def test_pages() -> None:
    """Many devices are told in several answers, none twice, none left out; each answer fits the bus."""
    inventory = Inventory(0)
    addresses = [f"2001:db8:1234:5678:9abc:def0:1234:{n:x}" for n in range(1000, 1000 + MAX_ADDRESSES)]
    for number in range(MAX_DEVICES):
        inventory.saw(seen(mac(number), addresses=addresses, host_name="\U0001f4f1" * 79 + "x", source=Source.MDNS))
    found: list[object] = []
    serial = pages = 0
    while True:
        serial, told = inventory.seen(serial)
        if not told:
            break
        pages += 1
        assert len(msgspec.json.encode(told)) < MAX_LINE_OCTETS / 2
        found += [one["mac"] for one in told]
    assert found == [mac(number) for number in range(MAX_DEVICES)]
    assert pages == MAX_DEVICES // ANSWER_DEVICES


def test_a_flood_of_forged_macs() -> None:
    """Those seen once make room, the oldest first; a device that was seen often stays, and what went is counted."""
    inventory = Inventory(0, 8)
    for second in range(0, 60, 10):
        inventory.saw(seen(at=AT + second))
    for number in range(1000):
        inventory.saw(seen(mac(number), at=AT + 60 + number / 1000))
    kept = [one["mac"] for one in devices(inventory)]
    assert kept == [TABLET, *(mac(number) for number in range(993, 1000))]
    assert (len(inventory), inventory.evicted) == (8, 993)


def test_shouting_is_not_being_seen_often() -> None:
    """A hundred sightings within a moment are one."""
    inventory = Inventory(0, 2)
    for moment in range(100):
        inventory.saw(seen(mac(1), at=AT + moment / 100))
    inventory.saw(seen(at=AT + 1))
    inventory.saw(seen(at=AT + 11))
    inventory.saw(seen(mac(2), at=AT + 12))
    assert [one["mac"] for one in devices(inventory)] == [TABLET, mac(2)]


def test_addresses_are_bounded() -> None:
    """An address makes room when it was not seen for ten minutes: many at once don't push each other out."""
    inventory = Inventory(0)
    for number in range(MAX_ADDRESSES + 2):
        inventory.saw(seen(at=AT + number, addresses=[f"fd77::{number}"]))
    serial = inventory.serial
    assert set(devices(inventory)[0]["addresses"]) == {f"fd77::{n}" for n in range(MAX_ADDRESSES)}  # type: ignore[call-overload]
    for second in range(20):
        inventory.saw(seen(at=AT + 100 + second, addresses=["fd77::8", "fd77::9"]))
    assert inventory.serial == serial
    inventory.saw(seen(at=AT + 700, addresses=["fd77::8"]))
    assert devices(inventory)[0]["addresses"] == ["fd77::8", *(f"fd77::{n}" for n in range(7, 0, -1))]


def test_forget() -> None:
    """What the house has named since is gone, by MAC or by address."""
    inventory = Inventory(0)
    inventory.saw(seen(addresses=["192.168.77.10"]))
    inventory.saw(seen(mac(1), addresses=["192.168.77.11"]))
    inventory.saw(seen(mac(2)))
    inventory.forget(lambda who, addresses: who == TABLET or "192.168.77.11" in addresses)
    assert [one["mac"] for one in devices(inventory)] == [mac(2)]


@pytest.mark.parametrize(
    ("last", "is_kept"), [(AT - 100, True), (AT - 101, False), (AT + 3600, True), (AT + 3601, False)]
)
def test_expire(last: float, is_kept: bool) -> None:
    """What was seen too long ago goes, and what a wrong clock saw in the future."""
    inventory = Inventory(0)
    inventory.saw(seen(at=last))
    inventory.expire(100, AT)
    assert bool(len(inventory)) is is_kept
