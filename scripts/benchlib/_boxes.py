"""A child's device, a box and a site, each in a network namespace, joined by two wires; the box forwards, or guards.

Two such sets stand side by side, so that what they do can be measured in turn.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import yaml

from appliance.world import bus
from scripts.lablib import net

ROOT = Path(__file__).parents[2]
CHILD_MAC, ADULT_MAC = "02:77:00:00:00:11", "02:77:00:00:00:13"
CHILD, BOX = ("192.168.78.10", "fd78::10"), ("192.168.78.1", "fd78::1")
SITE = {"4": "203.0.113.10", "6": "2001:db8::10"}
READY_S = 60.0
QUEUES = "/proc/net/netfilter/nfnetlink_queue"

HOUSE = f"""\
version: 1
persons:
  - {{id: sam, name: Sam, band: 16-17}}
  - {{id: dana, name: Dana, kind: adult}}
devices:
  - {{id: laptop, person: sam, kind: laptop, macs: ["{CHILD_MAC}"]}}
  - {{id: phone, person: dana, kind: phone, macs: ["{ADULT_MAC}"]}}
"""
CONFIG = {
    "dns": ["0.0.0.0:53", "[::]:53"],
    "web": "127.0.0.1:8080",
    "upstreams": ["198.51.100.2"],
    "gateway": {"lan": "eth0", "wan": "eth1", "address": f"{BOX[0]}/24", "dhcp": "off"},
}
NAT = """\
table ip plain {
  chain outgoing {
    type nat hook postrouting priority srcnat
    oifname eth1 masquerade
  }
}
"""


class Boxes:
    """One set of the three."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        folder.mkdir()

    def run(self, host: str, argv: list[str], limit_s: float = 60.0) -> str:
        """Run a command in a namespace; return what it printed, or end the bench."""
        done = subprocess.run(
            self.inside(host, argv),
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
            cwd=net.__file__[:-22],
        )
        if done.returncode:
            sys.exit(f"{' '.join(argv)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done.stdout

    def inside(self, host: str, argv: list[str]) -> list[str]:
        """Return the command that runs another one in a namespace."""
        return ["ip", "netns", "exec", f"{self.name}-{host}", *argv]

    def be(self, mac: str) -> None:
        """Let the device be another one, which the box has never seen."""
        self.run("child", ["ip", "link", "set", "eth0", "address", mac])
        self.run("box", ["ip", "neigh", "flush", "dev", "eth0"])
        self.ask_for_name()

    def ask_for_name(self) -> None:
        """Ask the box for the site's name, as whoever is about to visit it does."""
        for kind in ("A", "AAAA"):
            found = self.run("child", ["dig", "+short", f"@{BOX[0]}", "www.example.com", kind]).split()
            if found != [SITE["4" if kind == "A" else "6"]]:
                sys.exit(f"the box answers {found} for the site's name")

    def queued(self) -> int:
        """Return how many packets have ever been handed to the inspector."""
        # The eighth column is the id that the next packet gets.
        return sum(int(line.split()[7]) for line in self.run("box", ["cat", QUEUES]).splitlines())

    def start(self, host: str, argv: list[str], ready: str, stack: ExitStack) -> Path:
        """Run a command until the stack ends, and wait until it has printed something; return where all of it is."""
        log = self.folder / f"{host}-{Path(argv[0]).name}-{time.monotonic_ns()}"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                self.inside(host, argv), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=ROOT
            )
        stack.callback(_end, process)
        until = time.monotonic() + READY_S
        while ready not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > until:
                sys.exit(f"{' '.join(argv)} did not come up: {log.read_text(errors='replace')}")
            time.sleep(0.02)
        return log


