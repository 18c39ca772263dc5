"""How often what kind of thing was decided for whom: cells that the hot path raises, and what is new in them.

A name stands in a cell only where the contract lets it; whoever makes the key has asked it.
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


class Tally:
    """Cells by key, since the worker began."""

    def __init__(self) -> None:
        self._cells: dict[Key, Cell] = {}
        self._quiet: set[Key] = set()
        self.nameless: Cell = [0]
        """Names left out since the worker began, because there was no room for more."""

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self._cells)

    def cell(self, key: Key) -> Cell:
        """Return the cell of a key; where there is no room for another name, the one that counts without names."""
        found = self._cells.get(key)
        if found is None:
            if key.name is not None and len(self._cells) >= MAX_CELLS:
                self.nameless[0] += 1
                return self.cell(key._replace(name=None))
            found = self._cells[key] = [0, 0, 0]
        return found

    def totals(self) -> dict[str, int]:
        """Return what was added by action since the last call, whoever asked."""
        fresh: dict[str, int] = {}
        for key, cell in self._cells.items():
            if cell[0] > cell[1]:
                fresh[key.action] = fresh.get(key.action, 0) + cell[0] - cell[1]
                cell[1] = cell[0]
        return fresh

    def news(self) -> list[tuple[Key, int]]:
        """Return what was added to each cell since the last call."""
        fresh = []
        for key, cell in self._cells.items():
            if cell[0] > cell[2]:
                fresh.append((key, cell[0] - cell[2]))
                cell[2] = cell[0]
                self._quiet.discard(key)
        return fresh

    def shed(self) -> None:
        """Drop every cell that has nothing new to tell: for when no finished reply is kept that would raise one."""
        self._cells = {key: cell for key, cell in self._cells.items() if not cell[0] == cell[1] == cell[2]}

    def sweep(self, held: Collection[int]) -> None:
        """Drop the cells that were quiet since the last sweep and that nobody holds; `held` are those held, by `id`.

        What holds a cell are finished replies, and they may live for a day.
        """
        told = {key for key, cell in self._cells.items() if cell[0] == cell[1] == cell[2]}
        for key in told & self._quiet:
            if id(self._cells[key]) not in held:
                del self._cells[key]
        self._quiet = told & self._cells.keys()
