"""Three machines in namespaces of their own, to send connections through a box: child – box (NAT for IPv4) – server."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from appliance.core.mark import STATE_MASK, State
from appliance.guard.knock import MARK
from tests.needs import need

CHILD4, CHILD6 = "192.168.78.10", "fd00:78::10"
BOX4, BOX6 = "192.168.78.1", "fd00:78::1"
WAN4, WAN6 = "203.0.113.2", "2001:db8::2"
SERVER4, SERVER6 = "203.0.113.1", "2001:db8::1"
CHILD_MAC = "02:00:00:00:00:01"

RULES = f"""
table inet passing {{
    chain begin {{
        type filter hook forward priority -150;
        iifname "lan" ct state new ct mark set {State.ALLOWED.bits}
    }}
    chain refuse {{
        type filter hook forward priority -140;
        ct mark & {STATE_MASK} == {State.REFUSED.bits} meta l4proto tcp reject with tcp reset
        ct mark & {STATE_MASK} == {State.REFUSED.bits} reject with icmpx admin-prohibited
        ct state invalid drop
    }}
    chain knock {{
        type filter hook output priority raw;
        meta mark {MARK} notrack
    }}
    chain translate {{
        type nat hook postrouting priority srcnat;
        meta nfproto ipv4 oifname "wan" masquerade
    }}
}}
"""
SUSPICIOUS = """
table inet suspicious {
    chain input {
        type filter hook input priority 0;
        ct state invalid drop
        ct state established,related accept
        tcp dport 443 accept
        meta l4proto tcp drop
    }
}
"""
"""An end's own firewall, as many desktops have it."""

_numbers = count()


class Passing:
    """The three machines: `child`, `box` and `server` are names of namespaces."""

    def __init__(self, folder: Path) -> None:
        name = f"kgp{os.getpid()}x{next(_numbers)}"
        self.child, self.box, self.server = f"{name}c", f"{name}b", f"{name}s"
        self._folder = folder
        self._started: list[subprocess.Popen[str]] = []

    def up(self) -> None:
        """Make them."""
        for machine in (self.child, self.box, self.server):
            _run("ip", "netns", "add", machine)
            _run("ip", "-n", machine, "link", "set", "lo", "up")
        self._link("lan", self.child, (CHILD4, CHILD6), (BOX4, BOX6), CHILD_MAC)
        self._link("wan", self.server, (SERVER4, SERVER6), (WAN4, WAN6), "02:00:00:00:00:02")
        for name in ("ipv4.ip_forward", "ipv6.conf.all.forwarding", "netfilter.nf_conntrack_acct"):
            path = f"/proc/sys/net/{name.replace('.', '/')}"
            _run("ip", "netns", "exec", self.box, "sh", "-c", f"echo 1 > {path}")
        # The server knows where the home's IPv6 is; of its IPv4 it sees the box alone.
        _run("ip", "-n", self.server, "-6", "route", "add", "fd00:78::/64", "via", WAN6)
        self.load(self.box, RULES)

    def down(self) -> None:
        """End what was started in them, and remove them."""
        for process in self._started:
            end(process)
        for machine in (self.child, self.box, self.server):
            subprocess.run(["ip", "netns", "del", machine], check=False, capture_output=True)

    @contextmanager
    def visit(self) -> Iterator["Passing"]:
        """End what is started inside the `with` after it, and take back what is loaded at the ends."""
        before = list(self._started)
        try:
            yield self
        finally:
            for process in self._started[len(before) :]:
                end(process)
            self._started = before
            for machine in (self.child, self.server):
                self.load(machine, "flush ruleset")

    def load(self, machine: str, rules: str) -> None:
        """Load a ruleset in a machine."""
        path = self._folder / f"{machine}.nft"
        path.write_text(rules)
        _run("ip", "netns", "exec", machine, "nft", "-f", str(path))

    def start(self, machine: str, program: str, *arguments: str) -> "subprocess.Popen[str]":
        """Start a Python program in a machine, and wait until it has printed its first line."""
        process = subprocess.Popen(
            ["ip", "netns", "exec", machine, sys.executable, "-u", "-c", program, *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        self._started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    def _link(self, name: str, machine: str, ends: tuple[str, str], boxes: tuple[str, str], mac: str) -> None:
        _run("ip", "-n", self.box, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", machine)
        _run("ip", "-n", machine, "link", "set", "dev", "eth0", "address", mac)
        for where, device, (v4, v6) in ((self.box, name, boxes), (machine, "eth0", ends)):
            _run("ip", "-n", where, "address", "add", f"{v4}/24", "dev", device)
            _run("ip", "-n", where, "address", "add", f"{v6}/64", "dev", device, "nodad")
            _run("ip", "-n", where, "link", "set", device, "up")
        if name == "lan":
            for box in boxes:
                _run("ip", "-n", machine, "route", "add", "default", "via", box)


@contextmanager
def passing(folder: Path) -> Iterator[Passing]:
    """Three machines that are up inside the `with`, and gone after it."""
    need(os.geteuid() == 0, "network namespaces need root")
    missing = [program for program in ("ip", "nft") if shutil.which(program) is None]
    need(not missing, f"needs {', '.join(missing)}")
    made = Passing(folder)
    try:
        made.up()
        yield made
    finally:
        made.down()


def end(process: "subprocess.Popen[str]") -> None:
    """End a program."""
    process.kill()
    process.communicate()


def _run(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, (command, done.stderr)
