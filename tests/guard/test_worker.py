"""A worker as a process: real packets through the kernel's rules to its queues, and what it tells the daemon."""

import contextlib
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.mark import MASK, State, read
from appliance.core.word import Pause
from appliance.guard.firewall import Firewall
from appliance.guard.messages import FROM_WORKER, FromWorker, Running, Settled
from appliance.world.snapshot import publish_house
from tests.core.builders import child
from tests.guard.packets import hello
from tests.guard.street import BOX, DEVICE, DEVICE_AT, GATEWAY, MAC, SERVER, SERVER_AT, Street, street

pytestmark = pytest.mark.lab
LIMIT_S = 30.0
ROOT = Path(__file__).parents[2]
TABLET = Device(id="tablet", macs=(MAC,), person="kim", kind=DeviceKind.TABLET)
HOUSE = House(persons=(child("10-12"),), devices=(TABLET,))
FIRST_WORDS = 443


class Worker:
    """The process, and the daemon's end of its link."""

    def __init__(self, box: Street, data: Path) -> None:
        self.box = box
        self.data = data
        self._link, theirs = socket.socketpair()
        with theirs:
            words = sys.executable, "-P", "-m", "appliance.guard.worker", str(theirs.fileno()), str(data), "0", "1"
            self.process = subprocess.Popen(
                ["ip", "netns", "exec", box.namespace(BOX), *words],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
            )
        self._link.settimeout(LIMIT_S)
        self._lines = self._link.makefile("rb")
        self._told: list[Settled] = []
        self.beats: list[Running] = []

    def hear(self) -> FromWorker:
        """Return its next message."""
        return FROM_WORKER.decode(self._lines.readline())

    def settled(self) -> Settled:
        """Return what it tells next of a connection."""
        while not self._told:
            message = self.hear()
            if isinstance(message, Running):
                self.beats.append(message)
            else:
                self._told += message.settled
        return self._told.pop(0)

    def runs(self, revision: int) -> Running:
        """Return the first heartbeat in which it runs a house."""
        while True:
            message = self.hear()
            if isinstance(message, Running) and message.revision == revision:
                return message

    def hang_up(self) -> int:
        """End the link, and return how the process ended."""
        self._lines.close()
        self._link.close()
        return self.process.wait(LIMIT_S)

    def stop(self) -> None:
        """End it in any case."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.hang_up()
        self.process.kill()
        self.process.wait()


@contextmanager
def working(box: Street, data: Path) -> Iterator[Worker]:
    """Give a worker that has begun, on a box with the kernel's rules."""
    publish_house(data, HOUSE, 1)
    firewall = Firewall(GATEWAY, 1, box.run)
    firewall.up()
    started = Worker(box, data)
    try:
        started.runs(1)
        yield started
    finally:
        started.stop()
        box.forget()


@pytest.fixture(scope="module")
def box() -> Iterator[Street]:
    """Give a street."""
    with street() as built:
        yield built


@pytest.fixture
def worker(box: Street, tmp_path: Path) -> Iterator[Worker]:
    """Give a worker on it."""
    with working(box, tmp_path) as started:
        yield started


@contextmanager
def connected(box: Street, version: int) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give both ends of a connection from the device to the server."""
    with box.listen(SERVER, version, FIRST_WORDS) as listener, box.open(DEVICE, version) as here:
        here.connect((SERVER_AT[version], FIRST_WORDS))
        there = listener.accept()[0]
        with there:
            there.settimeout(LIMIT_S)
            yield here, there


def is_reset(end: socket.socket) -> bool:
    """Wait for what comes, and say whether it is a reset."""
    with contextlib.suppress(ConnectionResetError):
        end.recv(1)
        return False
    return True


def heard(end: socket.socket, octets: int) -> bytes:
    """Wait for so many octets, and return what came."""
    found = b""
    while len(found) < octets and (got := end.recv(octets - len(found))):
        found += got
    return found


def test_what_is_forbidden_is_reset_at_both_ends(worker: Worker) -> None:
    """By its first words, which never arrive; the server's end as soon as it speaks."""
    for version in (4, 6):
        with connected(worker.box, version) as (here, there):
            here.sendall(hello("www.tiktok.com"))
            assert is_reset(here)
            there.sendall(b"are you there?")
            assert is_reset(there)
        told = worker.settled()
        assert (told.device, told.name, told.is_open) == ("tablet", "www.tiktok.com", False)
        assert str(ip_address(told.client)) == DEVICE_AT[version]


def test_what_is_allowed_flows_past_the_queue(worker: Worker) -> None:
    """Its first words arrive, of three segments, as they were sent; what follows never comes to the worker."""
    words = hello("www.wikipedia.org", padding=3_000)
    for version in (4, 6):
        with connected(worker.box, version) as (here, there):
            here.sendall(words)
            assert heard(there, len(words)) == words
            told = worker.settled()
            assert told.is_open
            assert told.mark in [mark & MASK for mark in worker.box.marks()]
            there.sendall(bytes(100_000))
            assert heard(here, 100_000) == bytes(100_000)
    worker.beats.append(worker.runs(1))
    # Of each: the words, and perhaps some that were on their way before the kernel knew.
    assert sum(beat.counts.get("packets", 0) for beat in worker.beats) < 20


def test_another_house_is_followed(worker: Worker) -> None:
    """Without a word of the daemon's."""
    now = time.time()
    publish_house(worker.data, House(persons=HOUSE.persons, devices=HOUSE.devices, pauses=(_pause(now),)), 2)
    worker.runs(2)
    with connected(worker.box, 4) as (here, _):
        here.sendall(hello("www.wikipedia.org"))
        assert is_reset(here)
    told = worker.settled()
    mark = read(told.mark)
    assert mark
    assert (mark.state, mark.epoch, told.until is None) == (State.REFUSED, told.state % 256, False)


def test_words_without_a_name_wait_no_longer_than_the_nameserver_may_take(worker: Worker) -> None:
    """There is none here: what is no web is as a name that nobody knows."""
    kind = socket.SOCK_DGRAM
    with worker.box.listen(SERVER, 4, 9_999, kind) as there, worker.box.open(DEVICE, 4, kind) as here:
        for number in range(12):
            here.sendto(b"anything %d" % number, (SERVER_AT[4], 9_999))
            assert there.recv(100) == b"anything %d" % number
    told = worker.settled()
    assert (told.name, told.kind, told.is_open) == (None, "other", True)


def test_it_ends_with_its_link(worker: Worker) -> None:
    """As a daemon ends that hangs up; then new connections pass as while nobody looks."""
    assert worker.hang_up() == 0
    with connected(worker.box, 4) as (here, there):
        here.sendall(hello("www.tiktok.com"))
        assert select.select([there], [], [], LIMIT_S)[0]
        assert heard(there, 5) == hello("www.tiktok.com")[:5]


def test_a_queue_that_is_taken(worker: Worker, box: Street) -> None:
    """A second one of the same number says so and ends."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        words = sys.executable, "-P", "-m", "appliance.guard.worker", str(theirs.fileno()), str(worker.data), "0", "1"
        done = subprocess.run(
            ["ip", "netns", "exec", box.namespace(BOX), *words],
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_S,
            cwd=ROOT,
        )
    assert done.returncode == 1
    assert "queue 0: Failed to create queue 0." in done.stderr


def _pause(now: float) -> Pause:

    return Pause(said_at=datetime.fromtimestamp(now - 60, UTC), until=datetime.fromtimestamp(now + 3_600, UTC))
