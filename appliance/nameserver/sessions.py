"""Troubleshooting sessions: which run, and until when; they end by themselves, and with the daemon."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.nameserver.permit import Who

MAX_S = 900.0
"""A quarter of an hour, whatever is asked for."""
MAX_SESSIONS = 16


class Refused(ValueError):
    """This session can't be."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one device. `until` (POSIX seconds) is what is shown; it ends by `ends`, in seconds of uptime."""

    who: Who
    until: float
    ends: float


class Sessions:
    """The sessions that run, by device; `uptime` decides, so that a clock that is set makes none longer."""

    def __init__(self) -> None:
        self._running: dict[str, Session] = {}

    def set(self, who: Who, until: float, at: float, uptime: float) -> None:
        """Begin the session of a device, or set its end anew; an end that has passed ends it. Raises Refused."""
        device = str(who.device)
        left = min(MAX_S, until - at)
        self.running(uptime)
        if left <= 0:
            self._running.pop(device, None)
            return
        if device not in self._running and len(self._running) >= MAX_SESSIONS:
            raise Refused("too many sessions are running")
        self._running[device] = Session(who, at + left, uptime + left)

    def settle(self, askers: Mapping[str, Who]) -> bool:
        """End the sessions of devices that are gone or another's now; say whether there were any."""
        before = len(self._running)
        self._running = {device: one for device, one in self._running.items() if askers.get(device) == one.who}
        return len(self._running) < before

    def running(self, uptime: float) -> dict[str, Session]:
        """Return the sessions that run."""
        self._running = {device: one for device, one in self._running.items() if one.ends > uptime}
        return dict(self._running)

    def left_s(self, uptime: float) -> dict[str, float]:
        """Return for how many seconds each goes on."""
        return {device: one.ends - uptime for device, one in self.running(uptime).items()}
