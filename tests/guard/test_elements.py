"""Elements are in the kernel's sets when `put` returns, each with its end; what can't be, is said."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from appliance.guard.elements import BATCH, Element, Elements
from appliance.guard.firewall import Firewall
from tests.guard.street import BOX, GATEWAY, Street, street

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def built() -> Iterator[Street]:
    """A street for all tests of this file."""
    with street() as one:
        yield one


@pytest.fixture
def road(built: Street) -> Iterator[Street]:
    """The street, with our table on the box."""
    built.forget()
    Firewall(GATEWAY, 1, built.run).up()
    yield built
    built.forget()


@pytest.fixture
def elements(road: Street) -> Iterator[Elements]:
    """What puts elements there."""
    one = Elements()
    with road.inside(BOX):
        one.put([])
        one.put([v4(0)])
    yield one
    one.close()


def v4(number: int, left_s: float = 500.0) -> Element:
    """Return one of many elements."""
    return Element("known4", bytes((7, 0, 0, 0, 192, 0, number >> 8, number & 0xFF)), left_s)


def listed(road: Street, name: str) -> dict[Any, int]:
    """Return the elements of a set as nft tells them, and how many seconds each was given."""
    told = json.loads(road.run(("nft", "-j", "list", "set", "inet", "kindgate", name)))
    found = (one["elem"] for part in told["nftables"] for one in part.get("set", {}).get("elem", ()))
    return {tuple(one["val"]["concat"]): one["timeout"] for one in found}


def test_of_both_families(road: Street, elements: Elements) -> None:
    """They are what nft reads them as: a number, and an address."""
    six = Element("known6", bytes((1, 0, 0, 0)) + bytes.fromhex("20010db8000000000000000000000007"), 60.0)
    elements.put([v4(1), six, v4(2)])
    assert listed(road, "known4") == {(7, "192.0.0.0"): 500, (7, "192.0.0.1"): 500, (7, "192.0.0.2"): 500}
    assert listed(road, "known6") == {(1, "2001:db8::7"): 60}


def test_again(road: Street, elements: Elements) -> None:
    """One that is there gets its new end, later or sooner, beside others that are new."""
    elements.put([v4(1, 300.0), v4(2, 300.0)])
    elements.put([v4(1, 900.0), v4(2, 30.0), v4(3, 40.0)])
    assert listed(road, "known4") == {
        (7, "192.0.0.0"): 500, (7, "192.0.0.1"): 900, (7, "192.0.0.2"): 30, (7, "192.0.0.3"): 40,
    }  # fmt: skip


def test_many(road: Street, elements: Elements) -> None:
    """More than fit into one batch are all put there."""
    elements.put([v4(number) for number in range(BATCH + 10)])
    assert len(listed(road, "known4")) == BATCH + 10


def test_refused(road: Street, elements: Elements) -> None:
    """Where the kernel refuses one, it is said, and none of them is there; the next ones are."""
    with pytest.raises(FileNotFoundError, match="the sets of the firewall: No such file"):
        elements.put([v4(1), Element("unknown4", bytes(8), 60.0)])
    assert set(listed(road, "known4")) == {(7, "192.0.0.0")}
    elements.put([v4(1)])
    assert set(listed(road, "known4")) == {(7, "192.0.0.0"), (7, "192.0.0.1")}


def test_another_table(road: Street, elements: Elements) -> None:
    """A table that was loaded anew is met as well."""
    Firewall(GATEWAY, 1, road.run).up()
    elements.put([v4(1)])
    assert set(listed(road, "known4")) == {(7, "192.0.0.1")}


def test_closed(road: Street, elements: Elements) -> None:
    """It may be closed twice, and used again."""
    elements.close()
    elements.close()
    with road.inside(BOX):
        elements.put([v4(1)])
    assert (7, "192.0.0.1") in listed(road, "known4")
