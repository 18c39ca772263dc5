"""What a worker counts: numbers without names, in memory, handed on every second."""

from collections.abc import Callable, Mapping

from appliance.core.verdict import Verdict

Cell = list[int]
"""One number that the hot path can raise without a look-up: ``cell[0] += 1``."""


class Counts:
    """Numbers by name, since the worker began."""

    def __init__(self) -> None:
        self._cells: dict[str, Cell] = {}
        self._told: dict[str, int] = {}

    def cell(self, name: str) -> Cell:
        """Return the cell of a number."""
        return self._cells.setdefault(name, [0])

    def add(self, name: str) -> None:
        """Raise a number by one."""
        self.cell(name)[0] += 1

    def of(self, verdict: Verdict | None) -> Cell:
        """Return the cell for a reply. A traceless one is an answer like any other: no action, no step."""
        if verdict is None or verdict.traceless:
            return self.cell("answered")
        return self.cell(f"answered.{verdict.action.value}")

    def news(self) -> dict[str, int]:
        """Return what was added to each number since the last call."""
        fresh = {name: cell[0] - self._told.get(name, 0) for name, cell in self._cells.items()}
        self._told = {name: cell[0] for name, cell in self._cells.items()}
        return {name: number for name, number in fresh.items() if number}


def add_up(total: dict[str, int], fresh: Mapping[str, int], keep: Callable[[str], bool] = lambda _: True) -> None:
    """Add fresh numbers to a total."""
    for name, number in fresh.items():
        if keep(name):
            total[name] = total.get(name, 0) + number
