"""Lists that lie on this box: those of the configuration's folder, and those that are copied in."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from appliance.steward.lists.intake import Intake, Taken
from appliance.steward.lists.limits import Limits, NotTaken
from appliance.steward.lists.unpack import PIECE_OCTETS

FOLDER = "lists"
SCHEME = "file:"


def take_file(config: Path | None, url: str, known: str, into: BinaryIO, limits: Limits) -> tuple[Taken, str] | None:
    """Return what the list of ``file:NAME`` is, and what will tell whether it changed; None if that is still `known`.

    It lies in the folder `lists` of the configuration's folder `config`. Raises NotTaken.
    """
    if config is None:
        raise NotTaken("Lists of this box lie beside its appliance.yaml, and there is none.")
    folder = config / FOLDER
    try:
        path = (folder / url.removeprefix(SCHEME)).resolve(strict=True)
        inside = path.is_relative_to(folder.resolve(strict=True))
    except (OSError, RuntimeError, ValueError) as error:
        raise NotTaken(f"There is no such file in the folder {FOLDER} beside appliance.yaml.") from error
    if not inside:
        raise NotTaken("That file leads out of the folder that lists are read from.")
    with _opened(path) as file:
        status = os.fstat(file.fileno())
        mark = f"{status.st_ino}-{status.st_size}-{status.st_mtime_ns}"
        return None if mark == known else (_take(file, into, limits), mark)


def take_path(path: Path, into: BinaryIO, limits: Limits) -> Taken:
    """Return what came of a file that somebody named. Raises NotTaken."""
    with _opened(path) as file:
        return _take(file, into, limits)


def take_octets(octets: bytes, into: BinaryIO, limits: Limits) -> Taken:
    """Return what came of a list that somebody holds in memory. Raises NotTaken."""
    intake = Intake(into, limits)
    intake.feed(octets)
    return intake.end()


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file, and nothing else: a pipe would never end, and opening one never begin."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotTaken("There is no such file.") from error
    except OSError as error:
        raise NotTaken("The file can't be read: Kindgate's user must be let.") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotTaken("That is not a file.")
    with os.fdopen(handle, "rb") as file:
        yield file


def _take(file: BinaryIO, into: BinaryIO, limits: Limits) -> Taken:
    intake = Intake(into, limits)
    try:
        while piece := file.read(PIECE_OCTETS):
            intake.feed(piece)
    except OSError as error:
        raise NotTaken("The file can't be read to its end.") from error
    return intake.end()
