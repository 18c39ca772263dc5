"""A small home of network namespaces: a provider's router, the box with two arms, a switch, and what hangs on that."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from tests.needs import need

LIMIT_S = 30.0
ISP, BOX, SWITCH, TABLET, OTHER = "isp", "box", "switch", "tablet", "other"
BOX_MAC, TABLET_MAC, OTHER_MAC = "02:78:00:00:00:01", "02:78:00:00:00:10", "02:78:00:00:00:20"
WAN_MAC, ISP_MAC = "02:98:00:00:00:02", "02:98:00:00:00:01"
BOX_LINK = "fe80::78:ff:fe00:1"
"""The box's link-local address on the LAN."""
RESOLVER = "dhcp-option=option6:dns-server,[fe80::]"
RA = ("enable-ra", "ra-param=home0,10,1800", "dhcp-range=::,constructor:home0,ra-only,64,1h")
ROUTER6 = "2001:db8:1::1/64"
"""The provider's router; it announces its network so."""
GATEWAY: dict[str, Any] = {"lan": "lan0", "wan": "wan0", "address": "192.168.78.1/24"}
"""The box's configuration."""
SITE = "2001:db8:ffff::1"
"""In the internet, behind the provider's router."""
CONNECT = """
import socket, sys
asked = socket.socket(socket.AF_INET6)
asked.settimeout(float(sys.argv[2]))
try:
    asked.connect((sys.argv[1], 9))
except OSError as error:
    print(error.errno)
"""
_numbers = count()


def need_root() -> None:
    """Skip (or fail, where it must run) without root or without the programs."""
    need(os.geteuid() == 0, "network namespaces need root")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [program for program in ("ip", "dnsmasq") if not shutil.which(program)]
    need(not missing, f"the test needs {', '.join(missing)}")


