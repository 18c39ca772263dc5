"""What the guard knows of the connections that were decided, so that they can be judged again; in memory only."""

from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Final, NamedTuple

from appliance.core.flows.settle import Settle, Why
from appliance.core.signs.facts import Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.verdict import Reason
from appliance.guard.connection import Connection
from appliance.guard.messages import Settled

MAX_KNOWN: Final = 32_768
"""Connections; the oldest is forgotten first, and is known by its mark from then on."""

PINNED: Final = "pinned"
"""The sign that a worker tells such a connection by."""


class From(Enum):
    """Where it comes from what is known of a connection."""

    WORKER = "worker"
    """Its first packets were read."""
    NAMES = "names"
    """This box gave the device its server's address for a name."""
    MARK = "mark"
    """Its mark says of which service or category it is, and nothing says more."""


class Known(NamedTuple):
    """What is known of a connection."""

    by: From
    device: str | None = None
    """The id of the device, None for one that nobody named."""
    name: str | None = None
    kind: Kind = Kind.OTHER
    signs: tuple[Sign, ...] = ()
    tags: frozenset[str] = frozenset()
    """Known by its mark: of which service and category it is."""
    is_pinned: bool = False
    """It leads to an address that was never given for its name, past the one that is to be reached in its place."""
    is_blind: bool = False
    """It has no name, and nobody could say whether the device was given its server's address for one."""
    is_untold: bool = False
    """It was so, and the address was given for a name that is written nowhere, such as a help line's."""
    in_spite_of: Reason | None = None
    """Known by its mark: it was let through although this speaks against it, by more than the mark tells."""

    @classmethod
    def of(cls, settled: Settled) -> "Known":
        """Return what a worker told."""
        signs = tuple(Sign(id_, Confidence(confidence)) for id_, confidence in settled.shows)
        is_pinned = any(sign == PINNED for _, sign in settled.signs)
        return cls(
            From.WORKER,
            settled.device,
            settled.name,
            Kind(settled.kind),
            signs,
            is_pinned=is_pinned,
            is_blind=settled.is_blind,
        )

    def settle(self, connection: Connection) -> Settle:
        """Return it as it is judged, without its name: that counts as one that was resolved, whoever told it."""
        return Settle(*connection, self.kind, Why.READ, signs=self.signs)


class Book:
    """Connections and what is known of them. Its size is bounded."""

    def __init__(self, max_known: int = MAX_KNOWN) -> None:
        self._max_known = max_known
        self._known: dict[Connection, Known] = {}
        # Put since the last `begin`, and since the one before: their packets may not have left, which bear their marks.
        self._new: set[Connection] = set()
        self._young: set[Connection] = set()
        self._soonest: float | None = None

    def put(self, settled: Settled) -> None:
        """Note what a worker decided."""
        connection = Connection(
            settled.protocol, settled.client, settled.client_port, settled.server, settled.server_port
        )
        self.learn(connection, Known.of(settled))
        if settled.until is not None:
            self._soonest = settled.until if self._soonest is None else min(self._soonest, settled.until)

    def learn(self, connection: Connection, known: Known) -> None:
        """Note what is known of a connection."""
        # Anew, at the end: it may be another connection of the same ports.
        self._known.pop(connection, None)
        self._known[connection] = known
        self._new.add(connection)
        if len(self._known) > self._max_known:
            del self._known[next(iter(self._known))]

    def of(self, connection: Connection) -> Known | None:
        """Return what is known of a connection."""
        return self._known.get(connection)

    @property
    def soonest(self) -> float | None:
        """When (POSIX seconds) the first of what was put since `begin` could be decided otherwise."""
        return self._soonest

    def begin(self) -> None:
        """All that flows is about to be looked through: what comes from now on is new."""
        self._young, self._new = self._new, set()
        self._soonest = None

    def keep(self, flowing: AbstractSet[Connection]) -> int:
        """Forget all that does not flow, but for what was put lately. Return how many were forgotten."""
        kept = flowing | self._young | self._new
        gone = [one for one in self._known if one not in kept]
        for one in gone:
            del self._known[one]
        return len(gone)

    def __len__(self) -> int:
        """Return how many connections are known."""
        return len(self._known)
