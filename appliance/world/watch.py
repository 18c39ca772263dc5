"""What a daemon follows: the house, and what the steward counted; read again when the file is another one.

What was good last stays while there is nothing better: a broken house, a steward that is gone.
"""

import logging
from pathlib import Path

from appliance.core.budget import NOT_COUNTED, Minutes
from appliance.world.snapshot import CURRENT, Snapshot, load_snapshot
from appliance.world.state import FILE, load_state

WATCH_S = 0.1
"""How often a daemon should look: a changed house is noticed within this."""

log = logging.getLogger(__name__)


class HouseWatch:
    """Follows `house.json` of a data folder."""

    def __init__(self, data: Path) -> None:
        self._file = data / CURRENT
        self._seen: object = None
        self.snapshot: Snapshot | None = None
        """The last good house, None for a box without one."""
        self.problem: str | None = None
        """What is wrong with the file as it is now, in words."""

    def look(self) -> bool:
        """Read the house if its file is another one; say whether there is another house now."""
        seen = identity(self._file)
        if seen == self._seen:
            return False
        self._seen = seen
        loaded = load_snapshot(self._file.parent)
        problem = loaded.problem
        if loaded.snapshot is None and self.snapshot is not None:
            problem = f"{self._file} is gone: the last good house stays in force"
        if problem and problem != self.problem:
            log.warning("%s", problem)
        self.problem = problem
        is_worse = problem is not None and self.snapshot is not None
        if loaded.snapshot is None or is_worse or self._is_known(loaded.snapshot):
            return False
        self.snapshot = loaded.snapshot
        return True

    @property
    def revision(self) -> int:
        """The number of the house, 0 without one."""
        return self.snapshot.revision if self.snapshot else 0

    @property
    def digest(self) -> str:
        """What tells two houses of one number apart, empty without one."""
        return self.snapshot.digest if self.snapshot else ""

    def _is_known(self, snapshot: Snapshot) -> bool:
        return self.snapshot is not None and snapshot.digest == self.snapshot.digest


class MinutesWatch:
    """Follows the counted minutes in `state.json` of a data folder."""

    def __init__(self, data: Path) -> None:
        self._file = data / FILE
        self._seen: object = None
        self.minutes: Minutes = NOT_COUNTED
        """What was counted last; it stays when the file is gone, broken or of another version."""

    def look(self) -> bool:
        """Read the state if its file is another one; say whether other minutes are counted now."""
        seen = identity(self._file)
        if seen == self._seen:
            return False
        self._seen = seen
        state = load_state(self._file.parent)
        if state is None or state.minutes == self.minutes:
            return False
        self.minutes = state.minutes
        return True


def identity(file: Path) -> object:
    """Return what is another one when a file is replaced."""
    try:
        status = file.stat()
    except OSError as error:
        return error.errno
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size
