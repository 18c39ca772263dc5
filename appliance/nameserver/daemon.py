"""The nameserver daemon: holds the sockets, keeps its workers alive, hands on what they decide by, tells how they are.

The daemon answers no query itself. It holds the listening sockets, so that what arrives while a worker is started
again waits for it; and the last good house and lists, so that a worker started while the data folder is away still
runs them.

Requests on the bus: ``{"ask": "status"}`` → revision, digest and problem of each worker, counts, listening addresses,
upstreams, and in ``servers`` how each of them has been doing; ``lists``: the digest of the file of lists that all
workers run, empty for none, null while they differ; ``lists_problem``: why they don't run the one that is there.
``{"ask": "sight", "token": T}`` → what the doctor's question T carried when it arrived, or null; and what `records`
says of tally, screens, ring, session and given.
"""

import asyncio
import logging
import os
import socket
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.config import Config
from appliance.core.whom import Whom
from appliance.household import lists
from appliance.nameserver import sockets
from appliance.nameserver.counts import add_up
from appliance.nameserver.link import (
    FROM_WORKER,
    AddressesNow,
    Adopt,
    Begin,
    Entries,
    FromWorker,
    GivenNow,
    InForceNow,
    Listener,
    ListsNow,
    News,
    Sighted,
    TakeLists,
    TakeMinutes,
    TakeTime,
    ThingsNow,
)
from appliance.nameserver.records import RESTRICTED, Records
from appliance.nameserver.standing import Health, together
from appliance.world import bus, rules
from appliance.world.crew import Crew, Member
from appliance.world.link import Link
from appliance.world.listfile import ListsWatch
from appliance.world.timekeeping import Timekeeper
from appliance.world.watch import WATCH_S, HouseWatch, MinutesWatch

NAME = "nameserver"
WORKER = "appliance.nameserver.worker"
MAX_SIGHTS = 64

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Part:
    """What a worker has, and what it said."""

    sockets: list[tuple[socket.socket, bool]]
    told: TakeLists | None = None
    """The lists that it began with."""
    in_force: InForceNow | None = None
    lists: ListsNow | None = None
    servers: tuple[Health, ...] = ()


