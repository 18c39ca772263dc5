"""Asking all workers at once, and waiting no longer than whoever asks may wait for those that answer."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TypeVar

from appliance.nameserver.given import together
from appliance.nameserver.link import (
    AddressesNow,
    AskAddresses,
    AskEntries,
    AskGiven,
    AskThings,
    Entries,
    GivenNow,
    ThingsNow,
)
from appliance.nameserver.recent import MAX_READ, Entry
from appliance.nameserver.things import MAX_NAMES, Asked
from appliance.nameserver.things import together as all_asked
from appliance.world.link import Link

PATIENCE_S = 1.0
"""A page waits."""
GIVEN_PATIENCE_S = 0.03
"""A connection waits."""

MAX_ADDRESSES = 10_000
"""Told of one person at once, the latest: they fit into a line of the bus."""

Answer = Entries | GivenNow | AddressesNow | ThingsNow
Told = TypeVar("Told", Entries, GivenNow, AddressesNow, ThingsNow)


class Polls:
    """Questions under way, each worker's with a token of its own."""

    def __init__(self) -> None:
        self._tokens = count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}

    def __len__(self) -> int:
        """Return the number of answers that are waited for."""
        return len(self._waiting)

    def heard(self, answer: Answer) -> None:
        """Take a worker's answer; one that nobody waits for any more is let go."""
        waiting = self._waiting.get(answer.token)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def ask(
        self, links: Iterable[Link], *, of_sessions: bool = False, device: str | None = None, person: str | None = None
    ) -> tuple[list[Entry], int]:
        """Return what the workers wrote, merged, the newest first, and how many entries made room for others.

        A worker that doesn't answer in time is left out.
        """

        def question(token: int) -> AskEntries:
            return AskEntries(token, of_sessions, device, person)

        heard, _ = await self._all(list(links), question, Entries, PATIENCE_S)
        found = [entry for one in heard for entry in one.entries]
        found.sort(key=lambda entry: entry.at, reverse=True)
        return found[:MAX_READ], sum(one.dropped for one in heard)

    async def ask_given(
        self, links: Iterable[Link], askers: Sequence[tuple[str | None, str]]
    ) -> tuple[list[tuple[str, ...]], float]:
        """Return for which names each device was given its address, the latest first, and for how long none is missing.

        That is 0 s where a worker did not answer in time.
        """

        def question(token: int) -> AskGiven:
            return AskGiven(token, tuple(askers))

        heard, are_all = await self._all(list(links), question, GivenNow, GIVEN_PATIENCE_S)
        if not heard:
            return [()] * len(askers), 0.0
        names = [together(told) for told in zip(*(one.names for one in heard), strict=True)]
        return names, min(one.whole_s for one in heard) if are_all else 0.0

    async def ask_things(self, links: Iterable[Link], device: str) -> tuple[list[Asked], bool]:
        """Return what a thing asked all workers for, in the order of the names, and whether it seems to be a thing.

        Of what is none to one of them, or to all together, nothing is told.
        """

        def question(token: int) -> AskThings:
            return AskThings(token, device)

        heard, _ = await self._all(list(links), question, ThingsNow, PATIENCE_S)
        asked = all_asked(one for told in heard for one in told.asked)
        is_thing = all(told.is_thing for told in heard) and len(asked) <= MAX_NAMES
        return (asked if is_thing else []), is_thing

    async def ask_addresses(self, links: Iterable[Link], person: str) -> tuple[list[tuple[str, float]], bool]:
        """Return the addresses that a person was given, the latest first, and how long each may still be held (s).

        And whether all workers tell the guard of others.
        """

        def question(token: int) -> AskAddresses:
            return AskAddresses(token, person)

        heard, are_all = await self._all(list(links), question, AddressesNow, PATIENCE_S)
        left: dict[str, float] = {}
        for address, left_s in (given for one in heard for given in one.given):
            left[address] = max(left_s, left.get(address, left_s))
        found = sorted(left.items(), key=lambda given: -given[1])
        return found[:MAX_ADDRESSES], bool(heard) and are_all and all(one.is_telling for one in heard)

    async def _all(
        self,
        links: Sequence[Link],
        question: Callable[[int], AskEntries | AskGiven | AskAddresses | AskThings],
        kind: type[Told],
        patience_s: float,
    ) -> tuple[list[Told], bool]:
        """Return what the workers answered in time, and whether all did."""
        mine: dict[int, asyncio.Future[Answer]] = {}
        for link in links:
            token = next(self._tokens)
            if link.tell(question(token)):
                mine[token] = asyncio.get_running_loop().create_future()
        self._waiting |= mine
        try:
            if mine:
                await asyncio.wait(mine.values(), timeout=patience_s)
        finally:
            for token in mine:
                del self._waiting[token]
        heard = [told for one in mine.values() if one.done() and isinstance(told := one.result(), kind)]
        return heard, len(heard) == len(links)
