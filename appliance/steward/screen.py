"""What the nameserver noted of screen time, fetched and held: in memory, for as long as a day of the budgets lasts."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from appliance.core.activity import Asked
from appliance.steward.gather import Ask

MOST_ANSWERS = 50
"""In one turn: more than the nameserver can hold."""
MAX_NOTES = 50_000


class _Row(msgspec.Struct, frozen=True, array_like=True):
    minute: int
    person: str
    service: str | None
    category: str
    times: int


class _Key(NamedTuple):
    minute: int
    person: str
    service: str | None
    category: str


class Notes:
    """Who asked how often for what in each minute; what one run of the nameserver says again counts once."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._run: object = None
        self._serial = 0
        self._of_run: dict[_Key, int] = {}
        self._before: dict[_Key, int] = {}
        """Of the runs before that."""

    def fetch(self, first: int, last: int) -> None:
        """Take what is new, of the POSIX minutes from the first to the last; the rest is let go. Raises BusError."""
        for _ in range(MOST_ANSWERS):
            told = self._ask({"ask": "screens", "run": self._run, "since": self._serial})
            if told.get("run") != self._run:
                self._begin(told.get("run"))
            rows, serial = told.get("rows"), told.get("serial")
            for row in rows if isinstance(rows, list) else ():
                self._take(row)
            if not rows or not isinstance(serial, int):
                break
            self._serial = serial
        self.forget_after(last)
        for notes in (self._of_run, self._before):
            for key in [key for key in notes if key.minute < first]:
                del notes[key]

    def asked(self, persons: Collection[str]) -> list[Asked]:
        """Return what is held of these persons."""
        return [
            Asked(key.person, key.minute, key.service, key.category, times)
            for notes in (self._before, self._of_run)
            for key, times in notes.items()
            if key.person in persons
        ]

    def is_busy(self, since: int) -> bool:
        """Say whether anything was asked for since a minute."""
        return any(key.minute >= since for key in self._of_run)

    def forget_after(self, minute: int) -> None:
        """Let go of what is noted of later minutes: by the clock of now they are yet to come."""
        for notes in (self._of_run, self._before):
            for key in [key for key in notes if key.minute > minute]:
                del notes[key]

    def _begin(self, run: object) -> None:
        for key, times in self._of_run.items():
            self._before[key] = self._before.get(key, 0) + times
        self._run, self._of_run = run, {}

    def _take(self, told: object) -> None:
        try:
            row = msgspec.convert(told, _Row)
        except msgspec.ValidationError:
            return
        key = _Key(row.minute, row.person, row.service, row.category)
        if key in self._of_run or len(self._of_run) < MAX_NOTES:
            self._of_run[key] = row.times