class Daemon:
    """Runs until it is told to stop."""

    def __init__(self, config: Config, whom: Whom, data: Path, workers: int) -> None:
        self._config = config
        self._whom = whom
        self._data = data
        # Before anything else: all that follows is at some time.
        self._time = Timekeeper(data)
        self._house = HouseWatch(data)
        self._spent = MinutesWatch(data)
        self._lists = ListsWatch(lists.set_file(data))
        self._counts: dict[str, int] = {}
        self._sights: OrderedDict[str, dict[str, object]] = OrderedDict()
        self._records = Records(rules.load_contract(), self._links)
        self._word = os.urandom(8).hex()
        self._bus = bus.Bus(data, NAME, self.answer, RESTRICTED)
        self._parts = [_Part(self._open()) for _ in range(workers)]
        self._crew: Crew[FromWorker] = Crew(
            WORKER, workers, FROM_WORKER, self._hear, fds=self._fds, begun=self._begun, ended=self._ended
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until it is to stop."""
        self._look()
        await self._look_at_lists()
        tasks = self._crew.start()
        tasks += [asyncio.create_task(self._watch()), asyncio.create_task(self._watch_lists())]
        try:
            await self._bus.open()
        except OSError as error:
            log.warning("no bus (%s): `kindgate house apply` can't see what is in force", error.strerror or error)
        await stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._crew.stop()
        await self._bus.close()
        self._lists.close()

    def answer(self, request: dict[str, object]) -> object:
        """Answer a request of the bus, or return a coroutine that does."""
        if request.get("ask") == "status":
            return self._status()
        if request.get("ask") == "sight":
            return {"bus": bus.VERSION, "sight": self._sights.get(str(request.get("token")))}
        return self._records.answer(request)

    def _status(self) -> dict[str, object]:
        workers = [
            {
                "number": member.number,
                "pid": member.process.pid if member.process else None,
                "revision": part.in_force.revision if part.in_force else None,
                "digest": part.in_force.digest if part.in_force else None,
                "problem": part.in_force.problem if part.in_force else "starting",
                "lists": part.lists.digest if part.lists else None,
                "restarts": member.restarts,
            }
            for member, part in zip(self._crew.members, self._parts, strict=True)
        ]
        in_force = {worker["lists"] for worker in workers}
        told = (part.lists.problem for part in self._parts if part.lists is not None)
        return {
            "bus": bus.VERSION,
            "pid": os.getpid(),
            "revision": self._house.revision,
            "digest": self._house.digest,
            "problem": self._house.problem,
            "lists": in_force.pop() if len(in_force) == 1 else None,
            "lists_problem": self._lists.problem or next(filter(None, told), None),
            "dns": list(self._config.dns),
            "clock": self._time.doubt,
            "upstreams": [str(server) for server in self._whom.servers],
            "servers": together(part.servers for part in self._parts),
            "bootstrap": [str(server) for server in self._whom.bootstrap],
            "workers": workers,
            "counts": dict(sorted(self._counts.items())),
        }

    def _open(self) -> list[tuple[socket.socket, bool]]:
        opened: list[tuple[socket.socket, bool]] = []
        for endpoint in self._config.listen:
            opened.append((sockets.open_udp(endpoint), False))
            opened.append((sockets.open_tcp(endpoint), True))
        return opened

    def _links(self) -> Iterator[Link]:
        return (member.link for member in self._crew.members if member.link is not None)

    async def _watch(self) -> None:
        """Notice a changed house, counted minutes, a silent worker, a bus that has gone."""
        turn = 0
        while True:
            await asyncio.sleep(WATCH_S)
            self._look()
            turn += 1
            if turn % 10 == 0:
                await self._bus.mend()
                self._crew.replace_silent()

    def _look(self) -> None:
        """Hand on to the workers what time it is, a changed house, and minutes that were counted."""
        if self._time.tend():
            for link in self._links():
                link.tell(self._time_now())
        if self._spent.look():
            for link in self._links():
                link.tell(TakeMinutes(self._spent.minutes))
        if self._house.look() and self._house.snapshot is not None:
            self._records.adopt(self._house.snapshot.house)
            for link in self._links():
                link.tell(Adopt(self._house.snapshot.text))

    def _time_now(self) -> TakeTime:
        return TakeTime(self._time.time.offset, self._time.doubt is not None)

    async def _watch_lists(self) -> None:
        """Notice another file of lists, apart from the rest: reading it takes a moment."""
        while True:
            await asyncio.sleep(WATCH_S)
            await self._look_at_lists()

    async def _look_at_lists(self) -> None:
        if self._lists.is_another() and self._lists.take(await asyncio.to_thread(self._lists.read)):
            for link in self._links():
                link.tell(self._lists_now())

    def _lists_now(self, fd: int | None = None) -> TakeLists:
        return TakeLists(str(lists.set_file(self._data)), self._lists.digest, fd)

    def _fds(self, member: Member) -> Iterator[int]:
        """Yield what a worker inherits: its sockets, and the lists themselves, whatever becomes of their file."""
        part = self._parts[member.number]
        part.told = self._lists_now(self._lists.handle)
        yield from (opened.fileno() for opened, _ in part.sockets)
        if part.told.fd is not None:
            yield part.told.fd

    def _begun(self, member: Member) -> None:
        """Tell a worker all that it must know to begin."""
        link, part = member.link, self._parts[member.number]
        if link is None or part.told is None:
            return
        link.tell(self._time_now())
        listeners = tuple(Listener(opened.fileno(), is_tcp) for opened, is_tcp in part.sockets)
        link.tell(
            Begin(
                *(listeners, self._whom, self._config.cache_megabytes << 20, self._config.serve_stale),
                *(self._config.rate_limit_qps, len(self._parts), self._word),
                guarded=str(self._data) if self._config.gateway is not None else None,
                data=str(self._data),
            )
        )
        # Before the house, with which it begins to answer: a budget that is spent is so from the first query on.
        link.tell(TakeMinutes(self._spent.minutes))
        link.tell(part.told)
        if part.told.digest != self._lists.digest:
            link.tell(self._lists_now())
        snapshot = self._house.snapshot
        link.tell(Adopt(snapshot.text if snapshot else None))
        link.tell(self._records.watch())

    def _hear(self, member: Member, message: FromWorker) -> None:
        part = self._parts[member.number]
        match message:
            case InForceNow():
                part.in_force = message
            case ListsNow():
                part.lists = message
            case News():
                add_up(self._counts, message.counts)
                part.servers = message.servers
                told = (server for one in self._parts for server in one.servers)
                self._records.looped(server.server for server in told if server.is_loop)
                self._records.take(message)
            case Entries() | GivenNow() | AddressesNow() | ThingsNow():
                self._records.heard(message)
            case Sighted():
                self._sights[str(message.sight.get("token"))] = message.sight
                while len(self._sights) > MAX_SIGHTS:
                    self._sights.popitem(last=False)

    def _ended(self, member: Member) -> None:
        part = self._parts[member.number]
        part.in_force = part.lists = None
        part.servers = ()
        self._records.restarted(member.number)
