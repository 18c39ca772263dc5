"""One flow that is watched: what its packets said so far, and when that is enough."""

from collections.abc import Iterator
from typing import Final

from appliance.core.flows.datagrams import Datagrams
from appliance.core.flows.reading import Reading
from appliance.core.flows.settle import Settle, Why
from appliance.core.flows.streams import Streams
from appliance.core.signs.facts import Facts
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.look import look
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.packet import ACK, SYN, Packet, Protocol

MAX_OCTETS: Final = 16_384
"""Of a flow's payload, both ways together."""
MAX_PACKETS: Final = 12
"""With a payload, both ways together."""

NUMBERS: Final = 1 << 32
"""Of TCP, which wrap."""

FIRST_USER_PORT: Final = 1024
FIRST_FLEETING_PORT: Final = 32_768
"""Where Linux begins to take a client's ports; others begin later (RFC 6335 section 6)."""

_TWO_SEGMENTS = Sign("two_stories", Confidence.LIKELY, "segments")
_TWO_HOSTS = Sign("two_stories", Confidence.LIKELY, "hosts")
_DRAWN_OUT = Sign("two_stories", Confidence.LIKELY, "drawn out")
"""Words of a few hundred octets that do not end within so many packets or so long: the server reads them, whoever
watches is to tire before."""


class Flow:
    """A conversation of two ends; the sender of the first packet that was seen is one, True, the other False."""

    __slots__ = (
        *("_client", "_facts", "_first_end", "_known", "_octets", "_packets", "_talk", "_wants_start"),
        *("opened_by", "since"),
    )

    def __init__(
        self, packet: Packet, known: Known = NOTHING, *, is_anew: bool = False, wants_start: bool = False
    ) -> None:
        """Begin with a packet, which `take` is still to be given; `is_anew` and `wants_start` as for Streams."""
        self._known = known
        self._wants_start = wants_start
        self._first_end = packet.source, packet.source_port
        self._client = True
        self._facts = Facts(packet.protocol, *self._first_end, packet.target, packet.target_port)
        ports = packet.target_port, packet.source_port
        is_tcp = packet.protocol == Protocol.TCP
        self._talk: Streams | Datagrams = (
            Streams(ports, is_anew, wants_start=wants_start) if is_tcp else Datagrams(ports)
        )
        self._octets = self._packets = 0
        self.since: float | None = None
        """When its first payload came."""
        self.opened_by: int | None = None
        """The number of the SYN that opened it, or the connection ID of QUIC."""

    @property
    def has_start(self) -> bool:
        """Over TCP: the number of its first octet is known."""
        return self._facts.has_start

    @property
    def sender(self) -> bytes:
        """The address from which its first packet came."""
        return self._first_end[0]

    def has_answer(self, packet: Packet) -> bool:
        """Say whether words are known of the end that a packet goes to."""
        end = (packet.source, packet.source_port) == self._first_end
        return isinstance(self._talk, Streams) and self._talk.has_said(not end)

    def take(self, packet: Packet, at: float, *, is_first: bool = False) -> Settle | None:
        """Take a packet, whose sender is either end; return what the flow is once that is settled.

        `is_first`: the server said that the client's words begin with it.
        """
        if is_first and isinstance(self._talk, Streams):
            self.opened_by = (packet.sequence - 1) % NUMBERS
            self._facts.has_start = True
            self._talk.begin((packet.source, packet.source_port) == self._first_end, packet.sequence)
        if packet.flags & (SYN | ACK) == SYN:
            self.opened_by = packet.sequence
        if packet.flags & SYN:
            self._facts.has_start = True
        end = (packet.source, packet.source_port) == self._first_end
        payload = packet.payload[: MAX_OCTETS - self._octets]
        found = self._put(end, packet, payload)
        self._turn(self._talk.client)
        if payload:
            self.since = at if self.since is None else self.since
            self._packets += 1
            self._octets += len(payload)
            self._facts.see(payload, end is self._client)
        if isinstance(self._talk, Datagrams):
            self.opened_by = self._talk.opened_by
        if found:
            return self.settle(Why.READ, found)
        if not payload:
            return None
        if any(sign.confidence is Confidence.STRONG for sign in look(self._facts, self._known)):
            return self.settle(Why.SIGN)
        is_enough = self._packets >= MAX_PACKETS or self._octets >= MAX_OCTETS
        return self.settle(Why.LIMIT) if is_enough else None

    def settle(self, why: Why, found: Reading | None = None) -> Settle:
        """Return what the flow is when no more is waited for; `found` is what its words were."""
        if found is None and why is not Why.ROOM:
            found = self._talk.last()
        found = found or Reading(self._talk.kind)
        self._turn(self._talk.client if self._talk.client is not None else self._client_by_port())
        facts = self._facts
        facts.kind, facts.has_upgrade = found.kind, found.has_upgrade
        doubts = tuple(self._doubts(found, why))
        if not doubts:
            facts.name, facts.hello = found.name, found.hello
        return Settle(
            *(facts.protocol, facts.client, facts.client_port, facts.server, facts.server_port),
            *(facts.kind, why, facts.name, None if doubts else found.address, facts.hello),
            _surest_first(look(facts, self._known) + doubts),
            is_begun=isinstance(self._talk, Datagrams) or self._talk.has_start,
        )

    def _put(self, end: bool, packet: Packet, payload: bytes) -> Reading | None:
        if isinstance(self._talk, Streams):
            return self._talk.put(end, packet, payload)
        return self._talk.put(end, payload) if payload else None

    def _doubts(self, found: Reading, why: Why) -> Iterator[Sign]:
        """Yield why a name that was read may not be the one that the server reads."""
        if self._talk.has_conflict:
            yield _TWO_SEGMENTS
        if found.has_conflict:
            yield _TWO_HOSTS
        is_given_up = self._wants_start and why in (Why.LIMIT, Why.TIME)
        if is_given_up and found.name is None and self._talk.is_unfinished:
            yield _DRAWN_OUT

    def _turn(self, client: bool | None) -> None:
        """Let the facts be told from the client's side, once it is known which end that is."""
        if client is not None and client is not self._client:
            self._facts.turn()
            self._client = client

    def _client_by_port(self) -> bool | None:
        """Return which end's port is one that clients take, where only one is."""
        ports = self._facts.client_port, self._facts.server_port
        for least in (FIRST_USER_PORT, FIRST_FLEETING_PORT):
            is_clients = [port >= least for port in ports]
            if any(is_clients) and not all(is_clients):
                return self._client is is_clients[0]
        return None


def _surest_first(signs: tuple[Sign, ...]) -> tuple[Sign, ...]:
    return tuple(sorted(signs, key=lambda sign: -sign.confidence)) if signs else ()
