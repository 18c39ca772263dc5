"""An evening in a house, as a YAML file tells it: who lives there, what is said and used, and what each asker gets.

    about: One sentence.
    date: 2026-11-24                     # of all times without a date
    house: {...}                         # just what `kindgate house apply` takes
    names: {forum: [board.example]}      # more names than the rules bring, by category
    aliases: {shop.example: ads.example} # what the upstream answers by a CNAME; each other name has its own address
    addresses: {ads.example: 192.0.2.66} # but for these
    lists: {ours: "||ads.example^"}      # what is in the lists of the house, by id; one that isn't here never came
    evening: [...]                       # steps in the order of time

A step has a time `at` by the house's clock: `20:59`, `20:59:30` or `2026-11-25 06:30`, with its offset where the clock
shows it twice (`02:30+01:00`); without one it happens when the step before does. It is a question or an act.

A question: `who` (the id of a device or of a person, or `stranger`) `asks` for a name, of a `type` (A), and `gets` an
action: allow, rewrite, ask, block. What else is written is compared too:

* `step` of the order of decision; `why`, the reason's code and its arguments: `category_block forum 6-9`
* `says`, the reason to a caregiver; `tells`, the reason to the child
* `answer`: `open` (the name's own addresses), `closed` (0.0.0.0 or ::), `nodata`, `nxdomain`, an address, or the name
  whose addresses answer in its place; where nothing is written, what goes with the action
* `ttl_s` of the reply; `until` (a time, or `never`); `counted`; `traceless`; `lifted_by` (nobody, one, two, owner)

An act is one of these; where it has an end, that is `for` (minutes) or `until` (a time).

* `pause: {person: mia, for: 30}`, or a device, or neither: the house
* `grant: {person: mia, service: youtube, for: 15}`, and what else a grant of a house can be
* `lift: {person: mia, category: gambling, by: [Dana, Robin]}`; by one alone it begins 24 hours later
* `rule: {person: mia, name: example.com, do: block}`
* `used: {mia: {everything: 40}}`, the minutes counted for the day, or `{day: 40, week: 90, carried: 5}`
* `house: {...}`, parts of the house as they are from now on: persons and devices by id and key, all else whole
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path
from re import compile as regex
from typing import Any

import msgspec

from appliance.core import house as houses
from appliance.core import names
from appliance.core.budget import Used
from appliance.core.document import Document, DocumentError
from appliance.core.document import Path as Place
from appliance.core.house import House
from appliance.core.rulebook import Rulebook
from appliance.core.verdict import Action, Lift, Step
from appliance.core.wire import mnemonics
from appliance.world import clock

STRANGER = "stranger"
NEVER = "never"
ACTS = ("pause", "grant", "lift", "rule", "used", "house")
EXPECTED = ("step", "why", "says", "tells", "answer", "ttl_s", "until", "counted", "traceless", "lifted_by")

_TIME = regex(r"(?:(\d{4}-\d\d-\d\d) )?([012]\d:[0-5]\d(?::[0-5]\d)?)([+-]\d\d:\d\d)?\Z")

Plain = dict[str, Any]
"""A mapping as it was written."""


class StoryError(ValueError):
    """This file tells no evening: file, line and what is wrong, one a line."""


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step of an evening, as it was written."""

    at: str | None = None
    who: str | None = None
    asks: str | None = None
    type: str = "A"
    gets: Action | None = None
    step: Step | None = None
    why: str | None = None
    says: str | None = None
    tells: str | None = None
    answer: str | None = None
    ttl_s: int | None = None
    until: str | None = None
    counted: bool | None = None
    traceless: bool | None = None
    lifted_by: Lift | None = None
    pause: Plain | None = None
    grant: Plain | None = None
    lift: Plain | None = None
    rule: Plain | None = None
    used: dict[str, dict[str, int | Used]] | None = None
    house: Plain | None = None

    def __post_init__(self) -> None:
        """Want a question or one act, whole."""
        acts = [act for act in ACTS if getattr(self, act) is not None]
        asked = (self.who, self.asks, self.gets)
        if len(acts) + (asked != (None, None, None)) != 1:
            raise ValueError(f"a step is a question (who, asks, gets) or one act ({', '.join(ACTS)})")
        if acts and any(getattr(self, expected) is not None for expected in EXPECTED):
            raise ValueError("an act gets no answer: what is expected stands with a question")
        if not acts and None in asked:
            raise ValueError("a question needs who, asks and gets")
        if self.type not in mnemonics.QTYPES:
            raise ValueError(f"there is no type {self.type!r}")
        if self.gets is Action.REWRITE and self.type in ("A", "AAAA") and self.answer is None:
            raise ValueError("a name that is rewritten needs an answer: the name whose addresses it gets")


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    about: str
    date: date
    house: House
    names: dict[str, tuple[str, ...]] = {}
    aliases: dict[str, str] = {}
    addresses: dict[str, str] = {}
    lists: dict[str, str] = {}
    evening: tuple[Turn, ...]


