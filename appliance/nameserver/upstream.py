"""Asking upstreams: equal questions only once, so many at a time, and what came of them into the cache.

Nobody waits long where an old answer is kept (RFC 8767); what is popular is asked for before it ends.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable

from appliance.core.answers import Answers, Kept, Key
from appliance.core.query import Ask, Failure
from appliance.core.whom import Whom
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.nameserver.counts import Counts
from appliance.nameserver.exchange import Exchanges
from appliance.nameserver.loops import Loops
from appliance.nameserver.standing import Health
from appliance.world import clock

MAX_OPEN = 400
"""Questions under way at once; more wait in line."""
MAX_WAITING = 4_000
MAX_EARLY = MAX_OPEN // 10
"""Of those under way, so many at most that nobody waits for."""
PATIENCE_S = 4.5
"""How long who asks waits, in line and for the servers together: less than the five seconds of stub resolvers."""
LOOK_S = 0.1
"""How often it is looked who has waited long enough."""

Done = Callable[[Kept | Failure], None]


class _Question:
    """A question under way or in line, who waits for it, and until when (uptime)."""

    __slots__ = ("ask", "gone_at", "is_early", "is_late", "stale_at", "waiters")

    def __init__(self, ask: Ask, *, is_early: bool) -> None:
        self.ask = ask
        self.waiters: list[Done] = []
        self.is_early = is_early
        self.is_late = False
        self.stale_at = math.inf
        self.gone_at = math.inf

    def join(self, done: Done, patience_s: float | None, now: float) -> None:
        """Wait for it; the first who does decides for how long, because all have the same old answer."""
        if not self.waiters:
            self.gone_at = now + PATIENCE_S
            self.stale_at = math.inf if patience_s is None else now + patience_s
        self.waiters.append(done)

    def settle(self, outcome: Kept | Failure) -> None:
        """Hand an outcome to all who wait."""
        waiters, self.waiters = self.waiters, []
        for done in waiters:
            done(outcome)


class Upstreams:
    """The questions that upstreams are asked."""

    def __init__(self, whom: Whom, answers: Answers, counts: Counts) -> None:
        self.answers = answers
        self.counts = counts
        self.routed = frozenset(whom.routes)
        self._exchanges = Exchanges(whom, counts)
        self.loop = self._exchanges.loop
        self.soon = self._exchanges.soon
        self._under_way: dict[Key, _Question] = {}
        self._waiting: deque[_Question] = deque()
        self._open = 0
        self._early = 0
        self._is_advancing = False
        self._watch: asyncio.TimerHandle | None = None
        self._loops: Loops | None = None

    def look_for_loops(self, box: str) -> None:
        """Look now and then for servers that ask the box of this word in turn."""
        self._loops = Loops(self._exchanges, box)

    def health(self) -> tuple[Health, ...]:
        """Return how each server has been doing."""
        return self._exchanges.health()

    def ask(self, ask: Ask, done: Done) -> None:
        """Ask, and call `done` with what came of it; who asks the same meanwhile gets the same answer."""
        if not self._exchanges.all:
            done(Failure.NO_UPSTREAM)
            return
        at = clock.now()
        question = self._under_way.get(ask.key)
        patience_s = self.answers.patience_s(ask.key, at)
        if patience_s is not None and (patience_s == 0 or (question is not None and question.is_late)):
            self._give_old(ask, done, at)
            return
        if question is not None:
            self.counts.add("upstream.coalesced")
            question.join(done, patience_s, clock.uptime())
            return
        if len(self._waiting) >= MAX_WAITING:
            self.counts.add("upstream.overrun")
            self._give_old(ask, done, at)
            return
        question = self._begin(ask, is_early=False)
        question.join(done, patience_s, clock.uptime())
        if self._open < MAX_OPEN:
            self._start(question)
        else:
            self._waiting.append(question)

    def refresh(self, ask: Ask) -> None:
        """Ask although nobody waits: only where there is room to spare."""
        has_room = self._early < MAX_EARLY and self._open < MAX_OPEN
        if has_room and self._exchanges.all and ask.key not in self._under_way:
            self.counts.add("upstream.early")
            self._early += 1
            self._start(self._begin(ask, is_early=True))

    def _begin(self, ask: Ask, *, is_early: bool) -> _Question:
        question = self._under_way[ask.key] = _Question(ask, is_early=is_early)
        if self._watch is None:
            self._watch = self.loop.call_later(LOOK_S, self._look)
        return question

    def _start(self, question: _Question) -> None:
        self._open += 1
        self._exchanges.start(question.ask, lambda message: self._settle(question, message))

    def _look(self) -> None:
        """Answer those who have waited long enough: their question goes on without them."""
        now = clock.uptime()
        for question in list(self._under_way.values()):
            if question.waiters and now >= min(question.stale_at, question.gone_at):
                self._give_up(question, now)
        self._watch = self.loop.call_later(LOOK_S, self._look) if self._under_way else None

    def _give_up(self, question: _Question, now: float) -> None:
        key, at = question.ask.key, clock.now()
        old = self.answers.get_stale(key, at)
        if old is None and now < question.gone_at:
            # It was there when they began to wait; others have pushed it out.
            question.stale_at = math.inf
            return
        question.is_late = True
        self.answers.note_vain(key, at)
        self.counts.add("upstream.late")
        question.settle(old or Failure.NO_ANSWER)

    def _give_old(self, ask: Ask, done: Done, at: float) -> None:
        done(self.answers.get_stale(ask.key, at) or Failure.NO_ANSWER)

    def _settle(self, question: _Question, message: Message | None) -> None:
        """Hand an outcome to all who wait for it; None is "nobody answered"."""
        ask, now = question.ask, clock.now()
        is_target = ask.name != ask.query.name
        good = (dns.NOERROR,) if is_target else (dns.NOERROR, dns.NXDOMAIN)
        outcome: Kept | Failure = Failure.NO_ANSWER
        if message is not None:
            outcome = self.answers.put(ask.key, message, now, is_target=is_target)
        else:
            self.counts.add("upstream.silent")
        if message is None or message.rcode not in good:
            # RFC 8767 section 4: an old answer is better than none, and than an error.
            self.answers.note_vain(ask.key, now)
            outcome = self.answers.get_stale(ask.key, now) or outcome
        self._open -= 1
        self._early -= question.is_early
        del self._under_way[ask.key]
        question.settle(outcome)
        if not self._is_advancing:
            # Where nobody is there to be asked, a question settles while it starts.
            self._is_advancing = True
            self._advance()
            self._is_advancing = False

    def _advance(self) -> None:
        """Start who is first in line; what waited too long is not asked any more, because nobody waits for it."""
        while self._waiting and self._open < MAX_OPEN:
            question = self._waiting.popleft()
            if question.waiters:
                self._start(question)
            else:
                del self._under_way[question.ask.key]
