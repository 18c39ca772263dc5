"""A child or an adult of the house, and what the caregivers said about one."""

from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core import names
from appliance.core.budget import Budget
from appliance.core.document import Path
from appliance.core.said import CATEGORY, GROUP, NOTHING_SAID, SERVICE, Id, Moment, Said, Text, Things
from appliance.core.schedule import DateException, Window
from appliance.core.verdict import Letter

BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")
MAX_GRACE = 30

Pairs = Collection[tuple[str, str]]
"""(category, band)."""


class Setting(Enum):
    """What a caregiver may set a category to."""

    ALLOW = "allow"
    TIMED = "timed"
    SAFE = "safe"
    SAFE_TIMED = "safe-timed"
    ASK = "ask"
    BLOCK = "block"


LETTERS: dict[Setting, Letter] = {
    Setting.ALLOW: Letter.A,
    Setting.TIMED: Letter.T,
    Setting.SAFE: Letter.S,
    Setting.SAFE_TIMED: Letter.ST,
    Setting.ASK: Letter.K,
    Setting.BLOCK: Letter.B,
}


class PersonKind(Enum):
    """A child has a band; an adult is not filtered but for what harms everyone."""

    CHILD = "child"
    ADULT = "adult"


class Mode(Enum):
    """What becomes of a name that nothing knows."""

    OPEN = "open"
    ASK = "ask"
    ALLOW_LIST = "allow-list"


class Do(Enum):
    """What a person's own rule does."""

    ALLOW = "allow"
    BLOCK = "block"


class Level(Enum):
    """What a search engine or a video site is set to."""

    OFF = "off"
    MODERATE = "moderate"
    STRICT = "strict"
    BLOCK = "block"


class Unwatched(Enum):
    """What becomes of new connections while the inspector of packets is away, or can't keep up."""

    OPEN = "open"
    CLOSED = "closed"


class KnownNames(Enum):
    """Whether new connections may go to addresses that this box never gave the device for a name."""

    OFF = "off"
    """They may."""
    WATCH = "watch"
    """They may, and it is told what would have been refused: to see whether one can do without."""
    ON = "on"
    """They may not."""


class Rule(Said, frozen=True):
    """A person's own rule for a name and all below it."""

    name: str
    do: Do
    until: Moment | None = None

    def __post_init__(self) -> None:
        """Bring the name to normal form."""
        force_setattr(self, "name", names.normalise(self.name))


UNCOUNTED = Things(categories=("education",))
"""What no budget counts or stops, where nothing else is said."""


class Person(Said, frozen=True):
    """A child or an adult of the house."""

    id: Id
    name: Text
    kind: PersonKind = PersonKind.CHILD
    band: str | None = None
    unknown_names: Mode | None = None
    """What becomes of names that nothing knows; by default as the band has it."""
    risky_names: bool | None = None
    """Whether the classifier may ask about such a name: at 6-12 unless said otherwise, at 13-15 if said so."""
    categories: dict[Id, Setting] = {}
    services: dict[Id, Setting] = {}
    groups: dict[Id, Setting] = {}
    """A group of services as one switch, those that it gets later too; a service's own setting goes before it."""
    safe_search: dict[Id, Level] = {}
    """Engine → level; one that is not here is as the band has it."""
    rules: tuple[Rule, ...] = ()
    windows: tuple[Window, ...] = ()
    exceptions: tuple[DateException, ...] = ()
    """Applied in this order: of two for one date the later has the last word."""
    budgets: tuple[Budget, ...] = ()
    uncounted: Things = UNCOUNTED
    """No minute of it counts against a budget, and no spent budget stops it."""
    always_on: Things = NOTHING_SAID
    """What neither windows nor spent budgets stop: school, music, calls."""
    grace_minutes: Annotated[int, msgspec.Meta(ge=0, le=MAX_GRACE)] = 0
    """So long the child may go on once an evening when time is up, to finish a match; 0 not at all."""
    unwatched: Unwatched = Unwatched.OPEN
    """Where the box is the gateway."""
    known_names_only: KnownNames = KnownNames.OFF
    """Where the box is the gateway."""

    def __post_init__(self) -> None:
        """Want one of the five bands for a child, none for an adult; services have no safe mode of their own."""
        if self.kind is PersonKind.CHILD and self.band not in BANDS:
            raise ValueError(f"a child needs a band: one of {', '.join(BANDS)}")
        of_children = (
            self.band, self.categories, self.services, self.groups, self.safe_search, self.windows, self.exceptions,
            self.budgets, self.unknown_names, self.grace_minutes, self.unwatched is not Unwatched.OPEN,
            self.known_names_only is not KnownNames.OFF, self.risky_names is not None,
        )  # fmt: skip
        if self.kind is PersonKind.ADULT and any(of_children):
            raise ValueError("an adult has no band, categories, services, windows or budgets: adults are not filtered")
        for setting in (*self.services.values(), *self.groups.values()):
            if setting in (Setting.SAFE, Setting.SAFE_TIMED):
                raise ValueError("a service is set to allow, timed, ask or block; safe modes stand in safe_search")
        whats = [budget.what for budget in self.budgets]
        if len(set(whats)) < len(whats):
            raise ValueError("two budgets for the same thing: each has a day and a week of its own")


