"""Who asks, so many times a second: from their own addresses and through a router, over UDP and now and then TCP."""

import random
import select
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from appliance.core import names
from appliance.core.wire import dns, mnemonics
from scripts.soaklib.home import (
    ADDRESSES,
    KEPT,
    MACS,
    OFTEN,
    PERSONS,
    ROUTER,
    Kind,
    Wish,
    is_wrong,
    kept,
    often,
    wishes,
)

PORTS = 3
"""From so many each address asks, so that every worker is reached."""
MAC_OPTION = 65001
TCP_EACH = 20
"""One query in so many is asked over TCP."""
LATE_S = 1.0
LOST_S = 10.0
"""A query that isn't answered within this is lost."""
BEHIND_S = 0.5
"""Who asks catches up with this much at most, so that a busy machine brings no flood."""


@dataclass(slots=True)
class Told:
    """What came of the queries of a time."""

    sent: int = 0
    lost: int = 0
    """Not answered, or with an error, but for those that are excused."""
    wrong: int = 0
    excused: int = 0
    """An error for a name that nobody asked for before, while no upstream answered."""
    late: int = 0
    took_s: list[float] = field(default_factory=list)
    lost_as: Counter[str] = field(default_factory=Counter)
    """What was lost: the kind of name, and its error."""

    def lose(self, asked: "Asked", why: str) -> None:
        """Note a query that is lost."""
        self.lost += 1
        self.lost_as[f"{asked.kind.value}: {why}"] += 1

    def add(self, other: "Told") -> None:
        """Add what came of other queries, but for how long each took."""
        self.sent += other.sent
        self.lost += other.lost
        self.wrong += other.wrong
        self.excused += other.excused
        self.late += other.late
        self.lost_as += other.lost_as

    def percentile_ms(self, share: float) -> float:
        """Return in how many milliseconds so many (0 to 1) were answered."""
        ordered = sorted(self.took_s) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


@dataclass(frozen=True, slots=True)
class Asked:
    """A query under way."""

    at: float
    person: str | None
    kind: Kind


@dataclass(slots=True)
class Client:
    """A port to ask from, and for whom; `mac` is told where it is a router's."""

    opened: socket.socket
    person: str | None
    mac: str | None
    under_way: dict[int, Asked] = field(default_factory=dict)


@dataclass(slots=True)
class Stream:
    """A connection for one query, and what came of the answer so far."""

    opened: socket.socket
    asked: Asked
    octets: bytes = b""


