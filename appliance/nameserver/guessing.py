"""Queries that wait for a guess at their name: the labels process is asked about those of one moment together.

Nobody waits long. What comes too late is there the next time. Who is late again and again is left alone for a while.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from appliance.core.guesses import Guesses, Memory
from appliance.core.policy import Policy
from appliance.household import labels
from appliance.nameserver.counts import Counts
from appliance.nameserver.mishaps import Mishaps
from appliance.nameserver.soon import Soon
from appliance.world import bus, clock

PATIENCE_S = 0.02
"""How long a query waits at most for a guess."""
MAX_UNASKED = 96
"""Names that wait until the request before theirs is answered: more would wait in vain."""
MAX_NAMES = 32
MAX_OCTETS = 12_000
"""Of the names of one request: less than what the bus reads."""
ANSWER_S = 2.0
"""A labels process that is silent for so long is asked anew, over another connection."""
LATES = 3
"""So many requests in a row whose answer came when nobody waited for it any more, and nobody waits for a while."""
PAUSE_S = 5.0
"""The first time; each time that follows soon lasts twice as long as the one before."""
PAUSE_MAX_S = 40.0
RETRY_S = 1.0
"""How often it is looked whether there is a labels process again."""

Then = Callable[[], None]


class Unwell(Exception):
    """The labels process is there and can't guess."""


@dataclass(slots=True)
class _Waiting:
    """Who waits for a name, and until when, by the loop's clock."""

    until: float
    thens: list[Then] = field(default_factory=list)


class Guessing:
    """Asks the labels process of a data folder, puts what it guesses into a memory, and lets go what waits for that."""

    def __init__(self, data: Path, memory: Memory, counts: Counts, soon: Soon) -> None:
        self._data = data
        self._memory = memory
        self._soon = soon
        self._asked, self._late = counts.cell("guesses.asked"), counts.cell("guesses.late")
        self._crowded, self._paused = counts.cell("guesses.crowded"), counts.cell("guesses.paused")
        self._mishaps = Mishaps(counts)
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, _Waiting] = {}
        """In the order in which their time is over."""
        self._unasked: dict[str, None] = {}
        self._news = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._talking: asyncio.Task[None] | None = None
        self._is_heard = False
        """There is a labels process, and it is well."""
        self._is_paused = False
        self._pause_s, self._paused_until = PAUSE_S, -PAUSE_MAX_S
        self._lates = 0

    def settle(self, policy: Policy) -> None:
        """Have a connection while there is anybody whom the classifier may ask about a name, and none else."""
        if not any(subject.is_scored for subject in policy.by_device.values()):
            if self._talking is not None:
                self._talking.cancel()
                self._talking = None
            self._memory.forget()
        elif self._talking is None or self._talking.done():
            self._talking = self._loop.create_task(self._talk())

    def ask(self, name: str, then: Then) -> None:
        """Ask for a guess at a name; `then` is called once: when it is in the memory, or has been passed over there."""
        waiting = self._waiting.get(name)
        if waiting is not None:
            waiting.thens.append(then)
            return
        if not self._memory.is_fed or len(self._unasked) >= MAX_UNASKED:
            self._crowded.add()
            self._memory.pass_over(name, clock.now())
            then()
            return
        self._asked.add()
        until = self._loop.time() + PATIENCE_S
        self._waiting[name] = _Waiting(until, [then])
        self._unasked[name] = None
        self._news.set()
        if self._timer is None:
            self._timer = self._loop.call_at(until, self._look)

    def _look(self) -> None:
        """Let go what has waited long enough."""
        self._timer = None
        now = self._loop.time()
        late = []
        for name, waiting in self._waiting.items():
            if waiting.until > now:
                self._timer = self._loop.call_at(waiting.until, self._look)
                break
            late.append(name)
        self._late.add(len(late))
        self._pass_over(late)

    def _pause(self) -> None:
        """Wait for nothing for a while: it would only make every new name late."""
        self._lates = 0
        self._paused.add()
        self._is_paused = True
        self._memory.is_fed = False
        now = self._loop.time()
        is_soon = now < self._paused_until + self._pause_s
        self._pause_s = min(PAUSE_MAX_S, self._pause_s * 2) if is_soon else PAUSE_S
        self._paused_until = now + self._pause_s
        self._loop.call_at(self._paused_until, self._end_pause)
        self._pass_over(list(self._waiting))

    def _end_pause(self) -> None:
        self._is_paused = False
        self._memory.is_fed = self._is_heard

    def _pass_over(self, names: list[str]) -> None:
        at = clock.now()
        for name in names:
            self._memory.pass_over(name, at)
        self._let_go(names)

    def _let_go(self, names: list[str]) -> None:
        with self._soon:
            for name in names:
                waiting = self._waiting.pop(name, None)
                for then in waiting.thens if waiting is not None else ():
                    try:
                        then()
                    except Exception as error:  # noqa: BLE001 -- one query must not cost the others their answers
                        self._mishaps.note(error)
        if not self._waiting and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _talk(self) -> None:
        """Be connected, and connected again, until nobody wants it any more."""
        while True:
            with contextlib.suppress(bus.BusError, Unwell):
                line = await bus.Line.open(self._data, labels.NAME)
                try:
                    await self._serve(line)
                finally:
                    line.close()
                    self._hang_up()
            await asyncio.sleep(RETRY_S)

    async def _serve(self, line: bus.Line) -> None:
        """Ask over a connection until it breaks. Raises BusError, Unwell."""
        if (await line.ask({"ask": "status"}, ANSWER_S)).get("problem") is not None:
            raise Unwell
        self._is_heard = True
        self._memory.is_fed = not self._is_paused
        while True:
            await self._news.wait()
            names = self._next()
            self._take(names, await line.ask({"ask": "guess", "names": names}, ANSWER_S))

    def _next(self) -> list[str]:
        """Return what is to be asked in one request, the oldest first, whether anybody waits for it still or not."""
        names: list[str] = []
        octets = 0
        for name in self._unasked:
            # As JSON a backslash is two.
            octets += len(name) * 2
            if len(names) == MAX_NAMES or octets > MAX_OCTETS:
                break
            names.append(name)
        for name in names:
            del self._unasked[name]
        if not self._unasked:
            self._news.clear()
        return names

    def _take(self, names: list[str], answer: dict[str, object]) -> None:
        """Remember what was guessed. Raises Unwell for what is no answer to it."""
        try:
            guessed = msgspec.convert(answer.get("guesses"), list[Guesses])
        except msgspec.ValidationError as error:
            raise Unwell from error
        if len(guessed) != len(names):
            raise Unwell
        at = clock.now()
        for name, guesses in zip(names, guessed, strict=True):
            self._memory.put(name, guesses, at)
        in_time = [name for name in names if name in self._waiting]
        self._let_go(in_time)
        self._lates = 0 if in_time else self._lates + 1
        if self._lates >= LATES and not self._is_paused:
            self._pause()

    def _hang_up(self) -> None:
        """Wait for nothing where there is nobody to wait for."""
        self._is_heard = self._memory.is_fed = False
        self._unasked.clear()
        self._news.clear()
        self._pass_over(list(self._waiting))
