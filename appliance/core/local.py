"""Names at home: the records of a house, its devices by their names and addresses, and what to say of all others."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from re import compile as regex
from typing import Final, Protocol
from unicodedata import normalize

import msgspec
from msgspec.structs import replace

from appliance.core import names
from appliance.core.device import Device
from appliance.core.house import EMPTY, House
from appliance.core.rebinding import is_home
from appliance.core.record import WILD, Record, RecordType
from appliance.core.special import special_of
from appliance.core.wire import dns, presentation

TTL_S: Final = 60
MAX_ADDRESSES: Final = 8
"""So many addresses of one device are told: a phone has a new IPv6 address every day, and keeps the old ones."""
OF_TARGET: Final = (dns.A, dns.AAAA, dns.HTTPS, dns.SVCB, dns.TXT)
"""The types of records that are taken from the name that an alias leads to: those in which no name can be cut short."""

_ADDRESSES: Final = {dns.A: 4, dns.AAAA: 6}
_REACHED_BY: Final = (*_ADDRESSES, dns.HTTPS, dns.SVCB)
"""Types that say where a site is: where the house tells one of them, the internet's others would lead around it."""
_ARPA: Final = ".arpa"
_V4_REVERSE: Final = ".in-addr.arpa"
_V6_REVERSE: Final = ".ip6.arpa"
_OTHER: Final = regex(r"[^a-z0-9]+")
_LEFT_OUT: Final = str.maketrans({"'": "", "’": "", "ß": "ss"})


class Around(Protocol):
    """What is known at a moment of who is near, as the kernel's neighbour table tells it."""

    def mac(self, address: str) -> str | None:
        """Return the MAC of an address."""

    def addresses(self, mac: str) -> Iterable[str]:
        """Return the addresses of a MAC."""


class Nobody:
    """Knows of nobody."""

    def mac(self, address: str) -> str | None:  # noqa: ARG002 -- as whoever knows somebody
        """Know none."""
        return None

    def addresses(self, mac: str) -> Iterable[str]:  # noqa: ARG002
        """Know none."""
        return ()


NOBODY: Final[Around] = Nobody()


class Found(msgspec.Struct, frozen=True):
    """What a question is answered with at home."""

    by: str
    """Whose records these are: a name, or ``*.`` and one."""
    rcode: int = dns.NOERROR
    data: tuple[bytes, ...] = ()
    """Of records of the type asked for."""
    target: str | None = None
    """Where aliases lead to; it owns the records then."""
    is_asked: bool = False
    """The records of the target are for an upstream to tell."""
    leads_home: bool = False
    """All that is reached by it lies in the home, so that it is no matter of the internet."""
    is_steady: bool = True
    """The same question has the same answer for as long as the house stays as it is."""
    ttl_s: int = TTL_S


class Told(msgspec.Struct, frozen=True):
    """All that is told of one name; of one without records only that it is there."""

    name: str
    data: Mapping[int, tuple[bytes, ...]] = {}
    alias: str | None = None
    left: frozenset[int] = frozenset()
    """Types that the internet tells."""
    home: frozenset[int] = frozenset()
    """Types of which all records lead home."""
    leads_home: bool = True
    """All its addresses lie in the home; without any, it is a name of the home."""
    device: Device | None = None
    ttl_s: int = TTL_S

    @property
    def has_addresses(self) -> bool:
        """Whether it says where a site is, and be it only for one family."""
        return bool(self.left) or not _ADDRESSES.keys().isdisjoint(self.data)


