"""Who is answered, and how much: what the house allows and blocks, and what a client may ask a second."""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from appliance.config import Endpoint
from appliance.core.access import Access
from appliance.core.asker import Registry
from appliance.core.house import House
from appliance.nameserver.counts import Counts
from appliance.nameserver.mmsg import BURST
from appliance.nameserver.rates import Rates
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.seats import Seats
from appliance.nameserver.server import CHARGED
from appliance.world.neighbours import Own
from tests.nameserver.inside import (
    Still,
    book,
    bundled,
    contract,
    in_loop,
    put,
    resolver_of,
    snapshot_of,
    unraised,
    upstreams_of,
)
from tests.nameserver.test_resolver import HOUSE, KIM, KIM_MAC, ROUTER, SAM, SAM_MAC, told_mac
from tests.nameserver.test_server import connected, framed, is_closed, next_reply, serving
from tests.running import BLOCKED, question

ME = "192.168.7.9"


def limited(house: House, limit: int) -> Resolver:
    """Return a resolver that spares nobody, loopback neither."""
    up = upstreams_of()
    rates = Rates(limit, 1, up.counts.cell("dropped.rate"), spares_loopback=False)
    resolver = Resolver(book(), bundled(), contract(), up, Still(), rates)
    resolver.adopt(snapshot_of(house))
    return resolver


def with_access(*, allowed: tuple[str, ...] = (), blocked: tuple[str, ...] = ()) -> House:
    """Return the usual house with clients that it allows and blocks."""
    return replace(HOUSE, access=Access(allowed=allowed, blocked=blocked))


async def is_answered(resolver: Resolver, source: str, mac: str | None = None) -> bool:
    """Say whether a question gets an answer; behind a router where it tells a MAC."""
    asked = question(BLOCKED, options=told_mac(mac) if mac else [])
    try:
        await put(resolver, asked.to_wire(), source)
    except LookupError:
        return False
    return True


@in_loop
async def test_who_is_blocked_gets_no_answer() -> None:
    """By address or by MAC; it is counted, and the rest are answered."""
    table = Still({ME: SAM_MAC})
    resolver = resolver_of(house=with_access(blocked=(SAM_MAC, "192.168.7.8")), neighbours=table)
    assert [await is_answered(resolver, one) for one in (ME, "192.168.7.8", "192.168.7.7")] == [False, False, True]
    assert resolver.counts.news()["dropped.access"] == 2
    resolver.adopt(snapshot_of(HOUSE, 2))
    assert await is_answered(resolver, ME)


@in_loop
async def test_with_some_allowed_nobody_else_is_answered() -> None:
    """But the box itself."""
    table = Still()
    table.own = (Own("192.168.7.2", 24, 2),)
    resolver = resolver_of(house=with_access(allowed=("192.168.7.7", ROUTER)), neighbours=table)
    found = [await is_answered(resolver, one) for one in ("192.168.7.7", ME, "127.0.0.1", "192.168.7.2")]
    assert found == [True, False, True, True]


@in_loop
async def test_a_device_that_shows_its_mac_later() -> None:
    """Its address was answered until the kernel told whose it is."""
    table = Still()
    resolver = resolver_of(house=with_access(blocked=(SAM_MAC,)), neighbours=table)
    assert await is_answered(resolver, ME)
    table.learn(ME, SAM_MAC)
    resolver.look_around()
    assert not await is_answered(resolver, ME)


@in_loop
async def test_behind_a_router_each_is_judged() -> None:
    """Whom it told, and not only the router; and no finished reply passes anybody."""
    resolver = resolver_of(house=with_access(blocked=(SAM_MAC,)))
    for _ in range(2):
        found = [await is_answered(resolver, ROUTER, mac) for mac in (KIM_MAC, SAM_MAC, None)]
        assert found == [True, False, True]
    assert resolver.counts.news()["dropped.access"] == 2


@in_loop
async def test_a_blocked_client_over_the_wire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence over UDP, and over TCP it is hung up on."""
    monkeypatch.setattr(Seats, "_is_own", lambda *_: False)
    resolver = resolver_of(house=with_access(blocked=(SAM,)))
    async with serving(resolver) as endpoint:
        with asking(endpoint, SAM) as blocked, asking(endpoint, KIM) as other:
            assert (await came(blocked, 20), await came(other, 20)) == (0, 20)
        async with connected(endpoint, SAM) as (reader, _):
            assert await is_closed(reader)
    assert resolver.counts.news()["dropped.access"] == 21


@contextmanager
def asking(endpoint: Endpoint, source: str) -> Iterator[socket.socket]:
    """Give a socket to ask from."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        client.bind((source, 0))
        client.connect((endpoint.address, endpoint.port))
        client.setblocking(False)
        yield client


