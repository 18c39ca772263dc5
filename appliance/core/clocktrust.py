"""Whether the clock may be gone by, and what time it is where it may not: the last time that was known, and the uptime.

A box without a battery has no clock of its own. After a power cut it shows 1970, or the time at which it was last
saved, until a time server has set it. Whatever is decided is decided at the time of `judge`, which runs on with the
uptime: a clock that jumps hands out no new day and ends no pause.
"""

from enum import Enum

import msgspec

JUMP_S = 2.0
"""A clock that was moved by more was set."""
EARLIEST = 1_735_689_600.0
"""2025-01-01: this software is newer, so that no clock is right that shows an earlier time."""
LATEST = EARLIEST + 20 * 366 * 86_400.0
"""No mark is believed beyond this: a clock that went wrong wrote it."""
AHEAD_S = 366 * 86_400.0
"""A clock that nobody set and that is further ahead of the last known time is wrong."""
STOOD_S = 900.0
"""A clock so near to the last known time after a start may be one that was saved, and stood still meanwhile."""


class Doubt(Enum):
    """Why the clock is not gone by."""

    BEHIND = "behind"
    """It shows a time that has passed."""
    AHEAD = "ahead"
    """It shows a time more than a year after the last known one."""
    STOOD = "stood"
    """It goes on from where the power went off, and nothing on this box kept the time meanwhile."""
    JUMPED = "jumped"
    """It was set, and not by a time server."""


class Seen(msgspec.Struct, frozen=True):
    """What the machine says: its clock (POSIX seconds), seconds since it started, which start that was."""

    now: float
    uptime: float
    boot: str
    is_set: bool = False
    """A time server keeps the clock right."""
    is_kept: bool = False
    """A battery keeps the clock going while the power is off."""

    @property
    def offset(self) -> float:
        """Return the distance between the clock and the uptime."""
        return self.now - self.uptime


class Mark(msgspec.Struct, frozen=True):
    """What time it was (POSIX seconds) at an uptime of a start: written now and then, and read after a power cut."""

    at: float
    uptime: float
    boot: str
    is_sure: bool
    """It came, by the uptime alone, from a time that was trusted in the same start."""
    offset: float
    """What the clock itself showed then, as its distance from the uptime."""

    @property
    def is_possible(self) -> bool:
        """Say whether it can have been written by a clock that was right."""
        return EARLIEST <= self.at <= LATEST and self.uptime >= 0


class Time(msgspec.Struct, frozen=True):
    """What to go by: the time is the uptime and this offset (seconds)."""

    offset: float
    doubt: Doubt | None = None


def judge(seen: Seen, mark: Mark | None, saved: float | None = None) -> Time:
    """Return the time to go by, and what speaks against the clock.

    `saved` (POSIX seconds) is when anything of the house was last written, for a box without a mark.
    """
    if seen.is_set and seen.now >= EARLIEST:
        return Time(seen.offset)
    if mark is None or not mark.is_possible:
        return _unmarked(seen, saved)
    is_same_start = mark.boot == seen.boot
    known = mark.at - mark.uptime if is_same_start else mark.at
    doubt = _after_start(seen, mark, known, is_same_start) if not (is_same_start and mark.is_sure) else None
    if is_same_start and mark.is_sure and abs(seen.offset - known) > JUMP_S:
        doubt = Doubt.JUMPED
    return Time(seen.offset) if doubt is None else Time(known, doubt)


def mark_of(time: Time, seen: Seen, before: Mark | None) -> Mark:
    """Return the mark of a time that was judged, after the one `before`."""
    is_sure = time.doubt in (None, Doubt.JUMPED)
    offset = seen.offset
    if not is_sure and before is not None and before.boot == seen.boot and not before.is_sure:
        # As it was found: a clock that is another one since then was set.
        offset = before.offset
    return Mark(seen.uptime + time.offset, seen.uptime, seen.boot, is_sure, offset)


def _unmarked(seen: Seen, saved: float | None) -> Time:
    """Return the time of a box that never wrote one down."""
    floor = saved if saved is not None and EARLIEST <= saved <= LATEST else None
    if seen.now < (floor or EARLIEST) - JUMP_S:
        return Time((floor or EARLIEST) - seen.uptime, Doubt.BEHIND)
    if seen.now > (LATEST if floor is None else floor + AHEAD_S):
        return Time((floor or EARLIEST) - seen.uptime, Doubt.AHEAD)
    return Time(seen.offset)


def _after_start(seen: Seen, mark: Mark, known: float, is_same_start: bool) -> Doubt | None:
    """Return what speaks against a clock that nobody set since the start, as far as is known."""
    ahead_s = seen.offset - known
    if ahead_s < -JUMP_S:
        return Doubt.BEHIND
    if ahead_s > AHEAD_S:
        return Doubt.AHEAD
    stands = abs(seen.offset - mark.offset) <= JUMP_S if is_same_start else ahead_s < STOOD_S
    return Doubt.STOOD if stands and not seen.is_kept else None
