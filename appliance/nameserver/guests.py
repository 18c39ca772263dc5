"""Who is connected over TCP: so many of one client, so many in all; when there is no room, the longest idle goes."""

from collections.abc import Callable
from itertools import chain

from appliance.nameserver.tally import Cell
from appliance.world import clock

MAX_CONNECTIONS = 200
MAX_OF_CLIENT = 20
MAX_OF_MANY = 100
"""Of one that asks for many: a forwarder."""
IDLE_S = 10.0
CROWDED_IDLE_S = 2.0
"""How long a connection may be idle while more than half of all are open (RFC 7766 section 6.2.3)."""


class Guest:
    """One connection."""

    __slots__ = ("cut", "heard_at", "source")

    def __init__(self, source: str, cut: Callable[[], None]) -> None:
        """Begin now; `cut` ends the connection at once."""
        self.source = source
        self.cut = cut
        self.heard_at = clock.uptime()

    def heard(self) -> None:
        """Take note that it asked a whole question, or was answered: dripping octets is being idle."""
        self.heard_at = clock.uptime()


class Guests:
    """The connections of one listening socket."""

    def __init__(self, lost: Cell) -> None:
        """Count in `lost` who had to make room."""
        self._lost = lost
        self._of: dict[str, list[Guest]] = {}
        self._count = 0

    def __len__(self) -> int:
        """Return how many are connected."""
        return self._count

    @property
    def idle_s(self) -> float:
        """How long a connection may be idle now."""
        return CROWDED_IDLE_S if self._count > MAX_CONNECTIONS // 2 else IDLE_S

    def come(self, guest: Guest, *, is_many: bool) -> None:
        """Let one in. If there is no room, the longest idle one goes: of its own, or of whoever has the most."""
        own = self._of.get(guest.source, [])
        if len(own) >= (MAX_OF_MANY if is_many else MAX_OF_CLIENT):
            self._cut(own)
        elif self._count >= MAX_CONNECTIONS:
            most = max(map(len, self._of.values()))
            self._cut(chain.from_iterable(one for one in self._of.values() if len(one) == most))
        self._of.setdefault(guest.source, []).append(guest)
        self._count += 1

    def go(self, guest: Guest) -> None:
        """Take note that one has gone, cut or not."""
        own = self._of.get(guest.source, [])
        if guest in own:
            own.remove(guest)
            self._count -= 1
            if not own:
                del self._of[guest.source]

    def _cut(self, among: "list[Guest] | chain[Guest]") -> None:
        longest = min(among, key=lambda guest: guest.heard_at)
        self.go(longest)
        self._lost.add()
        longest.cut()
