"""What a worker makes of a query: who asks, what is decided, who is asked, and the reply."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from appliance.core import names
from appliance.core.answers import Answers, Kept
from appliance.core.asker import IDENTITY_OPTIONS, Asker, Note
from appliance.core.budget import NOT_COUNTED, Minutes
from appliance.core.domainset import DomainSet
from appliance.core.lists.listset import ListSet
from appliance.core.query import HOME_DOMAIN, Ask, Failure, Reply, at_home, begin, finish
from appliance.core.rulebook import Rulebook
from appliance.core.subject import Subject
from appliance.core.visibility import Contract
from appliance.core.wire import dns
from appliance.core.wire.dns import Edns, Query, Refusal
from appliance.nameserver.counts import Counts
from appliance.nameserver.inforce import Maker
from appliance.nameserver.loops import LOOP_DOMAIN, own_answer
from appliance.nameserver.memo import Finished, Memo, Memos
from appliance.nameserver.memory import Memory
from appliance.nameserver.mishaps import Mishaps
from appliance.nameserver.rates import Purse, Rates
from appliance.nameserver.seats import Seat, Seats
from appliance.nameserver.spending import concerned
from appliance.nameserver.tally import Cell
from appliance.nameserver.upstream import Upstreams
from appliance.world import clock
from appliance.world.neighbours import Neighbours, reachable_at, resolve_mac
from appliance.world.snapshot import Snapshot

CHECK_DOMAIN = f"check.{HOME_DOMAIN}"
"""The doctor's own questions: never decided, never forwarded; what they carried is reported to whoever asked."""

MAX_PARKED = 256
MAX_PARKED_QUERIES = 16
PARK_S = 0.3
"""How long a query waits for the MAC behind its address: many times what a device in the same home takes to tell."""

Sight = Callable[[dict[str, object]], object]
Deliver = Callable[[bytes], None]
Local = Callable[[], str]
"""The own address that a query came in on, empty where that is not known; told when it is needed."""


class Call(msgspec.Struct, frozen=True):
    """A query as it came in, and how to answer it."""

    wire: bytes
    source: str
    deliver: Deliver
    local: Local
    is_tcp: bool


class Asking(msgspec.Struct, frozen=True):
    """Who asks what, once that is known."""

    call: Call
    name: str
    asker: Asker
    subject: Subject
    seat: Seat
    purse: Purse


@dataclass(slots=True)
class Parked:
    """The queries of one source that wait for its MAC, and the end of their patience."""

    timer: asyncio.TimerHandle
    queries: list[Call] = field(default_factory=list)


