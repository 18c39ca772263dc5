"""What a daemon decides by is as new as its files, and survives what is wrong with them."""

from pathlib import Path

import pytest

from appliance.core.house import House
from appliance.core.policy import decide
from appliance.household.lists import set_file
from appliance.household.orders import Orders
from appliance.world import rules
from appliance.world.listfile import publish_set
from appliance.world.snapshot import CURRENT, publish_house
from tests.core.builders import AT, child, device, own
from tests.core.listings import blocks, list_octets

BOOK = rules.load_rulebook()
FLOW_RULES = rules.load_flow_rules(BOOK)
SITE = "www.wikipedia.org"
KIM = House(persons=(child("10-12"),), devices=(device(),))
CLOSED = House(persons=(child("10-12", rules=(own(SITE, "block"),)),), devices=(device(),))


def is_open(orders: Orders, name: str = SITE) -> bool:
    """Say whether a name is open to the child."""
    return not decide(orders.policy, orders.policy.of_device("thing"), name, None, AT).is_blocked


def orders_of(data: Path) -> Orders:
    """Return what is to be decided by in a data folder."""
    return Orders(data, BOOK, FLOW_RULES)


def test_a_box_without_a_house(tmp_path: Path) -> None:
    """Everybody is unknown, and nothing is wrong."""
    orders = orders_of(tmp_path)
    assert (orders.revision, orders.digest, orders.problem, orders.house) == (0, "", None, House())
    assert not orders.look(), "nothing changed"


def test_a_change_is_followed(tmp_path: Path) -> None:
    """Another house decides otherwise, and says that it is another."""
    first = publish_house(tmp_path, KIM)
    orders = orders_of(tmp_path)
    assert (orders.digest, set(orders.devices), is_open(orders)) == (first.digest, {"thing"}, True)
    before = orders.state
    second = publish_house(tmp_path, CLOSED)
    assert orders.look()
    assert (orders.revision, orders.digest, is_open(orders)) == (second.revision, second.digest, False)
    assert orders.state != before
    assert not orders.look()


def test_two_daemons_come_to_the_same(tmp_path: Path) -> None:
    """Whoever follows the same files can tell whether another decided by the same."""
    publish_house(tmp_path, KIM)
    one, other = orders_of(tmp_path), orders_of(tmp_path)
    assert one.state == other.state
    publish_house(tmp_path, CLOSED)
    assert one.look()
    assert one.state != other.state
    assert other.look()
    assert one.state == other.state


def test_a_broken_house_changes_nothing(tmp_path: Path) -> None:
    """The last good one stays, and it is said."""
    publish_house(tmp_path, CLOSED)
    orders = orders_of(tmp_path)
    (tmp_path / CURRENT).write_text("{")
    assert not orders.look()
    assert not is_open(orders)
    assert orders.problem is not None


def test_a_zone_that_this_system_does_not_know(tmp_path: Path) -> None:
    """A house that can't be compiled leaves the one before it in force."""
    publish_house(tmp_path, CLOSED)
    orders = orders_of(tmp_path)
    before = orders.revision
    publish_house(tmp_path, House(time_zone="Moon/Tycho"))
    orders.look()
    assert (orders.revision, is_open(orders)) == (before, False)
    assert "Moon/Tycho" in str(orders.problem)
    publish_house(tmp_path, KIM)
    assert orders.look()
    assert (orders.problem, is_open(orders)) == (None, True)


@pytest.mark.parametrize("is_there_first", [True, False])
def test_lists_are_followed(tmp_path: Path, *, is_there_first: bool) -> None:
    """A subscribed list closes what it names as soon as its file is there."""
    ads = blocks("ads")
    publish_house(tmp_path, House(persons=KIM.persons, devices=KIM.devices, lists=(ads,)))
    octets = list_octets([ads], {"ads": "||ads.example^\n"})
    file = set_file(tmp_path)
    file.parent.mkdir(parents=True, exist_ok=True)
    if is_there_first:
        publish_set(file, octets)
    orders = orders_of(tmp_path)
    if not is_there_first:
        assert is_open(orders, "ads.example")
        publish_set(file, octets)
        assert orders.look()
    assert not is_open(orders, "ads.example")
    orders.close()
