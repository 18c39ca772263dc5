"""Events: written as finely as the contract lets them be, and seen by caregivers no sooner than it says."""

import pytest

from appliance.core.visibility import Granularity, Role
from appliance.household.happenings import BOX, FIELDS
from appliance.steward.kinds import permitted, shown
from appliance.store.journal import Event, Severity
from tests.steward.box import AT, CONTRACT, DAY_S, HOUR_S, HOUSE, ROWS, TODAY

PEOPLE = [*ROWS, None]
MIDNIGHT = AT - AT % DAY_S
ARGS: dict[str, str | int | float | bool] = {
    "category": "gambling",
    "name": "a.example",
    "times": 2,
    "host": "b.example",
}


def told(kind: str, person: str | None, device: str | None = None, at: float = AT) -> dict[str, object]:
    """Return an event as the nameserver tells it."""
    return {"at": at, "kind": kind, "person": person, "device": device, "severity": 1, "args": ARGS}


def event(kind: str, person: str | None = None, at: float = AT, category: str = "gambling") -> Event:
    """Return an event of the journal."""
    return Event(kind=kind, at=at, person=person, severity=Severity.WARNING, args={"category": category})


def seen(*events: Event, at: float, since: float = 0.0) -> list[object]:
    """Return the persons whose events a caregiver sees."""
    return [one["person"] for one in shown(events, CONTRACT, HOUSE, since, at)]


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("person", PEOPLE)
def test_every_kind_of_every_row(kind: str, person: str | None) -> None:
    """Nothing where nothing may be written, a bare sign where no more may, and never a name."""
    row = ROWS[person] if person else "unknown"
    found = list(permitted([told(kind, person, f"{person}-phone" if person else None)], CONTRACT, HOUSE))
    match CONTRACT.grain(FIELDS[kind], row):
        case Granularity.NO:
            expected: list[object] = []
        case Granularity.SIGN:
            expected = [(None, {})]
        case Granularity.DAY:
            expected = [(None, {"category": "gambling", "times": 2})]
            assert found[0].at == MIDNIGHT
        case _:
            expected = [(f"{person}-phone", {"category": "gambling", "times": 2})]
    assert [(one.device, one.args) for one in found] == expected


def test_the_kinds_that_are_written() -> None:
    """The walk above meets each case."""
    grains = {CONTRACT.grain(field, ROWS.get(str(who), "unknown")) for field in FIELDS.values() for who in PEOPLE}
    assert grains == set(Granularity) - {Granularity.WEEK}


def test_what_befell_the_box() -> None:
    """It is nobody's, and carries numbers only."""
    found = list(permitted([told("worker_ended", "ada", "ada-phone")], CONTRACT, HOUSE))
    assert found == [Event(kind="worker_ended", at=AT, severity=Severity.WARNING, args={"times": 2})]


def test_a_managed_device_is_an_adults() -> None:
    """What a school's machine does is not written down, whoever carries it."""
    assert list(permitted([told("malware_blocked", "ben", "school")], CONTRACT, HOUSE)) == []


@pytest.mark.parametrize("category", sorted(CONTRACT.never.categories | CONTRACT.never.to_caregivers))
def test_never(category: str) -> None:
    """Of what leaves no trace there is no event."""
    one = told("serious_block", "ada") | {"args": {"category": category}}
    assert list(permitted([one], CONTRACT, HOUSE)) == []


@pytest.mark.parametrize(
    "one",
    [
        None,
        5,
        {},
        {"kind": "x"},
        {"kind": "x", "at": "now"},
        {"kind": "x", "at": 1e300},
        {"kind": "x", "at": -1},
        told("malware_blocked", "zoe"),
    ],
)
def test_what_nobody_can_read_or_knows(one: object) -> None:
    """It is left out, and the others are not."""
    good = told("malware_blocked", "ada")
    assert [event.person for event in permitted([one, good], CONTRACT, HOUSE)] == ["ada"]
    assert list(permitted(one, CONTRACT, HOUSE)) == []


@pytest.mark.parametrize("kind", FIELDS)
@pytest.mark.parametrize("person", PEOPLE)
def test_what_caregivers_see(kind: str, person: str | None) -> None:
    """An event that goes on: exactly from the moment on that the contract says, and as finely."""
    view = CONTRACT.view(FIELDS[kind], ROWS[person] if person else "unknown", Role.CAREGIVER)
    category = view.of[0] if view.of else "gambling"
    both = event(kind, person, category=category), event(kind, person, AT + view.after_s, category)
    found = shown(both, CONTRACT, HOUSE, 0.0, AT + view.after_s)
    if view.granularity is Granularity.NO:
        assert found == []
        return
    args = {} if view.granularity is Granularity.SIGN else {"category": category}
    is_exact = view.granularity is Granularity.FULL
    assert [found[-1][key] for key in ("is_exact", "person", "args")] == [is_exact, person, args]
    assert found[-1]["at"] == (AT if is_exact else MIDNIGHT)
    assert seen(*both, at=AT + view.after_s - 1) == []


def test_what_does_not_go_on_is_not_seen() -> None:
    """At 10-12 a bypass sign that stays alone is the child's; at 6-9 caregivers see it an hour later."""
    assert seen(event("bypass_sign", "cleo"), at=AT + 13 * DAY_S) == []
    assert seen(event("bypass_sign", "cleo"), event("bypass_sign", "cleo", AT + HOUR_S), at=AT + 13 * DAY_S) == []
    assert seen(event("bypass_sign", "ben"), at=AT + HOUR_S) == ["ben"]


