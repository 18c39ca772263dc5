"""How often what kind of thing was decided for whom: cells that the hot path raises, and what is new in them.

A name stands in a cell only where the contract lets it; whoever makes the key has asked it. A cell may also stand for
screen time: then what is new in it is told as that, too, and the hot path knows nothing of it.
"""

from collections.abc import Collection
from typing import NamedTuple

MAX_CELLS = 20_000
"""Kinds of counts at once; with names, more than the small children of a home look up in an hour."""

Cell = list[int]
"""One number that the hot path can raise without a look-up: ``cell[0] += 1``; what follows it is the tally's own."""


class Key(NamedTuple):
    """What a cell counts."""

    person: str | None
    row: str
    category: str
    action: str
    name: str | None = None


class Screen(NamedTuple):
    """Whose minutes are spent with what."""

    person: str
    service: str | None
    category: str


class Cause(NamedTuple):
    """All that a cell stands for; without a key it counts for the box alone."""

    action: str
    key: Key | None
    screen: Screen | None


class Tally:
    """Cells by cause, since the worker began."""

    def __init__(self) -> None:
        self._cells: dict[Cause, Cell] = {}
        self._quiet: set[Cause] = set()
        self._screens: dict[Screen, int] = {}
        self.nameless: Cell = [0]
        """Names left out since the worker began, because there was no room for more."""

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._cells)

    def cell(self, key: Key, screen: Screen | None = None) -> Cell:
        """Return the cell of a key; where there is no room for another name, the one that counts without names."""
        found = self._cells.get(Cause(key.action, key, screen))
        if found is None and key.name is not None and len(self._cells) >= MAX_CELLS:
            self.nameless[0] += 1
            key = key._replace(name=None)
        return self._cell(Cause(key.action, key, screen))

    def screen(self, action: str, screen: Screen) -> Cell:
        """Return the cell of screen time whose questions may not be counted for the person."""
        return self._cell(Cause(action, None, screen))

    def totals(self) -> dict[str, int]:
        """Return what was added by action since the last call, whoever asked."""
        fresh: dict[str, int] = {}
        for cause, cell in self._cells.items():
            if cell[0] > cell[1]:
                fresh[cause.action] = fresh.get(cause.action, 0) + cell[0] - cell[1]
                cell[1] = cell[0]
        return fresh

    def news(self) -> list[tuple[Key, int]]:
        """Return what was added to each key since the last call."""
        fresh: dict[Key, int] = {}
        for cause, cell in self._cells.items():
            grown = cell[0] - cell[2]
            if grown:
                cell[2] = cell[0]
                self._quiet.discard(cause)
                if cause.key is not None:
                    fresh[cause.key] = fresh.get(cause.key, 0) + grown
                if cause.screen is not None:
                    self._screens[cause.screen] = self._screens.get(cause.screen, 0) + grown
        return list(fresh.items())

    def screens(self) -> dict[Screen, int]:
        """Return how often names of screen time were asked for, of all that `news` has told since the last call."""
        told, self._screens = self._screens, {}
        return told

    def shed(self) -> None:
        """Drop every cell that has nothing new to tell: for when no finished reply is kept that would raise one."""
        self._cells = {cause: cell for cause, cell in self._cells.items() if not cell[0] == cell[1] == cell[2]}

    def sweep(self, held: Collection[int]) -> None:
        """Drop the cells that were quiet since the last sweep and that nobody holds; `held` are those held, by `id`.

        What holds a cell are finished replies, and they may live for a day.
        """
        told = {cause for cause, cell in self._cells.items() if cell[0] == cell[1] == cell[2]}
        for cause in told & self._quiet:
            if id(self._cells[cause]) not in held:
                del self._cells[cause]
        self._quiet = told & self._cells.keys()

    def _cell(self, cause: Cause) -> Cell:
        return self._cells.setdefault(cause, [0, 0, 0])
