"""A device, the box and a server, each in a network namespace; their sockets are all held by the test's own process."""

import ctypes
import errno
import os
import select
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from appliance.config import Gateway
from appliance.core.mark import Mark, State
from appliance.guard.firewall import Firewall, FirewallError, run_program
from appliance.guard.manners import Manners
from scripts.lablib import net
from tests.needs import need

if TYPE_CHECKING:
    from netfilterqueue import Packet

WAIT_S = 10.0
READ_AGAIN = 5
SILENCE_S = 0.5
"""How long nothing comes before it counts as nothing."""
PROHIBITED = {errno.EHOSTUNREACH, errno.EACCES, errno.ECONNREFUSED}
COPIED_OCTETS = 2_000
"""Of each packet: netfilterqueue reads no more than 4,096 with all that is told of it."""
CLONE_NEWNET = 0x40000000
DEVICE, BOX, SERVER = "device", "box", "server"
MAC = "02:77:00:00:00:10"
DEVICE_AT = {4: "192.168.78.10", 6: "fd78::10"}
BOX_AT = {4: "192.168.78.1", 6: "fd78::1"}
ROUTER_AT = {4: "192.168.78.254", 6: "fd78::fe"}
OUTSIDE_AT = {4: "198.51.100.1", 6: "2001:db8:99::1"}
SERVER_AT = {4: "198.51.100.53", 6: "2001:db8:99::53"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
OPEN = Manners(open=frozenset({MAC}))
CLOSED = Manners(closed=frozenset({MAC}))
FREE = Manners(free=frozenset({MAC}))
GATEWAY = Gateway(lan="lan", wan="wan", address="192.168.78.1/24")

_NUMBERS = count()
_LIBC = ctypes.CDLL(None, use_errno=True)


class Plan(NamedTuple):
    """How the three are joined: pairs of a host and its interface, and what `ip` sets up in each."""

    wires: tuple[tuple[str, str, str, str], ...]
    hosts: dict[str, list[str]]


_DEVICE = [
    f"link set lan address {MAC} up",
    "addr add 192.168.78.10/24 dev lan",
    "addr add fd78::10/64 dev lan nodad",
    "route add default via 192.168.78.1",
    "route add default via fd78::1",
]
_BOX = ["link set lan up", "addr add 192.168.78.1/24 dev lan", "addr add fd78::1/64 dev lan nodad"]
BETWEEN = Plan(
    wires=((BOX, "lan", DEVICE, "lan"), (BOX, "wan", SERVER, "wan")),
    hosts={
        DEVICE: _DEVICE,
        BOX: [
            *_BOX,
            "link set wan up",
            "addr add 198.51.100.1/24 dev wan",
            "addr add 2001:db8:99::1/64 dev wan nodad",
        ],
        SERVER: [
            "link set wan up",
            "addr add 198.51.100.53/24 dev wan",
            "addr add 2001:db8:99::53/64 dev wan nodad",
            "route add 192.168.78.0/24 via 198.51.100.1",
            "route add fd78::/64 via 2001:db8:99::1",
        ],
    },
)
"""The box stands between the device's network and the server's."""
BESIDE = Plan(
    wires=((SERVER, "lan1", DEVICE, "lan"), (SERVER, "lan2", BOX, "lan")),
    hosts={
        DEVICE: [
            *_DEVICE,
            f"route add {ROUTER_AT[4]}/32 via {BOX_AT[4]}",
            f"route add {ROUTER_AT[6]}/128 via {BOX_AT[6]}",
        ],
        BOX: [*_BOX, f"route add default via {ROUTER_AT[4]}", f"route add default via {ROUTER_AT[6]}"],
        SERVER: [
            "link add br0 type bridge forward_delay 0 mcast_snooping 0",
            "link set br0 up",
            "link set lan1 master br0 up",
            "link set lan2 master br0 up",
            f"addr add {ROUTER_AT[4]}/24 dev br0",
            f"addr add {ROUTER_AT[6]}/64 dev br0 nodad",
            "addr add 198.51.100.53/32 dev lo",
            "addr add 2001:db8:99::53/128 dev lo",
        ],
    },
)
"""One arm: the router, which is the server as well, is on the device's own network."""


class Street:
    """The three hosts, joined; a plain router between them until a firewall is up."""

    def __init__(self, plan: Plan = BETWEEN) -> None:
        self._name = f"kg-street{os.getpid()}.{next(_NUMBERS)}"
        self._plan = plan

    def build(self) -> None:
        """Make the namespaces and the wires."""
        for host in self._plan.hosts:
            net.run(["ip", "netns", "add", self.namespace(host)])
            self.sysctl(host, "ipv6/conf/all/accept_dad=0", "ipv6/conf/default/accept_dad=0")
            # A box with one arm sends redirects over IPv6: no setting of the kernel's holds them back.
            self.sysctl(host, "ipv6/conf/all/accept_redirects=0", "ipv6/conf/default/accept_redirects=0")
        for host, wire, other, end in self._plan.wires:
            ends = ["type", "veth", "peer", "name", end, "netns", self.namespace(other)]
            net.run(["ip", "-n", self.namespace(host), "link", "add", wire, *ends])
        self.sysctl(BOX, "ipv4/ip_forward=1", "ipv6/conf/all/forwarding=1")
        self.sysctl(BOX, "ipv4/conf/all/send_redirects=0", "ipv4/conf/lan/send_redirects=0")
        for host, lines in self._plan.hosts.items():
            net.run(
                ["ip", "-n", self.namespace(host), "-batch", "-"], stdin="\n".join(["link set lo up", *lines]) + "\n"
            )

    def remove(self) -> None:
        """Take the namespaces away, with all that is in them."""
        for host in self._plan.hosts:
            if (net.NETNS_DIR / self.namespace(host)).exists():
                net.run(["ip", "netns", "del", self.namespace(host)])

    def namespace(self, host: str) -> str:
        """Return the name of a host's namespace."""
        return f"{self._name}-{host}"

    def sysctl(self, host: str, *settings: str) -> None:
        """Set what /proc/sys/net has in a host: "ipv4/ip_forward=1"."""
        with self.inside(host):
            for key, value in (setting.split("=") for setting in settings):
                Path("/proc/sys/net", key).write_text(value)

    @contextmanager
    def inside(self, host: str) -> Iterator[None]:
        """Have this thread be in a host: a socket that is opened there stays there."""
        with Path("/proc/thread-self/ns/net").open() as here, (net.NETNS_DIR / self.namespace(host)).open() as there:
            _enter(there.fileno())
            try:
                yield
            finally:
                _enter(here.fileno())

    def run(self, argv: Sequence[str], stdin: str = "") -> str:
        """Run a program on the box, as the firewall does."""
        with self.inside(BOX):
            return run_program(argv, stdin)

    def open(self, host: str, version: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> socket.socket:
        """Return a host's socket that waits for a bounded time."""
        with self.inside(host):
            opened = socket.socket(FAMILY[version], kind, protocol)
        opened.settimeout(WAIT_S)
        return opened

    def listen(self, host: str, version: int, port: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
        """Return a host's socket that takes what comes to a port, at each of its addresses."""
        listener = self.open(host, version, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        return listener

    def marks(self, protocol: str = "tcp") -> list[int]:
        """Return the marks of the connections that the box knows."""
        with self.inside(BOX):
            lines = Path("/proc/thread-self/net/nf_conntrack").read_text().splitlines()
        fields = [line.split() for line in lines]
        return [
            int(one.removeprefix("mark=")) for line in fields if line[2] == protocol for one in line if "mark=" in one
        ]

    def mark(self, state: State, version: int, protocol: str = "tcp") -> None:
        """Put the connections of a protocol that the box knows into a state.

        While other networks of the same kernel come and go, its list may leave some out: it is read again then.
        """
        said = ("conntrack", "-U", "-f", f"ipv{version}", "-p", protocol, "--mark", str(state.bits))
        for _ in range(READ_AGAIN):
            with suppress(FirewallError):
                self.run(said)
                return
        self.run(said)

    def forget(self) -> None:
        """End all connections that the box knows, and all of its rules."""
        self.run(("nft", "flush", "ruleset"))
        self.run(("conntrack", "-F"))


class Inspector:
    """Reads the box's queues in a thread of its own, and answers each packet by what it is told to."""

    def __init__(self, street: Street, queues: Sequence[int], answer: Callable[[bytes], Mark | None]) -> None:
        """`answer` gives a packet's mark, or None to leave it."""
        try:
            from netfilterqueue import NetfilterQueue  # noqa: PLC0415 -- it is an extra
        except ImportError:
            need(condition=False, reason="needs NetfilterQueue")
            raise
        self.packets: list[bytes] = []
        self.marks: list[int] = []
        """With which each came."""
        self._answer = answer
        with street.inside(BOX):
            self._bound = [NetfilterQueue() for _ in queues]
            for number, bound in zip(queues, self._bound, strict=True):
                bound.bind(number, self._take, range=COPIED_OCTETS)
        self._ending, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.write(self._end, b"!")
        self._thread.join(WAIT_S)
        for bound in self._bound:
            bound.unbind()
        os.close(self._ending)
        os.close(self._end)

    def _run(self) -> None:
        fds = {bound.get_fd(): bound for bound in self._bound}
        while self._ending not in (ready := select.select([*fds, self._ending], [], [])[0]):
            for fd in ready:
                fds[fd].run(block=False)

    def _take(self, packet: "Packet") -> None:
        octets = packet.get_payload()
        self.packets.append(octets)
        self.marks.append(packet.get_mark())
        mark = self._answer(octets)
        if mark is not None:
            packet.set_mark(mark.bits)
        packet.accept()


def always(state: State) -> Callable[[bytes], Mark]:
    """Return the answer that each packet's connection is in a state."""
    return lambda _octets: Mark(state, number=7, epoch=3)


def leave(_octets: bytes) -> None:
    """Leave each packet as it is."""


def need_street(*programs: str) -> None:
    """Skip (or fail, where it must run) without root or without the programs."""
    need(os.geteuid() == 0, "network namespaces need root")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [one for one in ("ip", "nft", "iptables-nft", "conntrack", *programs) if not shutil.which(one)]
    need(not missing, f"needs {', '.join(missing)}")


def _enter(namespace: int) -> None:
    if _LIBC.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def street(plan: Plan = BETWEEN) -> Iterator[Street]:
    """A street that is there inside the `with`, and gone after it."""
    need_street()
    built = Street(plan)
    try:
        built.build()
        yield built
    finally:
        built.remove()


def behave(road: Street, manners: Manners) -> None:
    """Have the device begin its connections in a manner."""
    Firewall(GATEWAY, 1, road.run).set_manners(manners)


def is_refused(attempt: socket.socket, to: tuple[str, int]) -> bool:
    """Say whether what is sent there is answered at once that it may not be."""
    try:
        attempt.connect(to)
        attempt.send(b"?")
        attempt.recv(1)
    except TimeoutError:
        return False
    except OSError as error:
        return error.errno in PROHIBITED
    return False


@contextmanager
def guarded(road: Street) -> Iterator[Street]:
    """A street with our rules alone on the box inside the `with`, and with none after it."""
    road.forget()
    Firewall(GATEWAY, 1, road.run).up()
    yield road
    road.forget()
