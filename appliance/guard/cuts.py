"""Ends what was open and is forbidden now: all that flows is judged again, and the kernel is told of what changed.

The daemon's loop is never held up for long: the kernel's table is read and written in a thread, judging goes by
slices.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

import msgspec

from appliance.core.mark import STATE_MASK, State
from appliance.core.verdict import Reason
from appliance.guard import conntrack
from appliance.guard.book import Book
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked
from appliance.guard.knock import knock
from appliance.guard.review import Judged, MacTable, Names, Review
from appliance.household.orders import Orders

AGAIN_S: Final = 0.7
"""So long after a cut the ends are woken once more: an end that has just answered something else answers nothing for
half a second."""
CHECK_S: Final = 5.0
"""So long after a cut it is looked whether anything of it flows."""
SOON_S: Final = 1.0
"""How often at most `next_at` comes for what can be decided otherwise."""
DECIDED: Final = (State.ALLOWED, State.SLOWED, State.REFUSED)


class Kernel(NamedTuple):
    """What is wanted of the kernel. Each may raise OSError."""

    dump: Callable[[int, int], list[Tracked]] = conntrack.dump
    set_marks: Callable[[Iterable[tuple[Connection, int]]], int] = conntrack.set_marks
    delete: Callable[[Iterable[Connection]], int] = conntrack.delete
    knock: Callable[[Iterable[Tracked]], int] = knock


class Cut(msgspec.Struct, frozen=True):
    """Connections of one device that were ended for one reason."""

    at: float
    """POSIX seconds."""
    person: str | None
    device: str | None
    connections: int
    reason: Reason
    still: int
    """How many of them flowed all the same when it was looked again; they were ended again."""


class Sweep(NamedTuple):
    """What became of all that flows, in connections."""

    seen: int
    """Those that were decided before."""
    refused: int
    """Ended now."""
    turned: int
    """Slowed down, or no more."""
    freed: int
    """Refused before and allowed now: forgotten, so that their next packet begins them anew."""


class _Whose(NamedTuple):
    person: str | None
    device: str | None
    reason: Reason


class _Pending(NamedTuple):
    """What one sweep ended, to be looked at again."""

    at: float
    ended: dict[Connection, _Whose | None]
    """None for what nobody is told of."""
    deaf: frozenset[Connection]
    """Those of them over TCP that were open, and whose ends so may not know."""
    is_again: bool = False
    """They were woken once more."""


class Cuts:
    """Looks through all that flows when it is told to; it wants to be told so at `next_at`."""

    def __init__(
        self,
        orders: Orders,
        book: Book,
        tell: Callable[[Cut], None],
        *,
        names: Names | None = None,
        neighbours: MacTable | None = None,
        kernel: Kernel | None = None,
    ) -> None:
        """`tell` hears of each cut once it was looked at again.

        Without `names` and `neighbours`, the book alone tells where a connection leads and whose it is.
        """
        self._orders = orders
        self._book = book
        self._tell = tell
        self._names, self._neighbours = names, neighbours
        self._kernel = kernel or Kernel()
        self._until: float | None = None
        self._pending: list[_Pending] = []
        self._turn = asyncio.Lock()
        self.latest: Sequence[Judged] = ()
        """All that flowed when it was looked through last, as it was judged then."""

    @property
    def next_at(self) -> float | None:
        """When (POSIX seconds) something that flows can be decided otherwise, or a cut is to be looked at again."""
        checks = (one.at + (CHECK_S if one.is_again else AGAIN_S) for one in self._pending)
        moments = (self._until, self._book.soonest, *checks)
        return min((one for one in moments if one is not None), default=None)

    async def sweep(self, at: float) -> Sweep:
        """Judge all that flows again at a time (POSIX seconds): refuse what is forbidden, free what no longer is.

        Raises OSError where the kernel's table can't be read or written; then it can be tried again.
        """
        async with self._turn:
            self._book.begin()
            found = await asyncio.to_thread(self._dump)
            review = Review(self._orders, self._book, self._names, self._neighbours)
            self.latest = judged = await review.judge(found, at)
            done = await asyncio.to_thread(self._apply, judged)
            lately = self._deaf()
            self._check(judged, at)
            self._note(judged, at)
            await asyncio.to_thread(self._knock, judged, lately | self._deaf())
            self._book.keep({tracked.connection for tracked in found})
            untils = (one.passage.verdict.until for one in judged if one.passage is not None)
            until = min((until for until in untils if until is not None), default=None)
            self._until = None if until is None else max(until, at + SOON_S)
            return done

    def _dump(self) -> list[Tracked]:
        return [tracked for state in DECIDED for tracked in self._kernel.dump(STATE_MASK, state.bits)]

    def _apply(self, judged: Sequence[Judged]) -> Sweep:
        """Have the kernel do what was judged. It runs in a thread."""
        refused = [one for one in judged if one.is_ended]
        turned = [one for one in judged if one.state is not one.was and State.REFUSED not in (one.state, one.was)]
        freed = [one.tracked.connection for one in judged if one.was is State.REFUSED and one.state is not one.was]
        if refused or turned:
            self._kernel.set_marks((one.tracked.connection, one.mark) for one in (*refused, *turned))
        if freed:
            self._kernel.delete(freed)
        return Sweep(len(judged), len(refused), len(turned), len(freed))

    def _knock(self, judged: Sequence[Judged], deaf: AbstractSet[Connection]) -> None:
        """Have the ends of what was ended lately hear of it, more than once: a packet may be lost."""
        # Not what may flow again by now, nor a connection that has taken its ports.
        found = [one.tracked for one in judged if one.state is State.REFUSED and one.tracked.connection in deaf]
        if found:
            self._kernel.knock(found)

    def _ended(self) -> set[Connection]:
        """Return what was ended and was not looked at again yet."""
        return {connection for one in self._pending for connection in one.ended}

    def _deaf(self) -> set[Connection]:
        """Return of these what was open over TCP."""
        return {connection for one in self._pending for connection in one.deaf}

    def _note(self, judged: Sequence[Judged], at: float) -> None:
        """Keep in mind what was ended just now, but for what was ended a moment ago."""
        ended = {one.tracked.connection: _whose(one) for one in judged if one.is_ended}
        for connection in self._ended() & ended.keys():
            del ended[connection]
        if ended:
            was_open = (one.tracked.connection for one in judged if one.tracked.is_tcp_open)
            self._pending.append(_Pending(at, ended, frozenset(ended.keys() & set(was_open))))

    def _check(self, judged: Sequence[Judged], at: float) -> None:
        """Tell of the cuts that are to be looked at again by now, each device's and reason's by itself."""
        self._pending = [one._replace(is_again=one.is_again or at - one.at >= AGAIN_S) for one in self._pending]
        # A clock that was set back must not put it off.
        due = [one for one in self._pending if not 0 <= at - one.at < CHECK_S]
        if not due:
            return
        # The kernel refuses what is marked so: another mark means that a packet on its way overwrote the cut.
        flowing = {one.tracked.connection for one in judged if one.is_ended}
        for cut in due:
            self._pending.remove(cut)
            still = Counter(whose for connection, whose in cut.ended.items() if connection in flowing)
            for whose, connections in Counter(cut.ended.values()).items():
                if whose is not None:
                    self._tell(Cut(cut.at, whose.person, whose.device, connections, whose.reason, still[whose]))


def _whose(judged: Judged) -> _Whose | None:
    if judged.passage is None or not judged.is_told:
        return None
    return _Whose(judged.person, judged.device, judged.passage.verdict.reason)
