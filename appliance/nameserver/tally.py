"""How often what kind of thing was decided for whom: cells that the hot path raises, and what is new in them.

A name stands in a cell only where the contract lets it; whoever makes the key has asked it. A cell may also stand for
screen time: then what is new in it is told as that, too, and the hot path knows nothing of it.
"""

from typing import NamedTuple

import msgspec

MAX_CELLS = 20_000
"""Kinds of counts known at once; with names, more than the small children of a home look up in an hour."""


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

    number: str
    """Which of the box's numbers it is part of, empty for none."""
    key: Key | None = None
    screen: Screen | None = None


class Cell(msgspec.Struct, gc=False, eq=False):
    """A count since it was last told. What holds one needs no look-up to raise it.

    Not looked at by the garbage collector, so that the finished replies which hold cells aren't either.
    """

    cause: Cause
    raised: "list[Cell]"
    """The cells that have something to tell; who raises one from zero puts it there."""
    fresh: int = 0

    def add(self, number: int = 1) -> None:
        """Raise it. The hot path does the same by itself."""
        if number and not self.fresh:
            self.raised.append(self)
        self.fresh += number


class Tally:
    """Cells by cause, and what was added to them.

    Only what was raised is looked at for that, however many there are.
    """

    def __init__(self) -> None:
        self._cells: dict[Cause, Cell] = {}
        self._raised: list[Cell] = []
        self._numbers: dict[str, int] = {}
        self._keys: dict[Key, int] = {}
        self._screens: dict[Screen, int] = {}
        self._nameless = self.number("dropped.names")

    def __len__(self) -> int:
        """Return the number of cells known."""
        return len(self._cells)

    def number(self, name: str) -> Cell:
        """Return the cell of one of the box's numbers."""
        return self._cell(Cause(name))

    def cell(self, number: str, key: Key | None, screen: Screen | None = None) -> Cell:
        """Return the cell of a key, of screen time that may not be counted for a person, or of both.

        Where there is no room for another name, it is the one that counts without names.
        """
        cause = Cause(number, key, screen)
        if key is not None and key.name is not None and len(self._cells) >= MAX_CELLS and cause not in self._cells:
            self._nameless.add()
            cause = Cause(number, key._replace(name=None), screen)
        return self._cell(cause)

    def totals(self) -> dict[str, int]:
        """Return what was added to each of the box's numbers since the last call."""
        self._look()
        told, self._numbers = self._numbers, {}
        return told

    def news(self) -> list[tuple[Key, int]]:
        """Return what was added to each key since the last call."""
        self._look()
        told, self._keys = self._keys, {}
        return list(told.items())

    def screens(self) -> dict[Screen, int]:
        """Return how often names of screen time were asked for since the last call."""
        self._look()
        told, self._screens = self._screens, {}
        return told

    def forget(self) -> None:
        """Forget which cells there are; who holds one may raise it all the same, and nothing of it is lost."""
        self._cells.clear()

    def sweep(self) -> None:
        """Make room for other names before there is none."""
        if len(self._cells) > MAX_CELLS // 2:
            self.forget()

    def _look(self) -> None:
        """Take what was added out of the cells."""
        for cell in self._raised:
            (number, key, screen), fresh, cell.fresh = cell.cause, cell.fresh, 0
            self._numbers[number] = self._numbers.get(number, 0) + fresh
            if key is not None:
                self._keys[key] = self._keys.get(key, 0) + fresh
            if screen is not None:
                self._screens[screen] = self._screens.get(screen, 0) + fresh
        self._raised.clear()

    def _cell(self, cause: Cause) -> Cell:
        found = self._cells.get(cause)
        if found is None:
            found = self._cells[cause] = Cell(cause, self._raised)
        return found
