"""What the classifier costs the nameserver: a worker with it on beside one with it off, asked for a fifth new names.

All who ask are children of ten whose new names are guessed at: no house has more of them. "flood" is as fast as can be;
"steady" are 500 a second, of which the time that each answer took is told. Pairs are interleaved, the second begins
with the other; a ratio is the median of the pairs. The labels process shares the machine's processors with all others:
in a flood its guesses come too late, and so it is soon left alone; the table says how many names it was asked about.
"""

import argparse
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.core.device import Device
from appliance.core.house import Classifier, House
from appliance.core.person import Person
from appliance.household.labels import NAME
from appliance.world import bus
from appliance.world.snapshot import publish_house
from scripts.benchlib import peers
from scripts.benchlib.loads import Answered, Sender, ask, median_ratio
from scripts.benchlib.peers import Server

INTERNET, ON, OFF = range(5391, 5394)
SENDERS = tuple(Sender(f"127.0.0.{51 + number}") for number in range(8))
KNOWN = 1_000
"""Names that were asked for before."""
NEW_EACH = 5
"""Each fifth query is for a new one."""
WARM_QPS = 800
LONGEST = 40_000
"""Queries of one sender in one round, at most."""
STEADY_QPS = 500
LEAST = 0.9
READY_S = 60.0
WORDS = (
    *("amber", "apple", "bakery", "bank", "beach", "berlin", "bike", "bridge", "castle", "chess", "choir", "city"),
    *("cloud", "coach", "coffee", "craft", "dental", "design", "dream", "farm", "forest", "garden", "glass", "gold"),
    *("harbor", "health", "home", "island", "kitchen", "lake", "lemon", "market", "media", "moon", "music", "ocean"),
    *("office", "paper", "photo", "plant", "print", "radio", "river", "road", "school", "silver", "solar", "star"),
    *("stone", "studio", "summer", "team", "tower", "travel", "tree", "valley", "video", "water", "wind", "world"),
)
ENDINGS = ("com", "net", "org", "de", "co.uk", "fr", "nl", "info", "shop", "io")


@dataclass(frozen=True, slots=True)
class Side:
    """A nameserver with the classifier on or off, and what was measured."""

    server: Server
    data: Path
    flood: list[Answered]
    steady: list[Answered]

    def counts(self) -> dict[str, int]:
        """Return what it has counted of guesses so far."""
        told = bus.ask(self.data, "nameserver", {"ask": "status"})["counts"]
        assert isinstance(told, dict)
        return {name.removeprefix("guesses."): number for name, number in told.items() if name.startswith("guesses.")}


