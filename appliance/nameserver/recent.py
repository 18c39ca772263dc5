"""Recent queries in a worker's memory: each as finely as the contract lets it be written, and no longer than that."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from appliance.core.verdict import Verdict
from appliance.core.visibility import Granularity
from appliance.nameserver.permit import Who

MAX_ENTRIES = 10_000
"""A few megabytes."""
MAX_READ = 500
COARSE_S = 900.0
"""A time that only tells the age is that of the beginning of its quarter of an hour."""


class Entry(msgspec.Struct, frozen=True):
    """One query as it may be seen, at most: `at` (POSIX seconds) is exact, and `name` there, only if the grain says so.

    Without the grain ``full`` `at` is the beginning of a quarter of an hour.
    """

    at: float
    device: str | None
    person: str | None
    action: str
    category: str
    name: str | None
    grain: str


class _Kept(NamedTuple):
    entry: Entry
    row: str
    until: float


class Recent:
    """The latest entries, no more than `most`."""

    def __init__(self, most: int = MAX_ENTRIES) -> None:
        self._kept: deque[_Kept] = deque(maxlen=most)
        self.dropped = 0
        """Entries that made room for others before their age."""

    def __len__(self) -> int:
        """Return the number of entries held."""
        return len(self._kept)

    def write(self, who: Who, grain: Granularity, kept_s: float, said: tuple[Verdict, str, str], at: float) -> None:
        """Write a query's verdict, category and name, as finely as `grain` (NO: not at all)."""
        if grain is Granularity.NO:
            return
        verdict, category, name = said
        if len(self._kept) == self._kept.maxlen and self._kept[0].until > at:
            self.dropped += 1
        told = None if grain is Granularity.CATEGORY else name
        begins = at if grain is Granularity.FULL else at // COARSE_S * COARSE_S
        entry = Entry(begins, who.device, who.person, verdict.action.value, category, told, grain.value)
        self._kept.append(_Kept(entry, who.row, begins + kept_s))

    def read(self, at: float, keep: Callable[[Entry], bool] = lambda _: True) -> list[Entry]:
        """Return entries that may still be seen, the newest first, at most `MAX_READ`."""
        found = []
        for kept in reversed(self._kept):
            if kept.until > at and keep(kept.entry):
                found.append(kept.entry)
                if len(found) == MAX_READ:
                    break
        return found

    def sweep(self, at: float, keep: Callable[[Entry], bool] = lambda _: True) -> None:
        """Erase what is older than it may be, and what is not to be kept."""
        self._hold([kept for kept in self._kept if kept.until > at and keep(kept.entry)])

    def settle(self, askers: Mapping[str, Who]) -> None:
        """Erase what was written of devices that are gone, another person's, or of another row now."""

        def stays(kept: _Kept) -> bool:
            device = kept.entry.device
            now = askers.get(device) if device is not None else None
            return device is None or (now is not None and (now.person, now.row) == (kept.entry.person, kept.row))

        self._hold([kept for kept in self._kept if stays(kept)])

    def forget(self) -> None:
        """Erase everything."""
        self._kept.clear()

    def _hold(self, kept: list[_Kept]) -> None:
        if len(kept) < len(self._kept):
            self._kept = deque(kept, maxlen=self._kept.maxlen)
