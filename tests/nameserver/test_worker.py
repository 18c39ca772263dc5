"""A worker process, led by hand as the daemon leads it."""

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

import dns.message
import msgspec

from appliance.config import Endpoint, ask_plainly
from appliance.core.budget import Budget, Minutes, Used, day_of
from appliance.core.house import House, OwnService
from appliance.core.person import Person
from appliance.nameserver.link import (
    FROM_WORKER,
    Adopt,
    Begin,
    FromWorker,
    InForceNow,
    Listener,
    News,
    Screened,
    Sighted,
    TakeMinutes,
)
from appliance.nameserver.sockets import open_tcp, open_udp
from appliance.world.link import Link
from tests.fakes import REAL, fake_upstream
from tests.nameserver.inside import in_loop, snapshot_of
from tests.nameserver.test_resolver import GAMES, HOUSE, KIM, OPEN
from tests.nameserver.test_sockets import loopback
from tests.running import ALLOWED, BLOCKED, addresses, ask_tcp, ask_udp, question

WAIT_S = 15.0


@dataclass
class Led:
    """A worker, and what it said."""

    process: subprocess.Popen[bytes]
    link: Link
    endpoint: Endpoint
    listeners: tuple[Listener, ...]
    said: asyncio.Queue[FromWorker] = field(default_factory=asyncio.Queue)

    async def next(self, kind: type[FromWorker]) -> FromWorker:
        """Return the next thing of a kind that it says."""
        async with asyncio.timeout(WAIT_S):
            while not isinstance(one := await self.said.get(), kind):
                pass
        return one

    async def adopt(self, text: bytes | None) -> InForceNow:
        """Tell it to run a house, and return what it runs then."""
        self.link.tell(Adopt(text))
        told = await self.next(InForceNow)
        assert isinstance(told, InForceNow)
        return told

    async def seen(self, name: str = GAMES, *, is_tcp: bool = False) -> list[str]:
        """Return the addresses that a child gets for a name."""
        ask = ask_tcp if is_tcp else ask_udp
        reply = await asyncio.to_thread(ask, self.endpoint, question(name).to_wire(), KIM)
        return addresses(dns.message.from_wire(reply))


@asynccontextmanager
async def led(*upstreams: Endpoint, **said: Any) -> AsyncIterator[Led]:
    """Give a worker that was told to begin, in this way, for as long as the block runs."""
    endpoint = loopback()
    ours, theirs = socket.socketpair()
    with open_udp(endpoint) as udp, open_tcp(endpoint) as tcp, theirs:
        fds = [udp.fileno(), tcp.fileno(), theirs.fileno()]
        process = subprocess.Popen(  # noqa: ASYNC220 -- takes milliseconds
            [sys.executable, "-m", "appliance.nameserver.worker", str(theirs.fileno())], pass_fds=fds
        )
        theirs.close()
        link = await Link.over(ours)
        listeners = (Listener(udp.fileno(), False), Listener(tcp.fileno(), True))
        worker = Led(process, link, endpoint, listeners)

        async def hear() -> None:
            async for message in link.hear(FROM_WORKER):
                worker.said.put_nowait(message)

        hearing = asyncio.create_task(hear())
        link.tell(Begin(listeners, ask_plainly(upstreams), 1 << 20, **said))
        try:
            yield worker
        finally:
            link.close()
            hearing.cancel()
            try:
                assert await asyncio.to_thread(process.wait, WAIT_S) == 0
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()


