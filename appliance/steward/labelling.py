"""The labels process as the steward keeps it: while somebody is to be asked about new names, and no longer.

It is a process of its own, because it alone loads the model; what it does stands in `labeller`.
"""

import asyncio
from pathlib import Path

import msgspec

from appliance.core.house import House
from appliance.steward.problems import Problems
from appliance.world import clock
from appliance.world.crew import Crew, Member

MODULE = "appliance.steward.labeller"
RESTART_MAX_S = 60.0
"""So long at most a process that ends again and again is left dead: to load the model takes a second of a processor."""
DOWN_S = 30.0
"""Without a word for so long, it is told that there is none."""
BROKEN = "classifier_broken"
"""The model is missing or damaged: `why` says which."""
DOWN = "classifier_down"
"""The process doesn't stay alive, or doesn't answer."""


class Told(msgspec.Struct, frozen=True):
    """What the process says every second: the version of its model, or why it has none."""

    version: str | None
    problem: str | None


class Labelling:
    """Starts the process and ends it, as the house wants it, and notes what is wrong with it."""

    def __init__(self, data: Path, problems: Problems, models: Path | None = None, *, after_s: float = 0.0) -> None:
        """Begin nothing yet, nor for `after_s`; `models` is the folder of the model, by default the bundled one."""
        self._from = clock.uptime() + after_s
        self._words = [str(data)] if models is None else [str(data), str(models)]
        self._problems = problems
        self._crew: Crew[Told] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._settling = asyncio.Lock()
        self._heard_at = 0.0

    @property
    def pid(self) -> int | None:
        """Return the process, None where there is none."""
        process = self._crew.members[0].process if self._crew is not None else None
        return None if process is None else process.pid

    async def settle(self, house: House) -> None:
        """Start the process where this house wants it, end it where it doesn't; to be called now and then."""
        if clock.uptime() < self._from:
            return
        async with self._settling:
            is_wanted = any(house.is_scored(person) for person in house.persons)
            if is_wanted and self._crew is None:
                self._start()
            elif not is_wanted and self._crew is not None:
                await self._stop()

    async def stop(self) -> None:
        """End the process."""
        async with self._settling:
            await self._stop()

    def look(self) -> None:
        """Note whether it is there; one that has fallen silent is ended, to be started again."""
        if self._crew is None:
            return
        self._crew.replace_silent()
        if clock.uptime() - self._heard_at > DOWN_S:
            self._problems.note(DOWN)

    def _start(self) -> None:
        self._heard_at = clock.uptime()
        decoder = msgspec.json.Decoder(Told)
        self._crew = Crew(MODULE, 1, decoder, self._hear, words=lambda _: self._words)
        self._crew.restart_max_s = RESTART_MAX_S
        self._tasks = self._crew.start()

    async def _stop(self) -> None:
        crew, self._crew = self._crew, None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        if crew is not None:
            await crew.stop()
        self._problems.clear(BROKEN, DOWN)

    def _hear(self, _: Member, told: Told) -> None:
        self._heard_at = clock.uptime()
        self._problems.clear(DOWN)
        if told.problem is None:
            self._problems.clear(BROKEN)
        else:
            self._problems.note(BROKEN, why=told.problem)
