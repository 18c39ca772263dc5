"""A machine whose clock a test sets: what a process would see of it, after power cuts and jumps too."""

import pytest

from appliance.core.clocktrust import Seen
from appliance.world import clock

AT = 1_795_424_000.0
"""Monday, 23 November 2026, 08:53 UTC."""
YEAR_S = 365 * 86_400.0


class Machine:
    """It runs as its test says, and shows what its test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: float = AT) -> None:
        self.shown, self.up, self.boot, self.is_set, self.is_kept = at, 40.0, "first", False, False
        monkeypatch.setattr(clock, "_offset", [0.0])
        monkeypatch.setattr(clock, "_doubted", [False])
        monkeypatch.setattr(clock, "uptime", lambda: self.up)
        monkeypatch.setattr(clock, "shown", lambda: self.shown)
        monkeypatch.setattr(clock, "now", lambda: self.up + clock._offset[0])
        monkeypatch.setattr(clock, "look", lambda: Seen(self.shown, self.up, self.boot, self.is_set, self.is_kept))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.shown += seconds
        self.up += seconds

    def cut(self, boot: str, shown: float) -> None:
        """Take the power away; when it is there again the clock shows this."""
        self.boot, self.shown, self.up = boot, shown, 40.0
