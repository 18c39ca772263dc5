"""A house as a worker runs it."""

from ipaddress import ip_address

import pytest

from appliance.core.answers import Answers
from appliance.core.budget import NOT_COUNTED
from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.wire import dns
from appliance.nameserver.inforce import Maker
from appliance.world.clock import UnknownZone
from tests.listed import list_set
from tests.nameserver.inside import Still, book, bundled, snapshot_of
from tests.nameserver.test_resolver import HOUSE, KIM

MAKER = Maker(book(), bundled(), Answers(1 << 20))


def test_a_house() -> None:
    """It is known by the snapshot's number and digest, and has the lists that it was made with."""
    snapshot, lists = snapshot_of(HOUSE, 7), list_set("ads.example")
    made = MAKER.make(snapshot, lists, NOT_COUNTED)
    assert (made.revision, made.digest, made.lists) == (7, snapshot.digest, lists)
    assert made.setting.policy.house == HOUSE
    assert made.registry.identify(KIM, (), lambda _: None).device == "tablet"


def test_a_box_without_a_house() -> None:
    """It has number 0, and runs the empty house."""
    made = MAKER.make(None, None, NOT_COUNTED)
    assert (made.revision, made.digest, made.lists) == (0, "", None)
    assert made.setting.policy.house == House()


def test_a_house_of_no_known_zone() -> None:
    """It can't be run."""
    with pytest.raises(UnknownZone):
        MAKER.make(snapshot_of(House(time_zone="Mars/Olympus")), None, NOT_COUNTED)


def test_a_house_behind_a_router_that_knows_names() -> None:
    """The domains that a server of its own is asked for go with every house."""
    maker = Maker(book(), bundled(), Answers(1 << 20), frozenset(("lan",)))
    assert maker.make(snapshot_of(HOUSE), None, NOT_COUNTED).setting.routed == {"lan"}
    assert MAKER.make(None, None, NOT_COUNTED).setting.routed == frozenset()


def test_a_house_whose_devices_move() -> None:
    """Where each is, the neighbour table tells at the moment of the question."""
    near = Still()
    house = House(devices=(Device(id="tablet", macs=("02:00:00:00:00:09",)),))
    maker = Maker(book(), bundled(), Answers(1 << 20), frozenset(), near)
    local = maker.make(snapshot_of(house), None, NOT_COUNTED).setting.local
    for address in ("192.168.1.9", "192.168.1.10"):
        near.learn(address, "02:00:00:00:00:09")
        found = local.answer("tablet.lan", dns.A)
        assert found is not None
        assert ip_address(address).packed in found.data
