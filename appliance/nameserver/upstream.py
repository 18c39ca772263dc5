"""Asking upstreams: equal questions only once, so many at a time, and what came of them into the cache."""

from collections import deque
from collections.abc import Callable

from appliance.config import Endpoint
from appliance.core.answers import Answers, Kept, Key
from appliance.core.query import Ask, Failure
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.nameserver.counts import Counts
from appliance.nameserver.exchange import Exchanges
from appliance.world import clock

MAX_OPEN = 400
"""Questions under way at once; more wait in line."""
MAX_WAITING = 4_000

Done = Callable[[Kept | Failure], None]


class Upstreams:
    """The questions that upstreams are asked."""

    def __init__(self, endpoints: tuple[Endpoint, ...], answers: Answers, counts: Counts) -> None:
        self.answers = answers
        self.counts = counts
        self._exchanges = Exchanges(endpoints, counts)
        self.loop = self._exchanges.loop
        self._under_way: dict[Key, list[Done]] = {}
        self._waiting: deque[Ask] = deque()
        self._open = 0

    def ask(self, ask: Ask, done: Done) -> None:
        """Ask, and call `done` with what came of it; who asks the same meanwhile gets the same answer."""
        if not self._exchanges.all:
            done(Failure.NO_UPSTREAM)
            return
        waiters = self._under_way.get(ask.key)
        if waiters is not None:
            self.counts.add("upstream.coalesced")
            waiters.append(done)
            return
        if len(self._waiting) >= MAX_WAITING:
            self.counts.add("upstream.overrun")
            done(Failure.NO_ANSWER)
            return
        self._under_way[ask.key] = [done]
        if self._open < MAX_OPEN:
            self._start(ask)
        else:
            self._waiting.append(ask)

    def _start(self, ask: Ask) -> None:
        self._open += 1
        self._exchanges.start(ask, lambda message: self._settle(ask, message))

    def _settle(self, ask: Ask, message: Message | None) -> None:
        """Hand an outcome to all who wait for it; None is "nobody answered"."""
        now = clock.now()
        is_target = ask.name != ask.query.name
        good = (dns.NOERROR,) if is_target else (dns.NOERROR, dns.NXDOMAIN)
        outcome: Kept | Failure = Failure.NO_ANSWER
        if message is not None:
            outcome = self.answers.put(ask.key, message, now, is_target=is_target)
        else:
            self.counts.add("upstream.silent")
        if message is None or message.rcode not in good:
            # RFC 8767 section 4: an old answer is better than none, and than an error.
            outcome = self.answers.get_stale(ask.key, now) or outcome
        self._open -= 1
        for done in self._under_way.pop(ask.key):
            done(outcome)
        while self._waiting and self._open < MAX_OPEN:
            self._start(self._waiting.popleft())
