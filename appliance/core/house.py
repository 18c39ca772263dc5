"""What the caregivers said, whole: persons, devices, rules, routers; to and from JSON text.

Every value here is checked when it is made, so that what exists is right: names and addresses in normal form, times
with an offset. `problems` finds what only the whole can show.
"""

from collections.abc import Iterator
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core import access, names, schedule
from appliance.core import person as persons
from appliance.core import record as recorded
from appliance.core.access import EVERYBODY, Access
from appliance.core.budget import DAY_STARTS
from appliance.core.device import Device, Forwarder, Located
from appliance.core.document import Path
from appliance.core.person import BANDS, Known, Person
from appliance.core.record import LOCAL_DOMAIN, Record
from appliance.core.said import Id, Said, Text
from appliance.core.subscription import ListKind, Subscription
from appliance.core.word import Grant, Lifted, Pause

VERSION = 1
NEVER_LIFTED = "csam"
MOST_STEPS = 4
"""The most by which caregivers' answers move a threshold of the classifier, either way."""
LIFTED_BY_NAME = "malware_phishing"
"""An owner lifts it for one name at a time."""


class HouseError(ValueError):
    """This is not a house that this version understands."""


class Unknown(Enum):
    """What a device that nobody named gets, besides the five bands."""

    FILTERED = "filtered"
    """Malware, phishing and adult content blocked, all else open."""
    CLOSED = "closed"
    """Help lines, protected information and what a device needs to be online, nothing more."""


class BlockMode(Enum):
    """How a blocked name is answered."""

    NULL = "null"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    REFUSED = "refused"
    ADDRESS = "address"


class Doubted(Enum):
    """What the times of children are while the box doesn't know what time it is."""

    PLAN = "plan"
    """As if it had gone on from the last time that is known: what ran at a power cut goes on."""
    CLOSED = "closed"
    """As at bedtime, for whoever has times or minutes: help, school and what is always open, nothing more."""


class Blocking(Said, frozen=True):
    """How blocked names are answered. `mode: null` answers 0.0.0.0 and ::, `address` answers the addresses here."""

    mode: BlockMode | None = None
    address4: str | None = None
    address6: str | None = None

    def __post_init__(self) -> None:
        """Bring the addresses to normal form, and want one where they are used."""
        for field, kind in (("address4", IPv4Address), ("address6", IPv6Address)):
            given = getattr(self, field)
            if given is not None:
                address = ip_address(given)
                if not isinstance(address, kind):
                    raise ValueError(f"{given} does not fit {field}")
                force_setattr(self, field, str(address))
        if self.mode is BlockMode.ADDRESS and not (self.address4 or self.address6):
            raise ValueError("mode address needs address4 or address6")


class OwnService(Said, frozen=True):
    """A service that a caregiver made: names under one switch."""

    id: Id
    name: Text
    domains: tuple[str, ...]
    group: Id | None = None
    category: Id | None = None

    def __post_init__(self) -> None:
        """Bring the names to normal form; want one."""
        force_setattr(self, "domains", tuple(names.normalise(name) for name in self.domains))
        if not self.domains:
            raise ValueError("a service needs a name that it is known by")


_SCORED = {"6-9": True, "10-12": True, "13-15": False}
"""The bands that the classifier may ask about a name, and whether it does where nothing is said."""


class Classifier(Said, frozen=True):
    """What the caregivers made of the classifier's guesses."""

    on: bool = True
    steps: dict[Id, Annotated[int, msgspec.Meta(ge=-MOST_STEPS, le=MOST_STEPS)]] = {}
    """Category → by how many steps its guesses must be surer (less sure, below 0) than the model's card has it."""


