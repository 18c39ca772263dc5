"""The child that builds the file of all lists: `python -m appliance.steward.lists.build`, its job on standard input."""

import contextlib
import errno
import gzip
import os
import resource
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import msgspec

from appliance.core.lists.build import Built, Known, ListRefused, Source, build
from appliance.core.rulebook import HELP, INFRASTRUCTURE, UPDATES
from appliance.household.lists import read_lines
from appliance.steward.lists.job import Done, Job, Part
from appliance.steward.lists.limits import DAMAGED
from appliance.steward.lists.workshop import TOO_MUCH, UNDONE
from appliance.world import rules
from appliance.world.listfile import publish_set
from appliance.world.patterns import compile_patterns
from appliance.world.suffixes import is_suffix

MAX_MEMORY_OCTETS = 1_000_000_000
"""Of address space; two million names take less than half of it."""
NICER = 5
FULL = "The box's disk is full: the last good lists stay in force."


class Damaged(Exception):
    """What lies here of a list can't be read."""


class Text:
    """The lines of a list that is packed with gzip, read as often as they are wanted."""

    def __init__(self, list_id: str, path: str) -> None:
        self._id = list_id
        self._path = path

    def __iter__(self) -> Iterator[str]:
        """Yield the lines. Raises Damaged with the list's id."""
        try:
            with gzip.open(self._path, "rb") as file:
                yield from read_lines(file)
        except (OSError, EOFError, zlib.error) as error:
            raise Damaged(self._id) from error


def run(job: Job, known: Known) -> Done:
    """Build, and put the file in its place: a list that can't be taken as it came last is taken as it was before.

    Raises OSError, MemoryError; then the file is as it was.
    """
    left = {part.id: list(part.paths) for part in job.parts}
    refused: dict[str, str] = {}
    while True:
        parts = [part for part in job.parts if left[part.id]]
        if not parts:
            Path(job.target).unlink(missing_ok=True)
            return Done(refused=refused)
        try:
            built = _built(parts, left, known)
        except ListRefused as error:
            culprit, why = error.list, _sentence(str(error))
        except Damaged as error:
            culprit, why = str(error), DAMAGED
        else:
            digest = publish_set(Path(job.target), built.octets)
            return Done(digest, {part.id: left[part.id][0] for part in parts}, built.reports, refused)
        refused.setdefault(culprit, why)
        left[culprit].pop(0)


def _built(parts: list[Part], left: dict[str, list[str]], known: Known) -> Built:
    sources = [
        Source(
            id=part.id, is_allow=part.is_allow, syntax=part.syntax, subdomains=part.subdomains,
            redirects=part.redirects, wide=part.wide, lines=Text(part.id, left[part.id][0]),
        )
        for part in parts
    ]  # fmt: skip
    return build(sources, known, compile_patterns)


def _sentence(words: str) -> str:
    """Return words as a sentence of their own."""
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def known_names() -> Known:
    """Return the names that the bundled rules know. Raises RulebookError, OffersError, OSError."""
    book = rules.load_rulebook()
    by_tag: dict[str, set[str]] = {}
    for entry in book.entries:
        if not entry.is_not:
            tag = INFRASTRUCTURE if entry.tag.startswith(UPDATES) else entry.tag
            by_tag.setdefault(tag, set()).add(entry.name)
    return Known(
        help_lines=frozenset(by_tag.get(HELP, ())),
        information=frozenset().union(*(by_tag.get(category, ()) for category in book.information)),
        infrastructure=frozenset(by_tag.get(INFRASTRUCTURE, ())),
        popular=rules.load_popular(),
        is_suffix=is_suffix,
    )


def answer(line: bytes) -> Done:
    """Return what came of a job, a line of JSON."""
    try:
        return run(msgspec.json.decode(line, type=Job), known_names())
    except MemoryError:
        return Done(problem=TOO_MUCH)
    except OSError as error:
        return Done(problem=FULL if error.errno in (errno.ENOSPC, errno.EDQUOT) else UNDONE)
    except Exception:  # noqa: BLE001 -- whatever a list does to its reader; the words of it may hold names
        return Done(problem=UNDONE)


def main() -> None:
    """Do one job."""
    _step_back()
    line = sys.stdin.buffer.readline()
    Thread(target=_end_with_parent, daemon=True).start()
    sys.stdout.buffer.write(msgspec.json.encode(answer(line)) + b"\n")
    sys.stdout.buffer.flush()
    # Without taking down a million values one by one.
    os._exit(0)


def _step_back() -> None:
    """Let everything else on the box come first, and be the first to go where memory is short."""
    for step_back in (
        lambda: os.nice(NICER),
        lambda: Path("/proc/self/oom_score_adj").write_text("1000", "ascii"),
        lambda: resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_OCTETS, MAX_MEMORY_OCTETS)),
    ):
        # A jail may forbid one or the other.
        with contextlib.suppress(OSError, ValueError):
            step_back()


def _end_with_parent() -> None:
    """End when whoever wants the file is gone: nobody would take it."""
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()