class Resolver:
    """Answers queries by the house in force; `seats` is what the hot path looks into."""

    def __init__(
        self,
        rules: Rulebook,
        bundled: DomainSet,
        contract: Contract,
        upstreams: Upstreams,
        neighbours: Neighbours,
        rates: Rates | None = None,
    ) -> None:
        self._upstreams = upstreams
        self._neighbours = neighbours
        self.answers: Answers = upstreams.answers
        self.counts: Counts = upstreams.counts
        self.memos = Memos()
        self.memory = Memory(contract, self.counts)
        self._seats = Seats(neighbours, self.counts, rates)
        self.hot, self.purses = self._seats.hot, self._seats.purses
        self.turn_away, self.is_welcome = self._seats.turn_away, self._seats.is_welcome
        self._parked: dict[str, Parked] = {}
        self._loop = upstreams.loop
        self.soon = upstreams.soon
        self._mishaps = Mishaps(self.counts)
        self._maker = Maker(rules, bundled, upstreams.answers, upstreams.routed, neighbours)
        self._minutes = NOT_COUNTED
        self.on_sight: Sight = lambda _: None
        self.box = ""
        self.in_force = self._maker.make(None, None, self._minutes)
        self._epoch = object()
        """Another one whenever what was decided for those who wait could be decided otherwise."""

    def adopt(self, snapshot: Snapshot | None) -> None:
        """Put a house in force: compiled aside, swapped whole, all that depended on the old one forgotten."""
        self._swap(snapshot, self.in_force.lists)
        self.memory.adopt(self.in_force.setting.policy.house)

    def take_lists(self, lists: ListSet | None) -> None:
        """Decide by these lists, None for none: as a house is put in force, and the house stays the same."""
        self._swap(self.in_force.snapshot, lists)

    def _swap(self, snapshot: Snapshot | None, lists: ListSet | None) -> None:
        self.in_force = self._maker.make(snapshot, lists, self._minutes)
        self._epoch = object()
        self.forget()

    def take_doubt(self) -> None:
        """Decide by what the house chose for a time that nobody knows, or no longer by it."""
        self._swap(self.in_force.snapshot, self.in_force.lists)

    def take_minutes(self, minutes: Minutes) -> None:
        """Decide by these counted minutes: nothing is compiled, and as a rule every finished reply holds.

        Only where somebody's budget is spent, is there again or ends sooner than replies said, theirs are made anew.
        """
        self._minutes = minutes
        setting = self.in_force.setting
        persons = concerned(setting.policy, minutes, clock.now())
        counted = replace(setting.policy, minutes=minutes)
        self.in_force = replace(self.in_force, setting=replace(setting, policy=counted))
        if persons:
            self._epoch = object()
            # A forwarder's memo is of all who ask through it.
            self.memos.forget_of(("forwarder:", *(f"person:{person}:" for person in persons)))

    def forget(self) -> None:
        """Forget who sits where and every finished reply."""
        self._seats.forget()
        self.memos.forget()
        self.counts.tally.forget()

    def clock_jumped(self) -> None:
        """Forget all that was kept until a time, because the time is another now."""
        self.forget()
        self.answers.forget()
        self.memory.forget()

    def watch(self, left_s: Mapping[str, float]) -> None:
        """Run these troubleshooting sessions: whose device asks is answered by thinking, not out of the memo."""
        self.memory.watch(left_s, clock.uptime())
        self.forget()

    def sweep(self) -> None:
        """Drop what is too old to be given out or to be remembered, a part of it each time."""
        at = clock.now()
        if self.memos.sweep(at):
            self.memory.sweep(at, clock.uptime())
            self.counts.tally.sweep()

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
            self._seats.leave(address)
        for address in changed:
            if address in self._parked and self._neighbours.mac(address) is not None:
                self._unpark(address)

    def seat(self, source: str) -> Seat | None:
        """Return the seat of a source address, None for one that is not answered at all; counts these."""
        seat = self._seat(source)
        return seat if seat.is_answered or seat.purse.take() else None

    def resolve(self, wire: bytes, source: str, deliver: Deliver, local: Local = lambda: "", *, is_tcp: bool) -> bool:
        """Answer a query: `deliver` gets the reply, now or when an upstream has answered; False if there is none.

        Whatever goes wrong on the way, the caller lives and the client gets SERVFAIL.
        """
        return self._take(Call(wire, source, deliver, local, is_tcp))

    def _take(self, call: Call) -> bool:
        with self.soon:
            try:
                if call.source not in self._seats and not call.is_tcp and self._park(call):
                    return True
                return self._resolve(call)
            except Exception as error:  # noqa: BLE001 -- one query must never end a worker
                self._mishap(error, call)
                return True

    def _park(self, call: Call) -> bool:
        """Let a query wait until the kernel knows whose MAC is behind its address; False where it does or can't.

        Otherwise the first query after a start, or after the kernel has forgotten a device, would be answered by its
        address alone, and a child's as an unknown device's.
        """
        source = call.source
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
            parked.queries.append(call)
        return True

    def _unpark(self, source: str) -> None:
        """Answer what waited for a MAC, whether it has become known or not."""
        parked = self._parked.pop(source)
        parked.timer.cancel()
        self._seat(source)
        for call in parked.queries:
            self._take(call)

    def _resolve(self, call: Call) -> bool:
        source = call.source
        seat = self._seat(source)
        if not seat.is_answered:
            seat.purse.take()
            return False
        parsed = dns.parse_query(call.wire)
        if parsed is None:
            self.counts.add("dropped.silent")
            return False
        at = clock.now()
        asker, subject = self._who(seat, source, parsed)
        purse = self._seats.behind(source, asker, self.in_force.registry) if seat.is_forwarder else seat.purse
        if purse is None:
            return False
        if isinstance(parsed, Query) and names.is_under(parsed.name, HOME_DOMAIN):
            if names.is_under(parsed.name, CHECK_DOMAIN):
                call.deliver(self._sighted(parsed, source, asker))
            else:
                call.deliver(self._at_home(parsed, call).wire)
                self.counts.of(None).add()
            return True
        if seat.is_forwarder and isinstance(parsed, Query) and not parsed.is_plain:
            # A router passes on what it can't take apart, forged options and all: nobody in a home asks like this.
            self.counts.add("asker.misshapen")
            parsed = Refusal(parsed.id, parsed.flags, dns.REFUSED, parsed.question, parsed.edns)
        outcome = begin(self.in_force.setting, subject, parsed, call.is_tcp, at)
        asking = Asking(call, parsed.name if isinstance(parsed, Query) else "", asker, subject, seat, purse)
        if isinstance(outcome, Reply):
            self._reply(asking, outcome, at)
            if outcome.again is not None:
                self._upstreams.refresh(outcome.again)
            return True
        epoch = self._epoch

        def done(answer: Kept | Failure) -> None:
            with self.soon:
                try:
                    self._finish(asking, epoch, outcome, answer)
                except Exception as error:  # noqa: BLE001 -- nor may it cost the others who wait for the same answer
                    self._mishap(error, call)

        self._upstreams.ask(outcome, done)
        return True

    def _reply(self, asking: Asking, reply: Reply, at: float) -> None:
        """Hand out a reply. Nobody waits for what is remembered of it."""
        asking.call.deliver(reply.wire)
        self.soon.do(lambda: self._remember(asking, reply, at))

    def _remember(self, asking: Asking, reply: Reply, at: float) -> None:
        """Note a reply that was handed out, and keep it for who asks the same."""
        try:
            cell = self._note(asking, reply, at)
            cell.add()
            self._keep(asking, reply, cell, at)
        except Exception as error:  # noqa: BLE001 -- it must not cost the others their answers
            self._mishaps.note(error)

    def _keep(self, asking: Asking, reply: Reply, cell: Cell, at: float) -> None:
        call, seat = asking.call, asking.seat
        if reply.keep_until > at and self._may_repeat(asking):
            until = asking.purse.until(reply.keep_until) if seat.is_forwarder else reply.keep_until
            memo = self._memo(seat, call.source, asking.subject)
            self.memos.put(memo, call.wire[2:], Finished(until, reply.wire[2:], cell))

    def _may_repeat(self, asking: Asking) -> bool:
        """Say whether a reply may be given out again without a look at who asks."""
        call, asker = asking.call, asking.asker
        if call.is_tcp or not self._seats.is_taken(call.source, asking.seat):
            return False
        if asker.note in (Note.FORGED, Note.CONFLICT):
            return False
        return not self.memory.is_watched(asker.device, clock.uptime())

    def _finish(self, asking: Asking, epoch: object, ask: Ask, answer: Kept | Failure) -> None:
        call = asking.call
        at = clock.now()
        is_late = ask.verdict.until is not None and at >= ask.verdict.until
        if (epoch is not self._epoch or is_late) and isinstance(answer, Kept):
            # Decided under a house, with minutes or at a time that has passed: once more from the start, and out of
            # the cache. What is old comes out of it at once, because somebody has just waited in vain.
            if answer.fresh_until > at or self.answers.get_stale(ask.key, at) is not None:
                self._take(call)
                return
            answer = Failure.NO_ANSWER
        self._reply(asking, finish(self.in_force.setting, asking.subject, ask, answer, call.is_tcp, at), at)

    def _note(self, asking: Asking, reply: Reply, at: float) -> Cell:
        """Remember what may be remembered of a reply, and return the cell to raise for it."""
        if reply.verdict is None:
            return self.counts.of(None)
        policy = self.in_force.setting.policy
        verdict = reply.verdict
        if verdict.counted and reply.rcode == dns.SERVFAIL:
            # What could not be answered was not used: with the line down an app asks again and again.
            verdict = msgspec.structs.replace(verdict, counted=False)
        said = asking.name, verdict
        return self.memory.note(policy, asking.subject, asking.asker.device, said, at, clock.uptime())

    def _at_home(self, query: Query, call: Call) -> Reply:
        """Answer with the box's own addresses as this asker reaches them; a question of our own, with our word."""
        if names.is_under(query.name, LOOP_DOMAIN):
            return Reply(own_answer(query, self.box), dns.NOERROR)
        local = call.local()
        return at_home(query, reachable_at(local, call.source, self._neighbours.own) if local else ())

    def _mishap(self, error: Exception, call: Call) -> None:
        """Count a fault of our own, and say SERVFAIL."""
        self._mishaps.note(error)
        flags = dns.QR | dns.RA | dns.SERVFAIL
        # Where the fault is the delivery's own, it must not reach those who wait for the same answer.
        with contextlib.suppress(Exception):
            call.deliver(call.wire[:2] + dns.header(0, flags, (0, 0, 0, 0))[2:])

    def _seat(self, source: str) -> Seat:
        if source not in self._seats:
            self.look_around()
        return self._seats.of(source, self.in_force.registry)

    def _memo(self, seat: Seat, source: str, subject: Subject) -> Memo:
        """Return the memo for a source; a forwarder has its own, because its queries say who asks."""
        if seat.memo is None:
            memo = self.memos.of(f"forwarder:{source}" if seat.is_forwarder else subject.key)
            self._seats.give(source, seat, memo)
            return memo
        return seat.memo

    def _who(self, seat: Seat, source: str, parsed: Query | Refusal) -> tuple[Asker, Subject]:
        edns: Edns | None = parsed.edns
        options = edns.options if edns else ()
        if seat.who is not None and not options:
            return seat.who
        asker = self.in_force.registry.identify(source, options, self._neighbours.mac)
        if asker.note is not None:
            self.counts.add(f"asker.{asker.note.value}")
        if asker.via is None and self._neighbours.is_router(source):
            # A router that nobody listed asks for its clients, or hides them by NAT.
            self.counts.add("asker.router")
            return asker, self.in_force.setting.policy.of_device(asker.device)
        who = asker, self.in_force.setting.policy.of_device(asker.device)
        if asker.note is None and not (options or seat.is_forwarder):
            seat.who = who
        return who

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
