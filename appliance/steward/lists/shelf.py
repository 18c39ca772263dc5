"""The folder of lists: who may change what in it, what is laid there before it counts, and what is taken away.

The steward and the command line work in it side by side. Each list is fetched by one of them at a time, the file of all
lists built by one, and the standing written by one.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

from msgspec.structs import replace

from appliance.household.lists import FOLDER, Standing, Status, load_standing, make_folders, save_standing, source_file
from appliance.steward.lists.halt import Halt
from appliance.steward.lists.limits import USUAL, Limits, NotTaken, disk_words
from appliance.steward.lists.local import take_octets, take_path
from appliance.world import clock
from appliance.world.snapshot import hand_over

POLL_S = 0.05
LEFT_S = 3_600.0
"""What was laid there so long ago and never counted was left by somebody who died."""

_numbers = count()


@contextmanager
def building(data: Path, halt: Halt) -> Iterator[None]:
    """Hold the right to build, waiting for whoever has it. Raises Halted, OSError."""
    make_folders(data)
    handle = _lock_file(data / FOLDER / ".build.lock")
    try:
        while not _is_locked(handle):
            halt.check()
            clock.pause(POLL_S)
        yield
    finally:
        os.close(handle)


@contextmanager
def fetching(data: Path, list_id: str) -> Iterator[bool]:
    """Hold the right to fetch a list, if nobody else does; say whether it is held. Raises OSError."""
    make_folders(data)
    handle = _lock_file(_beside(data, list_id, "lock"))
    try:
        yield _is_locked(handle)
    finally:
        os.close(handle)


def change(data: Path, edit: Callable[[Standing], Standing]) -> Standing:
    """Change how the lists stand, and return that. Raises OSError."""
    make_folders(data)
    handle = _lock_file(data / FOLDER / ".status.lock")
    try:
        # Held for a moment only, by whoever it is.
        fcntl.flock(handle, fcntl.LOCK_EX)
        old = load_standing(data)
        new = edit(old)
        if new != old:
            save_standing(data, new)
        return new
    finally:
        os.close(handle)


def change_one(data: Path, list_id: str, edit: Callable[[Status], Status]) -> Standing:
    """Change how a list stands. Raises OSError."""
    return change(
        data, lambda all_: replace(all_, lists=all_.lists | {list_id: edit(all_.lists.get(list_id, Status()))})
    )


@dataclass(slots=True)
class Draft:
    """A list that doesn't count yet: the file it is written to, which goes again unless it is kept."""

    path: Path
    file: BinaryIO
    is_kept: bool = False


@contextmanager
def draft(data: Path, list_id: str) -> Iterator[Draft]:
    """Give a new file for a list. Raises NotTaken."""
    path = _beside(data, list_id, f"{os.getpid()}-{next(_numbers)}.part")
    try:
        make_folders(data)
        file = path.open("xb")
        hand_over(file.fileno(), path.parent, 0o640)
    except OSError as error:
        raise NotTaken(disk_words(error)) from error
    drawn = Draft(path, file)
    is_whole = False
    try:
        with file:
            yield drawn
            if drawn.is_kept:
                file.flush()
                os.fsync(file.fileno())
                is_whole = True
    except OSError as error:
        raise NotTaken(disk_words(error)) from error
    finally:
        if not is_whole:
            path.unlink(missing_ok=True)


def take_in(data: Path, list_id: str, given: Path | bytes, limits: Limits = USUAL) -> None:
    """Lay a list beside those that count: the next build takes it in, if the house has it by then. Raises NotTaken."""
    with draft(data, list_id) as drawn:
        if isinstance(given, bytes):
            take_octets(given, drawn.file, limits)
        else:
            take_path(given, drawn.file, limits)
        drawn.is_kept = True
    drawn.path.replace(brought_file(data, list_id))


def brought_file(data: Path, list_id: str) -> Path:
    """Return where a list lies that was brought, and doesn't count yet."""
    return _beside(data, list_id, "brought")


def keep_only(data: Path, kept: Collection[str], at: float) -> None:
    """Remove every list but these, with all that is known of them. Raises OSError."""
    change(data, lambda all_: replace(all_, lists={id_: one for id_, one in all_.lists.items() if id_ in kept}))
    for path in (data / FOLDER / "sources").iterdir():
        id_, kind = _meant(path.name)
        with contextlib.suppress(FileNotFoundError):
            is_left = at - path.stat().st_mtime > LEFT_S
            # What was brought may be for a list that the house gets in a moment.
            if is_left if kind == "part" else id_ not in kept and (is_left or kind != "brought"):
                path.unlink()


def _meant(name: str) -> tuple[str, str]:
    """Return which list a file is about, and what it is: ``gz``, ``lock``, ``brought``, ``part``."""
    if not name.startswith("."):
        return name.removesuffix(".gz"), "gz"
    id_, _, kind = name[1:].partition("~")
    return id_, kind.rpartition(".")[2]


def _beside(data: Path, list_id: str, kind: str) -> Path:
    # An id holds no tilde.
    return source_file(data, list_id).with_name(f".{list_id}~{kind}")


def _lock_file(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        hand_over(handle, path.parent, 0o660)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _is_locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
