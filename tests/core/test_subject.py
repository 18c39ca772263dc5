"""What is compiled of a house for one asker: words in order, changes ahead, keys that tell apart what differs."""

from dataclasses import fields
from typing import Any

import pytest

from appliance.core.house import Device, DeviceKind, House, Mode, Person, Setting
from appliance.core.subject import CHILD_TTL_S, MAX_TTL_S, Subject, Word, of_device, of_person, of_unknown
from appliance.core.verdict import Letter
from tests.core.builders import (
    AFTERNOON,
    AT,
    BANDS,
    BERLIN,
    RULES,
    adult,
    child,
    device,
    grant,
    minutes_from_now,
    own,
    pause,
)


def of(person: Person, one: Device | None = None, **said: Any) -> Subject:
    """Return the subject of a person in a house."""
    return of_person(House(persons=(person,), **said), RULES, BERLIN, person, one)


@pytest.mark.parametrize(
    ("word", "parents", "tags", "expected"),
    [
        (Word(0, 1, is_pause=True), ("a.example",), frozenset(), True),
        (Word(0, 1, False, "a.example"), ("www.a.example", "a.example"), frozenset(), True),
        (Word(0, 1, False, "a.example"), ("b.example",), frozenset({"a.example"}), False),
        (Word(0, 1, False, None, "forum"), ("a.example",), frozenset({"forum"}), True),
        (Word(0, 1, False, None, "forum"), ("forum",), frozenset({"games"}), False),
    ],
)
def test_a_word_is_about_a_name_a_category_or_everything(
    word: Word, parents: tuple[str, ...], tags: frozenset[str], *, expected: bool
) -> None:
    """And about nothing else."""
    assert expected == word.covers(parents, tags)


def test_the_latest_word_stands_first() -> None:
    """Whatever the order in the house; of two said at once, the pause."""
    words = of(child(), pauses=(pause(-9), pause(-1)), grants=(grant(-5), grant(-1))).words
    assert [(round((word.said_at - AT) / 60), word.is_pause) for word in words] == [
        (-1, True),
        (-1, False),
        (-5, False),
        (-9, True),
    ]


def test_changes_are_ahead_in_order() -> None:
    """Begin and end of every word and the end of every rule."""
    subject = of(child(rules=(own("a.example", "block", minutes_from_now(3)),)), pauses=(pause(1, 9),))
    assert list(subject.changes) == [AT + 60, AT + 180, AT + 540]
    assert [subject.next_change(AT + 60 * one) for one in (0, 1, 4, 9)] == [AT + 60, AT + 180, AT + 540, None]


def test_a_window_is_a_change_too() -> None:
    """The sooner of both is the next."""
    subject = of(child(windows=(AFTERNOON,)), pauses=(pause(-1, 30),))
    assert [subject.next_change(AT), subject.next_change(AT + 1800)] == [AT + 1800, AT + 3600]


def test_a_subject_without_a_zone_has_no_windows() -> None:
    """A clock that shows no time opens none."""
    assert Subject(key="x", row="6-9", letters={}, windows=(AFTERNOON,)).next_change(AT) is None


@pytest.mark.parametrize("band", BANDS)
def test_settings_start_from_the_band(band: str) -> None:
    """One category changes, the others stay."""
    letters = of(child(band, categories={"forum": Setting.SAFE_TIMED})).letters
    assert RULES.letters[band] | {"forum": Letter.ST} == letters


@pytest.mark.parametrize("setting", list(Setting))
@pytest.mark.parametrize("category", ["pornography", "mental_health", "malware_phishing"])
def test_no_setting_touches_h_or_p(category: str, setting: Setting) -> None:
    """One caregiver neither lifts nor softens an H, nor turns protected information off."""
    subject = of(child(categories={category: setting}))
    assert (RULES.letters["6-9"], frozenset()) == (subject.letters, subject.set_by_hand)


