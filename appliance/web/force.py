"""Whether what the caregivers set holds in the whole house by now, in words; and what to do where it doesn't."""

import msgspec

from appliance.household.inforce import NAMESERVER, Daemon, InForce, Standing
from appliance.store.errors import StoreError
from appliance.web.box import Box

PATIENCE_S = 3.0
"""A change that takes longer than this is explained."""
UNDERWAY = "Taking effect …"
_CALLED = {NAMESERVER: "name server"}
_ORDER = {Standing.GONE: 0, Standing.SILENT: 1, Standing.BEHIND: 2}


class Force(msgspec.Struct, frozen=True):
    """What the mark on the page says. Only `is_everywhere` lets it say "in force"."""

    is_everywhere: bool
    revision: int
    words: str
    tone: str
    """everywhere, underway or late."""
    todo: str = ""


def of(box: Box, found: InForce, at: float) -> Force:
    """Return how it stands with the house of a box at a time (POSIX seconds)."""
    return told(found, f"{box.local_time(at):%H:%M}", _age_s(box, at))


def told(found: InForce, clock: str, age_s: float) -> Force:
    """Say how it stands, by the house's clock; `age_s` is how long ago the house was last changed."""
    if found.is_everywhere:
        return Force(True, found.revision, f"In force on the whole house · {clock}", "everywhere")
    if age_s < PATIENCE_S:
        return Force(False, found.revision, UNDERWAY, "underway")
    behind = sorted((one for one in found.daemons if one.standing in _ORDER), key=_weight)
    words, todo = late(behind[0])
    return Force(False, found.revision, words, "late", todo)


def is_vital(daemon: Daemon) -> bool:
    """Say whether it is what answers names: without it nothing holds."""
    return daemon.name == NAMESERVER


def late(daemon: Daemon) -> tuple[str, str]:
    """Return what is so with a daemon that doesn't run the house, and what to do."""
    name = f"The {_CALLED.get(daemon.name, daemon.name)}"
    rest = "" if is_vital(daemon) else "Sites are still opened and closed as you set it. "
    match daemon.standing:
        case Standing.GONE:
            return f"{name} isn't running", f"{rest}It starts again by itself; if not, restart the box."
        case Standing.SILENT:
            return f"{name} doesn't answer", f"{rest}If this stays for a minute, restart the box."
        case _:
            if daemon.problem:
                return f"{name} runs what was set before", f"{rest}It says: {daemon.problem}"
            part = f" ({daemon.running} of {daemon.total} parts have it)" if daemon.total > 1 else ""
            return f"{name} still runs what was set before{part}", f"{rest}If this stays for a minute, restart the box."


def _weight(daemon: Daemon) -> tuple[bool, int]:
    return not is_vital(daemon), _ORDER[daemon.standing]


def _age_s(box: Box, at: float) -> float:
    """Return how long ago the house was last changed; a store that can't be read counts as long ago."""
    try:
        entries = box.household.store.audit(limit=1)
    except StoreError:
        return float("inf")
    return at - entries[0].at if entries else float("inf")
