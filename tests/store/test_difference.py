"""What changed, as small as it can be told, and whom it concerns."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.house import EMPTY, House, OwnService
from appliance.core.person import Setting
from appliance.core.subscription import Subscription
from appliance.core.word import Grant, Lifted, Pause
from appliance.store.difference import Difference, difference, without
from tests.store.houses import blocking, named

THEN = datetime(2026, 3, 4, 15, tzinfo=UTC)
LATER = datetime(2026, 3, 4, 16, tzinfo=UTC)
TWO = named("Kim", "Sam")


def with_(house: House, **fields: object) -> House:
    """Return a house with other fields."""
    return msgspec.structs.replace(house, **fields)


def test_nothing() -> None:
    """The same house twice differs in nothing."""
    assert difference(TWO, TWO) == Difference({}, {}, (), is_whole_house=False)


def test_a_rule_more() -> None:
    """Of a list only what came is told, under the person's id."""
    first = blocking("one.example")(TWO)
    found = difference(first, blocking("two.example")(first))
    rule = {"name": "two.example", "do": "block"}
    expected = {"persons": {"kim": {"rules": [rule]}}}
    assert (found.before, found.after) == ({"persons": {"kim": {"rules": []}}}, expected)
    assert (found.persons, found.is_whole_house) == (("kim",), False)


def test_a_first_rule() -> None:
    """What wasn't said before has no key before."""
    found = difference(TWO, blocking("one.example", child=1)(TWO))
    assert found.before == {"persons": {"sam": {}}}
    assert found.persons == ("sam",)


def test_a_setting() -> None:
    """Of a mapping only the key that changed is told."""
    kim, sam = TWO.persons
    old = msgspec.structs.replace(kim, categories={"forum": Setting.ASK, "music": Setting.ALLOW})
    new = msgspec.structs.replace(kim, categories={"forum": Setting.BLOCK, "music": Setting.ALLOW})
    found = difference(with_(TWO, persons=(old, sam)), with_(TWO, persons=(new, sam)))
    assert found.before == {"persons": {"kim": {"categories": {"forum": "ask"}}}}
    assert found.after == {"persons": {"kim": {"categories": {"forum": "block"}}}}


def test_a_person_goes() -> None:
    """Who leaves stands whole in what was, with the device."""
    found = difference(TWO, named("Kim"))
    assert found.before == {
        "persons": {"sam": {"name": "Sam", "band": "6-9"}},
        "devices": {"sam-tablet": {"macs": ["02:00:00:00:00:01"], "person": "sam"}},
    }
    assert found.after == {"persons": {}, "devices": {}}
    assert found.persons == ("sam",)


def test_a_device_changes_hands() -> None:
    """It concerns the one who had it and the one who has it."""
    tablet = msgspec.structs.replace(TWO.devices[0], person="sam")
    found = difference(TWO, with_(TWO, devices=(tablet, TWO.devices[1])))
    assert found.before == {"devices": {"kim-tablet": {"person": "kim"}}}
    assert found.after == {"devices": {"kim-tablet": {"person": "sam"}}}
    assert found.persons == ("kim", "sam")


def test_a_device_becomes_another_kind() -> None:
    """It concerns whoever has it, though the change doesn't name them."""
    tablet = msgspec.structs.replace(TWO.devices[0], kind=DeviceKind.TV)
    assert difference(TWO, with_(TWO, devices=(tablet, TWO.devices[1]))).persons == ("kim",)


@pytest.mark.parametrize(
    ("pause", "persons", "is_whole_house"),
    [
        (Pause(said_at=THEN, until=LATER, person="sam"), ("sam",), False),
        (Pause(said_at=THEN, until=LATER, device="kim-tablet"), ("kim",), False),
        (Pause(said_at=THEN, until=LATER), (), True),
    ],
)
def test_a_pause(pause: Pause, persons: tuple[str, ...], is_whole_house: bool) -> None:
    """A pause concerns its person, its device's, or everybody; its end as its beginning."""
    paused = with_(TWO, pauses=(pause,))
    for found in (difference(TWO, paused), difference(paused, TWO)):
        assert (found.persons, found.is_whole_house) == (persons, is_whole_house)


def test_a_grant() -> None:
    """A grant concerns its person."""
    grant = Grant(person="kim", said_at=THEN, until=LATER, name="games.example")
    found = difference(TWO, with_(TWO, grants=(grant,)))
    assert (found.persons, found.is_whole_house) == (("kim",), False)
    assert found.after["grants"][0]["name"] == "games.example"


@pytest.mark.parametrize(
    ("lifted", "persons", "is_whole_house"),
    [
        (
            Lifted(said_at=THEN, begins=THEN, person="sam", category="pornography", by=("Dana", "Robin")),
            ("sam",),
            False,
        ),
        (Lifted(said_at=THEN, begins=THEN, name="bad.example", by=("Dana",)), (), True),
    ],
)
def test_what_is_lifted(lifted: Lifted, persons: tuple[str, ...], is_whole_house: bool) -> None:
    """A category concerns its child, a name everybody."""
    now = with_(TWO, lifted=(lifted,))
    for found in (difference(TWO, now), difference(now, TWO)):
        assert (found.persons, found.is_whole_house) == (persons, is_whole_house)


