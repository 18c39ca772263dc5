"""What a worker counts, in memory, handed on every second: numbers of the box, and the tally of the persons."""

from collections.abc import Callable, Mapping

from appliance.core.verdict import Verdict
from appliance.nameserver.tally import Cell, Key, Screen, Tally


class Counts:
    """Numbers by name, since the worker began."""

    def __init__(self) -> None:
        self._cells: dict[str, Cell] = {}
        self._told: dict[str, int] = {}
        self.tally = Tally()
        """What may be counted of persons; it is part of the numbers, too."""
        self._cells["dropped.names"] = self.tally.nameless

    def cell(self, name: str) -> Cell:
        """Return the cell of a number."""
        return self._cells.setdefault(name, [0])

    def add(self, name: str) -> None:
        """Raise a number by one."""
        self.cell(name)[0] += 1

    def of(self, verdict: Verdict | None, key: Key | None = None, screen: Screen | None = None) -> Cell:
        """Return the cell for a reply, that of a key where the contract lets it be counted for a person.

        With `screen` it stands for somebody's screen time as well. A traceless one is an answer like any other: no
        action, no step, no screen time.
        """
        if verdict is None or verdict.traceless:
            return self.cell("answered")
        if key is not None:
            return self.tally.cell(key, screen)
        if screen is not None:
            return self.tally.screen(verdict.action.value, screen)
        return self.cell(_answered(verdict.action.value))

    def news(self) -> dict[str, int]:
        """Return what was added to each number since the last call."""
        fresh = {name: cell[0] - self._told.get(name, 0) for name, cell in self._cells.items()}
        self._told = {name: cell[0] for name, cell in self._cells.items()}
        add_up(fresh, {_answered(action): number for action, number in self.tally.totals().items()})
        return {name: number for name, number in fresh.items() if number}


def _answered(action: str) -> str:
    return f"answered.{action}"


def add_up(total: dict[str, int], fresh: Mapping[str, int], keep: Callable[[str], bool] = lambda _: True) -> None:
    """Add fresh numbers to a total."""
    for name, number in fresh.items():
        if keep(name):
            total[name] = total.get(name, 0) + number