@dataclass(frozen=True, slots=True)
class Local:
    """The names of a house, ready to be looked up."""

    domain: str
    told: Mapping[str, Told]
    wild: Mapping[str, Told]
    """By the names above all those that they stand for."""
    by_mac: Mapping[str, str]
    """MAC → the name of its device."""
    routed: frozenset[str]
    """Domains that servers of their own are asked for."""
    around: Around
    ends: tuple[str, str]
    """How the names end of which more may be said than what is told."""

    @classmethod
    def of(cls, house: House, routed: frozenset[str] = frozenset(), around: Around = NOBODY) -> "Local":
        """Return the names of a house; whose device has which address may be asked of `around` at any time."""
        domain = house.local_domain
        told = {name: _told(name, records, domain) for name, records in _by_name(house.records).items()}
        devices = device_names(house)
        by_mac: dict[str, str] = {}
        for name, device in devices.items():
            told.setdefault(name, Told(name, device=device))
            by_mac |= dict.fromkeys(device.macs, name)
        for name, host in _reversed(house, devices, domain):
            told.setdefault(name, Told(name, {dns.PTR: (names.to_wire(host),)}, home=frozenset((dns.PTR,))))
        for name in [domain, *told]:
            for parent in names.parents(name.removeprefix(WILD)):
                if names.is_under(parent, domain):
                    told.setdefault(parent, Told(parent))
        wild = {name.removeprefix(WILD): one for name, one in told.items() if name.startswith(WILD)}
        return cls(domain, told, wild, by_mac, routed, around, (f".{domain}", _ARPA))

    def answer(self, name: str, qtype: int) -> Found | None:
        """Return what a question is answered with at home, None where it is one for the internet."""
        told = self._covering(name)
        if told is None:
            return self._untold(name, qtype) if name.endswith(self.ends) else None
        if told.alias is None:
            return self._of(told, name, qtype)
        if told.alias in (told.name, name):
            return None
        if qtype == dns.CNAME:
            is_ours = self._is_ours(name) or self._is_ours(told.alias)
            return Found(told.name, data=(names.to_wire(told.alias),), leads_home=is_ours, ttl_s=told.ttl_s)
        return self._followed(name, told, told.alias, qtype)

    def tells(self, name: str) -> bool:
        """Say whether anything is told of a name, and be it for other types than the one that is asked for."""
        return self._covering(name) is not None

    def _covering(self, name: str) -> Told | None:
        """Return the most specific of what is told of a name."""
        told = self.told.get(name)
        if told is None and self.wild:
            above = name
            while told is None and above:
                above = above.partition(".")[2]
                told = self.wild.get(above)
        return told

    def _is_ours(self, name: str) -> bool:
        return names.is_under(name, self.domain)

    def _is_routed(self, name: str) -> bool:
        return not self.routed.isdisjoint(names.parents(name))

    def _followed(self, name: str, told: Told, target: str, qtype: int) -> Found:
        """Return the answer at the end of the aliases of a name, and where that is."""
        ttl_s, seen = told.ttl_s, {name}
        following = self._covering(target)
        while following is not None and following.alias not in (None, following.name, target) and target not in seen:
            seen.add(target)
            ttl_s = min(ttl_s, following.ttl_s)
            target = following.alias or target
            following = self._covering(target)
        if following is None:
            end = self._untold(target, qtype) or self._nowhere(target, qtype)
        else:
            end = self._of(following, target, qtype) if following.alias is None else None
        if end is None:
            return Found(told.name, target=target, is_asked=qtype in OF_TARGET, ttl_s=ttl_s)
        return replace(end, by=told.name, target=target, ttl_s=min(ttl_s, end.ttl_s))

    def _of(self, told: Told, name: str, qtype: int) -> Found | None:
        """Return what a name without an alias is answered with, None where the internet tells that."""
        if qtype in told.left:
            return None
        if told.device is not None:
            data, is_home = tuple(self._addresses(told.device, qtype)), True
        else:
            data = told.data.get(qtype, ())
            is_home = qtype in told.home if data else told.leads_home
        is_whole = self._is_ours(name) and not self._is_routed(name)
        if not data and not is_whole and not (qtype in _REACHED_BY and told.has_addresses):
            return None
        return Found(
            told.name, data=data, leads_home=is_home, is_steady=told.device is None, ttl_s=told.ttl_s
        )  # fmt: skip

    def _untold(self, name: str, qtype: int) -> Found | None:
        """Return what is said of a name that nothing is told of: whose address it turns round, or that it is none.

        Names that no internet has are left to whoever answers those.
        """
        if name.endswith(_ARPA):
            address = address_of(name)
            mac = None if address is None else self.around.mac(str(address))
            host = None if mac is None else self.by_mac.get(mac)
            if host is None:
                return None
            data = (names.to_wire(host),) if qtype == dns.PTR else ()
            return Found(host, data=data, leads_home=True, is_steady=False)
        if not self._is_ours(name) or self._is_routed(name) or special_of(name, qtype, self.routed) is not None:
            return None
        return Found(self.domain, dns.NXDOMAIN, leads_home=True)

    def _nowhere(self, name: str, qtype: int) -> Found | None:
        """Return what is said of an alias to a name that nobody is asked for."""
        special = special_of(name, qtype, self.routed)
        return None if special is None else Found(name, special.rcode, special.data, leads_home=True)

    def _addresses(self, device: Device, qtype: int) -> Iterator[bytes]:
        """Yield a device's addresses of a family: those that the house knows, then those that are seen."""
        version = _ADDRESSES.get(qtype)
        seen = (address for mac in device.macs for address in self.around.addresses(mac) if "%" not in address)
        known = [ip_address(address) for address in device.addresses if "%" not in address]
        near = sorted(map(ip_address, set(seen)), key=lambda one: (not is_home(one.packed), one.packed))
        found = dict.fromkeys(one.packed for one in (*known, *near) if one.version == version)
        yield from list(found)[:MAX_ADDRESSES]


