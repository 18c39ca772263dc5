"""A list of a million names: how long it takes to build, what it costs in memory, and how fast it is searched.

Beside it dnsmasq and unbound with the same names: how much memory the list adds to them, and how long they take from
their start to their first answer. All read names one a line, as a hosts file has them.
"""

import argparse
import getpass
import gzip
import itertools
import json
import mmap
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message

from appliance.core.lists.build import Source, build
from appliance.core.lists.listset import ListSet
from appliance.core.lists.rule import Syntax
from appliance.steward.lists.build import known_names
from appliance.world.patterns import compile_patterns
from scripts.benchlib.peers import UNBOUND

ROOT = Path(__file__).parents[2]
LIST = ROOT.parent / "shared" / "data" / "bulk" / "blocklist.hosts.gz"
SINK = "0.0.0.0 "
PORT = 5396
READY_S = 300.0
BUILD_S = 600.0
SAMPLES = 1000
ROUNDS = 5
LABELS = (1, 3, 5)
MIB = 1024 * 1024

DNSMASQ = """
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
pid-file=
user={user}
cache-size=0
"""


def main() -> None:
    """Measure and print the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="scripts/bench lists", description=__doc__)
    parser.add_argument("list", nargs="?", type=Path, default=LIST, help="a hosts file, may be .gz")
    parser.add_argument("--names", type=int, default=1_000_000, help="so many of the first")
    parser.add_argument("--part", choices=("build", "open"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    told = parser.parse_args()
    if not told.list.is_file():
        sys.exit(f"there is no {told.list}")
    if told.part:
        print(json.dumps((built if told.part == "build" else opened)(told.list, told.names, told.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        show(told.list, told.names, Path(folder))


def show(path: Path, number: int, folder: Path) -> None:
    """Measure ours in children of its own, then each peer."""
    words = [sys.executable, "-m", "scripts.benchlib.lists", str(path), "--names", str(number)]
    file = folder / "lists.set"
    made = child([*words, "--part", "build", "--file", str(file)])
    ours = child([*words, "--part", "open", "--file", str(file)])
    print(f"| {made['names']:,.0f} names | |\n|---|---:|")
    print(f"| build, reading included | {made['seconds']:.1f} s |")
    print(f"| of that, processor time | {made['cpu_seconds']:.1f} s |")
    print(f"| peak memory of the build | {made['peak_mb']:.0f} MB |")
    print(f"| size of the file | {made['octets'] / 1e6:.1f} MB |")
    print(f"| private memory added to a process that opens it | {ours['private_mb']:.2f} MB |")
    for key, value in ours.items():
        if key.startswith("find"):
            print(f"| {key} | {value:.1f} µs |")
    print("\n| the list in | adds memory | ours is | until it answers | ours is |\n|---|---:|---:|---:|---:|")
    print(f"| Kindgate | {ours['added_mb']:.0f} MB | 1 | {ours['seconds']:.3f} s | 1 |")
    for name, start in PEERS.items():
        (before, _), (after, seconds) = (start(folder, names_of(path, count)) for count in (1, number))
        added = (after - before) / MIB
        ratios = f"{ours['added_mb'] / added:.2f}", f"{ours['seconds'] / seconds:.4f}"
        print(f"| {name} | {added:.0f} MB | {ratios[0]} | {seconds:.2f} s | {ratios[1]} |")
    print("\nKindgate's memory is that of the file's pages, which all its workers share, and what is private; its time")
    print("is that of opening the file, which is built before, in a process of its own.")


def child(command: list[str]) -> dict[str, float]:
    """Run a part in a process of its own; return what it measured."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=BUILD_S, check=True)
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def lines_of(path: Path, number: int) -> Iterator[str]:
    """Yield the first lines of a hosts file, up to so many names."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        left = number
        for line in file:
            yield line
            left -= line.startswith(SINK)
            if not left:
                return


def names_of(path: Path, number: int) -> Iterator[str]:
    """Yield the first names of a hosts file."""
    return (line.removeprefix(SINK).strip() for line in lines_of(path, number) if line.startswith(SINK))


def built(path: Path, number: int, file: Path) -> dict[str, float]:
    """Build the file."""
    known = known_names()
    began, worked = time.monotonic(), time.process_time()
    made = build([Source(id="list", syntax=Syntax.HOSTS, lines=lines_of(path, number))], known, compile_patterns)
    file.write_bytes(made.octets)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    names = made.reports["list"].names
    return {
        "names": names,
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": peak / MIB,
        "octets": len(made.octets),
    }


def opened(path: Path, number: int, file: Path) -> dict[str, float]:
    """Open the file and search it: names by how many labels they have, that it has and that it has not."""
    before = memory("Anonymous"), memory("Rss")
    began = time.monotonic()
    with file.open("rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    lists = ListSet(memoryview(mapped), compile_patterns)
    seconds = time.monotonic() - began
    lists.find("www.example.com")
    private, added = memory("Anonymous") - before[0], memory("Rss") - before[1]
    times = {key: median_us(lists, names) for key, names in samples(path, number) if names}
    return {"seconds": seconds, "private_mb": private / MIB, "added_mb": added / MIB, **times}


def samples(path: Path, number: int) -> Iterator[tuple[str, list[str]]]:
    """Yield names to ask for: some from all over the list, and others that it has not."""
    listed = list(itertools.islice(names_of(path, number), 0, None, max(1, number // (SAMPLES * 50))))
    for labels in LABELS:
        yield f"find: listed, {labels} labels", [name for name in listed if name.count(".") == labels - 1][:SAMPLES]
        below = "zz-nobody." * (labels - 1)
        yield f"find: not listed, {labels} labels", [below + name.rpartition(".")[2] for name in listed[:SAMPLES]]


def median_us(lists: ListSet, names: list[str]) -> float:
    """Return how long a look-up takes, the median of all of these names."""
    times = []
    for name in names * ROUNDS:
        began = time.perf_counter_ns()
        lists.find(name)
        times.append(time.perf_counter_ns() - began)
    return statistics.median(times) / 1000


def memory(kind: str, pid: int | str = "self") -> int:
    """Return the octets of a kind of memory of a process; Anonymous is what it shares with nobody."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * 1024
    sys.exit(f"this kernel tells no {kind}")


