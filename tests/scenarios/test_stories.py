"""Evenings in a house, moved by scripted time: each `*.yaml` beside this file is one, and what it says must be so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.core import policy, query
from appliance.core.domainset import DomainSet
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import Step, Verdict
from appliance.world import rules
from tests.scenarios.stage import play
from tests.scenarios.story import StoryError, load, parse

STORIES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.fixture(scope="module")
def book() -> Rulebook:
    """The bundled rules, read once."""
    return rules.load_rulebook()


@pytest.fixture(scope="module")
def bundled(book: Rulebook) -> DomainSet:
    """All names that the rules bring, in one set for all stories."""
    return rules.bundled_set(book)


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_an_evening_goes_as_it_is_told(path: Path, book: Rulebook, bundled: DomainSet) -> None:
    """Each question of each story gets what stands there."""
    assert play(load(path, book), book, bundled) == []


def test_there_are_evenings_enough() -> None:
    """No file is lost by the way."""
    assert len(STORIES) >= 64


HOUSE = """\
about: A test.
date: 2026-11-24
house:
  time_zone: Europe/Berlin
  persons:
    - {id: mia, name: Mia, band: 6-9, windows: [{name: Bedtime, start: "20:00", end: "06:30"}]}
  devices:
    - {id: tablet, person: mia, kind: tablet, macs: ["02:00:00:00:00:01"]}
"""
EVENING = f"""{HOUSE}evening:
  - {{at: 19:59:30, who: tablet, asks: www.example.com, gets: allow, ttl_s: 30, until: "20:00"}}
  - {{at: 20:00, who: tablet, asks: www.example.com, gets: block, why: window Bedtime}}
"""


def test_what_goes_as_told_is_no_fault(book: Rulebook, bundled: DomainSet) -> None:
    """So that what follows shows what is found."""
    assert play(parse(EVENING, "test.yaml", book), book, bundled) == []


OTHERWISE = [
    ("gets: allow", "gets: ask", "line 10: step 1 at 19:59:30: tablet asks www.example.com: the action is"),
    ("ttl_s: 30", "ttl_s: 31", "line 10: step 1 at 19:59:30: tablet asks www.example.com: the TTL is 30, not 31"),
    ('until: "20:00"', "until: never", "the end is '2026-11-24 20:00:00+01:00', not 'never'"),
    ('until: "20:00"', "answer: nodata", "the answer is 'open', not 'nodata'"),
    ('until: "20:00"', "answer: safe.example", "the answer is 'open', not 'safe.example'"),
    ('until: "20:00"', "counted: true", "counted is False, not True"),
    ('until: "20:00"', "traceless: true", "traceless is False, not True"),
    ('until: "20:00"', "says: Nothing.", "the sentence is 'No rule speaks against this name.', not 'Nothing.'"),
    ('until: "20:00"', "tells: Nothing.", "the sentence to the child is 'This is open.', not 'Nothing.'"),
    ('until: "20:00"', "step: own", "the step is"),
    ("why: window Bedtime", "why: window", "line 11: step 2 at 20:00:00: tablet asks www.example.com: the reason is"),
    ("why: window Bedtime", "lifted_by: two", "who lifts it is"),
]


@pytest.mark.parametrize(("told", "instead", "words"), OTHERWISE)
def test_what_goes_otherwise_is_told_with_its_line(
    told: str, instead: str, words: str, book: Rulebook, bundled: DomainSet
) -> None:
    """File, line, step, time and what is different."""
    assert told in EVENING
    wrong = play(parse(EVENING.replace(told, instead), "test.yaml", book), book, bundled)
    assert any(words in line for line in wrong), wrong
    assert all(line.startswith("test.yaml: line 1") for line in wrong)


BAD = [
    ("- {at: 20:00, who: tablet, aks: example.com}", "line 10: evening.#1.aks: unknown key 'aks'"),
    ("- {at: 20:00, who: tablet}", "line 10: evening.#1: a question needs who, asks and gets"),
    ("- {at: 20:00, who: tablet, asks: a.example, gets: open}", "line 10: evening.#1.gets: invalid enum value 'open'"),
    ("- {at: 20:00, pause: {for: 3}, used: {}}", "line 10: evening.#1: a step is a question"),
    ("- {at: 20:00}", "line 10: evening.#1: a step is a question"),
    ("- {at: 20:00, pause: {for: 3}, why: pause}", "line 10: evening.#1: an act gets no answer"),
    ("- {at: 20:00, who: tablet, asks: A.example, gets: allow}", "line 10: 'A.example' is not in normal form"),
    ("- {at: 20:00, who: tablet, asks: a.example, gets: allow, type: B}", "line 10: evening.#1: there is no type 'B'"),
    ("- {at: 20:00, who: tablet, asks: a.example, gets: rewrite}", "a name that is rewritten needs an answer"),
    ("- {pause: {for: 3}}", "line 10: the first step needs a time `at`"),
    ("- {at: 8 pm, pause: {for: 3}}", "line 10: '8 pm' is no time"),
    (
        "- {at: 20:00, pause: {for: 3}}\n  - {at: 19:00, pause: {for: 3}}",
        "line 11: '19:00' is before the step above it",
    ),
    ("- {at: 2026-03-29 02:30, pause: {for: 3}}", "line 10: '2026-03-29 02:30' is skipped by the clock"),
    ("- {at: 2026-10-25 02:30, pause: {for: 3}}", "line 10: '2026-10-25 02:30' is there twice: say its offset"),
    ("- {at: 20:00+02:00, pause: {for: 3}}", "line 10: '20:00+02:00' is not by this house's clock"),
]


@pytest.mark.parametrize(("evening", "words"), BAD)
def test_a_bad_file_is_told_with_its_line(evening: str, words: str, book: Rulebook) -> None:
    """Before anything is played."""
    with pytest.raises(StoryError) as raised:
        parse(f"{HOUSE}evening:\n  {evening}\n", "test.yaml", book)
    assert f"test.yaml: {words}" in str(raised.value) or words in str(raised.value)


HOUSES = [
    ("band: 6-9", "band: 6-10", "line 6: house.persons.#1: a child needs a band"),
    ("person: mia", "person: max", "line 8: there is no person 'max'"),
    ("Europe/Berlin", "Europe/Bonn", "line 4: there is no time zone 'Europe/Bonn'"),
    ("about: A test.", "names: {no-such: [a.example]}", "`about`"),
    ("about: A test.", "about: A test.\nnames: {no-such: [a.example]}", "line 2: there is no category 'no-such'"),
]


@pytest.mark.parametrize(("told", "instead", "words"), HOUSES)
def test_a_bad_house_is_told_with_its_line(told: str, instead: str, words: str, book: Rulebook) -> None:
    """As `kindgate house apply` tells it."""
    with pytest.raises(StoryError) as raised:
        parse(EVENING.replace(told, instead, 1), "test.yaml", book)
    assert words in str(raised.value)


ACTS = [
    ("pause: {person: max, for: 3}", "pauses.0.person: there is no person 'max'"),
    ("pause: {person: mia}", "an end is `for` (minutes) or `until` (a time)"),
    ("pause: {person: mia, for: 3, until: 21:00}", "an end is `for` (minutes) or `until` (a time)"),
    ("grant: {person: mia, wish: pony, for: 3}", "wish"),
    ("rule: {person: mia, name: a.example, do: hide}", "hide"),
    ("lift: {person: mia, category: forum, by: [Dana, Robin]}", "forum is not closed hard for mia"),
    ("house: {persons: [{id: max}]}", "name"),
    ("who: max, asks: a.example, gets: allow", "there is neither a device nor a person 'max'"),
]


@pytest.mark.parametrize(("act", "words"), ACTS)
def test_a_bad_act_is_told_with_its_line(act: str, words: str, book: Rulebook, bundled: DomainSet) -> None:
    """When its turn comes."""
    story = parse(f"{HOUSE}evening:\n  - {{at: 20:00, {act}}}\n", "test.yaml", book)
    with pytest.raises(StoryError) as raised:
        play(story, book, bundled)
    assert str(raised.value).startswith("test.yaml: line 10: step 1 at 20:00:00: ")
    assert words in str(raised.value)


def a_minute_too_long(*_: object) -> int:
    """Keep every reply for as long as a child may at most, and ten seconds more."""
    return 70


def never_ending(*told: Any, **more: Any) -> Verdict:
    """Decide, and don't say until when."""
    return replace(policy.decide(*told, **more), until=None)


