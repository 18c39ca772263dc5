"""What the caregivers said: persons, devices, rules, forwarders; to and from JSON text.

Every value here is checked when it is made, so that what exists is right: names and addresses in normal form, times
with an offset. `problems` finds what only the whole can show.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from re import compile as regex
from typing import Annotated

import msgspec
from msgspec.structs import force_setattr

from appliance.core import names
from appliance.core.document import Path
from appliance.core.schedule import Window
from appliance.core.verdict import Letter

VERSION = 1
BANDS = ("0-5", "6-9", "10-12", "13-15", "16-17")

_MAC = regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")
_ID = r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$"

Id = Annotated[str, msgspec.Meta(pattern=_ID, description="a short word: letters, digits, - . _")]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80, pattern="^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
"""What a person calls a thing: one line."""
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class HouseError(ValueError):
    """This is not a house that this version understands."""


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


class DeviceKind(Enum):
    """What a device is, as far as the order of decision cares."""

    PHONE = "phone"
    TABLET = "tablet"
    LAPTOP = "laptop"
    CONSOLE = "console"
    TV = "tv"
    IOT = "iot"
    MANAGED = "managed"
    """A school's or an employer's machine."""
    ADULT = "adult"
    """An adult's own."""


class Unknown(Enum):
    """What a device that nobody named gets, besides the five bands."""

    FILTERED = "filtered"
    """Malware, phishing and adult content blocked, all else open."""
    CLOSED = "closed"
    """Help lines, protected information and what a device needs to be online, nothing more."""


class Mode(Enum):
    """What becomes of a name that nothing knows."""

    OPEN = "open"
    ASK = "ask"
    ALLOW_LIST = "allow-list"


class Do(Enum):
    """What a person's own rule does."""

    ALLOW = "allow"
    BLOCK = "block"


class BlockMode(Enum):
    """How a blocked name is answered."""

    NULL = "null"
    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    REFUSED = "refused"
    ADDRESS = "address"


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """The manner of all values of a house: frozen, every key known, defaults left out when written."""


class Rule(_Said, frozen=True):
    """A person's own rule for a name and all below it."""

    name: str
    do: Do
    until: Moment | None = None

    def __post_init__(self) -> None:
        """Bring the name to normal form."""
        force_setattr(self, "name", names.normalise(self.name))


class AlwaysOn(_Said, frozen=True):
    """What bedtime does not stop: school, music, calls."""

    names: tuple[str, ...] = ()
    categories: tuple[Id, ...] = ()

    def __post_init__(self) -> None:
        """Bring the names to normal form."""
        force_setattr(self, "names", tuple(names.normalise(name) for name in self.names))


class Person(_Said, frozen=True):
    """A child or an adult of the house."""

    id: Id
    name: Text
    kind: PersonKind = PersonKind.CHILD
    band: str | None = None
    unknown_names: Mode | None = None
    """What becomes of names that nothing knows; by default as the band has it."""
    categories: dict[Id, Setting] = {}
    rules: tuple[Rule, ...] = ()
    windows: tuple[Window, ...] = ()
    always_on: AlwaysOn = AlwaysOn()

    def __post_init__(self) -> None:
        """Want one of the five bands for a child, none for an adult."""
        if self.kind is PersonKind.CHILD and self.band not in BANDS:
            raise ValueError(f"a child needs a band: one of {', '.join(BANDS)}")
        if self.kind is PersonKind.ADULT and (self.band or self.categories or self.windows or self.unknown_names):
            raise ValueError("an adult has no band, categories, windows or unknown_names: adults are not filtered")


class _Located(_Said, frozen=True):
    """A thing on the network that is known by its MAC or IP addresses."""

    id: Id
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring MAC and IP addresses to normal form; want at least one."""
        force_setattr(self, "macs", tuple(normal_mac(mac) for mac in self.macs))
        force_setattr(self, "addresses", tuple(normal_address(address) for address in self.addresses))
        if not self.macs and not self.addresses:
            raise ValueError("needs macs or addresses to be known by")


class Device(_Located, frozen=True):
    """A device of the house; known by its MAC addresses, or by addresses that the router keeps for it."""

    name: Text | None = None
    person: Id | None = None
    kind: DeviceKind = DeviceKind.PHONE
    bedtime: bool = False
    """On a managed device: the person's windows and pauses reach it too."""


class Told(Enum):
    """By what a forwarder tells its clients apart."""

    MAC = "mac"
    SUBNET = "subnet"


class Forwarder(_Located, frozen=True):
    """A router that we trust to say who asks; known by its address or its MAC."""

    options: tuple[Told, ...] = (Told.MAC, Told.SUBNET)
    """Which of its EDNS options are believed: those that it strips from what its clients send."""


class Blocking(_Said, frozen=True):
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


class Pause(_Said, frozen=True):
    """The Internet is off for a person, a device or (with neither) the house, until it ends by itself."""

    said_at: Moment
    until: Moment
    person: Id | None = None
    device: Id | None = None

    def __post_init__(self) -> None:
        """Want one target: a device is paused by itself, not a person's device."""
        if self.person is not None and self.device is not None:
            raise ValueError("a pause is for a person or for a device, not both")