async def came(client: socket.socket, times: int, mac: str | None = None, name: str = BLOCKED) -> int:
    """Return how many of so many questions at once are answered."""
    wire = question(name, options=told_mac(mac) if mac else []).to_wire()
    got = 0
    for _ in range(times):
        client.send(wire)
    for _ in range(20):
        await asyncio.sleep(0.002)
        with contextlib.suppress(BlockingIOError):
            while client.recv(4096):
                got += 1
    return got


def allowed_by(limit: int, since: float) -> int:
    """Return how many answers one client may have had at most, where the last burst is charged when it is over."""
    return int(limit * (1 + time.monotonic() - since)) + BURST + CHARGED


@in_loop
async def test_a_flood_costs_nobody_else_an_answer() -> None:
    """Who floods gets what one may ask and no more, five others get every answer."""
    limit = 200
    resolver = limited(HOUSE, limit)
    others = [f"127.0.7.{number}" for number in range(2, 7)]
    since = time.monotonic()
    async with serving(resolver) as endpoint:
        with contextlib.ExitStack() as held:
            flooding, *rest = [held.enter_context(asking(endpoint, one)) for one in (SAM, *others)]
            flooded = 0
            for _ in range(10):
                flooded += await came(flooding, 300)
                assert [await came(one, 5) for one in rest] == [5] * len(rest)
            assert flooded <= allowed_by(limit, since)
            assert resolver.counts.news()["dropped.rate"] > 0
            async with asyncio.timeout(20):
                while not await came(flooding, 1):
                    pass


@in_loop
async def test_a_flood_of_names_is_cut_as_well() -> None:
    """Though no finished reply is kept of any."""
    limit = 50
    resolver = limited(HOUSE, limit)
    since = time.monotonic()
    async with serving(resolver) as endpoint:
        with asking(endpoint, SAM) as flooding:
            got = sum([await came(flooding, 1, name=f"n{number}.{BLOCKED}") for number in range(40)])
            got += sum([await came(flooding, 20, name=f"m{number}.{BLOCKED}") for number in range(20)])
    assert 0 < got <= allowed_by(limit, since)


@in_loop
async def test_behind_a_router_only_the_one_that_floods_is_cut() -> None:
    """Finished replies or not: each has a purse, and those of whom the router tells nothing share a larger one."""
    limit = 40
    resolver = limited(HOUSE, limit)
    since = time.monotonic()
    async with serving(resolver) as endpoint:
        with asking(endpoint, ROUTER) as router:
            flooded = 0
            for _ in range(5):
                flooded += await came(router, 200, SAM_MAC)
                assert await came(router, 3, KIM_MAC) == 3
            assert flooded <= allowed_by(limit, since)
            assert await came(router, limit * 3) == limit * 3
    assert resolver.counts.news()["dropped.rate"] > 0


@in_loop
async def test_options_that_disagree_spend_nobody_elses() -> None:
    """All of them have one purse."""
    resolver = limited(HOUSE, 5)
    for _ in range(20):
        both = [*told_mac(KIM_MAC), *told_mac(SAM_MAC)]
        put(resolver, question(BLOCKED, options=both).to_wire(), ROUTER).exception()
    for mac in (KIM_MAC, SAM_MAC, None):
        assert await is_answered(resolver, ROUTER, mac)
    assert resolver.counts.news()["dropped.rate"] == 15


@in_loop
async def test_over_tcp_a_client_is_slowed_down() -> None:
    """Every question is answered, but no faster than the rate; and it is counted."""
    resolver = limited(HOUSE, 20)
    async with serving(resolver) as endpoint, connected(endpoint) as (reader, writer):
        asked = [question(BLOCKED) for _ in range(30)]
        began = time.monotonic()
        writer.write(framed(*asked))
        assert {(await next_reply(reader)).id for _ in asked} == {one.id for one in asked}
        assert time.monotonic() - began > 0.4
    assert resolver.counts.news()["delayed.rate"] > 0


def test_all_addresses_of_a_device_share_a_purse() -> None:
    """And a router that nobody listed may ask for many."""
    table = Still({ME: KIM_MAC, "fd00::9": KIM_MAC})
    table.routers = frozenset(("192.168.7.1",))
    rates = Rates(5, 1, unraised())
    seats = Seats(table, Counts(), rates)
    registry = Registry(House())
    assert seats.of(ME, registry).purse is seats.of("fd00::9", registry).purse
    router = seats.of("192.168.7.1", registry).purse
    assert sum(router.pay() for _ in range(500)) == 100
    assert seats.of("127.0.0.1", registry).purse is rates.endless
    assert set(seats.purses) == {ME, "fd00::9", "192.168.7.1"}
    seats.leave(ME)
    assert ME not in seats
    assert set(seats.purses) == {"fd00::9", "192.168.7.1"}
    seats.forget()
    assert (len(seats), seats.purses) == (0, {})
    assert seats.is_welcome(ME)
