"""Replies that wait: of somebody who may reach no address but those given here, the guard must know each of them first.

Its own side of it is `appliance/guard/known.py`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import msgspec

from appliance.core.query import Reply
from appliance.nameserver.counts import Counts
from appliance.nameserver.mishaps import Mishaps
from appliance.nameserver.soon import Soon
from appliance.world import bus

GUARD = "guard"
PATIENCE_S = 0.15
"""How long a reply waits at most; then it goes out all the same, and what it leads to may be refused at first."""
LEAST_S = 0.001
MAX_ADDRESSES = 128
"""Of one message: even of IPv6, one by one and of persons with long ids, they are less than what the bus reads."""

HandOut = Callable[[Reply], None]


@dataclass(frozen=True, slots=True)
class _Held:
    person: str
    reply: Reply
    hand_out: HandOut
    until: float


class Known:
    """Tells the guard of a data folder what is about to be given out: what comes while it is told is told together."""

    def __init__(self, data: Path, counts: Counts, soon: Soon) -> None:
        self._data = data
        self._soon = soon
        self._late = counts.cell("known.late")
        self._mishaps = Mishaps(counts)
        self._waiting: deque[_Held] = deque()
        self._telling: asyncio.Task[None] | None = None

    def hold(self, person: str, reply: Reply, hand_out: HandOut) -> None:
        """Hand out a reply to a person as soon as the guard knows its addresses.

        Where it can't be told, or not in time, the reply is handed out for this once and not again.
        """
        self._waiting.append(_Held(person, reply, hand_out, _now() + PATIENCE_S))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell_all())

    async def _tell_all(self) -> None:
        while self._waiting:
            held = [self._waiting.popleft()]
            total = len(held[0].reply.addresses)
            while self._waiting and (total := total + len(self._waiting[0].reply.addresses)) <= MAX_ADDRESSES:
                held.append(self._waiting.popleft())
            self._let_go(held, is_known=await self._tell(held))

    async def _tell(self, held: Sequence[_Held]) -> bool:
        """Say whether the guard knows all of it, when the first must go at the latest."""
        given = [(one.person, [str(ip_address(octets)) for octets in one.reply.addresses]) for one in held]
        left_s = max(LEAST_S, held[0].until - _now())
        try:
            await bus.ask_soon(self._data, GUARD, {"ask": "known", "given": given}, left_s)
        except bus.NotRunning:
            # When it comes it asks what was given.
            return False
        except bus.BusError:
            self._late.add(len(held))
            return False
        return True

    def _let_go(self, held: Sequence[_Held], *, is_known: bool) -> None:
        with self._soon:
            for one in held:
                reply = one.reply if is_known else msgspec.structs.replace(one.reply, keep_until=0.0)
                try:
                    one.hand_out(reply)
                except Exception as error:  # noqa: BLE001 -- one reply must not cost the others theirs
                    self._mishaps.note(error)


def _now() -> float:
    return asyncio.get_running_loop().time()
