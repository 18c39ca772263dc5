"""What the guard tells: as much as may be written of somebody, seldom, in batches, and never a name."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.guard.cuts import Cut
from appliance.guard.events import AGAIN_S, HINTS, RESTRICTED, STRANGE, Events
from appliance.household.orders import Orders
from appliance.wording import HINTS as HINT_WORDS
from appliance.wording import SIGNS
from appliance.world import clock, rules
from appliance.world.snapshot import publish_house
from tests.steward.box import AGES, AT, CONTRACT, HOUSE, house_of

BOOK = rules.load_rulebook()
FLOW_RULES = rules.load_flow_rules(BOOK)
NIGHT = Reason.of("window", window="Bedtime")


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.up = 0.0


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Let a test say what time it is."""
    set_ = Time()
    monkeypatch.setattr(clock, "now", lambda: AT + set_.up)
    monkeypatch.setattr(clock, "uptime", lambda: set_.up)
    return set_


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    """A house with a child of every age in force."""
    publish_house(tmp_path, HOUSE)
    return Orders(tmp_path, BOOK, FLOW_RULES)


@pytest.fixture
def events(orders: Orders, time: Time) -> Events:
    """Nothing has happened yet."""
    return Events(orders)


def told(events: Events, **request: object) -> list[dict[str, Any]]:
    """Return the events that the steward gets, as they come over the bus."""
    answer = msgspec.json.decode(msgspec.json.encode(events.answer({"ask": "tally", **request})))
    assert (answer["bus"], answer["counts"], answer["dropped"]) == (1, [], 0)
    found: list[dict[str, Any]] = answer["events"]
    return found


def cut_of(person: str | None, reason: Reason = NIGHT, device: str | None = None) -> Cut:
    """Return a cut of three connections, one of which went on."""
    return Cut(AT + 4, person, device, 3, reason, 1)


def test_a_cut_is_told_each_time(events: Events) -> None:
    """With its time, its numbers and the code of the reason; what is in the reason stays here."""
    for reason in (NIGHT, NIGHT, Reason.of("own_block", name="a.example")):
        events.cut(cut_of("ben", reason, "ben-phone"))
    expected = {"at": AT + 4, "kind": "connections_cut", "person": "ben", "device": "ben-phone", "severity": 0}
    assert told(events) == [
        expected | {"args": {"what": what, "connections": 3, "still": 1}} for what in ("window", "window", "own_block")
    ]


@pytest.mark.parametrize("person", [*AGES, "alex", "zoe", None])
def test_of_whom_a_cut_is_told(events: Events, person: str | None) -> None:
    """Of every child; neither of adults, nor of a device that nobody named, nor of somebody who isn't here."""
    events.cut(cut_of(person))
    assert [one["person"] for one in told(events)] == ([person] if person in AGES else [])


@pytest.mark.parametrize("category", sorted(CONTRACT.never.categories | CONTRACT.never.to_caregivers))
def test_what_leaves_no_trace(events: Events, category: str) -> None:
    """No cut tells of it and no sign."""
    events.cut(cut_of("ben", Reason.of("category_block", category=category)))
    events.sign("ben-phone", category, "vpn_service")
    assert told(events) == []


@pytest.mark.parametrize(
    ("device", "is_told"),
    [
        ("ada-phone", True), ("ben-phone", True), ("cleo-phone", True), ("dan-phone", True), ("eve-phone", False),
        ("alex-phone", False), ("school", False), ("guest", False), ("nobodys", False), (None, False),
    ],
)  # fmt: skip
def test_of_whom_a_way_round_is_told(events: Events, device: str | None, is_told: bool) -> None:
    """From 16 up, of a school's machine and of devices that nobody named it isn't even held."""
    events.sign(device, "bypass_vpn", "wireguard")
    args = {"category": "bypass_vpn", "route": "wireguard"}
    found = told(events)
    assert [(one["kind"], one["person"], one["device"], one["args"]) for one in found] == (
        [("bypass_sign", str(device).partition("-")[0], device, args)] if is_told else []
    )


