"""What is compiled of a house for one asker: words in order, changes ahead, keys that tell apart what differs."""

from dataclasses import fields, replace
from typing import Any

import pytest

from appliance.core.budget import Bonus, Budget
from appliance.core.device import THINGS, Device, DeviceKind
from appliance.core.house import Classifier, House, OwnService
from appliance.core.matcher import NOTHING, Matcher
from appliance.core.person import KnownNames, Mode, Person, Setting
from appliance.core.said import Things
from appliance.core.schedule import DateException, Schedule, Window
from appliance.core.subject import CHILD_TTL_S, MAX_TTL_S, Compiler, Open, Subject, Word
from appliance.core.verdict import Letter
from tests.core.builders import (
    AFTERNOON,
    AT,
    BANDS,
    BERLIN,
    RULES,
    TODAY,
    adult,
    child,
    device,
    grant,
    lifted,
    minutes_from_now,
    own,
    pause,
)


def of(person: Person, one: Device | None = None, **said: Any) -> Subject:
    """Return the subject of a person in a house."""
    return Compiler.of(House(persons=(person,), **said), RULES, BERLIN).person(person, one)


def of_unknown(house: House) -> Subject:
    """Return the subject of a device that nobody named."""
    return Compiler.of(house, RULES, BERLIN).unknown()


@pytest.mark.parametrize(
    ("word", "parents", "tags", "expected"),
    [
        (Word(0, 1, is_pause=True), ("a.example",), frozenset(), True),
        (Word(0, 1, False, Matcher(names=frozenset({"a.example"}))), ("www.a.example", "a.example"), frozenset(), True),
        (Word(0, 1, False, Matcher(names=frozenset({"a.example"}))), ("b.example",), frozenset({"a.example"}), False),
        (Word(0, 1, False, Matcher(tags=frozenset({"forum"}))), ("a.example",), frozenset({"forum"}), True),
        (Word(0, 1, False, Matcher(tags=frozenset({"forum"}))), ("forum",), frozenset({"games"}), False),
        (Word(0, 1, False, NOTHING), ("forum",), frozenset({"games"}), False),
    ],
)
def test_a_word_is_about_a_name_a_tag_or_everything(
    word: Word, parents: tuple[str, ...], tags: frozenset[str], *, expected: bool
) -> None:
    """And about nothing else; a group without services is about nothing."""
    assert expected == word.covers(parents, tags)


GRANTS: list[tuple[dict[str, Any], str, Matcher | None]] = [
    ({}, "", None),
    ({"time": True}, "", None),
    ({"name": "a.example"}, "a.example", Matcher(names=frozenset({"a.example"}))),
    ({"service": "chat"}, "service:chat", Matcher(tags=frozenset({"#service:chat"}))),
    ({"group": "talk"}, "group:talk", Matcher(tags=frozenset({"#service:chat", "#service:gossip"}))),
    ({"group": "none"}, "group:none", NOTHING),
    ({"category": "forum"}, "category:forum", Matcher(tags=frozenset({"forum"}))),
]


@pytest.mark.parametrize(("what", "said", "about"), GRANTS)
def test_a_grant_becomes_a_word(what: dict[str, Any], said: str, about: Matcher | None) -> None:
    """About just its thing; of extra time it is known who took it."""
    (word,) = of(child(), grants=(grant(-5, 20, **what),)).words
    assert word == Word(AT - 300, AT + 1200, False, about, said, is_time="time" in what)
    (grace,) = of(child(), grants=(grant(time=True, grace=True),)).words
    assert (grace.is_time, grace.is_grace) == (True, True)


def test_minutes_are_no_word_but_a_bonus() -> None:
    """With what budget they are for, how many, and while they hold."""
    subject = of(child(), grants=(grant(-5, 20, minutes=-15, budget="service:tube"), grant(person="lou", minutes=5)))
    assert (subject.words, subject.bonuses) == ((), (Bonus("service:tube", -15, AT - 300, AT + 1200),))
    assert subject.changes == (AT - 300, AT + 1200)


