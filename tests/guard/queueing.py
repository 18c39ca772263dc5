"""Stories of a queue in a network of its own: run as ``python -m tests.guard.queueing STORY``, each prints its end."""

import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from appliance.core.mark import State
from appliance.guard import queue
from appliance.guard.queue import Held, Queue

PORT = 9_009
WATCHED = State.WATCHED_OPEN.bits | 0xAB
"""With a bit of others'."""
ALLOWED = State.ALLOWED.bits
SOON_S = 5.0


class Wire:
    """The loopback, whose datagrams to a port wait in queue 0 with a mark; by IPv4 or IPv6."""

    def __init__(self, *, is_v6: bool = False) -> None:
        self._tables = "ip6tables-nft" if is_v6 else "iptables-nft"
        self._address = "::1" if is_v6 else "127.0.0.1"
        _run("ip", "link", "set", "lo", "up")
        self.rule("OUTPUT", "-j", "MARK", "--set-mark", str(WATCHED))
        self.rule("OUTPUT", "-j", "NFQUEUE", "--queue-num", "0")
        family = socket.AF_INET6 if is_v6 else socket.AF_INET
        self.there = socket.socket(family, socket.SOCK_DGRAM)
        self.there.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.there.bind((self._address, PORT))
        self.there.setblocking(False)
        self.here = socket.socket(family, socket.SOCK_DGRAM)

    def rule(self, chain: str, *words: str) -> None:
        """Add a rule for these datagrams."""
        ours = "-p", "udp", "--dport", str(PORT)
        _run(self._tables, "-t", "mangle", "-A", chain, *ours, *words)

    def send(self, *words: bytes) -> None:
        """Send datagrams."""
        for word in words:
            self.here.sendto(word, (self._address, PORT))

    def arrived(self) -> list[bytes]:
        """Return what has arrived by now: over the loopback that is at once."""
        found = []
        while True:
            try:
                found.append(self.there.recv(65_536))
            except BlockingIOError:
                return found


@contextmanager
def reading(take: Callable[[Held], None], *, is_open: bool = True, max_packets: int = 64) -> Iterator[Queue]:
    """Give queue 0."""
    taken = Queue(0, take, is_open=is_open, max_packets=max_packets)
    try:
        yield taken
    finally:
        taken.close()


def read(taken: Queue) -> None:
    """Read what is there."""
    select.select([taken], [], [], SOON_S)
    taken.read()


def accepted(is_v6: bool = False) -> object:
    """Packets go on, with the bits of theirs that are not ours, and with the mark that they are given."""
    wire = Wire(is_v6=is_v6)
    wire.rule("INPUT", "-m", "mark", "--mark", str(ALLOWED | 0xAB), "-j", "ACCEPT")
    wire.rule("INPUT", "-j", "DROP")
    seen: list[Held] = []
    with reading(seen.append) as taken:
        wire.send(b"one", b"two")
        read(taken)
        seen[0].accept(ALLOWED)
        seen[1].accept(seen[1].mark)
        return [[held.mark for held in seen], [held.octets[-3:].decode() for held in seen], _texts(wire)]


def accepted_v6() -> object:
    """Do so over IPv6."""
    return accepted(is_v6=True)


def answered_late() -> object:
    """Packets that wait don't hold up others: they go on in the order in which they are let go."""
    wire = Wire()
    seen: list[Held] = []
    with reading(seen.append) as taken:
        wire.send(b"one", b"two", b"three")
        read(taken)
        for held in reversed(seen):
            held.accept(held.mark)
        return _texts(wire)


def dropped() -> object:
    """Packets go nowhere, or where those go that nobody looked at."""
    wire = Wire()
    found = []
    for is_open in (True, False):
        seen: list[Held] = []
        with reading(seen.append, is_open=is_open) as taken:
            wire.send(b"one", b"two")
            read(taken)
            seen[0].drop()
            seen[1].give_up()
            found.append(_texts(wire))
    return found


def full() -> object:
    """A queue of two: what is too much passes an open one, and no closed one; the two go on when they are read."""
    wire = Wire()
    found = []
    for is_open in (True, False):
        with reading(lambda held: held.accept(held.mark), is_open=is_open, max_packets=2) as taken:
            wire.send(b"one", b"two", b"three", b"four")
            at_once = _texts(wire)
            read(taken)
            found.append([at_once, _texts(wire)])
    return found


def overrun() -> object:
    """A socket that is too small for what waits: it is counted, and reading goes on."""
    wire = Wire()
    queue.BUFFER_OCTETS = 4_096
    seen: list[Held] = []
    with reading(seen.append, max_packets=1_000) as taken:
        wire.send(*[bytes(1_000)] * 100)
        passed = len(wire.arrived())
        read(taken)
        lost = taken.take_overruns()
        first = len(seen)
        wire.send(b"later")
        read(taken)
        return [passed > 0, first > 0, passed + first, lost > 0, len(seen) - first, taken.take_overruns()]


def in_turns() -> object:
    """So many are read at a time, and the queue stays readable."""
    wire = Wire()
    seen: list[Held] = []
    with reading(seen.append, max_packets=200) as taken:
        wire.send(*[b"word"] * 100)
        counts = []
        for _ in range(3):
            is_readable = bool(select.select([taken], [], [], 0)[0])
            taken.read()
            counts.append([is_readable, len(seen)])
        return counts


def large() -> object:
    """Of a large packet the beginning is handed over, and all of it goes on."""
    wire = Wire()
    sizes: list[int] = []

    def take(held: Held) -> None:
        sizes.append(len(held.octets))
        held.accept(held.mark)

    with reading(take) as taken:
        wire.send(bytes(30_000))
        read(taken)
        return [sizes, [len(one) for one in wire.arrived()]]


def taken_twice() -> object:
    """A queue that somebody has is nobody else's."""
    Wire()
    with reading(lambda held: held.drop()):
        try:
            Queue(0, lambda held: held.drop(), is_open=True)
        except queue.QueueError as error:
            return str(error)
    return None


def speed() -> object:
    """Return the microseconds that a packet takes through a queue that does nothing else, the wire's own included."""
    wire = Wire()
    number = 20_000
    with reading(lambda held: held.accept(held.mark), max_packets=1_000) as taken:
        began = time.perf_counter()
        for _ in range(number // 50):
            wire.send(*[bytes(500)] * 50)
            taken.read()
            wire.arrived()
        return (time.perf_counter() - began) / number * 1e6


def _texts(wire: Wire) -> list[str]:
    return [one.decode() for one in wire.arrived()]


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, timeout=20, capture_output=True)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(globals()[sys.argv[1]]()))
