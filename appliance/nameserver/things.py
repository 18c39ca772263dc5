"""What things asked for, in a worker's memory: names, how often each was opened and refused, and roughly when."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from appliance.core.house import House
from appliance.core.visibility import Contract, Granularity
from appliance.nameserver.permit import Who
from appliance.nameserver.recent import COARSE_S

FIELD = "thing_names"
MAX_NAMES = 60
"""A doll asks for five names in a day, a speaker for thirty; a phone for more than these in an hour."""
MAX_ROWS = 3_000
"""Of one thing, half a megabyte; the oldest make room."""


class Asked(msgspec.Struct, frozen=True):
    """A name that a thing asked for; the times are beginnings of a quarter of an hour (POSIX seconds)."""

    name: str
    category: str
    opened: int
    refused: int
    first: float
    last: float


class _Row(NamedTuple):
    """A row of a thing: when (a quarter of an hour), what, and whether it was refused."""

    at: float
    name: str
    category: str
    is_refused: bool


class _Thing:
    """What one thing asked for, and whose it is; until a time nothing more is written of what seems to be no thing."""

    def __init__(self, who: Who) -> None:
        self.who = who
        self.rows: dict[_Row, int] = {}
        """In the order of their times."""
        self.kept_s = 0.0
        self.is_none_until = 0.0


class Things:
    """What each thing asked for in the time that the contract has it; times are POSIX seconds.

    What asks for more than `MAX_NAMES` names is no thing, whatever it is called in the house: of that nothing is held
    from then on, so that nobody reads a person's names by calling a phone a lamp.
    """

    def __init__(self) -> None:
        self._things: dict[str, _Thing] = {}

    def __len__(self) -> int:
        """Return the number of rows held."""
        return sum(len(thing.rows) for thing in self._things.values())

    def write(self, who: Who, grain: Granularity, kept_s: float, said: tuple[str, str, bool], at: float) -> None:
        """Write a thing's name, category and whether it was refused; below NAME nothing is written."""
        if who.device is None or grain.rank < Granularity.NAME.rank:
            return
        thing = self._things.setdefault(who.device, _Thing(who))
        if at < thing.is_none_until:
            return
        thing.kept_s = kept_s
        row = _Row(at // COARSE_S * COARSE_S, *said)
        thing.rows[row] = thing.rows.get(row, 0) + 1
        if thing.rows[row] > 1:
            return
        if len(thing.rows) > MAX_ROWS:
            del thing.rows[next(iter(thing.rows))]
        _forget_old(thing, at)
        if len({one.name for one in thing.rows}) > MAX_NAMES:
            thing.rows.clear()
            thing.is_none_until = at + kept_s

    def read(self, device: str, at: float) -> tuple[list[Asked], bool]:
        """Return what a thing asked for, in the order of the names, and whether it seems to be a thing."""
        thing = self._things.get(device)
        if thing is None:
            return [], True
        _forget_old(thing, at)
        rows = (
            Asked(
                row.name, row.category, 0 if row.is_refused else count, count if row.is_refused else 0, row.at, row.at
            )
            for row, count in thing.rows.items()
        )
        return together(rows), at >= thing.is_none_until

    def settle(self, askers: Mapping[str, Who], things: Iterable[str]) -> None:
        """Erase what is of no thing any more, another person's, or of another row now."""
        stay = frozenset(things)
        self._things = {
            device: thing
            for device, thing in self._things.items()
            if device in stay and askers.get(device) == thing.who
        }

    def sweep(self, at: float) -> None:
        """Erase what is older than it may be."""
        for thing in self._things.values():
            _forget_old(thing, at)

    def forget(self) -> None:
        """Erase everything."""
        self._things.clear()


def things_of(contract: Contract, house: House) -> frozenset[str]:
    """Return the devices of a house that are things, in the contract's sense."""
    kinds = contract.field(FIELD).kinds
    return frozenset(device.id for device in house.devices if device.kind in kinds)


def together(told: Iterable[Asked]) -> list[Asked]:
    """Return each name once, with all that was told of it, in the order of the names.

    Its category is that of its latest time.
    """
    found: dict[str, Asked] = {}
    for one in told:
        known = found.get(one.name)
        if known is None:
            found[one.name] = one
            continue
        latest = max(known, one, key=lambda each: each.last)
        opened, refused = known.opened + one.opened, known.refused + one.refused
        found[one.name] = Asked(
            one.name, latest.category, opened, refused, min(known.first, one.first), latest.last
        )  # fmt: skip
    return sorted(found.values(), key=lambda one: one.name)


def _forget_old(thing: _Thing, at: float) -> None:
    for row in list(thing.rows):
        if row.at + thing.kept_s > at:
            return
        del thing.rows[row]
