"""What servers are asked: by dnsperf, from eight addresses or through a router's address."""

import gzip
import itertools
import random
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchlib.peers import ROOT, Server

BULK = ROOT.parent / "shared" / "data" / "bulk"
STREAM = BULK / "queries_200k.txt.gz"
LIST = BULK / "blocklist.hosts.gz"
OUTSTANDING = 200
MAC_OPTION = 65001
LIMIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Sender:
    """Who asks: from which address, and with which MAC told by a router."""

    address: str
    mac: str | None = None

    @property
    def arguments(self) -> list[str]:
        """Return what dnsperf must be told of it."""
        told = ["-E", f"{MAC_OPTION}:{self.mac.replace(':', '')}"] if self.mac else []
        return ["-a", self.address, *told]


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a load."""

    rate: float
    """Answers a second."""
    cpu_us: float
    """CPU time of the server for each."""
    lost: int
    took_ms: tuple[float, ...] = ()
    """How long each took, in ascending order, where that was asked for."""

    def percentile(self, share: float) -> float:
        """Return in how many milliseconds so many (0 to 1) were answered."""
        return self.took_ms[min(len(self.took_ms) - 1, int(len(self.took_ms) * share))]


def ask(
    server: Server,
    queries: Sequence[Path],
    senders: Sequence[Sender],
    limits: Sequence[str],
    *,
    rate: int | None = None,
) -> Answered:
    """Let all senders ask at once, each from its own file; `rate` of all together, as fast as can be without it.

    With a rate each answer's time is told, too.
    """
    before = server.cpu_s
    common = ["-s", "127.0.0.1", "-p", str(server.port), *limits]
    if rate is None:
        common += ["-q", str(max(1, OUTSTANDING // len(senders))), "-c", "1"]
    else:
        common += ["-Q", str(rate // len(senders)), "-v"]
    running = [
        subprocess.Popen(
            ["dnsperf", *common, "-d", str(file), *sender.arguments],
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for file, sender in zip(queries, senders, strict=True)
    ]
    told = [one.communicate(timeout=LIMIT_S)[0] for one in running]
    spent = server.cpu_s - before
    completed = sum(_number(text, r"Queries completed:\s+([0-9]+)") for text in told)
    took = (
        float(found) * 1e3 for text in told for found in re.findall(r"^> \S+ \S+ \S+ ([0-9.]+)$", text, re.MULTILINE)
    )
    return Answered(
        rate=sum(_number(text, r"Queries per second:\s+([0-9.]+)") for text in told),
        cpu_us=spent / max(1, completed) * 1e6,
        lost=int(sum(_number(text, r"Queries lost:\s+([0-9]+)") for text in told)),
        took_ms=tuple(sorted(took)),
    )


def median_ratio(ours: Sequence[Answered], peers: Sequence[Answered]) -> float:
    """Return the median of the ratios of the rounds."""
    return statistics.median(one.rate / peer.rate for one, peer in zip(ours, peers, strict=True))


def parts_of_stream(path: Path, folder: Path, count: int) -> list[Path]:
    """Return the stream as so many files, dealt out like cards; a made-up stream if there is none."""
    if path.is_file():
        packed = path.read_bytes()
        lines = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode().splitlines(keepends=True)
    else:
        print("no stream beside the checkout: a made-up one", file=sys.stderr)
        chance = random.Random(7)
        lines = [f"host{int(chance.paretovariate(0.6)) % 60_000}.example.org A\n" for _ in range(200_000)]
    files = [folder / f"part{number}.txt" for number in range(count)]
    for number, file in enumerate(files):
        file.write_text("".join(lines[number::count]))
    return files


def new_names(folder: Path, kind: str, count: int) -> Iterator[Path]:
    """Yield files of names that nobody asked for before; those of another kind are others."""
    for number in itertools.count():
        queries = folder / f"{kind}.txt"
        queries.write_text("".join(f"{kind}{number}-{serial}.example{serial % 977}.org A\n" for serial in range(count)))
        yield queries


def listed_names(path: Path, count: int) -> list[str]:
    """Return the first names of a list in the format of hosts. Leaves where there is none."""
    if not path.is_file():
        sys.exit(f"there is no {path}: name a list with --list")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        lines = (line.split() for line in file if line.startswith("0.0.0.0 "))
        return list(itertools.islice(dict.fromkeys(words[1] for words in lines), count))


def _number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    if found is None:
        sys.exit(f"dnsperf said something else: {text[-2000:]}")
    return float(found[1])