@contextmanager
def boxes(name: str, folder: Path, *, is_guarded: bool) -> Iterator[Boxes]:
    """Give a set whose site answers and whose box forwards, until the block ends."""
    made = Boxes(f"kgb{os.getpid()}-{name}", folder)
    with ExitStack() as stack:
        for host in ("child", "box", "site"):
            net.run(["ip", "netns", "add", f"{made.name}-{host}"])
            stack.callback(net.run, ["ip", "netns", "del", f"{made.name}-{host}"])
        _join(made)
        _open_site(made, stack)
        if is_guarded:
            _guard(made, stack)
        else:
            made.run("box", ["sh", "-ec", "".join(f"echo 1 > /proc/sys/net/{key}\n" for key in _FORWARDS)])
            net.run(made.inside("box", ["nft", "-f", "-"]), stdin=NAT)
        yield made


_FORWARDS = ("ipv4/ip_forward", "ipv6/conf/all/forwarding")


def _join(made: Boxes) -> None:
    for host in ("child", "box", "site"):
        # What one connection learnt of the way must not slow down or speed up those of the next round.
        settings = "echo 0 > ipv6/conf/default/accept_dad; echo 1 > ipv4/tcp_no_metrics_save"
        made.run(host, ["sh", "-ec", f"cd /proc/sys/net; {settings}; ip link set lo up"])
    _wire(made, "box", "eth0", BOX, "child", "eth0", CHILD)
    _wire(made, "box", "eth1", ("198.51.100.1", "fd99::1"), "site", "eth0", ("198.51.100.2", "fd99::2"))
    made.run("child", ["ip", "link", "set", "eth0", "address", CHILD_MAC])
    routes = {
        "child": (f"default via {BOX[0]}", f"::/0 via {BOX[1]}"),
        "box": ("default via 198.51.100.2", "::/0 via fd99::2"),
        "site": ("fd78::/64 via fd99::1", f"local {SITE['4']} dev lo", f"local {SITE['6']} dev lo"),
    }
    for host, lines in routes.items():
        for line in lines:
            made.run(host, ["ip", "route", "add", *line.split()])


def _wire(
    made: Boxes, host: str, own: str, mine: tuple[str, str], other: str, peer: str, theirs: tuple[str, str]
) -> None:
    made.run(host, f"ip link add {own} type veth peer name {peer} netns {made.name}-{other}".split())
    for where, interface, (v4, v6) in ((host, own, mine), (other, peer, theirs)):
        made.run(where, ["ip", "addr", "add", f"{v4}/24", "dev", interface])
        made.run(where, ["ip", "addr", "add", f"{v6}/64", "dev", interface, "nodad"])
        made.run(where, ["ip", "link", "set", interface, "up"])


def _open_site(made: Boxes, stack: ExitStack) -> None:
    handshakes = [sys.executable, "-m", "scripts.benchlib._handshakes", "serve", str(made.folder)]
    made.start("site", handshakes, "answering", stack)
    made.start("site", ["iperf3", "--server", "--forceflush"], "Server listening", stack)
    names = [f"--address=/#/{address}" for address in SITE.values()]
    quiet = [
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--no-resolv",
        "--user=root",
        "--pid-file=",
        "--log-facility=-",
    ]
    made.start("site", ["dnsmasq", *quiet, *names], "started", stack)


def _guard(made: Boxes, stack: ExitStack) -> None:
    data = made.folder / "data"
    data.mkdir()
    (data / "house.yaml").write_text(HOUSE)
    config = data / "appliance.yaml"
    config.write_text(yaml.safe_dump(CONFIG))
    kindgate, place = [sys.executable, "-m", "appliance"], ["--data", str(data)]
    made.run("box", [*kindgate, "house", "apply", str(data / "house.yaml"), *place])
    log = made.start("box", [*kindgate, "run", *place, "--config", str(config)], "Try ", stack)
    until = time.monotonic() + READY_S
    while not _is_looking(data):
        if time.monotonic() > until:
            sys.exit(f"the guard did not come up: {log.read_text()[-4000:]}")
        time.sleep(0.05)
    made.ask_for_name()


def _is_looking(data: Path) -> bool:
    """Say whether every worker of the guard decides by the house."""
    try:
        workers = bus.ask(data, "guard", {"ask": "status"})["workers"]
    except bus.BusError:
        return False
    return isinstance(workers, list) and bool(workers) and all(one["problem"] is None for one in workers)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
