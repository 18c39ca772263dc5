"""Who asks matters: adults, unknown devices, managed ones, and a device that is nobody's."""

from typing import Any

import pytest

from appliance.core.device import DeviceKind as Kind
from appliance.core.guesses import Label
from appliance.core.house import House
from appliance.core.person import Mode, Setting
from appliance.core.policy import decide
from tests.core.builders import (
    AFTERNOON,
    AT,
    adult,
    child,
    device,
    grant,
    own,
    pause,
    policy_of,
    told,
    verdict_of,
)

UNKNOWN = [
    ("filtered", "malware.example", "block hard malware"),
    ("filtered", "csam.example", "block hard hard"),
    ("filtered", "porn.example", "block category category_block"),
    ("filtered", "social.example", "allow category category_allow"),
    ("filtered", "new.example", "allow default default_allow"),
    ("filtered", "mind.example", "allow protected protected"),
    ("closed", "malware.example", "block hard malware"),
    ("closed", "school.example", "block category closed"),
    ("closed", "new.example", "block default closed"),
    ("closed", "help.example", "allow help help"),
    ("closed", "time.example", "allow infrastructure infrastructure"),
    ("closed", "vpn.example", "block bypass bypass"),
    ("6-9", "porn.example", "block hard hard"),
    ("6-9", "social.example", "block category category_block"),
    ("0-5", "new.example", "block default default_block"),
    ("13-15", "social.example", "allow category category_allow"),
]


@pytest.mark.parametrize(("choice", "name", "expected"), UNKNOWN)
def test_an_unknown_device_gets_what_the_house_chose(choice: str, name: str, expected: str) -> None:
    """Filtered, closed, or one of the bands."""
    policy = policy_of(House(unknown_devices=choice))
    assert tuple(expected.split()) == told(decide(policy, policy.of_device(None), name, None, AT))


def test_a_box_without_a_house_filters() -> None:
    """Malware, phishing and adult content are blocked before anybody has said anything; all else is open."""
    policy = policy_of(None)
    blocked = [
        name
        for name in ("malware.example", "porn.example", "social.example", "vpn.example", "new.example")
        if decide(policy, policy.unknown, name, None, AT).is_blocked
    ]
    assert blocked == ["malware.example", "porn.example", "vpn.example"]


def test_an_unknown_device_is_never_scored() -> None:
    """A label says nothing about a device that nobody named, whatever band it is treated as."""
    policy = policy_of(House(unknown_devices="6-9"))
    verdict = decide(policy, policy.unknown, "new.example", Label("pornography", 1.0), AT)
    assert verdict.reason.code == "default_allow"


def test_a_device_that_left_the_house_is_unknown() -> None:
    """An id that no device bears any more gets what unknown devices get."""
    policy = policy_of(House())
    assert policy.unknown is policy.of_device("gone")


ADULT = [
    ("malware.example", {}, "block hard malware"),
    ("porn.example", {}, "allow category category_allow"),
    ("tracker.example", {}, "allow category category_allow"),
    ("www.search.example", {}, "allow category category_allow"),
    ("open.example", {"pauses": (pause(),)}, "allow default default_allow"),
    ("open.example", {"pauses": (pause(person="alex"),)}, "block word pause"),
    ("open.example", {"person": adult(rules=(own("open.example", "block"),))}, "block own own_block"),
]


@pytest.mark.parametrize(("name", "said", "expected"), ADULT)
@pytest.mark.parametrize("kind", [Kind.PHONE, Kind.ADULT, Kind.CONSOLE, None])
def test_an_adult_is_not_filtered(name: str, said: dict[str, Any], expected: str, kind: Kind | None) -> None:
    """Malware stays blocked, a pause of the house doesn't reach adults, and nothing of theirs leaves a trace."""
    verdict = verdict_of(name, **({"person": adult()} | said), on=kind)
    assert (tuple(expected.split()), True, False) == (told(verdict), verdict.traceless, verdict.counted)


@pytest.mark.parametrize("person", ["kim", None])
def test_an_adults_device_is_an_adults(person: str | None) -> None:
    """A device of the kind `adult` is not filtered, whoever it stands with."""
    policy = policy_of(House(persons=(child(windows=(AFTERNOON,)),), devices=(device(Kind.ADULT, person),)))
    verdict = decide(policy, policy.of_device("thing"), "porn.example", None, AT)
    assert (verdict.action.value, verdict.traceless) == ("allow", True)


