"""The guard daemon: loads the firewall's rules, keeps the workers that look at connections, ends what is forbidden.

Requests on the bus: ``{"ask": "status"}`` → revision, digest and problem of each worker and of the daemon's own orders,
how the box stands in the network, counts; ``{"ask": "tally"}`` → what happened, for the steward alone, in batches as
the nameserver's; ``{"ask": "newcomers"}`` → by its MAC, of each device that nobody named and that is one of the house
under another MAC, that one's id; ``{"ask": "known"}`` of the nameserver alone (`guard.known`).
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import NamedTuple

from appliance.config import Gateway
from appliance.guard import known
from appliance.guard.book import Book
from appliance.guard.cuts import Cuts
from appliance.guard.events import RESTRICTED, STRANGE, Events
from appliance.guard.firewall import Firewall
from appliance.guard.hints import Hints
from appliance.guard.kernel import Kernel
from appliance.guard.lookalikes import Lookalikes
from appliance.guard.manners import Manners, manners_of
from appliance.guard.messages import FROM_WORKER, FromWorker, Running, Told
from appliance.guard.names import Names
from appliance.guard.network import Network
from appliance.household.orders import Orders
from appliance.world import bus, clock, life
from appliance.world.crew import Crew, Member
from appliance.world.neighbours import Neighbours
from appliance.world.watch import WATCH_S

NAME = "guard"
WORKER = "appliance.guard.worker"
FOLDER = "guard"
"""In the data folder: what the box has given out, and how the kernel was before."""
SWEEP_S = 30.0
"""How often all that flows is looked through although nothing changed."""
NAMES_S = 0.25
"""So long a sweep waits for the nameserver at most: no packet waits with it."""

log = logging.getLogger(__name__)


class _Place(NamedTuple):
    """What the firewall must know of where the box stands."""

    home: tuple[IPv4Network | IPv6Network, ...]
    has_v6: bool


class Daemon:
    """Runs until it is told to stop."""

    def __init__(self, gateway: Gateway, data: Path, orders: Orders, queues: int) -> None:
        self._gateway = gateway
        self._data = data
        self._orders = orders
        self._queues = queues
        self._firewall = Firewall(gateway, queues)
        self._kernel = Kernel(gateway, data / FOLDER)
        self._events = Events(orders)
        self._network = Network(gateway, data, lambda _: self._events.side_door(), self._events.other_dhcp)
        self._manners = Manners()
        self._known = known.Known(data, self._firewall)
        self._place = _Place((), has_v6=False)
        self._book = Book()
        self._names = Names(data, NAMES_S)
        self._neighbours = Neighbours()
        self._cuts = Cuts(orders, self._book, self._events.cut, names=self._names, neighbours=self._neighbours)
        self._hints = Hints(orders, self._book, self._names, self._events)
        self._lookalikes = Lookalikes(data, orders, self._network.leases, self._events.hint)
        self._counts: Counter[str] = Counter()
        self._elsewhere: Counter[str] = Counter()
        """How often each device that is kept to known addresses went to others."""
        self._running: dict[int, Running] = {}
        self._problem: str | None = None
        self._crew: Crew[FromWorker] = Crew(
            WORKER, queues, FROM_WORKER, self._hear, words=self._words, ended=self._ended
        )
        self._bus = bus.Bus(data, NAME, self.answer, RESTRICTED | {known.ASK: known.TOLD_BY})
        self._is_due = asyncio.Event()

    async def run(self, stopping: asyncio.Event, is_back_soon: Callable[[], bool] = lambda: False) -> None:
        """Guard until it is to stop. Raises OSError where the kernel can't be told: then it forwards nothing.

        Where it `is_back_soon`, the rules and the network stay as they are: what is open goes on meanwhile. So it is
        after a fault of ours, which is raised: whoever keeps this daemon alive starts it again.
        """
        (self._data / FOLDER).mkdir(parents=True, exist_ok=True)
        await self._network.up()
        tasks: list[asyncio.Task[None]] = []
        is_left = False
        try:
            await self._put_up()
            tasks += [*self._crew.start(), asyncio.create_task(self._watch()), asyncio.create_task(self._sweep())]
            tasks.append(asyncio.create_task(self._notice()))
            await self._open_bus()
            # Only now that all is looked at.
            self._kernel.up(has_v6=self._place.has_v6)
            is_left = True
            tasks.append(asyncio.create_task(_wait_for(stopping)))
            await life.first_of(tasks)
            is_left = is_back_soon()
        finally:
            if not is_left:
                self._kernel.down()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._crew.stop()
            if is_left:
                await self._network.leave()
                await self._bus.close()
            else:
                await self._network.down()
                await asyncio.to_thread(self._firewall.down)
                await self._bus.leave()
            self._names.close()
            self._known.close()
            self._neighbours.close()
            self._orders.close()

    async def _open_bus(self) -> None:
        try:
            await self._bus.open()
        except OSError as error:
            log.warning("no bus (%s): nobody can ask what is in force", error.strerror or error)

    def answer(self, request: dict[str, object]) -> object:
        """Answer a request of the bus."""
        if request.get("ask") == "status":
            return {"bus": bus.VERSION} | self._status()
        if request.get("ask") == "newcomers":
            return {"bus": bus.VERSION, "newcomers": dict(self._lookalikes.found)}
        if request.get("ask") == known.ASK:
            return self._known.answer(request)
        return self._events.answer(request)

    def _status(self) -> dict[str, object]:
        workers = []
        for member in self._crew.members:
            told = self._running.get(member.number)
            workers.append(
                {
                    "number": member.number,
                    "pid": member.process.pid if member.process else None,
                    "revision": told.revision if told else None,
                    "digest": told.digest if told else None,
                    "problem": told.problem if told else "starting",
                    "restarts": member.restarts,
                }
            )
        return {
            "pid": os.getpid(),
            "revision": self._orders.revision,
            "digest": self._orders.digest,
            "problem": self._problem or self._orders.problem,
            "mode": "one-armed" if self._gateway.is_one_armed else "gateway",
            "workers": workers,
            "connections": len(self._book),
            "known_addresses": len(self._known),
            "elsewhere": dict(self._elsewhere),
            "counts": dict(sorted(self._counts.items())) | {"bus.dropped": self._bus.dropped},
        } | self._network.status()

    def _words(self, member: Member) -> tuple[str, ...]:
        return str(self._data), str(member.number), str(self._queues)

    def _hear(self, member: Member, message: FromWorker) -> None:
        match message:
            case Told():
                for settled in message.settled:
                    self._book.put(settled)
                    for category, sign in settled.signs:
                        self._events.sign(settled.device, category, sign)
                    if settled.state != self._orders.state:
                        # Decided by what was in force a moment ago.
                        self._is_due.set()
            case Running():
                self._running[member.number] = message
                self._counts.update(message.counts)

    def _ended(self, member: Member) -> None:
        self._running.pop(member.number, None)
        self._events.restarted(member.number)

    async def _watch(self) -> None:
        """Notice another house, other minutes, other lists; a silent worker; a bus that has gone."""
        turn = 0
        while True:
            await asyncio.sleep(WATCH_S)
            if self._orders.look():
                self._is_due.set()
            await self._mind()
            turn += 1
            if turn % 10 == 0:
                self._crew.replace_silent()
                await self._bus.mend()

    async def _mind(self) -> None:
        """Have the firewall know where the box stands, and how each device's connections begin."""
        try:
            if self._place != self._stands():
                await self._put_up()
                self._kernel.up(has_v6=self._place.has_v6)
            elif self._manners != (manners := manners_of(self._orders.policy)):
                await asyncio.to_thread(self._firewall.set_manners, manners)
                self._manners = manners
            await self._known.mind(self._orders.policy)
            await self._tell_elsewhere()
        except OSError as error:
            if str(error) != self._problem:
                log.error("the firewall is not as it should be: %s", error)  # noqa: TRY400 -- its words are enough
            self._problem = str(error)
            return
        self._problem = None

    async def _tell_elsewhere(self) -> None:
        """Note who went to addresses that nobody gave them. Raises OSError."""
        owners = {mac: device.id for device in self._orders.house.devices for mac in device.macs}
        for one in await self._known.strange():
            device = owners.get(one.mac)
            if device is not None:
                self._elsewhere[device] += one.times
                if not one.is_refused:
                    self._events.hint(device, STRANGE)

    async def _put_up(self) -> None:
        """Load the firewall's rules. Raises FirewallError."""
        place, manners = self._stands(), manners_of(self._orders.policy)
        await asyncio.to_thread(self._firewall.up, place.home, manners=manners, has_v6=place.has_v6)
        self._known.lose()
        self._place, self._manners = place, manners

    def _stands(self) -> "_Place":
        return _Place(self._network.networks(), self._network.has_v6)

    async def _sweep(self) -> None:
        """Look through all that flows: when something changed, at the moment when something ends, and now and then."""
        while True:
            wait_s = SWEEP_S
            if self._cuts.next_at is not None:
                wait_s = min(wait_s, max(0.0, self._cuts.next_at - clock.now()))
            try:
                async with asyncio.timeout(wait_s):
                    await self._is_due.wait()
            except TimeoutError:
                pass
            self._is_due.clear()
            try:
                await self._cuts.sweep(clock.now())
            except OSError as error:
                self._counts["sweeps.failed"] += 1
                log.warning("open connections can't be looked through: %s", error)
                await asyncio.sleep(1.0)

    async def _notice(self) -> None:
        """Look now and then for what needs time to be seen; the table of connections was read for the sweep."""
        while True:
            await asyncio.sleep(SWEEP_S)
            await self._hints.look(self._cuts.latest, clock.uptime())
            await self._lookalikes.look()


async def _wait_for(event: asyncio.Event) -> None:
    await event.wait()
