"""Finished replies, by who asks and the question's octets: the hot path's one look-up.

A memo belongs to a policy state: all devices that are decided alike share one, and a forwarder has one of its own,
because the octets of its queries say who asks. Keys are a query without its id, values a reply without its id.
"""

from itertools import islice

import msgspec

from appliance.nameserver.rates import Paid
from appliance.nameserver.tally import Cell


class Finished(msgspec.Struct, gc=False, eq=False):
    """A finished reply: until when it may be given out (POSIX seconds), the octets after the id, and what to raise."""

    until: float | Paid
    wire: bytes
    cell: Cell


Memo = dict[bytes, Finished]

MAX_REPLIES = 140_000
"""About 38 MB."""
MAX_MOMENTS = 4_096
MAX_QUERY_OCTETS = 600


class Memos:
    """All memos of one worker; together no more than `MAX_REPLIES` replies."""

    def __init__(self) -> None:
        self._memos: dict[str, Memo] = {}
        self._size = 0
        self._turn = 0
        self._moments: dict[int, int] = {}
        """Ends of replies in whole seconds, so that all that end together share one number."""

    def __len__(self) -> int:
        """Return the number of replies kept."""
        return self._size

    def of(self, state: str) -> Memo:
        """Return the memo of a policy state."""
        return self._memos.setdefault(state, {})

    def put(self, memo: Memo, query: bytes, reply: Finished) -> None:
        """Keep a reply; when all is full, the older half of the largest memo goes."""
        if len(query) > MAX_QUERY_OCTETS:
            return
        if query not in memo:
            if self._size >= MAX_REPLIES:
                self._halve()
            self._size += 1
        if not isinstance(reply.until, Paid):
            reply.until = self._shared(reply.until)
        memo[query] = reply

    def sweep(self, at: float) -> bool:
        """Drop what may not be given out any more from one memo, another one each time: nobody waits long for it.

        Say whether all have had their turn now.
        """
        if not self._memos:
            return True
        self._turn = (self._turn + 1) % len(self._memos)
        memo = next(islice(self._memos.values(), self._turn, None))
        for query in [query for query, reply in memo.items() if reply.until <= at]:
            del memo[query]
            self._size -= 1
        return self._turn == 0

    def forget_of(self, prefixes: tuple[str, ...]) -> None:
        """Forget the replies of the states that begin like this."""
        for state, memo in self._memos.items():
            if state.startswith(prefixes):
                self._size -= len(memo)
                memo.clear()

    def _shared(self, until: float) -> int:
        if len(self._moments) >= MAX_MOMENTS:
            self._moments.clear()
        moment = int(until)
        return self._moments.setdefault(moment, moment)

    def _halve(self) -> None:
        largest = max(self._memos.values(), key=len)
        older = list(islice(largest, (len(largest) + 1) // 2))
        for query in older:
            del largest[query]
        self._size -= len(older)

    def forget(self) -> None:
        """Forget every reply; the memos themselves stay, because the hot path holds them."""
        for memo in self._memos.values():
            memo.clear()
        self._size = 0
