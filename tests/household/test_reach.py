"""What the daemons tell of themselves becomes facts; what they don't tell is not known."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.core.budget import Budget
from appliance.core.coverage import Facts, Guard, Held, Way
from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import KnownNames, Person, Unwatched
from appliance.core.schedule import DateException, Window
from appliance.core.verdict import Strictness
from appliance.household.reach import facts_of
from appliance.world import rules
from appliance.world.snapshot import publish_house
from tests.commands.cli import answering, fake_daemon, status
from tests.core.builders import TODAY, child, policy_of

Answers = dict[str, dict[str, Any]]
"""Request → what is answered."""
OfDigest = Callable[[str], Answers]

CONTRACT = rules.load_contract()
TABLET = Device(id="tablet", name="Kim's tablet", person="kim", macs=("02:00:00:00:00:01",))
LAPTOP = Device(id="laptop", person="kim", addresses=("192.0.2.7",))


@contextmanager
def running(data: Path, told: dict[str, Answers]) -> Iterator[None]:
    """Run daemons that answer so."""
    with ExitStack() as stack:
        for name, answers in told.items():
            said = {ask: {"bus": 1} | one for ask, one in answers.items()}
            stack.enter_context(fake_daemon(data, answering(said), name))
        yield


def facts(data: Path, person: Person | None = None, *devices: Device, **told: Answers | OfDigest) -> Facts:
    """Return the facts about a child with a tablet, while daemons run that answer so; some by the house's digest."""
    kim = person or child()
    snapshot = publish_house(data, House(persons=(kim,), devices=devices or (TABLET,)))
    answers = {name: one(snapshot.digest) if callable(one) else one for name, one in told.items()}
    with running(data, answers):
        return facts_of(data, snapshot, policy_of(snapshot.house), kim, CONTRACT)


def nameserver(**counts: int) -> OfDigest:
    """Return the answers of a nameserver that runs the house."""
    return lambda digest: {"status": status(digest, counts=counts)}


def guard(**told: Any) -> OfDigest:
    """Return the answers of a guard that runs the house in two workers."""

    def answers(digest: str) -> Answers:
        workers = [{"number": number, "digest": digest, "problem": None} for number in range(2)]
        return {"status": {"mode": "gateway", "problem": None, "digest": digest, "workers": workers} | told}

    return answers


def test_a_box_on_which_nothing_runs(tmp_path: Path) -> None:
    """It answers nobody; what would tell is not there."""
    assert facts(tmp_path) == Facts(
        way=Way.DNS,
        answers=None,
        counts=False,
        devices=(Held("Kim's tablet"),),
        encrypted_dns=Strictness.BLOCK,
        tunnels=Strictness.BLOCK,
    )


def test_a_nameserver_that_runs_the_house(tmp_path: Path) -> None:
    """Or another one."""
    assert facts(tmp_path, nameserver=nameserver()).answers is True
    assert facts(tmp_path, nameserver={"status": status("other")}).answers is False


def test_routers_that_hide_who_asks(tmp_path: Path) -> None:
    """As the nameserver counted them; behind a gateway a router asks for itself."""
    told = facts(tmp_path, nameserver=nameserver(**{"asker.router": 3, "asker.missing": 1}))
    assert (told.is_router_between, told.is_router_silent) == (True, True)
    told = facts(tmp_path, nameserver=nameserver(**{"asker.router": 3}), guard=guard())
    assert (told.is_router_between, told.is_router_silent) == (False, False)


GUARDS: list[tuple[dict[str, Any], Way, Guard]] = [
    ({}, Way.GATEWAY, Guard(True, True)),
    ({"mode": "one-armed"}, Way.ONE_ARM, Guard(True, True)),
    ({"v6": {"mode": "off"}, "side_doors": []}, Way.GATEWAY, Guard(True, True, False, 0)),
    ({"v6": {"mode": "proxy"}, "side_doors": [{"router": "fe80::1"}]}, Way.GATEWAY, Guard(True, True, True, 1)),
    ({"v6": 5, "side_doors": 2}, Way.GATEWAY, Guard(True, True)),
    ({"problem": "the rules can't be loaded"}, Way.GATEWAY, Guard(True, False)),
    ({"workers": []}, Way.GATEWAY, Guard(True, False)),
    ({"workers": [{"digest": "other"}]}, Way.GATEWAY, Guard(False, True)),
    ({"workers": [{"digest": None}]}, Way.GATEWAY, Guard(False, False)),
    ({"workers": None}, Way.GATEWAY, Guard()),
]


