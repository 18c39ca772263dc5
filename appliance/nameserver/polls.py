"""Asking all workers at once, and waiting no longer than a page may wait for those that answer."""

import asyncio
from collections.abc import Iterable
from itertools import count

from appliance.nameserver.link import AskEntries, Entries, Link
from appliance.nameserver.recent import MAX_READ, Entry

PATIENCE_S = 1.0


class Polls:
    """Questions under way, each worker's with a token of its own."""

    def __init__(self) -> None:
        self._tokens = count(1)
        self._waiting: dict[int, asyncio.Future[Entries]] = {}

    def __len__(self) -> int:
        """Return the number of answers that are waited for."""
        return len(self._waiting)

    def heard(self, entries: Entries) -> None:
        """Take a worker's answer; one that nobody waits for any more is let go."""
        waiting = self._waiting.get(entries.token)
        if waiting is not None and not waiting.done():
            waiting.set_result(entries)

    async def ask(
        self, links: Iterable[Link], *, of_sessions: bool = False, device: str | None = None, person: str | None = None
    ) -> tuple[list[Entry], int]:
        """Return what the workers wrote, merged, the newest first, and how many entries made room for others.

        A worker that doesn't answer in time is left out.
        """
        mine: dict[int, asyncio.Future[Entries]] = {}
        for link in links:
            token = next(self._tokens)
            if link.tell(AskEntries(token, of_sessions, device, person)):
                mine[token] = asyncio.get_running_loop().create_future()
        self._waiting |= mine
        try:
            if mine:
                await asyncio.wait(mine.values(), timeout=PATIENCE_S)
        finally:
            for token in mine:
                del self._waiting[token]
        heard = [one.result() for one in mine.values() if one.done()]
        found = [entry for one in heard for entry in one.entries]
        found.sort(key=lambda entry: entry.at, reverse=True)
        return found[:MAX_READ], sum(one.dropped for one in heard)
