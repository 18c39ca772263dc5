"""A TCP connection that is watched: its two streams, until the client's first words can be read."""

from appliance.core.flows.reading import Reading, begun, is_http_answer, read_middle, read_rest, read_stream
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import ACK, RST, SYN, URG, Packet
from appliance.core.wire.reader import NEED_MORE
from appliance.core.wire.segments import Segments

_NUMBERS = 1 << 32


class Streams:
    """Ends are told apart as True and False: the sender of the first packet that was seen is True.

    What is read is what the server surely took; where it may have taken something else, that is a conflict.
    """

    __slots__ = ("_early", "_is_unsure", "_kind", "_ports", "_sides", "_tried", "_wants_start", "client")

    def __init__(self, ports: tuple[int, int], is_anew: bool = False, *, wants_start: bool = False) -> None:
        """Take the ports of False and True. `wants_start`: no words count of which the beginning was not seen.

        `is_anew`: another SYN than before began this; whether a server took it only its answer tells.
        """
        self._ports = ports
        self._wants_start = wants_start
        self._sides = Segments(), Segments()
        self._tried = [b"", b""]
        self._is_unsure = is_anew
        self._early: tuple[int, bytes] | None = None
        """What the client's SYN carried and nobody has answered yet, with the number of its first octet."""
        self.client: bool | None = None
        """Which end opened the connection, once that was told."""
        self._kind = Kind.OTHER

    @property
    def kind(self) -> Kind:
        """What it is where nothing was read of the client's.

        Where all is seen, a hello that never ends is TLS that names nothing; a recording may be cut there.
        """
        if self._wants_start and self._kind is Kind.OTHER and self.client is not None:
            return begun(self._sides[self.client].stream)
        return self._kind

    @property
    def is_unfinished(self) -> bool:
        """The client began to say what it wants, and did not end."""
        return self._kind is Kind.OTHER and self.has_start and self.kind is not Kind.OTHER

    @property
    def has_conflict(self) -> bool:
        """The client said two different things at one place; a server may have taken either."""
        sides = self._sides if self.client is None else (self._sides[self.client],)
        return self._is_unsure or any(side.has_conflict for side in sides)

    @property
    def has_start(self) -> bool:
        """The client's SYN was seen: nothing stands before what is read."""
        return self.client is not None and self._sides[self.client].has_start

    def has_said(self, end: bool) -> bool:
        """Say whether words of an end were seen."""
        return self._sides[end].stream != b""

    def put(self, end: bool, packet: Packet, payload: bytes) -> Reading | None:
        """Take a segment (RFC 9293 section 3.1) and return what the client's words are, once they can be read."""
        flags = packet.flags
        if flags & RST or not flags & (SYN | ACK):  # receivers take nothing of such a one
            return None
        if flags & SYN:
            self._open(end, packet, payload)
        elif payload:
            self._take_early()
            side = self._sides[end]
            side.has_conflict |= flags & URG != 0  # most receivers leave out one octet of it (RFC 6093)
            side.put(packet.sequence, payload)
        is_asked = flags & (SYN | ACK) == SYN  # nothing is sure before its answer
        return None if is_asked else self._read(end) or self._read(not end)

    def begin(self, end: bool, number: int) -> None:
        """Know from the server which number the first octet of an end's words bears."""
        self.client = end if self.client is None else self.client
        self._sides[end].put((number - 1) % _NUMBERS, b"", is_syn=True)

    def last(self) -> Reading | None:
        """Return what can be read when no more will come."""
        self._take_early()
        if self._wants_start and not self.has_start:
            streams = (read_middle(side.stream) for side in self._sides)
            return next((Reading(found.kind) for found in streams if found), None)
        for end in (True, False) if self.client is None else (self.client,):
            found = self._read(end) or read_rest(self._sides[end].stream, self._ports[not end])
            if found:
                return found
        return None

    def _open(self, end: bool, packet: Packet, payload: bytes) -> None:
        """Take a SYN, or the answer to one, which tells how much a server took of what the SYN carried (RFC 7413)."""
        first = (packet.sequence + 1) % _NUMBERS
        side = self._sides[end]
        if not packet.flags & ACK:
            self.client = end if self.client is None else self.client
            if end is self.client:
                self._early = self._early or (first, payload)
                self._is_unsure |= not side.has_start and side.stream != b""
            side.put(packet.sequence, b"", is_syn=True)
            return
        side.put(packet.sequence, b"", is_syn=True)
        self.client = not end if self.client is None else self.client
        side.put(first, payload)
        if self._early and end is not self.client:
            number, early = self._early
            taken = (packet.acknowledged - number) % _NUMBERS
            self._is_unsure = taken > len(early)
            self._early = number, early[:taken]
            self._take_early()

    def _take_early(self) -> None:
        if self._early and self.client is not None:
            self._sides[self.client].put(*self._early)

    def _read(self, end: bool) -> Reading | None:
        stream = self._sides[end].stream
        if stream == self._tried[end] or self.client is (not end) or (self._wants_start and not self.has_start):
            return None
        self._tried[end] = stream
        is_begun = self._sides[end].has_start
        if self.client is None and not is_begun and is_http_answer(stream):
            self._kind, self.client = Kind.HTTP, not end
            return None
        found = read_stream(stream, self._ports[not end])
        if found is None and not is_begun:
            found = read_middle(stream)
        if found is None or found is NEED_MORE:
            return None
        if self.client is None and found.is_clients is not None:
            self.client = end is found.is_clients
        if self.client is (not end) and found.name is None:
            # A server's words: the client's may have been recorded behind them.
            self._kind = found.kind
            return None
        return found
