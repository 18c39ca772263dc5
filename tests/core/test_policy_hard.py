"""Hard blocks, and what lifts them: two caregivers, or one after a day; an owner for a name; nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.house import House
from appliance.core.person import Setting
from appliance.core.policy import decide
from appliance.core.verdict import Letter
from appliance.core.word import Lifted
from tests.core.builders import (
    AFTERNOON,
    AT,
    adult,
    child,
    lifted,
    own,
    pause,
    policy_of,
    told,
    verdict_of,
)

DAY = 24 * 60
ALONE: Any = {"by": ("Dana",)}
HARD = ("block", "hard", "hard")
MALWARE = ("block", "hard", "malware")
OPEN = ("allow", "category", "category_allow")

LIFTED: list[tuple[str, str, tuple[Lifted, ...], dict[str, Any], tuple[str, str, str]]] = [
    ("two at once", "porn.example", (lifted(),), {}, OPEN),
    ("one, a day later", "porn.example", (lifted(-DAY - 1, -1, **ALONE),), {}, OPEN),
    ("one, not yet", "porn.example", (lifted(-DAY + 1, 1, **ALONE),), {}, HARD),
    ("at the moment itself", "porn.example", (lifted(-DAY, 0, **ALONE),), {}, OPEN),
    ("until it ends", "porn.example", (lifted(until=1),), {}, OPEN),
    ("and no longer", "porn.example", (lifted(until=0),), {}, HARD),
    ("another category", "porn.example", (lifted(category="adult_cams"),), {}, HARD),
    ("another child's", "porn.example", (lifted(person="lou"),), {}, HARD),
    (
        "one of two hard ones",
        "porn.example",
        (lifted(),),
        {"extra": [Entry("porn.example", "adult_cams")]},
        HARD,
    ),
    (
        "both of two",
        "porn.example",
        (lifted(), lifted(category="adult_cams")),
        {"extra": [Entry("porn.example", "adult_cams")]},
        OPEN,
    ),
    (
        "what another category blocks stays blocked",
        "porn.example",
        (lifted(),),
        {"extra": [Entry("porn.example", "trackers_ads")]},
        ("block", "category", "category_block"),
    ),
    (
        "what an own rule blocks too",
        "porn.example",
        (lifted(),),
        {"person": child(rules=(own("porn.example", "block"),))},
        ("block", "own", "own_block"),
    ),
    ("and what a pause stops", "porn.example", (lifted(),), {"pauses": (pause(),)}, ("block", "word", "pause")),
    ("or a window", "porn.example", (lifted(),), {"person": child(windows=(AFTERNOON,))}, ("block", "time", "window")),
    (
        "a name lifts no category",
        "porn.example",
        (lifted(name="porn.example", **ALONE),),
        {},
        HARD,
    ),
    ("nobody lifts this", "csam.example", (lifted(category="csam"), lifted(name="csam.example")), {}, HARD),
    ("malware by an owner", "malware.example", (lifted(name="malware.example", **ALONE),), {}, OPEN),
    ("and all below it", "www.malware.example", (lifted(name="malware.example", **ALONE),), {}, OPEN),
    ("another name", "malware.example", (lifted(name="other.example", **ALONE),), {}, MALWARE),
    ("a name below", "malware.example", (lifted(name="www.malware.example", **ALONE),), {}, MALWARE),
    ("two don't lift malware as a whole", "malware.example", (lifted(category="malware_phishing"),), {}, MALWARE),
    (
        "for an adult",
        "malware.example",
        (lifted(name="malware.example", **ALONE),),
        {"person": adult()},
        OPEN,
    ),
    (
        "on an adult's device",
        "malware.example",
        (lifted(name="malware.example", **ALONE),),
        {"on": DeviceKind.ADULT},
        OPEN,
    ),
    (
        "on a managed device",
        "porn.example",
        (lifted(),),
        {"on": DeviceKind.MANAGED},
        OPEN,
    ),
    (
        "what is malware and hard besides",
        "porn.example",
        (lifted(name="porn.example", **ALONE),),
        {"extra": [Entry("porn.example", "malware_phishing")]},
        HARD,
    ),
]


@pytest.mark.parametrize(
    ("name", "said", "more", "expected"), [row[1:] for row in LIFTED], ids=[row[0] for row in LIFTED]
)
def test_what_lifts_a_hard_block(
    name: str, said: tuple[Lifted, ...], more: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """Then the category is simply open, and all else decides as ever."""
    assert told(verdict_of(name, lifted=said, **more)) == expected


def test_a_name_is_lifted_for_who_is_unknown_too() -> None:
    """For the whole house."""
    policy = policy_of(House(lifted=(lifted(name="malware.example", **ALONE),)))
    assert told(decide(policy, policy.unknown, "malware.example", None, AT)) == OPEN


def test_a_lifted_category_is_not_asked_about() -> None:
    """What the classifier takes for it is open, as what the list knows is."""
    label = Label("pornography", 0.99)
    assert told(verdict_of("new.example", label=label)) == ("ask", "classifier", "classifier")
    assert told(verdict_of("new.example", label=label, lifted=(lifted(),))) == ("allow", "default", "default_allow")
    later = (lifted(-DAY + 1, 1, **ALONE),)
    assert told(verdict_of("new.example", label=label, lifted=later)) == ("ask", "classifier", "classifier")


def test_a_lift_begins_and_ends_by_itself() -> None:
    """No answer outlives its begin or its end; where nothing was lifted a hard block holds for good."""
    later, now = lifted(-DAY, 7, 9, by=("Dana", "Robin")), lifted(until=5)
    assert verdict_of("porn.example", lifted=(later,)).until == AT + 7 * 60
    assert verdict_of("porn.example", lifted=(later,), at=AT + 8 * 60).until == AT + 9 * 60
    assert verdict_of("porn.example", lifted=(now,)).until == AT + 5 * 60
    assert verdict_of("porn.example", pauses=(pause(),)).until is None


@pytest.mark.parametrize("setting", list(Setting))
def test_a_setting_is_no_lift(setting: Setting) -> None:
    """Whatever one caregiver sets."""
    assert told(verdict_of("porn.example", child(categories={"pornography": setting}))) == HARD


def test_a_bypass_route_that_was_lifted_is_open() -> None:
    """Where a band closes one hard."""
    house = House(persons=(child(),), lifted=(lifted(category="bypass_vpn"),))
    policy = policy_of(house)
    subject = policy.by_person["kim"]
    subject = replace(subject, letters={**subject.letters, "bypass_vpn": Letter.H})
    assert told(decide(policy, subject, "vpn.example", None, AT)) == OPEN
    assert told(decide(policy, subject, "vpn.example", None, AT - 31 * 60)) == HARD
