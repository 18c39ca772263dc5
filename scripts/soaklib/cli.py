"""Asks a nameserver for an hour and changes its house all the while: nothing may be lost, and memory stays flat.

Two workers answer seven devices, each from its own address and through a router that tells their MACs: names that
everybody asks for (some with answers that end within seconds), listed names and new ones. Every 10 s another house is
published, now and then another file of lists, and now and then nobody upstream answers for 3 s: what is known must be
answered all the same. Flat is what has, in the last quarter, at most 5 % more than in the second. Status 1 where a
promise is broken. What is late is told only: it depends on the machine.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from appliance.household.lists import set_file
from appliance.world import bus
from appliance.world.listfile import digest_of, publish_set
from appliance.world.snapshot import publish_house
from scripts.benchlib.inforce import wait_until_up
from scripts.benchlib.peers import ANSWERS_ALL, ROOT, Server, unbound
from scripts.soaklib import home, judge
from scripts.soaklib.judge import Seen
from scripts.soaklib.load import LATE_S, Load

SERVER = "127.0.0.1"
WORKERS = 2
CACHE_MEGABYTES = 1
"""Little enough to be full soon, so that what grows after that isn't the cache."""
CHANGE_S = 10
OUTAGE_S = 3.0
BACK_S = 5.0
"""So long after an outage a new name may still get an error."""
SAMPLE_S = 1.0
STOP_S = 15.0


class Run:
    """A run, as far as it has come."""

    def __init__(self, data: Path, files: tuple[bytes, bytes], load: Load, upstream: Server) -> None:
        self._data = data
        self._files = files
        self._load = load
        self._upstream = upstream
        self._digest = ""
        self._lists = digest_of(set_file(data))
        status = self._status()
        self._pids = {"daemon": int(status["pid"])}
        self._pids |= {f"worker {worker['number']}": int(worker["pid"]) for worker in status["workers"]}
        self.seen = Seen(samples={name: [] for name in self._pids})

    def sample(self) -> None:
        """Look at the processes; one that is gone is noticed as started again."""
        for name, pid in self._pids.items():
            try:
                self.seen.samples[name].append(judge.look_at(pid, time.monotonic()))
            except OSError:
                continue

    def change(self) -> None:
        """Look whether the last changes are in force, publish another house, and gather the counts as the steward."""
        self.check()
        self.seen.changes += 1
        self._digest = publish_house(self._data, home.house(self.seen.changes)).digest
        told = bus.ask(self._data, "nameserver", {"ask": "tally"})
        bus.ask(self._data, "nameserver", {"ask": "tally", "done": told["serial"]})

    def change_lists(self) -> None:
        """Publish the other file of lists."""
        self._files = self._files[::-1]
        publish_set(set_file(self._data), self._files[0])
        self._lists = digest_of(set_file(self._data))

    def check(self) -> None:
        """Look whether every worker runs what was published last, and is still the same."""
        status = self._status()
        workers = status["workers"]
        if self._digest and any((one["digest"], one["lists"]) != (self._digest, self._lists) for one in workers):
            self.seen.not_in_force += 1
        self.seen.restarts = sum(one["restarts"] for one in workers)
        self.seen.errors = status["counts"].get("errors", 0)

    def stop_upstream(self) -> None:
        """Let nobody upstream answer."""
        now = time.monotonic()
        self._load.excuse(now - LATE_S, now + OUTAGE_S + BACK_S)
        self.seen.outages += 1
        os.kill(self._upstream.pids[0], signal.SIGSTOP)

    def resume_upstream(self) -> None:
        """Let upstream answer again, if it didn't."""
        os.kill(self._upstream.pids[0], signal.SIGCONT)

    def minute(self, number: int) -> None:
        """Print what came of a minute's queries."""
        told = self._load.turn()
        self.seen.total.add(told)
        print(judge.minute(number, told, self.seen.samples), flush=True)

    def _status(self) -> dict[str, Any]:
        return bus.ask(self._data, "nameserver", {"ask": "status"})