def test_what_was_lifted_is_a_persons_or_everybodys() -> None:
    """A category for the one child, a name for the whole house; its begin and end are changes."""
    said = (lifted(-30, -10, 60), lifted(person="lou"), lifted(name="malware.example", by=("Dana",)))
    category = Open(AT - 600, AT + 3600, "pornography", None)
    name = Open(AT - 1800, float("inf"), None, "malware.example")
    assert of(child(), lifted=said).lifted == (category, name)
    assert of(child(), lifted=said).changes == (AT - 1800, AT - 600, AT + 3600)
    assert of(adult(), lifted=said).lifted == (name,)
    assert of(child(), device(DeviceKind.ADULT), lifted=said).lifted == (name,)
    assert of_unknown(House(lifted=said)).lifted == (name,)


def test_a_service_is_set_by_itself_or_with_its_group() -> None:
    """Its own setting goes before that of its group; a house's own services are of the group too."""
    person = child(groups={"talk": Setting.BLOCK, "video": Setting.ASK}, services={"chat": Setting.TIMED})
    own_service = OwnService(id="club", name="Club", domains=("club.example",), group="talk")
    assert of(person, services=(own_service,)).services == {
        "#service:chat": Letter.T,
        "#service:gossip": Letter.B,
        "#service:club": Letter.B,
        "#service:tube": Letter.K,
        "#service:clips": Letter.K,
    }


def test_a_service_that_is_a_way_around_is_known_as_one() -> None:
    """Where it is set; on a managed device it isn't, because nobody touches an employer's tunnel."""
    person = child(services={"tunnel": Setting.BLOCK, "chat": Setting.ALLOW, "lane": Setting.ALLOW})
    lane = OwnService(id="lane", name="Lane", domains=("lane.example",), category="bypass_relay")
    found = of(person, services=(lane, OwnService(id="x", name="X", domains=("x.example",))))
    assert found.ways_around == {"#service:tunnel", "#service:lane"}
    managed = of(person, device(DeviceKind.MANAGED), services=(lane,))
    assert managed.services == {"#service:chat": Letter.A}


def test_what_windows_speak_of_is_ready() -> None:
    """Of the week and of exceptions."""
    homework = Window(name="Homework", start="14:00", end="16:00", allow=Things(groups=("talk",)))
    free = Window(name="Free", start="14:00", end="16:00", internet=True, block=Things(names=("a.example",)))
    holiday = DateException(name="Holiday", first=TODAY, last=TODAY, windows=(free,))
    found = of(child(windows=(homework,), exceptions=(holiday,))).matchers
    assert found == {
        Things(): NOTHING,
        homework.allow: Matcher(tags=frozenset({"#service:chat", "#service:gossip"})),
        free.block: Matcher(names=frozenset({"a.example"})),
    }


def test_budgets_know_what_they_are_about() -> None:
    """Everything, or some tags; none on a managed device or an adult's, and the day begins as the house says."""
    said = tuple(
        Budget(what=what, minutes=9) for what in ("everything", "service:tube", "group:talk", "category:forum")
    )
    subject = of(child(budgets=said), day_starts="04:15")
    assert [(budget.what, about) for budget, about in subject.budgets] == [
        ("everything", None),
        ("service:tube", {"#service:tube"}),
        ("group:talk", {"#service:chat", "#service:gossip"}),
        ("category:forum", {"forum"}),
    ]
    assert (subject.day_starts, subject.person) == ("04:15", "kim")
    for kind in (DeviceKind.MANAGED, DeviceKind.ADULT):
        assert of(child(budgets=said), device(kind)).budgets == ()


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


SCORED: list[tuple[bool | None, str]] = [(None, "6-9 10-12"), (True, "6-9 10-12 13-15"), (False, "")]


@pytest.mark.parametrize(("said", "bands"), SCORED)
@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("kind", [None, *DeviceKind])
def test_who_is_scored(said: bool | None, bands: str, is_on: bool, kind: DeviceKind | None) -> None:
    """6 to 12 unless said otherwise, 13 to 15 if said so, nobody else; nor on a managed device or where it is off."""
    one = None if kind is None else device(kind)
    found = [
        band for band in BANDS if of(child(band, risky_names=said), one, classifier=Classifier(on=is_on)).is_scored
    ]
    is_theirs = kind not in (DeviceKind.MANAGED, DeviceKind.ADULT)
    assert found == (bands.split() if is_on and is_theirs else [])


