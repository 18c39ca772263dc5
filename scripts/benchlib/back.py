"""How long a killed worker, and a killed daemon, is away: from SIGKILL until every client is answered again.

`kindgate run` with two workers, asked from many ports so that both are reached. Between two kills it lives for as long
as counts as healthy, because what dies young is started again more slowly.
"""

import argparse
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import dns.message

from appliance.world import bus
from appliance.world.crew import HEALTHY_S
from scripts.benchlib.inforce import CLIENT, CLIENTS, LIMIT_S, wait_until_up

SERVER, PORT = "127.0.0.1", 5395
NAME = "malware.kindgate.test"
TURN_S = 0.02
BOUND_S = 2.0


def main() -> None:
    """Measure and print median and maximum; status 1 where the bound is broken."""
    parser = argparse.ArgumentParser(prog="scripts/bench back", description=__doc__)
    parser.add_argument("--kills", type=int, default=5)
    told = parser.parse_args()
    times: dict[str, list[float]] = {"worker": [], "daemon": []}
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        process = stack.enter_context(start(data))
        stack.callback(process.terminate)
        for _ in range(told.kills):
            for kind, found in times.items():
                wait_until_up(data)
                time.sleep(HEALTHY_S + 1)
                found.append(back_after(family(data, kind)))
    print(f"| Killed, {told.kills} times | median | max |")
    print("|---|---:|---:|")
    for kind, found in times.items():
        print(f"| {kind} | {statistics.median(found) * 1000:.0f} ms | {max(found) * 1000:.0f} ms |")
    sys.exit(max(max(found) for found in times.values()) > BOUND_S)


def start(data: Path) -> "subprocess.Popen[bytes]":
    """Start Kindgate with an upstream that is not there."""
    words = ["--workers", "2", "--dns", f"{SERVER}:{PORT}", "--upstream", "127.0.0.1:9"]
    return subprocess.Popen(
        [sys.executable, "-m", "appliance", "run", "--data", str(data), *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def family(data: Path, kind: str) -> list[int]:
    """Return the process to kill, and those that end with it."""
    status = bus.ask(data, "nameserver", {"ask": "status"})
    workers = status["workers"]
    pids = [worker["pid"] for worker in workers] if isinstance(workers, list) else []
    return pids[:1] if kind == "worker" else [int(str(status["pid"])), *pids]


def back_after(killed: list[int]) -> float:
    """Kill the first of these; return after how many seconds each of many new clients was answered by another one."""
    began = time.monotonic()
    os.kill(killed[0], signal.SIGKILL)
    while any(is_alive(pid) for pid in killed) and time.monotonic() - began < LIMIT_S:
        time.sleep(0.001)
    asked = dns.message.make_query(NAME, "A").to_wire()
    with ExitStack() as stack:
        waiting = {stack.enter_context(client()) for _ in range(CLIENTS)}
        while waiting and time.monotonic() - began < LIMIT_S:
            for one in list(waiting):
                with contextlib.suppress(OSError):
                    one.send(asked)
            time.sleep(TURN_S)
            for one in list(waiting):
                with contextlib.suppress(OSError):
                    one.recv(4096)
                    waiting.remove(one)
    if waiting:
        sys.exit("it never came back")
    return time.monotonic() - began


def is_alive(pid: int) -> bool:
    """Say whether a process runs and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def client() -> socket.socket:
    """Return a client on a port of its own."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.setblocking(False)
    opened.bind((CLIENT, 0))
    opened.connect((SERVER, PORT))
    return opened


if __name__ == "__main__":
    main()
