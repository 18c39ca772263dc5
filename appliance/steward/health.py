"""How the other daemons are: what they say of themselves, held against the house that should be in force."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import msgspec

from appliance.store.journal import Event, Severity
from appliance.world.state import Mode

DAEMONS = ("nameserver", "finder", "web")
"""Those that every box has."""
PATIENCE_S = 3.0
"""So long may a daemon be busy, or with a house that was just changed."""
BEGIN_S = 15.0
"""So long a daemon that was never seen may take to start."""

Is = Literal["running", "behind", "silent", "gone"]

WORDS: dict[Is, str] = {
    "running": "The {name} runs.",
    "behind": "The {name} does not run the latest house yet.",
    "silent": "The {name} does not answer.",
    "gone": "The {name} is not running.",
}
SEVERITY: dict[Is, Severity] = {
    "running": Severity.INFO,
    "behind": Severity.WARNING,
    "silent": Severity.WARNING,
    "gone": Severity.ALARM,
}


class House(msgspec.Struct, frozen=True):
    """The house that should be in force."""

    revision: int
    digest: str


@dataclass(slots=True)
class _Watched:
    """A daemon as it was last."""

    mode: Mode | None = None
    suspect: Is | None = None
    suspected_at: float = 0.0
    wanted: House | None = None


class Health:
    """Follows each daemon; the time is the uptime (seconds that only go up), `at` is what is told."""

    def __init__(self, uptime: float) -> None:
        self._began = uptime
        self._watched = {name: _Watched() for name in DAEMONS}

    @property
    def modes(self) -> dict[str, Mode]:
        """Return each daemon that was seen, or that should have been seen by now."""
        return {name: watched.mode for name, watched in self._watched.items() if watched.mode is not None}

    def hear(
        self, name: str, said: Mapping[str, object] | Literal["silent", "gone"], house: House, uptime: float, at: float
    ) -> Event | None:
        """Take what a daemon answered, or that it did not; return an event if it is otherwise than before."""
        watched = self._watched.setdefault(name, _Watched())
        found = _judge(said, house)
        if found != watched.suspect or (found == "behind" and house != watched.wanted):
            watched.suspect, watched.suspected_at, watched.wanted = found, uptime, house
        if not self._is_sure(watched, found, uptime):
            return None
        mode = watched.mode
        words = _words(name, found, said)
        if mode is not None and mode.state == found:
            watched.mode = msgspec.structs.replace(mode, words=words)
            return None
        watched.mode = Mode(found, at, words)
        if mode is None and found == "running":
            return None
        kind = "daemon_back" if found == "running" else f"daemon_{found}"
        return Event(kind=kind, at=at, severity=SEVERITY[found], args={"daemon": name})

    def _is_sure(self, watched: _Watched, found: Is, uptime: float) -> bool:
        if found == "running":
            return True
        if watched.mode is None and uptime - self._began < BEGIN_S:
            return False
        return found == "gone" or uptime - watched.suspected_at > PATIENCE_S


def _judge(said: Mapping[str, object] | Literal["silent", "gone"], house: House) -> Is:
    if isinstance(said, str):
        return said
    workers = _workers(said)
    # Who says nothing of a house runs none, like a dashboard that reads it anew each time.
    parts = workers + ([said] if "digest" in said else [])
    is_behind = any((part.get("revision"), part.get("digest")) != (house.revision, house.digest) for part in parts)
    return "behind" if is_behind or any(worker.get("problem") for worker in workers) else "running"


def _words(name: str, found: Is, said: Mapping[str, object] | Literal["silent", "gone"]) -> str:
    words = WORDS[found].format(name=name)
    if isinstance(said, str):
        return words
    told = [part["problem"] for part in (said, *_workers(said)) if part.get("problem")]
    return " ".join([words, *dict.fromkeys(str(one) for one in told)])


def _workers(said: Mapping[str, object]) -> list[Mapping[str, object]]:
    """Return what a daemon says of its parts."""
    workers = said.get("workers")
    return [one for one in workers if isinstance(one, dict)] if isinstance(workers, list) else []
