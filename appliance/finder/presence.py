"""When the house's devices were last seen, as far and as long as the visibility contract lets that be kept."""

from collections.abc import Callable

KeptS = Callable[[str], float]
"""A device's id → for how long its last sighting may be kept (seconds), 0 for not at all."""


class Presence:
    """The last sightings (POSIX) by device id."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}

    def saw(self, device: str, kept_s: KeptS, at: float) -> None:
        """Note that a device was seen."""
        if kept_s(device) > 0:
            self._last[device] = max(at, self._last.get(device, at))

    def expire(self, kept_s: KeptS, at: float) -> None:
        """Drop what is too old, and what may not be kept any more."""
        self._last = {
            device: min(last, at)
            for device, last in self._last.items()
            if kept_s(device) > 0 and at - last <= kept_s(device)
        }

    def devices(self) -> list[dict[str, object]]:
        """Return them as they are told on the bus."""
        return [{"device": device, "last": last} for device, last in sorted(self._last.items())]
