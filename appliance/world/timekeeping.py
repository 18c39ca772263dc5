"""The time that a daemon goes by, and `clock.json`: the last known time, for the start after a power cut.

Each daemon judges by itself, from the same clock and the same file, and so all come to the same. The steward alone
writes the file.
"""

import os
import threading
from pathlib import Path

import msgspec

from appliance.core.clocktrust import Doubt, Mark, Time, judge, mark_of
from appliance.world import clock
from appliance.world.snapshot import CURRENT
from appliance.world.watch import identity

FILE = "clock.json"
MAX_OCTETS = 10_000
LOOK_S = 0.5
"""How often it is looked at the clock at most."""
SAME_S = 0.05
"""Readings that are nearer to each other are the same."""


class Timekeeper:
    """Looks at the clock and has this process go by the time that it may go by; thread-safe."""

    def __init__(self, data: Path) -> None:
        """Go by the clock as it is judged now."""
        self._file = data / FILE
        self._house = data / CURRENT
        self._seen: object = None
        self._mark: Mark | None = None
        self._lock = threading.Lock()
        self._next = 0.0
        self.time = Time(0.0)
        self.look()

    @property
    def doubt(self) -> Doubt | None:
        """What speaks against the clock, None where nothing does."""
        return self.time.doubt

    def tend(self) -> bool:
        """Look at the clock where the last look is a while ago; say whether the time to go by is another one."""
        return clock.uptime() >= self._next and self.look()

    def look(self) -> bool:
        """Look at the clock; say whether the time to go by, or what speaks against it, is another one."""
        with self._lock:
            self._next = clock.uptime() + LOOK_S
            seen, before, file = clock.look(), self.time, identity(self._file)
            # Where it isn't known which start this is, what was written may be of any.
            if seen.boot and file != self._seen:
                self._seen = file
                self._mark = _load(self._file) or self._mark
            time = judge(seen, self._mark, None if self._mark else _changed_at(self._house))
            self._mark = mark_of(time, seen, self._mark)
            if time.doubt is before.doubt and abs(time.offset - before.offset) < SAME_S:
                return False
            self.time = time
            clock.go_by(time.offset, is_doubted=time.doubt is not None)
            return True

    def save(self) -> None:
        """Write down what time it is, by atomic rename and forced to the disk. Raises OSError; then the last stands."""
        with self._lock:
            fresh = self._file.with_name(f".{FILE}.new")
            with fresh.open("wb") as handle:
                os.fchmod(handle.fileno(), 0o640)
                if os.geteuid() == 0:
                    owner = self._file.parent.stat()
                    os.fchown(handle.fileno(), owner.st_uid, owner.st_gid)
                handle.write(msgspec.json.encode(self._mark))
                handle.flush()
                os.fsync(handle.fileno())
            fresh.replace(self._file)
            self._seen = identity(self._file)


def _load(file: Path) -> Mark | None:
    """Return the mark of a file, None where there is none that can be read."""
    try:
        with file.open("rb") as handle:
            mark = msgspec.json.decode(handle.read(MAX_OCTETS), type=Mark)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return mark if mark.is_possible else None


def _changed_at(file: Path) -> float | None:
    """Return when a file was last written (POSIX seconds), None where there is none."""
    try:
        return file.stat().st_mtime
    except OSError:
        return None
