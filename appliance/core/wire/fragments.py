"""Pieces of IP packets put together, however few octets and little patience there are for them."""

from appliance.core.wire.ip import Fragment, finish
from appliance.core.wire.packet import Packet
from appliance.core.wire.reader import WireError

_PATIENCE_S = 30.0
_MAX_RUNS = 64
"""Separate runs of octets in a packet that is not whole; more are made to tire the reader."""

_Key = tuple[bytes, bytes, int, int]


class _Whole:
    """A packet in the making."""

    __slots__ = ("body", "protocol", "runs", "since", "total")

    def __init__(self, since: float) -> None:
        self.since = since
        self.body = bytearray()
        self.runs: list[tuple[int, int]] = []
        self.total = 0
        self.protocol = 0

    def add(self, piece: Fragment) -> None:
        """Take what is new of a piece; octets that are there stay. Raises WireError where it does not fit."""
        start, stop = piece.offset, piece.offset + len(piece.payload)
        if not piece.has_more:
            if len(self.body) > stop or (self.total and self.total != stop):
                raise WireError("a last piece that is not the last")
            self.total = stop
        elif self.total and stop > self.total:
            raise WireError("a piece behind the last")
        if start == 0 and not any(first == 0 for first, _ in self.runs):
            self.protocol = piece.protocol
        if stop > len(self.body):
            self.body.extend(bytes(stop - len(self.body)))
        self._lay(start, stop, bytearray(piece.payload))

    def _lay(self, start: int, stop: int, fresh: bytearray) -> None:
        apart = []
        low, high = start, stop
        for first, last in self.runs:
            if last < start or first > stop:
                apart.append((first, last))
                continue
            inner, outer = max(start, first), min(stop, last)
            fresh[inner - start : outer - start] = self.body[inner:outer]
            low, high = min(low, first), max(high, last)
        self.body[start:stop] = fresh
        self.runs = [*apart, (low, high)]

    @property
    def is_whole(self) -> bool:
        return self.total > 0 and self.runs == [(0, self.total)]


class Fragments:
    """Packets in the making: at most `max_packets` and `max_octets` of them, the oldest given up first."""

    def __init__(self, max_packets: int = 256, max_octets: int = 1 << 20) -> None:
        self._max_packets = max_packets
        self._max_octets = max_octets
        self._open: dict[_Key, _Whole] = {}
        self._octets = 0

    def put(self, piece: Fragment, at: float) -> Packet | None:
        """Return the packet that this piece made whole, or None while octets are missing.

        Where pieces overlap the first octets win, in IPv6 too; a packet not whole after 30 s is given up. Raises
        WireError for a piece that does not fit the others, or a whole that is no packet.
        """
        self._give_up(at)
        key = (piece.source, piece.target, piece.ident, piece.protocol if len(piece.source) == 4 else -1)
        whole = self._open.get(key) or _Whole(at)
        before = len(whole.body)
        whole.add(piece)
        self._open[key] = whole
        self._octets += len(whole.body) - before
        if whole.is_whole:
            self._forget(key)
            return finish(piece.source, piece.target, whole.protocol, bytes(whole.body))
        if len(whole.runs) > _MAX_RUNS:
            self._forget(key)
            raise WireError("a packet in too many pieces")
        while len(self._open) > self._max_packets or self._octets > self._max_octets:
            self._forget(next(iter(self._open)))
        return None

    def _give_up(self, at: float) -> None:
        while self._open:
            key, oldest = next(iter(self._open.items()))
            if oldest.since + _PATIENCE_S > at:
                return
            self._forget(key)

    def _forget(self, key: _Key) -> None:
        self._octets -= len(self._open.pop(key).body)
