"""How long until a changed house is in force: from its publishing to the new answer on the wire from every worker.

A nameserver with two workers, asked from many ports so that both are reached; the house is changed to and fro.
"""

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import dns.message

from appliance.core.device import Device as HouseDevice
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.world import bus
from appliance.world.snapshot import Snapshot, publish_house

SERVER, PORT, CLIENT = "127.0.0.1", 5394, "127.0.0.2"
NAME = "adult.kindgate.test"
"""Blocked for a device that nobody named, open for an adult's; it exists nowhere."""
CLIENTS = 24
LIMIT_S = 10.0
READY_S = 15.0
BOUND_S = 1.0

UNKNOWN = House()
ADULT = House(
    persons=(Person(id="alex", name="Alex", kind=PersonKind.ADULT),),
    devices=(HouseDevice(id="laptop", addresses=(CLIENT,), person="alex"),),
)


def main() -> None:
    """Measure and print median and maximum; status 1 where the bound is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench inforce", description=__doc__)
    parser.add_argument("--changes", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    told = parser.parse_args()
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        publish_house(data, UNKNOWN)
        process = stack.enter_context(start(data, told.workers))
        stack.callback(process.terminate)
        wait_until_up(data)
        clients = [stack.enter_context(client()) for _ in range(CLIENTS)]
        wire, reported = [], []
        for number in range(told.changes):
            on_wire, on_bus = change(data, (ADULT, UNKNOWN)[number % 2], clients)
            wire.append(on_wire)
            reported.append(on_bus)
    print(f"| In force on {told.workers} workers, {told.changes} changes | median | max |")
    print("|---|---:|---:|")
    for words, times in (("new answer on the wire from every worker", wire), ("reported on the bus", reported)):
        print(f"| {words} | {statistics.median(times) * 1000:.0f} ms | {max(times) * 1000:.0f} ms |")
    sys.exit(max(wire + reported) > BOUND_S)


def start(data: Path, workers: int) -> "subprocess.Popen[bytes]":
    """Start a nameserver whose one upstream is not there."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "appliance", "nameserver", "--data", str(data), "--workers", str(workers)),
            *("--dns", f"{SERVER}:{PORT}", "--upstream", "127.0.0.1:9"),
        ]
    )


def wait_until_up(data: Path) -> None:
    """Wait until every worker has a house in force."""
    until = time.monotonic() + READY_S
    while time.monotonic() < until:
        try:
            if None not in digests(data):
                return
        except bus.BusError:
            pass
        time.sleep(0.02)
    sys.exit("the nameserver did not come up")


def digests(data: Path) -> list[object]:
    """Return what each worker runs."""
    workers = bus.ask(data, "nameserver", {"ask": "status"})["workers"]
    return [worker["digest"] for worker in workers] if isinstance(workers, list) else []


def client() -> socket.socket:
    """Return a client on a port of its own."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.settimeout(LIMIT_S)
    opened.bind((CLIENT, 0))
    opened.connect((SERVER, PORT))
    return opened


def change(data: Path, house: House, clients: list[socket.socket]) -> tuple[float, float]:
    """Publish a house; return after how many seconds all clients saw it, and all workers reported it."""
    began = time.monotonic()
    snapshot = publish_house(data, house)
    on_bus = 0.0
    while time.monotonic() - began < LIMIT_S:
        if not on_bus and set(digests(data)) == {snapshot.digest}:
            on_bus = time.monotonic() - began
        if all(is_blocked(one) is (house is UNKNOWN) for one in clients):
            return time.monotonic() - began, on_bus or reported_after(data, snapshot, began)
    sys.exit("a change was never in force")


def reported_after(data: Path, snapshot: Snapshot, began: float) -> float:
    """Return after how many seconds all workers reported a snapshot."""
    while set(digests(data)) != {snapshot.digest}:
        if time.monotonic() - began > LIMIT_S:
            sys.exit("a change was never reported")
    return time.monotonic() - began


def is_blocked(opened: socket.socket) -> bool:
    """Say whether a client gets the block answer."""
    asked = dns.message.make_query(NAME, "A")
    opened.send(asked.to_wire())
    reply = dns.message.from_wire(opened.recv(4096))
    return bool(reply.answer)


if __name__ == "__main__":
    main()
