"""The devices that were seen, merged from all that was seen of them; bounded, and told in the order of change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from appliance.finder import mac as macs

MAX_DEVICES = 1_024
MAX_ADDRESSES = 8
ANSWER_DEVICES = 256
"""How many are told at once: an answer is a line of the bus, which has an end."""
AGAIN_S = 10.0
"""Two sightings are two if so much lies between them."""
TOLD_S = 300.0
"""How old the told time of the last sighting may be while a device is still seen."""
PAST_ADDRESS_S = 600.0
"""An address that was not seen for so long makes room for another."""
AHEAD_S = 3_600.0
"""A sighting so far in the future was told by a clock that was wrong."""


class Source(Enum):
    """Where a device was seen."""

    NEIGHBOUR = "neighbour"
    LEASE = "dhcp-lease"
    DHCP = "dhcp"
    MDNS = "mdns"


_NAMED_BY = (Source.DHCP, Source.LEASE, Source.MDNS)
"""Whose word is taken for the host name, the first before the others."""


class Sighting(msgspec.Struct, frozen=True):
    """A device as it was seen at a time (POSIX): its MAC and addresses in normal form, its host name made harmless."""

    mac: str
    source: Source
    at: float
    addresses: tuple[str, ...] = ()
    host_name: str | None = None
    is_router: bool = False


@dataclass(slots=True)
class _Known:
    """What is known of a MAC."""

    mac: str
    first: float
    last: float
    told: float
    serial: int = 0
    times: int = 1
    is_router: bool = False
    addresses: dict[str, float] = field(default_factory=dict)
    names: dict[Source, str] = field(default_factory=dict)
    sources: set[Source] = field(default_factory=set)

    def merge(self, seen: Sighting) -> bool:
        """Take in a sighting; say whether there is something to tell."""
        before = (self.host_name, len(self.sources), frozenset(self.addresses), self.is_router)
        self.times += seen.at - self.last >= AGAIN_S
        self.first, self.last = min(self.first, seen.at), max(self.last, seen.at)
        self.is_router = seen.is_router
        self.sources.add(seen.source)
        if seen.host_name is not None:
            self.names[seen.source] = seen.host_name
        for address in seen.addresses:
            self._has(address, seen.at)
        after = (self.host_name, len(self.sources), frozenset(self.addresses), self.is_router)
        return before != after or self.last - self.told >= TOLD_S

    def _has(self, address: str, at: float) -> None:
        """Note an address; where there are many, in place of one that was not seen lately."""
        if address not in self.addresses and len(self.addresses) >= MAX_ADDRESSES:
            oldest = min(self.addresses, key=self.addresses.__getitem__)
            if at - self.addresses[oldest] < PAST_ADDRESS_S:
                return
            del self.addresses[oldest]
        self.addresses[address] = max(at, self.addresses.get(address, at))

    @property
    def host_name(self) -> str | None:
        """What it calls itself."""
        return next((self.names[source] for source in _NAMED_BY if source in self.names), None)

    def plain(self) -> dict[str, object]:
        """Return it as it is told on the bus; of the addresses, the latest first."""
        return {
            "mac": self.mac,
            "addresses": sorted(self.addresses, key=lambda address: -self.addresses[address]),
            "host_name": self.host_name,
            "is_random_mac": macs.is_random(self.mac),
            "is_router": self.is_router,
            "first": self.first,
            "last": self.last,
            "sources": [source.value for source in Source if source in self.sources],
        }


class Inventory:
    """Devices by MAC. Every change has a number; numbers begin at `serial`, which should be higher after a restart."""

    def __init__(self, serial: int, size: int = MAX_DEVICES) -> None:
        self.serial = serial
        self.evicted = 0
        """Devices given up because there were too many."""
        self._size = size
        self._known: dict[str, _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def saw(self, seen: Sighting) -> None:
        """Take in a sighting."""
        known = self._known.get(seen.mac)
        if known is None:
            self._make_room()
            known = self._known[seen.mac] = _Known(seen.mac, seen.at, seen.at, seen.at)
            known.merge(seen)
        elif not known.merge(seen):
            return
        self.serial += 1
        known.serial, known.told = self.serial, known.last

    def seen(self, since: int, limit: int = ANSWER_DEVICES) -> tuple[int, list[dict[str, object]]]:
        """Return the devices that changed after a serial, in order, and the serial to go on from.

        A serial that lies ahead is another life's: then all are told.
        """
        after = since if since <= self.serial else -1
        changed = sorted((one for one in self._known.values() if one.serial > after), key=lambda one: one.serial)
        told = changed[:limit]
        serial = told[-1].serial if len(changed) > limit else self.serial
        return serial, [one.plain() for one in told]

    def forget(self, is_gone: Callable[[str, tuple[str, ...]], bool]) -> None:
        """Drop the devices of which this is so, by MAC and addresses."""
        for one in list(self._known.values()):
            if is_gone(one.mac, tuple(one.addresses)):
                del self._known[one.mac]

    def expire(self, kept_s: float, at: float) -> None:
        """Drop what was not seen for so long, and what was seen in a future that a wrong clock told."""
        for one in list(self._known.values()):
            if not at - kept_s <= one.last <= at + AHEAD_S:
                del self._known[one.mac]

    def _make_room(self) -> None:
        """Give up one device if there are too many: of those that were seen least often, the one not seen longest."""
        if len(self._known) >= self._size:
            given_up = min(self._known.values(), key=lambda one: (one.times, one.last))
            del self._known[given_up.mac]
            self.evicted += 1
