"""How a server has been doing: what it was asked, how long it took, and whether it is sick."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Protocol

import msgspec

from appliance.core.query import Ask
from appliance.core.whom import Server
from appliance.core.wire.dns import Message
from appliance.world import clock

SICK_AFTER = 3
"""Tries in a row without an answer."""
REMEMBERED = 64
"""Round trips of which the median is told."""
SMOOTHING = 0.125
"""The share of a new round trip in the smoothed one (RFC 6298 section 2)."""


class Health(msgspec.Struct, frozen=True):
    """What is told of a server; the median of its last round trips is null while none is known."""

    server: str
    asked: int
    failed: int
    median_ms: float | None
    is_sick: bool
    problem: str = ""
    """Why no connection to it could be made, the last time."""
    is_loop: bool = False
    """It asks this box in turn, and is asked no more."""


def together(workers: Iterable[Sequence[Health]]) -> list[dict[str, object]]:
    """Return what several workers say of the same servers: asked and failed in all, the median of their medians.

    Sick is who is sick for each worker that asked it; where one of them got through, nothing is wrong with the server.
    """
    found: dict[str, list[Health]] = {}
    for told in workers:
        for one in told:
            found.setdefault(one.server, []).append(one)
    return [msgspec.to_builtins(_one(told)) for told in found.values()]


def _one(told: Sequence[Health]) -> Health:
    asked = [one for one in told if one.asked] or told
    medians = [one.median_ms for one in told if one.median_ms is not None]
    return Health(
        told[0].server,
        sum(one.asked for one in told),
        sum(one.failed for one in told),
        _median(medians),
        all(one.is_sick for one in asked),
        next((one.problem for one in told if one.problem), ""),
        any(one.is_loop for one in told),
    )


def _median(numbers: Iterable[float]) -> float | None:
    """Return the middle one, the higher of two; None of none."""
    found = sorted(numbers)
    return found[len(found) // 2] if found else None


class Asker(Protocol):
    """Who wants to know something of a server."""

    ask: Ask

    def heard(self, tried: "Try", message: Message | None) -> None:
        """Take the answer to a try, or that there is none."""


class Try(ABC):
    """One question to one server."""

    __slots__ = ("asker", "began_at", "has_edns", "upstream")

    def __init__(self, asker: Asker, upstream: "Upstream", *, has_edns: bool) -> None:
        self.asker = asker
        self.upstream = upstream
        self.has_edns = has_edns
        self.began_at = clock.uptime()

    @abstractmethod
    def cancel(self, *, is_late: bool = False) -> None:
        """Forget the question: nothing is heard of it any more. It is late where the server had its time."""


class Transport(Protocol):
    """A way to ask one server."""

    def start(self, asker: Asker, upstream: "Upstream", *, has_edns: bool) -> Try:
        """Ask; `heard` is called once, later, unless the try is cancelled."""

    def close(self) -> None:
        """Hold nothing any more."""


class Upstream:
    """One server that is asked, and how it has been doing."""

    def __init__(self, server: Server, transport: Transport, over_tcp: Transport | None = None) -> None:
        self.server = server
        self.transport = transport
        self.over_tcp = over_tcp
        """For what doesn't fit; None where the transport has room for everything."""
        self.knows_edns = True
        self.is_sick = False
        self.is_loop = False
        """It asks this box in turn."""
        self.smoothed_s: float | None = None
        self._asked = 0
        self._failed = 0
        self._in_a_row = 0
        self._took_s: deque[float] = deque(maxlen=REMEMBERED)

    def start(self, asker: Asker, *, has_edns: bool = True) -> Try:
        """Ask it something."""
        self._asked += 1
        return self.transport.start(asker, self, has_edns=has_edns and self.knows_edns)

    def failed(self) -> bool:
        """Note a try without an answer; say whether it has fallen sick by it."""
        self._failed += 1
        self._in_a_row += 1
        was_sick, self.is_sick = self.is_sick, self._in_a_row >= SICK_AFTER
        return self.is_sick and not was_sick

    def answered(self, took_s: float) -> bool:
        """Note an answer; say whether it is well again by it."""
        self._in_a_row = 0
        self._took_s.append(took_s)
        self.smoothed_s = (
            took_s if self.smoothed_s is None else self.smoothed_s + SMOOTHING * (took_s - self.smoothed_s)
        )
        was_sick, self.is_sick = self.is_sick, False
        return was_sick

    @property
    def health(self) -> Health:
        """How it has been doing."""
        took_s = _median(self._took_s)
        took_ms = None if took_s is None else round(took_s * 1_000, 1)
        problem = getattr(self.transport, "problem", "")
        return Health(str(self.server), self._asked, self._failed, took_ms, self.is_sick, problem, self.is_loop)

    def close(self) -> None:
        """Hold nothing any more."""
        self.transport.close()
        if self.over_tcp is not None:
            self.over_tcp.close()
