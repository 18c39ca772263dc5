"""`house.json`: the house as the daemons run it, replaced whole; the one before it is kept for a cold boot."""

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

from appliance.core.house import House, HouseError, from_json
from appliance.world import clock

CURRENT = "house.json"
PREVIOUS = "house.previous.json"
FORMAT = 1
MAX_OCTETS = 8_000_000
LOCK_S = 5.0
"""How long a change waits for another one: many may wait at once, and whoever holds the lock may hang."""
POLL_S = 0.01


class SnapshotError(OSError):
    """The house could not be saved."""


class Snapshot(msgspec.Struct, frozen=True):
    """A house with its number, and the digest by which two snapshots of one number are told apart."""

    revision: int
    house: House
    text: bytes

    @property
    def digest(self) -> str:
        """Return sixteen hexadecimal digits that change with the text."""
        return sha256(self.text).hexdigest()[:16]


class Loaded(msgspec.Struct, frozen=True):
    """What a data folder holds: a snapshot or none, and what was wrong on the way, in words."""

    snapshot: Snapshot | None
    problem: str | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    revision: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]
    house: msgspec.Raw


def parse_snapshot(text: bytes) -> Snapshot:
    """Return the snapshot of a file's octets. Raises HouseError."""
    try:
        file = msgspec.json.decode(text, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise HouseError(str(error)) from error
    if file.format != FORMAT:
        raise HouseError(f"format {file.format} is not known here")
    return Snapshot(file.revision, from_json(bytes(file.house)), text)


def load_snapshot(data: Path) -> Loaded:
    """Return the snapshot to run: the current one, else the previous one and why."""
    problems: list[str] = []
    for name in (CURRENT, PREVIOUS):
        try:
            with (data / name).open("rb") as file:
                text = file.read(MAX_OCTETS + 1)
            if len(text) > MAX_OCTETS:
                raise HouseError("too long")  # noqa: TRY301 -- told with the others below
            return Loaded(parse_snapshot(text), "; ".join(problems) or None)
        except FileNotFoundError:
            if name == CURRENT and (data / PREVIOUS).exists():
                problems.append(f"{name} is missing")
        except (OSError, HouseError) as error:
            problems.append(f"{name} can't be read: {error}")
    return Loaded(None, "; ".join(problems) or None)


Publish = Callable[[House, int | None], Snapshot]
"""Saves a house under a number, None for the next one. Raises SnapshotError; then the old one stands as it was."""


@contextmanager
def publishing(data: Path) -> Iterator[Publish]:
    """Hold the one right to publish in a data folder, and give what publishes. Raises SnapshotError."""
    with _told(data):
        data.mkdir(parents=True, exist_ok=True, mode=0o750)
        lock = _lock(data)
    try:
        yield partial(_publish, data)
    finally:
        os.close(lock)


def publish_house(data: Path, house: House, revision: int | None = None) -> Snapshot:
    """Save a house, by atomic rename. Raises SnapshotError; then the old one stands as it was."""
    with publishing(data) as publish:
        return publish(house, revision)


@contextmanager
def _told(data: Path) -> Iterator[None]:
    """Turn what the system says into our own words."""
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"{data}: {error.strerror or error}") from error


def _publish(data: Path, house: House, revision: int | None) -> Snapshot:
    with _told(data):
        known = [_readable(data / name) for name in (CURRENT, PREVIOUS)]
        if revision is None:
            revision = max((snapshot.revision for snapshot in known if snapshot), default=0) + 1
        file = _File(FORMAT, revision, msgspec.Raw(msgspec.json.encode(house)))
        snapshot = parse_snapshot(msgspec.json.encode(file))
        if known[0] is None or known[0].digest != snapshot.digest:
            _replace(data, snapshot, is_kept=known[0] is not None)
        return snapshot


def _replace(data: Path, snapshot: Snapshot, *, is_kept: bool) -> None:
    if len(snapshot.text) > MAX_OCTETS:
        raise OSError(errno.EFBIG, f"the house is longer than {MAX_OCTETS} octets")
    fresh = data / f".{CURRENT}.new"
    write_file(fresh, snapshot.text)
    if is_kept:
        # Only what can be read is worth keeping; the current name exists at every moment.
        kept = data / f".{PREVIOUS}.new"
        kept.unlink(missing_ok=True)
        _copy(data / CURRENT, kept)
        kept.replace(data / PREVIOUS)
    fresh.replace(data / CURRENT)
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _copy(source: Path, target: Path) -> None:
    """Put the same octets under a second name; by a link where the file system has them."""
    try:
        target.hardlink_to(source)
    except OSError:
        write_file(target, source.read_bytes())


def write_file(path: Path, *parts: bytes | memoryview) -> None:
    """Write a file to the disk, for the folder's owner and group only; what root writes becomes the owner's."""
    # Another user's file of this name, left by a power cut, could not be written to.
    path.unlink(missing_ok=True)
    with path.open("wb") as handle:
        hand_over(handle.fileno(), path.parent, 0o640)
        for octets in parts:
            handle.write(octets)
        handle.flush()
        os.fsync(handle.fileno())


def hand_over(fd: int, folder: Path, mode: int) -> None:
    """Give a file of ours to whom the folder belongs."""
    if os.fstat(fd).st_uid == os.geteuid():
        owner = folder.stat()
        os.fchmod(fd, mode)
        os.fchown(fd, owner.st_uid if os.geteuid() == 0 else -1, owner.st_gid if os.geteuid() == 0 else -1)


def _readable(path: Path) -> Snapshot | None:
    try:
        return parse_snapshot(path.read_bytes())
    except (OSError, HouseError):
        return None


def _lock(data: Path) -> int:
    """Return the handle of a lock that is held: one change happens at a time. Raises OSError, EAGAIN after a while."""
    handle = os.open(data / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)
    try:
        hand_over(handle, data, 0o660)
        _take(handle, clock.uptime() + LOCK_S)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _take(handle: int, until: float) -> None:
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.uptime() > until:
                raise
        clock.pause(POLL_S)
