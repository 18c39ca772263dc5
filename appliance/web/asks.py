"""What a child may ask for, what of it was just closed on its devices, and what a caregiver may answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec

from appliance.core import policy as policies
from appliance.core.device import Device
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.rulebook import MALWARE, NEW, UNCLASSIFIED
from appliance.core.said import CATEGORY, GROUP, SERVICE
from appliance.core.subject import Subject
from appliance.core.verdict import TERMS, Letter, Lift, Strictness
from appliance.core.visibility import Never, Role, row_of
from appliance.household.labels import Labels, is_wanted
from appliance.store.requests import TIME, Request
from appliance.web import guessed, left, rules
from appliance.web.asked import site_of
from appliance.web.box import Box
from appliance.wording import Names

FIELD = "requests"
DEVICE = "device"
"""What a device asks for that is nobody's: to be somebody's."""
MAX_REASON = 200
MAX_RECENT = 6
RECENT_S = 2 * 3_600
MINUTE_S = 60
ALWAYS, TODAY, NO = "always", "today", "no"
SPANS: Mapping[str, int] = {"15": 15, "60": 60}
"""Answers by minutes."""
_NOBODY_ASKS = frozenset(("trackers_ads", UNCLASSIFIED, MALWARE, NEW))
"""Kinds that pages ask for by themselves, and what says nothing."""
_STOPPED = frozenset(("block", "ask"))
_SITES = 400


class NotAsked(ValueError):
    """This is not asked for, and the words say why."""


class _Entry(msgspec.Struct, frozen=True):
    at: float
    action: str
    device: str | None = None
    category: str | None = None
    name: str | None = None


class _Recent(msgspec.Struct, frozen=True):
    entries: tuple[_Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """Something that was just closed: what one asks for, what it is called, and about when it was."""

    what: str
    words: str
    note: str
    at: float
    looks: str = ""
    """Why one asks first, where nothing but the classifier has it so."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer: its value, its word, and until when it would open (POSIX seconds), None for good."""

    value: str
    text: str
    until: float | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as caregivers see it."""

    request: Request
    person: Person | None
    device: Device | None
    words: str
    icon: str
    choices: tuple[Choice, ...]
    note: str = ""
    href: str = ""
    """Where it is answered, if not here."""
    link: str = ""
    looks: str = ""
    """What the classifier took it for, where it was asked about for that alone."""


def may_ask(of: Box, person: Person | None, device: Device | None) -> bool:
    """Say whether requests of a device exist at all: not of adults', and not of managed ones."""
    return bool(of.contract.may_keep(FIELD, row_of(person, device)))


def read(of: Policy, names: Names, typed: str) -> str:
    """Return what somebody typed who wants something opened: a service by its name, else the site's name.

    Raises NoName and BadName.
    """
    text = " ".join(typed.split())
    for id_, name in names.services.items():
        if text.casefold() in (name.casefold(), id_):
            return f"{SERVICE}{id_}"
    return service_or_site(of, rules.site(text))


def service_or_site(of: Policy, name: str) -> str:
    """Return the service that a name belongs to, as budgets write it, else the name."""
    service = policies.service_of(of.tags(name))
    return f"{SERVICE}{service}" if service is not None else name


def checked(never: Never, of: Policy, subject: Subject, names: Names, what: str, at: float, labels: Labels) -> str:
    """Return what may be asked for by a subject at a time.

    Raises NotAsked for what is open, for what nobody opens, and for what the contract never lets be written down.
    """
    if what in (TIME, DEVICE):
        return what
    known: Mapping[str, Mapping[str, str]] = {
        SERVICE: names.services, GROUP: names.groups, CATEGORY: names.categories,
    }  # fmt: skip
    for prefix, ids in known.items():
        if what.startswith(prefix) and what.removeprefix(prefix) not in ids:
            raise NotAsked("The box does not know that any more.")
    if lift_of(of, subject, what, at) is Lift.NOBODY:
        # Not even that it was asked for is written down.
        raise NotAsked("This stays closed for everybody, and nobody here can open it.")
    if is_silent(never, of, subject, what):
        raise NotAsked(
            "The box writes nothing down about this, so it can't be asked for here. You can ask for more time, or talk"
            " to somebody: the lines on this page are always open."
        )
    # Where the classifier doesn't answer, nobody knows here what it said to the device before.
    if is_open(of, subject, what, at, labels) and not labels.is_silent:
        raise NotAsked(f"{names.thing(what)} is open for you already.")
    return what


