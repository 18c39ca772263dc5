"""What a daemon holds for the steward until it is fetched: counts of persons and events, bounded, in batches.

A batch keeps its number until it is said to be done, so that what was fetched and not yet written is not lost.

``{"ask": "tally"}`` → the batch that is out or a new one: ``serial``, ``counts`` (each its day, all that its key holds,
and how often), ``events``, ``dropped``; with ``"done": serial`` forgets it; with ``"peek": true`` moves nothing.
"""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

import msgspec

MAX_COUNTS = 20_000
MAX_EVENTS = 200
MAX_OCTETS = 400_000
"""Of one batch; an answer of the bus, which may hold two, is at most a million long."""
SELDOM_S = 600.0
"""Of events of one kind, person and arguments one in ten minutes."""
STEWARD = frozenset(("kindgate-steward",))
"""Who may fetch them, besides root and our own user."""

K = TypeVar("K", bound=tuple[object, ...])
"""What a daemon counts, as a row holds it."""


class Event(msgspec.Struct, frozen=True):
    """Something that happened, as the journal has it."""

    at: float
    kind: str
    person: str | None
    device: str | None
    severity: int
    args: dict[str, str | int]


class Batches(Generic[K]):
    """What is pending, and the one batch that is out."""

    def __init__(self, first: int | None = None) -> None:
        """Begin to number the batches anywhere: a daemon that was started anew must give no number twice."""
        # Not by the clock: a box without one begins each boot at the same time.
        self._pending = _Batch[K](int.from_bytes(os.urandom(6), "big") if first is None else first)
        self._given: _Batch[K] | None = None
        self._silent_until: dict[Hashable, float] = {}

    def count(self, day: str, key: K, number: int) -> None:
        """Add to a count of a local day (``2026-11-22``)."""
        self._pending.count(day, key, number)

    def tell(self, event: Event, uptime: float, seldom_s: float = SELDOM_S) -> None:
        """Add an event, unless one of its kind, person and arguments was told so short a time ago."""
        kind = event.kind, event.person, tuple(sorted(event.args.items()))
        if uptime < self._silent_until.get(kind, uptime):
            return
        self._silent_until = {one: until for one, until in self._silent_until.items() if uptime < until}
        self._silent_until[kind] = uptime + seldom_s
        self._pending.tell(event)

    def answer(self, request: Mapping[str, object]) -> dict[str, object]:
        """Answer a request for what is held."""
        if request.get("peek") is True:
            return self.peek()
        serial = request.get("done")
        return self.give() if serial is None else self.done(serial)

    def give(self) -> dict[str, object]:
        """Return the batch that is out; where none is, as much of what is pending as one may hold."""
        if self._given is None or self._given.is_empty:
            self._given, self._pending = self._pending, _Batch(self._pending.serial + 1)
            self._given.cut(self._pending)
        return _answer(self._given.serial, [self._given])

    def done(self, serial: object) -> dict[str, object]:
        """Forget the batch that is out if it bears this number."""
        if self._given is not None and self._given.serial == serial:
            self._given = None
        return _answer(self._pending.serial, [])

    def peek(self) -> dict[str, object]:
        """Return what is out and the beginning of what is pending; nothing moves."""
        beginning = self._pending.copy()
        beginning.cut(_Batch[K](0))
        return _answer(self._pending.serial, [self._given or _Batch[K](0), beginning])

    def settle(self, settled: Callable[[K], K | None], may_tell: Callable[[Event], bool]) -> None:
        """Let go of what may not be counted or told under a new house.

        `settled` says what a key is under it: itself, one that holds less, or None where it may not be counted.
        """
        for batch in (self._given, self._pending):
            if batch is not None:
                batch.settle(settled)
                batch.events = [event for event in batch.events if may_tell(event)]


class _Batch(Generic[K]):
    def __init__(self, serial: int) -> None:
        self.serial = serial
        self.counts: dict[tuple[str, K], int] = {}
        self.events: list[Event] = []
        self.dropped = 0

    @property
    def is_empty(self) -> bool:
        return not (self.counts or self.events or self.dropped)

    def copy(self) -> "_Batch[K]":
        copied = _Batch[K](self.serial)
        copied.counts, copied.events, copied.dropped = dict(self.counts), list(self.events), self.dropped
        return copied

    def count(self, day: str, key: K, number: int) -> None:
        if (day, key) not in self.counts and len(self.counts) >= MAX_COUNTS:
            self.dropped += number
            return
        self.counts[day, key] = self.counts.get((day, key), 0) + number

    def tell(self, event: Event) -> None:
        if len(self.events) >= MAX_EVENTS:
            self.dropped += 1
            return
        self.events.append(event)

    def cut(self, rest: "_Batch[K]") -> None:
        """Move what makes a batch too long to another one."""
        octets = 0
        for (day, key), number in list(self.counts.items()):
            octets += len(msgspec.json.encode((day, *key, number)))
            if octets > MAX_OCTETS:
                rest.counts[day, key] = self.counts.pop((day, key))

    def settle(self, settled: Callable[[K], K | None]) -> None:
        old, self.counts = self.counts, {}
        for (day, key), number in old.items():
            now = settled(key)
            if now is not None:
                self.count(day, now, number)


def _answer(serial: int, batches: Iterable[_Batch[K]]) -> dict[str, object]:
    told = list(batches)
    return {
        "serial": serial,
        "counts": list(_rows(_sum(batch.counts for batch in told))),
        "events": [event for batch in told for event in batch.events],
        "dropped": sum(batch.dropped for batch in told),
    }


def _sum(counts: Iterable[Mapping[tuple[str, K], int]]) -> dict[tuple[str, K], int]:
    total: dict[tuple[str, K], int] = {}
    for one in counts:
        for key, number in one.items():
            total[key] = total.get(key, 0) + number
    return total


def _rows(counts: Mapping[tuple[str, K], int]) -> Iterator[tuple[object, ...]]:
    for (day, key), number in counts.items():
        yield day, *key, number
