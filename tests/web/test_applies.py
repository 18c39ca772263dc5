"""What applies to one asker: state, day, kinds of sites and own rules are as the order of decision has them."""

from datetime import UTC
from typing import Any

import pytest

from appliance.core import policy
from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Do, Mode, Person, Rule, Setting
from appliance.core.policy import Policy
from appliance.core.schedule import Window
from appliance.core.subject import Subject
from appliance.core.verdict import TERMS, Strictness
from appliance.web import applies
from appliance.web.applies import Known, Own
from appliance.wording import Names
from tests.core.builders import (
    AFTERNOON,
    AT,
    BANDS,
    BERLIN,
    BUNDLED,
    NIGHT,
    RULES,
    adult,
    child,
    device,
    grant,
    minutes_from_now,
)

HOUR = 3_600


def of(person: Person | None = None, *devices: Device, **said: Any) -> Policy:
    """Return the policy of a house with one person."""
    return policy.compile(
        House(persons=(person,) if person else (), devices=devices, **said), RULES, (BUNDLED,), BERLIN
    )


def kim(band: str = "6-9", *, pauses: tuple[Any, ...] = (), grants: tuple[Any, ...] = (), **said: Any) -> Subject:
    """Return a child."""
    return of(child(band, **said), pauses=pauses, grants=grants).by_person["kim"]


@pytest.mark.parametrize(
    ("has_house", "one", "person", "known"),
    [
        (False, None, None, Known.NO_HOUSE),
        (True, None, None, Known.NOT_KNOWN),
        (True, device(person=None), None, Known.NOBODYS),
        (True, device(), child(), Known.CHILD),
        (True, None, child(), Known.CHILD),
        (True, device(DeviceKind.MANAGED), child(), Known.MANAGED),
        (True, device(DeviceKind.ADULT), child(), Known.ADULT),
        (True, device(person="alex"), adult(), Known.ADULT),
    ],
)
def test_who_holds_a_device_is_told(has_house: bool, one: Device | None, person: Person | None, known: Known) -> None:
    """Each case has a page of its own."""
    compiled = of(person, *([one] if one else []))
    subject = compiled.of_device(one.id) if one else compiled.by_person.get("kim", compiled.unknown)
    assert applies.known_as(has_house, one, person, subject) is known


def test_a_day_has_no_gap_and_no_overlap() -> None:
    """From midnight to midnight, parts with and without a time off in turn."""
    parts = applies.day_of(kim(windows=(NIGHT, AFTERNOON)), AT, BERLIN)
    assert [part.window for part in parts] == ["Bedtime", "", "Homework", "", "Bedtime"]
    assert [one.end for one in parts[:-1]] == [one.start for one in parts[1:]]
    assert parts[-1].end - parts[0].start == 24 * HOUR
    assert [part.tone for part in parts] == ["night", "free", "school", "free", "night"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "The Internet is on"),
        ({"uncounted": True}, "The Internet is on, and minutes don't count"),
        ({"slow": True}, "The Internet is on; it may be slow"),
    ],
)
def test_a_part_in_which_the_internet_is_on_says_so(more: dict[str, Any], expected: str) -> None:
    """And what else a child would notice of it."""
    evening = Window(name="Evening", start="18:00", end="20:00", internet=True, **more)
    (part,) = [one for one in applies.day_of(kim(windows=(evening,)), AT, BERLIN) if one.window]
    assert part.note == expected


def test_a_day_without_times_is_one_part() -> None:
    """Free all day; for a stranger too."""
    for subject in (kim(), of().unknown):
        (part,) = applies.day_of(subject, AT, UTC)
        assert (part.window, part.end - part.start) == ("", 24 * HOUR)


@pytest.mark.parametrize("band", BANDS)
def test_kinds_are_those_of_the_letters(band: str) -> None:
    """Closed is exactly what the order of decision closes, asked what it asks; what nobody may list is left out."""
    subject = kim(band)
    kinds = applies.kinds_of(subject, RULES)
    told = RULES.categories.keys() - {"csam", "unclassified"}
    letters = {id_: TERMS[subject.letter(id_)].strictness for id_ in told}
    named = {id_: "Ways around the rules" if id_.startswith("bypass_") else id_ for id_ in letters}
    assert set(kinds.closed) == {named[id_] for id_, one in letters.items() if one >= Strictness.BLOCK}
    assert set(kinds.ask) == {named[id_] for id_, one in letters.items() if one is Strictness.ASK}
    assert not {"csam", "mental_health"} & {*kinds.closed, *kinds.ask, *kinds.safe, *kinds.counted}
    assert len(set(kinds.closed)) == len(kinds.closed)


def test_what_a_caregiver_set_is_marked() -> None:
    """And no more than that."""
    kinds = applies.kinds_of(kim(categories={"forum": Setting.BLOCK}), RULES)
    assert kinds.by_caregiver == {"forum"}


def test_rules_that_are_over_do_not_hold() -> None:
    """Those that run say until when."""
    soon, over = minutes_from_now(20), minutes_from_now(-1)
    rules = (
        Rule(name="a.example", do=Do.ALLOW, until=soon),
        Rule(name="b.example", do=Do.BLOCK),
        Rule(name="c.example", do=Do.BLOCK, until=over),
    )
    assert applies.own_rules(kim(rules=rules), AT) == (
        Own("a.example", True, AT + 1_200),
        Own("b.example", False, None),
    )


def test_passes_for_one_thing_are_told() -> None:
    """By the name of what they open; a pass for everything is the state."""
    subject = kim(
        grants=(grant(name="x.example"), grant(category="forum"), grant(), grant(until=-1, name="old.example"))
    )
    assert sorted(applies.opened(subject, AT, Names.of(RULES, House()))) == [
        ("forum", AT + 1_200),
        ("x.example", AT + 1_200),
    ]


def test_the_rest_is_told_in_a_sentence() -> None:
    """Whatever becomes of sites that nothing knows, and of devices that nobody named."""
    subjects = [kim(), kim("0-5"), kim(unknown_names=Mode.ASK), of(unknown_devices="closed").unknown]
    assert len({applies.rest_of(subject) for subject in subjects}) == 4
    words = {applies.unknown_words(choice) for choice in ("filtered", "closed", *BANDS)}
    assert len(words) == 2 + len(BANDS)
    assert all(text.endswith(".") for text in words)