def until(is_so: Callable[[], bool], what: str, limit_s: float = LIMIT_S) -> None:
    """Wait for something that announces itself in no other way than by being so."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, f"waited {limit_s} s for {what}"
        time.sleep(0.02)


class Segment:
    """Namespaces that are there; all that was started in them ends with it."""

    def __init__(self, folder: Path) -> None:
        self._name = f"kgh-net-{os.getpid()}-{next(_numbers)}"
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def inside(self, host: str, *argv: str) -> list[str]:
        """Return the command that runs another in a host."""
        return ["ip", "netns", "exec", f"{self._name}-{host}", *argv]

    def pids(self, host: str) -> list[int]:
        """Return the processes that live in a host."""
        argv = ["ip", "netns", "pids", f"{self._name}-{host}"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        return [int(pid) for pid in done.stdout.split()]

    def run(self, host: str, *argv: str, limit_s: float = LIMIT_S) -> subprocess.CompletedProcess[str]:
        """Run a command in a host to its end."""
        return subprocess.run(self.inside(host, *argv), capture_output=True, text=True, timeout=limit_s, check=False)

    def must(self, host: str, *argv: str) -> str:
        """Run a command that succeeds, and return what it printed."""
        done = self.run(host, *argv)
        assert done.returncode == 0, (argv, done.stderr)
        return done.stdout

    def python(self, host: str, module: str, *words: str) -> Any:
        """Run a module of the tests in a host, and return the JSON that it printed."""
        return json.loads(self.must(host, sys.executable, "-m", module, *words))

    def start(self, host: str, *argv: str) -> "subprocess.Popen[str]":
        """Start a command in a host; it may be spoken to and heard."""
        process = subprocess.Popen(
            self.inside(host, *argv), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._started.append(process)
        return process

    def box(self, gateway: dict[str, object], data: Path) -> "Box":
        """Start a network on the box."""
        words = (sys.executable, "-m", "tests.guard.networkbox", json.dumps(gateway), str(data))
        return Box(self.start(BOX, *words))

    def advertise(self, host: str, interface: str, address: str, *more: str) -> None:
        """Have a dnsmasq announce a prefix for IPv6 on an interface, or give addresses."""
        config = self._folder / f"{host}.conf"
        lines = [
            "port=0", f"interface={interface}", "bind-dynamic", "except-interface=lo", "keep-in-foreground",
            "log-facility=/dev/null", "user=root", f"pid-file={config}.pid", f"dhcp-leasefile={config}.leases", *more,
        ]  # fmt: skip
        config.write_text("\n".join(lines) + "\n")
        self.must(host, "ip", "addr", "add", address, "dev", interface, *(("nodad",) if ":" in address else ()))
        self.start(host, "dnsmasq", f"--conf-file={config}")

    def answers(self, host: str, address: str, wait_s: float = 2.0) -> bool:
        """Say whether an address answers a host: it refuses a connection, and that is an answer."""
        done = self.run(host, sys.executable, "-c", CONNECT, address, str(wait_s))
        return done.stdout.strip() == str(errno.ECONNREFUSED)

    def addresses(self, host: str, interface: str = "eth0") -> list[str]:
        """Return the usable global addresses of IPv6."""
        told = json.loads(self.must(host, "ip", "-j", "-6", "addr", "show", "dev", interface, "scope", "global"))
        # Where there are none of the kind, `ip` prints empty ones.
        found = [one for link in told for one in link.get("addr_info", ()) if "local" in one]
        return [one["local"] for one in found if not one.get("tentative")]

    def build(self) -> None:
        """Make it all."""
        for host in (ISP, BOX, SWITCH, TABLET, OTHER):
            subprocess.run(["ip", "netns", "add", f"{self._name}-{host}"], check=True)
            self.must(host, "ip", "link", "set", "lo", "up")
        self.must(SWITCH, "ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        self.must(SWITCH, "ip", "link", "set", "br0", "up")
        for host, interface, mac in ((BOX, "lan0", BOX_MAC), (TABLET, "eth0", TABLET_MAC), (OTHER, "eth0", OTHER_MAC)):
            self._wire(host, interface, mac, SWITCH, host)
            self.must(SWITCH, "ip", "link", "set", host, "master", "br0", "up")
        self._wire(BOX, "wan0", WAN_MAC, ISP, "home0")
        self.must(ISP, "ip", "link", "set", "home0", "address", ISP_MAC, "up")
        self.must(ISP, "ip", "addr", "add", f"{SITE}/128", "dev", "lo")
        for host in (ISP, BOX):
            self.write(host, "net/ipv6/conf/all/forwarding", "1")
        self.write(BOX, "net/ipv6/conf/wan0/accept_ra", "2")
        for host, interface in ((TABLET, "eth0"), (OTHER, "eth0"), (BOX, "wan0")):
            self.must(host, "ip", "link", "set", interface, "up")

    def write(self, host: str, setting: str, value: str) -> None:
        """Change a setting of a host's kernel."""
        self.must(host, "sh", "-c", f"echo {value} > /proc/sys/{setting}")

    def read(self, host: str, setting: str) -> str:
        """Return a setting of a host's kernel."""
        return self.must(host, "cat", f"/proc/sys/{setting}").strip()

    def remove(self) -> None:
        """Take it all away."""
        for process in self._started:
            process.kill()
            process.communicate(timeout=LIMIT_S)
        for host in (ISP, BOX, SWITCH, TABLET, OTHER):
            for pid in self.pids(host):
                os.kill(pid, signal.SIGKILL)
            subprocess.run(["ip", "netns", "del", f"{self._name}-{host}"], capture_output=True, check=False)

    def _wire(self, host: str, interface: str, mac: str, peer: str, name: str) -> None:
        self.must(host, "ip", "link", "add", interface, "address", mac, "type", "veth",
                  "peer", "name", name, "netns", f"{self._name}-{peer}")  # fmt: skip


class Box:
    """A network that runs on the box; each line that it prints is its status."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.status: dict[str, Any] = {}

    def until(self, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait for a status, and return it."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + LIMIT_S
        while not (self.status and is_so(self.status)):
            assert time.monotonic() < deadline, self.status
            line = self.process.stdout.readline()
            assert line, f"the box ended; before: {self.status}"
            self.status = json.loads(line)
        return self.status

    def stop(self) -> None:
        """End it as its daemon would."""
        self.process.communicate("", timeout=LIMIT_S)
        assert self.process.returncode == 0


@contextmanager
def segment(folder: Path) -> Iterator[Segment]:
    """A home that is there inside the `with`, and gone after it."""
    need_root()
    made = Segment(folder)
    try:
        made.build()
        yield made
    finally:
        made.remove()
