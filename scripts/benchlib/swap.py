"""What swapping the file of all lists costs whoever asks meanwhile: queries lost, how long they take, until in force.

A nameserver with two workers under a steady load of listed, open and new names, from many ports so that both workers
are reached; the file of a long list is published to and fro, once with and once without a marker's name.
"""

import argparse
import gzip
import itertools
import random
import select
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.message

from appliance.core.house import House
from appliance.core.lists.build import Known, Source, build
from appliance.core.lists.rule import Syntax
from appliance.core.subscription import Subscription
from appliance.household.inforce import Standing, look_at_lists
from appliance.household.lists import set_file
from appliance.world.listfile import digest_of, publish_set
from appliance.world.patterns import compile_patterns
from appliance.world.snapshot import publish_house
from scripts.benchlib.inforce import wait_until_up
from scripts.benchlib.loads import LIST
from scripts.benchlib.peers import ANSWERS_ALL, unbound

INTERNET = 5391
SERVER, PORT, CLIENT = "127.0.0.1", 5396, "127.0.0.2"
CLIENTS = 24
MARKER = "marker.lists.example"
BLOCKED = "0.0.0.0"
LATE_S = 5.0
"""A query that isn't answered within this is lost."""
LIMIT_S = 30.0


@dataclass
class Load:
    """What was asked, and how long (seconds) each answer took, with the moment of asking."""

    sent: int = 0
    took: list[tuple[float, float]] = field(default_factory=list)
    marked: dict[int, bool] = field(default_factory=dict)
    """Client → whether the marker's name was blocked when it last asked."""
    is_over: threading.Event = field(default_factory=threading.Event)


def main() -> None:
    """Measure and print; status 1 where a query was lost."""
    parser = argparse.ArgumentParser(prog="scripts/bench swap", description=__doc__)
    parser.add_argument("--swaps", type=int, default=10)
    parser.add_argument("--rate", type=int, default=500, help="queries a second")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--lines", type=int, help="only so many lines of the list")
    parser.add_argument("--list", type=Path, default=LIST, help="in the format of hosts, may be .gz")
    told = parser.parse_args()
    lines = read(told.list, told.lines)
    began = time.monotonic()
    files = [built([*lines, f"0.0.0.0 {MARKER}"]), built(lines)]
    print(f"{len(lines):,} lines: two files of {len(files[0]) / 1e6:.1f} MB built in {time.monotonic() - began:.0f} s")
    names = [line.split()[1] for line in random.Random(7).sample(lines, min(2_000, len(lines))) if line[:1].isdigit()]
    del lines
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data = folder / "data"
        publish_house(data, House(lists=(Subscription(id="long", name="A long list"),)))
        publish_set(set_file(data), files[1])
        stack.enter_context(unbound(folder, "internet", INTERNET, [ANSWERS_ALL]))
        process = stack.enter_context(start(data, told.workers))
        stack.callback(process.terminate)
        wait_until_up(data)
        with load(names, told.rate) as asked:
            wait(lambda: len(asked.marked) == CLIENTS, "every client is answered")
            time.sleep(2)
            quiet = time.monotonic()
            swaps = [swap(data, files[number % 2], number % 2 == 0, asked) for number in range(told.swaps)]
        report(told.workers, asked, quiet, swaps)


def report(workers: int, asked: Load, quiet: float, swaps: list[tuple[float, float, float]]) -> None:
    """Print the tables, and leave with status 1 where a query was lost."""
    lost = asked.sent - len(asked.took)
    during = [
        took for at, took in asked.took if any(began - 0.1 <= at <= began + on_wire for began, on_wire, _ in swaps)
    ]
    print("\n| Answers | queries | median | 99 % | max |")
    print("|---|---:|---:|---:|---:|")
    for words, times in (("no swap", [took for at, took in asked.took if at < quiet]), ("during swaps", during)):
        ordered = sorted(times) or [0.0]
        middle, late, last = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1]
        print(f"| {words} | {len(times):,} | {middle * 1e3:.1f} ms | {late * 1e3:.1f} ms | {last * 1e3:.1f} ms |")
    print(f"\n| In force on {workers} workers, {len(swaps)} swaps | median | max |")
    print("|---|---:|---:|")
    for words, column in (("new answer on the wire for every client", 1), ("reported on the bus", 2)):
        times = [one[column] for one in swaps]
        print(f"| {words} | {statistics.median(times) * 1e3:.0f} ms | {max(times) * 1e3:.0f} ms |")
    print(f"\nQueries lost: {lost} of {asked.sent:,}")
    sys.exit(lost > 0)


