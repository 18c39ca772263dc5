"""Names that devices take to addresses that this box never gave them, as a changed hosts file makes them do.

There are honest ones too, and so it takes several that have nothing in common:

- What was looked up on another network is known for a while: a device that has just come is left alone.
- An app that brings its own addresses takes them for one service: that counts as one site.
- One server that stands in for another (RFC 7838) was asked for by a name: only what was given for nothing counts.
- Where most of a device's names are so, it asks elsewhere, which is another thing.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from appliance.core.flowrules import NamePinned
from appliance.world.suffixes import is_suffix

DAY_S: Final = 86_400.0
AWAY_S: Final = 1_800.0
"""Who moved nothing for so long may have been elsewhere."""
SETTLE_S: Final = 900.0
"""So long after that, a device still uses what it looked up there."""
MEMORY_S: Final = 21_600.0
"""So far back the nameserver must know all that it gave: devices keep an address longer than they should."""
MAX_WAITING: Final = 256
MAX_SEEN: Final = 512
"""Pairs of name and address that are looked at, of one device and day."""
AT_ONCE: Final = 64


class Giver(Protocol):
    """Who knows for which names a device was given an address."""

    def is_strange(self, device: str | None, address: str, for_s: float, /) -> Awaitable[bool]:
        """Say whether it was surely given for no name at all, within so many seconds at least."""


class _Claim(NamedTuple):
    """A device's connection to an address as one of a name."""

    device: str
    name: str
    address: str
    service: str | None


@dataclass(slots=True)
class _Day:
    """What was looked at of one device; by hashes, so that nobody can read here where it was."""

    since: float
    seen: set[int] = field(default_factory=set)
    """Pairs of a name and an address."""
    strange: set[tuple[int, int]] = field(default_factory=set)
    """Of these, the site and the address."""
    is_told: bool = False

    def is_plain(self, rules: NamePinned) -> bool:
        """Say whether it is told, for the first time."""
        sites = {site for site, _ in self.strange}
        is_some = len(self.strange) >= rules.connections and len(sites) >= rules.sites
        return is_some and not self.is_told and 2 * len(self.strange) <= len(self.seen)


class Pinned:
    """Looks at a sample of what devices connect to; in memory only. `at` is an uptime in seconds."""

    def __init__(self, rules: NamePinned, names: Giver) -> None:
        self._rules = rules
        self._names = names
        self._days: dict[str, _Day] = {}
        self._waiting: deque[_Claim] = deque()
        self._here: dict[str, tuple[float, float]] = {}
        """Since when each device is here, and when it last moved anything."""

    def present(self, devices: Iterable[str], at: float) -> None:
        """Note which devices moved anything just now."""
        for device in devices:
            since, last = self._here.get(device, (at, at))
            self._here[device] = (since if at - last < AWAY_S else at), at

    def claim(self, device: str, name: str, address: str, service: str | None, at: float) -> None:
        """Note a connection that asks for a name at an address; `service` is what the name is known to be of."""
        since, _ = self._here.get(device, (at, at))
        if at - since < SETTLE_S:
            return
        day = self._days.get(device)
        if day is None or at - day.since >= DAY_S:
            day = self._days[device] = _Day(at)
        pair = hash((name, address))
        if pair not in day.seen and len(day.seen) < MAX_SEEN and len(self._waiting) < MAX_WAITING:
            day.seen.add(pair)
            self._waiting.append(_Claim(device, name, address, service))

    async def look(self) -> tuple[str, ...]:
        """Ask about some of what was noted; return the devices of which it is plain now, each once a day."""
        claims = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        asked = (self._names.is_strange(one.device, one.address, MEMORY_S) for one in claims)
        strange = await asyncio.gather(*asked)
        for claim, is_strange in zip(claims, strange, strict=True):
            day = self._days.get(claim.device)
            if is_strange and day is not None:
                day.strange.add((hash(claim.service or site_of(claim.name)), hash(claim.address)))
        told = tuple(device for device, day in self._days.items() if day.is_plain(self._rules))
        for device in told:
            self._days[device].is_told = True
        return told

    def forget(self, kept: Iterable[str]) -> None:
        """Forget all devices but these."""
        keep = frozenset(kept)
        for table in (self._days, self._here):
            for device in table.keys() - keep:
                del table[device]


def site_of(name: str) -> str:
    """Return the part of a name that somebody registered: ``img.shop.co.uk`` → ``shop.co.uk``."""
    above = name.partition(".")[2]
    while above and not is_suffix(above):
        name, above = above, above.partition(".")[2]
    return name