class Grant(_Said, frozen=True):
    """A pass for a person until it ends by itself: one name, one category, time, or (with none of these) everything."""

    person: Id
    said_at: Moment
    until: Moment
    name: str | None = None
    category: Id | None = None
    time: bool = False
    """Extra time: windows, and a pause that was said before, don't hold; what is closed at this age stays closed."""

    def __post_init__(self) -> None:
        """Bring the name to normal form; a grant opens one thing."""
        if self.name is not None:
            force_setattr(self, "name", names.normalise(self.name))
        if (self.name is not None) + (self.category is not None) + self.time > 1:
            raise ValueError("a grant opens a name, a category or time: one of them")


class House(_Said, frozen=True):
    """All that the caregivers said."""

    version: int = VERSION
    time_zone: str = "UTC"
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    language: Annotated[str, msgspec.Meta(pattern="^[a-z]{2}$")] = "en"
    unknown_devices: str = Unknown.FILTERED.value
    networks: tuple[str, ...] = ()
    """Sources beyond the attached and private ones that are answered."""
    blocking: Blocking = Blocking()
    forwarders: tuple[Forwarder, ...] = ()
    persons: tuple[Person, ...] = ()
    devices: tuple[Device, ...] = ()
    pauses: tuple[Pause, ...] = ()
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        """Check what concerns the house itself."""
        if self.version != VERSION:
            raise ValueError(f"version {self.version} is not known here (this is version {VERSION})")
        choices = (*BANDS, *(choice.value for choice in Unknown))
        if self.unknown_devices not in choices:
            raise ValueError(f"unknown_devices is one of {', '.join(choices)}")
        force_setattr(self, "networks", tuple(str(ip_network(network)) for network in self.networks))


EMPTY = House()
"""A box without any house yet: every asker is unknown."""


def normal_mac(text: str) -> str:
    """Return a MAC address as ``aa:bb:cc:dd:ee:ff``. Raises ValueError."""
    mac = text.strip().lower().replace("-", ":")
    if not _MAC.match(mac):
        raise ValueError(f"{text!r} is not a MAC address (aa:bb:cc:dd:ee:ff)")
    return mac


def normal_address(text: str) -> str:
    """Return an IP address in its one spelling, a mapped IPv4 address as IPv4. Raises ValueError."""
    address = ip_address(text.strip())
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)


def to_json(house: House) -> bytes:
    """Return a house as JSON text."""
    return msgspec.json.encode(house)


def from_json(text: bytes) -> House:
    """Return the house of a JSON text. Raises HouseError."""
    try:
        return msgspec.json.decode(text, type=House)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise HouseError(str(error)) from error


def problems(
    house: House,
    categories: Collection[str],
    hard: Collection[tuple[str, str]],
    protected: Collection[tuple[str, str]] = (),
) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a house as a whole: the place and the words.

    `categories` are those that exist; `hard` the pairs (category, band) that one caregiver can't lift alone, and
    `protected` those that no setting reaches.
    """
    yield from _twice(house)
    persons = {person.id for person in house.persons}
    devices = {device.id for device in house.devices}
    for number, person in enumerate(house.persons):
        for place, text in _person_problems(person, categories, hard, protected):
            yield ("persons", number, *place), text
    references = [
        *((("devices", number, "person"), one.person, persons) for number, one in enumerate(house.devices)),
        *((("pauses", number, "person"), one.person, persons) for number, one in enumerate(house.pauses)),
        *((("pauses", number, "device"), one.device, devices) for number, one in enumerate(house.pauses)),
        *((("grants", number, "person"), one.person, persons) for number, one in enumerate(house.grants)),
        *((("grants", number, "category"), one.category, categories) for number, one in enumerate(house.grants)),
    ]
    for place, id_, known in references:
        if id_ is not None and id_ not in known:
            yield place, f"there is no {place[-1]} {id_!r}"


def _person_problems(
    person: Person,
    categories: Collection[str],
    hard: Collection[tuple[str, str]],
    protected: Collection[tuple[str, str]],
) -> Iterator[tuple[Path, str]]:
    for category, setting in person.categories.items():
        if category not in categories:
            yield ("categories", category), f"there is no category {category!r}"
        elif (category, person.band) in hard and setting is not Setting.BLOCK:
            text = f"{category} at {person.band} is lifted by two caregivers together, not by a setting"
            yield ("categories", category), text
        elif (category, person.band) in protected:
            yield ("categories", category), f"{category} at {person.band} is protected: no setting reaches it"
    for index, category in enumerate(person.always_on.categories):
        if category not in categories:
            yield ("always_on", "categories", index), f"there is no category {category!r}"


def _twice(house: House) -> Iterator[tuple[Path, str]]:
    """Yield each id, MAC and address that stands for two things at once."""
    seen: dict[tuple[str, str], str] = {}
    for field in ("forwarders", "persons", "devices"):
        for number, thing in enumerate(getattr(house, field)):
            keys = [(field, thing.id)]
            if not isinstance(thing, Person):
                keys += [("mac", mac) for mac in thing.macs] + [("address", address) for address in thing.addresses]
            for kind, word in keys:
                if (kind, word) in seen:
                    yield (field, number), f"{word} is used twice: here and by {seen[kind, word]}"
                seen.setdefault((kind, word), f"{field} {thing.id}")