class House(Said, frozen=True):
    """All that the caregivers said."""

    version: int = VERSION
    time_zone: str = "UTC"
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    language: Annotated[str, msgspec.Meta(pattern="^[a-z]{2}$")] = "en"
    day_starts: str = DAY_STARTS
    """When the minutes of a new day are there, ``HH:MM``."""
    unknown_devices: str = Unknown.FILTERED.value
    doubted_clock: Doubted = Doubted.PLAN
    networks: tuple[str, ...] = ()
    """Sources beyond the attached and private ones that are answered."""
    access: Access = EVERYBODY
    """Which of them are answered."""
    private_names: tuple[str, ...] = ()
    """Names, with all below them, whose addresses may lie in the home, although servers of the internet tell them."""
    local_domain: str = LOCAL_DOMAIN
    """Where the devices of the home have names: ``kims-tablet.lan``."""
    records: tuple[Record, ...] = ()
    """What names are answered with here, whatever the internet says of them."""
    blocking: Blocking = Blocking()
    classifier: Classifier = Classifier()
    forwarders: tuple[Forwarder, ...] = ()
    services: tuple[OwnService, ...] = ()
    lists: tuple[Subscription, ...] = ()
    persons: tuple[Person, ...] = ()
    devices: tuple[Device, ...] = ()
    pauses: tuple[Pause, ...] = ()
    grants: tuple[Grant, ...] = ()
    lifted: tuple[Lifted, ...] = ()

    def __post_init__(self) -> None:
        """Check what concerns the house itself."""
        if self.version != VERSION:
            raise ValueError(f"version {self.version} is not known here (this is version {VERSION})")
        choices = (*BANDS, *(choice.value for choice in Unknown))
        if self.unknown_devices not in choices:
            raise ValueError(f"unknown_devices is one of {', '.join(choices)}")
        if schedule.minutes(self.day_starts) == schedule.DAY_MINUTES:
            raise ValueError("a day starts at 00:00, not at 24:00")
        force_setattr(self, "networks", tuple(str(ip_network(network)) for network in self.networks))
        force_setattr(self, "private_names", tuple(names.normalise(name) for name in self.private_names))
        domain = names.normalise(self.local_domain)
        # What is as by default isn't written, and is known by being the same object.
        force_setattr(self, "local_domain", LOCAL_DOMAIN if domain == LOCAL_DOMAIN else domain)

    def is_scored(self, person: Person) -> bool:
        """Say whether the classifier may ask a person about a name that nothing else knows."""
        by_band = _SCORED.get(person.band or "")
        if by_band is None or not self.classifier.on:
            return False
        return by_band if person.risky_names is None else person.risky_names


EMPTY = House()
"""A box without any house yet: every asker is unknown."""


def to_json(house: House) -> bytes:
    """Return a house as JSON text."""
    return msgspec.json.encode(house)


def from_json(text: bytes) -> House:
    """Return the house of a JSON text. Raises HouseError."""
    try:
        return msgspec.json.decode(text, type=House)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise HouseError(str(error)) from error


def problems(house: House, rules: Known) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a house as a whole: the place and the words. `rules` are the bundled rules' ids."""
    yield from _twice(house)
    for place, text in access.problems(house.access, house.forwarders):
        yield ("access", *place), text
    for number, name in enumerate(house.private_names):
        if "." not in name:
            yield ("private_names", number), f"{name} is a whole ending: say which names below it are of this home"
    for category in house.classifier.steps:
        if category not in rules.categories:
            yield ("classifier", "steps", category), f"there is no category {category!r}"
    yield from recorded.problems(house.records, house.local_domain, rules.reserved)
    for number, service in enumerate(house.services):
        if service.id in rules.services:
            yield ("services", number, "id"), f"there is a bundled service {service.id!r} already"
        if service.group is not None and service.group not in rules.groups:
            yield ("services", number, "group"), f"there is no group {service.group!r}"
        if service.category is not None and service.category not in rules.categories:
            yield ("services", number, "category"), f"there is no category {service.category!r}"
    known = with_own(rules, house)
    for number, one in enumerate(house.persons):
        for place, text in persons.problems(one, known):
            yield ("persons", number, *place), text
    yield from _references(house, known)
    yield from _list_problems(house, known)
    yield from _lifted_problems(house, known)


