"""Screen time as the daemon holds it for the steward: who asked how often for what, minute by minute, without names.

It is in memory only: until the steward has it and a little longer, so that a steward that was started anew sees a use
that goes on; a day at most. A note that is fetched twice is the same note: nothing counts double.
"""

from collections.abc import Collection

import msgspec

from appliance.nameserver.link import Screened
from appliance.nameserver.tally import Screen

MAX_NOTES = 50_000
"""A home of ten busy children for a day."""
KEPT_MINUTES = 24 * 60
FETCHED_MINUTES = 30
"""So long a note stays that was fetched."""
MAX_OCTETS = 400_000
"""Of one answer."""

Row = tuple[int, str, str | None, str, int]
"""Minute (POSIX seconds // 60), person, service, category, and how often."""


class Screens:
    """Notes by minute and what was used. Each change has a serial, so that a reader asks for what is new."""

    def __init__(self) -> None:
        self._notes: dict[tuple[int, Screen], tuple[int, int]] = {}
        """→ how often, and the serial of the last change."""
        self._serial = 0
        self.dropped = 0
        """Notes for which there was no room."""

    def __len__(self) -> int:
        """Return the number of notes."""
        return len(self._notes)

    def take(self, minute: int, told: Screened) -> None:
        """Add what a worker told."""
        key = minute, Screen(told.person, told.service, told.category)
        if key not in self._notes and len(self._notes) >= MAX_NOTES:
            self.dropped += 1
            return
        times, _ = self._notes.pop(key, (0, 0))
        self._serial += 1
        # Put at the end: notes stand in the order of their serials.
        self._notes[key] = times + told.times, self._serial

    def since(self, serial: int, minute: int) -> tuple[int, list[Row]]:
        """Return what changed after a serial, as much as one answer holds, and the serial to go on from.

        What changed before that was fetched; `minute` is the one that runs.
        """
        self._forget(serial, minute)
        rows: list[Row] = []
        octets, reached = 0, serial
        for (when, screen), (times, changed) in self._notes.items():
            if changed <= serial:
                continue
            row: Row = (when, screen.person, screen.service, screen.category, times)
            octets += len(msgspec.json.encode(row))
            if octets > MAX_OCTETS:
                break
            rows.append(row)
            reached = changed
        return reached, rows

    def settle(self, persons: Collection[str]) -> None:
        """Let go of the notes of all but these persons."""
        self._notes = {key: note for key, note in self._notes.items() if key[1].person in persons}

    def _forget(self, serial: int, minute: int) -> None:
        """Let go of what was fetched and is no longer wanted, of what is too old, and of what is yet to come."""

        def stays(when: int, changed: int) -> bool:
            kept = FETCHED_MINUTES if changed <= serial else KEPT_MINUTES
            return minute - kept < when <= minute + 1

        self._notes = {key: note for key, note in self._notes.items() if stays(key[0], note[1])}
