"""What lies in the data folder's `lists/`: the file of all lists, each list as it was fetched, and how each one stands.

The steward writes it; the dashboard and the command line read it. `SET` is mapped by all workers.
"""

import contextlib
import gzip
import os
import stat
import zlib
from collections.abc import Collection, Iterator
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec

from appliance.core.lists.report import Report
from appliance.core.subscription import Subscription
from appliance.world.snapshot import hand_over

FOLDER = "lists"
SET = "lists.set"
STATUS = "status.json"
FORMAT = 1
MAX_STATUS_OCTETS = 8_000_000
MAX_LINE = 10_000
"""Characters of a line that are ever read; of a longer one, one more, so that its reader sees that it is too long."""
MAX_SHOWN = 1_000
"""Characters of a line that are ever shown."""
_PIECE_OCTETS = 1 << 18
_LONGEST_OCTETS = 4 * (MAX_LINE + 1)


class Phase(Enum):
    """How far a list has come."""

    WAITING = "waiting"
    """There is nothing of it yet."""
    FETCHING = "fetching"
    BUILDING = "building"
    """It is there, and the file of all lists is being made."""
    READY = "ready"
    """It is in the file of all lists, as it came last."""
    OFF = "off"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """How a list stands. What was good last stays in force while `problem` says why there is nothing newer."""

    phase: Phase = Phase.WAITING
    problem: str = ""
    """Why the last try gave nothing, as a sentence; empty where it did."""
    octets: int = 0
    """Of the list as it lies here, unpacked; while it is fetched, how many have come."""
    of_octets: int | None = None
    """How many it will be, where the sender says so."""
    tried_at: float | None = None
    """POSIX seconds."""
    fetched_at: float | None = None
    """When it was last the same as at its source."""
    changed_at: float | None = None
    """When it last had another content."""
    next_at: float | None = None
    failures: int = 0
    """Tries since the last good one."""
    tried: str = ""
    """The address that was tried last."""
    is_wanted: bool = False
    """Somebody said that it is to be fetched now, and that has not begun."""
    source: str = ""
    """Where what lies here came from; another address in the house makes it be fetched anew."""
    etag: str = ""
    last_modified: str = ""
    digest: str = ""
    """Changes with the text of the list."""
    report: Report | None = None
    """What was read of it; None before it was built once."""


class Standing(msgspec.Struct, frozen=True):
    """How all lists of a house stand."""

    format: int = FORMAT
    digest: str = ""
    """Of the file of all lists, as the nameserver tells which one it runs; empty where there is none."""
    built_at: float | None = None
    problem: str = ""
    """Why the file of all lists could not be made."""
    recipe: str = ""
    """What the file of all lists was made of; where it would be made of something else now, it is made anew."""
    lists: dict[str, Status] = {}

    def of(self, subscription: Subscription) -> Status:
        """Return how a list stands; one that the steward has not seen yet is waiting."""
        status = self.lists.get(subscription.id, Status())
        return status if subscription.on else msgspec.structs.replace(status, phase=Phase.OFF)


def folder(data: Path) -> Path:
    """Return where lists lie."""
    return data / FOLDER


def set_file(data: Path) -> Path:
    """Return the file of all lists."""
    return data / FOLDER / SET


def source_file(data: Path, list_id: str) -> Path:
    """Return where a list lies as it was fetched, packed with gzip."""
    return data / FOLDER / "sources" / f"{list_id}.gz"


def load_standing(data: Path) -> Standing:
    """Return how the lists stand; nothing known where there is no file that can be read."""
    try:
        with (data / FOLDER / STATUS).open("rb") as file:
            standing = msgspec.json.decode(file.read(MAX_STATUS_OCTETS), type=Standing)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Standing()
    return standing if standing.format == FORMAT else Standing()


def save_standing(data: Path, standing: Standing) -> None:
    """Put a standing in place of the one before, by atomic rename. Raises OSError.

    It isn't forced to the disk: it is written often, and after a power cut it is only a little older.
    """
    fresh = data / FOLDER / f".{STATUS}.new"
    fresh.unlink(missing_ok=True)
    with fresh.open("wb") as handle:
        hand_over(handle.fileno(), fresh.parent, 0o640)
        handle.write(msgspec.json.encode(standing))
    fresh.replace(data / FOLDER / STATUS)


def make_folders(data: Path) -> None:
    """Make the folders of lists where they are missing, for whoever shares the data folder. Raises OSError."""
    for folder_ in (data / FOLDER, data / FOLDER / "sources"):
        try:
            folder_.mkdir(mode=0o770)
        except FileExistsError:
            continue
        above = folder_.parent.stat()
        if os.geteuid() == 0:
            os.chown(folder_, above.st_uid, above.st_gid)
        if not above.st_mode & stat.S_ISGID:
            folder_.chmod(0o750)
        elif folder_.stat().st_mode & 0o020 == 0:
            # By a umask that keeps the group out; a jailed daemon has none such, and may not do this.
            folder_.chmod(0o2770)


class Octets(Protocol):
    """What is read octet by octet."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many octets, none at the end."""


def read_lines(file: Octets) -> Iterator[str]:
    """Yield the lines of a text in UTF-8 without their ends, each cut after `MAX_LINE` and one more characters.

    A line ends with a line feed, and what isn't UTF-8 becomes U+FFFD, whoever reads it: numbers of lines stay true.
    """
    rest = b""
    is_first = True
    while piece := file.read(_PIECE_OCTETS):
        if is_first:
            piece, is_first = piece.removeprefix(b"\xef\xbb\xbf"), False
        whole, end, after = piece.rpartition(b"\n")
        if not end:
            # The middle of a long line: what can't matter any more is dropped.
            rest = (rest + piece)[:_LONGEST_OCTETS]
            continue
        first, end, others = whole.partition(b"\n")
        yield _cut((rest + first).decode("utf-8", "replace"))
        if end:
            yield from map(_cut, others.decode("utf-8", "replace").split("\n"))
        rest = after[:_LONGEST_OCTETS]
    if rest:
        yield _cut(rest.decode("utf-8", "replace"))


def _cut(line: str) -> str:
    line = line.removesuffix("\r")
    return line if len(line) <= MAX_LINE else line[: MAX_LINE + 1]


def line_of(data: Path, list_id: str, line: int) -> str | None:
    """Return a line (from 1) of a list as it lies here, cut to what can be shown; None where it isn't there."""
    return lines_of(data, list_id, (line,)).get(line)


def lines_of(data: Path, list_id: str, numbers: Collection[int]) -> dict[int, str]:
    """Return several lines by their numbers, read in one go; those that aren't there are left out."""
    found: dict[int, str] = {}
    with (
        contextlib.suppress(OSError, EOFError, zlib.error),
        gzip.open(source_file(data, list_id), "rb") as file,
    ):
        for number, text in enumerate(islice(read_lines(file), max((0, *numbers))), 1):
            if number in numbers:
                found[number] = text[:MAX_SHOWN]
    return found