def dnsmasq_hosts(folder: Path, names: Iterator[str]) -> tuple[int, float]:
    """Run dnsmasq with a hosts file."""
    hosts = written(folder / "dnsmasq.hosts", "", (f"0.0.0.0 {name}" for name in names))
    return dnsmasq(folder, iter([f"addn-hosts={hosts}"]))


def dnsmasq_addresses(folder: Path, names: Iterator[str]) -> tuple[int, float]:
    """Run dnsmasq with an address for each name."""
    return dnsmasq(folder, (f"address=/{name}/" for name in names))


def dnsmasq(folder: Path, lines: Iterator[str]) -> tuple[int, float]:
    """Run dnsmasq with these lines."""
    common = DNSMASQ.format(port=PORT, user=getpass.getuser())
    file = written(folder / "dnsmasq.conf", common, lines)
    return measured(["dnsmasq", "--keep-in-foreground", f"--conf-file={file}", "--log-facility=-"])


def unbound(folder: Path, names: Iterator[str]) -> tuple[int, float]:
    """Run unbound with a zone for each name."""
    lines = (f'local-zone: "{name}" always_null' for name in names)
    file = written(folder / "unbound.conf", UNBOUND.format(port=PORT, folder=folder), lines)
    return measured(["unbound", "-c", str(file)])


PEERS: dict[str, Callable[[Path, Iterator[str]], tuple[int, float]]] = {
    "dnsmasq, addn-hosts=": dnsmasq_hosts,
    "dnsmasq, address=/name/": dnsmasq_addresses,
    "unbound, local-zone: name always_null": unbound,
}


def written(file: Path, start: str, lines: Iterator[str]) -> Path:
    """Write lines to a file."""
    with file.open("w") as stream:
        stream.write(start)
        stream.writelines(f"{line}\n" for line in lines)
    return file


def measured(command: list[str]) -> tuple[int, float]:
    """Run a server until it answers; return its memory then, and after how many seconds that was."""
    asked = dns.message.make_query("listed.invalid", "A").to_wire()
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            while not has_answered(asked):
                if running.poll() is not None or time.monotonic() - began > READY_S:
                    sys.exit(f"{command[0]} did not come up")
            return memory("Rss", running.pid), time.monotonic() - began
        finally:
            running.kill()


def has_answered(asked: bytes) -> bool:
    """Ask once, and wait a little."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.05)
        client.connect(("127.0.0.1", PORT))
        try:
            client.send(asked)
            return bool(client.recv(4096))
        except ConnectionRefusedError:
            time.sleep(0.01)
            return False
        except TimeoutError:
            return False


if __name__ == "__main__":
    main()
