"""Routers come and go one by one; what a device or another router is known by is never taken."""

import pytest

from appliance.core.device import Device, Forwarder, Told
from appliance.core.house import House, problems
from appliance.core.person import Known
from appliance.web import forwarders
from appliance.web.edits import Taken

TABLET = Device(id="tablet", macs=("02:00:00:00:00:01",), addresses=("192.0.2.1",))
ROUTER = Forwarder(id="router", macs=("02:00:00:00:00:fe",), addresses=("192.0.2.254",))
OTHER = Forwarder(id="other", addresses=("192.0.2.253",), options=(Told.MAC,))
HOUSE = House(devices=(TABLET,), forwarders=(ROUTER, OTHER))


def test_a_router_is_found_by_its_id() -> None:
    """Or is said not to be there."""
    assert forwarders.forwarder_of(HOUSE, "other") == OTHER
    with pytest.raises(forwarders.NoSuchForwarder, match="there is no router 'x'"):
        forwarders.forwarder_of(HOUSE, "x")


def test_a_router_comes_last() -> None:
    """All else stays."""
    third = Forwarder(id="third", addresses=("192.0.2.252",))
    expected = House(devices=(TABLET,), forwarders=(ROUTER, OTHER, third))
    assert forwarders.with_forwarder(HOUSE, third) == expected


def test_a_router_is_changed_in_its_place() -> None:
    """It may keep what it was known by."""
    changed = Forwarder(id="router", macs=ROUTER.macs, addresses=("192.0.2.251",), options=(Told.SUBNET,))
    assert forwarders.changed_forwarder(HOUSE, changed) == House(devices=(TABLET,), forwarders=(changed, OTHER))


def test_a_router_goes() -> None:
    """The others stay."""
    assert forwarders.without_forwarder(HOUSE, "router") == House(devices=(TABLET,), forwarders=(OTHER,))


def test_what_is_not_there_can_be_neither_changed_nor_taken_out() -> None:
    """The house stays as it is."""
    with pytest.raises(forwarders.NoSuchForwarder):
        forwarders.changed_forwarder(HOUSE, Forwarder(id="x", addresses=("192.0.2.9",)))
    with pytest.raises(forwarders.NoSuchForwarder):
        forwarders.without_forwarder(HOUSE, "x")


@pytest.mark.parametrize(
    ("macs", "addresses", "word", "holder"),
    [
        ((), ("192.0.2.1",), "192.0.2.1", "tablet"),
        (("02:00:00:00:00:01",), ("192.0.2.9",), "02:00:00:00:00:01", "tablet"),
        ((), ("192.0.2.253",), "192.0.2.253", None),
    ],
)
def test_nothing_is_two_things(
    macs: tuple[str, ...], addresses: tuple[str, ...], word: str, holder: str | None
) -> None:
    """Neither a new router nor a changed one takes an address; the error says which and whose."""
    for id_, edit in (("new", forwarders.with_forwarder), ("router", forwarders.changed_forwarder)):
        with pytest.raises(Taken) as error:
            edit(HOUSE, Forwarder(id=id_, macs=macs, addresses=addresses))
        assert (error.value.word, error.value.holder) == (word, holder)


def test_what_comes_of_it_is_a_house() -> None:
    """With nothing used twice."""
    made = forwarders.changed_forwarder(HOUSE, Forwarder(id="other", macs=("02:00:00:00:00:fd",)))
    made = forwarders.with_forwarder(made, Forwarder(id="third", addresses=OTHER.addresses))
    nothing = Known(categories=(), services={}, groups=(), engines={}, hard=())
    assert list(problems(made, nothing)) == []
