"""A TCP connection that is watched: its two streams, until the client's first words can be read."""

from appliance.core.flows.reading import Reading, is_http_answer, read_middle, read_stream
from appliance.core.signs.facts import Kind
from appliance.core.wire.packet import ACK, SYN
from appliance.core.wire.reader import NEED_MORE
from appliance.core.wire.segments import Segments


class Streams:
    """Ends are told apart as True and False: the sender of the first packet that was seen is True."""

    __slots__ = ("_ports", "_sides", "client", "kind")

    def __init__(self, ports: dict[bool, int]) -> None:
        self._ports = ports
        self._sides = {True: Segments(), False: Segments()}
        self.client: bool | None = None
        """Which end opened the connection, once that was told."""
        self.kind = Kind.OTHER
        """What it is where nothing was read of the client's."""

    @property
    def has_conflict(self) -> bool:
        """The client said two different things at one place; a server may have taken either."""
        return any(side.has_conflict for end, side in self._sides.items() if self.client in (end, None))

    def put(self, end: bool, flags: int, sequence: int, payload: bytes) -> Reading | None:
        """Take a segment (RFC 9293 section 3.1) and return what the client's words are, once they can be read."""
        side = self._sides[end]
        before = len(side.stream)
        stream = side.put(sequence, payload, is_syn=flags & SYN != 0)
        if flags & SYN and self.client is None:
            self.client = end is (flags & ACK == 0)
        if self.client is (not end) or len(stream) == before:
            return None
        return self._read(end, stream, is_all=False)

    def last(self) -> Reading | None:
        """Return what can be read when no more will come."""
        for end, side in self._sides.items():
            if self.client is not (not end) and side.stream:
                found = self._read(end, side.stream, is_all=True)
                if found:
                    return found
        return None

    def _read(self, end: bool, stream: bytes, *, is_all: bool) -> Reading | None:
        found = read_stream(stream, self._ports[not end], is_all=is_all)
        if found is None and not self._sides[end].has_start:
            found = read_middle(stream)
            if is_http_answer(stream):
                self.kind, self.client = Kind.HTTP, not end
        if found is None or found is NEED_MORE:
            return None
        if self.client is None and found.is_clients is not None:
            self.client = end is found.is_clients
        return found
