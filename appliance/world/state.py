"""`state.json`: what the steward knows of the moment - daemons, problems, minutes - replaced whole, no name in it.

A reader takes what it knows and ignores the rest, so that a later steward may say more within one format.
"""

import os
from pathlib import Path
from typing import Literal

import msgspec

from appliance.core.budget import NOT_COUNTED, Minutes

FILE = "state.json"
FORMAT = 2
MAX_OCTETS = 1_000_000

Args = dict[str, str | int | float | bool]


class StateError(OSError):
    """The state of the box could not be saved."""


class Mode(msgspec.Struct, frozen=True):
    """How a daemon is, since when (POSIX seconds), and a sentence about it."""

    state: Literal["running", "behind", "silent", "gone"]
    since: float
    words: str


class Problem(msgspec.Struct, frozen=True):
    """What is wrong with the box: a code and its arguments, which a page makes a sentence of."""

    code: str
    args: Args = {}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The state at a time (POSIX seconds), under the house of a revision."""

    format: int = FORMAT
    at: float
    revision: int = 0
    digest: str = ""
    minutes: Minutes = NOT_COUNTED
    """What is used of the budgets of each person; by it and the house the nameserver says what is left."""
    warned: dict[str, dict[str, int]] = {}
    """Person → budget → the last warning that was passed: 10, 5 or 1 minutes left, or 0 when it is spent."""
    daemons: dict[str, Mode] = {}
    problems: tuple[Problem, ...] = ()


def publish_state(data: Path, state: State) -> None:
    """Put a state in place of the one before, by atomic rename. Raises StateError; then that one stands.

    Unlike the house it isn't forced to the disk: it is written often, and after a power cut it would be old anyway.
    """
    fresh = data / f".{FILE}.new"
    try:
        with fresh.open("wb") as handle:
            os.fchmod(handle.fileno(), 0o640)
            if os.geteuid() == 0:
                owner = data.stat()
                os.fchown(handle.fileno(), owner.st_uid, owner.st_gid)
            handle.write(msgspec.json.encode(state))
        fresh.replace(data / FILE)
    except OSError as error:
        raise StateError(f"{data / FILE}: {error.strerror or error}") from error


def load_state(data: Path) -> State | None:
    """Return the state, None where there is none that can be read."""
    try:
        with (data / FILE).open("rb") as file:
            state = msgspec.json.decode(file.read(MAX_OCTETS), type=State)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return state if state.format == FORMAT else None
