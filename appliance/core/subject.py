"""What a policy knows of one asker: the house and the rules as they concern one person on one kind of device."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo

from appliance.core import schedule
from appliance.core.house import (
    BANDS,
    LETTERS,
    Device,
    DeviceKind,
    House,
    Mode,
    Person,
    PersonKind,
    Rule,
    Unknown,
)
from appliance.core.rulebook import UNCLASSIFIED, UPDATES, Rulebook
from appliance.core.schedule import Window
from appliance.core.verdict import Letter

ADULT_ROW = "adult"
UNKNOWN_ROW = "unknown"

CHILD_TTL_S = 60
BLOCKED_TTL_S = 10
MAX_TTL_S = 86_400

_CLASSIFIER_BANDS = frozenset(("6-9", "10-12"))
_OWN_RULE_REACHES_INFORMATION = frozenset(("0-5", "6-9"))
_MODES = {Letter.B: Mode.ALLOW_LIST, Letter.K: Mode.ASK}
_THINGS = {DeviceKind.CONSOLE: "console", DeviceKind.TV: "tv", DeviceKind.IOT: "iot"}


@dataclass(frozen=True, slots=True)
class Word:
    """A caregiver's pause or grant, from when it was said until it ends (POSIX seconds)."""

    said_at: float
    until: float
    is_pause: bool
    name: str | None = None
    category: str | None = None
    is_time: bool = False
    """Extra time: it undoes windows and the pauses said before it, and opens nothing."""

    def covers(self, name_parents: Iterable[str], tags: frozenset[str]) -> bool:
        """Say whether the word is about a name with these tags."""
        if self.name is not None:
            return self.name in name_parents
        return self.category is None or self.category in tags


@dataclass(frozen=True, slots=True)
class Subject:
    """One asker, compiled; two devices of one person and of like kind share it, and so all that is remembered of it."""

    key: str
    row: str
    """The band, ``adult`` or ``unknown``: the row of the table that `letters` started from."""
    letters: Mapping[str, Letter]
    """Category → letter; one that is not here is A."""
    mode: Mode = Mode.OPEN
    set_by_hand: frozenset[str] = frozenset()
    """Categories that a caregiver set for this person."""
    rules: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)
    words: tuple[Word, ...] = ()
    windows: tuple[Window, ...] = ()
    always_on_names: frozenset[str] = frozenset()
    always_on_tags: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    """Ids of the subscribed lists without a category."""
    changes: tuple[float, ...] = ()
    """Moments (POSIX seconds, ascending) at which a word or a rule ends."""
    zone: tzinfo | None = None
    is_managed: bool = False
    is_traceless: bool = False
    is_scored: bool = False
    is_closed: bool = False

    @property
    def ttl_cap_s(self) -> int:
        """The longest that a reply may be kept by this asker: short for all but adults, so that a change is felt."""
        return MAX_TTL_S if self.row == ADULT_ROW else CHILD_TTL_S

    @property
    def own_rule_reaches_information(self) -> bool:
        """A caregiver may put protected information off at 0-9 only."""
        return self.row in _OWN_RULE_REACHES_INFORMATION

    def letter(self, category: str) -> Letter:
        """Return the letter of a category."""
        return self.letters.get(category, Letter.A)

    def next_change(self, at: float) -> float | None:
        """Return the next moment (POSIX seconds) at which a decision for this asker could change by itself."""
        moments = [moment for moment in self.changes if moment > at][:1]
        if self.zone is not None:
            change = schedule.next_change(self.windows, self.zone, at)
            if change is not None:
                moments.append(change)
        return min(moments, default=None)


def of_unknown(house: House, rulebook: Rulebook, zone: tzinfo) -> Subject:
    """Return the subject of every device that the house doesn't know."""
    return _of_nobodys(house, rulebook, zone, None)


def _of_nobodys(house: House, rulebook: Rulebook, zone: tzinfo, device: Device | None) -> Subject:
    """Return the subject of a device without a person: the unknown's, but for what its kind and its own pauses say."""
    choice = house.unknown_devices
    row = choice if choice in BANDS else UNKNOWN_ROW
    letters = dict(rulebook.letters[row])
    closed = choice == Unknown.CLOSED.value
    if closed:
        kept = {id_: letter for id_, letter in letters.items() if letter in (Letter.P, Letter.H)}
        letters = dict.fromkeys(rulebook.categories, Letter.B) | kept
    is_managed = device is not None and device.kind is DeviceKind.MANAGED
    words = _words(house, device=device, reaches_all=device is None or not is_managed or device.bedtime)
    manner = _manner(house, device)
    return Subject(
        key=f"unknown:{choice}:{manner}" if manner else f"unknown:{choice}",
        row=row,
        letters=letters,
        mode=Mode.ALLOW_LIST if closed else _mode(letters, None),
        words=words,
        always_on_tags=_updates(device),
        changes=_changes(words, ()),
        zone=zone,
        is_managed=is_managed,
        is_closed=closed,
    )


