"""What befalls the guard of a gateway: killed, stopped, stuck; what flows goes on, what is refused stays so."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.lab.appliance import START_S, Appliance
from tests.lab.gateway import HOUSE, Gateway, Open, gateway, guarding, is_looking
from tests.lab.home import wait_until

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

SITE, PLAY = "www.example.com", "play.example"
CLOSED, CLOSED_AT = "www.tiktok.com", "203.0.113.40"
FAMILIES = ("4", "6")
LOAD = 20
ROOM = 1024
"""So many packets wait in a queue of the guard at most."""
WARY = HOUSE.replace("band: 13-15}", "band: 13-15, unwatched: closed}")
"""Noah's new connections wait for the guard; Mia's don't."""
NO_PLAY = WARY.replace("band: 6-9}", "band: 6-9, rules: [{name: play.example, do: block}]}")
NOTHING = NO_PLAY.replace("do: block}]", "do: block}, {name: example.com, do: block}]")
REFUSED = (7, 35, 56)
TOO_LATE = 28
QUEUES = 2
FLOOD = """
import itertools, socket, time
way = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for packet in itertools.count():
    way.sendto(b"x", (f"203.0.113.{1 + packet % 250}", 20000 + packet // 250 % 10000))
    time.sleep(0.002)
"""
"""Begins new connections to everywhere: the packets of one pair of addresses are in one queue."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A home with two interfaces."""
    with gateway(f"faults-{os.getpid()}", tmp_path_factory.mktemp("gateway")) as up:
        yield up


class Before(NamedTuple):
    """A box, and how its kernel was before Kindgate came."""

    box: Appliance
    kernel: dict[str, str]


@pytest.fixture(scope="module")
def before(home: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Before]:
    """Kindgate on it."""
    was = settings(home)
    with guarding(home, tmp_path_factory.mktemp("box") / "data", WARY, queues=QUEUES) as appliance:
        yield Before(appliance, was)


@pytest.fixture
def box(before: Before) -> Iterator[Appliance]:
    """The same box, whose guard is well before and after a test."""
    yield before.box
    before.box.apply(WARY)
    wait_until(lambda: is_looking(before.box), "the guard", START_S)


