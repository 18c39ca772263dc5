"""Sweeps in the namespace that it runs in: each line of its input is an hour, each of its output what was done then.

At ``table`` it says what the kernel has instead, and at ``forget`` it forgets all of that.

Connections to port 444 are known as music's, all others as a site's.
"""

import asyncio
import json
import sys
import time

from appliance.core.mark import STATE_MASK, State, read
from appliance.guard import conntrack
from appliance.guard.book import Book
from appliance.guard.cuts import Cut, Cuts
from tests.core.builders import AT
from tests.guard.ordered import Ordered, settled

MUSIC_PORT = 444
DAY = AT - AT % 86_400


async def main() -> None:
    """Sweep at each hour that is asked for."""
    ordered = Ordered()
    table = Table(ordered)
    _say("ready")
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        match line:
            case "table":
                _say(json.dumps([_as_told(one) for one in conntrack.dump(0, 0)]))
            case "forget":
                conntrack.delete([one.connection for one in conntrack.dump(0, 0)])
                table = Table(ordered)
                _say(json.dumps(conntrack.dump(0, 0)))
            case hour:
                _say(json.dumps(await table.sweep(float(hour))))


class Table:
    """What is known of what flows, since the last time when nothing did."""

    def __init__(self, ordered: Ordered) -> None:
        self._book, self._told = Book(), list[Cut]()
        self._cuts = Cuts(ordered.orders, self._book, self._told.append)

    async def sweep(self, hour: float) -> dict[str, object]:
        """Look through all that flows; return what became of it, what was told of cuts, and how long it took."""
        for one in conntrack.dump(STATE_MASK, State.ALLOWED.bits):
            is_music = one.connection.server_port == MUSIC_PORT
            self._book.put(settled(one.connection, "www.spotify.com" if is_music else "www.wikipedia.org"))
        began = time.perf_counter()
        done = await self._cuts.sweep(DAY + hour * 3600)
        told = [(cut.connections, cut.still, cut.reason.code) for cut in self._told]
        return done._asdict() | {"told": told, "ms": (time.perf_counter() - began) * 1000}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _as_told(tracked: conntrack.Tracked) -> dict[str, object]:
    mark = read(tracked.mark)
    return {
        "port": tracked.connection.server_port,
        "state": mark.state.name if mark else None,
        "is_open": tracked.is_tcp_open,
        "octets": sum(tracked.octets),
    }


if __name__ == "__main__":
    asyncio.run(main())
