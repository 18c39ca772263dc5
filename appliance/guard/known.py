"""Which addresses this box gave to those who may reach no others: in the kernel before the reply that tells leaves.

The nameserver says so, ``{"ask": "known", "given": [[PERSON, [ADDRESS, …]], …]}``, and waits for the answer with a
reply in hand. What it gave before this daemon was there, or before a person was to be kept to it, it is asked for; only
then is the person kept to it. Its finished replies are given out for less time than an address is known here.
"""

import asyncio
import struct
from collections import OrderedDict
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from appliance.core.policy import Policy
from appliance.guard.elements import Element, Elements
from appliance.guard.firewall import Firewall
from appliance.guard.kept import Kept, kept_of
from appliance.guard.names import NAMESERVER
from appliance.world import bus, clock

ASK: Final = "known"
TOLD_BY: Final = frozenset(("kindgate-nameserver",))
KNOWN_S: Final = 86_400.0
"""As long as the visibility contract lets it be held."""
RENEW_S: Final = 72_000.0
"""An address that is given again while it has more than this left keeps its end: still longer than a reply's memo."""
MOST: Final = 65_536
"""Of all persons; beyond it the oldest is no longer renewed, and ends in its time."""
PATIENCE_S: Final = 1.5
"""For what was given before; who has not said it by then is asked again a moment later."""
COUNT_S: Final = 10.0
"""How often it is looked how many connections led elsewhere."""

_SETS: Final = {4: "known4", 16: "known6"}
_NUMBER = struct.Struct("=I")

Place = tuple[int, bytes]
"""Of which person, by number, and which address (4 or 16 octets)."""


class Strange(NamedTuple):
    """Connections that a device began to addresses that nobody gave it."""

    mac: str
    times: int
    is_refused: bool


class _Given(msgspec.Struct, frozen=True):
    """The nameserver's answer: addresses, for how long each may still be held, and whether it tells of new ones."""

    given: tuple[tuple[str, float], ...]
    is_telling: bool


class Known:
    """Keeps the firewall's sets; on one event loop."""

    def __init__(self, data: Path, firewall: Firewall, elements: Elements | None = None) -> None:
        self._data = data
        self._firewall = firewall
        self._elements = elements or Elements()
        self._numbers: dict[str, int] = {}
        """Of the persons, never another's: what was given to somebody stays theirs."""
        self._until: OrderedDict[Place, float] = OrderedDict()
        """When each ends (uptime), the latest given last."""
        self._filled: set[str] = set()
        """Of whom nothing is missing."""
        self._kept: Mapping[int, Kept] | None = {}
        """Whom the kernel keeps to known addresses; None where it has to be told anew."""
        self._strange: dict[tuple[str, int], int] = {}
        self._counted_at = float("-inf")

    def __len__(self) -> int:
        """Return how many addresses are known."""
        return len(self._until)

    def answer(self, request: Mapping[str, object]) -> dict[str, object]:
        """Take what the nameserver is about to give out. Raises ValueError, OSError."""
        told = msgspec.convert(request.get("given"), tuple[tuple[str, tuple[str, ...]], ...])
        renewed_from = clock.uptime() + RENEW_S
        places = ((self._number(person), ip_address(one).packed) for person, addresses in told for one in addresses)
        self._put({place: KNOWN_S for place in places if self._until.get(place, 0.0) < renewed_from})
        return {"bus": bus.VERSION, "is_known": True}

    def lose(self) -> None:
        """Take it that the kernel knows nothing any more: the table is another."""
        self._kept = None

    async def mind(self, policy: Policy) -> None:
        """Keep to known addresses those who are to be, as soon as it is known what they were given. Raises OSError."""
        wanted = kept_of(policy)
        self._filled &= wanted.keys()
        for person in wanted.keys() - self._filled:
            if await self._fill(person):
                self._filled.add(person)
        if self._kept is None:
            self._again()
        kept = {self._number(person): one for person, one in wanted.items() if person in self._filled}
        if self._kept != kept:
            self._kept = None
            await asyncio.to_thread(self._firewall.set_kept, kept)
            self._kept = kept

    async def strange(self) -> list[Strange]:
        """Return the devices that began connections to other addresses since the last call.

        Nothing but now and then, and where nobody is kept. Raises OSError.
        """
        kept = self._kept
        if not kept or clock.uptime() - self._counted_at < COUNT_S:
            return []
        self._counted_at = clock.uptime()
        before, self._strange = self._strange, await asyncio.to_thread(self._firewall.strange)
        found = []
        for (mac, number), count in self._strange.items():
            known = before.get((mac, number), 0)
            # A table that is another has counted from 0.
            fresh = count - known if count >= known else count
            if fresh and number in kept:
                found.append(Strange(mac, fresh, kept[number].is_refused))
        return found

    def close(self) -> None:
        """Let go of the kernel."""
        self._elements.close()

    async def _fill(self, person: str) -> bool:
        """Take in what a person was given before; say whether from here on all is told."""
        try:
            answer = await bus.ask_soon(self._data, NAMESERVER, {"ask": "addresses", "person": person}, PATIENCE_S)
            told = msgspec.convert(answer, _Given)
            # The latest comes first, and is to be the last that is let go.
            left = {ip_address(one).packed: min(left_s, KNOWN_S) for one, left_s in reversed(told.given)}
        except (bus.BusError, ValueError):
            return False
        at, number = clock.uptime(), self._number(person)
        found = {(number, address): left_s for address, left_s in left.items()}
        self._put({place: left_s for place, left_s in found.items() if self._until.get(place, 0.0) < at + left_s})
        return told.is_telling

    def _put(self, given: Mapping[Place, float]) -> None:
        """Have the kernel know addresses, and for how many seconds each. Raises OSError: then it knows none of them."""
        at = clock.uptime()
        for place, left_s in given.items():
            self._until[place] = at + left_s
            self._until.move_to_end(place)
        try:
            self._elements.put([_element(*place, left_s) for place, left_s in given.items()])
        except OSError:
            for place in given:
                del self._until[place]
            raise
        self._sweep(at)

    def _again(self) -> None:
        """Have the kernel know all of it. Raises OSError."""
        at = clock.uptime()
        self._elements.put([_element(*place, until - at) for place, until in self._until.items() if until > at])

    def _sweep(self, at: float) -> None:
        while self._until and (len(self._until) > MOST or next(iter(self._until.values())) <= at):
            self._until.popitem(last=False)

    def _number(self, person: str) -> int:
        # 0 is nobody's.
        return self._numbers.setdefault(person, len(self._numbers) + 1)


def _element(number: int, address: bytes, left_s: float) -> Element:
    return Element(_SETS[len(address)], _NUMBER.pack(number) + address, left_s)