def device_names(house: House) -> dict[str, Device]:
    """Return the devices of a house by their names under its domain, in its order: of two alike one gets a number."""
    found: dict[str, Device] = {}
    for device in house.devices:
        base = label_of(device.name or "") or label_of(device.id) or "device"
        label, number = base, 1
        while f"{label}.{house.local_domain}" in found:
            number += 1
            label = f"{base}-{number}"
        found[f"{label}.{house.local_domain}"] = device
    return found


def label_of(text: str) -> str:
    """Return what people call a thing as one label of a name: ``Kim’s Tablet`` is ``kims-tablet``."""
    plain = normalize("NFKD", text.translate(_LEFT_OUT)).encode("ascii", "ignore").decode().lower()
    return _OTHER.sub("-", plain)[: names.MAX_LABEL_OCTETS - 4].strip("-")


def address_of(name: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a name turns round (RFC 1035 section 3.5, RFC 3596 section 2.5), None for another."""
    try:
        if name.endswith(_V4_REVERSE):
            return IPv4Address(".".join(reversed(name.removesuffix(_V4_REVERSE).split("."))))
        nibbles = name.removesuffix(_V6_REVERSE).split(".")
        if name.endswith(_V6_REVERSE) and len(nibbles) == 32 and all(len(one) == 1 for one in nibbles):
            return IPv6Address(int("".join(reversed(nibbles)), 16).to_bytes(16, "big"))
    except ValueError:
        return None
    return None


def _by_name(records: Iterable[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for one in records:
        found.setdefault(one.name, []).append(one)
    return found


def _told(name: str, records: list[Record], domain: str) -> Told:
    alias = next((one.value for one in records if one.type is RecordType.CNAME), None)
    data: dict[int, tuple[bytes, ...]] = {}
    away: set[int] = set()
    for one in records:
        if one.type is RecordType.CNAME or one.is_left:
            continue
        data[one.rtype] = (*data.get(one.rtype, ()), one.data)
        if not _leads_home(one, domain):
            away.add(one.rtype)
    here = data.keys() & _ADDRESSES.keys()
    return Told(
        name,
        data,
        alias,
        left=frozenset(one.rtype for one in records if one.is_left and one.type is not RecordType.CNAME),
        home=frozenset(data.keys() - away),
        leads_home=away.isdisjoint(here) if here else names.is_under(name.removeprefix(WILD), domain),
        ttl_s=min((one.ttl_s for one in records if one.ttl_s is not None), default=TTL_S),
    )


def _leads_home(record: Record, domain: str) -> bool:
    """Say whether a record leads to a place in the home: by its address, or because its names are of there."""
    if record.rtype in _ADDRESSES:
        return is_home(record.data)
    if names.is_under(record.base, domain):
        return True
    if record.rtype == presentation.SRV:
        return names.is_under(record.value.rpartition(" ")[2], domain)
    address = address_of(record.name)
    return record.rtype == dns.PTR and (
        names.is_under(record.value, domain) or (address is not None and is_home(address.packed))
    )


def _reversed(house: House, devices: Mapping[str, Device], domain: str) -> Iterator[tuple[str, str]]:
    """Yield the names of addresses and whose each is: of records of the home, of devices, then of other records."""
    plain = [one for one in house.records if one.rtype in _ADDRESSES and not (one.is_wild or one.is_left)]
    near = [(one.value, one.name) for one in plain if is_home(one.data)]
    yield from ((_reverse(address), name) for address, name in near if names.is_under(name, domain))
    for name, device in devices.items():
        yield from ((_reverse(address), name) for address in device.addresses)
    yield from ((_reverse(address), name) for address, name in near)


def _reverse(address: str) -> str:
    return ip_address(address.partition("%")[0]).reverse_pointer


NOTHING_LOCAL: Final = Local.of(EMPTY)
