"""One question's way through the servers that know its name: in rounds, TCP where UDP won't do, all in good time."""

import asyncio
from collections.abc import Callable

from appliance.config import Endpoint
from appliance.core.query import Ask
from appliance.core.whom import Kind, Server, Whom, route_of
from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.nameserver.bootstrap import Bootstrap
from appliance.nameserver.channel import Channel, Means, Trust
from appliance.nameserver.counts import Counts
from appliance.nameserver.datagrams import Datagrams, Poll
from appliance.nameserver.framing import Framing
from appliance.nameserver.groups import Group
from appliance.nameserver.own import ALIVE
from appliance.nameserver.soon import Soon
from appliance.nameserver.standing import Health, Try, Upstream
from appliance.world import clock

TRY_S = (0.8, 1.2, 1.6)
"""How long each round of tries waits; all later ones as long as the last."""
TCP_S = 1.5
"""How long it may take from when an answer didn't fit into a datagram."""
BUDGET_S = 4.4
"""For one question, whatever happens: well under the five seconds that stub resolvers wait."""
LOOK_S = 0.05
"""How often it is looked which tries have had their time."""
PROBE_S = 1.0
"""How often a sick server is asked whether it is well again."""

Finished = Callable[[Message | None], None]
"""Takes what came of a question: None where nobody answered."""


class Exchanges:
    """The servers that are asked, and the questions that are under way to them."""

    def __init__(self, whom: Whom, counts: Counts) -> None:
        self.counts = counts
        self.asked = counts.cell("upstream.asked")
        self.loop = asyncio.get_running_loop()
        self.soon = Soon(self.loop)
        self._poll = Poll(self.loop, self.soon, counts)
        self._means = Means(self.loop, counts, Trust(), Bootstrap(self._start_aid))
        self._aids = Group([self._upstream(one) for one in whom.bootstrap], whom.mode)
        known = {one: self._upstream(one) for one in whom.all}
        self.all = tuple(known.values())
        self._group = Group([known[one] for one in whom.servers], whom.mode)
        self._routes = {
            name: Group([known[one] for one in route], whom.mode) if route else self._group
            for name, route in whom.routes.items()
        }
        self._probes: dict[Upstream, _Probe] = {}
        self._waiting: set[_Exchange] = set()
        self._watch: asyncio.TimerHandle | None = None

    def start(self, ask: Ask, finished: Finished) -> None:
        """Ask the servers that know its name, and call `finished` once with what came of it."""
        group = self._group
        if self._routes:
            group = route_of(self._routes, ask.name) or group
        _Exchange(self, group, ask, finished).go_on()

    def health(self) -> tuple[Health, ...]:
        """Return how each server has been doing."""
        return tuple(upstream.health for upstream in self.all)

    def changed(self, upstream: Upstream) -> None:
        """Ask a server that fell sick after the others, and one that is well again in its turn."""
        for group in (self._group, self._aids, *self._routes.values()):
            group.resort()
        if upstream.is_sick and upstream not in self._probes:
            self._probes[upstream] = _Probe(self, upstream)

    def forget_probe(self, upstream: Upstream) -> None:
        """Ask a server no more whether it is well."""
        del self._probes[upstream]

    def wait(self, exchange: "_Exchange") -> None:
        """Let a round of tries have its time. One timer for all: most rounds are answered long before they end."""
        self._waiting.add(exchange)
        if self._watch is None:
            self._watch = self.loop.call_later(LOOK_S, self._look)

    def stop_waiting(self, exchange: "_Exchange") -> None:
        """Wait for a round no more."""
        self._waiting.discard(exchange)

    def _look(self) -> None:
        now = self.loop.time()
        for exchange in [one for one in self._waiting if one.late_at <= now]:
            self._waiting.discard(exchange)
            exchange.late()
        self._watch = self.loop.call_later(LOOK_S, self._look) if self._waiting else None

    def close(self) -> None:
        """Hold nothing any more; questions that are under way come to nothing."""
        self._waiting.clear()
        if self._watch is not None:
            self._watch.cancel()
        for probe in list(self._probes.values()):
            probe.close()
        for upstream in (*self.all, *self._aids.upstreams):
            upstream.close()
        self._poll.close()

    def _start_aid(self, ask: Ask, finished: Finished) -> None:
        _Exchange(self, self._aids, ask, finished).go_on()

    def _upstream(self, server: Server) -> Upstream:
        means = self._means
        match server.kind:
            case Kind.UDP:
                # No connection is kept to whom is asked over UDP.
                aside = Channel(server, lambda: Framing(is_padded=False), means, idle_s=0.0)
                return Upstream(server, Datagrams(Endpoint(server.address, server.port), self._poll), aside)
            case Kind.TCP:
                return Upstream(server, Channel(server, lambda: Framing(is_padded=False), means))
            case Kind.TLS:
                return Upstream(server, Channel(server, lambda: Framing(is_padded=True), means))
            case Kind.HTTPS:
                # What only those need who have set such a server.
                from appliance.nameserver.doh import Requests  # noqa: PLC0415

                return Upstream(server, Channel(server, lambda: Requests(server), means))