MANAGED: list[tuple[str, dict[str, Any], str]] = [
    ("vpn.example", {}, "allow default default_allow"),
    ("porn.example", {}, "block hard hard"),
    ("social.example", {}, "block category category_block"),
    ("www.search.example", {}, "allow category category_allow"),
    ("games.example", {}, "allow category category_allow"),
    ("open.example", {"person": child(windows=(AFTERNOON,))}, "allow default default_allow"),
    ("open.example", {"person": child(windows=(AFTERNOON,)), "bedtime": True}, "block time window"),
    ("open.example", {"pauses": (pause(),)}, "allow default default_allow"),
    ("open.example", {"pauses": (pause(person="kim"),)}, "allow default default_allow"),
    ("open.example", {"pauses": (pause(),), "bedtime": True}, "block word pause"),
    ("open.example", {"pauses": (pause(person="kim"),), "bedtime": True}, "block word pause"),
    ("open.example", {"pauses": (pause(device="thing"),)}, "block word pause"),
    ("social.example", {"grants": (grant(),)}, "allow word grant"),
    ("new.example", {"label": Label("pornography", 1.0)}, "allow default default_allow"),
]


@pytest.mark.parametrize(("name", "said", "expected"), MANAGED)
def test_a_managed_device_keeps_its_employers_ways(name: str, said: dict[str, Any], expected: str) -> None:
    """No bypass block, no redirect, no counts, no scores; bedtime only if asked."""
    verdict = verdict_of(name, **said, on=Kind.MANAGED)
    assert (tuple(expected.split()), False) == (told(verdict), verdict.counted)


NOBODYS: list[tuple[Kind, bool, dict[str, Any], str, str]] = [
    (Kind.TV, False, {"pauses": (pause(device="thing"),)}, "open.example", "block word pause"),
    (Kind.TV, False, {"pauses": (pause(device="thing"),)}, "tvpatch.example", "allow word update"),
    (Kind.TV, False, {"pauses": (pause(device="other"),)}, "open.example", "allow default default_allow"),
    (Kind.TV, False, {"pauses": (pause(),)}, "open.example", "block word pause"),
    (Kind.PHONE, False, {"pauses": (pause(),)}, "tvpatch.example", "block word pause"),
    (Kind.MANAGED, False, {}, "vpn.example", "allow default default_allow"),
    (Kind.PHONE, False, {}, "vpn.example", "block bypass bypass"),
    (Kind.MANAGED, False, {"pauses": (pause(),)}, "open.example", "allow default default_allow"),
    (Kind.MANAGED, True, {"pauses": (pause(),)}, "open.example", "block word pause"),
    (Kind.MANAGED, False, {}, "malware.example", "block hard malware"),
]


@pytest.mark.parametrize(("kind", "bedtime", "said", "name", "expected"), NOBODYS)
def test_a_device_without_a_person_keeps_its_kind_and_its_pauses(
    kind: Kind, bedtime: bool, said: dict[str, Any], name: str, expected: str
) -> None:
    """It is treated as unknown, but a pause of its own stops it and its kind still matters."""
    policy = policy_of(House(devices=(device(kind, None, bedtime=bedtime),), **said))
    assert tuple(expected.split()) == told(decide(policy, policy.of_device("thing"), name, None, AT))


def test_a_pause_of_a_device_stops_just_that() -> None:
    """The person's other devices go on."""
    assert tuple(
        verdict_of("open.example", on=Kind.PHONE, pauses=(pause(device=id_),)).action.value
        for id_ in ("thing", "other")
    ) == ("block", "allow")


@pytest.mark.parametrize("setting", list(Setting))
def test_settings_do_not_touch_another_band(setting: Setting) -> None:
    """What is set for one child leaves the rulebook's rows as they were."""
    before = policy_of(House()).rulebook.letters["6-9"]["education"]
    verdict_of("school.example", child(categories={"education": setting}, unknown_names=Mode.OPEN))
    assert before == policy_of(House()).rulebook.letters["6-9"]["education"]