def always_soon(*told: Any, **more: Any) -> Verdict:
    """Decide, and name a moment that is over."""
    return replace(policy.decide(*told, **more), until=1.0)


def much_later(*told: Any, **more: Any) -> Verdict:
    """Decide, and name an end an hour after the true one."""
    verdict = policy.decide(*told, **more)
    return replace(verdict, until=None if verdict.until is None else verdict.until + 3600)


def without_help(*told: Any, **more: Any) -> Verdict:
    """Decide, and count who asks for help."""
    verdict = policy.decide(*told, **more)
    return replace(verdict, traceless=False) if verdict.step is Step.HELP else verdict


def once_more(end: float, verdict: Verdict, ttl: int) -> float:
    """Give a finished reply out until the verdict's end, without a thought for its TTL."""
    return end if verdict.until is None else min(end, verdict.until)


FAULTS: list[tuple[str, Callable[..., object], str]] = [
    ("ttl_s", a_minute_too_long, "a TTL of 70 s is above the cap of 60 s"),
    ("ttl_s", a_minute_too_long, "a TTL of 70 s is above the cap of 10 s"),
    ("ttl_s", a_minute_too_long, "a TTL of 70 s outlives the verdict's 30.0 s"),
    ("decide", never_ending, "it never ends, and in 12 hours it is"),
    ("decide", always_soon, "the verdict ended"),
    ("decide", always_soon, "asked again at"),
    ("decide", much_later, "before its end, it is block (window Bedtime)"),
    ("decide", without_help, "the help line gets"),
    ("_last_given", once_more, "the nameserver would give it out again until"),
]


@pytest.mark.parametrize(("name", "fault", "words"), FAULTS)
def test_a_broken_promise_is_found_although_no_story_speaks_of_it(
    name: str,
    fault: Callable[..., object],
    words: str,
    book: Rulebook,
    bundled: DomainSet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What every question is checked for, each broken on purpose."""
    story = parse(EVENING.replace(", ttl_s: 30", "").replace(', until: "20:00"', ""), "test.yaml", book)
    monkeypatch.setattr(query, name, fault)
    wrong = play(story, book, bundled)
    assert any(words in line for line in wrong), wrong
