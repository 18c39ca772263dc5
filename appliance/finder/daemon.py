"""The finder daemon: gathers who is on the network, and tells of those that the house does not name.

It keeps all in memory and writes nothing: what it finds is fetched from it. No log of it holds a name or an address.

Requests on the bus: ``{"ask": "status"}``; ``{"ask": "seen", "since": SERIAL}`` → the devices that nobody named and
that changed since, in pages, with the serial to go on from; ``{"ask": "presence"}`` → when the children's devices were
last seen, as far as the visibility contract lets that be kept.
"""

import asyncio
import logging
import os
from collections.abc import Iterable
from pathlib import Path

from appliance.core.house import EMPTY
from appliance.core.visibility import UNKNOWN, Contract
from appliance.finder import mac as macs
from appliance.finder import surroundings
from appliance.finder.hearing import Hearing
from appliance.finder.inventory import Inventory, Sighting, Source
from appliance.finder.leasefile import LeaseFile
from appliance.finder.leases import Lease
from appliance.finder.presence import Presence
from appliance.finder.residents import Residents
from appliance.finder.surroundings import Surroundings
from appliance.world import bus, clock
from appliance.world.timekeeping import Timekeeper
from appliance.world.watch import WATCH_S, HouseWatch

NAME = "finder"
FOUND = "found_devices"
TICK_TURNS = round(1.0 / WATCH_S)
LOOK_TICKS = 2
LEASES_TICKS = 5
EXPIRE_TICKS = 30

log = logging.getLogger(__name__)


class Daemon:
    """Runs until it is told to stop."""

    def __init__(self, data: Path, contract: Contract, leases: Iterable[Path]) -> None:
        self._time = Timekeeper(data)
        self._contract = contract
        self._house = HouseWatch(data)
        self._residents = Residents(EMPTY, contract)
        # Numbers of a later life are higher, as far as the clock is right.
        self._inventory = Inventory(int(clock.now() * 1000))
        self._presence = Presence()
        self._leases = tuple(LeaseFile(path) for path in dict.fromkeys(leases))
        self._hearing = Hearing()
        self._around = Surroundings()
        self._problem: str | None = None
        self._bus = bus.Bus(data, NAME, self.answer)

    async def run(self, stopping: asyncio.Event) -> None:
        """Find until it is to stop."""
        self._look_at_house()
        tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._tick())]
        try:
            await self._bus.open()
        except OSError as error:
            log.warning("no bus (%s): nobody can ask what was found", error.strerror or error)
        await stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.to_thread(self._hearing.close)
        await self._bus.close()

    def answer(self, request: dict[str, object]) -> object:
        """Answer a request of the bus."""
        match request:
            case {"ask": "status"}:
                return {"bus": bus.VERSION} | self._status()
            case {"ask": "seen"}:
                since = request.get("since", 0)
                serial, devices = self._inventory.seen(since if isinstance(since, int) else 0)
                return {"bus": bus.VERSION, "serial": serial, "devices": devices, "dropped": self._inventory.evicted}
            case {"ask": "presence"}:
                self._presence.expire(self._residents.presence_s, clock.now())
                return {"bus": bus.VERSION, "devices": self._presence.devices()}
        return {"bus": bus.VERSION, "error": "unknown request"}

    def _status(self) -> dict[str, object]:
        return {
            "pid": os.getpid(),
            "revision": self._house.revision,
            "digest": self._house.digest,
            "problem": self._house.problem or self._problem,
            "hearing": self._hearing.why is None,
            "why": self._hearing.why,
            "interfaces": list(self._around.interfaces),
            "leases": [file.status() for file in self._leases],
            "counts": {
                "bus.dropped": self._bus.dropped,
                "devices": len(self._inventory),
                "devices.evicted": self._inventory.evicted,
                "frames.dropped": self._hearing.dropped,
                "frames.malformed": self._hearing.malformed,
                "hearing.restarts": self._hearing.restarts,
            },
        }

    async def _watch(self) -> None:
        """Notice a changed house, take in what was heard."""
        while True:
            self._time.tend()
            self._look_at_house()
            self._take(self._heard())
            await asyncio.sleep(WATCH_S)

    async def _tick(self) -> None:
        """Do each second what is due: the kernel's table, the lease files, what has grown old, the bus, the sniffer."""
        turn = 0
        while True:
            if turn % LOOK_TICKS == 0:
                await self._look_around()
            if turn % LEASES_TICKS == 0:
                for file in self._leases:
                    self._take(_leased(await asyncio.to_thread(file.look, clock.now())))
            if turn % EXPIRE_TICKS == 0:
                self._expire()
            await asyncio.to_thread(self._hearing.tend, self._around.interfaces)
            await self._bus.mend()
            turn += 1
            await asyncio.sleep(1.0)

    def _look_at_house(self) -> None:
        if self._house.look() and self._house.snapshot is not None:
            self._residents = Residents(self._house.snapshot.house, self._contract)
            self._inventory.forget(lambda mac, addresses: self._residents.device(mac, addresses) is not None)
            self._expire()

    def _expire(self) -> None:
        at = clock.now()
        self._inventory.expire(self._contract.may_keep(FOUND, UNKNOWN) or 0, at)
        self._presence.expire(self._residents.presence_s, at)

    async def _look_around(self) -> None:
        try:
            self._around = await asyncio.to_thread(surroundings.look)
        except OSError as error:
            self._problem = f"the kernel's neighbour table can't be read: {error.strerror or error}"
            return
        self._problem = None
        at = clock.now()
        self._take(
            Sighting(one.mac, Source.NEIGHBOUR, at - one.age_s, () if one.address is None else (one.address,))
            for one in self._around.neighbours
        )

    def _heard(self) -> list[Sighting]:
        """Return what was heard, without addresses that belong to no home."""
        return [
            Sighting(one.mac, one.source, one.at, tuple(filter(self._around.is_here, one.addresses)), one.host_name)
            for one in self._hearing.heard()
        ]

    def _take(self, sightings: Iterable[Sighting]) -> None:
        """Note sightings: of the house's own devices at most when, of all others in the inventory."""
        for seen in sightings:
            if not macs.is_device(seen.mac) or seen.mac in self._around.own:
                continue
            device = self._residents.device(seen.mac, seen.addresses)
            if device is None:
                self._inventory.saw(self._marked(seen))
            elif seen.source is not Source.LEASE:
                # A lease says who may be there, and not who is.
                self._presence.saw(device, self._residents.presence_s, seen.at)

    def _marked(self, seen: Sighting) -> Sighting:
        is_router = seen.mac in self._around.routers or self._residents.is_router(seen.mac, seen.addresses)
        return Sighting(seen.mac, seen.source, seen.at, seen.addresses, seen.host_name, is_router)


def _leased(leases: Iterable[Lease]) -> Iterable[Sighting]:
    for lease in leases:
        yield Sighting(lease.mac, Source.LEASE, lease.at or clock.now(), (lease.address,), lease.host_name)
