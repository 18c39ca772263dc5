"""The steward's rounds: every other daemon is asked how it is."""

import asyncio
from pathlib import Path
from typing import Literal

from appliance.household.inforce import GUARD
from appliance.steward import health
from appliance.store.journal import Event
from appliance.world import bus, clock
from appliance.world.state import Mode

ASK_S = 1.0


class Rounds:
    """Asks the daemons of a data folder, and follows how they are."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._health = health.Health(clock.uptime())

    @property
    def modes(self) -> dict[str, Mode]:
        """Return each daemon that was seen, or that should have been seen by now."""
        return self._health.modes

    async def go(self, revision: int, digest: str) -> list[Event]:
        """Ask each; return what is otherwise than before. The house that should be in force is said."""
        names = (*health.DAEMONS, *((GUARD,) if bus.is_expected(self._data, GUARD) else ()))
        said = await asyncio.gather(*(asyncio.to_thread(self._ask, name) for name in names))
        house = health.House(revision, digest)
        events = [
            self._health.hear(name, one, house, clock.uptime(), clock.now())
            for name, one in zip(names, said, strict=True)
        ]
        return [event for event in events if event is not None]

    def _ask(self, name: str) -> dict[str, object] | Literal["silent", "gone"]:
        try:
            return bus.ask(self._data, name, {"ask": "status"}, timeout_s=ASK_S)
        except bus.NotRunning:
            return "gone"
        except bus.BusError:
            return "silent"
