"""One worker process of the guard: its two queues, the orders that it decides by, and what it tells the daemon."""

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections import Counter
from pathlib import Path

import msgspec
import uvloop

from appliance.guard.desk import Desk
from appliance.guard.inspector import Inspector
from appliance.guard.messages import Running, Settled, Told
from appliance.guard.names import Names
from appliance.guard.queue import Queue
from appliance.household.orders import Orders
from appliance.world import clock, rules
from appliance.world.life import die_with_parent, first_of
from appliance.world.link import Link
from appliance.world.neighbours import Neighbours

LOOK_S = 0.1
"""How often it is looked for other orders, and for connections whose time ran out."""
HEARTBEAT_S = 0.5
TELL_S = 0.01
"""So long what was decided waits for more, to be told in one go: the daemon would wake up for every connection."""
GC_THRESHOLDS = 20_000, 20, 20
"""So rarely that few packets wait for it."""


class Worker:
    """Looks at packets from its start until the daemon is gone."""

    def __init__(self, link: Link, data: Path, numbers: tuple[int, int]) -> None:
        """`numbers` are those of the open and of the closed queue."""
        self._link = link
        self._counts: Counter[str] = Counter()
        self._to_tell: list[Settled] = []
        self._telling: asyncio.TimerHandle | None = None
        book = rules.load_rulebook()
        self._orders = Orders(data, book, rules.load_flow_rules(book))
        self._neighbours = Neighbours()
        self._names = Names(data)
        inspector = Inspector(self._orders, self._neighbours, self._tell, self._counts, clock.now())
        self._desk = Desk(inspector, self._names, self._counts)
        self._queues = [
            Queue(number, self._desk.take, is_open=is_open)
            for number, is_open in zip(numbers, (True, False), strict=True)
        ]

    async def run(self) -> None:
        """Look at what comes, until the daemon hangs up."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._neighbours.fileno(), self._neighbours.refresh)
        for queue in self._queues:
            loop.add_reader(queue.fileno(), queue.read)
        # What lives as long as the process is not worth looking through again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        tasks = [asyncio.create_task(one) for one in (self._listen(), self._tend(), self._beat())]
        try:
            await first_of(tasks)
        finally:
            for task in tasks:
                task.cancel()
            for queue in self._queues:
                loop.remove_reader(queue.fileno())
            self._desk.close()
            self._names.close()
            for queue in self._queues:
                queue.close()
            self._orders.close()

    async def _listen(self) -> None:
        async for _ in self._link.hear(msgspec.json.Decoder()):
            pass  # it says nothing; it is listened to for its end

    def _tell(self, settled: Settled) -> None:
        """Tell the daemon, once the packet is on its way, and those of a moment in one go."""
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_S, self._tell_all)
        self._to_tell.append(settled)

    def _tell_all(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        told, self._to_tell = tuple(self._to_tell), []
        if told and not self._link.tell(Told(told)):
            self._counts["untold"] += len(told)

    async def _tend(self) -> None:
        """Follow the orders. What was decided by others stays with its connection: the daemon looks after that."""
        while True:
            await asyncio.sleep(LOOK_S)
            self._orders.look()
            self._desk.tend()

    async def _beat(self) -> None:
        while True:
            # What it counts was told before.
            self._tell_all()
            self._link.tell(self._running())
            await asyncio.sleep(HEARTBEAT_S)

    def _running(self) -> Running:
        counts = dict(self._counts)
        self._counts.clear()
        for queue in self._queues:
            if lost := queue.take_overruns():
                counts["overruns"] = counts.get("overruns", 0) + lost
        return Running(self._orders.revision, self._orders.digest, self._orders.problem, counts)


async def _main(fd: int, data: Path, number: int, queues: int) -> None:
    link = await Link.over(socket.socket(fileno=fd))
    await Worker(link, data, (number, queues + number)).run()


def main() -> None:
    """Run the worker of a number: LINKFD DATAFOLDER NUMBER QUEUES; ends when the daemon does."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    fd, data, number, queues = sys.argv[1:5]
    uvloop.run(_main(int(fd), Path(data), int(number), int(queues)))


if __name__ == "__main__":
    main()
