"""A resolver inside the test's own process, with a network that stands still."""

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from ipaddress import ip_network
from typing import Any, ParamSpec

import dns.message
import msgspec

from appliance.config import Endpoint, ask_plainly
from appliance.core.answers import Answers
from appliance.core.domainset import DomainSet
from appliance.core.guesses import Thresholds
from appliance.core.house import House
from appliance.core.rulebook import Rulebook
from appliance.core.visibility import Contract
from appliance.nameserver.counts import Counts
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.tally import Cause, Cell
from appliance.nameserver.upstream import Upstreams
from appliance.world import rules
from appliance.world.neighbours import Neighbours
from appliance.world.snapshot import Snapshot, parse_snapshot
from tests.running import question

LIMIT_S = 60.0
ANSWER_S = 6.0
P = ParamSpec("P")
_MADE: list[Upstreams] = []


def unraised() -> Cell:
    """Return a cell of nobody's tally."""
    return Cell(Cause("anything"), [])


def in_loop(story: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run a test on an event loop, for a bounded time."""

    @functools.wraps(story)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(_closing(story(*args, **kwargs)), LIMIT_S))

    return run


async def _closing(story: Coroutine[Any, Any, None]) -> None:
    """Leave nothing open that a test has made here, whatever came of it."""
    try:
        await story
    finally:
        while _MADE:
            _MADE.pop()._exchanges.close()
        await asyncio.sleep(0)


@functools.cache
def book() -> Rulebook:
    """Return the bundled rules."""
    return rules.load_rulebook()


@functools.cache
def bundled() -> DomainSet:
    """Return the set of their names."""
    return rules.bundled_set(book())


@functools.cache
def contract() -> Contract:
    """Return the bundled visibility contract."""
    return rules.load_contract()


class Still(Neighbours):
    """A neighbour table that a test writes."""

    def __init__(self, macs: Mapping[str, str] | None = None, attached: str = "") -> None:
        self._macs = dict(macs or {})
        self.networks = ()
        self._attached = (ip_network(attached),) if attached else ()
        self._own = frozenset()
        self.own = ()
        self.routers = frozenset()
        self.changed = set()
        self.networks_changed = False

    def refresh(self) -> None:
        """See nothing new."""

    def learn(self, address: str, mac: str) -> None:
        """See a new neighbour, as if the kernel had told it."""
        self._set(address, mac)

    def close(self) -> None:
        """Hold nothing."""


def upstreams_of(*endpoints: Endpoint) -> Upstreams:
    """Return upstreams with an empty cache and no counts."""
    made = Upstreams(ask_plainly(endpoints), Answers(1 << 22), Counts())
    _MADE.append(made)
    return made


def resolver_of(
    *endpoints: Endpoint,
    house: House | None = None,
    neighbours: Neighbours | None = None,
    thresholds: Thresholds | None = None,
) -> Resolver:
    """Return a resolver that asks these upstreams and runs a house."""
    upstreams, near = upstreams_of(*endpoints), neighbours or Still()
    resolver = Resolver(book(), bundled(), contract(), upstreams, near, thresholds=thresholds)
    if house is not None:
        resolver.adopt(snapshot_of(house))
    return resolver


def snapshot_of(house: House, revision: int = 1) -> Snapshot:
    """Return a snapshot of a house."""
    text = b'{"format":1,"revision":%d,"house":%s}' % (revision, msgspec.json.encode(house))
    return parse_snapshot(text)


def put(resolver: Resolver, wire: bytes, source: str = "127.0.0.2", *, is_tcp: bool = False) -> "asyncio.Future[bytes]":
    """Ask, and return the reply that is to come."""
    coming: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def deliver(reply: bytes) -> None:
        assert not coming.done(), "answered twice"
        coming.set_result(reply)

    if not resolver.resolve(wire, source, deliver, is_tcp=is_tcp):
        coming.set_exception(LookupError("no answer"))
    return coming


async def ask(
    resolver: Resolver, name: str, qtype: str = "A", *, source: str = "127.0.0.2", is_tcp: bool = False, **options: Any
) -> dns.message.Message:
    """Return the reply to a question."""
    asked = question(name, qtype, **options)
    async with asyncio.timeout(ANSWER_S):
        reply = dns.message.from_wire(await put(resolver, asked.to_wire(), source, is_tcp=is_tcp))
    assert reply.id == asked.id
    return reply