@pytest.mark.parametrize(("told", "way", "expected"), GUARDS)
def test_what_a_guard_tells_of_itself(tmp_path: Path, told: dict[str, Any], way: Way, expected: Guard) -> None:
    """What it leaves out is not known."""
    found = facts(tmp_path, guard=guard(**told))
    assert (found.way, found.guard) == (way, expected)


def test_a_guard_that_died(tmp_path: Path) -> None:
    """The box is still a gateway, and nobody looks."""
    assert facts(tmp_path, guard=guard()).guard is not None
    told = facts(tmp_path)
    assert (told.way, told.guard) == (Way.GATEWAY, None)


def test_devices(tmp_path: Path) -> None:
    """Those of the child: what they are, by what they are known."""
    doll = Device(id="doll", name="Doll", kind=DeviceKind.IOT, person="kim", macs=("02:00:00:00:00:02",), only=())
    school = Device(id="s", name="School", kind=DeviceKind.MANAGED, person="kim", macs=("02:00:00:00:00:03",))
    others = Device(id="o", name="Other", macs=("02:00:00:00:00:04",))
    assert facts(tmp_path, None, LAPTOP, doll, school, others).devices == (
        Held("laptop", has_mac=False), Held("Doll", is_kept=True), Held("School", is_free=True),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("band", "expected"),
    [("6-9", [True, False]), ("10-12", [True, False]), ("13-15", [None, None]), ("16-17", [None, None])],
)
def test_whether_a_device_was_seen_is_told_by_the_contract(
    tmp_path: Path, band: str, expected: list[bool | None]
) -> None:
    """From 13 on caregivers don't learn it here either."""
    finder = {"presence": {"devices": [{"device": "tablet", "last": 5.0}]}}
    told = facts(tmp_path, child(band), TABLET, LAPTOP, finder=finder)
    assert [one.is_seen for one in told.devices] == expected


def test_ways_round_that_were_seen(tmp_path: Path) -> None:
    """As the steward tells caregivers of them: without the kind, where they see no more than a sign."""
    events = [
        {"kind": "bypass_sign", "person": "kim", "args": {"category": "bypass_dns", "route": "doh"}},
        {"args": {}},
        5,
    ]
    steward: Answers = {"status": status(), "events": {"events": events}}
    told = facts(tmp_path, steward=steward)
    assert (told.counts, told.ways_seen) == (True, frozenset(("bypass_dns",)))


def test_what_was_set_for_the_child(tmp_path: Path) -> None:
    """Times, minutes, what is slow, and what counts at a gateway."""
    evening = Window(name="Evening", start="17:00", end="19:00", internet=True, slow=True)
    holiday = DateException(name="Holiday", first=TODAY, last=TODAY, windows=(evening,))
    said = facts(tmp_path, child(exceptions=(holiday,), unwatched=Unwatched.CLOSED, known_names_only=KnownNames.ON))
    assert (said.has_times, said.has_budgets, said.is_slowing) == (True, False, True)
    assert (said.unwatched, said.known_names_only) == (Unwatched.CLOSED, KnownNames.ON)
    said = facts(tmp_path, child(budgets=(Budget(minutes=5),)))
    assert (said.has_times, said.has_budgets, said.is_slowing) == (False, True, False)
    assert facts(tmp_path, child(budgets=(Budget(minutes=5, slow=True),))).is_slowing


def test_what_the_age_leaves_open(tmp_path: Path) -> None:
    """By the rules of the band."""
    assert facts(tmp_path, child("16-17")).tunnels is Strictness.ASK
