"""How much each device moved with whom lately, by the kernel's counts as they are read now and then."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from appliance.guard.connection import Connection

GAP_S: Final = 150.0
"""After a longer pause it can't be said any more when something moved."""

Octets = tuple[int, int]
"""From the device and to it."""


class End(NamedTuple):
    """With whom a device speaks."""

    server: bytes
    stream: Connection | None = None
    """Apart from all else with that server: one of UDP of which nobody knows what it is."""
    is_peer: bool = False
    """It was found without DNS, as calls and swarms find each other."""


class Flow(NamedTuple):
    """A connection, with what it moved since it began."""

    device: str
    connection: Connection
    end: End
    octets: Octets
    is_begun: bool
    """Its beginning was seen: else it may have moved anything before."""


class Moved(NamedTuple):
    """What a device moved with one end."""

    octets: Octets
    since: float | None
    """When they were first in touch of late; None where that was before anybody looked."""
    until: float
    """When they last were."""

    @property
    def total(self) -> int:
        """Octets both ways."""
        return sum(self.octets)

    @property
    def is_answered(self) -> bool:
        """Both sides spoke."""
        return all(self.octets)


Pair = tuple[str, End]
"""Which device, with whom."""


class _Look(NamedTuple):
    at: float
    moved: Mapping[Pair, Octets]


class Traffic:
    """What moved within a time; `at` is an uptime in seconds. It holds what flows, and what did that long ago."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._before: dict[Connection, Octets] = {}
        self._since: dict[Pair, float | None] = {}
        self._looks: deque[_Look] = deque()
        self._moved: dict[Pair, Moved] = {}
        """The sum of the looks."""
        self._at: float | None = None

    def look(self, flows: Iterable[Flow], at: float) -> frozenset[str]:
        """Take in all that flows; return the devices of which something moved since the last time."""
        if self._at is not None and not 0 <= at - self._at <= GAP_S:
            self._begin()
        moved: defaultdict[Pair, Octets] = defaultdict(lambda: (0, 0))
        counts: dict[Connection, Octets] = {}
        flowing: set[Pair] = set()
        for flow in flows:
            key = flow.device, flow.end
            flowing.add(key)
            counts[flow.connection] = flow.octets
            self._touch(key, flow, at)
            more = self._more(flow)
            if any(more):
                moved[key] = _sum(moved[key], more)
        self._before, self._at = counts, at
        self._add(_Look(at, moved))
        self._forget(flowing, at)
        return frozenset(device for device, _ in moved)

    def by_device(self) -> Mapping[str, Mapping[End, Moved]]:
        """Return what each device moved with each end."""
        found: defaultdict[str, dict[End, Moved]] = defaultdict(dict)
        for (device, end), moved in self._moved.items():
            found[device][end] = moved
        return found

    def _begin(self) -> None:
        """Forget all: nobody knows any more when something moved."""
        for held in (self._before, self._since, self._looks, self._moved):
            held.clear()
        self._at = None

    def _touch(self, key: Pair, flow: Flow, at: float) -> None:
        is_new = flow.connection not in self._before
        # At the very first look even what is known to have begun may have done so long ago.
        if is_new and (self._at is None or not flow.is_begun):
            self._since[key] = None
        else:
            self._since.setdefault(key, at)

    def _more(self, flow: Flow) -> Octets:
        """Return what a connection moved since the last look."""
        before = self._before.get(flow.connection)
        if before is None:
            return flow.octets if self._at is not None and flow.is_begun else (0, 0)
        more = flow.octets[0] - before[0], flow.octets[1] - before[1]
        # Fewer than before: another connection between the same ports.
        return more if min(more) >= 0 else flow.octets

    def _add(self, look: _Look) -> None:
        self._looks.append(look)
        for key, more in look.moved.items():
            before = self._moved.get(key)
            octets = more if before is None else _sum(before.octets, more)
            self._moved[key] = Moved(octets, self._since[key], look.at)

    def _forget(self, flowing: set[Pair], at: float) -> None:
        while self._looks and self._looks[0].at <= at - self._within_s:
            gone = self._looks.popleft()
            for key, less in gone.moved.items():
                moved = self._moved[key]
                if moved.until == gone.at:
                    del self._moved[key]
                else:
                    octets = moved.octets[0] - less[0], moved.octets[1] - less[1]
                    self._moved[key] = moved._replace(octets=octets)
        self._since = {key: one for key, one in self._since.items() if key in flowing or key in self._moved}


def _sum(one: Octets, other: Octets) -> Octets:
    return one[0] + other[0], one[1] + other[1]