class Known(msgspec.Struct, frozen=True):
    """What ids there are in a house: those of the rules and its own."""

    categories: Collection[str]
    services: Mapping[str, str]
    """Service → category; empty for none."""
    groups: Collection[str]
    engines: Mapping[str, Collection[Level]]
    """Engine → the levels it can be set to."""
    hard: Pairs
    """What one caregiver can't lift alone."""
    protected: Pairs = ()
    """What no setting reaches."""
    unfed: Collection[str] = ()
    """Categories of which no subscribed list says what belongs to them."""
    reserved: Collection[str] = frozenset()
    """Names that are answered as the internet has them, with all below them: help lines and what is protected."""


def problems(person: Person, known: Known) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a person in the light of what there is: the place and the words."""
    yield from _setting_problems(person, known)
    for field, things in (("always_on", person.always_on), ("uncounted", person.uncounted)):
        yield from thing_problems((field,), things, known)
    for number, budget in enumerate(person.budgets):
        yield from what_problems(("budgets", number, "what"), budget.what, known)
    for place, window in _windows(person):
        yield from thing_problems((*place, "block"), window.block, known)
        yield from thing_problems((*place, "allow"), window.allow, known)
        for index, category in enumerate(window.block.categories):
            if (category, person.band) in known.protected:
                text = f"{category} at {person.band} is protected: bedtime stops it, but no block of its own"
                yield (*place, "block", "categories", index), text
        yield from _hard_problems((*place, "allow"), window.allow, person, known)
    taken = {window.name for window in person.windows}
    for number, exception in enumerate(person.exceptions):
        for index, name in enumerate(exception.instead_of or ()):
            if name not in taken | {window.name for one in person.exceptions[:number] for window in one.windows}:
                yield ("exceptions", number, "instead_of", index), f"there is no window {name!r}"


def thing_problems(place: Path, things: Things, known: Known) -> Iterator[tuple[Path, str]]:
    """Yield the things that don't exist."""
    for field, word in (("services", "service"), ("groups", "group"), ("categories", "category")):
        for index, id_ in enumerate(getattr(things, field)):
            if id_ not in getattr(known, field):
                yield (*place, field, index), f"there is no {word} {id_!r}"


def what_problems(place: Path, what: str, known: Known) -> Iterator[tuple[Path, str]]:
    """Yield that what a budget is about doesn't exist."""
    for prefix, field in ((SERVICE, known.services), (GROUP, known.groups), (CATEGORY, known.categories)):
        if what.startswith(prefix) and what.removeprefix(prefix) not in field:
            yield place, f"there is no {prefix[:-1]} {what.removeprefix(prefix)!r}"


def _windows(person: Person) -> Iterator[tuple[Path, Window]]:
    for number, window in enumerate(person.windows):
        yield ("windows", number), window
    for number, exception in enumerate(person.exceptions):
        for index, window in enumerate(exception.windows):
            yield ("exceptions", number, "windows", index), window


def _setting_problems(person: Person, known: Known) -> Iterator[tuple[Path, str]]:
    yield from _category_problems(person, known)
    for service, setting in person.services.items():
        if service not in known.services:
            yield ("services", service), f"there is no service {service!r}"
        elif (known.services[service], person.band) in known.hard and setting is not Setting.BLOCK:
            text = f"{service} at {person.band} is lifted by two caregivers together, not by a setting"
            yield ("services", service), text
    for group in person.groups:
        if group not in known.groups:
            yield ("groups", group), f"there is no group {group!r}"
    for engine, level in person.safe_search.items():
        if engine not in known.engines:
            yield ("safe_search", engine), f"there is no engine {engine!r}"
        elif level not in known.engines[engine]:
            levels = ", ".join(one.value for one in known.engines[engine])
            yield ("safe_search", engine), f"{engine} has no level {level.value!r}; it has {levels}"


def _category_problems(person: Person, known: Known) -> Iterator[tuple[Path, str]]:
    for category, setting in person.categories.items():
        place: Path = ("categories", category)
        if category not in known.categories:
            yield place, f"there is no category {category!r}"
        elif (category, person.band) in known.hard and setting is not Setting.BLOCK:
            yield place, f"{category} at {person.band} is lifted by two caregivers together, not by a setting"
        elif (category, person.band) in known.protected:
            yield place, f"{category} at {person.band} is protected: no setting reaches it"


def _hard_problems(place: Path, things: Things, person: Person, known: Known) -> Iterator[tuple[Path, str]]:
    pairs = [(("categories", index), one, one) for index, one in enumerate(things.categories)]
    pairs += [(("services", index), one, known.services.get(one, "")) for index, one in enumerate(things.services)]
    for where, id_, category in pairs:
        if (category, person.band) in known.hard:
            yield (*place, *where), f"{id_} at {person.band} is lifted by two caregivers together, not by a window"