def test_an_own_service_changes() -> None:
    """It stands under its id, with nothing but what changed."""
    chess = OwnService(id="chess", name="Chess", domains=("chess.example",))
    go = OwnService(id="go", name="Go", domains=("go.example",))
    more = msgspec.structs.replace(chess, domains=("chess.example", "chess2.example"))
    found = difference(with_(TWO, services=(chess, go)), with_(TWO, services=(more, go)))
    assert found.before == {"services": {"chess": {"domains": []}}}
    assert found.after == {"services": {"chess": {"domains": ["chess2.example"]}}}
    assert (found.persons, found.is_whole_house) == ((), True)


@pytest.mark.parametrize(
    "fields",
    [
        {"time_zone": "Europe/Berlin"},
        {"unknown_devices": "closed"},
        {"forwarders": (Forwarder(id="router", addresses=("192.0.2.1",)),)},
    ],
)
def test_what_is_everybodys(fields: dict[str, object]) -> None:
    """What no one has alone concerns the whole house."""
    found = difference(TWO, with_(TWO, **fields))
    assert (found.persons, found.is_whole_house) == ((), True)
    assert list(found.after) == list(fields)


def test_another_order() -> None:
    """Where only the order of a list changed, both are told whole."""
    first = blocking("two.example")(blocking("one.example")(TWO))
    kim = msgspec.structs.replace(first.persons[0], rules=tuple(reversed(first.persons[0].rules)))
    found = difference(first, with_(first, persons=(kim, first.persons[1])))
    assert [rule["name"] for rule in found.before["persons"]["kim"]["rules"]] == ["one.example", "two.example"]
    assert [rule["name"] for rule in found.after["persons"]["kim"]["rules"]] == ["two.example", "one.example"]


def test_a_device_that_is_no_ones() -> None:
    """It concerns nobody, and not the whole house."""
    printer = Device(id="printer", macs=("02:00:00:00:00:99",))
    found = difference(TWO, with_(TWO, devices=(*TWO.devices, printer)))
    assert (found.persons, found.is_whole_house) == ((), False)


@given(st.sets(st.sampled_from(["Kim", "Sam", "Ann", "Leo"])), st.sets(st.sampled_from(["Kim", "Sam", "Ann", "Leo"])))
def test_both_ways(old: set[str], new: set[str]) -> None:
    """A change and its undoing tell the same, the other way round, and name whoever came or went."""
    one, two = named(*sorted(old)), named(*sorted(new))
    there, back = difference(one, two), difference(two, one)
    assert (there.before, there.after) == (back.after, back.before)
    assert set(there.persons) >= {name.lower() for name in old ^ new}
    assert difference(EMPTY, two).after.keys() == ({"persons", "devices"} if new else set())


def test_without() -> None:
    """What is left of a part holds nothing of the person who was taken out."""
    part = {
        "persons": {"kim": {"rules": []}, "sam": {"name": "Sam"}},
        "devices": {"one": {"person": "kim"}, "two": {"kind": "tv"}},
        "grants": [{"person": "kim", "name": "games.example"}],
        "lifted": [{"person": "kim", "category": "pornography"}, {"name": "bad.example"}],
        "time_zone": "UTC",
    }
    assert without(part, "kim") == {
        "persons": {"sam": {"name": "Sam"}}, "devices": {"two": {"kind": "tv"}}, "lifted": [{"name": "bad.example"}],
        "time_zone": "UTC",
    }  # fmt: skip
    assert without({"pauses": []}, "kim") == {"pauses": []}


FRAUD = Subscription(id="fraud", name="Fraud")
KIMS = Subscription(id="games", name="Games", persons=("kim",))


def test_a_list_of_the_house_is_everybodys() -> None:
    """It stands under its id."""
    found = difference(TWO, with_(TWO, lists=(FRAUD,)))
    assert found.after == {"lists": {"fraud": {"name": "Fraud"}}}
    assert (found.persons, found.is_whole_house) == ((), True)


@pytest.mark.parametrize("persons", [("kim",), ("kim", "sam")])
def test_a_list_for_some_is_theirs(persons: tuple[str, ...]) -> None:
    """Another who is in the house has nothing to do with it."""
    one = msgspec.structs.replace(KIMS, persons=persons)
    with_list = with_(TWO, lists=(FRAUD, one))
    for found in (
        difference(with_(TWO, lists=(FRAUD,)), with_list),
        difference(with_list, with_(TWO, lists=(FRAUD,))),
        difference(with_list, with_(TWO, lists=(FRAUD, msgspec.structs.replace(one, on=False)))),
    ):
        assert (found.persons, found.is_whole_house) == (persons, False)


def test_a_list_that_gets_everybodys_concerns_everybody() -> None:
    """And those whom it was for."""
    everybodys = msgspec.structs.replace(KIMS, persons=())
    found = difference(with_(TWO, lists=(KIMS,)), with_(TWO, lists=(everybodys,)))
    assert (found.persons, found.is_whole_house) == (("kim",), True)


def test_without_a_person_lists_are_for_the_others() -> None:
    """One that was for nobody else is not told of any more."""
    part = {"lists": {"a": {"persons": ["kim"]}, "b": {"name": "B", "persons": ["sam", "kim"]}, "c": {"name": "C"}}}
    assert without(part, "kim") == {"lists": {"b": {"name": "B", "persons": ["sam"]}, "c": {"name": "C"}}}
    assert without({"lists": {"a": {"persons": ["kim"]}}}, "kim") == {}
