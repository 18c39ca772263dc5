"""What a long run promises, and whether it was kept: nothing lost, nothing wrong, memory and open files flat."""

import re
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from scripts.soaklib.load import Told

GROWS = 1.05
"""The median of the last quarter of a run, at most so many times that of the second; the first is for warming up."""
FDS_MORE = 2
"""The same for the fewest open files of the quarters: those of queries under way come and go."""


class Sample(NamedTuple):
    """What a process has at a moment."""

    at: float
    private_mb: float
    fds: int


@dataclass(slots=True)
class Seen:
    """What was seen of a run; `samples` are of the daemon and each worker, by name."""

    total: Told = field(default_factory=Told)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    changes: int = 0
    not_in_force: int = 0
    """Changes of the house or the lists that not every worker ran when the next one was made."""
    restarts: int = 0
    errors: int = 0
    outages: int = 0


class Promise(NamedTuple):
    """A promise, and what was measured of it."""

    words: str
    measured: str
    holds: bool


def look_at(pid: int, at: float) -> Sample:
    """Return what a process has for itself. Raises OSError where it is gone."""
    folder = Path(f"/proc/{pid}")
    found = re.findall(r"Private_\w+:\s+(\d+) kB", (folder / "smaps_rollup").read_text())
    return Sample(at, sum(map(int, found)) / 1024, len(list((folder / "fd").iterdir())))


def promises(seen: Seen) -> Iterator[Promise]:
    """Yield what was promised of a run."""
    total = seen.total
    what = "".join(f"; {count} {words}" for words, count in total.lost_as.most_common())
    yield Promise("no query lost", f"{total.lost} of {total.sent:,}{what}", total.lost == 0 < total.sent)
    yield Promise("no answer wrong", str(total.wrong), total.wrong == 0)
    in_force = seen.changes - seen.not_in_force
    yield Promise("every change in force", f"{in_force} of {seen.changes}", 0 == seen.not_in_force < seen.changes)
    yield Promise("no worker started again", str(seen.restarts), seen.restarts == 0)
    yield Promise("no error of our own", str(seen.errors), seen.errors == 0)
    for name, samples in seen.samples.items():
        early, last = _quarter(samples, 1), _quarter(samples, 3)
        sizes = [statistics.median(one.private_mb for one in quarter) for quarter in (early, last)]
        slope = f"{slope_mb_per_h(samples[len(samples) // 2 :]):+.1f} MB an hour in the second half"
        measured = f"{sizes[0]:.1f} MB → {sizes[1]:.1f} MB, {slope}"
        yield Promise(f"memory flat: {name}", measured, sizes[1] <= sizes[0] * GROWS)
        fewest = [min(one.fds for one in quarter) for quarter in (early, last)]
        yield Promise(f"open files flat: {name}", f"{fewest[0]} → {fewest[1]}", fewest[1] <= fewest[0] + FDS_MORE)


def table(kept: Sequence[Promise]) -> str:
    """Return promises as Markdown."""
    rows = (f"| {one.words} | {one.measured} | {'holds' if one.holds else '**broken**'} |" for one in kept)
    return "\n".join(("| promise | | |", "|---|---|---|", *rows))


def minute(number: int, told: Told, samples: Mapping[str, Sequence[Sample]]) -> str:
    """Return the line of a minute."""
    halves = [f"{told.percentile_ms(share):.1f}" for share in (0.5, 0.99)]
    sizes = " + ".join(f"{of[-1].private_mb:.1f}" for of in samples.values() if of)
    fds = " + ".join(str(of[-1].fds) for of in samples.values() if of)
    counts = (told.sent, told.lost, told.wrong, told.excused, told.late)
    return "| " + " | ".join((str(number), *(f"{count:,}" for count in counts), *halves, sizes, fds)) + " |"


HEADING = (
    "| minute | sent | lost | wrong | excused | late (> 1 s) | median ms | 99 % ms | private MB | open files |\n"
    "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def slope_mb_per_h(samples: Sequence[Sample]) -> float:
    """Return the slope of the line that fits best (least squares)."""
    if len({one.at for one in samples}) < 2:
        return 0.0
    fitted = statistics.linear_regression([one.at for one in samples], [one.private_mb for one in samples])
    return fitted.slope * 3600


def _quarter(samples: Sequence[Sample], number: int) -> Sequence[Sample]:
    size = len(samples) // 4
    return samples[number * size : (number + 1) * size] or samples[-1:]
