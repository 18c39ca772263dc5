"""What a worker makes of a query: who asks, what is decided, who is asked, and the reply."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import msgspec

from appliance.core import guesses, names, query
from appliance.core.answers import Answers, Kept
from appliance.core.asker import Asker, Note
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
from appliance.nameserver.given import Given
from appliance.nameserver.guessing import Guessing
from appliance.nameserver.inforce import Maker
from appliance.nameserver.known import Known
from appliance.nameserver.loops import LOOP_DOMAIN, own_answer
from appliance.nameserver.memo import Finished, Memo, Memos
from appliance.nameserver.memory import Memory
from appliance.nameserver.mishaps import Mishaps
from appliance.nameserver.parking import Call, Deliver, Local, Parking
from appliance.nameserver.rates import Purse, Rates
from appliance.nameserver.seats import Seat, Seats
from appliance.nameserver.sights import CHECK_DOMAIN, no_such_name, sight_of
from appliance.nameserver.spending import concerned
from appliance.nameserver.tally import Cell
from appliance.nameserver.upstream import Upstreams
from appliance.world import clock
from appliance.world.neighbours import Neighbours, reachable_at
from appliance.world.snapshot import Snapshot

KEY_OCTETS = 32
MAX_REPEATED_S = 43_200.0
"""How long a finished reply is given out at most: its addresses are remembered from when it was made."""

Sight = Callable[[dict[str, object]], object]


class Asking(msgspec.Struct, frozen=True):
    """Who asks what, once that is known."""

    call: Call
    name: str
    asker: Asker
    subject: Subject
    seat: Seat
    purse: Purse


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
        thresholds: guesses.Thresholds | None = None,
    ) -> None:
        self._upstreams = upstreams
        self._neighbours = neighbours
        self.answers: Answers = upstreams.answers
        self.counts: Counts = upstreams.counts
        self.memos = Memos()
        self.memory = Memory(contract, self.counts)
        self.given = Given(contract, clock.now())
        self._seats = Seats(neighbours, self.counts, rates)
        self.hot, self.purses = self._seats.hot, self._seats.purses
        self.turn_away, self.is_welcome = self._seats.turn_away, self._seats.is_welcome
        self._parking = Parking(upstreams.loop, neighbours, self.counts, self._unpark)
        self.soon = upstreams.soon
        self._mishaps = Mishaps(self.counts)
        self.guessed = guesses.Memory(os.urandom(KEY_OCTETS))
        of_names = (self.guessed, thresholds) if thresholds else ()
        self._maker = Maker(rules, bundled, upstreams.answers, upstreams.routed, neighbours, *of_names)
        self._minutes = NOT_COUNTED
        self.on_sight: Sight = lambda _: None
        self.box = ""
        self.known: Known | None = None
        self.guessing: Guessing | None = None
        self.in_force = self._maker.make(None, None, self._minutes)
        self._epoch = object()
        """Another one whenever what was decided for those who wait could be decided otherwise."""

    def adopt(self, snapshot: Snapshot | None) -> None:
        """Put a house in force: compiled aside, swapped whole, all that depended on the old one forgotten."""
        self._swap(snapshot, self.in_force.lists)
        policy = self.in_force.setting.policy
        if self.guessing is not None:
            self.guessing.settle(policy)
        self.memory.adopt(policy.house)
        self.given.settle((policy.unknown, *policy.by_device.values(), *policy.by_person.values()))

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
        self.guessed.forget()
        self.given.forget(clock.now())

    def watch(self, left_s: Mapping[str, float]) -> None:
        """Run these troubleshooting sessions: whose device asks is answered by thinking, not out of the memo."""
        self.memory.watch(left_s, clock.uptime())
        self.forget()

    def sweep(self) -> None:
        """Drop what is too old to be given out or to be remembered, a part of it each time."""
        at = clock.now()
        self.given.sweep(at)
        if self.memos.sweep(at):
            self.memory.sweep(at, clock.uptime())
            self.guessed.sweep(at)
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
        self._parking.look(changed)

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
        """Let a query wait until the kernel knows whose MAC is behind its address; False where it does or can't."""
        self.look_around()
        return self._parking.park(call)

    def _unpark(self, source: str, calls: list[Call]) -> None:
        """Answer what waited for a MAC, whether it has become known or not."""
        self._seat(source)
        for call in calls:
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
                self.on_sight(sight_of(parsed, source, asker))
                call.deliver(no_such_name(parsed))
            else:
                call.deliver(self._at_home(parsed, call).wire)
                self.counts.of(None).add()
            return True
        if seat.is_forwarder and isinstance(parsed, Query) and not parsed.is_plain:
            # A router passes on what it can't take apart, forged options and all: nobody in a home asks like this.
            self.counts.add("asker.misshapen")
            parsed = Refusal(parsed.id, parsed.flags, dns.REFUSED, parsed.question, parsed.edns)
        asking = Asking(call, parsed.name if isinstance(parsed, Query) else "", asker, subject, seat, purse)
        self._decide(asking, parsed, at)
        return True

    def _decide(self, asking: Asking, parsed: Query | Refusal, at: float) -> None:
        """Begin a query, and proceed with it: at once, or when its name has been guessed at."""
        setting, subject, epoch = self.in_force.setting, asking.subject, self._epoch
        outcome = begin(setting, subject, parsed, asking.call.is_tcp, at)
        guessing, verdict = self.guessing, outcome.verdict
        if (
            guessing is not None
            and isinstance(parsed, Query)
            and query.is_unsure(setting, subject, parsed, verdict, at)
        ):
            guessing.ask(parsed.name, partial(self._go_on, asking, epoch, parsed, outcome))
        else:
            self._proceed(asking, epoch, outcome, at)

    def _proceed(self, asking: Asking, epoch: object, outcome: Reply | Ask, at: float) -> None:
        """Reply, now or when an upstream has answered."""
        if isinstance(outcome, Reply):
            self._reply(asking, outcome, at)
            if outcome.again is not None:
                self._upstreams.refresh(outcome.again)
            return

        def done(answer: Kept | Failure) -> None:
            with self.soon:
                try:
                    self._finish(asking, epoch, outcome, answer)
                except Exception as error:  # noqa: BLE001 -- nor may it cost the others who wait for the same answer
                    self._mishap(error, asking.call)

        self._upstreams.ask(outcome, done)

    def _go_on(self, asking: Asking, epoch: object, parsed: Query, outcome: Reply | Ask) -> None:
        """Go on with a query that waited for a guess: it is there, or not in time; from the start in another house."""
        setting, subject, at = self.in_force.setting, asking.subject, clock.now()
        if epoch is not self._epoch:
            self._take(asking.call)
            return
        with self.soon:
            try:
                if not query.is_as_begun(setting, subject, parsed.name, at):
                    outcome = begin(setting, subject, parsed, asking.call.is_tcp, at)
                self._proceed(asking, epoch, outcome, at)
            except Exception as error:  # noqa: BLE001 -- nor may it cost the others who wait for the same guess
                self._mishap(error, asking.call)

    def _reply(self, asking: Asking, reply: Reply, at: float) -> None:
        """Hand out a reply, once the guard knows its addresses where it would let others not be reached."""
        if asking.subject.is_known_only and self.known is not None and reply.addresses:
            self.known.hold(asking.subject.person or "", reply, lambda held: self._hand_out(asking, held, at))
        else:
            self._hand_out(asking, reply, at)

    def _hand_out(self, asking: Asking, reply: Reply, at: float) -> None:
        """Hand out a reply. Nobody waits for what is remembered of it."""
        asking.call.deliver(reply.wire)
        self.soon.do(lambda: self._remember(asking, reply, at))

    def _remember(self, asking: Asking, reply: Reply, at: float) -> None:
        """Note a reply that was handed out, and keep it for who asks the same."""
        try:
            cell = self._note(asking, reply, at)
            cell.add()
            self._keep(asking, reply, cell, at)
            if reply.addresses:
                policy = self.in_force.setting.policy
                self.given.note(policy, asking.subject, (asking.name, reply.verdict), reply.addresses, at)
        except Exception as error:  # noqa: BLE001 -- it must not cost the others their answers
            self._mishaps.note(error)

    def _keep(self, asking: Asking, reply: Reply, cell: Cell, at: float) -> None:
        call, seat = asking.call, asking.seat
        # What a guess may change is not given out for long without one.
        is_bare = query.is_unguessed(self.in_force.setting, asking.subject, asking.name, reply.verdict, at)
        end = min(reply.keep_until, at + (guesses.PENDING_S if is_bare else MAX_REPEATED_S))
        if end > at and self._may_repeat(asking):
            until = asking.purse.until(end) if seat.is_forwarder else end
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

    def _at_home(self, asked: Query, call: Call) -> Reply:
        """Answer with the box's own addresses as this asker reaches them; a question of our own, with our word."""
        if names.is_under(asked.name, LOOP_DOMAIN):
            return Reply(own_answer(asked, self.box), dns.NOERROR)
        local = call.local()
        return at_home(asked, reachable_at(local, call.source, self._neighbours.own) if local else ())

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
