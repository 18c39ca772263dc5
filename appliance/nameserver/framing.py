"""DNS over a stream: each message with its length before it, many under way, answered in any order (RFC 7766)."""

from collections.abc import Iterable, Iterator

from appliance.core.query import Ask, upstream_query
from appliance.nameserver.codec import padded_query
from appliance.nameserver.datagrams import random

MAX_UNDER_WAY = 200
"""On one connection: more wait until some are answered."""
MIN_OCTETS = 12


class Framing:
    """One connection over TCP or TLS."""

    def __init__(self, *, is_padded: bool) -> None:
        self.is_over = False
        self.alpn = "dot" if is_padded else ""
        self._query = padded_query if is_padded else upstream_query
        self._under_way: set[int] = set()
        self._coming = bytearray()
        self._leaving = bytearray()

    def room(self) -> int:
        """Return how many more questions may be under way."""
        return MAX_UNDER_WAY - len(self._under_way)

    def ask(self, ask: Ask, *, has_edns: bool) -> tuple[int, int]:
        """Write a question under an id that is free."""
        ident = random.u16()
        while ident in self._under_way:
            ident = random.u16()
        self._under_way.add(ident)
        wire = self._query(ask, ident, has_edns=has_edns)
        self._leaving += len(wire).to_bytes(2, "big") + wire
        return ident, ident

    def forget(self, number: int) -> None:
        """Want no answer any more."""
        self._under_way.discard(number)

    def take(self, data: bytes) -> Iterable[tuple[int, bytes | None]]:
        """Return the messages that are whole by now, each with its id."""
        self._coming += data
        return list(self._whole())

    def _whole(self) -> Iterator[tuple[int, bytes]]:
        while len(self._coming) >= 2:
            end = 2 + int.from_bytes(self._coming[:2], "big")
            if len(self._coming) < end:
                return
            message = bytes(self._coming[2:end])
            del self._coming[:end]
            number = int.from_bytes(message[:2], "big") if len(message) >= MIN_OCTETS else -1
            self._under_way.discard(number)
            yield number, message

    def to_send(self) -> bytes:
        """Return the octets that are to be sent, once."""
        leaving = bytes(self._leaving)
        self._leaving.clear()
        return leaving