def read(path: Path, limit: int | None) -> list[str]:
    """Return the lines of a list."""
    if not path.is_file():
        sys.exit(f"there is no {path}: name a list with --list")
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return [line.rstrip("\n") for line in itertools.islice(file, limit)]


def built(lines: list[str]) -> bytes:
    """Return the file of one list."""
    source = Source(id="long", lines=lines, syntax=Syntax.HOSTS, wide=True)
    return build([source], Known(), compile_patterns).octets


def start(data: Path, workers: int) -> "subprocess.Popen[bytes]":
    """Start a nameserver."""
    words = ["--workers", str(workers), "--dns", f"{SERVER}:{PORT}", "--upstream", f"127.0.0.1:{INTERNET}"]
    command = [sys.executable, "-m", "appliance", "nameserver", "--data", str(data), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def swap(data: Path, octets: bytes, is_marked: bool, asked: Load) -> tuple[float, float, float]:
    """Publish a file; return when that was done, and after how many seconds it was on the wire and on the bus."""
    publish_set(set_file(data), octets)
    began = time.monotonic()
    asked.marked.clear()
    digest = digest_of(set_file(data))
    on_wire = wait(lambda: sum(one is is_marked for one in asked.marked.copy().values()) == CLIENTS, "the new answer")
    wait(lambda: look_at_lists(data, digest).standing is Standing.RUNS, "the report")
    on_bus = time.monotonic() - began
    time.sleep(1)
    return began, on_wire, on_bus


def wait(is_so: Callable[[], bool], what: str) -> float:
    """Wait until something is so, and return for how long (seconds)."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > LIMIT_S:
            sys.exit(f"never came: {what}")
        time.sleep(0.005)
    return time.monotonic() - began


@contextmanager
def load(names: list[str], rate: int) -> Iterator[Load]:
    """Ask so many times a second, as long as the block runs, and then wait for the last answers."""
    made = Load()
    thread = threading.Thread(target=_ask, args=(names, rate, made))
    thread.start()
    try:
        yield made
    finally:
        made.is_over.set()
        thread.join()


def _ask(names: list[str], rate: int, made: Load) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(CLIENTS)]
        numbers = {client: number for number, client in enumerate(clients)}
        for client in clients:
            client.bind((CLIENT, 0))
            client.connect((SERVER, PORT))
            client.setblocking(False)
        under_way: dict[tuple[int, int], tuple[float, bool]] = {}
        due, until = time.monotonic(), None
        while until is None or (under_way and time.monotonic() < until):
            if made.is_over.is_set() and until is None:
                until = time.monotonic() + LATE_S
            for client in select.select(clients, [], [], max(0.0, due - time.monotonic()))[0]:
                _take(made, numbers[client], client.recv(4096), under_way)
            if until is None and time.monotonic() >= due:
                due += 1 / rate
                number, ident = made.sent % CLIENTS, made.sent & 0xFFFF
                name = _name(names, made.sent // CLIENTS, made.sent)
                under_way[number, ident] = (time.monotonic(), name == MARKER)
                made.sent += 1
                clients[number].send(ident.to_bytes(2, "big") + dns.message.make_query(name, "A").to_wire()[2:])


def _name(names: list[str], turn: int, serial: int) -> str:
    """Return what a client asks for in its turn: the marker, a listed name, one seen before, one never seen."""
    match turn % 4:
        case 0 | 2:
            return MARKER
        case 1:
            return names[serial % len(names)]
        case 3 if serial % 2:
            return f"open{serial % 977}.example.org"
        case _:
            return f"new{serial}.example{serial % 97}.org"


def _take(made: Load, number: int, wire: bytes, under_way: dict[tuple[int, int], tuple[float, bool]]) -> None:
    asked = under_way.pop((number, int.from_bytes(wire[:2], "big")), None)
    if asked is None:
        return
    at, is_marker = asked
    made.took.append((at, time.monotonic() - at))
    if is_marker:
        reply = dns.message.from_wire(wire)
        made.marked[number] = any(BLOCKED in str(rrset) for rrset in reply.answer)


if __name__ == "__main__":
    main()
