"""Clients that ask and ask, and remember what they got and when."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.message

from appliance.config import Endpoint
from tests.running import ALLOWED, BLOCKED, addresses, question

RATE_S = 0.005
"""Between two questions: 200 a second."""
CLIENTS = 16
"""Ports to ask from: the kernel spreads them over the workers."""


@dataclass
class Got:
    """One reply."""

    client: int
    name: str
    sent_at: float
    came_at: float
    addresses: list[str]


@dataclass
class Load:
    """What was asked and answered so far."""

    sent: int = 0
    got: list[Got] = field(default_factory=list)
    lost: int = 0
    """Questions without an answer; known when the load is over."""
    is_over: threading.Event = field(default_factory=threading.Event)

    def of(self, name: str) -> set[str]:
        """Return all addresses that a name ever got."""
        return {address for one in self.got if one.name == name for address in one.addresses}

    def back_after_s(self, since: float) -> float | None:
        """Return how long after a moment the last client was answered for both names, None while one was not."""
        first: dict[tuple[int, str], float] = {}
        for one in list(self.got):
            if one.sent_at >= since:
                first.setdefault((one.client, one.name), one.came_at - since)
        return max(first.values()) if len(first) == CLIENTS * 2 else None


@contextmanager
def load(server: Endpoint, last_s: float = 0.0) -> Iterator[Load]:
    """Ask a server 200 times a second for a blocked and an allowed name, for as long as the block runs.

    After that the last answers are waited for, but no longer than `last_s`.
    """
    made = Load()
    thread = threading.Thread(target=_ask, args=(server, made, last_s), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.is_over.set()
        thread.join(10 + last_s)


def _ask(server: Endpoint, made: Load, last_s: float) -> None:
    clients = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(CLIENTS)]
    under_way: dict[tuple[int, int], tuple[str, float]] = {}
    wires = {name: question(name).to_wire()[2:] for name in (BLOCKED, ALLOWED)}
    due = time.monotonic()
    try:
        for client in clients:
            client.bind(("127.0.0.2", 0))
            client.setblocking(False)
        while not made.is_over.is_set():
            readable = select.select(clients, [], [], max(0.0, due - time.monotonic()))[0]
            for client in readable:
                _take(made, clients.index(client), client, under_way)
            if time.monotonic() >= due:
                due += RATE_S
                made.sent += 1
                number = made.sent // 2 % CLIENTS
                name = (BLOCKED, ALLOWED)[made.sent % 2]
                ident = made.sent & 0xFFFF
                under_way[number, ident] = (name, time.monotonic())
                clients[number].sendto(ident.to_bytes(2, "big") + wires[name], (server.address, server.port))
        until = time.monotonic() + last_s
        while under_way and time.monotonic() < until:
            for client in select.select(clients, [], [], 0.1)[0]:
                _take(made, clients.index(client), client, under_way)
        made.lost = len(under_way)
    finally:
        for client in clients:
            client.close()


def _take(made: Load, number: int, client: socket.socket, under_way: dict[tuple[int, int], tuple[str, float]]) -> None:
    try:
        reply = client.recv(4096)
    except OSError:
        return
    name, sent_at = under_way.pop((number, int.from_bytes(reply[:2], "big")))
    made.got.append(Got(number, name, sent_at, time.monotonic(), addresses(dns.message.from_wire(reply))))
