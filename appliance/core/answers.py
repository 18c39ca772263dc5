"""The answer cache: replies of upstreams, shared by all persons because the verdict is taken before it is asked.

Fresh, negative (RFC 2308) and, where every upstream is silent, stale (RFC 8767). Bounded by bytes; the longest unused
go first. It says when a popular answer is worth asking for before it ends, and how long to wait for a better one than
an old one. Time is handed in.
"""

from collections import OrderedDict

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
"""How long that of a safe mode's target is: its address rarely changes."""
ENTRY_OCTETS = 400
"""What an entry costs beside its message, measured."""
MAX_READ = 1_024
"""Replies that are kept as they were read, too, because reading costs more than all else of a look-up: about 1 MB."""

CLIENT_S = 1.2
"""How long who asks waits for a better answer than an old one (RFC 8767 section 5 suggests 1.8 s at most).

By then two tries were made, and the second had ten times as long as a server near by takes. Some stub resolvers give
up after two seconds.
"""
AGAIN_CLIENT_S = 0.3
"""The same where one waited in vain lately: enough for a server that is back, and hardly felt with one that isn't."""
LATELY_S = 30.0
"""RFC 8767 section 5, the failure recheck timer."""
RETRY_S = 1.0
"""How soon after a try in vain the next one may be made; until then an old answer is given at once."""

POPULAR = 3
"""Asked for so often in its life, the last time included, an answer is asked for again before it ends."""
DUE_SHARE = 0.1
"""What is left of its life by then."""
MIN_DUE_S = 10
"""The shortest life for which that is worth a question."""

_ALL_TYPES = 0
"""In a key in place of the type: no name, no records of any type (RFC 2308 section 5)."""


class Kept(msgspec.Struct, frozen=True):
    """An upstream's reply, when it was put and when it is no longer fresh (POSIX seconds)."""

    message: Message
    put_at: float
    fresh_until: float
    is_due: bool = False
    """It is popular, will end soon, and nobody has asked for it again yet."""

    def age_s(self, at: float) -> int:
        """Return whole seconds since it was put."""
        return max(0, int(at - self.put_at))


class _Stored(msgspec.Struct, gc=False):
    """A reply as it lies in the cache: its octets, because they take a third of the room of what was read from them."""

    wire: bytes
    put_at: float
    fresh_until: float
    is_failure: bool
    stale_s: int
    tried_at: float = 0.0
    """When somebody last asked in vain for a better one."""
    hits: int = 0

    def is_fresh(self, at: float) -> bool:
        """Say whether it may be given out as it is."""
        return self.put_at <= at < self.fresh_until

    def is_stale(self, at: float) -> bool:
        """Say whether it may be given out where there is nothing better."""
        return not self.is_failure and self.put_at <= at < self.fresh_until + self.stale_s

    def is_due(self, at: float) -> bool:
        """Say whether it should be asked for before it ends."""
        life = self.fresh_until - self.put_at
        return (
            self.hits >= POPULAR
            and self.fresh_until - at <= DUE_SHARE * life
            and life >= MIN_DUE_S
            and at >= self.tried_at + RETRY_S
        )


