"""A nameserver as a process of its own, on a free port of loopback, and what a client does with it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message

from appliance.config import Endpoint
from appliance.world import bus
from tests.needs import need

BLOCKED = "malware.kindgate.test"
"""Blocked for everyone, by the bundled rules."""
ALLOWED = "allowed.example"
START_S = 30.0
ANSWER_S = 5.0
STOP_S = 12.0
POLL_S = 0.01


def until(is_so: Callable[[], object], within_s: float, what: str = "") -> float:
    """Wait until something is so, and return for how long (seconds)."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}"
        time.sleep(POLL_S)
    return time.monotonic() - began


def own_address() -> str:
    """Return a loopback address that no other test process uses."""
    pid = os.getpid()
    return f"127.{64 | pid >> 16 & 63}.{pid >> 8 & 255}.{pid & 255}"


def free_port(address: str) -> int:
    """Return a port that is free for UDP and TCP at an address, from where no client's port is picked by the kernel."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(50):
        with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family, socket.SOCK_STREAM) as tcp:
            udp.bind((address, 0))
            with contextlib.suppress(OSError):
                tcp.bind(udp.getsockname()[:2])
                return int(udp.getsockname()[1])
    raise AssertionError("no free port")


def question(name: str, qtype: str = "A", **options: Any) -> dns.message.Message:
    """Return a question as a stub resolver asks it."""
    return dns.message.make_query(name, qtype, **{"use_edns": 0, "payload": 1232} | options)


def ask_udp(server: Endpoint, wire: bytes, source: str | None = None, within_s: float = ANSWER_S) -> bytes:
    """Return what a server answers to these octets; raises TimeoutError."""
    with socket.socket(socket.AF_INET6 if server.is_v6 else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(within_s)
        if source is not None:
            client.bind((source, 0))
        client.connect((server.address, server.port))
        client.send(wire)
        while True:
            reply = client.recv(65535)
            if reply[:2] == wire[:2]:
                return reply


def ask_tcp(server: Endpoint, wire: bytes, source: str | None = None, within_s: float = ANSWER_S) -> bytes:
    """Return what a server answers to these octets over TCP; raises TimeoutError and EOFError."""
    with socket.create_connection(
        (server.address, server.port), within_s, None if source is None else (source, 0)
    ) as client:
        client.sendall(len(wire).to_bytes(2, "big") + wire)
        with client.makefile("rb") as stream:
            return read_framed(stream)


def read_framed(stream: Any) -> bytes:
    """Return the next message of a TCP stream; raises EOFError at its end."""
    head = stream.read(2)
    if len(head) < 2:
        raise EOFError
    body: bytes = stream.read(int.from_bytes(head, "big"))
    return body


def addresses(reply: dns.message.Message) -> list[str]:
    """Return the addresses of a reply."""
    return [rdata.to_text() for rrset in reply.answer for rdata in rrset if rrset.rdtype in (1, 28)]


@dataclass
class Running:
    """A started nameserver."""

    process: subprocess.Popen[bytes]
    server: Endpoint
    data: Path
    log: Path
    web: Endpoint | None = None
    """Where the dashboard is, if it was started too."""

    def status(self) -> dict[str, Any]:
        """Return what the daemon says of itself."""
        return bus.ask(self.data, "nameserver", {"ask": "status"})

    def workers(self) -> list[dict[str, Any]]:
        """Return what it says of its workers, nothing while it does not answer."""
        try:
            workers: list[dict[str, Any]] = self.status()["workers"]
        except bus.BusError:
            return []
        return workers

    def is_up(self) -> bool:
        """Say whether every worker has a house in force."""
        assert self.process.poll() is None, self.log.read_text()
        workers = self.workers()
        return bool(workers) and all(worker["digest"] is not None for worker in workers)

    def ask(
        self, name: str, qtype: str = "A", *, source: str | None = None, is_tcp: bool = False, **options: Any
    ) -> dns.message.Message:
        """Return the reply to a question."""
        asked = question(name, qtype, **options)
        reply = dns.message.from_wire((ask_tcp if is_tcp else ask_udp)(self.server, asked.to_wire(), source))
        assert asked.is_response(reply), reply
        return reply

    def apply(self, house: str) -> str:
        """Put a house (YAML) in force with the command line; return what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "appliance", "house", "apply", "-", "--data", str(self.data)],
            input=house, capture_output=True, text=True, check=False, timeout=START_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def family(self) -> set[int]:
        """Return the process ids of all that it started, and its own."""
        return {self.process.pid, *_children(self.process.pid)}

    def nameserver(self) -> set[int]:
        """Return the process ids of the nameserver's daemon and its workers."""
        daemon = int(self.status()["pid"])
        return {daemon, *_children(daemon)}

    def stop(self) -> None:
        """End it, politely, and all that it started."""
        family = self.family()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOP_S)
        try:
            until(lambda: not any(is_alive(pid) for pid in family), STOP_S, "all processes end")
        finally:
            for pid in family:
                if is_alive(pid):
                    os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Say whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _children(pid: int) -> Iterator[int]:
    """Yield the descendants of a process."""
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return
    for child in children:
        yield child
        yield from _children(child)


def in_own_network(program: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program in a network namespace of its own to its end."""
    need(os.geteuid() == 0, "a network namespace needs root")
    argv = ["unshare", "-n", sys.executable, "-c", program]
    root = Path(__file__).parents[1]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd=root)


@contextmanager
def running(
    data: Path,
    upstreams: tuple[Endpoint, ...],
    *,
    workers: int = 1,
    command: str = "nameserver",
    listen: tuple[str, ...] | None = None,
) -> Iterator[Running]:
    """Give a nameserver that answers, for as long as the block runs."""
    address = own_address()
    server = Endpoint(address, free_port(address))
    words = [command, "--data", str(data), "--workers", str(workers)]
    for text in listen or (str(server),):
        words += ["--dns", text.replace("PORT", str(server.port))]
    for upstream in upstreams:
        words += ["--upstream", str(upstream)]
    web = Endpoint(address, free_port(address)) if command == "run" else None
    words += ["--web", str(web)] if web else []
    log = data.parent / f"{data.name}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "appliance", *words], stdin=subprocess.DEVNULL, stdout=written, stderr=written
        )
    started = Running(process, server, data, log, web)
    try:
        until(started.is_up, START_S, "the nameserver is up")
        yield started
    finally:
        started.stop()
