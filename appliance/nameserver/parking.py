"""Queries that wait until the kernel knows whose MAC is behind their address, for a moment at most.

Otherwise the first query after a start, or after the kernel has forgotten a device, would be answered by its address
alone, and a child's as an unknown device's.
"""

from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from appliance.nameserver.counts import Counts
from appliance.world.neighbours import Neighbours, resolve_mac

MAX_PARKED = 256
MAX_PARKED_QUERIES = 16
PARK_S = 0.3
"""How long a query waits for the MAC behind its address: many times what a device in the same home takes to tell."""

Deliver = Callable[[bytes], None]
Local = Callable[[], str]
"""The own address that a query came in on, empty where that is not known; told when it is needed."""


class Call(msgspec.Struct, frozen=True):
    """A query as it came in, and how to answer it."""

    wire: bytes
    source: str
    deliver: Deliver
    local: Local
    is_tcp: bool


@dataclass(slots=True)
class _Parked:
    """The queries of one source that wait for its MAC, and the end of their patience."""

    timer: TimerHandle
    queries: list[Call] = field(default_factory=list)


class Parking:
    """The queries of all sources that wait; `go` is given each source with what waited there, known or not."""

    def __init__(
        self, loop: AbstractEventLoop, neighbours: Neighbours, counts: Counts, go: Callable[[str, list[Call]], None]
    ) -> None:
        self._loop = loop
        self._neighbours = neighbours
        self._counts = counts
        self._go = go
        self._parked: dict[str, _Parked] = {}

    def park(self, call: Call) -> bool:
        """Let a query wait; False where it need not, because what is known of its source is all that will be."""
        source = call.source
        if not self._neighbours.is_unresolved(source):
            return False
        parked = self._parked.get(source)
        if parked is None and len(self._parked) < MAX_PARKED:
            resolve_mac(source)
            parked = self._parked[source] = _Parked(self._loop.call_later(PARK_S, self._let_go, source))
        if parked is None or len(parked.queries) >= MAX_PARKED_QUERIES:
            # A flood of forged addresses must not make anyone's query be answered without a look at who asks.
            self._counts.add("dropped.waiting")
        else:
            parked.queries.append(call)
        return True

    def look(self, changed: Iterable[str]) -> None:
        """Let go what waits at those of these addresses whose MAC is known now."""
        for source in changed:
            if source in self._parked and self._neighbours.mac(source) is not None:
                self._let_go(source)

    def _let_go(self, source: str) -> None:
        parked = self._parked.pop(source)
        parked.timer.cancel()
        self._go(source, parked.queries)
