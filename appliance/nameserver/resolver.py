"""What a worker makes of a query: who asks, what is decided, who is asked, and the reply."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from appliance import wording
from appliance.core import names, policy
from appliance.core.answers import Answers, Kept
from appliance.core.asker import IDENTITY_OPTIONS, Asker, Note, Registry
from appliance.core.domainset import DomainSet
from appliance.core.house import House
from appliance.core.query import Ask, Failure, Reply, Setting, begin, finish
from appliance.core.rulebook import Rulebook
from appliance.core.subject import Subject
from appliance.core.wire import dns
from appliance.core.wire.dns import Edns, Query, Refusal
from appliance.nameserver.counts import Counts
from appliance.nameserver.memo import Memo, Memos
from appliance.nameserver.upstream import Upstreams
from appliance.world import clock
from appliance.world.neighbours import Neighbours, resolve_mac
from appliance.world.snapshot import Snapshot

log = logging.getLogger(__name__)

CHECK_DOMAIN = "check.kindgate.home"
"""The doctor's own questions: never decided, never forwarded; what they carried is reported to whoever asked."""

MAX_SEATS = 4_096
"""Source addresses known at once: far more than a home has, far fewer than a flood can forge."""

MAX_PARKED = 256
MAX_PARKED_QUERIES = 16
PARK_S = 0.3
"""How long a query waits for the MAC behind its address: many times what a device in the same home takes to tell."""

Sight = Callable[[dict[str, object]], object]
Deliver = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class InForce:
    """A house as this worker runs it."""

    revision: int
    digest: str
    setting: Setting
    registry: Registry


@dataclass(slots=True)
class Seat:
    """One source address: whether it is answered, and the memo that its queries share."""

    memo: Memo | None
    is_forwarder: bool


@dataclass(slots=True)
class Parked:
    """The queries of one source that wait for its MAC, and the end of their patience."""

    timer: asyncio.TimerHandle
    queries: list[tuple[bytes, Deliver]] = field(default_factory=list)


