"""Devices that ask all the time, each question with the answer that it must get, so that not one is lost or wrong."""

import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.message

from appliance.config import Endpoint
from tests.running import addresses, question
from tests.scenarios.day import AT

PATIENCE_S = 5.0
"""As long as a stub resolver waits."""


@dataclass(frozen=True)
class Query:
    """Who asks what, and what must come of it: the addresses, and how it is counted (None: not at all)."""

    who: str
    name: str
    expected: tuple[str, ...]
    action: str | None = None


@dataclass
class Load:
    """What was asked and answered so far; `waiting` is sent and not answered yet, with the time of asking."""

    asked: Counter[Query] = field(default_factory=Counter)
    answered: int = 0
    wrong: list[tuple[Query, tuple[str, ...]]] = field(default_factory=list)
    waiting: dict[tuple[int, int], tuple[Query, float]] = field(default_factory=dict)
    is_over: threading.Event = field(default_factory=threading.Event)

    def counts(self) -> dict[tuple[str, str], int]:
        """Return what must have been counted: by person and action."""
        found: Counter[tuple[str, str]] = Counter()
        for query, number in self.asked.items():
            if query.action is not None:
                found[query.who, query.action] += number
        return dict(found)


@contextmanager
def load(server: Endpoint, queries: Sequence[Query], rate_s: float = 0.01) -> Iterator[Load]:
    """Ask these in turn over UDP, one each `rate_s`, for as long as the block runs; then wait for the last answers."""
    made = Load()
    thread = threading.Thread(target=_ask, args=(server, queries, rate_s, made), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.is_over.set()
        thread.join(2 * PATIENCE_S)


def _ask(server: Endpoint, queries: Sequence[Query], rate_s: float, made: Load) -> None:
    wires = {query: question(query.name).to_wire()[2:] for query in queries}
    clients = {who: socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for who in {query.who for query in queries}}
    number = 0
    due = time.monotonic()
    try:
        for who, client in clients.items():
            client.bind((AT[who], 0))
            client.setblocking(False)
        while not made.is_over.is_set() or (made.waiting and time.monotonic() < due + PATIENCE_S):
            wait_s = 0.05 if made.is_over.is_set() else max(0.0, due - time.monotonic())
            for client in select.select(list(clients.values()), [], [], wait_s)[0]:
                _take(made, client)
            if not made.is_over.is_set() and time.monotonic() >= due:
                due += rate_s
                number += 1
                query, ident = queries[number % len(queries)], number & 0xFFFF
                client = clients[query.who]
                made.asked[query] += 1
                made.waiting[client.fileno(), ident] = query, time.monotonic()
                client.sendto(ident.to_bytes(2, "big") + wires[query], (server.address, server.port))
    finally:
        for client in clients.values():
            client.close()


def _take(made: Load, client: socket.socket) -> None:
    reply = client.recv(4096)
    query, _ = made.waiting.pop((client.fileno(), int.from_bytes(reply[:2], "big")))
    got = tuple(addresses(dns.message.from_wire(reply)))
    made.answered += 1
    if got != query.expected:
        made.wrong.append((query, got))
