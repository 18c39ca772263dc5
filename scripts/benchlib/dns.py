"""DNS answers a second: one worker of ours beside unbound with one thread, interleaved, medians of several rounds.

Both forward to the same local server (an unbound that has an answer for every name) and both block the same names.
"warm" is the stream after it ran through once: cached and blocked answers. "new" are names that nobody asked before.
"""

import argparse
import gzip
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from appliance.core.domainset import Entry
from appliance.world import rules

ROOT = Path(__file__).parents[2]
STREAM = ROOT.parent / "shared" / "data" / "bulk" / "queries_200k.txt.gz"
INTERNET, PEER, OURS = 5391, 5392, 5393
BLOCKED = ("malware_phishing", "pornography", "adult_subscription", "ai_companion_sexual", "stalkerware")
"""What a device that nobody named does not get; the peer is given the same names."""
TICKS = os.sysconf("SC_CLK_TCK")
READY_S = 15.0

UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  num-threads: 1
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  verbosity: 0
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "iterator"
  outgoing-range: 4096
  num-queries-per-thread: 2048
  so-rcvbuf: 4m
  so-sndbuf: 4m
  msg-cache-size: 64m
  rrset-cache-size: 128m
"""
ANSWERS_ALL = """
  local-zone: "." redirect
  local-data: ". 3600 IN A 198.51.100.7"
  local-data: ". 3600 IN AAAA 2001:db8::7"
  local-data: ". 3600 IN SOA a.invalid. b.invalid. 1 3600 600 86400 3600"
"""
FORWARDS = """
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{port}
"""


def main() -> None:
    """Measure and print the table as Markdown."""
    parser = argparse.ArgumentParser(prog="scripts/bench dns", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of each round")
    parser.add_argument("--stream", type=Path, default=STREAM, help="queries in dnsperf's format, may be .gz")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stream, new = _streams(options.stream, folder)
        stack.enter_context(unbound(folder, "internet", INTERNET, ANSWERS_ALL))
        peer = stack.enter_context(unbound(folder, "peer", PEER, _zones() + FORWARDS.format(port=INTERNET)))
        ours = stack.enter_context(_kindgate(folder))
        servers = {"kindgate": (OURS, ours), "unbound": (PEER, peer)}
        for port, _ in servers.values():
            _dnsperf(port, stream, ["-n", "2"])
        warm: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        fresh: dict[str, list[tuple[float, float]]] = {name: [] for name in servers}
        for _ in range(options.rounds):
            for name, (port, pid) in servers.items():
                warm[name].append(_measure(port, pid, stream, ["-l", str(options.seconds)]))
        for _ in range(options.rounds):
            for name, (port, pid) in servers.items():
                fresh[name].append(_measure(port, pid, next(new), ["-n", "1"]))
        print("| | q/s | CPU µs/query | ratio | private MB |\n|---|---|---|---|---|")
        for title, rounds in (("warm", warm), ("new", fresh)):
            _print(title, rounds, {name: pid for name, (_, pid) in servers.items()})


def _print(title: str, rounds: dict[str, list[tuple[float, float]]], pids: dict[str, int]) -> None:
    ratios = [ours[0] / peer[0] for ours, peer in zip(rounds["kindgate"], rounds["unbound"], strict=True)]
    for name, measured in rounds.items():
        rate = statistics.median(one[0] for one in measured)
        cpu = statistics.median(one[1] for one in measured)
        ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if name == "kindgate" else "1"
        print(f"| {title}: {name} | {rate:,.0f} | {cpu:.1f} | {ratio} | {_private_mb(pids[name]):.0f} |")


def _measure(port: int, pid: int, queries: Path, arguments: list[str]) -> tuple[float, float]:
    """Return queries a second and CPU microseconds a query."""
    before = _cpu_s(pid)
    sent, rate = _dnsperf(port, queries, arguments)
    return rate, (_cpu_s(pid) - before) / sent * 1e6


def _dnsperf(port: int, queries: Path, arguments: list[str]) -> tuple[int, float]:
    command = ["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(queries), "-c", "8", "-q", "200", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    rate = re.search(r"Queries per second:\s+([0-9.]+)", done.stdout)
    completed = re.search(r"Queries completed:\s+([0-9]+)", done.stdout)
    if rate is None or completed is None:
        sys.exit(f"dnsperf said something else: {done.stdout}")
    return int(completed[1]), float(rate[1])


def _streams(path: Path, folder: Path) -> tuple[Path, Iterator[Path]]:
    """Return the stream as a plain file (made up if there is none), and ever new names as files."""
    stream = folder / "stream.txt"
    if path.is_file():
        packed = path.read_bytes()
        stream.write_bytes(gzip.decompress(packed) if path.suffix == ".gz" else packed)
    else:
        print("no stream beside the checkout: a made-up one", file=sys.stderr)
        chance = random.Random(7)
        names = [f"host{int(chance.paretovariate(0.6)) % 60_000}.example.org" for _ in range(200_000)]
        stream.write_text("".join(f"{name} A\n" for name in names))
    return stream, _new_names(folder)


def _new_names(folder: Path) -> Iterator[Path]:
    number = 0
    while True:
        number += 1
        queries = folder / f"new{number}.txt"
        queries.write_text("".join(f"n{number}-{serial}.example{serial % 977}.org A\n" for serial in range(40_000)))
        yield queries


def _zones() -> str:
    """Return the names that we block for a device nobody named, as the peer's configuration has them."""
    entries: tuple[Entry, ...] = rules.load_rulebook().entries
    return "".join(f'  local-zone: "{entry.name}" always_null\n' for entry in entries if entry.tag in BLOCKED)


@contextmanager
def unbound(folder: Path, name: str, port: int, more: str) -> Iterator[int]:
    """Run an unbound with this configuration besides the common one, until the block ends; give its process id."""
    file = folder / f"{name}.conf"
    file.write_text(UNBOUND.format(port=port, folder=folder) + more)
    with _process(["unbound", "-c", str(file)], port) as pid:
        yield pid


@contextmanager
def _kindgate(folder: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "appliance", "nameserver", "--data", str(folder / "data"), "--workers", "1"]
    command += ["--dns", f"127.0.0.1:{OURS}", "--upstream", f"127.0.0.1:{INTERNET}"]
    with _process(command, OURS) as pid:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        yield int(children[0])


@contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    """Run a server until the block ends, from when it answers."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as running:
        try:
            until = time.monotonic() + READY_S
            probe = ["dig", "@127.0.0.1", "-p", str(port), "ready.example", "+tries=1", "+time=1"]
            while subprocess.run(probe, capture_output=True, check=False).returncode and time.monotonic() < until:
                time.sleep(0.1)
            yield running.pid
        finally:
            running.send_signal(signal.SIGTERM)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _private_mb(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"Private_\w+:\s+(\d+) kB", rollup)) / 1024


if __name__ == "__main__":
    main()
