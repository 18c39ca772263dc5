"""Hearing: the filter in the kernel, a bounded queue, nothing that a packet can break, another try after a crash."""

import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.finder import frames, hearing
from appliance.finder.hearing import MAX_READ_PER_S, MAX_SENDER_PER_S, QUEUE, Hearing
from appliance.world import clock
from tests.finder.packets import TABLET_DHCP, TABLET_MDNS, address_record, dhcp, mdns, udp
from tests.needs import need
from tests.running import in_own_network

HOP_BY_HOP = mdns("fe80::10").replace(b"\x11\xff\xfe\x80", b"\x00\xff\xfe\x80", 1)
FRAGMENT = TABLET_MDNS[:20] + b"\x00\x10" + TABLET_MDNS[22:]
PASSES = {
    "mDNS": TABLET_MDNS,
    "mDNS over IPv6": mdns("fe80::10"),
    "DHCP from a client": TABLET_DHCP,
    "DHCP from a server": dhcp(5, op=2),
    "IPv4 options": TABLET_MDNS[:14] + b"\x46" + TABLET_MDNS[15:34] + bytes(4) + TABLET_MDNS[34:],
}
STOPS = {
    "DNS": udp("192.168.77.10", "192.168.77.2", (5353, 53), b"x" * 40),
    "DNS over IPv6": udp("fd77::10", "fd77::2", (5353, 53), b"x" * 40),
    "DHCPv6": udp("fe80::10", "ff02::1:2", (546, 547), b"x" * 40),
    "DHCP's port over IPv6": udp("fe80::10", "ff02::1:2", (68, 67), b"x" * 40),
    "TCP": TABLET_MDNS[:23] + b"\x06" + TABLET_MDNS[24:],
    "a fragment": FRAGMENT,
    "ARP": TABLET_MDNS[:12] + b"\x08\x06" + TABLET_MDNS[14:],
    "an extension": HOP_BY_HOP,
    "cut short": TABLET_MDNS[:30],
}


class Time:
    """A clock that moves only when somebody waits or the test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 1000.0
        self.waited: list[float] = []
        monkeypatch.setattr(clock, "uptime", lambda: self.at)
        monkeypatch.setattr(clock, "pause", self._pause)

    def _pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += seconds


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Return a clock that the test moves."""
    return Time(monkeypatch)


@pytest.mark.parametrize("frame", [*PASSES.values(), *STOPS.values()], ids=[*PASSES, *STOPS])
def test_the_filter(frame: bytes) -> None:
    """The kernel hands on DHCP and mDNS and nothing else; it filters a pair of local sockets in the same way."""
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with near, far:
        hearing.attach(near)
        far.send(frame)
        far.send(TABLET_MDNS)
        got = near.recv(4096)
        assert (got, frame in PASSES.values()) == (frame if frame in PASSES.values() else TABLET_MDNS, got == frame)


def test_heard_once() -> None:
    """What was heard is fetched once."""
    ears = Hearing()
    ears.hear(TABLET_MDNS)
    ears.hear(TABLET_DHCP)
    assert [seen.host_name for seen in ears.heard()] == ["Kims-tablet", "kims-tablet"]
    assert ears.heard() == []


def test_what_breaks_the_dissector_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever scapy raises on octets of a stranger ends here."""

    def read(frame: bytes, at: float) -> None:
        raise RecursionError

    monkeypatch.setattr(frames, "read", read)
    ears = Hearing()
    ears.hear(TABLET_MDNS)
    assert (ears.malformed, ears.heard()) == (1, [])


def from_(number: int) -> bytes:
    """Return an announcement of one of many senders."""
    return mdns("192.168.77.10", address_record("t.local", "192.168.77.10"), mac=f"06:00:00:00:00:{number:02x}")


def test_one_who_shouts(still: Time) -> None:
    """Of one sender a few frames a second are read, the rest is counted; others are heard meanwhile."""
    ears = Hearing()
    for _ in range(100):
        ears.hear(TABLET_MDNS)
    assert (len(ears.heard()), ears.dropped) == (MAX_SENDER_PER_S, 100 - MAX_SENDER_PER_S)
    ears.hear(from_(1))
    assert len(ears.heard()) == 1
    still.at += 1
    ears.hear(TABLET_MDNS)
    assert (len(ears.heard()), still.waited) == (1, [])


def test_many_who_shout(still: Time) -> None:
    """Of all together so many are read a second; then it waits for the next one."""
    ears = Hearing()
    still.at += 0.25
    for number in range(MAX_READ_PER_S):
        ears.hear(from_(number))
    assert (len(ears.heard()), ears.dropped, still.waited) == (MAX_READ_PER_S, 0, [])
    ears.hear(from_(200))
    assert (len(ears.heard()), ears.dropped, still.waited) == (0, 1, [0.75])
    ears.hear(from_(201))
    assert len(ears.heard()) == 1


def test_frames_that_cost_time(still: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a fifth of a second went into taking frames apart, the rest of it is not for that."""

    def read(frame: bytes, at: float) -> None:
        still.at += 0.125

    monkeypatch.setattr(frames, "read", read)
    ears = Hearing()
    for number in range(3):
        ears.hear(from_(number))
    assert (ears.dropped, still.waited, still.at) == (1, [0.75], 1001.0)


def test_nobody_fetches(still: Time) -> None:
    """What is not fetched is dropped and counted."""
    ears = Hearing()
    for _ in range(QUEUE + 10):
        still.at += 1
        ears.hear(TABLET_MDNS)
    assert (len(ears.heard()), ears.dropped) == (QUEUE, 10)