def test_a_way_round_is_told_seldom(events: Events, time: Time) -> None:
    """Once an hour of a person, however often it is tried; another way is another."""
    for time.up in (0.0, 1.0, AGAIN_S - 1, AGAIN_S, AGAIN_S + 1):
        events.sign("ben-phone", "bypass_vpn", "wireguard")
    events.sign("ben-phone", "bypass_tor", "tor")
    events.sign("dan-phone", "bypass_vpn", "wireguard")
    assert [(one["at"] - AT, one["person"], one["args"]["route"]) for one in told(events)] == [
        (0, "ben", "wireguard"), (AGAIN_S, "ben", "wireguard"),
        (AGAIN_S + 1, "ben", "tor"), (AGAIN_S + 1, "dan", "wireguard"),
    ]  # fmt: skip


@pytest.mark.parametrize("route", HINTS)
def test_a_hint_is_a_sign_of_its_own(events: Events, route: str) -> None:
    """Of the same kind as the others, so that where no more may be seen nobody can tell them apart."""
    events.hint("dan-phone", route)
    (one,) = told(events)
    category = HINTS[route]
    assert (one["kind"], one["args"]) == (
        "bypass_sign", {"route": route} | ({"category": category} if category else {}),
    )  # fmt: skip
    assert category is None or category in BOOK.categories


@pytest.mark.parametrize("device", ["ada-phone", "ben-phone", "cleo-phone", "dan-phone", "eve-phone", "school", "x"])
def test_of_whom_hints_are_looked_for(events: Events, device: str) -> None:
    """Of those of whom one would be told."""
    events.hint(device, "lone_udp")
    assert events.may_hint(device) == bool(told(events))


def test_every_way_has_words() -> None:
    """A sign or a hint that is told can be said in a sentence."""
    ways = {*FLOW_RULES.signs, *HINTS, "dns", "two_stories"}
    assert ways <= SIGNS.keys() | HINT_WORDS.keys()


def test_what_befalls_the_box(events: Events) -> None:
    """Another router, another server of addresses, a part of the guard that ended: of nobody, and seldom."""
    for _ in range(2):
        events.side_door()
        events.other_dhcp()
        events.restarted(1)
    assert [(one["kind"], one["person"], one["device"], one["args"]) for one in told(events)] == [
        ("side_door", None, None, {}), ("other_dhcp", None, None, {}), ("worker_restarted", None, None, {"worker": 1}),
    ]  # fmt: skip


def test_another_house(events: Events, orders: Orders, tmp_path: Path) -> None:
    """What was held of somebody and may not be told any more is let go before anybody gets it."""
    events.cut(cut_of("ben"))
    events.sign("cleo-phone", "bypass_vpn", "wireguard")
    assert len(told(events, peek=True)) == 2
    publish_house(tmp_path, house_of(cleo="16-17"))
    assert orders.look()
    assert told(events, peek=True) == told(events) == []


def test_batches(events: Events) -> None:
    """The same is given until it was said to be done."""
    events.cut(cut_of("ben"))
    answer: Any = events.answer({"ask": "tally"})
    assert told(events) == told(events, peek=True) != []
    events.answer({"ask": "tally", "done": answer["serial"]})
    assert told(events) == []


def test_other_requests() -> None:
    """The steward alone may ask, and for nothing else."""
    assert {word: tuple(who) for word, who in RESTRICTED.items()} == {"tally": ("kindgate-steward",)}


def test_an_unknown_request(events: Events) -> None:
    """It is refused in words."""
    assert events.answer({"ask": "ring"}) == {"bus": 1, "error": "unknown request"}


def test_a_managed_device_of_a_child(time: Time, tmp_path: Path) -> None:
    """Nothing is told of it: neither a cut nor a sign."""
    machine = Device(id="work", macs=("02:00:00:00:02:01",), person="ben", kind=DeviceKind.MANAGED)
    publish_house(tmp_path, House(persons=HOUSE.persons, devices=(machine,)))
    events = Events(Orders(tmp_path, BOOK, FLOW_RULES))
    events.cut(cut_of("ben", device="work"))
    events.sign("work", "bypass_vpn", "wireguard")
    assert told(events) == []


def test_strange_addresses_are_told_once_a_day(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is only watched for happens all the time."""
    begun = clock.uptime()
    for hours in (0, 1, 23, 25, 26):
        monkeypatch.setattr(clock, "uptime", lambda: begun + hours * 3_600)  # noqa: B023 -- used at once
        events.hint("dan-phone", STRANGE)
    assert [one["args"]["route"] for one in told(events)] == [STRANGE, STRANGE]