def of_person(house: House, rulebook: Rulebook, zone: tzinfo, person: Person, device: Device | None = None) -> Subject:
    """Return the subject of a person, on a device if one is given."""
    kind = device.kind if device else None
    if person.kind is PersonKind.ADULT or kind is DeviceKind.ADULT:
        return _of_adult(house, rulebook, zone, person, device)
    row = str(person.band)
    by_band = rulebook.letters[row]
    # A setting neither lifts nor softens an H, and no switch turns protected information off.
    settings = {id_: one for id_, one in person.categories.items() if by_band.get(id_) not in (Letter.H, Letter.P)}
    letters = by_band | {id_: LETTERS[setting] for id_, setting in settings.items()}
    is_managed = kind is DeviceKind.MANAGED
    in_time = device is None or not is_managed or device.bedtime
    words = _words(house, paused=person if in_time else None, granted=person, device=device, reaches_all=in_time)
    return Subject(
        key=f"person:{person.id}:{_manner(house, device)}",
        row=row,
        letters=letters,
        mode=_mode(letters, person.unknown_names),
        set_by_hand=frozenset(settings),
        rules=_rules(person),
        words=words,
        windows=person.windows if in_time else (),
        always_on_names=frozenset(person.always_on.names),
        always_on_tags=frozenset(person.always_on.categories) | _updates(device),
        changes=_changes(words, person.rules),
        zone=zone,
        is_managed=is_managed,
        is_scored=row in _CLASSIFIER_BANDS and not is_managed,
    )


def of_device(house: House, rulebook: Rulebook, zone: tzinfo, device: Device) -> Subject:
    """Return the subject of a device: its person's, an adult's, or the unknown's where it is nobody's."""
    owner = next((person for person in house.persons if person.id == device.person), None)
    if owner is not None:
        return of_person(house, rulebook, zone, owner, device)
    if device.kind is DeviceKind.ADULT:
        return _of_adult(house, rulebook, zone, None, device)
    return _of_nobodys(house, rulebook, zone, device)


def _of_adult(house: House, rulebook: Rulebook, zone: tzinfo, person: Person | None, device: Device | None) -> Subject:
    words = _words(house, paused=person, granted=person, device=device, reaches_all=False)
    return Subject(
        key=f"adult:{person.id if person else ''}:{_manner(house, device)}",
        row=ADULT_ROW,
        letters=rulebook.letters[ADULT_ROW],
        rules=_rules(person) if person else {},
        words=words,
        changes=_changes(words, person.rules if person else ()),
        zone=zone,
        is_traceless=True,
    )


def _updates(device: Device | None) -> frozenset[str]:
    """Return the tags of the updates that bedtime and pauses don't stop: those of devices without a browser."""
    if device is None or device.kind not in _THINGS:
        return frozenset()
    return frozenset((UPDATES + _THINGS[device.kind], UPDATES + "system"))


def _manner(house: House, device: Device | None) -> str:
    """Return what makes two devices of one person differ: their kind where it matters, a pause of their own."""
    if device is None:
        return ""
    kind = device.kind.value if device.kind in (*_THINGS, DeviceKind.MANAGED, DeviceKind.ADULT) else ""
    own_pause = any(pause.device == device.id for pause in house.pauses)
    return f"{kind}{'+bedtime' if device.bedtime else ''}{':' + device.id if own_pause else ''}"


def _mode(letters: Mapping[str, Letter], chosen: Mode | None) -> Mode:
    return chosen or _MODES.get(letters.get(UNCLASSIFIED, Letter.A), Mode.OPEN)


def _rules(person: Person) -> dict[str, tuple[Rule, ...]]:
    rules: dict[str, tuple[Rule, ...]] = {}
    for rule in person.rules:
        rules[rule.name] = (*rules.get(rule.name, ()), rule)
    return rules


def _words(
    house: House,
    *,
    paused: Person | None = None,
    granted: Person | None = None,
    device: Device | None = None,
    reaches_all: bool = True,
) -> tuple[Word, ...]:
    """Return the pauses and grants that reach a person on a device, the latest said first.

    A pause of the whole house (`reaches_all`) is for children and strangers, not for adults.
    """
    words = [
        Word(pause.said_at.timestamp(), pause.until.timestamp(), is_pause=True)
        for pause in house.pauses
        if (reaches_all and pause.person is None and pause.device is None)
        or (paused is not None and pause.person == paused.id)
        or (device is not None and pause.device == device.id)
    ]
    words += [
        Word(grant.said_at.timestamp(), grant.until.timestamp(), False, grant.name, grant.category, grant.time)
        for grant in house.grants
        if granted is not None and grant.person == granted.id
    ]
    return tuple(sorted(words, key=lambda word: word.said_at, reverse=True))


def _changes(words: tuple[Word, ...], rules: tuple[Rule, ...]) -> tuple[float, ...]:
    moments = {moment for word in words for moment in (word.said_at, word.until)}
    moments |= {rule.until.timestamp() for rule in rules if rule.until is not None}
    return tuple(sorted(moments))
