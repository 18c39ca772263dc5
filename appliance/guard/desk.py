"""Where packets are decided as they come, or wait for what the nameserver knows of their connection."""

import asyncio
import logging
from collections import Counter
from typing import Protocol

from appliance.guard.connection import Connection
from appliance.guard.inspector import UNKNOWN, Given, Inspector, Wait
from appliance.world import clock

MAX_HELD = 256
"""So many packets wait for the nameserver at most; further ones are decided as if it knew nothing."""

log = logging.getLogger(__name__)


class Held(Protocol):
    """A packet that the kernel holds: `queue.Held`."""

    octets: bytes
    mac: str | None
    mark: int

    def accept(self, mark: int) -> None:
        """Let it go on, with this mark."""

    def drop(self) -> None:
        """Let it go nowhere."""

    def give_up(self) -> None:
        """Do what is done while nobody can look."""


class Giver(Protocol):
    """Who knows for which names a device was given an address."""

    async def of(self, device: str | None, address: str) -> tuple[str, ...] | None:
        """Return the names, the latest first; None where nobody can say."""

    async def is_untold(self, device: str | None, address: str) -> bool:
        """Say whether it was given for a name that is written nowhere."""

    async def was_given(self, device: str | None, address: str, name: str) -> bool | None:
        """Say whether it was given for a name; None where nobody can say."""


class Desk:
    """Where packets are looked at, or wait for what the nameserver says; on an event loop."""

    def __init__(self, inspector: Inspector, giver: Giver, counts: Counter[str]) -> None:
        self._inspector = inspector
        self._giver = giver
        self._counts = counts
        self._held: dict[Connection, list[Held]] = {}
        """Of each connection that is asked about, the packets that wait."""
        self._number_held = 0
        self._asking: set[asyncio.Task[None]] = set()
        self._mishaps: set[tuple[str, str, int]] = set()

    def take(self, held: Held) -> None:
        """Decide about a packet, now or soon. Raises nothing: a fault of ours costs one packet what was known of it."""
        self._counts["packets"] += 1
        try:
            answer = self._inspector.look(held.octets, held.mac, held.mark, clock.now())
            if answer is None:
                held.drop()
            elif isinstance(answer, Wait):
                self._hold(answer, held)
            else:
                held.accept(answer)
        except Exception as error:  # noqa: BLE001 -- a library in C calls this
            self._note(error)
            held.give_up()

    def tend(self) -> None:
        """Decide what no packet settled in its time."""
        for wait in self._inspector.tend(clock.now()):
            self._hold(wait, None)

    def close(self) -> None:
        """Ask no more; packets that wait are decided as while nobody looks."""
        for task in self._asking:
            task.cancel()
        for packets in self._held.values():
            for held in packets:
                held.give_up()
        self._held.clear()

    def _hold(self, wait: Wait, held: Held | None) -> None:
        """Have a packet wait for what is known of its connection, or decide without, where too many do."""
        packets = self._held.get(wait.connection)
        if self._number_held >= MAX_HELD or (packets is None and len(self._held) >= MAX_HELD):
            self._counts["unasked"] += 1
            mark = self._inspector.decide(wait, UNKNOWN, clock.now())
            if held is not None:
                held.accept(mark)
            return
        if packets is None:
            packets = self._held[wait.connection] = []
            task = asyncio.create_task(self._find_out(wait))
            self._asking.add(task)
            task.add_done_callback(self._asking.discard)
        if held is not None:
            packets.append(held)
            self._number_held += 1

    async def _find_out(self, wait: Wait) -> None:
        mark = None
        try:
            mark = self._inspector.decide(wait, await self._given(wait), clock.now())
        except Exception as error:  # noqa: BLE001 -- what waits must go on
            self._note(error)
        for held in self._held.pop(wait.connection, ()):
            self._number_held -= 1
            if mark is None:
                held.give_up()
            else:
                held.accept(mark)

    async def _given(self, wait: Wait) -> Given:
        pair, name = (wait.device, wait.address), wait.settle.name
        self._counts["asked"] += 1
        is_for_name = _nobody_knows() if name is None else self._giver.was_given(*pair, name)
        names, is_given, is_untold = await asyncio.gather(
            self._giver.of(*pair), is_for_name, self._giver.is_untold(*pair)
        )
        return Given(names or (), is_given, is_untold, is_known=names is not None)

    def _note(self, error: Exception) -> None:
        """Count a fault of ours, and log each once: its place, never its words, which may hold a name."""
        self._counts["errors"] += 1
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        function = trace.tb_frame.f_code.co_qualname if trace else ""
        place = type(error).__name__, function, trace.tb_lineno if trace else 0
        if place not in self._mishaps:
            self._mishaps.add(place)
            log.error("a packet could not be looked at: %s in %s, line %d", *place)


async def _nobody_knows() -> None:
    """Return that there is nothing to know."""
