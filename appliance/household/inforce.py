"""Whether a house, or its lists, are in force: what every daemon, and every worker, says that it runs."""

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

import msgspec

from appliance.world import bus, clock
from appliance.world.snapshot import Snapshot

NAMESERVER = "nameserver"
GUARD = "guard"
DAEMONS = (NAMESERVER, "steward", "finder")
"""Those that run the house; the dashboard, which changes it, looks at what was saved."""
POLL_S = 0.02
ASK_S = 2.0


class Standing(Enum):
    """How a daemon stands to a house."""

    RUNS = "runs"
    """All of it runs this house."""
    BEHIND = "behind"
    """Some of it runs another one, or none yet."""
    SILENT = "silent"
    """It does not answer."""
    GONE = "gone"
    """It is not running."""


class Daemon(msgspec.Struct, frozen=True):
    """What a daemon said: of `total` parts (a nameserver's workers) `running` run the house."""

    name: str
    standing: Standing
    running: int = 0
    total: int = 0
    problem: str = ""


class InForce(msgspec.Struct, frozen=True):
    """A house, and how each daemon stands to it."""

    revision: int
    daemons: tuple[Daemon, ...]

    @property
    def is_everywhere(self) -> bool:
        """Every daemon and every worker runs it: the only case in which a page may say so."""
        return all(daemon.standing is Standing.RUNS for daemon in self.daemons)


class Lists(msgspec.Struct, frozen=True):
    """Which file of lists the nameserver runs."""

    standing: Standing
    problem: str = ""


def all_of(data: Path) -> tuple[str, ...]:
    """Return those that run the house on this box: the guard as well, where it is a gateway's."""
    return (*DAEMONS, GUARD) if bus.is_expected(data, GUARD) else DAEMONS


def look(data: Path, snapshot: Snapshot | None, daemons: Iterable[str] | None = None) -> InForce:
    """Return how the daemons stand to a house as it was published; None is a box without one."""
    digest = snapshot.digest if snapshot else ""
    names = all_of(data) if daemons is None else daemons
    return InForce(snapshot.revision if snapshot else 0, tuple(_ask(data, name, digest) for name in names))


def wait(data: Path, snapshot: Snapshot | None, within_s: float, daemons: Iterable[str] | None = None) -> InForce:
    """Look until a house is in force, or no time is left; daemons that are gone are not waited for."""
    until = clock.uptime() + within_s
    names = all_of(data) if daemons is None else tuple(daemons)
    while True:
        found = look(data, snapshot, names)
        is_settled = all(one.standing in (Standing.RUNS, Standing.GONE) for one in found.daemons)
        if is_settled or clock.uptime() > until:
            return found
        clock.pause(POLL_S)


def wait_for_lists(data: Path, digest: str, within_s: float) -> Lists:
    """Look until all workers run the file of lists of this digest (empty: none), or no time is left."""
    until = clock.uptime() + within_s
    while True:
        found = look_at_lists(data, digest)
        if found.standing in (Standing.RUNS, Standing.GONE) or clock.uptime() > until:
            return found
        clock.pause(POLL_S)


def look_at_lists(data: Path, digest: str) -> Lists:
    """Return how the nameserver stands to the file of lists of this digest (empty: none)."""
    try:
        status = bus.ask(data, NAMESERVER, {"ask": "status"}, ASK_S)
    except bus.NotRunning as error:
        return Lists(Standing.GONE, str(error))
    except bus.BusError as error:
        return Lists(Standing.SILENT, str(error))
    standing = Standing.RUNS if status.get("lists") == digest else Standing.BEHIND
    return Lists(standing, str(status.get("lists_problem") or ""))


def _ask(data: Path, name: str, digest: str) -> Daemon:
    try:
        status = bus.ask(data, name, {"ask": "status"}, ASK_S)
    except bus.NotRunning as error:
        return Daemon(name, Standing.GONE, problem=str(error))
    except bus.BusError as error:
        return Daemon(name, Standing.SILENT, problem=str(error))
    parts = [status]
    workers = status.get("workers")
    if isinstance(workers, list):
        parts = [worker for worker in workers if isinstance(worker, dict)]
    running = sum(part.get("digest") == digest for part in parts)
    told = (str(part["problem"]) for part in parts if part.get("problem"))
    standing = Standing.RUNS if parts and running == len(parts) else Standing.BEHIND
    return Daemon(name, standing, running, len(parts), next(told, ""))
