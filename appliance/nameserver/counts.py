"""What a worker counts, in memory, handed on every second: numbers of the box, and the tally of the persons."""

from collections.abc import Callable, Mapping

from appliance.core.verdict import Verdict
from appliance.nameserver.tally import Cell, Key, Screen, Tally


class Counts:
    """Numbers by name, since the worker began."""

    def __init__(self) -> None:
        self.tally = Tally()
        """What may be counted of persons; it is part of the numbers, too."""

    def cell(self, name: str) -> Cell:
        """Return the cell of a number."""
        return self.tally.number(name)

    def add(self, name: str) -> None:
        """Raise a number by one."""
        self.tally.number(name).add()

    def of(self, verdict: Verdict | None, key: Key | None = None, screen: Screen | None = None) -> Cell:
        """Return the cell for a reply, that of a key where the contract lets it be counted for a person.

        With `screen` it stands for somebody's screen time as well. A traceless one is an answer like any other: no
        action, no step, no screen time.
        """
        if verdict is None or verdict.traceless:
            return self.tally.number("answered")
        return self.tally.cell(f"answered.{verdict.action.value}", key, screen)

    def news(self) -> dict[str, int]:
        """Return what was added to each number since the last call."""
        return self.tally.totals()


def add_up(total: dict[str, int], fresh: Mapping[str, int], keep: Callable[[str], bool] = lambda _: True) -> None:
    """Add fresh numbers to a total."""
    for name, number in fresh.items():
        if keep(name):
            total[name] = total.get(name, 0) + number
