"""The table of flows: who is watched, for how long, and what became of whom."""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from appliance.core.flows.flow import Flow
from appliance.core.flows.settle import WATCH, Settle, Watch, Why
from appliance.core.signs.facts import Facts
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.look import look
from appliance.core.wire.packet import ACK, SYN, Packet, Protocol

MAX_FLOWS: Final = 4096
"""Watched at a time; the same number again of connections that are open and silent, and of settled ones."""
MAX_SECONDS: Final = 10.0
"""From a flow's first payload on."""
REST_SECONDS: Final = 10.0
"""A settled flow is remembered so long after its last packet, for those that were already on their way."""

_Key = tuple[int, bytes, int, bytes, int]


class _Settled(NamedTuple):
    settle: Settle
    at: float
    """Its last packet's time."""
    opened_by: int | None


class Flows:
    """Takes packets in the order in which they were seen, in one process. Its size is bounded."""

    def __init__(
        self,
        max_flows: int = MAX_FLOWS,
        watch_s: float = MAX_SECONDS,
        rest_s: float = REST_SECONDS,
        known: Known = NOTHING,
    ) -> None:
        """Whoever reads a recording, and keeps nobody waiting, takes infinite times."""
        self._max_flows = max_flows
        self._watch_s = watch_s
        self._rest_s = rest_s
        self._known = known
        # Each with the oldest first: open and silent, watched by their first payload, settled by their last packet.
        self._open: dict[_Key, Flow] = {}
        self._watched: dict[_Key, Flow] = {}
        self._settled: dict[_Key, _Settled] = {}
        self._aside: deque[Settle] = deque(maxlen=max_flows)

    def feed(self, packet: Packet, at: float) -> Watch | Settle:
        """Say what a packet's flow is, or that more of it is wanted. `at` in seconds."""
        key = _key(packet)
        is_anew = packet.flags & (SYN | ACK) == SYN and self._make_way(key, packet.sequence)
        again = self._again(key, at)
        if again:
            return again
        if packet.protocol not in (Protocol.TCP, Protocol.UDP):
            return self._keep(key, _of_protocol(packet, self._known), at)
        flow = self._watched.get(key) or self._open.get(key)
        if flow is None:
            if not packet.payload and not packet.flags & SYN:
                return WATCH
            flow = Flow(packet, self._known, is_anew=is_anew)
        settle = flow.take(packet, at)
        if settle:
            return self._keep(key, settle, at, flow.opened_by)
        self._file(key, flow, at)
        return WATCH

    def overdue(self, at: float) -> tuple[Settle, ...]:
        """Return the flows that no packet of theirs settled: their time ran out, or they gave room to others."""
        while self._watched:
            key, flow = next(iter(self._watched.items()))
            if at - (flow.since or 0.0) < self._watch_s:
                break
            self._aside.append(self._keep(key, flow.settle(Why.TIME), at, flow.opened_by))
        aside = tuple(self._aside)
        self._aside.clear()
        return aside

    def end(self) -> Iterator[Settle]:
        """Settle all that is watched or open: there is nothing more to come."""
        yield from self.overdue(0.0)
        for flows in (self._watched, self._open):
            while flows:
                yield flows.pop(next(iter(flows))).settle(Why.END)

    def __len__(self) -> int:
        """Return how many flows are held, settled ones too."""
        return len(self._open) + len(self._watched) + len(self._settled)

    def _again(self, key: _Key, at: float) -> Settle | None:
        """Return what was settled of a flow, whose time of rest begins anew."""
        found = self._settled.pop(key, None)
        if found is None or at - found.at >= self._rest_s:
            return None
        self._settled[key] = found._replace(at=at)
        return found.settle

    def _make_way(self, key: _Key, number: int) -> bool:
        """Forget the connection that had these ports before, where a SYN opens another one.

        Say whether that one was not settled yet.
        """
        settled = self._settled.get(key)
        if settled and settled.opened_by != number:
            del self._settled[key]
        for flows in (self._watched, self._open):
            flow = flows.get(key)
            if flow and flow.opened_by not in (None, number):
                self._aside.append(flows.pop(key).settle(Why.END))
                return True
        return False

    def _file(self, key: _Key, flow: Flow, at: float) -> None:
        """Keep a flow among its like, and make room where these are too many."""
        if flow.since is None:
            self._open[key] = flow
            if len(self._open) > self._max_flows:
                del self._open[next(iter(self._open))]
            return
        self._open.pop(key, None)
        self._watched[key] = flow
        if len(self._watched) > self._max_flows:
            oldest, given_up = next(iter(self._watched.items()))
            self._aside.append(self._keep(oldest, given_up.settle(Why.ROOM), at, given_up.opened_by))

    def _keep(self, key: _Key, settle: Settle, at: float, opened_by: int | None = None) -> Settle:
        """Remember what was settled of a flow, which is watched no more."""
        self._open.pop(key, None)
        self._watched.pop(key, None)
        self._settled[key] = _Settled(msgspec.structs.replace(settle, is_again=True), at, opened_by)
        if len(self._settled) > self._max_flows:
            del self._settled[next(iter(self._settled))]
        return settle


def _key(packet: Packet) -> _Key:
    """Return the same for both ways of a conversation."""
    one, other = (packet.source, packet.source_port), (packet.target, packet.target_port)
    return (packet.protocol, *one, *other) if one <= other else (packet.protocol, *other, *one)


def _of_protocol(packet: Packet, known: Known) -> Settle:
    """Return what a flow of a protocol without ports is."""
    facts = Facts(packet.protocol, packet.source, packet.source_port, packet.target, packet.target_port)
    facts.see(packet.payload, is_clients=True)
    ends = facts.client, facts.client_port, facts.server, facts.server_port
    return Settle(packet.protocol, *ends, facts.kind, Why.PROTOCOL, signs=look(facts, known))