@pytest.mark.parametrize("victim", ["daemon", "worker"])
def test_who_is_killed_under_load_is_not_missed(home: Gateway, box: Appliance, victim: str) -> None:
    """Twenty downloads go on without a gap, a refused game stays refused, and then all is decided as before."""
    with ExitStack() as stack:
        load = [stack.enter_context(downloading(home, host)) for host in ("tablet", "laptop") * (LOAD // 2)]
        playing = [stack.enter_context(game(home, family)) for family in FAMILIES]
        refused_at = time.time()
        box.apply(NO_PLAY)
        ends = [one.wait_for_end(after=refused_at)["at"] for one in playing]
        guard = box.status("guard")
        killed = guard["pid"] if victim == "daemon" else guard["workers"][0]["pid"]
        os.kill(killed, signal.SIGKILL)
        killed_at = time.time()
        wait_until(lambda: is_looking(box) and killed not in pids(box), "another one", START_S)
        for one in load:
            one.lives_after(max(killed_at + 1, time.time()))
        for one, end in zip(playing, ends, strict=True):
            assert [line for line in one.lines if line["what"] == "open" and line["at"] > end] == []
    decides_as_before(home)


def test_while_the_guard_is_dead(home: Gateway, box: Appliance) -> None:
    """New connections of an open person pass and a wary one's don't; what began meanwhile is judged once it is back."""
    with ExitStack() as stack:
        living = [stack.enter_context(downloading(home, host)) for host in ("laptop", "tablet")]
        with dead(box, signal.SIGKILL):
            dead_at = time.time()
            for family in FAMILIES:
                assert at_closed_site(home, "tablet", f"-{family}") == 0
                assert home.curl("phone", f"https://{SITE}/", f"-{family}").code == 0
                assert home.curl("laptop", f"https://{SITE}/", f"-{family}", limit_s=1.5).code == TOO_LATE
            begun = [stack.enter_context(downloading(home, "tablet", family)) for family in FAMILIES]
            for one in living:
                one.lives_after(time.time())
            box.apply(NOTHING, status=3)
        for one in begun:
            one.wait_for_end(after=dead_at, limit_s=START_S)
        living[0].lives_after(time.time())
    box.apply(WARY)
    decides_as_before(home)


def test_while_queues_are_full(home: Gateway, box: Appliance) -> None:
    """The same holds while the workers are there but stuck, with as many packets waiting as there is room for."""
    with downloading(home, "laptop") as living, stopped(*pids(box)), flooding(home, "toy", "guest", "console"):
        wait_until(lambda: all(one == ROOM for one in waiting(home)), "full queues")
        for family in FAMILIES:
            assert at_closed_site(home, "tablet", f"-{family}") == 0
            assert home.curl("laptop", f"https://{SITE}/", f"-{family}", limit_s=1.5).code == TOO_LATE
        living.lives_after(time.time())
    wait_until(lambda: is_looking(box) and not any(waiting(home)), "the guard, with all that waited decided", START_S)
    decides_as_before(home)


def test_what_begins_while_nobody_can_say_its_name(home: Gateway, box: Appliance) -> None:
    """A game that began while the nameserver didn't answer the guard is known a moment later, and ended as others."""
    with ExitStack() as stack:
        with stopped(box.status("nameserver")["pid"]):
            before = decided(box) + 1
            playing = [stack.enter_context(game(home, family)) for family in FAMILIES]
            wait_until(lambda: decided(box) > before, "the decision")
        refused_at = time.time()
        box.apply(NO_PLAY)
        for one in playing:
            one.wait_for_end(after=refused_at)


def test_a_guard_that_is_stopped_leaves_nothing_behind(home: Gateway, before: Before, box: Appliance) -> None:
    """No rule of ours, no setting of the kernel's; and when it is back, what was open is open yet and nothing else.

    But for what came from the internet over IPv4 meanwhile: nobody translated it, and the box knew nothing of it.
    """
    with ExitStack() as stack:
        living = [stack.enter_context(one) for one in (game(home, "4", "laptop"), downloading(home, "laptop", "6"))]
        playing = [stack.enter_context(game(home, family)) for family in FAMILIES]
        refused_at = time.time()
        box.apply(NO_PLAY)
        for one in playing:
            one.wait_for_end(after=refused_at)
        with dead(box, signal.SIGTERM):
            assert settings(home) == before.kernel
            assert our_rules(home) == ""
            stopped_at = time.time()
        for one in living:
            one.wait("open", "flowing", after=stopped_at + 1, limit_s=START_S)
            assert [line for line in one.lines if line["what"] == "closed"] == []
        for one in playing:
            assert [line for line in one.lines if line["what"] == "open" and line["at"] > stopped_at] == []
    decides_as_before(home)


def test_of_a_restart_open_connections_notice_nothing(home: Gateway, box: Appliance) -> None:
    """The rules stay for who comes after (SIGHUP, as the unit has it): downloads over IPv4 and IPv6 flow meanwhile."""
    with ExitStack() as stack:
        living = [stack.enter_context(downloading(home, "laptop", family)) for family in FAMILIES]
        with dead(box, signal.SIGHUP):
            assert our_rules(home) != ""
            left_at = time.time()
            for one in living:
                one.lives_after(left_at)
        back_at = time.time()
        for one in living:
            one.lives_after(back_at)
    decides_as_before(home)


def decides_as_before(home: Gateway) -> None:
    """Assert that what may flow does, for each, and what may not doesn't."""
    for family in FAMILIES:
        assert at_closed_site(home, "tablet", f"-{family}") in REFUSED
        for host in ("tablet", "laptop", "phone"):
            assert home.curl(host, f"https://{SITE}/", f"-{family}").code == 0


def at_closed_site(home: Gateway, host: str, family: str) -> int:
    """Return what curl says of a site that is closed to Mia, at its address."""
    where = CLOSED_AT if family == "-4" else "[2001:db8::40]"
    return home.curl(host, f"https://{CLOSED}/", family, "--connect-to", f"::{where}:").code


@contextmanager
def downloading(home: Gateway, host: str, family: str = "4") -> Iterator[Open]:
    """A download that is open."""
    with _open(home.download(host, SITE, "--family", family, kbit=200)) as one:
        yield one


@contextmanager
def game(home: Gateway, family: str, host: str = "tablet") -> Iterator[Open]:
    """A game that is open."""
    with _open(home.udp_game(host, PLAY, "--family", family)) as one:
        yield one


@contextmanager
def _open(one: Open) -> Iterator[Open]:
    try:
        one.wait("open", limit_s=30)
        yield one
    finally:
        one.end()


@contextmanager
def dead(box: Appliance, by: signal.Signals) -> Iterator[None]:
    """Have the guard end by a signal, and nobody start it again before the block ends."""
    guard = box.status("guard")
    workers = [one["pid"] for one in guard["workers"]]
    with stopped(parent(guard["pid"])):
        os.kill(guard["pid"], by)
        wait_until(lambda: not any(is_alive(pid) for pid in (guard["pid"], *workers)), "its end", START_S)
        yield
    wait_until(lambda: is_looking(box), "the guard", START_S)


@contextmanager
def stopped(*stuck: int) -> Iterator[None]:
    """Have processes do nothing."""
    try:
        for pid in stuck:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in reversed(stuck):
            os.kill(pid, signal.SIGCONT)


@contextmanager
def flooding(home: Gateway, *hosts: str) -> Iterator[None]:
    """Have devices begin connections all the time."""
    floods = [home.popen(host, [sys.executable, "-c", FLOOD]) for host in hosts]
    try:
        yield
    finally:
        for one in floods:
            home.stop(one)


def decided(box: Appliance) -> int:
    """Return how many connections the guard let through."""
    return int(box.status("guard")["counts"].get("open", 0))


def waiting(home: Gateway) -> list[int]:
    """Return how many packets wait in each queue of the guard (nfnetlink_queue_core.c: the third column)."""
    shown = home.exec("appliance", ["cat", "/proc/net/netfilter/nfnetlink_queue"]).stdout
    return [int(line.split()[2]) for line in shown.splitlines()]


def pids(box: Appliance) -> list[int]:
    """Return the guard's processes, the daemon first; none where it doesn't answer."""
    guard = box.status("guard")
    return [guard["pid"], *(one["pid"] for one in guard["workers"])] if guard else []


def is_alive(pid: int) -> bool:
    """Say whether a process runs: one that ended but that nobody asked about doesn't."""
    try:
        return stat(pid)[0] != "Z"
    except FileNotFoundError:
        return False


def parent(pid: int) -> int:
    """Return who started a process."""
    return int(stat(pid)[1])


def stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat that follow the name (proc(5))."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def settings(home: Gateway) -> dict[str, str]:
    """Return the settings of the box's kernel that a gateway changes."""
    shown = home.exec("appliance", ["sysctl", "-a", "-r", r"^net\.(ipv[46]\.(conf|ip_forward)|netfilter)"]).stdout
    told = (line.partition(" = ") for line in shown.splitlines())
    return {key: value for key, _, value in told if not key.endswith(("_count", "_timeout"))}


def our_rules(home: Gateway) -> str:
    """Return what the box's kernel has of us: tables, chains and jumps."""
    shown = [home.exec("appliance", ["nft", "list", "tables"]).stdout]
    shown += [home.exec("appliance", [one, "-t", "mangle", "-S"]).stdout for one in ("iptables-nft", "ip6tables-nft")]
    return "\n".join(line for line in "".join(shown).splitlines() if "kindgate" in line.lower())
