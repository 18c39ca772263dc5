"""The one place that reads the clock, and the time zones that the system knows.

A process goes by a time that runs with the uptime. Where the clock is set, it follows when it is told to (`go_by`):
whoever runs for long lets a `Timekeeper` say so.
"""

import ctypes
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from appliance.core.clocktrust import JUMP_S, Seen

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BATTERY = Path("/sys/class/rtc/rtc0")
TIMEX_OCTETS = 512
"""More than any Linux has in a struct timex."""
TIME_ERROR = 5
"""linux/timex.h: the kernel knows of nobody who sets its clock."""
READINGS = 10
TOGETHER_S = 0.01
"""Of clock and uptime, read one after the other: a process that was held up meanwhile would see a jump."""

_offset = [time.time() - time.monotonic()]
_doubted = [False]


class UnknownZone(ValueError):
    """There is no time zone of this name."""


def now() -> float:
    """Return the time to go by in POSIX seconds."""
    return time.monotonic() + _offset[0]


def go_by(offset: float, *, is_doubted: bool = False) -> None:
    """Let the time be the uptime and this offset (seconds), in this process; `is_doubted`: it is the best guess."""
    _offset[0] = offset
    _doubted[0] = is_doubted


def is_doubted() -> bool:
    """Say whether nobody knows what time it is: what the machine's clock shows is not gone by."""
    return _doubted[0]


def shown() -> float:
    """Return what the machine's clock shows (POSIX seconds), right or wrong."""
    return time.time()


def look() -> Seen:
    """Return what the machine itself shows, whatever this process goes by."""
    at, up = time.time(), time.monotonic()
    for _ in range(READINGS):
        before = time.monotonic()
        at, up = time.time(), time.monotonic()
        if up - before < TOGETHER_S:
            break
    return Seen(at, up, _boot(), is_set=_is_set(), is_kept=BATTERY.exists())


def _boot() -> str:
    """Return which start of the machine this is, empty where that can't be told."""
    told = os.environ.get("KINDGATE_BOOT", "")
    if not told:
        with suppress(OSError):
            told = BOOT_ID.read_text(encoding="ascii")
    return told.strip().replace("-", "")


def _is_set() -> bool:
    """Say whether the kernel knows of a time server that keeps its clock right (adjtimex(2), asking only)."""
    state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_OCTETS))
    return 0 <= state < TIME_ERROR


def uptime() -> float:
    """Return seconds that only ever go up, whatever is done to the clock."""
    return time.monotonic()


def zone(name: str) -> tzinfo:
    """Return a time zone by its name (``Europe/Berlin``). Raises UnknownZone."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (LookupError, OSError, ValueError) as error:
        raise UnknownZone(f"there is no time zone {name!r}; they are named like Europe/Berlin") from error


def iso(at: float, where: tzinfo) -> str:
    """Return a time as ISO 8601 with its offset, to the second."""
    return datetime.fromtimestamp(at, where).isoformat(timespec="seconds")


class JumpWatch:
    """Notices that the time to go by was set, or the machine's clock: its distance from the uptime changed."""

    def __init__(self, *, of_machine: bool = False) -> None:
        self._of_machine = of_machine
        self._offset = self._distance()

    def has_jumped(self) -> bool:
        """Say whether it moved by more than two seconds since the last call."""
        offset = self._distance()
        moved = abs(offset - self._offset) > JUMP_S
        self._offset = offset
        return moved

    def _distance(self) -> float:
        return (shown() if self._of_machine else now()) - uptime()


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