class Sniffer:
    """A sniffer that dies when it is told."""

    def __init__(self, **_: Any) -> None:
        self.running = True
        self.alive = True
        self.thread = SimpleNamespace(is_alive=lambda: self.alive, join=lambda _: None)
        started.append(self)

    def start(self) -> None:
        """Do nothing."""

    def stop(self, **_: bool) -> None:
        """Stop."""
        self.running = False


started: list[Sniffer] = []


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch, still: Time) -> Hearing:
    """A hearing with sockets and a sniffer that are none."""
    started.clear()
    inside = SimpleNamespace(
        getsockname=lambda: ("eth0", 3, 0, hearing.ARPHRD_ETHER, b""),
        getsockopt=lambda *_: struct.pack("=II", 12, 5),
    )
    monkeypatch.setattr(hearing, "_obstacle", lambda: None)
    monkeypatch.setattr(hearing, "_join", lambda _: [])
    opened = SimpleNamespace(ins=inside, closed=False, close=lambda: None)
    monkeypatch.setattr(hearing, "_listener", lambda: lambda _: opened)
    monkeypatch.setattr(frames, "scapy", lambda: SimpleNamespace(AsyncSniffer=Sniffer))
    return Hearing()


def test_a_sniffer_that_dies(ears: Hearing, still: Time) -> None:
    """It is started again after a pause that doubles, and is short again after a long life."""
    ears.tend(("eth0",))
    ears.tend(("eth0",))
    assert (len(started), ears.why, ears.dropped) == (1, None, 5)
    pauses = []
    for _ in range(8):
        started[-1].alive = False
        ears.tend(("eth0",))
        assert ears.why == "the sniffer ended"
        died_at, lives = still.at, len(started)
        while len(started) == lives:
            still.at += 0.5
            ears.tend(("eth0",))
        pauses.append(still.at - died_at)
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    assert (ears.restarts, ears.why) == (8, None)
    still.at += 100
    started[-1].alive = False
    ears.tend(("eth0",))
    still.at += 1
    ears.tend(("eth0",))
    assert (len(started), ears.why) == (10, None)


def test_other_interfaces(ears: Hearing) -> None:
    """When the home's interfaces change it listens on the new ones at once; without any it says why it is deaf."""
    ears.tend(("eth0",))
    ears.tend(("eth0", "wlan0"))
    assert (len(started), started[0].running, ears.why) == (2, False, None)
    ears.tend(())
    assert (len(started), started[1].running) == (2, False)
    assert ears.why == "no interface has a home's address"
    assert ears.restarts == 0


def test_what_can_not_be_opened(ears: Hearing, still: Time, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is told and tried again."""

    def refuse() -> None:
        raise OSError(19, "No such device")

    with monkeypatch.context() as refusing:
        refusing.setattr(hearing, "_listener", refuse)
        ears.tend(("eth0",))
    assert ears.why == "OSError: [Errno 19] No such device"
    ears.tend(("eth0",))
    assert ears.why == "OSError: [Errno 19] No such device"
    still.at += 2
    ears.tend(("eth0",))
    assert ears.why is None


_WITHOUT = """
import sys
from appliance.finder.hearing import Hearing
ears = Hearing()
ears.tend(("lo",))
print(ears.why)
print(sorted(name for name in sys.modules if name.startswith("scapy")))
"""


def test_without_the_right_nothing_is_loaded() -> None:
    """Who may not listen does not pay for scapy."""
    need(os.geteuid() == 0, "to give a right up one must have it")
    done = subprocess.run(
        ["setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", sys.executable, "-c", _WITHOUT],
        capture_output=True, text=True, check=False, timeout=30, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout.splitlines() == ["this process has no CAP_NET_RAW", "[]"], done.stderr


_LEAVES = """
import os
from appliance.finder import frames
frames.scapy()
print(os.listdir(os.environ["HOME"]), os.environ.get("XDG_CACHE_HOME"))
"""


def test_scapy_leaves_nothing_behind(tmp_path: Path) -> None:
    """Loading scapy makes no folder for its settings or its cache."""
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", _LEAVES],
        capture_output=True, text=True, check=False, timeout=30, env=env, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.stdout == "[] None\n", done.stderr


_STORY = """
import socket, subprocess, time
from appliance.finder.hearing import Hearing
from tests.finder.packets import TABLET_DHCP, TABLET_MDNS, udp

def ip(words):
    subprocess.run(["ip", *words.split()], check=True)

def wait(is_so):
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.01)

def say():
    for frame in (udp("192.168.77.10", "192.168.77.2", (5353, 53), b"x"), TABLET_DHCP, TABLET_MDNS):
        device.send(frame)
    heard = []
    wait(lambda: heard.extend(ears.heard()) or len(heard) >= 2)
    print([seen.source.value for seen in heard], ears.why, ears.malformed)

ip("link set lo up")
ip("link add home type veth peer name device")
ip("link set home up")
ip("link set device up")
device = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
device.bind(("device", 0))
ears = Hearing()
ears.tend(("home", "lo"))
print(open("/proc/net/igmp").read().count("FB0000E0"), "group")
say()
ip("link set home down")
wait(lambda: ears.tend(("home", "lo")) or ears.why)
print(ears.why)
ip("link set home up")
wait(lambda: ears.tend(("home", "lo")) or ears.why is None)
say()
ears.tend(("lo",))
print(ears.why)
ears.close()
ip("link del home")
print(ears.restarts > 0)
"""


def test_a_network_of_our_own() -> None:
    """DHCP and mDNS are heard on an Ethernet, and again after it was down for a while."""
    done = in_own_network(_STORY)
    assert done.stdout.splitlines() == [
        "1 group",
        "['dhcp', 'mdns'] None 0",
        "the sniffer ended",
        "['dhcp', 'mdns'] None 0",
        "no interface of the home is an Ethernet",
        "True",
    ], done.stderr
