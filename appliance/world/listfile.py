"""The file of all lists as it lies on the disk: replaced whole, mapped by every worker, and checked when it is.

Its digest, by which everybody tells which lists are in force, is sixteen hexadecimal digits: checksum and length.
"""

import logging
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from appliance.core.lists.listset import MARK, ListSet, ListSetError
from appliance.world.patterns import compile_patterns
from appliance.world.snapshot import write_file
from appliance.world.watch import identity

_SUM = slice(12, 16)
"""Where the checksum of all that follows stands, little endian."""

log = logging.getLogger(__name__)


def publish_set(path: Path, octets: bytes | memoryview) -> str:
    """Put a file of lists in place of the one before, by atomic rename, and return its digest. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    fresh = path.with_name(f".{path.name}.new")
    write_file(fresh, octets)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return _digest(bytes(octets[: _SUM.stop]), len(octets))


def open_set(path: Path) -> ListSet | None:
    """Return the lists of a file, mapped; None where there is none. Raises ListSetError, OSError."""
    with _opened(path) as handle:
        return None if handle is None else map_set(handle)[1]


def map_set(handle: int) -> tuple[str, ListSet]:
    """Return the digest and the lists of an open file, which may be closed then. Raises ListSetError, OSError.

    All of it is read once, so that nobody meets a damaged page when a name is looked up.
    """
    digest = _digest_of(handle)
    # Only what was renamed into its place is ever mapped: nobody makes such a file shorter.
    mapped = mmap.mmap(handle, 0, access=mmap.ACCESS_READ)
    return digest, ListSet(memoryview(mapped), compile_patterns)


def digest_of(path: Path) -> str:
    """Return the digest of a file of lists, empty where there is none. Raises ListSetError, OSError."""
    with _opened(path) as handle:
        return "" if handle is None else _digest_of(handle)


class Found(NamedTuple):
    """What a look at the file found: its digest and an open handle of it, or what is wrong with it."""

    digest: str = ""
    handle: int | None = None
    problem: str | None = None


class ListsWatch:
    """Follows a file of lists. What was good last stays when the file is damaged, or its folder goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: object = None
        self.digest = ""
        """Of the last good file, empty where there are no lists."""
        self.handle: int | None = None
        """The last good file, open: it is there whatever becomes of its name."""
        self.problem: str | None = None
        """What is wrong with the file as it is now, in words."""

    def look(self) -> bool:
        """Read the file if it is another one; say whether there are other lists now."""
        return self.is_another() and self.take(self.read())

    def is_another(self) -> bool:
        """Say, once, whether the file is another one than before."""
        seen, self._seen = self._seen, identity(self._path)
        return seen != self._seen

    def read(self) -> Found:
        """Open and check the file; takes its time, and may be called in a thread."""
        try:
            with _opened(self._path) as handle:
                if handle is None:
                    # A file that was removed is one thing, a data folder that is away another.
                    is_away = self.handle is not None and not self._path.parent.is_dir()
                    return Found(problem=f"{self._path.parent} is gone" if is_away else None)
                return Found(map_set(handle)[0], os.dup(handle))
        except (OSError, ValueError) as error:
            return Found(problem=f"{self._path} can't be used: {error}")

    def take(self, found: Found) -> bool:
        """Follow what was found; say whether these are other lists."""
        problem = found.problem
        if problem is not None and self.handle is not None:
            problem = f"{problem}: the last good lists stay in force"
        if problem is not None and problem != self.problem:
            log.warning("%s", problem)
        self.problem = problem
        if problem is not None:
            return False
        self.close()
        is_other, self.digest, self.handle = found.digest != self.digest, found.digest, found.handle
        return is_other

    def close(self) -> None:
        """Let go of the file."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    """Open a file to read, for as long as the block runs; None where there is none."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def _digest_of(handle: int) -> str:
    return _digest(os.pread(handle, _SUM.stop, 0), os.fstat(handle).st_size)


def _digest(head: bytes, length: int) -> str:
    """Return the digest of a file that begins like this. Raises ListSetError."""
    if len(head) < _SUM.stop or not head.startswith(MARK):
        raise ListSetError("not a file of lists")
    return f"{int.from_bytes(head[_SUM], 'little'):08x}{length & 0xFFFF_FFFF:08x}"
