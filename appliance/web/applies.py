"""What applies to one asker, as the child's page tells it: the day, kinds of sites, own rules, passes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import Enum

from appliance.core.device import Device
from appliance.core.house import House, Unknown
from appliance.core.person import Do, Mode, Person
from appliance.core.rulebook import BYPASS, UNCLASSIFIED, Category, Rulebook
from appliance.core.schedule import Window
from appliance.core.subject import ADULT_ROW, Subject
from appliance.core.subscription import ListKind
from appliance.core.verdict import TERMS, Letter, Strictness
from appliance.web import drawing, list_look
from appliance.wording import Names

MAX_PARTS = 24
"""So many parts of a day are told at most."""


class Known(Enum):
    """Who holds the device, as far as the box knows."""

    NO_HOUSE = "no house"
    NOT_KNOWN = "not known"
    """Nobody named the device yet."""
    NOBODYS = "nobody's"
    """It has a name and no person."""
    MANAGED = "managed"
    ADULT = "adult"
    CHILD = "child"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a day (POSIX seconds): a window by its name, or (empty) free; how it looks, and what it means."""

    start: float
    end: float
    window: str
    tone: str = "free"
    icon: str = "sun"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Kinds of sites by what happens to them, each by its name."""

    closed: tuple[str, ...]
    ask: tuple[str, ...]
    safe: tuple[str, ...]
    counted: tuple[str, ...]
    by_caregiver: frozenset[str]
    """Those of them that a caregiver set; the rest come with the age."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that others keep and that holds here; what it says, in a sentence."""

    name: str
    says: str
    is_opening: bool


@dataclass(frozen=True, slots=True)
class Own:
    """A caregiver's rule for one name: open or closed, until a time (POSIX seconds) or for good."""

    name: str
    is_open: bool
    until: float | None


def known_as(has_house: bool, device: Device | None, person: Person | None, subject: Subject) -> Known:
    """Return who holds a device; a person without one is looked at by a caregiver."""
    if subject.row == ADULT_ROW:
        return Known.ADULT
    if subject.is_managed:
        return Known.MANAGED
    if person is not None:
        return Known.CHILD
    if device is not None:
        return Known.NOBODYS
    return Known.NOT_KNOWN if has_house else Known.NO_HOUSE


def day_of(subject: Subject, at: float, zone: tzinfo) -> tuple[Part, ...]:
    """Return the parts of the day, from midnight to midnight by the house's clock, as windows divide it."""
    midnight = datetime.fromtimestamp(at, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()
    if not subject.schedule:
        return (Part(start, end, ""),)
    parts: list[Part] = []
    while start < end and len(parts) < MAX_PARTS:
        openings = [one.window for one in subject.schedule.open_at(start)]
        found = next((one for one in openings if not one.internet), next(iter(openings), None))
        turns = subject.schedule.next_change(start)
        stop = end if turns is None else min(turns, end)
        part = _part(start, stop, found)
        if parts and parts[-1].window == part.window:
            parts[-1] = replace(part, start=parts[-1].start)
        else:
            parts.append(part)
        start = stop
    return tuple(parts)


def kinds_of(subject: Subject, book: Rulebook) -> Kinds:
    """Return the kinds of sites that are not simply open, by their names; ways around the rules are one kind."""
    found: dict[str, list[str]] = {"closed": [], "ask": [], "safe": [], "counted": []}
    by_hand = set()
    for category in book.categories.values():
        letter = subject.letter(category.id)
        if category.id in (UNCLASSIFIED, "unknown_new", "csam") or letter is Letter.P:
            continue
        terms = TERMS[letter]
        name = _named(category)
        group = {Strictness.HARD: "closed", Strictness.BLOCK: "closed", Strictness.ASK: "ask"}.get(terms.strictness)
        groups = [group] if group else [key for key, on in (("safe", terms.is_safe), ("counted", terms.counted)) if on]
        for key in groups:
            if name not in found[key]:
                found[key].append(name)
        if category.id in subject.set_by_hand:
            by_hand.add(name)
    in_order = {key: tuple(names) for key, names in found.items()}
    return Kinds(**in_order, by_caregiver=frozenset(by_hand))


def own_rules(subject: Subject, at: float) -> tuple[Own, ...]:
    """Return the rules for single names that hold at a time."""
    said = (rule for rules in subject.rules.values() for rule in rules)
    found = (Own(rule.name, rule.do is Do.ALLOW, rule.until.timestamp() if rule.until else None) for rule in said)
    return tuple(one for one in found if one.until is None or one.until > at)


def lists_of(subject: Subject, house: House, names: Names) -> tuple[Listed, ...]:
    """Return the lists that reach somebody, in the house's order."""
    return tuple(
        Listed(one.name, list_look.to_child(one, names), one.kind is ListKind.ALLOW)
        for one in house.lists
        if one.id in subject.lists.plain or one.id in subject.lists.feeds
    )


def opened(subject: Subject, at: float, names: Names) -> Iterator[tuple[str, float]]:
    """Yield what a pass opens at a time, one name or one kind, and until when."""
    for word in subject.words:
        if word.what and word.said_at <= at < word.until:
            yield names.thing(word.what), word.until


def rest_of(subject: Subject) -> str:
    """Return what becomes of sites that nothing knows, in a sentence."""
    if subject.is_closed:
        return "Nothing else is open yet."
    match subject.mode:
        case Mode.ASK:
            return "New sites open after a caregiver says yes."
        case Mode.ALLOW_LIST:
            return "Other sites open when a caregiver allows them."
        case Mode.OPEN if subject.is_scored:
            return "All other sites are open, but for new ones that look risky."
        case Mode.OPEN:
            return "All other sites are open."


def unknown_words(choice: str) -> str:
    """Return what a device gets that nobody named, in a sentence."""
    if choice == Unknown.CLOSED.value:
        return "Until then only help lines and what a device needs to be online are open here."
    if choice == Unknown.FILTERED.value:
        return "Until then sites that harm everyone and sites for grown-ups are closed here. Everything else is open."
    return f"Until then the same holds here as for a child of {choice.replace('-', ' to ')} years."


def _named(category: Category) -> str:
    return "Ways around the rules" if category.id.startswith(BYPASS) else category.name


def _part(start: float, end: float, window: Window | None) -> Part:
    if window is None:
        return Part(start, end, "")
    note = ""
    if window.internet:
        note = "The Internet is on, and minutes don't count" if window.uncounted else "The Internet is on"
        note += "; it may be slow" if window.slow else ""
    return Part(start, end, window.name, *drawing.LOOKS[drawing.kind_of(window)], note=note)