MODES = [
    ("0-5", None, {}, Mode.ALLOW_LIST),
    ("6-9", None, {}, Mode.OPEN),
    ("6-9", Mode.ASK, {}, Mode.ASK),
    ("0-5", Mode.OPEN, {}, Mode.OPEN),
    ("6-9", None, {"unclassified": Setting.BLOCK}, Mode.ALLOW_LIST),
    ("6-9", None, {"unclassified": Setting.ASK}, Mode.ASK),
]


@pytest.mark.parametrize(("band", "chosen", "categories", "expected"), MODES)
def test_the_mode_is_the_bands_unless_chosen(
    band: str, chosen: Mode | None, categories: dict[str, Setting], expected: Mode
) -> None:
    """By the letter of what is not classified."""
    assert expected is of(child(band, unknown_names=chosen, categories=categories)).mode


def test_only_6_to_12_are_scored() -> None:
    """And nobody on a managed device."""
    assert [band for band in BANDS if of(child(band)).is_scored] == ["6-9", "10-12"]
    assert not of(child(), device(DeviceKind.MANAGED)).is_scored
    assert not of(adult()).is_scored


def test_only_0_to_9_have_rules_that_reach_information() -> None:
    """From ten on it is the child's own."""
    assert [band for band in BANDS if of(child(band)).own_rule_reaches_information] == ["0-5", "6-9"]


def test_only_adults_keep_a_reply_for_long() -> None:
    """A change is to be felt by children and by devices that nobody named."""
    house = House()
    assert [subject.ttl_cap_s for subject in (of(child()), of(adult()), of_unknown(house, RULES, BERLIN))] == [
        CHILD_TTL_S,
        MAX_TTL_S,
        CHILD_TTL_S,
    ]


HOUSE = House(
    unknown_devices="13-15",
    persons=(
        child(windows=(AFTERNOON,), rules=(own("a.example", "block"),)),
        Person(id="lou", name="Lou", band="13-15"),
        adult(rules=(own("a.example", "block"),)),
    ),
    devices=tuple(
        Device(id=f"d{number}", macs=(f"02:00:00:00:00:{number:02x}",), person=person, kind=kind, bedtime=bedtime)
        for number, (person, kind, bedtime) in enumerate(
            (person, kind, bedtime)
            for person in ("kim", "lou", "alex", None)
            for kind in DeviceKind
            for bedtime in (False, True)
        )
    ),
    pauses=(pause(), pause(person="kim"), pause(device="d3"), pause(device="d63"), pause(person="alex")),
    grants=(grant(), grant(person="lou")),
)


def test_subjects_of_one_key_are_one() -> None:
    """What is remembered under a key holds for all who share it."""
    seen: dict[str, Subject] = {}
    subjects = [
        of_unknown(HOUSE, RULES, BERLIN),
        *(of_device(HOUSE, RULES, BERLIN, one) for one in HOUSE.devices),
        *(of_person(HOUSE, RULES, BERLIN, one) for one in HOUSE.persons),
    ]
    for subject in subjects:
        known = seen.setdefault(subject.key, subject)
        for field in fields(Subject):
            assert getattr(known, field.name) == getattr(subject, field.name), (subject.key, field.name)
    assert 10 < len(seen) < len(subjects)


def test_a_device_of_a_person_who_left_is_unknown() -> None:
    """A dangling id gives what nobody's device gets."""
    house = House(devices=(device(person="gone"),))
    assert of_unknown(house, RULES, BERLIN) == of_device(house, RULES, BERLIN, house.devices[0])


def test_closed_keeps_what_is_protected_and_hard() -> None:
    """All else is blocked, without a list of it."""
    letters = of_unknown(House(unknown_devices="closed"), RULES, BERLIN).letters
    assert {Letter.B, Letter.P, Letter.H} == set(letters.values())
    assert {"malware_phishing", "csam"} == {id_ for id_, letter in letters.items() if letter is Letter.H}
    assert [id_ for id_, letter in letters.items() if letter is Letter.P] == ["mental_health"]
