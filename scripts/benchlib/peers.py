"""The servers that are measured side by side: unbound with one thread, dnsmasq, and a nameserver of ours."""

import getpass
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.message

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
READY_S = 60.0
"""A million local zones take unbound seconds."""

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
DNSMASQ = """
port={port}
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
server=127.0.0.1#{upstream}
cache-size=10000
dns-forward-max=2000
addn-hosts={hosts}
user={user}
"""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs: where it is asked, and the processes that answer."""

    name: str
    port: int
    pids: tuple[int, ...]
    up_s: float
    """After how long it gave its first answer."""

    @property
    def cpu_s(self) -> float:
        """CPU time of its processes so far, in seconds."""
        return sum(_cpu_s(pid) for pid in self.pids)

    @property
    def private_mb(self) -> float:
        """What the first of its processes has for itself."""
        rollup = Path(f"/proc/{self.pids[0]}/smaps_rollup").read_text()
        return sum(int(kb) for kb in re.findall(r"Private_\w+:\s+(\d+) kB", rollup)) / 1024


@contextmanager
def unbound(folder: Path, name: str, port: int, more: Iterable[str]) -> Iterator[Server]:
    """Run an unbound with this configuration besides the common one, until the block ends."""
    file = folder / f"{name}.conf"
    _write(file, (UNBOUND.format(port=port, folder=folder), *more))
    with _running(["unbound", "-c", str(file)], port) as (pid, up_s):
        yield Server(name, port, (pid,), up_s)


@contextmanager
def dnsmasq(folder: Path, port: int, upstream: int, blocked: Iterable[str]) -> Iterator[Server]:
    """Run a dnsmasq that blocks these names, until the block ends."""
    hosts, file = folder / "dnsmasq.hosts", folder / "dnsmasq.conf"
    _write(hosts, (f"0.0.0.0 {name}\n" for name in blocked))
    file.write_text(DNSMASQ.format(port=port, upstream=upstream, hosts=hosts, user=getpass.getuser()))
    with _running(["dnsmasq", "--keep-in-foreground", f"--conf-file={file}", "--log-facility=-"], port) as (pid, up_s):
        yield Server("dnsmasq", port, (pid,), up_s)


@contextmanager
def kindgate(
    data: Path, port: int, upstream: int, workers: int = 1, name: str = "kindgate", listen: str = "127.0.0.1"
) -> Iterator[Server]:
    """Run our nameserver with a data folder, until the block ends."""
    command = [sys.executable, "-m", "appliance", "nameserver", "--data", str(data), "--workers", str(workers)]
    command += ["--dns", f"{listen}:{port}", "--upstream", f"127.0.0.1:{upstream}"]
    with _running(command, port) as (pid, up_s):
        yield Server(name, port, tuple(map(int, _children(pid))), up_s)


def always_null(blocked: Iterable[str]) -> Iterator[str]:
    """Yield the lines by which unbound blocks names."""
    return (f'  local-zone: "{name}" always_null\n' for name in blocked)


@contextmanager
def _running(command: list[str], port: int) -> Iterator[tuple[int, float]]:
    """Run a server until the block ends; give its process and after how long it answered."""
    began = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        try:
            _wait_for_an_answer(port, running)
            yield running.pid, time.monotonic() - began
        finally:
            running.send_signal(signal.SIGTERM)


def _wait_for_an_answer(port: int, running: "subprocess.Popen[bytes]") -> None:
    probe = dns.message.make_query("ready.example", "A").to_wire()
    until = time.monotonic() + READY_S
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.02)
        asking.connect(("127.0.0.1", port))
        while time.monotonic() < until and running.poll() is None:
            try:
                asking.send(probe)
                asking.recv(4096)
            except OSError:
                time.sleep(0.005)
            else:
                return
    sys.exit(f"{running.args!r} does not answer")


def _write(file: Path, lines: Iterable[str]) -> None:
    with file.open("w") as opened:
        opened.writelines(lines)


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