class Story(msgspec.Struct, frozen=True):
    """What a file tells, checked; `plain` is its house as it was written."""

    file: str
    about: str
    plain: Plain
    zone: tzinfo
    names: dict[str, tuple[str, ...]]
    aliases: dict[str, str]
    addresses: dict[str, str]
    lists: dict[str, str]
    turns: tuple[Turn, ...]
    moments: tuple[float, ...]
    """When each turn is (POSIX seconds)."""
    lines: tuple[int, ...]
    """Where each turn stands."""

    def place(self, number: int) -> str:
        """Return where a turn stands, as messages begin."""
        shown = datetime.fromtimestamp(self.moments[number], self.zone).strftime("%H:%M:%S")
        return f"{self.file}: line {self.lines[number]}: step {number + 1} at {shown}"


def load(path: Path, book: Rulebook) -> Story:
    """Return the story of a file. Raises StoryError with every line at fault."""
    return parse(path.read_text(encoding="utf-8"), path.name, book)


def parse(text: str, file: str, book: Rulebook) -> Story:
    """Return the story of a text. Raises StoryError with every line at fault."""
    try:
        document = Document(text)
        told = document.to(_File)
        _refuse((document.line(place), words) for place, words in _problems(told, book))
        zone = clock.zone(told.house.time_zone)
        lines = tuple(document.line(("evening", number)) for number in range(len(told.evening)))
        moments = _moments(told, zone, lines)
    except DocumentError as error:
        raise StoryError("\n".join(f"{file}: line {line}: {words}" for line, words in error.problems)) from error
    plain = document.value["house"] if isinstance(document.value, dict) else {}
    return Story(
        file=file,
        about=told.about,
        plain=plain,
        zone=zone,
        names=told.names,
        aliases=told.aliases,
        addresses=told.addresses,
        lists=told.lists,
        turns=told.evening,
        moments=moments,
        lines=lines,
    )


def moment(text: str, day: date, zone: tzinfo) -> float:
    """Return a time as a step writes it, in POSIX seconds. Raises ValueError, also for one that no clock shows."""
    match = _TIME.match(text)
    if not match:
        raise ValueError(f"{text!r} is no time: HH:MM or HH:MM:SS, after a date if need be")
    local = datetime.fromisoformat(f"{match[1] or day.isoformat()}T{match[2]}{match[3] or ''}")
    if match[3]:
        shown = local.astimezone(zone)
        if shown.utcoffset() != local.utcoffset():
            raise ValueError(f"{text!r} is not by this house's clock, which shows {shown:%H:%M%z}")
        return local.timestamp()
    first, second = (local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if first != second:
        is_gap = datetime.fromtimestamp(first, zone).replace(tzinfo=None) != local
        raise ValueError(f"{text!r} is {'skipped by the clock' if is_gap else 'there twice: say its offset'}")
    return first


def end(given: Plain, at: float, zone: tzinfo) -> float:
    """Return the end that an act was given: `for` so many minutes, or when the clock next shows `until`."""
    if ("for" in given) == ("until" in given):
        raise ValueError("an end is `for` (minutes) or `until` (a time)")
    if "for" in given:
        return at + timedelta(minutes=given["for"]).total_seconds()
    return next_shown(str(given["until"]), at, zone)


def next_shown(text: str, at: float, zone: tzinfo) -> float:
    """Return when (POSIX seconds) a clock that shows `at` shows a time next, or a dated one."""
    today = datetime.fromtimestamp(at, zone).date()
    found = moment(text, today, zone)
    return found if found > at or "-" in text[:5] else moment(text, today + timedelta(days=1), zone)


def _problems(told: _File, book: Rulebook) -> Iterator[tuple[Place, str]]:
    yield from ((("house", *place), words) for place, words in houses.problems(told.house, book.known))
    for category in told.names:
        if category not in book.categories:
            yield ("names", category), f"there is no category {category!r}"
    for number, turn in enumerate(told.evening):
        if turn.asks is not None and names.normalise(turn.asks) != turn.asks:
            yield ("evening", number, "asks"), f"{turn.asks!r} is not in normal form"
    try:
        clock.zone(told.house.time_zone)
    except clock.UnknownZone as error:
        yield ("house", "time_zone"), str(error)


def _moments(told: _File, zone: tzinfo, lines: tuple[int, ...]) -> tuple[float, ...]:
    """Return when each step is. Raises DocumentError."""
    found: list[float] = []
    wrong: list[tuple[int, str]] = []
    for turn, line in zip(told.evening, lines, strict=True):
        before = found[-1] if found else None
        try:
            at = before if turn.at is None else moment(turn.at, told.date, zone)
        except ValueError as error:
            wrong.append((line, str(error)))
            continue
        if at is None:
            wrong.append((line, "the first step needs a time `at`"))
            continue
        if before is not None and at < before:
            wrong.append((line, f"{turn.at!r} is before the step above it"))
        found.append(at)
    _refuse(wrong)
    return tuple(found)


def _refuse(wrong: Iterable[tuple[int, str]]) -> None:
    found = list(wrong)
    if found:
        raise DocumentError(found)