class Resolver:
    """Answers queries by the house in force; `seats` is what the hot path looks into."""

    def __init__(self, rules: Rulebook, bundled: DomainSet, upstreams: Upstreams, neighbours: Neighbours) -> None:
        self._rules = rules
        self._bundled = bundled
        self._upstreams = upstreams
        self._neighbours = neighbours
        self.answers: Answers = upstreams.answers
        self.counts: Counts = upstreams.counts
        self.memos = Memos()
        self.hot: dict[str, Memo] = {}
        """Source address → memo: all that the hot path needs to know of an asker."""
        self._seats: dict[str, Seat | None] = {}
        self._parked: dict[str, Parked] = {}
        self._loop = upstreams.loop
        self._mishaps: set[tuple[str, str, int]] = set()
        self.on_sight: Sight = lambda _: None
        self.in_force = self._compile(None)

    def adopt(self, snapshot: Snapshot | None) -> None:
        """Put a house in force: compiled aside, swapped whole, all that depended on the old one forgotten."""
        self.in_force = self._compile(snapshot)
        self.forget()

    def forget(self) -> None:
        """Forget who sits where and every finished reply."""
        self.hot.clear()
        self._seats.clear()
        self.memos.forget()

    def clock_jumped(self) -> None:
        """Forget all that was kept until a time, because the time is another now."""
        self.forget()
        self.answers.forget()

    def look_around(self) -> None:
        """Take in what changed on the network: whoever moved is looked up again."""
        self._neighbours.refresh()
        if self._neighbours.networks_changed:
            self._neighbours.networks_changed = False
            self._neighbours.changed.clear()
            self.forget()
        changed = set(self._neighbours.changed)
        self._neighbours.changed.clear()
        for address in changed:
            self.hot.pop(address, None)
            self._seats.pop(address, None)
        for address in changed:
            if address in self._parked and self._neighbours.mac(address) is not None:
                self._unpark(address)

    def is_answered(self, source: str) -> bool:
        """Say whether a source address is answered at all; counts the others."""
        seat = self._seat(source)
        if seat is None:
            self.counts.add("dropped.source")
        return seat is not None

    def resolve(self, wire: bytes, source: str, deliver: Deliver, *, is_tcp: bool) -> bool:
        """Answer a query: `deliver` gets the reply, now or when an upstream has answered; False if there is none.

        Whatever goes wrong on the way, the caller lives and the client gets SERVFAIL.
        """
        try:
            if source not in self._seats and not is_tcp and self._park(wire, source, deliver):
                return True
            return self._resolve(wire, source, deliver, is_tcp=is_tcp)
        except Exception as error:  # noqa: BLE001 -- one query must never end a worker
            self._mishap(error, wire, deliver)
            return True

    def _park(self, wire: bytes, source: str, deliver: Deliver) -> bool:
        """Let a query wait until the kernel knows whose MAC is behind its address; False where it does or can't.

        Otherwise the first query after a start, or after the kernel has forgotten a device, would be answered by its
        address alone, and a child's as an unknown device's.
        """
        self.look_around()
        if not self._neighbours.is_unresolved(source):
            return False
        parked = self._parked.get(source)
        if parked is None and len(self._parked) < MAX_PARKED:
            resolve_mac(source)
            parked = self._parked[source] = Parked(self._loop.call_later(PARK_S, self._unpark, source))
        if parked is None or len(parked.queries) >= MAX_PARKED_QUERIES:
            # A flood of forged addresses must not make anyone's query be answered without a look at who asks.
            self.counts.add("dropped.waiting")
        else:
            parked.queries.append((wire, deliver))
        return True

    def _unpark(self, source: str) -> None:
        """Answer what waited for a MAC, whether it has become known or not."""
        parked = self._parked.pop(source)
        parked.timer.cancel()
        self._seat(source)
        for wire, deliver in parked.queries:
            self.resolve(wire, source, deliver, is_tcp=False)

    def _resolve(self, wire: bytes, source: str, deliver: Deliver, *, is_tcp: bool) -> bool:
        seat = self._seat(source)
        if seat is None:
            self.counts.add("dropped.source")
            return False
        parsed = dns.parse_query(wire)
        if parsed is None:
            self.counts.add("dropped.silent")
            return False
        at = clock.now()
        asker, subject = self._who(source, parsed)
        if isinstance(parsed, Query) and names.is_under(parsed.name, CHECK_DOMAIN):
            deliver(self._sighted(parsed, source, asker))
            return True
        if seat.is_forwarder and isinstance(parsed, Query) and not parsed.is_plain:
            # A router passes on what it can't take apart, forged options and all: nobody in a home asks like this.
            self.counts.add("asker.misshapen")
            parsed = Refusal(parsed.id, parsed.flags, dns.REFUSED, parsed.question, parsed.edns)
        outcome = begin(self.in_force.setting, subject, parsed, is_tcp, at)
        if isinstance(outcome, Reply):
            memo = None if is_tcp or asker.note in (Note.FORGED, Note.CONFLICT) else self._memo(seat, source, subject)
            self._hand_out(wire, outcome, memo, deliver, at)
            return True
        epoch = self.in_force

        def done(answer: Kept | Failure) -> None:
            try:
                self._finish(wire, source, deliver, epoch, subject, outcome, answer, is_tcp=is_tcp)
            except Exception as error:  # noqa: BLE001 -- nor may it cost the others who wait for the same answer
                self._mishap(error, wire, deliver)

        self._upstreams.ask(outcome, done)
        return True

    def _finish(
        self,
        wire: bytes,
        source: str,
        deliver: Deliver,
        epoch: InForce,
        subject: Subject,
        ask: Ask,
        answer: Kept | Failure,
        *,
        is_tcp: bool,
    ) -> None:
        at = clock.now()
        is_late = ask.verdict.until is not None and at >= ask.verdict.until
        if (epoch is not self.in_force or is_late) and isinstance(answer, Kept):
            # Decided under a house or at a time that has passed: once more from the start; the answer is in the cache.
            if answer.fresh_until > at:
                self.resolve(wire, source, deliver, is_tcp=is_tcp)
                return
            answer = Failure.NO_ANSWER
        reply = finish(self.in_force.setting, subject, ask, answer, is_tcp, at)
        self._hand_out(wire, reply, None, deliver, at)

    def _hand_out(self, wire: bytes, reply: Reply, memo: Memo | None, deliver: Deliver, at: float) -> None:
        cell = self.counts.of(reply.verdict)
        cell[0] += 1
        if memo is not None and reply.keep_until > at:
            self.memos.put(memo, wire[2:], (reply.keep_until, reply.wire[2:], cell))
        deliver(reply.wire)

    def _mishap(self, error: Exception, wire: bytes, deliver: Deliver) -> None:
        """Count a fault of our own, log it once (its place, never its words: they may hold a name), say SERVFAIL."""
        self.counts.add("errors")
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = (
            type(error).__name__,
            trace.tb_frame.f_code.co_qualname if trace else "",
            trace.tb_lineno if trace else 0,
        )
        if place not in self._mishaps:
            self._mishaps.add(place)
            log.error("a query could not be answered: %s in %s, line %d", *place)
        flags = dns.QR | dns.RA | dns.SERVFAIL
        # Where the fault is the delivery's own, it must not reach those who wait for the same answer.
        with contextlib.suppress(Exception):
            deliver(wire[:2] + dns.header(0, flags, (0, 0, 0, 0))[2:])

    def _compile(self, snapshot: Snapshot | None) -> InForce:
        house = snapshot.house if snapshot else House()
        zone = clock.zone(house.time_zone)
        compiled = policy.compile(house, self._rules, (self._bundled,), zone)
        categories = self._rules.categories
        setting = Setting(compiled, self.answers, lambda reason: wording.sentence(reason, categories, house.language))
        return InForce(
            snapshot.revision if snapshot else 0, snapshot.digest if snapshot else "", setting, Registry(house)
        )

    def _seat(self, source: str) -> Seat | None:
        """Return the seat of a source, None for one that is not answered."""
        if source in self._seats:
            return self._seats[source]
        self.look_around()
        if len(self._seats) >= MAX_SEATS:
            self._seats.clear()
            self.hot.clear()
        registry = self.in_force.registry
        seat = None
        if registry.is_answered(source.partition("%")[0], self._neighbours.networks):
            seat = Seat(None, registry.forwarder(source, self._neighbours.mac(source)) is not None)
        self._seats[source] = seat
        return seat

    def _memo(self, seat: Seat, source: str, subject: Subject) -> Memo:
        """Return the memo for a source; a forwarder has its own, because its queries say who asks."""
        if seat.memo is None:
            seat.memo = self.memos.of(f"forwarder:{source}" if seat.is_forwarder else subject.key)
            self.hot[source] = seat.memo
        return seat.memo

    def _who(self, source: str, parsed: Query | Refusal) -> tuple[Asker, Subject]:
        edns: Edns | None = parsed.edns
        asker = self.in_force.registry.identify(source, edns.options if edns else (), self._neighbours.mac)
        if asker.note is not None:
            self.counts.add(f"asker.{asker.note.value}")
        if asker.via is None and self._neighbours.is_router(source):
            # A router that nobody listed asks for its clients, or hides them by NAT.
            self.counts.add("asker.router")
        return asker, self.in_force.setting.policy.of_device(asker.device)

    def _sighted(self, query: Query, source: str, asker: Asker) -> bytes:
        """Report what a question of the doctor carried, and answer that there is no such name."""
        options = query.edns.options if query.edns else ()
        self.on_sight(
            {
                "token": query.name.partition(".")[0],
                "source": source,
                "via": asker.via,
                "device": asker.device,
                "options": {str(code): data.hex() for code, data in options if code in IDENTITY_OPTIONS},
            }
        )
        return (
            dns.header(query.id, dns.QR | dns.RA | query.flags & dns.RD | dns.NXDOMAIN, (1, 0, 0, 0)) + query.question
        )