def is_silent(never: Never, of: Policy, subject: Subject, what: str) -> bool:
    """Say whether a request for this would write down what is in no field of the contract."""
    hidden = never.categories | never.to_caregivers
    if what.startswith(CATEGORY):
        return what.removeprefix(CATEGORY) in hidden
    if what.startswith(GROUP) or what in (TIME, DEVICE):
        return False
    names = _names_of(of, what.removeprefix(SERVICE)) if what.startswith(SERVICE) else (what,)
    return any(not hidden.isdisjoint(of.tags(name, subject)) for name in names)


def is_open(of: Policy, subject: Subject, what: str, at: float, labels: Labels) -> bool:
    """Say whether what one asks for is open at a time: of a service all of its names."""
    if what.startswith(SERVICE):
        found = [policies.decide(of, subject, name, None, at) for name in _names_of(of, what.removeprefix(SERVICE))]
        return bool(found) and not any(one.is_blocked for one in found)
    if what.startswith((GROUP, CATEGORY)):
        return False
    return not labels.decide(of, subject, what, at).is_blocked


def lift_of(of: Policy, subject: Subject, what: str, at: float) -> Lift:
    """Return who can open what is asked for."""
    if what in (TIME, DEVICE) or what.startswith(GROUP):
        return Lift.ONE
    if what.startswith(CATEGORY):
        letter = subject.letter(what.removeprefix(CATEGORY))
        running = (one for one in subject.lifted if one.begins <= at < one.until)
        is_lifted = any(one.category == what.removeprefix(CATEGORY) for one in running)
        return Lift.TWO if letter is Letter.H and not is_lifted else Lift.ONE
    names = _names_of(of, what.removeprefix(SERVICE)) if what.startswith(SERVICE) else (what,)
    found = [policies.decide(of, subject, name, None, at).lift for name in names]
    for lift in (Lift.NOBODY, Lift.OWNER, Lift.TWO):
        if lift in found:
            return lift
    return Lift.ONE


def recent(of: Box, compiled: Policy, person: Person, device: Device, at: float) -> tuple[Blocked, ...]:
    """Return what was closed on a device in the last hours and still is, as the contract lets the child see it."""
    told = of.ask_steward("recent", person=person.id, role=Role.CHILD.value, device=device.id)
    try:
        entries = msgspec.convert(told, _Recent).entries if told is not None else ()
    except msgspec.ValidationError:
        return ()
    subject = compiled.of_device(device.id)
    entries = tuple(one for one in entries if one.device == device.id and one.action in _STOPPED)
    entries = tuple(one for one in sorted(entries, key=lambda one: -one.at) if one.at >= at - RECENT_S)
    look = _Look(of, compiled, subject, Names.of(of.book, compiled.house), of.labels())
    look.labels.learn(one.name for one in entries if one.name is not None and one.category == NEW)
    found: dict[str, Blocked] = {}
    for entry in entries:
        one = look.blocked(entry, at)
        if one is not None and len(found) < MAX_RECENT:
            found.setdefault(one.what, one)
    return tuple(found.values())


def guess_of(labels: Labels, of: Policy, subject: Subject, what: str, at: float) -> str | None:
    """Return what the classifier takes a name for that is asked for because of that; None for all else."""
    if what in (TIME, DEVICE) or ":" in what:
        return None
    return guessed.category(labels, of, subject, what, at)


def asked(of: Box, compiled: Policy, request: Request, at: float, labels: Labels) -> Asked:
    """Return a request in words, with what may be answered to it."""
    house = compiled.house
    person = next((one for one in house.persons if one.id == request.person), None)
    device = next((one for one in house.devices if one.id == request.device), None)
    names = Names.of(of.book, house)
    if request.what == DEVICE or person is None:
        href = f"/devices/{device.id}" if device is not None else f"/devices/found/{request.device}"
        is_mac = request.device.count(":") == 5
        where = href if device is not None or is_mac else "/devices"
        called = (device.name or device.id) if device is not None else "A device that nobody named"
        return Asked(request, person, device, called, "phone", (), href=where, link="Say whose it is")
    subject = compiled.by_person[person.id]
    lift = lift_of(compiled, subject, request.what, at)
    words, icon = in_words(names, request.what)
    if lift is Lift.TWO:
        note = "One caregiver alone can't open this at this age: two together, or one after 24 hours."
        return Asked(request, person, device, words, icon, (), note, f"/child/{person.id}/closed", "Open it together")
    if lift is Lift.OWNER:
        note = "It is known for malware or phishing. An owner can open it for the whole house, name by name."
        name = next(iter(_names_of(compiled, request.what.removeprefix(SERVICE))), request.what)
        why = f"/why?{urlencode({'name': name, 'child': person.id})}"
        return Asked(request, person, device, words, icon, (), note, why, "Look at it")
    looks = guessed.to_caregiver(of, labels, request.what, request.guessed) if request.guessed else ""
    return Asked(request, person, device, words, icon, tuple(choices(subject, request.what, at)), looks=looks)


