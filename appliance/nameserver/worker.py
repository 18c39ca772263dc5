"""One worker process: an event loop, its share of the sockets, and a house in force."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from ipaddress import ip_address
from pathlib import Path

import uvloop

from appliance.core.answers import Answers
from appliance.core.guesses import Thresholds
from appliance.core.house import HouseError
from appliance.core.lists.listset import ListSet
from appliance.core.riskmodel import RiskModelError
from appliance.nameserver.counts import Counts
from appliance.nameserver.guessing import Guessing
from appliance.nameserver.known import Known
from appliance.nameserver.link import (
    TO_WORKER,
    AddressesNow,
    Adopt,
    AskAddresses,
    AskEntries,
    AskGiven,
    AskThings,
    Begin,
    Blocked,
    Counted,
    Entries,
    GivenNow,
    InForceNow,
    ListsNow,
    News,
    Screened,
    Sighted,
    TakeLists,
    TakeMinutes,
    TakeTime,
    ThingsNow,
    Watch,
)
from appliance.nameserver.rates import Rates
from appliance.nameserver.resolver import Resolver
from appliance.nameserver.server import Udp
from appliance.nameserver.streams import Tcp
from appliance.nameserver.upstream import Upstreams
from appliance.world import clock, model, rules
from appliance.world.life import die_with_parent
from appliance.world.link import Link
from appliance.world.listfile import map_set
from appliance.world.neighbours import Neighbours
from appliance.world.snapshot import parse_snapshot

HEARTBEAT_S = 0.5
SWEEP_S = 3.0
"""How often a part of what is kept is looked through."""
GC_THRESHOLDS = 20_000, 20, 20
"""So rarely that queries under way are mostly answered when it is looked: else each of them is looked at three times.
"""
LISTS_S = 10.0
"""How long a worker that starts waits for the lists before it answers without them."""

log = logging.getLogger(__name__)


class Worker:
    """Answers from when it is told to begin until the daemon is gone."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._resolver: Resolver | None = None
        self._upstreams: Upstreams | None = None
        self._servers: list[asyncio.Server] = []
        self._beat: asyncio.Task[None] | None = None
        self._told: TakeLists | None = None
        self._taking: asyncio.Task[None] | None = None
        self._lists = ""

    async def run(self) -> None:
        """Do what the daemon says until it hangs up."""
        async for message in self._link.hear(TO_WORKER):
            match message:
                case TakeTime():
                    self._take_time(message)
                case Begin():
                    self._begin(message)
                case Adopt():
                    await self._adopt(message.snapshot)
                case TakeLists() if self._resolver is not None:
                    self._take_lists(self._resolver, message)
                case TakeMinutes() if self._resolver is not None:
                    self._resolver.take_minutes(message.minutes)
                case Watch() if self._resolver is not None:
                    self._resolver.watch(message.left_s)
                case AskEntries() if self._resolver is not None:
                    self._link.tell(_entries(self._resolver, message))
                case AskGiven() if self._resolver is not None:
                    self._link.tell(_given(self._resolver, message))
                case AskAddresses() if self._resolver is not None:
                    self._link.tell(_addresses(self._resolver, message))
                case AskThings() if self._resolver is not None:
                    self._link.tell(_asked(self._resolver, message))

    def _begin(self, begin: Begin) -> None:
        book = rules.load_rulebook()
        counts = Counts()
        answers = Answers(begin.cache_octets, serves_stale=begin.serves_stale)
        upstreams = Upstreams(begin.whom, answers, counts)
        neighbours = Neighbours()
        self._upstreams = upstreams
        rates = Rates(begin.rate_qps, begin.workers, counts.cell("dropped.rate"))
        bundled, contract, thresholds = rules.bundled_set(book), rules.load_contract(), _thresholds()
        self._resolver = Resolver(book, bundled, contract, upstreams, neighbours, rates, thresholds)
        self._resolver.on_sight = lambda sight: self._link.tell(Sighted(sight))
        self._resolver.box = begin.box
        if begin.guarded is not None:
            self._resolver.known = Known(Path(begin.guarded), counts, upstreams.soon)
        if begin.data is not None and thresholds:
            guessed = self._resolver.guessed
            self._resolver.guessing = Guessing(Path(begin.data), guessed, counts, upstreams.soon)
        if begin.box:
            upstreams.look_for_loops(begin.box)
        asyncio.get_running_loop().add_reader(neighbours, self._resolver.look_around)
        self._listeners = [(socket.socket(fileno=one.fd), one.is_tcp) for one in begin.listeners]
        self._beat = asyncio.create_task(self._heartbeat(self._resolver))
        # What lives as long as the process is not worth looking through again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)

    def _take_time(self, told: TakeTime) -> None:
        """Go by this time; where it is another one, what was kept until a time is forgotten with the next beat."""
        was_doubted = clock.is_doubted()
        clock.go_by(told.offset, is_doubted=told.is_doubted)
        if self._resolver is not None and told.is_doubted != was_doubted:
            self._resolver.take_doubt()

    async def _adopt(self, text: bytes | None) -> None:
        """Put a house in force; what can't be run is reported, and the one before it stays."""
        resolver = self._resolver
        if resolver is None:
            return
        problem = None
        try:
            resolver.adopt(parse_snapshot(text) if text is not None else None)
        except (HouseError, clock.UnknownZone) as error:
            problem = str(error)
            log.error("the house can't be put in force: %s", error)  # noqa: TRY400 -- its words are enough
        now = resolver.in_force
        self._link.tell(InForceNow(now.revision, now.digest, problem))
        if not self._servers and self._listeners:
            if self._taking is not None:
                await asyncio.wait({self._taking}, timeout=LISTS_S)
            await self._listen(resolver)

    def _take_lists(self, resolver: Resolver, told: TakeLists) -> None:
        """Put lists in force, as soon as those are that it was told to take before."""
        if self._told is not None and self._told.fd is not None:
            os.close(self._told.fd)
        self._told = told
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._follow(resolver))

    async def _follow(self, resolver: Resolver) -> None:
        """Open the lists in a thread, while queries are answered by those before; and swap them whole."""
        while self._told is not None:
            told, self._told = self._told, None
            problem = None
            try:
                if told.digest != self._lists:
                    digest, lists = await asyncio.to_thread(_open, told)
                    resolver.take_lists(lists)
                    self._lists = digest
            except (OSError, ValueError) as error:
                problem = str(error)
                log.error("the lists can't be put in force: %s", error)  # noqa: TRY400 -- its words are enough
            self._link.tell(ListsNow(self._lists, problem))

    async def _listen(self, resolver: Resolver) -> None:
        """Read from the sockets: only now, so that no query is answered before the first house is in force."""
        loop = asyncio.get_running_loop()
        for opened, is_tcp in self._listeners:
            opened.setblocking(False)
            if is_tcp:
                self._servers.append(await Tcp(opened, resolver).open())
            else:
                loop.add_reader(opened, Udp(opened, resolver).read)

    async def _heartbeat(self, resolver: Resolver) -> None:
        jumps = clock.JumpWatch()
        swept = clock.uptime()
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            if not self._link.tell(self._news(resolver)):
                resolver.counts.add("dropped.news")
            if jumps.has_jumped():
                resolver.clock_jumped()
            if clock.uptime() - swept > SWEEP_S:
                swept = clock.uptime()
                resolver.sweep()

    def _news(self, resolver: Resolver) -> News:
        """Return what is new. Day and minute are those of the moment of telling, half a second late at most."""
        counts, at = resolver.counts, clock.now()
        day = clock.iso(at, resolver.in_force.zone)[:10]
        tally = tuple(Counted(*key, count) for key, count in counts.tally.news())
        screens = tuple(Screened(*screen, times) for screen, times in counts.tally.screens().items())
        malware = tuple(Blocked(*one) for one in resolver.memory.happened())
        servers = self._upstreams.health() if self._upstreams is not None else ()
        return News(counts.news(), day, tally, malware, int(at // 60), screens, servers)


def _thresholds() -> Thresholds:
    """Return how sure the classifier must be; nothing, so that nobody is asked, where its card can't be read."""
    try:
        return model.load_model_card().by_category
    except RiskModelError as error:
        log.warning("new names are not guessed at: %s", error)
        return {}


def _open(told: TakeLists) -> tuple[str, ListSet | None]:
    """Return the lists that a worker was told to take, with their digest. Raises OSError, ListSetError."""
    if not told.digest:
        return "", None
    handle = os.open(told.path, os.O_RDONLY | os.O_CLOEXEC) if told.fd is None else told.fd
    try:
        return map_set(handle)
    finally:
        os.close(handle)


def _entries(resolver: Resolver, asked: AskEntries) -> Entries:
    memory, at = resolver.memory, clock.now()
    if asked.of_sessions:
        return Entries(asked.token, tuple(memory.session_entries(at, clock.uptime())), memory.session.dropped)
    return Entries(asked.token, tuple(memory.entries(asked.device, asked.person, at)), memory.recent.dropped)


def _given(resolver: Resolver, asked: AskGiven) -> GivenNow:
    policy, at = resolver.in_force.setting.policy, clock.now()

    def names(device: str | None, address: str) -> tuple[tuple[str, float], ...]:
        try:
            octets = ip_address(address).packed
        except ValueError:
            return ()
        return resolver.given.of(policy.of_device(device), octets, at)

    return GivenNow(asked.token, tuple(names(*one) for one in asked.askers), resolver.given.whole_s(at))


def _asked(resolver: Resolver, asked: AskThings) -> ThingsNow:
    names, is_thing = resolver.memory.things.read(asked.device, clock.now())
    return ThingsNow(asked.token, tuple(names), is_thing)


def _addresses(resolver: Resolver, asked: AskAddresses) -> AddressesNow:
    policy = resolver.in_force.setting.policy
    given = resolver.given.addresses(asked.person, clock.now())
    is_kept = any(one.is_known_only and one.person == asked.person for one in policy.by_device.values())
    addresses = tuple((str(ip_address(octets)), left_s) for octets, left_s in given)
    return AddressesNow(asked.token, addresses, is_kept and resolver.known is not None)


async def _main(fd: int) -> None:
    await Worker(await Link.over(socket.socket(fileno=fd))).run()


def main() -> None:
    """Run a worker on the link whose file descriptor is the one argument; ends when the daemon does."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536) if hard > 0 else 65_536, hard))
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    uvloop.run(_main(int(sys.argv[1])))


if __name__ == "__main__":
    main()