def test_it_goes_on_after_72_hours() -> None:
    """At 13-15 that is all: one sign, without time or way, however often it was."""
    many = [event("bypass_sign", "dan", AT + hours * HOUR_S) for hours in (0, 20, 40, 72, 90, 95)]
    assert seen(*many, at=AT + 72 * HOUR_S - 1) == []
    found = shown(many, CONTRACT, HOUSE, 0.0, AT + 96 * HOUR_S)
    assert [(one["person"], one["is_exact"], one["args"], one["device"]) for one in found] == [("dan", False, {}, None)]


def test_what_could_be_seen_before_is_not_news() -> None:
    """Whoever asks again gets what has become visible since, even if it happened earlier."""
    late = event("bypass_sign", "ben", AT - 10)
    assert seen(late, at=AT + HOUR_S, since=AT) == ["ben"]
    assert seen(late, at=AT + 2 * HOUR_S, since=AT + HOUR_S) == []


@pytest.mark.parametrize(
    ("person", "child", "later", "again", "caregiver"),
    [
        ("ada", True, 0, False, {"category": "bypass_vpn", "route": "wireguard"}),
        ("ben", True, HOUR_S, False, {"category": "bypass_vpn", "route": "wireguard"}),
        ("cleo", True, DAY_S, True, {"category": "bypass_vpn", "route": "wireguard"}),
        ("dan", True, 3 * DAY_S, True, {}),
        ("eve", False, 0, True, None),
        ("alex", False, 0, True, None),
    ],
)
def test_a_way_round_at_every_age(
    person: str, child: bool, later: int, again: bool, caregiver: dict[str, object] | None
) -> None:
    """The child is told at once; caregivers as much later as the age has it, and from 10 up only if it goes on."""

    def way(at: float) -> dict[str, object]:
        args = {"category": "bypass_vpn", "route": "wireguard", "name": "vpn.example"}
        return {"at": at, "kind": "bypass_sign", "person": person, "device": f"{person}-phone", "args": args}

    def to(role: Role, events: list[Event], at: float) -> list[object]:
        return [one["args"] for one in shown(events, CONTRACT, HOUSE, 0.0, at, role)]

    once = list(permitted([way(AT)], CONTRACT, HOUSE))
    twice = list(permitted([way(AT), way(AT + later)], CONTRACT, HOUSE))
    own = [{"category": "bypass_vpn", "route": "wireguard"}] if child else []
    assert to(Role.CHILD, once, AT) == own
    expected = [] if caregiver is None else [caregiver]
    assert to(Role.CAREGIVER, once, AT + later) == ([] if again else expected)
    assert to(Role.CAREGIVER, twice, AT + later - 1) == []
    assert to(Role.CAREGIVER, twice, AT + later)[-1:] == expected


@pytest.mark.parametrize(
    ("person", "child", "caregiver"),
    [
        ("ada", 7, 7), ("ben", 7, 7), ("cleo", 7, 7), ("dan", 1, 0), ("eve", 1, 0), ("alex", 0, 0), (None, 0, 0),
    ],
)  # fmt: skip
def test_a_cut_at_every_age(person: str | None, child: int, caregiver: int) -> None:
    """With its time and numbers, for as many days as the contract has it; from 13 up for the child alone."""
    args = {"what": "window", "connections": 3, "still": 1, "name": "a.example"}
    told_ = {"at": AT + 4, "kind": "connections_cut", "person": person, "device": None, "args": args}
    events = list(permitted([told_], CONTRACT, HOUSE))
    for role, days in ((Role.CHILD, child), (Role.CAREGIVER, caregiver)):
        found = shown(events, CONTRACT, HOUSE, 0.0, AT + 4 + days * DAY_S, role)
        expected = [(AT + 4, True, {"what": "window", "connections": 3, "still": 1})] if days else []
        assert [(one["at"], one["is_exact"], one["args"]) for one in found] == expected
        assert shown(events, CONTRACT, HOUSE, 0.0, AT + 5 + days * DAY_S, role) == []


def test_another_router_is_the_boxs_matter() -> None:
    """It is told to caregivers with the time, and of nobody."""
    found = list(permitted([told("side_door", "ada", "ada-phone")], CONTRACT, HOUSE))
    assert [(one["kind"], one["person"], one["is_exact"]) for one in shown(found, CONTRACT, HOUSE, 0.0, AT)] == [
        ("side_door", None, True)
    ]


def test_alerts_are_of_some_categories() -> None:
    """Another category's is not shown."""
    found = [event("serious_block", "ada", category="forum"), event("serious_block", "ada", AT + 1, "pornography")]
    assert [one["args"] for one in shown(found, CONTRACT, HOUSE, 0.0, AT + 5)] == [{"category": "pornography"}]


def test_the_box_itself() -> None:
    """With the time and all that is known, the newest first."""
    events = [Event(kind="daemon_gone", at=AT + number, args={"daemon": "web"}) for number in range(2)]
    found = shown(events, CONTRACT, HOUSE, 0.0, AT + 5)
    assert [(one["at"], one["day"], one["args"]) for one in found] == [
        (AT + 1, TODAY, {"daemon": "web"}), (AT, TODAY, {"daemon": "web"}),
    ]  # fmt: skip


def test_who_left() -> None:
    """Nothing is shown of somebody who isn't in the house."""
    assert seen(event("malware_blocked", "zoe"), at=AT) == []


def test_a_field_for_every_kind() -> None:
    """Each kind's field may live in the journal."""
    assert all("journal" in CONTRACT.field(field).stores for field in [*FIELDS.values(), BOX])
