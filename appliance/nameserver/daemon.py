"""The nameserver daemon: holds the sockets, keeps its workers alive, hands on what they decide by, tells how they are.

The daemon answers no query itself. It holds the listening sockets, so that what arrives while a worker is started
again waits for it; and the last good house and lists, so that a worker started while the data folder is away still
runs them.

Requests on the bus: ``{"ask": "status"}`` → revision, digest and problem of each worker, counts, listening addresses,
upstreams, and in ``servers`` how each of them has been doing; ``lists``: the digest of the file of lists that all
workers run, empty for none, null while they differ; ``lists_problem``: why they don't run the one that is there.
``{"ask": "sight", "token": T}`` → what the doctor's question T carried when it arrived, or null; and what `records`
says of tally, screens, ring and session.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from appliance.config import Config
from appliance.core.whom import Whom
from appliance.household import lists
from appliance.nameserver import sockets
from appliance.nameserver.counts import add_up
from appliance.nameserver.link import (
    FROM_WORKER,
    Adopt,
    Begin,
    Entries,
    InForceNow,
    Link,
    Listener,
    ListsNow,
    News,
    Sighted,
    TakeLists,
    TakeMinutes,
    TakeTime,
)
from appliance.nameserver.records import RESTRICTED, Records
from appliance.nameserver.standing import Health, together
from appliance.world import bus, clock, rules
from appliance.world.listfile import ListsWatch
from appliance.world.timekeeping import Timekeeper
from appliance.world.watch import WATCH_S, HouseWatch, MinutesWatch

NAME = "nameserver"
SILENT_S = 10.0
"""A worker without a heartbeat for so long is replaced."""
RESTART_S = 0.2
RESTART_MAX_S = 2.0
HEALTHY_S = 10.0
STOP_S = 3.0
MAX_SIGHTS = 64

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Worker:
    """A worker as the daemon sees it."""

    number: int
    sockets: list[tuple[socket.socket, bool]]
    process: asyncio.subprocess.Process | None = None
    link: Link | None = None
    in_force: InForceNow | None = None
    lists: ListsNow | None = None
    servers: tuple[Health, ...] = ()
    heard_at: float = 0.0
    started_at: float = 0.0
    restarts: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


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
        self._workers = [_Worker(number, self._open()) for number in range(workers)]

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until it is to stop."""
        self._look()
        await self._look_at_lists()
        tasks = [asyncio.create_task(self._keep(worker)) for worker in self._workers]
        tasks += [asyncio.create_task(self._watch()), asyncio.create_task(self._watch_lists())]
        try:
            await self._bus.open()
        except OSError as error:
            log.warning("no bus (%s): `kindgate house apply` can't see what is in force", error.strerror or error)
        await stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(self._stop(worker) for worker in self._workers))
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
                "number": worker.number,
                "pid": worker.process.pid if worker.process else None,
                "revision": worker.in_force.revision if worker.in_force else None,
                "digest": worker.in_force.digest if worker.in_force else None,
                "problem": worker.in_force.problem if worker.in_force else "starting",
                "lists": worker.lists.digest if worker.lists else None,
                "restarts": worker.restarts,
            }
            for worker in self._workers
        ]
        in_force = {worker["lists"] for worker in workers}
        told = (worker.lists.problem for worker in self._workers if worker.lists is not None)
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
            "servers": together(worker.servers for worker in self._workers),
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
        return (worker.link for worker in self._workers if worker.link is not None)

    async def _watch(self) -> None:
        """Notice a changed house, counted minutes, a silent worker, a bus that has gone."""
        turn = 0
        while True:
            await asyncio.sleep(WATCH_S)
            self._look()
            turn += 1
            if turn % 10 == 0:
                await self._bus.mend()
                self._replace_silent()

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
            for worker in self._workers:
                if worker.link is not None:
                    worker.link.tell(Adopt(self._house.snapshot.text))

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

    async def _keep(self, worker: _Worker) -> None:
        """Start a worker, and start it again when it ends: at once after a long life, later after a short one."""
        pause = 0.0
        while True:
            try:
                await self._start(worker)
                if worker.process is not None:
                    await worker.process.wait()
            except OSError as error:
                log.error("worker %d can't be started: %s", worker.number, error)  # noqa: TRY400 -- its words are enough
            self._hang_up(worker)
            lived = clock.uptime() - worker.started_at
            pause = 0.0 if lived > HEALTHY_S else min(RESTART_MAX_S, max(RESTART_S, pause * 2))
            worker.restarts += 1
            self._records.restarted(worker.number)
            log.warning("worker %d ended and is started again", worker.number)
            await asyncio.sleep(pause)

    async def _start(self, worker: _Worker) -> None:
        ours, theirs = socket.socketpair()
        fds = [opened.fileno() for opened, _ in worker.sockets]
        take_lists = self._lists_now(self._lists.handle)
        fds += [take_lists.fd] if take_lists.fd is not None else []
        worker.started_at = worker.heard_at = clock.uptime()
        try:
            with theirs:
                worker.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "appliance.nameserver.worker", str(theirs.fileno()),
                    stdin=asyncio.subprocess.DEVNULL, pass_fds=[theirs.fileno(), *fds],
                )  # fmt: skip
        except OSError:
            ours.close()
            raise
        worker.link = await Link.over(ours)
        worker.link.tell(self._time_now())
        listeners = tuple(Listener(opened.fileno(), is_tcp) for opened, is_tcp in worker.sockets)
        worker.link.tell(
            Begin(
                *(listeners, self._whom, self._config.cache_megabytes << 20, self._config.serve_stale),
                *(self._config.rate_limit_qps, len(self._workers), self._word),
            )
        )
        # Before the house, with which it begins to answer: a budget that is spent is so from the first query on.
        worker.link.tell(TakeMinutes(self._spent.minutes))
        worker.link.tell(take_lists)
        if take_lists.digest != self._lists.digest:
            worker.link.tell(self._lists_now())
        snapshot = self._house.snapshot
        worker.link.tell(Adopt(snapshot.text if snapshot else None))
        worker.link.tell(self._records.watch())
        worker.tasks = [asyncio.create_task(self._hear(worker, worker.link))]

    async def _hear(self, worker: _Worker, link: Link) -> None:
        async for message in link.hear(FROM_WORKER):
            worker.heard_at = clock.uptime()
            match message:
                case InForceNow():
                    worker.in_force = message
                case ListsNow():
                    worker.lists = message
                case News():
                    add_up(self._counts, message.counts)
                    worker.servers = message.servers
                    told = (server for one in self._workers for server in one.servers)
                    self._records.looped(server.server for server in told if server.is_loop)
                    self._records.take(message)
                case Entries():
                    self._records.heard(message)
                case Sighted():
                    self._sights[str(message.sight.get("token"))] = message.sight
                    while len(self._sights) > MAX_SIGHTS:
                        self._sights.popitem(last=False)

    def _hang_up(self, worker: _Worker) -> None:
        for task in worker.tasks:
            task.cancel()
        if worker.link is not None:
            worker.link.close()
        worker.link = worker.process = worker.in_force = worker.lists = None
        worker.servers = ()

    def _replace_silent(self) -> None:
        for worker in self._workers:
            if worker.process is not None and clock.uptime() - worker.heard_at > SILENT_S:
                log.warning("worker %d is silent and is replaced", worker.number)
                worker.heard_at = clock.uptime()
                with contextlib.suppress(ProcessLookupError):
                    worker.process.kill()

    async def _stop(self, worker: _Worker) -> None:
        """End a worker: it ends by itself when the link does."""
        process = worker.process
        self._hang_up(worker)
        if process is None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
