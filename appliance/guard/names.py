"""For which names this box gave a device an address: asked of the nameserver, a moment's questions in one.

An inspector waits for the answer with a packet in hand: so there is always one, soon, and where nobody can say it is
that nothing is known.
"""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from appliance.world import bus

NAMESERVER = "nameserver"
UNTOLD = ""
"""Stands for a name that is written nowhere, such as a help line's."""
FULL = 8
"""A list of so many names may lack others."""
MAX_PAIRS = 64
"""Asked about at once."""

GATHER_S = 0.001
PATIENCE_S = 0.05
AWAY_S = 0.5
"""How long a nameserver that did not answer is not asked again."""
FRESH_S = 2.0
"""How long names are taken for the latest."""
MAX_FRESH = 4_096
LENIENT_S = 900.0
"""So long after a start names are missing that devices were given before it: most ask again within minutes."""

Pair = tuple[str | None, str]
"""The id of a device, None for one that nobody named, and an address."""


class _Told(NamedTuple):
    names: tuple[str, ...]
    since_s: float
    """For how long none is missing."""


class _Answer(msgspec.Struct, frozen=True):
    names: tuple[tuple[str, ...], ...]
    since_s: float


NOBODY_SAYS = _Told((), 0.0)


class Names:
    """What the nameserver of a data folder gave out, on one event loop. Nothing here raises but for being cancelled."""

    def __init__(self, data: Path, patience_s: float | None = None) -> None:
        """`patience_s`: nobody waits longer for an answer, by default no longer than a packet may."""
        self._data = data
        self._patience_s = PATIENCE_S if patience_s is None else patience_s
        self._waiting: dict[Pair, asyncio.Future[_Told]] = {}
        """Those in the next question, in the order in which they came."""
        self._under_way: dict[Pair, asyncio.Future[_Told]] = {}
        """Those in this one; nobody joins them, because what they ask about may have been given since."""
        self._asking: asyncio.Task[None] | None = None
        self._fresh: dict[Pair, tuple[float, _Told]] = {}
        self._away_until = 0.0

    async def of(self, device: str | None, address: str) -> tuple[str, ...] | None:
        """Return the names for which a device was given an address within a day, the latest first, () for none known.

        Without those that are written nowhere: `is_untold` tells of these. None where nobody answers.
        """
        told = await self._told(device, address)
        return None if told is NOBODY_SAYS else tuple(name for name in told.names if name != UNTOLD)

    async def is_untold(self, device: str | None, address: str) -> bool:
        """Say whether a device was given an address for a name that is written nowhere, perhaps among others.

        Then that it has no name, or another than those known, is no sign of anything.
        """
        return UNTOLD in (await self._told(device, address)).names

    async def was_given(self, device: str | None, address: str, name: str) -> bool | None:
        """Say whether a device was given an address for a name in normal form; None where nobody can say."""
        told = self._latest((device, address))
        if told is None or name not in told.names:
            # Where it was asked before, the name may have been given since.
            told = await self._asked((device, address))
        if name in told.names:
            return True
        is_sure = told.since_s >= LENIENT_S and len(told.names) < FULL and UNTOLD not in told.names
        return False if is_sure else None

    async def is_strange(self, device: str | None, address: str, for_s: float) -> bool:
        """Say whether a device was surely given an address for no name at all, within so many seconds at least."""
        told = await self._told(device, address)
        return not told.names and told.since_s >= for_s

    def close(self) -> None:
        """Ask nothing more."""
        if self._asking is not None:
            self._asking.cancel()
        self._settle_all()

    async def _told(self, device: str | None, address: str) -> _Told:
        return self._latest((device, address)) or await self._asked((device, address))

    def _latest(self, pair: Pair) -> _Told | None:
        until, told = self._fresh.get(pair, (0.0, NOBODY_SAYS))
        return told if _now() < until else None

    async def _asked(self, pair: Pair) -> _Told:
        if _now() < self._away_until:
            return NOBODY_SAYS
        waiting = self._waiting.get(pair)
        if waiting is None:
            waiting = self._waiting[pair] = asyncio.get_running_loop().create_future()
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        try:
            async with asyncio.timeout(self._patience_s):
                return await asyncio.shield(waiting)
        except TimeoutError:
            return NOBODY_SAYS

    async def _ask_all(self) -> None:
        """Ask for all who wait, one question after another; those who come meanwhile are in the next one."""
        try:
            while self._waiting:
                await asyncio.sleep(GATHER_S)
                pairs = list(islice(self._waiting, MAX_PAIRS))
                self._under_way = {pair: self._waiting.pop(pair) for pair in pairs}
                for pair, told in zip(pairs, await self._ask(pairs), strict=True):
                    self._settle(pair, told)
        except bus.BusError:
            self._away_until = _now() + AWAY_S
        finally:
            self._settle_all()

    async def _ask(self, pairs: Sequence[Pair]) -> list[_Told]:
        """Return what is told of each. Raises BusError."""
        found = await bus.ask_soon(self._data, NAMESERVER, {"ask": "given", "askers": pairs}, self._patience_s)
        answer = _read(found)
        if len(answer.names) != len(pairs):
            raise bus.BusError("the nameserver told of others than it was asked for")
        return [_Told(names, answer.since_s) for names in answer.names]

    def _settle(self, pair: Pair, told: _Told) -> None:
        self._under_way.pop(pair).set_result(told)
        # That there is none may change with the device's next question.
        if told.names:
            if len(self._fresh) >= MAX_FRESH:
                self._fresh.clear()
            self._fresh[pair] = _now() + FRESH_S, told

    def _settle_all(self) -> None:
        """Let nobody wait any longer."""
        for waiting in (*self._under_way.values(), *self._waiting.values()):
            waiting.set_result(NOBODY_SAYS)
        self._under_way.clear()
        self._waiting.clear()


def _read(found: Mapping[str, object]) -> _Answer:
    """Return the nameserver's answer, checked. Raises BusError."""
    try:
        return msgspec.convert(found, _Answer)
    except msgspec.ValidationError as error:
        raise bus.BusError(f"the nameserver did not answer: {error}") from error


def _now() -> float:
    return asyncio.get_running_loop().time()