def main() -> None:
    """Measure, print a table as Markdown; status 1 where the promise is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench guesses", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=5, help="of each round")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    names = _names(random.Random(options.seed))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(peers.unbound(folder, "internet", INTERNET, [peers.ANSWERS_ALL]))
        known = list(itertools.islice(names, KNOWN))
        sides = [stack.enter_context(_side(folder / word, port, is_on=port == ON)) for word, port in
                 (("on", ON), ("off", OFF))]  # fmt: skip
        for side in sides:
            # Slowly, so that each of these names is guessed at; then so that each reply is kept.
            files = [_written(folder, number, known) for number in range(len(SENDERS))]
            for rate in (WARM_QPS, None):
                ask(side.server, files, SENDERS, ["-n", "1"], rate=rate)
        began = sides[0].counts()
        for _ in range(2):
            for side in sides:
                side.steady.append(_round(side.server, folder, known, names, options.seconds, STEADY_QPS))
        time.sleep(2)
        middle = sides[0].counts()
        for number in range(options.pairs):
            order = sides[::-1] if number % 2 else sides
            for side in order:
                side.flood.append(_round(side.server, folder, known, names, options.seconds))
        time.sleep(2)
        steady, flood = _less(middle, began), _less(sides[0].counts(), middle)
        labels = bus.ask(sides[0].data, NAME, {"ask": "status"})
        labels_mb = _resident_mb(int(str(labels["pid"])))
    sys.exit(not _report(sides, flood, steady, labels_mb))


def _report(sides: Sequence[Side], flood: dict[str, int], steady: dict[str, int], labels_mb: float) -> bool:
    on, off = sides
    print("| 20 % new names | classifier on | off |\n|---|---:|---:|")
    rows: tuple[tuple[str, Callable[[Side], str]], ...] = (
        ("flood, answers/s", lambda one: f"{statistics.median(made.rate for made in one.flood):,.0f}"),
        ("flood, CPU µs of the worker each", lambda one: f"{statistics.median(made.cpu_us for made in one.flood):.1f}"),
        ("flood, lost", lambda one: str(sum(made.lost for made in one.flood))),
        (
            "500 a second, CPU µs of the worker each",
            lambda one: f"{statistics.median(m.cpu_us for m in one.steady):.1f}",
        ),
        ("500 a second, median", lambda one: f"{_late(one, 0.5):.2f} ms"),
        ("500 a second, 95 %", lambda one: f"{_late(one, 0.95):.2f} ms"),
        ("500 a second, 99 %", lambda one: f"{_late(one, 0.99):.2f} ms"),
    )
    for words, figure in rows:
        print(f"| {words} | {figure(on)} | {figure(off)} |")
    ratios = sorted(ours.rate / theirs.rate for ours, theirs in zip(on.flood, off.flood, strict=True))
    ratio = median_ratio(on.flood, off.flood)
    print("\n| new names | asked about | late | not asked about: too many | pauses |\n|---|---:|---:|---:|---:|")
    for words, counts in (("flood", flood), ("500 a second", steady)):
        cells = " | ".join(f"{counts.get(one, 0):,}" for one in ("asked", "late", "crowded", "paused"))
        print(f"| {words} | {cells} |")
    print(f"\nThe labels process has {labels_mb:.0f} MB. Ratios: {json.dumps([round(one, 3) for one in ratios])}")
    verdict = "holds" if ratio >= LEAST else "**broken**"
    print(f"\nThroughput with the classifier on, of that with it off: {ratio:.3f} (≥ {LEAST}): {verdict}")
    return ratio >= LEAST


def _less(counts: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: number - before.get(name, 0) for name, number in counts.items()}


def _late(side: Side, share: float) -> float:
    return statistics.median(made.percentile(share) for made in side.steady)


def _round(
    server: Server, folder: Path, known: Sequence[str], names: Iterator[str], seconds: int, rate: int | None = None
) -> Answered:
    count = LONGEST if rate is None else rate * seconds // len(SENDERS)
    files = []
    for number in range(len(SENDERS)):
        asked = (
            next(names) if serial % NEW_EACH == 0 else known[(serial * 7 + number) % len(known)]
            for serial in range(count)
        )
        files.append(_written(folder, number, asked))
    return ask(server, files, SENDERS, ["-l", str(seconds), "-n", "1"], rate=rate)


def _written(folder: Path, number: int, names: Iterable[str]) -> Path:
    file = folder / f"queries{number}.txt"
    file.write_text("".join(f"{name} A\n" for name in names))
    return file


def _names(chance: random.Random) -> Iterator[str]:
    """Yield names that nobody asked for before, each a site of its own, as a catalogue of shops may have them."""
    for serial in itertools.count():
        body = "-".join(chance.sample(WORDS, 2))
        yield f"www.{body}{serial}.{chance.choice(ENDINGS)}"


@contextmanager
def _side(data: Path, port: int, *, is_on: bool) -> Iterator[Side]:
    """Give a nameserver, with its steward, and with a labels process where the classifier is on."""
    publish_house(data, _house(is_on=is_on))
    command = [sys.executable, "-m", "appliance", "steward", "--data", str(data)]
    with subprocess.Popen(command, cwd=peers.ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as steward:
        try:
            if is_on:
                _wait_for_labels(data)
            with peers.kindgate(data, port, INTERNET, name=data.name) as server:
                time.sleep(2)
                yield Side(server, data, [], [])
        finally:
            steward.terminate()


def _wait_for_labels(data: Path) -> None:
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        try:
            problem = bus.ask(data, NAME, {"ask": "status"})["problem"]
        except bus.BusError:
            time.sleep(0.05)
            continue
        if problem is None:
            return
        sys.exit(f"the labels process can't guess: {problem}")
    sys.exit("there is no labels process")


def _house(*, is_on: bool) -> House:
    persons = [Person(id=f"child{number}", name=f"Child {number}", band="10-12") for number in range(len(SENDERS))]
    devices = [
        Device(id=f"tablet{number}", person=f"child{number}", addresses=(sender.address,))
        for number, sender in enumerate(SENDERS)
    ]
    return House(persons=tuple(persons), devices=tuple(devices), classifier=Classifier(on=is_on))


def _resident_mb(pid: int) -> float:
    (line,) = [one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
