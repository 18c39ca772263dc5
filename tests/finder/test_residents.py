"""Whom of the house a sighting is, and what may be kept of it."""

import pytest

from appliance.core.house import House, from_json
from appliance.finder.residents import Residents
from appliance.world.rules import load_contract

HOUSE: House = from_json(b"""{
  "persons": [
    {"id": "kim", "name": "Kim", "band": "6-9"},
    {"id": "sam", "name": "Sam", "band": "13-15"},
    {"id": "ari", "name": "Ari", "band": "16-17"},
    {"id": "alex", "name": "Alex", "kind": "adult"}
  ],
  "devices": [
    {"id": "tablet", "person": "kim", "macs": ["02:77:00:00:00:10"]},
    {"id": "console", "person": "sam", "addresses": ["192.168.77.12"]},
    {"id": "phone", "person": "ari", "macs": ["02:77:00:00:00:13"]},
    {"id": "laptop", "person": "alex", "macs": ["02:77:00:00:00:14"]},
    {"id": "work", "person": "kim", "kind": "managed", "macs": ["02:77:00:00:00:15"]},
    {"id": "own", "person": "kim", "kind": "adult", "macs": ["02:77:00:00:00:16"]},
    {"id": "tv", "kind": "tv", "macs": ["02:77:00:00:00:17"]}
  ],
  "forwarders": [{"id": "router", "macs": ["02:77:00:00:00:01"], "addresses": ["192.168.77.1"]}]
}""")
RESIDENTS = Residents(HOUSE, load_contract())


@pytest.mark.parametrize(
    ("mac", "addresses", "device", "is_router"),
    [
        ("02:77:00:00:00:10", ("192.168.77.12",), "tablet", False),
        ("02:77:00:00:00:99", ("fd77::9", "192.168.77.12"), "console", False),
        ("02:77:00:00:00:99", ("192.168.77.99",), None, False),
        ("02:77:00:00:00:99", (), None, False),
        ("02:77:00:00:00:01", ("192.168.77.12",), None, True),
        ("02:77:00:00:00:99", ("192.168.77.1", "192.168.77.12"), None, True),
    ],
)
def test_who_it_is(mac: str, addresses: tuple[str, ...], device: str | None, is_router: bool) -> None:
    """The MAC tells before the addresses do; a listed forwarder is no child's device."""
    assert RESIDENTS.device(mac, addresses) == device
    assert RESIDENTS.is_router(mac, addresses) is is_router


def test_what_may_be_kept() -> None:
    """A day for children up to 15; nothing of older ones, of adults, of managed devices, of what nobody's is."""
    ids = [device.id for device in HOUSE.devices]
    kept = {id_: RESIDENTS.presence_s(id_) for id_ in [*ids, "gone"]}
    assert kept == {
        "tablet": 86_400,
        "console": 86_400,
        "phone": 0,
        "laptop": 0,
        "work": 0,
        "own": 0,
        "tv": 0,
        "gone": 0,
    }
