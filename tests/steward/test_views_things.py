"""What pages get of the names that things asked for: for each row, kind and role what the contract says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.steward.books import Books
from appliance.steward.views import Refused, Views
from tests.steward.box import AGES, AT, CONTRACT, DAY_S, HOUSE, Nameserver, books_in

OWNERS: dict[str, str | None] = {id_: id_ for id_ in (*AGES, "alex")} | {"nobodys": None}
ROLES = pytest.mark.parametrize("role", ["caregiver", "child"])


def house_with(kind: DeviceKind = DeviceKind.IOT) -> House:
    """Return a house in which everybody and nobody has a thing."""
    things = tuple(
        Device(id=f"{id_}-thing", addresses=(f"192.0.2.{number}",), person=owner, kind=kind)
        for number, (id_, owner) in enumerate(OWNERS.items(), 1)
    )
    return House(persons=HOUSE.persons, devices=things)


def asked(category: str = "games", age_s: float = 60) -> dict[str, object]:
    """Return a name as the nameserver tells it."""
    name = "api.maker.example"
    return {"name": name, "category": category, "opened": 2, "refused": 1, "first": AT - age_s, "last": AT - age_s}


@pytest.fixture
def nameserver() -> Nameserver:
    """A nameserver of which each thing asked for one name."""
    made = Nameserver()
    made.things = {"asked": [asked()], "is_thing": True}
    return made


@pytest.fixture
def views(tmp_path: Path, nameserver: Nameserver) -> Iterator[Views]:
    """Views of fresh books."""
    opened: Books = books_in(tmp_path)[0]
    yield Views(opened, CONTRACT, nameserver.ask, lambda: False)
    opened.close()


def seen(views: Views, id_: str, role: str, house: House) -> tuple[Any, Any]:
    """Return how finely a role sees what a thing asked for, and what."""
    found = views.things({"device": f"{id_}-thing", "role": role}, house, AT)
    return found["grain"], found["asked"]


@ROLES
@pytest.mark.parametrize("id_", OWNERS)
def test_every_row(views: Views, nameserver: Nameserver, id_: str, role: str) -> None:
    """A small child's things and nobody's; for the others the nameserver isn't even asked."""
    if id_ in ("ada", "ben", "nobodys"):
        assert seen(views, id_, role, house_with()) == ("name", [asked()])
    else:
        assert seen(views, id_, role, house_with()) == ("no", [])
        assert nameserver.asked == []


@ROLES
@pytest.mark.parametrize("kind", [kind for kind in DeviceKind if kind is not DeviceKind.IOT])
def test_no_other_kind(views: Views, nameserver: Nameserver, kind: DeviceKind, role: str) -> None:
    """Whatever the nameserver would tell."""
    for id_ in ("ben", "nobodys"):
        assert seen(views, id_, role, house_with(kind)) == ("no", [])
    assert nameserver.asked == []


@pytest.mark.parametrize("category", sorted(CONTRACT.never.categories))
def test_never(views: Views, nameserver: Nameserver, category: str) -> None:
    """What leaves no trace is in no answer."""
    nameserver.things = {"asked": [asked(category)], "is_thing": True}
    assert seen(views, "ben", "caregiver", house_with()) == ("name", [])


def test_what_caregivers_may_have_put_there(views: Views, nameserver: Nameserver) -> None:
    """Stalkerware is not shown to them."""
    nameserver.things = {"asked": [asked("stalkerware")], "is_thing": True}
    assert seen(views, "ben", "caregiver", house_with())[1] == []


def test_age(views: Views, nameserver: Nameserver) -> None:
    """What has outlived its day isn't shown, though it wasn't erased yet; nor what tells no time."""
    told = [asked(age_s=DAY_S - 1), asked(age_s=DAY_S), asked() | {"last": None}]
    nameserver.things = {"asked": told, "is_thing": True}
    assert seen(views, "ben", "caregiver", house_with())[1] == told[:1]


def test_what_is_no_thing(views: Views, nameserver: Nameserver) -> None:
    """That is told."""
    nameserver.things = {"asked": [], "is_thing": False}
    told = views.things({"device": "ben-thing", "role": "caregiver"}, house_with(), AT)
    assert told == {"bus": 1, "grain": "name", "asked": [], "is_thing": False}


@pytest.mark.parametrize("request_", [{"device": "sold", "role": "child"}, {"device": "ben-thing"}, {"role": "child"}])
def test_what_can_not_be_told(views: Views, request_: dict[str, object]) -> None:
    """No such device, or no role, gets words."""
    with pytest.raises(Refused):
        views.things(request_, house_with(), AT)