def main(arguments: Sequence[str]) -> int:
    """Run, print the tables as Markdown. Return the exit status."""
    words, _, more = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(prog="scripts/soak", description=words, epilog=more)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=500, help="queries a second")
    parser.add_argument("--short", action="store_true", help="the two minutes of CI, with more of everything in them")
    given = parser.parse_args(arguments)
    last_s = 120.0 if given.short else given.minutes * 60
    lists_s, outage_s = (30.0, 40.0) if given.short else (60.0, 120.0)
    with ExitStack() as stack:
        run = _started(stack, given.rate)
        print(judge.HEADING)
        _go_on(run, last_s, lists_s, outage_s)
    kept = list(judge.promises(run.seen))
    total = run.seen.total
    print(f"\n{total.sent:,} queries, {total.late} of them late, {total.excused} new ones excused;", end=" ")
    print(f"{run.seen.changes} changes of the house, {run.seen.outages} times nobody upstream for {OUTAGE_S:g} s\n")
    print(judge.table(kept))
    return 0 if all(one.holds for one in kept) else 1


def _started(stack: ExitStack, rate: int) -> Run:
    """Start all that takes part, until the stack is left."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    data = folder / "data"
    publish_house(data, home.house(0))
    files = home.list_files()
    publish_set(set_file(data), files[0])
    upstream = stack.enter_context(unbound(folder, "internet", free_port(), [ANSWERS_ALL, home.ZONE]))
    port = free_port()
    stack.enter_context(_nameserver(folder, data, port, upstream.port))
    wait_until_up(data)
    load = Load((SERVER, port), rate)
    run = Run(data, files, load, upstream)
    stack.callback(lambda: run.seen.total.add(load.turn()))
    stack.callback(run.resume_upstream)
    stack.enter_context(load.running())
    return run


def _go_on(run: Run, last_s: float, lists_s: float, outage_s: float) -> None:
    """Do what is due each second until the time is over."""
    began = time.monotonic()
    due = {"sample": SAMPLE_S, "change": float(CHANGE_S), "lists": lists_s + 5, "outage": outage_s / 2, "minute": 60.0}
    every = {"sample": SAMPLE_S, "change": float(CHANGE_S), "lists": lists_s, "outage": outage_s, "minute": 60.0}
    resumes_at: float | None = None
    minutes = 0
    while (passed := time.monotonic() - began) < last_s:
        for what in [what for what, at in due.items() if at <= passed]:
            due[what] += every[what]
            match what:
                case "sample":
                    run.sample()
                case "change":
                    run.change()
                case "lists":
                    run.change_lists()
                case "outage":
                    run.stop_upstream()
                    resumes_at = passed + OUTAGE_S
                case "minute":
                    minutes += 1
                    run.minute(minutes)
        if resumes_at is not None and passed >= resumes_at:
            run.resume_upstream()
            resumes_at = None
        time.sleep(0.05)
    run.resume_upstream()
    run.minute(minutes + 1)
    run.check()


@contextmanager
def _nameserver(folder: Path, data: Path, port: int, upstream: int) -> Iterator[None]:
    config = folder / "appliance.yaml"
    config.write_text(f"cache_megabytes: {CACHE_MEGABYTES}\n")
    words = ["--data", str(data), "--config", str(config), "--workers", str(WORKERS)]
    words += ["--dns", f"{SERVER}:{port}", "--upstream", f"{SERVER}:{upstream}"]
    with subprocess.Popen([sys.executable, "-m", "appliance", "nameserver", *words], cwd=ROOT) as running:
        try:
            yield
        finally:
            running.terminate()
            try:
                running.wait(STOP_S)
            except subprocess.TimeoutExpired:
                running.kill()


def free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
    ):
        tcp.bind((SERVER, 0))
        udp.bind(tcp.getsockname())
        return int(tcp.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