class Answers:
    """Replies by key, no more than `max_octets` of them.

    Where they are not to be served stale, only a safe mode's target is: without it the whole site would be gone.
    """

    __slots__ = ("_octets", "_read", "_stale_s", "_stored", "max_octets")

    def __init__(self, max_octets: int, *, serves_stale: bool = True) -> None:
        self._stale_s = STALE_S if serves_stale else 0
        self._stored: OrderedDict[Key, _Stored] = OrderedDict()
        self._read: dict[Key, Kept] = {}
        self._octets = 0
        self.max_octets = max_octets

    def __len__(self) -> int:
        """Return the number of replies kept."""
        return len(self._stored)

    def get(self, key: Key, at: float) -> Kept | None:
        """Return a fresh reply, None if there is none."""
        stored = self._stored.get(key)
        if stored is None or not stored.is_fresh(at):
            if stored is not None and stored.stale_s > STALE_S:
                return None
            key = _of_all_types(key)
            stored = self._stored.get(key)
            if stored is None or not stored.is_fresh(at):
                return None
        self._stored.move_to_end(key)
        stored.hits += 1
        kept = self._kept(key, stored)
        return msgspec.structs.replace(kept, is_due=True) if stored.is_due(at) else kept

    def get_stale(self, key: Key, at: float) -> Kept | None:
        """Return a reply that was fresh within the last day (a target's: week), for when no upstream answers."""
        where = self._last(key, at)
        return None if where is None else self._kept(where, self._stored[where])

    def patience_s(self, key: Key, at: float) -> float | None:
        """Return for how long to wait for a better answer than the old one (RFC 8767), None where there is none."""
        where = self._last(key, at)
        if where is None:
            return None
        since = at - self._stored[where].tried_at
        if since >= LATELY_S:
            return CLIENT_S
        return AGAIN_CLIENT_S if since >= RETRY_S else 0.0

    def note_vain(self, key: Key, at: float) -> None:
        """Note that somebody waits for a better answer than an old one, or did, and that none came."""
        where = self._last(key, at)
        if where is not None:
            self._stored[where].tried_at = at

    def put(self, key: Key, message: Message, at: float, *, is_target: bool = False) -> Kept:
        """Keep a reply for as long as it says, and return it. A failure does not push out what may be served stale.

        `is_target`: it was asked for as the target of a safe mode; that the target is gone is then a failure too.
        """
        lifetime = lifetime_s(message)
        kept = Kept(message, at, at + lifetime)
        is_failure = _is_failure(message) or (is_target and message.rcode == dns.NXDOMAIN)
        if lifetime == 0 or (is_failure and self._last(key, at) is not None):
            return kept
        old = self._drop(key)
        of_all = _of_all_types(key)
        if not is_failure:
            self._drop(of_all)
        if message.rcode == dns.NXDOMAIN and not is_target and not message.answers:
            key = of_all
        stale_s = TARGET_STALE_S if is_target else self._stale_s
        if old is not None:
            stale_s = max(stale_s, old.stale_s)
        self._stored[key] = stored = _Stored(message.wire, at, kept.fresh_until, is_failure, stale_s)
        self._octets += _octets(stored)
        while self._octets > self.max_octets:
            self._drop(next(iter(self._stored)))
        return kept

    def _last(self, key: Key, at: float) -> Key | None:
        """Return under which key the last reply is that may be given out where there is nothing better."""
        own = self._stored.get(key)
        if own is not None and not own.is_stale(at):
            own = None
        of_all = _of_all_types(key)
        none = self._stored.get(of_all)
        if none is None or not none.is_stale(at):
            return None if own is None else key
        return key if own is not None and (own.stale_s > STALE_S or own.put_at >= none.put_at) else of_all

    def _kept(self, key: Key, stored: _Stored) -> Kept:
        """Return a reply as it was read."""
        kept = self._read.get(key)
        if kept is None:
            if len(self._read) >= MAX_READ:
                self._read.clear()
            kept = Kept(dns.parse_message(stored.wire), stored.put_at, stored.fresh_until)
            self._read[key] = kept
        return kept

    def _drop(self, key: Key) -> _Stored | None:
        """Forget a reply, and return it."""
        stored = self._stored.pop(key, None)
        if stored is not None:
            self._octets -= _octets(stored)
            self._read.pop(key, None)
        return stored

    def forget(self) -> None:
        """Forget everything."""
        self._stored.clear()
        self._read.clear()
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


def _of_all_types(key: Key) -> Key:
    return key[0], _ALL_TYPES, key[2]


def _octets(stored: _Stored) -> int:
    return ENTRY_OCTETS + len(stored.wire)