class Load:
    """The queries of all."""

    def __init__(self, server: tuple[str, int], rate: int) -> None:
        self._server = server
        self._rate = rate
        self._excused = (0.0, 0.0)
        self._wishes = wishes(random.Random(7))
        self._ident = 0
        self._streams: dict[int, Stream] = {}
        self._clients: dict[int, Client] = {}
        self._is_over = threading.Event()
        self._now = Told()

    def turn(self) -> Told:
        """Return what came of the queries since the last time."""
        told, self._now = self._now, Told()
        return told

    def excuse(self, begins: float, ends: float) -> None:
        """Expect no answer to new names that are asked for between two moments: nobody upstream may have been there."""
        self._excused = begins, ends

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask for as long as the block runs, and then wait for the last answers."""
        with ExitStack() as stack:
            for client in _clients(self._server, stack):
                self._clients[client.opened.fileno()] = client
            self._get_to_know()
            thread = threading.Thread(target=self._run, daemon=True)
            thread.start()
            try:
                yield
            finally:
                self._is_over.set()
                thread.join(2 * LOST_S)

    def _get_to_know(self) -> None:
        """Ask for the names that are everybody's once from each port: from here on every worker knows them."""
        for wish in [Wish(often(number), Kind.OFTEN) for number in range(OFTEN)] + [
            Wish(kept(number), Kind.KEPT) for number in range(KEPT)
        ]:
            for client in self._clients.values():
                self._ask(client, wish)
            until = time.monotonic() + LOST_S
            while any(client.under_way for client in self._clients.values()) and time.monotonic() < until:
                self._hear(0.1)
        self._settle(time.monotonic() + LOST_S)
        if self.turn().lost:
            raise TimeoutError("the nameserver doesn't answer")

    def _run(self) -> None:
        clients = list(self._clients.values())
        due = seen = time.monotonic()
        turn = 0
        until: float | None = None
        while until is None or (time.monotonic() < until and self._is_any_under_way()):
            self._hear(max(0.0, due - time.monotonic()) if until is None else 0.1)
            now = time.monotonic()
            if now - seen > 1:
                seen = now
                self._settle(now)
            if until is None and self._is_over.is_set():
                until = now + LOST_S
            due = max(due, now - BEHIND_S)
            while until is None and due <= now:
                due += 1 / self._rate
                turn += 1
                if turn % TCP_EACH:
                    self._ask(clients[turn % len(clients)], next(self._wishes))
                else:
                    self._ask_stream(turn // TCP_EACH % len(PERSONS), next(self._wishes))
        self._settle(time.monotonic() + LOST_S)
        for stream in self._streams.values():
            stream.opened.close()

    def _is_any_under_way(self) -> bool:
        return bool(self._streams) or any(client.under_way for client in self._clients.values())

    def _ask(self, client: Client, wish: Wish) -> None:
        self._ident = self._ident + 1 & 0xFFFF
        self._now.sent += 1
        client.under_way[self._ident] = Asked(time.monotonic(), client.person, wish.kind)
        with suppress(OSError):
            client.opened.send(_query(self._ident, wish.name, client.mac))

    def _ask_stream(self, number: int, wish: Wish) -> None:
        self._now.sent += 1
        asked = Asked(time.monotonic(), PERSONS[number], wish.kind)
        try:
            opened = socket.create_connection(self._server, LATE_S, (ADDRESSES[number], 0))
            wire = _query(7, wish.name, None)
            opened.sendall(len(wire).to_bytes(2, "big") + wire)
            opened.setblocking(False)
        except OSError:
            self._now.lose(asked, "no connection")
            return
        self._streams[opened.fileno()] = Stream(opened, asked)

    def _hear(self, for_s: float) -> None:
        """Take the answers that come within this time, or are there."""
        for number in select.select([*self._clients, *self._streams], [], [], for_s)[0]:
            if number in self._streams:
                self._hear_stream(number)
                continue
            client = self._clients[number]
            with suppress(OSError):
                wire = client.opened.recv(4096)
                asked = client.under_way.pop(int.from_bytes(wire[:2], "big"), None)
                if asked is not None:
                    self._judge(asked, wire)

    def _hear_stream(self, number: int) -> None:
        stream = self._streams[number]
        try:
            octets = stream.opened.recv(4096)
        except OSError:
            octets = b""
        stream.octets += octets
        size = int.from_bytes(stream.octets[:2], "big") + 2
        if octets and (len(stream.octets) < 2 or len(stream.octets) < size):
            return
        del self._streams[number]
        stream.opened.close()
        if octets:
            self._judge(stream.asked, stream.octets[2:])
        else:
            self._now.lose(stream.asked, "hung up")

    def _judge(self, asked: Asked, wire: bytes) -> None:
        took_s = time.monotonic() - asked.at
        self._now.took_s.append(took_s)
        self._now.late += took_s > LATE_S
        rcode = wire[3] & 15
        if rcode == dns.NOERROR:
            self._now.wrong += is_wrong(asked.person, asked.kind, wire)
        elif asked.kind is Kind.NEW and self._excused[0] <= asked.at <= self._excused[1]:
            self._now.excused += 1
        else:
            self._now.lose(asked, mnemonics.RCODE_NAMES.get(rcode, str(rcode)))

    def _settle(self, now: float) -> None:
        """Give up what has waited too long."""
        for client in self._clients.values():
            for ident in [ident for ident, asked in client.under_way.items() if asked.at < now - LOST_S]:
                self._now.lose(client.under_way.pop(ident), "no answer")
        for number in [number for number, stream in self._streams.items() if stream.asked.at < now - LOST_S]:
            stream = self._streams.pop(number)
            stream.opened.close()
            self._now.lose(stream.asked, "no answer")


def _clients(server: tuple[str, int], stack: ExitStack) -> Iterator[Client]:
    persons = zip(PERSONS, ADDRESSES, MACS, strict=True)
    ends = [(person, each, told) for person, address, mac in persons for each, told in ((address, None), (ROUTER, mac))]
    for person, address, mac in ends * PORTS:
        opened = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        opened.bind((address, 0))
        opened.connect(server)
        opened.setblocking(False)
        yield Client(opened, person, mac)


def _query(ident: int, name: str, mac: str | None) -> bytes:
    told = dns.option(MAC_OPTION, bytes.fromhex(mac.replace(":", ""))) if mac else b""
    question = names.to_wire(name) + struct.pack("!HH", dns.A, dns.CLASS_IN)
    edns = dns.opt(dns.MAX_UDP_OCTETS, do=False, options=told)
    return dns.header(ident, dns.RD, (1, 0, 0, 1)) + question + edns