def in_words(names: Names, what: str) -> tuple[str, str]:
    """Return what one asks for in words, and its icon."""
    if what == TIME:
        return "more time", "hourglass-split"
    if what == DEVICE:
        return "to be known here", "phone"
    if what.startswith(SERVICE):
        return names.thing(what), "grid"
    if what.startswith(GROUP):
        return names.thing(what), "collection"
    if what.startswith(CATEGORY):
        return f"sites of the kind “{names.thing(what)}”", "tags"
    return what, "globe"


def as_heading(words: str, what: str) -> str:
    """Return what one asks for as the beginning of a line; the name of a site stays as it is."""
    return f"{words[:1].upper()}{words[1:]}" if what in (TIME, DEVICE) or ":" in what else words


def choices(subject: Subject, what: str, at: float) -> Iterator[Choice]:
    """Yield the answers that open something, from the shortest on."""
    yield Choice("15", "15 min", at + 15 * MINUTE_S)
    yield Choice("60", "1 hour", at + 60 * MINUTE_S)
    until = today_until(subject, at)
    is_off = any(not one.window.internet for one in subject.schedule.open_at(at)) if subject.schedule else False
    # What bedtime stops is not opened for the whole night with one tap.
    if until > at + 60 * MINUTE_S and not is_off:
        yield Choice(TODAY, "Today", until)
    if what != TIME:
        yield Choice(ALWAYS, "Always", None)


def today_until(subject: Subject, at: float) -> float:
    """Return how long "today" is: to the next time off, at most to the new day of the budgets (POSIX seconds)."""
    end = left.end_of_day(subject, at)
    moment = at
    while subject.schedule:
        change = subject.schedule.next_change(moment)
        if change is None or change >= end:
            break
        begun = {(one.start, one.window.name) for one in subject.schedule.open_at(moment)}
        opened = [one for one in subject.schedule.open_at(change) if not one.window.internet]
        if any((one.start, one.window.name) not in begun for one in opened):
            return change
        moment = change
    return end


@dataclass(frozen=True, slots=True)
class _Look:
    """What was closed on one device, looked at by what holds now."""

    box: Box
    of: Policy
    subject: Subject
    names: Names
    labels: Labels

    def blocked(self, entry: _Entry, at: float) -> Blocked | None:
        if entry.category in _NOBODY_ASKS and (entry.name is None or entry.category not in (UNCLASSIFIED, NEW)):
            return None
        if entry.name is not None:
            return self._named(entry, entry.name, at)
        if entry.category is None or entry.category not in self.names.categories:
            return None
        if TERMS[self.subject.letter(entry.category)].strictness is Strictness.ALLOW:
            return None
        words = self.names.categories[entry.category]
        return Blocked(f"{CATEGORY}{entry.category}", words, "Something of this kind", entry.at)

    def _named(self, entry: _Entry, name: str, at: float) -> Blocked | None:
        verdict = self.labels.decide(self.of, self.subject, name, at)
        guess = guessed.category_of(verdict)
        # What was closed as risky, and isn't known to be open meanwhile, still is.
        is_guessed = guess is not None or (
            entry.category == NEW and self.labels.is_silent and is_wanted(self.of, self.subject, name, verdict)
        )
        if not (verdict.is_blocked or is_guessed) or verdict.lift in (Lift.NOBODY, Lift.OWNER):
            return None
        what = site_of(name) if is_guessed else service_or_site(self.of, name)
        words, _ = in_words(self.names, what)
        looks = guessed.to_child(self.box, self.labels, name, guess) if is_guessed else ""
        return Blocked(what, words, name if what != name else "", entry.at, looks)


def _names_of(of: Policy, service: str) -> tuple[str, ...]:
    """Return some of the names that a service is known by; where nobody set it, those that its tags are read from."""
    own = next((one.domains for one in of.house.services if one.id == service), None)
    if own is not None:
        return own[:_SITES]
    known = of.rulebook.services.get(service)
    return () if known is None else known.domains[:_SITES]