@pytest.mark.parametrize("choice", [*BANDS, "filtered", "closed"])
def test_neither_adults_nor_strangers_are_scored(choice: str) -> None:
    """Whatever band a device that nobody named is taken for, and on whatever device an adult is."""
    assert not of_unknown(House(unknown_devices=choice)).is_scored
    for one in (None, *map(device, DeviceKind)):
        assert not of(adult(), one, unknown_devices=choice).is_scored


def test_answers_to_guesses_score_nobody() -> None:
    """They say how sure one must be, not about whom."""
    said = Classifier(steps={"forum": -4})
    assert [band for band in BANDS if of(child(band), classifier=said).is_scored] == ["6-9", "10-12"]


def test_only_0_to_9_have_rules_that_reach_information() -> None:
    """From ten on it is the child's own."""
    assert [band for band in BANDS if of(child(band)).own_rule_reaches_information] == ["0-5", "6-9"]


def test_only_adults_keep_a_reply_for_long() -> None:
    """A change is to be felt by children and by devices that nobody named."""
    house = House()
    assert [subject.ttl_cap_s for subject in (of(child()), of(adult()), of_unknown(house))] == [
        CHILD_TTL_S,
        MAX_TTL_S,
        CHILD_TTL_S,
    ]


HOUSE = House(
    unknown_devices="13-15",
    persons=(
        child(
            windows=(AFTERNOON,),
            rules=(own("a.example", "block"),),
            services={"tunnel": Setting.ALLOW},
            budgets=(Budget(minutes=9),),
        ),
        Person(id="lou", name="Lou", band="13-15", risky_names=True),
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
    grants=(grant(), grant(person="lou"), grant(minutes=9)),
    lifted=(lifted(), lifted(name="malware.example")),
)


def test_subjects_of_one_key_are_one() -> None:
    """What is remembered under a key holds for all who share it."""
    seen: dict[str, Subject] = {}
    compiler = Compiler.of(HOUSE, RULES, BERLIN)
    subjects = [
        compiler.unknown(),
        *(compiler.device(one) for one in HOUSE.devices),
        *(compiler.person(one) for one in HOUSE.persons),
    ]
    for subject in subjects:
        known = seen.setdefault(subject.key, subject)
        for field in fields(Subject):
            one, other = getattr(known, field.name), getattr(subject, field.name)
            if isinstance(one, Schedule):
                one, other = (schedule.between(TODAY, TODAY) for schedule in (one, other))
            assert one == other, (subject.key, field.name)
    assert 10 < len(seen) < len(subjects)


def test_a_device_of_a_person_who_left_is_unknown() -> None:
    """A dangling id gives what nobody's device gets."""
    house = House(devices=(device(person="gone"),))
    compiler = Compiler.of(house, RULES, BERLIN)
    of_nobody, found = compiler.unknown(), compiler.device(house.devices[0])
    assert replace(found, schedule=of_nobody.schedule) == of_nobody
    assert not found.schedule


def test_closed_keeps_what_is_protected_and_hard() -> None:
    """All else is blocked, without a list of it."""
    letters = of_unknown(House(unknown_devices="closed")).letters
    assert {Letter.B, Letter.P, Letter.H} == set(letters.values())
    assert {"malware_phishing", "csam"} == {id_ for id_, letter in letters.items() if letter is Letter.H}
    assert [id_ for id_, letter in letters.items() if letter is Letter.P] == ["mental_health"]


def test_who_is_kept_to_known_addresses() -> None:
    """Or watched for it: a child of whom a caregiver said so, on what people use."""
    for known in KnownNames:
        one = child(known_names_only=known)
        assert (
            of(one).is_known_only == of(one, device(DeviceKind.LAPTOP)).is_known_only == (known is not KnownNames.OFF)
        )
        assert not any(of(one, device(kind)).is_known_only for kind in (*THINGS, DeviceKind.MANAGED, DeviceKind.ADULT))
    assert not of(adult()).is_known_only