def with_own(rules: Known, house: House) -> Known:
    """Return the ids of the rules together with the house's own services."""
    own = {service.id: service.category or "" for service in house.services}
    return msgspec.structs.replace(rules, services={**rules.services, **own})


def _references(house: House, known: Known) -> Iterator[tuple[Path, str]]:
    ids = {person.id for person in house.persons}
    devices = {device.id for device in house.devices}
    fields = (("category", known.categories), ("service", known.services), ("group", known.groups))
    references = [
        *((("devices", number, "person"), one.person, ids) for number, one in enumerate(house.devices)),
        *((("pauses", number, "person"), one.person, ids) for number, one in enumerate(house.pauses)),
        *((("pauses", number, "device"), one.device, devices) for number, one in enumerate(house.pauses)),
        *((("grants", number, "person"), one.person, ids) for number, one in enumerate(house.grants)),
        *((("lifted", number, "person"), one.person, ids) for number, one in enumerate(house.lifted)),
        *(
            (("grants", number, field), getattr(one, field), known_ids)
            for number, one in enumerate(house.grants)
            for field, known_ids in fields
        ),
    ]
    for place, id_, known_here in references:
        if id_ is not None and id_ not in known_here:
            yield place, f"there is no {place[-1]} {id_!r}"
    for number, grant in enumerate(house.grants):
        yield from persons.what_problems(("grants", number, "budget"), grant.budget, known)


def _list_problems(house: House, known: Known) -> Iterator[tuple[Path, str]]:
    ids = {person.id for person in house.persons}
    seen: dict[tuple[str, ListKind, str | None], str] = {}
    for number, one in enumerate(house.lists):
        if one.category is not None and one.category not in known.categories:
            yield ("lists", number, "category"), f"there is no category {one.category!r}"
        elif one.category in known.unfed:
            yield ("lists", number, "category"), f"no list says what belongs to {one.category}"
        for index, person in enumerate(one.persons):
            if person not in ids:
                yield ("lists", number, "persons", index), f"there is no person {person!r}"
            elif person in one.persons[:index]:
                yield ("lists", number, "persons", index), f"{person} is named twice"
        if one.url is not None:
            before = seen.setdefault((one.url, one.kind, one.category), one.id)
            if before != one.id:
                yield (
                    ("lists", number, "url"),
                    f"the list {before} is this one already: one is enough, for more persons",
                )


def _lifted_problems(house: House, known: Known) -> Iterator[tuple[Path, str]]:
    bands = {person.id: person.band for person in house.persons}
    for number, one in enumerate(house.lifted):
        if one.category is None or one.person not in bands:
            continue
        place: Path = ("lifted", number, "category")
        if one.category not in known.categories:
            yield place, f"there is no category {one.category!r}"
        elif one.category == NEVER_LIFTED:
            yield place, f"nobody lifts {one.category}"
        elif one.category == LIFTED_BY_NAME:
            yield place, f"{one.category} is lifted by an owner, one name at a time"
        elif (one.category, bands[one.person]) not in known.hard:
            yield place, f"{one.category} is not closed hard for {one.person}: set it in categories"


def _twice(house: House) -> Iterator[tuple[Path, str]]:
    """Yield each id, MAC and address that stands for two things at once."""
    seen: dict[tuple[str, str], str] = {}
    for field in ("forwarders", "services", "lists", "persons", "devices"):
        for number, thing in enumerate(getattr(house, field)):
            keys = [(field, thing.id)]
            if isinstance(thing, Located):
                keys += [("mac", mac) for mac in thing.macs] + [("address", address) for address in thing.addresses]
            for kind, word in keys:
                if (kind, word) in seen:
                    yield (field, number), f"{word} is used twice: here and by {seen[kind, word]}"
                seen.setdefault((kind, word), f"{field} {thing.id}")
