"""Changes as sentences: who did what for whom, until when, and what that was before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from appliance import wording
from appliance.core.house import House
from appliance.core.person import PersonKind
from appliance.core.rulebook import Category
from appliance.household.changes import BOX
from appliance.store.accounts import Caregiver
from appliance.store.audit import Entry
from appliance.store.difference import Part
from appliance.web import tones
from appliance.wording import Names

YOU = "you"
PERSON = "person:"
"""Before the id of a person who did something on the own page."""
EVERYONE = "all children"
MAX_DETAILS = 60
_NO_NAMES = Names()

_ROLES = {"owner": "an owner", "caregiver": "a caregiver"}
_SETTINGS = {
    "allow": "open", "timed": "open, counted", "safe": "safe mode", "safe-timed": "safe mode, counted",
    "ask": "ask first", "block": "closed", "open": "open", "off": "no", "watch": "watch first", "on": "yes",
}  # fmt: skip
_PARTS = {
    "time_zone": "time zone",
    "local_domain": "names of devices end in",
    "unknown_devices": "devices that nobody named",
    "doubted_clock": "while nobody knows the time",
    "unknown_names": "sites that nothing knows",
    "bedtime": "keeps the bedtime",
    "always_on": "always open",
    "uncounted": "not counted",
    "carry_over": "carried over at most",
    "week": "a week",
    "grace_minutes": "minutes to finish",
    "macs": "MAC addresses",
    "url": "address",
    "syntax": "how it is written",
    "subdomains": "names reach all below them",
    "wide": "may close whole endings",
    "redirects": "may lead elsewhere",
    "options": "what it says of who asks",
    "only": "may reach",
    "unwatched": "while nobody can look",
    "known_names_only": "only known addresses",
    "risky_names": "asks about new sites that look risky",
}
"""What parts of a house are called, where it is not by their own word."""
_ONE = {
    "persons": "person", "devices": "device", "forwarders": "router", "lists": "list", "rules": "rule",
    "windows": "time", "pauses": "pause", "grants": "pass", "budgets": "budget", "exceptions": "exception",
    "categories": "kind", "services": "service", "groups": "group", "names": "name", "networks": "network",
    "private_names": "name of this home", "records": "name at home",
    "allowed": "allowed client", "blocked": "blocked client",
    "macs": "MAC address", "addresses": "address",
}  # fmt: skip
_LISTED = ("persons", "devices", "forwarders", "lists")
_CLASSIFIER = {"on": ("", "guesses which new sites look risky"), "steps": ("Surer before it asks, in steps", "steps")}
"""Whose it is and its word, of what the classifier is told."""
_TELLING = {
    "house_set", "house_replaced", "house_taken_over", "person_changed", "device_changed", "forwarder_changed",
    "windows_set", "budget_set", "exception_set", "exception_removed", "week_copied",
    "list_changed", "record_changed",
}  # fmt: skip
"""Codes whose sentence leaves open what changed."""


@dataclass(frozen=True, slots=True)
class Said:
    """A change in words; `details` are lines of what differs, for changes whose sentence leaves that open."""

    at: float
    sentence: str
    icon: str
    tone: str
    details: tuple[str, ...]
    persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts changes into words; `until` says an end as people do, `you` is the person who reads."""

    house: House
    caregivers: Mapping[str, str]
    categories: Mapping[str, Category]
    until: Callable[[float], str]
    you: str | None = None
    things: Names = field(default_factory=Names)
    """What services, groups and categories are called."""
    _persons: Mapping[str, str] = field(init=False)
    _devices: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_persons", {one.id: one.name for one in self.house.persons})
        object.__setattr__(self, "_devices", {one.id: one.name or one.id for one in self.house.devices})

    def say(self, entry: Entry) -> Said:
        """Return an entry of the audit in words."""
        code, args = entry.what.code, dict(entry.what.args)
        icon, tone = tones.look_of(code)
        before, after = self._own(entry.before), self._own(entry.after)
        details = tuple(differences(before, after, self._named(entry)))[:MAX_DETAILS]
        told = details if code in _TELLING or code not in wording.CHANGES else ()
        return Said(entry.at, self._sentence(entry, code, args), icon, tone, told, entry.persons)

    def who(self, id_: str) -> str:
        """Return who made a change, as people call them."""
        if id_ == BOX:
            return "The box"
        if id_.startswith(PERSON):
            person = id_.removeprefix(PERSON)
            return "You" if person == self.you else self._persons.get(person, "A child")
        return self.caregivers.get(id_, "A caregiver")

    def by(self, id_: str) -> str:
        """Return the same inside a sentence."""
        said = self.who(id_)
        return said if id_ in self.caregivers else f"{said[:1].lower()}{said[1:]}"

    def _own(self, part: Part) -> Part:
        """Return what the reader may see of a part: all, or to a child what is its own or everybody's."""
        if self.you is None:
            return part
        mine = {one.id for one in self.house.devices if one.person == self.you}
        kept = dict(part)
        if "persons" in part:
            kept["persons"] = {id_: told for id_, told in part["persons"].items() if id_ == self.you}
        if "devices" in part:
            own = part["devices"].items()
            kept["devices"] = {id_: told for id_, told in own if id_ in mine or told.get("person") == self.you}
        for key in ("pauses", "grants"):
            kept[key] = [one for one in part.get(key, ()) if self._is_own(one, mine)]
        return {name: value for name, value in kept.items() if name in part}

    def _is_own(self, word: Mapping[str, object], mine: set[str]) -> bool:
        whose, device = word.get("person"), word.get("device")
        return whose == self.you or device in mine or (whose is None and device is None)

    def _sentence(self, entry: Entry, code: str, args: dict[str, str]) -> str:
        is_own = code.startswith("caregiver_") and args.get("caregiver") == entry.who
        if is_own and code == "caregiver_added":
            code = "caregiver_joined"
        elif is_own and code == "caregiver_reset":
            code = "caregiver_own_reset"
        names = self._named(entry)
        words = args | {
            "who": self.who(entry.who),
            "person": self._person(args.get("person"), names),
            "until": self._until(args.get("until")),
        }
        if "device" in args:
            words["device"] = names.get(("devices", args["device"]), args["device"])
            words["for_person"] = f" for {words['person']}" if args.get("person") else ""
        if "forwarder" in args:
            called = names.get(("forwarders", args["forwarder"]))
            words["forwarder"] = f"the router {called}" if called else "a router"
        if "category" in args:
            category = self.categories.get(args["category"])
            words["category"] = category.name if category else args["category"]
        if "what" in args:
            words["what"] = self.things.thing(args["what"])
        words["setting"] = _SETTINGS.get(args.get("setting", ""), args.get("setting", ""))
        words["role"] = _ROLES.get(args.get("role", ""), "another role")
        said = wording.change(code, words, self.house.language)
        return said[:1].upper() + said[1:]

    def _person(self, id_: str | None, names: Mapping[tuple[str, str], str]) -> str:
        if not id_:
            return EVERYONE
        return YOU if id_ == self.you else names.get(("persons", id_), id_)

    def _until(self, text: str | None) -> str:
        if not text:
            return ""
        try:
            return f" {self.until(datetime.fromisoformat(text).timestamp())}"
        except (ValueError, OverflowError):
            return ""

    def _named(self, entry: Entry) -> dict[tuple[str, str], str]:
        """Return names of persons and devices, and a router's first address, as they are, else as they were then."""
        named = {("persons", id_): name for id_, name in self._persons.items()}
        named |= {("devices", id_): name for id_, name in self._devices.items()}
        named |= {("categories", id_): category.name for id_, category in self.categories.items()}
        named |= {("services", id_): name for id_, name in self.things.services.items()}
        named |= {("groups", id_): name for id_, name in self.things.groups.items()}
        for prefix, kind in (("service", "services"), ("group", "groups"), ("category", "categories")):
            named |= {("things", f"{prefix}:{id_}"): name for (of, id_), name in list(named.items()) if of == kind}
        named |= {("forwarders", one.id): (*one.addresses, *one.macs)[0] for one in self.house.forwarders}
        sides = [(kind, part.get(kind)) for part in (entry.before, entry.after) for kind in _LISTED]
        for kind, things in sides:
            for id_, thing in _mapping(things).items():
                name = _mapping(thing).get("name") if kind != "forwarders" else _first(_mapping(thing))
                if isinstance(name, str):
                    named.setdefault((kind, id_), name)
        return named