class _Exchange:
    """One question's way through the servers, a round at a time."""

    __slots__ = (
        "_asked",
        "_exchanges",
        "_fallback",
        "_finished",
        "_group",
        "_is_settled",
        "_live",
        "_plan",
        "_round",
        "_until",
        "ask",
        "late_at",
    )

    def __init__(self, exchanges: Exchanges, group: Group, ask: Ask, finished: Finished) -> None:
        self.ask = ask
        self._exchanges = exchanges
        self._group = group
        self._finished = finished
        self._plan = group.plan()
        self._live: list[Try] = []
        self._round = 0
        self._asked = 0
        self._until = exchanges.loop.time() + BUDGET_S
        self.late_at = 0.0
        self._fallback: Message | None = None
        self._is_settled = False

    def go_on(self) -> None:
        """Ask whose turn it is, or settle when all rounds or the time are used."""
        order, width, _ = self._plan
        rounds = max(len(TRY_S), -(-len(order) // width))
        if not order or self._round >= rounds or not self._wait(TRY_S[min(self._round, len(TRY_S) - 1)]):
            self._settle(self._fallback)
            return
        self._round += 1
        for _ in range(width):
            self._exchanges.asked.add()
            self._live.append(order[self._asked % len(order)].start(self))
            self._asked += 1

    def heard(self, tried: Try, message: Message | None) -> None:
        """Take the answer to a try; an error may be one server's alone, so another one is asked first."""
        if tried not in self._live:
            return
        self._live.remove(tried)
        upstream = tried.upstream
        if message is None:
            self._lost(upstream)
            self._drop()
            return
        if message.flags & dns.TC and upstream.over_tcp is not None:
            self._over_tcp(upstream, has_edns=tried.has_edns)
            return
        if upstream.answered(clock.uptime() - tried.began_at):
            self._exchanges.changed(upstream)
        if message.rcode in (dns.NOERROR, dns.NXDOMAIN):
            upstream.knows_edns = tried.has_edns
            self._settle(message)
        elif message.rcode in (dns.FORMERR, dns.NOTIMP) and message.edns is None and tried.has_edns:
            # RFC 6891 section 7: perhaps a server from before EDNS.
            self._live.append(upstream.start(self, has_edns=False))
        else:
            self._fallback = message
            self._drop()

    def _over_tcp(self, upstream: Upstream, *, has_edns: bool) -> None:
        self._exchanges.counts.add("upstream.tcp")
        if upstream.over_tcp is not None and self._wait(TCP_S):
            self._live.append(upstream.over_tcp.start(self, upstream, has_edns=has_edns))
        else:
            self._drop()

    def _drop(self) -> None:
        """Go on when nobody is left who might answer in this round."""
        if self._live:
            return
        self._exchanges.stop_waiting(self)
        if self._is_settled:
            self._end()
        elif self._fallback is not None and self._asked >= len(self._plan.order):
            self._settle(self._fallback)
        else:
            self.go_on()

    def _settle(self, message: Message | None) -> None:
        """Hand over what came of it, the first time; who is watched has its time nevertheless."""
        was_settled, self._is_settled = self._is_settled, True
        if not (self._plan.is_watched and self._live):
            self._end()
        if not was_settled:
            self._finished(message)

    def _end(self) -> None:
        self._exchanges.stop_waiting(self)
        for tried in self._live:
            tried.cancel()
        self._live.clear()
        if self._plan.is_watched:
            self._group.is_watching = False

    def _wait(self, seconds: float) -> bool:
        """Give the round so many seconds from now, or what is left; False when nothing is."""
        now = self._exchanges.loop.time()
        left_s = self._until - now
        if left_s <= 0:
            return False
        self.late_at = now + min(seconds, left_s)
        self._exchanges.wait(self)
        return True

    def late(self) -> None:
        """Give up whom was asked in this round."""
        late, self._live = self._live, []
        for tried in late:
            tried.cancel(is_late=True)
            self._lost(tried.upstream)
        if self._is_settled:
            self._end()
        else:
            self.go_on()

    def _lost(self, upstream: Upstream) -> None:
        if upstream.failed():
            self._exchanges.changed(upstream)


class _Probe:
    """Asks a sick server again and again, until it is well."""

    ask = ALIVE

    def __init__(self, exchanges: Exchanges, upstream: Upstream) -> None:
        self._exchanges = exchanges
        self._upstream = upstream
        self._tried: Try | None = None
        self._timer = exchanges.loop.call_later(PROBE_S, self._go_on)

    def heard(self, tried: Try, message: Message | None) -> None:
        """Whatever it says, it is there."""
        self._tried = None
        if message is not None and self._upstream.answered(clock.uptime() - tried.began_at):
            self._exchanges.changed(self._upstream)

    def close(self) -> None:
        """Ask no more."""
        self._timer.cancel()
        self._forget()

    def _go_on(self) -> None:
        self._forget()
        if not self._upstream.is_sick:
            self._exchanges.forget_probe(self._upstream)
            return
        self._exchanges.counts.add("upstream.probed")
        self._tried = self._upstream.start(self)
        self._timer = self._exchanges.loop.call_later(PROBE_S, self._go_on)

    def _forget(self) -> None:
        if self._tried is not None:
            self._tried.cancel(is_late=True)
            self._tried = None
