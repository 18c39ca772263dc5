"""The table of flows: who is watched, for how long, and what became of whom."""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from appliance.core.flows.flow import NUMBERS, Flow
from appliance.core.flows.opening import read_opening
from appliance.core.flows.settle import WATCH, Settle, Watch, Why
from appliance.core.signs.facts import Facts
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.look import look
from appliance.core.wire.packet import ACK, SYN, Packet, Protocol
from appliance.core.wire.quic import opened_with

MAX_FLOWS: Final = 4096
"""Watched at a time; the same number again of connections that are open and silent, and of settled ones."""
MAX_SECONDS: Final = 10.0
"""From a flow's first payload on."""
CUT_SECONDS: Final = 0.1
CUT_OCTETS: Final = 1 << 16
"""Of what the kernel makes one packet of (GSO) and cuts again."""
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
        max_share: int | None = None,
        *,
        wants_start: bool = False,
    ) -> None:
        """Whoever reads a recording, and keeps nobody waiting, takes infinite times.

        `max_share`: so many of those that are open and silent or watched may be one address's, by default all.
        `wants_start`: over TCP no words count of which the beginning was not seen, and each handshake of QUIC on the
        same ports is looked at. Whoever reads a recording has not seen all, and counts a Retry (RFC 9000) once.
        """
        self._max_flows = max_flows
        self._watch_s = watch_s
        self._rest_s = rest_s
        self._known = known
        self._wants_start = wants_start
        # Each with the oldest first: open and silent, watched by their first payload, settled by their last packet.
        self._open: dict[_Key, Flow] = {}
        self._watched: dict[_Key, Flow] = {}
        self._settled: dict[_Key, _Settled] = {}
        self._max_share = max_flows * 2 if max_share is None else max_share
        self._of: dict[bytes, dict[_Key, None]] = {}
        """Of each sender's address the flows that are open or watched, the oldest first."""
        self._aside: deque[Settle] = deque(maxlen=max_flows)

    def feed(self, packet: Packet, at: float, *, is_first: bool = False) -> Watch | Settle:
        """Say what a packet's flow is, or that more of it is wanted. `at` in seconds.

        `is_first`: the server said that the client's words begin with this one, so that no SYN need be seen.
        """
        key = _key(packet)
        if is_first and not (key in self._settled or key in self._open or key in self._watched):
            settle = read_opening(packet, self._known)
            if settle:
                return self._keep(key, settle, at, (packet.sequence - 1) % NUMBERS)
        is_anew = packet.flags & (SYN | ACK) == SYN and self._make_way(key, packet.sequence)
        if is_first and self._goes_on(key, packet.sequence, at):
            is_first = False
        elif is_first:
            self._make_way(key, (packet.sequence - 1) % NUMBERS)
        again = self._again(key, packet, at)
        if again:
            return again
        if packet.protocol not in (Protocol.TCP, Protocol.UDP):
            return self._keep(key, _of_protocol(packet, self._known), at)
        flow = self._watched.get(key) or self._open.get(key)
        if flow is None:
            if not packet.payload and not packet.flags & SYN:
                return WATCH
            flow = Flow(packet, self._known, is_anew=is_anew, wants_start=self._wants_start)
        settle = flow.take(packet, at, is_first=is_first)
        if settle:
            return self._keep(key, settle, at, flow.opened_by)
        self._file(key, flow, at)
        return WATCH

    def has_start(self, packet: Packet) -> bool:
        """Say whether it is known where the words of a packet's flow begin, or what it is."""
        key = _key(packet)
        flow = self._watched.get(key) or self._open.get(key)
        return flow.has_start if flow else key in self._settled

    def is_answered(self, packet: Packet) -> bool:
        """Say whether the other end of a packet's flow has spoken, or what the flow is, is known."""
        key = _key(packet)
        flow = self._watched.get(key) or self._open.get(key)
        return flow.has_answer(packet) if flow else key in self._settled

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
                yield self._drop(next(iter(flows)), flows).settle(Why.END)

    def __len__(self) -> int:
        """Return how many flows are held, settled ones too."""
        return len(self._open) + len(self._watched) + len(self._settled)

    def _again(self, key: _Key, packet: Packet, at: float) -> Settle | None:
        """Return what was settled of a flow, whose time of rest begins anew; nothing where another one begins."""
        found = self._settled.pop(key, None)
        if found is None or at - found.at >= self._rest_s:
            return None
        if self._wants_start and _begins_anew(packet, found.opened_by):
            return None
        self._settled[key] = found._replace(at=at)
        return msgspec.structs.replace(found.settle, is_again=True)

    def _goes_on(self, key: _Key, number: int, at: float) -> bool:
        """Say whether a packet only follows the first: what the kernel cut from one large one bears its mark."""
        flow, settled = self._watched.get(key), self._settled.get(key)
        opened_by = flow.opened_by if flow else settled.opened_by if settled else None
        first_at = flow.since if flow else settled.at if settled else None
        if opened_by is None or first_at is None or at - first_at > CUT_SECONDS:
            return False
        return 0 < (number - 1 - opened_by) % NUMBERS < CUT_OCTETS

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
                self._aside.append(self._drop(key, flows).settle(Why.END))
                return True
        return False

    def _file(self, key: _Key, flow: Flow, at: float) -> None:
        """Keep a flow among its like, and make room where these are too many: first among its sender's own."""
        if key not in self._open and key not in self._watched:
            own = self._of.setdefault(flow.sender, {})
            if len(own) >= self._max_share:
                self._give_up(next(iter(own)), at)
            self._of.setdefault(flow.sender, own)[key] = None
        if flow.since is None:
            self._open[key] = flow
            if len(self._open) > self._max_flows:
                self._drop(next(iter(self._open)), self._open)
            return
        self._open.pop(key, None)
        self._watched[key] = flow
        if len(self._watched) > self._max_flows:
            self._give_up(next(iter(self._watched)), at)

    def _give_up(self, key: _Key, at: float) -> None:
        """Watch a flow no more. One that was silent so far is forgotten: what it says will be without its beginning."""
        if key in self._open:
            self._drop(key, self._open)
            return
        flow = self._watched[key]
        self._aside.append(self._keep(key, flow.settle(Why.ROOM), at, flow.opened_by))

    def _drop(self, key: _Key, flows: dict[_Key, Flow]) -> Flow:
        """Take a flow out of those that it is among."""
        flow = flows.pop(key)
        own = self._of.get(flow.sender, {})
        own.pop(key, None)
        if not own:
            self._of.pop(flow.sender, None)
        return flow

    def _keep(self, key: _Key, settle: Settle, at: float, opened_by: int | None = None) -> Settle:
        """Remember what was settled of a flow, which is watched no more."""
        for flows in (self._open, self._watched):
            if key in flows:
                self._drop(key, flows)
        self._settled[key] = _Settled(settle, at, opened_by)
        if len(self._settled) > self._max_flows:
            del self._settled[next(iter(self._settled))]
        return settle


def _key(packet: Packet) -> _Key:
    """Return the same for both ways of a conversation."""
    one, other = (packet.source, packet.source_port), (packet.target, packet.target_port)
    return (packet.protocol, *one, *other) if one <= other else (packet.protocol, *other, *one)


def _begins_anew(packet: Packet, opened_by: int | None) -> bool:
    """Say whether a datagram begins another handshake of QUIC than the one that opened its flow."""
    if packet.protocol != Protocol.UDP:
        return False
    number = opened_with(packet.payload)
    return number is not None and number != opened_by


def _of_protocol(packet: Packet, known: Known) -> Settle:
    """Return what a flow of a protocol without ports is."""
    facts = Facts(packet.protocol, packet.source, packet.source_port, packet.target, packet.target_port)
    facts.see(packet.payload, is_clients=True)
    ends = facts.client, facts.client_port, facts.server, facts.server_port
    return Settle(packet.protocol, *ends, facts.kind, Why.PROTOCOL, signs=look(facts, known))