def teller(
    house: House,
    caregivers: Iterable[Caregiver],
    categories: Mapping[str, Category],
    until: Callable[[float], str],
    you: str | None = None,
    things: Names = _NO_NAMES,
) -> Teller:
    """Return who puts changes into words for one reader."""
    return Teller(house, {one.id: one.name for one in caregivers}, categories, until, you, things)


def differences(before: Part, after: Part, names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield a line for each thing that was added, taken out or changed between two parts of a house."""
    for key in dict.fromkeys((*before, *after)):
        was, now = before.get(key), after.get(key)
        if isinstance(was, dict) or isinstance(now, dict):
            yield from _things(key, _mapping(was), _mapping(now), names)
        else:
            yield from _plain("", key, was, now, names)


def _things(
    key: str, was: Mapping[str, object], now: Mapping[str, object], names: Mapping[tuple[str, str], str]
) -> Iterator[str]:
    for id_ in dict.fromkeys((*was, *now)):
        if key == "classifier":
            yield from _plain(*_CLASSIFIER.get(id_, ("", id_)), was.get(id_), now.get(id_), names)
            continue
        if key not in _LISTED:
            yield from _plain("", id_, was.get(id_), now.get(id_), names)
            continue
        name = names.get((key, id_), id_)
        if id_ not in was:
            yield f"Added: {_called(key, now[id_])} {name}"
        elif id_ not in now:
            yield f"Taken out: {_called(key, was[id_])} {name}"
        else:
            one, two = _mapping(was[id_]), _mapping(now[id_])
            for part in dict.fromkeys((*one, *two)):
                yield from _plain(name, part, one.get(part), two.get(part), names)


def _called(key: str, thing: object) -> str:
    if key != "persons":
        return _ONE[key]
    return "adult" if _mapping(thing).get("kind") == PersonKind.ADULT.value else "child"


def _plain(whose: str, key: str, was: object, now: object, names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield the lines of one part: items that came or went, settings one by one, or the value before and after."""
    begin = f"{whose}: " if whose else ""
    if key not in ("options", "only") and (isinstance(was, list) or isinstance(now, list)):
        one = _ONE.get(key, key.replace("_", " "))
        gone, come = (value if isinstance(value, list) else [] for value in (was, now))
        if gone and sorted(map(repr, gone)) == sorted(map(repr, come)):
            yield f"{begin}{one}s are in another order"
            return
        yield from (f"{begin}{one} taken out: {_item(key, item, names)}" for item in gone)
        yield from (f"{begin}{one} added: {_item(key, item, names)}" for item in come)
    elif isinstance(was, dict) or isinstance(now, dict):
        old, new = _mapping(was), _mapping(now)
        for part in dict.fromkeys((*old, *new)):
            yield from _plain(whose, part, old.get(part), new.get(part), names)
    else:
        word = _PARTS.get(key) or names.get(("categories", key)) or key.replace("_", " ")
        yield f"{begin}{word}: {_value(was, names)} → {_value(now, names)}"


def _item(key: str, item: object, names: Mapping[tuple[str, str], str]) -> str:
    return names.get((key, item), item) if isinstance(item, str) else _value(item, names)


def _value(value: object, names: Mapping[tuple[str, str], str]) -> str:
    match value:
        case None:
            return "as usual"
        case bool():
            return "yes" if value else "no"
        case {"start": start, "end": end, "name": name, **more}:
            days = f" on {_value(more['days'], names)}" if more.get("days") else ""
            return "; ".join([f"{name}, {start} to {end}{days}", *_held(more, names)])
        case {"first": first, "last": last, "name": name, **more}:
            return "; ".join([f"{name}, {first}{'' if first == last else f' to {last}'}", *_differs(more, names)])
        case {"do": do, **rest}:
            return f"{do} {rest.get('name', 'what was asked for')}{_end(rest.get('until'))}"
        case {"what": what, **rest}:
            return f"{names.get(('things', str(what)), what)}: {_value(rest, names)}"
        case {"until": until, "said_at": _, **rest}:
            what = _what(rest, names)
            whose = names.get(("persons", str(rest.get("person")))) or names.get(("devices", str(rest.get("device"))))
            return " ".join(str(word) for word in (what, whose and f"for {whose}") if word) + _end(until)
        case dict():
            return ", ".join("then slow" if key == "slow" else _value(one, names) for key, one in value.items())
        case list():
            return " ".join(_value(one, names) for one in value) or "nothing"
    return str(value)


def _held(window: Mapping[Any, object], names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield what holds in a window besides its times."""
    if window.get("internet"):
        yield "Internet on"
    for key, word in (("block", "closed"), ("allow", "open")):
        things = _mapping(window.get(key))
        called = [_item(kind, one, names) for kind, ids in things.items() if isinstance(ids, list) for one in ids]
        if called:
            yield f"{word}: {', '.join(called)}"
    flags = {"safe_search": "strict search", "uncounted": "not counted", "slow": "slow and not closed"}
    yield from (word for key, word in flags.items() if window.get(key))


def _differs(exception: Mapping[Any, object], names: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield what falls out on the dates of an exception, and what is there instead."""
    left, windows = exception.get("instead_of"), exception.get("windows")
    if left is None:
        yield "without all usual times"
    elif isinstance(left, list) and left:
        yield f"without {', '.join(map(str, left))}"
    yield from (f"with {_value(one, names)}" for one in (windows if isinstance(windows, list) else ()))


def _what(grant: Mapping[Any, object], names: Mapping[tuple[str, str], str]) -> object:
    """Return what a pass opens, or how many minutes it gives; None for a pause and for everything."""
    if "request" in grant:
        return "what was asked for"
    if "minutes" in grant:
        return f"{grant['minutes']} minutes"
    kinds = (("service", "services"), ("group", "groups"), ("category", "categories"))
    found = (names.get((kind, str(grant[key])), grant[key]) for key, kind in kinds if key in grant)
    return grant.get("name") or next(found, None)


def _end(until: object) -> str:
    """Return the end of a rule, a pause or a pass, as its file has it but for the letter between date and time."""
    return f" until {str(until)[:16].replace('T', ' ')}" if until else ""


def _first(router: Mapping[str, object]) -> object:
    """Return what a router is called: its first address, else its first MAC."""
    return next(
        (word[0] for word in (router.get("addresses"), router.get("macs")) if isinstance(word, list) and word), None
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
