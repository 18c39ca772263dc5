"""The lab's wires: which hosts there are, their addresses, and how namespaces are joined to a home."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.lablib.errors import LabError

NETNS_DIR = Path("/run/netns")
NETNS_ETC_DIR = Path("/etc/netns")
COMMAND_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Host:
    """One machine of the lab: its place on its own network, and the resolver that it is told to use."""

    name: str
    mac: str
    v4: str
    v6: str
    resolver: str


ROUTER = Host("router", "02:77:00:00:00:01", "192.168.77.1", "fd77::1", "198.51.100.53")
APPLIANCE = Host("appliance", "02:77:00:00:00:02", "192.168.77.2", "fd77::2", "198.51.100.53")
TABLET = Host("tablet", "02:77:00:00:00:10", "192.168.77.10", "fd77::10", ROUTER.v4)
LAPTOP = Host("laptop", "02:77:00:00:00:11", "192.168.77.11", "fd77::11", ROUTER.v4)
INTERNET = Host("internet", "02:99:00:00:00:53", "198.51.100.53", "fd99::53", "198.51.100.53")

AT_HOME = (APPLIANCE, TABLET, LAPTOP)
HOSTS = {host.name: host for host in (TABLET, LAPTOP, ROUTER, APPLIANCE, INTERNET)}
EVERY_NAME = (*HOSTS, "switch", "console", "phone", "toy", "guest")
"""The hosts of any kind of lab."""

HOME_V4, HOME_V6 = "192.168.77.0/24", "fd77::/64"
WAN_MAC, WAN_V4, WAN_V6 = "02:99:00:00:00:01", "198.51.100.1", "fd99::1"
# Every address that the zone names answers in the internet namespace, so that a flow to one has a far end.
SITES_V4, SITES_V6 = "203.0.113.0/24", "2001:db8::/32"

# No duplicate address detection: an address that is still "tentative" can't be used for a second or two.
_EVERYWHERE = ("ipv6/conf/all/accept_dad=0", "ipv6/conf/default/accept_dad=0", "ipv6/conf/default/accept_ra=0")
# What a router sets. No ICMP redirects: they would teach the tablet a way round the router, and each run would differ
# from the next.
ROUTES = (
    "ipv4/ip_forward=1",
    "ipv6/conf/all/forwarding=1",
    "ipv4/conf/all/send_redirects=0",
    "ipv4/conf/default/send_redirects=0",
)


def run(argv: list[str], stdin: str = "") -> str:
    """Run a command to its end and give what it printed; LabError says what it complained about."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(argv)}` did not end within {COMMAND_TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise LabError(f"`{' '.join(argv)}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def namespace(lab: str, host: str) -> str:
    """The name of a host's network namespace, as `ip netns` lists it."""
    return f"kg-{lab}-{host}"


def inside(lab: str, host: str, argv: list[str]) -> list[str]:
    """The command that runs `argv` in a host's namespace; `ip` execs it, so the process id stays the same."""
    return ["ip", "netns", "exec", namespace(lab, host), *argv]


def existing(lab: str) -> list[str]:
    """The hosts of this lab whose namespace exists."""
    return [name for name in EVERY_NAME if (NETNS_DIR / namespace(lab, name)).exists()]


def build(lab: str) -> None:
    """Make the five namespaces and join them. What was made before a failure stays, for `remove` to take away."""
    for host in HOSTS.values():
        add_host(lab, host, *(ROUTES if host is ROUTER else ()))
    _build_bridge(lab)
    for host in AT_HOME:
        _plug_in(lab, host)
    build_internet(lab, [f"{HOME_V4} via {WAN_V4}", f"{HOME_V6} via {WAN_V6}"])


def add_host(lab: str, host: Host, *settings: str) -> None:
    """Make a namespace without any wire. `settings` are the kernel's, besides those that every host has: key=value."""
    run(["ip", "netns", "add", namespace(lab, host.name)])
    sysctl(lab, host.name, *_EVERYWHERE, *settings)
    _write_resolver(lab, host)


def remove(lab: str) -> None:
    """Delete the lab's namespaces, with every wire in them, and their resolver files."""
    for name in existing(lab):
        run(["ip", "netns", "del", namespace(lab, name)])
    for name in EVERY_NAME:
        folder = NETNS_ETC_DIR / namespace(lab, name)
        (folder / "resolv.conf").unlink(missing_ok=True)
        if folder.is_dir():
            folder.rmdir()
    if NETNS_ETC_DIR.is_dir() and not any(NETNS_ETC_DIR.iterdir()):
        NETNS_ETC_DIR.rmdir()


def pids(lab: str, host: str) -> list[int]:
    """The processes that live in a host's namespace now."""
    return [int(pid) for pid in run(["ip", "netns", "pids", namespace(lab, host)]).split()]


def sysctl(lab: str, host: str, *settings: str) -> None:
    """Set what /proc/sys/net has in a host: "ipv4/ip_forward=1"."""
    lines = [f"echo {value} > /proc/sys/net/{key}" for key, value in (setting.split("=") for setting in settings)]
    run(inside(lab, host, ["sh", "-ec", "\n".join(lines)]))


def _write_resolver(lab: str, host: Host) -> None:
    folder = NETNS_ETC_DIR / namespace(lab, host.name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "resolv.conf").write_text(f"nameserver {host.resolver}\n")


def ip(lab: str, host: Host, lines: list[str]) -> None:
    """Run lines of `ip` in a host."""
    run(["ip", "-n", namespace(lab, host.name), "-batch", "-"], stdin="\n".join(lines) + "\n")


def _build_bridge(lab: str) -> None:
    ip(
        lab,
        ROUTER,
        [
            "link set lo up",
            f"link add br0 address {ROUTER.mac} type bridge forward_delay 0 mcast_snooping 0",
            f"addr add {ROUTER.v4}/24 dev br0",
            f"addr add {ROUTER.v6}/64 dev br0 nodad",
            "link set br0 up",
        ],
    )


def _plug_in(lab: str, host: Host) -> None:
    peer = namespace(lab, ROUTER.name)
    ip(
        lab,
        host,
        [
            "link set lo up",
            f"link add eth0 address {host.mac} type veth peer name {host.name} netns {peer}",
            f"addr add {host.v4}/24 dev eth0",
            f"addr add {host.v6}/64 dev eth0 nodad",
        ],
    )
    ip(lab, ROUTER, [f"link set {host.name} master br0 up"])
    ip(
        lab,
        host,
        ["link set eth0 up", f"route add default via {ROUTER.v4}", f"route add ::/0 via {ROUTER.v6}"],
    )


def build_internet(lab: str, home: list[str]) -> None:
    """Join router and internet. `home`: the routes back; any other address of the home's has no way back."""
    peer = namespace(lab, ROUTER.name)
    ip(
        lab,
        INTERNET,
        [
            "link set lo up",
            f"link add eth0 address {INTERNET.mac} type veth peer name wan0 netns {peer}",
            f"addr add {INTERNET.v4}/24 dev eth0",
            f"addr add {INTERNET.v6}/64 dev eth0 nodad",
            "link set eth0 up",
        ],
    )
    ip(
        lab,
        ROUTER,
        [
            f"link set wan0 address {WAN_MAC}",
            f"addr add {WAN_V4}/24 dev wan0",
            f"addr add {WAN_V6}/64 dev wan0 nodad",
            "link set wan0 up",
            f"route add default via {INTERNET.v4}",
            f"route add ::/0 via {INTERNET.v6}",
        ],
    )
    # Only the home is routed back: with a default route here, an unknown address would circle until its TTL ran out.
    ip(
        lab,
        INTERNET,
        [
            *(f"route add {route}" for route in home),
            f"route add local {SITES_V4} dev lo",
            f"route add local {SITES_V6} dev lo",
        ],
    )


def require_root() -> None:
    """Raise LabError where network namespaces can't be made."""
    if os.geteuid() != 0:
        raise LabError("this needs root, because it makes network namespaces: run it with sudo")
