"""What a house says of names by itself: records in place of the internet's, and which names they may have."""

from collections.abc import Collection, Iterator, Sequence
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Final

import msgspec
from msgspec.structs import force_setattr

from appliance.core import names
from appliance.core.document import Path
from appliance.core.said import Said
from appliance.core.wire import dns, presentation

BOX_DOMAIN: Final = "kindgate.home"
"""The box itself, for everyone and in every state of the house."""
LOCAL_DOMAIN: Final = "lan"
HOME_TOPS: Final = frozenset(("lan", "home", "internal", "intranet", "private", "corp"))
"""Last labels that no name of the internet has, and that homes and firms use (RFC 6762 appendix G)."""
WILD: Final = "*."
MAX_VALUE = 1_000
MAX_TTL_S = 86_400


class RecordType(Enum):
    """What a record tells of a name."""

    A = "A"
    AAAA = "AAAA"
    CNAME = "CNAME"
    TXT = "TXT"
    SRV = "SRV"
    PTR = "PTR"


RTYPES: Final = {
    RecordType.A: dns.A,
    RecordType.AAAA: dns.AAAA,
    RecordType.CNAME: dns.CNAME,
    RecordType.TXT: dns.TXT,
    RecordType.SRV: presentation.SRV,
    RecordType.PTR: dns.PTR,
}
_ADDRESSES: Final[dict[RecordType, type[IPv4Address] | type[IPv6Address]]] = {
    RecordType.A: IPv4Address,
    RecordType.AAAA: IPv6Address,
}


class Record(Said, frozen=True):
    """One record; a name that begins with ``*.`` stands for all names below the rest, without that itself.

    An A or AAAA whose value is its own type leaves the records of that type to the internet, and a CNAME to its own
    name leaves them all. The name of a PTR may be given as an address.
    """

    name: str
    type: RecordType
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_VALUE)]
    ttl_s: Annotated[int, msgspec.Meta(ge=0, le=MAX_TTL_S)] | None = None

    def __post_init__(self) -> None:
        """Bring name and value to normal form."""
        force_setattr(self, "name", _owner(self.name, self.type))
        force_setattr(self, "value", _value(self.value.strip(), self.type))

    @property
    def rtype(self) -> int:
        """The number of its type."""
        return RTYPES[self.type]

    @property
    def is_wild(self) -> bool:
        """Whether it stands for all names below one."""
        return self.name.startswith(WILD)

    @property
    def base(self) -> str:
        """Its name, of a wild one the name above all those that it stands for."""
        return self.name.removeprefix(WILD)

    @property
    def is_left(self) -> bool:
        """Whether it leaves what it names to the internet."""
        return self.value == (self.name if self.type is RecordType.CNAME else self.type.value)

    @property
    def data(self) -> bytes:
        """Its data on the wire; one that leaves something to the internet has none."""
        return presentation.encode(self.rtype, self.value)


def guess(name: str, value: str) -> RecordType:
    """Return the type of record that two words look like: of addresses and names."""
    if _version(name):
        return RecordType.PTR
    left = next((kind for kind in _ADDRESSES if kind.value == value.strip().upper()), RecordType.CNAME)
    return {4: RecordType.A, 6: RecordType.AAAA}.get(_version(value), left)


def problems(records: Sequence[Record], local_domain: str, reserved: Collection[str]) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a house's records as a whole, and with the domain of its devices: place and words.

    `reserved` are names that must stay as the internet has them, with all below them.
    """
    why = _taken(local_domain, reserved)
    if why or ("." not in local_domain and local_domain not in HOME_TOPS):
        yield ("local_domain",), why or f"{local_domain} is no ending for a home: lan, home, internal or one of yours"
    seen: set[Record] = set()
    aliased = {one.name for one in records if one.type is RecordType.CNAME}
    for number, one in enumerate(records):
        twin = msgspec.structs.replace(one, ttl_s=None)
        if twin in seen:
            yield ("records", number), f"{one.name} {one.type.value} {one.value} stands here twice"
        seen.add(twin)
        if why := _taken(one.base, reserved):
            yield ("records", number, "name"), why
        elif one.is_wild and "." not in one.base and one.base not in (*HOME_TOPS, local_domain):
            yield ("records", number, "name"), f"{one.name} would be every site that ends in it"
        if one.name in aliased and any(other.name == one.name and other != one for other in records):
            yield ("records", number, "name"), f"{one.name} is another name for something: it has no other records"
        elif one.type is RecordType.CNAME and names.is_under(one.value, BOX_DOMAIN):
            yield ("records", number, "value"), f"{one.value} is this box itself, and needs no other name"
        elif one.type is RecordType.CNAME and _is_circle(one, records):
            yield ("records", number, "value"), f"{one.name} leads round in a circle"


def covering(name: str, known: Collection[str]) -> str | None:
    """Return the most specific of the names that says something of a name: itself, else the longest ``*.`` above it."""
    if name in known:
        return name
    _, _, above = name.partition(".")
    return next((WILD + one for one in names.parents(above) if WILD + one in known), None)


def _owner(text: str, kind: RecordType) -> str:
    typed = text.strip()
    if kind is RecordType.PTR and _version(typed):
        return ip_address(typed).reverse_pointer
    if typed.startswith(WILD):
        return WILD + _name(typed.removeprefix(WILD))
    return _name(typed)


def _name(text: str) -> str:
    name = names.normalise(text)
    if name.rpartition(".")[2].isdigit():
        raise ValueError(f"{text!r} is an address, where a name is wanted")
    return name


def _value(text: str, kind: RecordType) -> str:
    """Return the value of a record in its one spelling. Raises ValueError."""
    address = _ADDRESSES.get(kind)
    if address is not None:
        return kind.value if text.upper() == kind.value else _address(text, address)
    if kind is RecordType.CNAME:
        return _owner(text, kind)
    if kind is RecordType.PTR:
        return _name(text)
    presentation.encode(RTYPES[kind], text)
    if kind is RecordType.SRV:
        *numbers, host = text.split()
        return " ".join((*(str(int(number)) for number in numbers), host if host == "." else _name(host)))
    return text


def _version(text: str) -> int:
    """Return of which version an address is, 0 for what is none."""
    try:
        return ip_address(text.strip()).version
    except ValueError:
        return 0


def _address(text: str, kind: type[IPv4Address] | type[IPv6Address]) -> str:
    try:
        return str(kind(text))
    except ValueError as error:
        raise ValueError(f"{text!r} is not an address of IPv{'4' if kind is IPv4Address else '6'}") from error


def _taken(name: str, reserved: Collection[str]) -> str:
    """Return why a name may not be taken, nothing where it may."""
    if names.is_under(name, BOX_DOMAIN):
        return f"{name} is this box itself"
    kept = next((one for one in names.parents(name) if one in reserved), None)
    return f"{kept} is protected: nothing here answers for it" if kept else ""


def _is_circle(start: Record, records: Sequence[Record]) -> bool:
    """Say whether aliases lead from one back to where they were; one that names itself leaves it to the internet."""
    targets = {one.name: one.value for one in records if one.type is RecordType.CNAME}
    known = {one.name for one in records}
    seen = {start.name}
    at = start.name
    while (target := targets.get(at)) is not None and target != at:
        following = covering(target, known)
        if following is None or following == at:
            return False
        if following in seen:
            return True
        seen.add(following)
        at = following
    return False
