"""The answer cache: replies of upstreams, shared by all persons because the verdict is taken before it is asked.

Fresh, negative (RFC 2308) and, where every upstream is silent, stale (RFC 8767). Bounded by bytes; the longest unused
go first. Time is handed in.
"""

from collections import OrderedDict
from typing import NamedTuple

import msgspec

from appliance.core.wire import dns
from appliance.core.wire.dns import Message
from appliance.core.wire.reader import WireError

Key = tuple[str, int, int]
"""Name in normal form, type, and the flags (RD, AD, CD, and DO as bit 16) that an upstream's answer depends on."""

MAX_TTL_S = 86_400
MAX_NEGATIVE_TTL_S = 3_600
FAILURE_TTL_S = 5
"""RFC 2308 section 7.1 allows up to five minutes; a home wants to hear of a repair sooner."""
STALE_S = 86_400
STALE_TTL_S = 30
"""RFC 8767 sections 5 and 4: how long a dead answer is kept, and the TTL it is given out with."""
TARGET_STALE_S = 7 * STALE_S
"""How long that of a safe mode's target is: without it the whole site would be gone, and its address rarely changes."""
ENTRY_OCTETS = 400
"""What an entry costs beside its message, measured."""


class Kept(msgspec.Struct, frozen=True):
    """An upstream's reply, when it was put and when it is no longer fresh (POSIX seconds)."""

    message: Message
    put_at: float
    fresh_until: float

    def age_s(self, at: float) -> int:
        """Return whole seconds since it was put."""
        return max(0, int(at - self.put_at))


class _Stored(NamedTuple):
    """A reply as it lies in the cache: its octets, because they take a third of the room of what was read from them."""

    wire: bytes
    put_at: float
    fresh_until: float
    is_failure: bool
    stale_s: int

    def kept(self) -> Kept:
        """Return the reply, read again."""
        return Kept(dns.parse_message(self.wire), self.put_at, self.fresh_until)


class Answers:
    """Replies by key, no more than `max_octets` of them."""

    __slots__ = ("_octets", "_stored", "max_octets")

    def __init__(self, max_octets: int) -> None:
        self._stored: OrderedDict[Key, _Stored] = OrderedDict()
        self._octets = 0
        self.max_octets = max_octets

    def __len__(self) -> int:
        """Return the number of replies kept."""
        return len(self._stored)

    def get(self, key: Key, at: float) -> Kept | None:
        """Return a fresh reply, None if there is none."""
        stored = self._stored.get(key)
        if stored is None or not stored.put_at <= at < stored.fresh_until:
            return None
        self._stored.move_to_end(key)
        return stored.kept()

    def get_stale(self, key: Key, at: float) -> Kept | None:
        """Return a reply that was fresh within the last day (a target's: week), for when no upstream answers."""
        stored = self._stored.get(key)
        if stored is None or stored.is_failure or not stored.put_at <= at < stored.fresh_until + stored.stale_s:
            return None
        return stored.kept()

    def put(self, key: Key, message: Message, at: float, *, is_target: bool = False) -> Kept:
        """Keep a reply for as long as it says, and return it. A failure does not push out what may be served stale.

        `is_target`: it was asked for as the target of a safe mode; that the target is gone is then a failure too.
        """
        lifetime = lifetime_s(message)
        kept = Kept(message, at, at + lifetime)
        is_failure = _is_failure(message) or (is_target and message.rcode == dns.NXDOMAIN)
        if lifetime == 0 or (is_failure and self.get_stale(key, at) is not None):
            return kept
        old = self._stored.pop(key, None)
        stale_s = TARGET_STALE_S if is_target else STALE_S
        if old is not None:
            self._octets -= _octets(old)
            stale_s = max(stale_s, old.stale_s)
        self._stored[key] = stored = _Stored(message.wire, at, kept.fresh_until, is_failure, stale_s)
        self._octets += _octets(stored)
        while self._octets > self.max_octets:
            _, dropped = self._stored.popitem(last=False)
            self._octets -= _octets(dropped)
        return kept

    def forget(self) -> None:
        """Forget everything."""
        self._stored.clear()
        self._octets = 0


def lifetime_s(message: Message) -> int:
    """Return for how many seconds a reply may be kept (RFC 2181 section 5.2, RFC 2308 section 5)."""
    if _is_failure(message):
        return FAILURE_TTL_S
    if message.flags & dns.TC:
        return 0
    ttls = [record.ttl_s for record in message.answers]
    if not message.has_answer:
        ttls += [_negative_ttl_s(message), *(record.ttl_s for record in message.authorities)]
    return min([*ttls, MAX_TTL_S])


def _negative_ttl_s(message: Message) -> int:
    """Return the lesser of the SOA's TTL and its MINIMUM; without an SOA a negative answer is not kept."""
    for record in message.authorities:
        if record.rtype == dns.SOA:
            try:
                return min(record.ttl_s, dns.soa_minimum_s(message, record), MAX_NEGATIVE_TTL_S)
            except WireError:
                return 0
    return 0


def _is_failure(message: Message) -> bool:
    return message.rcode not in (dns.NOERROR, dns.NXDOMAIN)


def _octets(stored: _Stored) -> int:
    return ENTRY_OCTETS + len(stored.wire)