@in_loop
async def test_a_workers_life() -> None:
    """It runs the house that it is told, says which, answers by it over UDP and TCP, and ends with the daemon."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            assert await worker.adopt(None) == InForceNow(0, "")
            assert await worker.seen() == [REAL]
            house = snapshot_of(HOUSE, 3)
            assert await worker.adopt(house.text) == InForceNow(3, house.digest)
            assert [await worker.seen(), await worker.seen(is_tcp=True)] == [["0.0.0.0"]] * 2
            opened = snapshot_of(OPEN, 4)
            assert await worker.adopt(opened.text) == InForceNow(4, opened.digest)
            assert await worker.seen() == [REAL]


@in_loop
async def test_house_that_can_not_be_run() -> None:
    """A house that can't be run is reported, and the one before it stays in force."""
    bad = [b"", b"{", b'{"format":9,"revision":9,"house":{}}', snapshot_of(House(time_zone="Mars/Olympus"), 9).text]
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            good = snapshot_of(HOUSE, 3)
            await worker.adopt(good.text)
            for text in bad:
                told = await worker.adopt(text)
                assert (told.revision, told.digest) == (3, good.digest)
                assert told.problem
                assert await worker.seen() == ["0.0.0.0"]
            assert await worker.adopt(good.text) == InForceNow(3, good.digest)


@in_loop
async def test_nothing_is_answered_before_the_first_house() -> None:
    """A question that comes before the first house waits for it, and is answered by it."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.next(News)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
                client.bind((KIM, 0))
                client.setblocking(False)
                client.connect((worker.endpoint.address, worker.endpoint.port))
                client.send(question(GAMES).to_wire())
                await worker.next(News)
                await worker.adopt(snapshot_of(HOUSE, 3).text)
                async with asyncio.timeout(WAIT_S):
                    reply = await asyncio.get_running_loop().sock_recv(client, 4096)
    assert addresses(dns.message.from_wire(reply)) == ["0.0.0.0"]
    assert fake.asked == []


@in_loop
async def test_heartbeat_carries_counts_and_sights() -> None:
    """It says again and again what it counted, without names, and tells the doctor's questions."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(snapshot_of(HOUSE, 3).text)
            for name in (BLOCKED, BLOCKED, ALLOWED, "t0k3n.check.kindgate.home"):
                await worker.seen(name)
            sighted = await worker.next(Sighted)
            assert isinstance(sighted, Sighted)
            assert sighted.sight["token"] == "t0k3n"
            total: dict[str, int] = {}
            while total.get("answered.allow", 0) < 1:
                news = await worker.next(News)
                assert isinstance(news, News)
                for key, number in news.counts.items():
                    total[key] = total.get(key, 0) + number
            assert total == {"answered.block": 2, "answered.allow": 1, "upstream.asked": 1}


@in_loop
async def test_interrupt_is_the_daemons_business() -> None:
    """Ctrl-C reaches a worker too, and it goes on until the daemon hangs up."""
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            await worker.adopt(None)
            os.kill(worker.process.pid, 2)
            assert await worker.seen() == [REAL]


@in_loop
async def test_minutes_and_screen_time() -> None:
    """It decides by the minutes it was told, before the first house or later, and tells of the minutes it sees."""
    spent = Minutes(time.time(), day_of(time.time(), UTC, "03:30"), {"kim": {"service:play": Used(5, 5)}})
    budgets = (Budget(what="service:play", minutes=5),)
    kim = Person(id="kim", name="Kim", band="6-9", budgets=budgets)
    own = OwnService(id="play", name="Play", domains=(ALLOWED,))
    home = House(persons=(kim,), devices=HOUSE.devices[:1], services=(own,))
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            worker.link.tell(TakeMinutes(spent))
            await worker.adopt(snapshot_of(home).text)
            assert await worker.seen(ALLOWED) == ["0.0.0.0"]
            worker.link.tell(TakeMinutes(msgspec.structs.replace(spent, used={})))
            asked = 0
            async with asyncio.timeout(15):
                while await worker.seen(ALLOWED) != [REAL]:  # noqa: ASYNC110 -- it is another process
                    await asyncio.sleep(0.01)
            found: list[Screened] = []
            minutes = set()
            for _ in range(3):
                asked += await worker.seen(ALLOWED) == [REAL]
            while sum(one.times for one in found) < asked + 1:
                news = await worker.next(News)
                assert isinstance(news, News)
                found += news.screens
                minutes |= {news.minute} if news.screens else set()
    assert {(one.person, one.service, one.category) for one in found} == {("kim", "play", "unclassified")}
    assert sum(one.times for one in found) == 4
    assert all(abs(minute - time.time() // 60) <= 1 for minute in minutes)
