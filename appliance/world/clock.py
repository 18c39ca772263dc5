"""The one place that reads the clock, and the time zones that the system knows."""

import time
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

JUMP_S = 2.0


class UnknownZone(ValueError):
    """There is no time zone of this name."""


def now() -> float:
    """Return the time in POSIX seconds."""
    return time.time()


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
    """Notices that the clock was set: the distance between it and the uptime changed."""

    def __init__(self) -> None:
        self._offset = now() - uptime()

    def has_jumped(self) -> bool:
        """Say whether the clock moved by more than two seconds since the last call."""
        offset = now() - uptime()
        moved = abs(offset - self._offset) > JUMP_S
        self._offset = offset
        return moved


def pause(seconds: float) -> None:
    """Wait."""
    time.sleep(seconds)
