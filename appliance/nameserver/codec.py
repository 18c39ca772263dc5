"""What a kept connection speaks, apart from the connection: questions to octets, octets to answers."""

from collections.abc import Iterable
from typing import Protocol

from appliance.core.query import Ask, upstream_query
from appliance.core.wire import dns

OPTION_PADDING = 12
BLOCK_OCTETS = 128
"""To a multiple of this a query is padded (RFC 8467 section 4.1)."""


class Broken(Exception):
    """The other end says what can't be understood: nothing that comes after it can be."""


class Codec(Protocol):
    """Reads and writes one connection, from its beginning."""

    alpn: str
    """What is said in TLS of the protocol; empty where none is needed."""

    is_over: bool
    """The other end takes no more questions on this connection."""

    def room(self) -> int:
        """Return how many more questions may be under way."""

    def ask(self, ask: Ask, *, has_edns: bool) -> tuple[int, int]:
        """Write a question; return by which number its answer comes, and the id in it."""

    def forget(self, number: int) -> None:
        """Want no answer any more."""

    def take(self, data: bytes) -> Iterable[tuple[int, bytes | None]]:
        """Return the answers that octets complete, None for an error instead of one. Raises Broken."""

    def to_send(self) -> bytes:
        """Return the octets that are to be sent, once."""


def padded_query(ask: Ask, ident: int, *, has_edns: bool) -> bytes:
    """Return a question whose length says little (RFC 7830, RFC 8467); without EDNS there is no room for it."""
    wire = upstream_query(ask, ident, has_edns=has_edns)
    if not has_edns:
        return wire
    # The OPT record is the last, and without options ends with their length.
    padding = bytes(-(len(wire) + 4) % BLOCK_OCTETS)
    option = dns.option(OPTION_PADDING, padding)
    return wire[:-2] + len(option).to_bytes(2, "big") + option
