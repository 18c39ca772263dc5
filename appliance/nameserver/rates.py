"""How many queries a second a client may ask: a purse for each.

A purse holds what may be asked at once (a second's worth) and fills up by and by, which is reckoned only when it is
found empty.
"""

from ipaddress import ip_address

from appliance.nameserver.tally import Cell
from appliance.world import clock

MAX_PURSES = 4_096
MAX_UNTILS = 1_024
SHARED = 20
"""How many clients one stands for who asks for many and doesn't say for whom."""
PLENTY = 1_000_000_000
FOREVER_S = 3_600.0
SOON_S = 0.001


class Purse:
    """What a client may still ask."""

    __slots__ = ("_filled_at", "_left", "_lost", "_most", "_per_second", "_untils")

    def __init__(self, per_second: float, most: int, lost: Cell) -> None:
        """Begin full; `lost` is raised for each query that is one too many."""
        self._left = most
        self._most = most
        self._per_second = per_second
        self._lost = lost
        self._filled_at = clock.uptime()
        self._untils: dict[int, Paid] = {}

    def take(self) -> bool:
        """Take one query out; False, and counted, where there is none."""
        if self.pay():
            return True
        self._lost.add()
        return False

    def owe(self, queries: int) -> bool:
        """Take queries out that were answered already, into debt where need be; False where nothing is left."""
        if self._left <= queries:
            self._fill()
        self._left -= queries
        return self._left > 0

    def until(self, at: float) -> "Paid":
        """Return until when a reply may be given out, to the whole second, and that this purse pays for it."""
        if len(self._untils) >= MAX_UNTILS:
            self._untils.clear()
        moment = int(at)
        return self._untils.setdefault(moment, Paid(moment, self))

    def due_s(self) -> float:
        """Return in how many seconds there is a query to take."""
        if self._left <= 0:
            self._fill()
        if self._left > 0:
            return 0.0
        missing = (1 - self._left) / self._per_second if self._per_second else FOREVER_S
        return max(SOON_S, self._filled_at + missing - clock.uptime())

    def pay(self) -> bool:
        """Take one query out; False, not counted, where there is none."""
        if self._left <= 0:
            self._fill()
            if self._left <= 0:
                return False
        self._left -= 1
        return True

    def _fill(self) -> None:
        """Put in what has come together since the last time."""
        at = clock.uptime()
        come = int((at - self._filled_at) * self._per_second)
        if self._left + come >= self._most:
            self._filled_at, self._left = at, self._most
        elif come:
            self._filled_at += come / self._per_second
            self._left += come


class Paid:
    """Until when a reply may be given out to somebody behind a forwarder, who pays for each time that it is asked."""

    __slots__ = ("_purse", "_until")

    def __init__(self, until: float, purse: Purse) -> None:
        self._until = until
        self._purse = purse

    def __gt__(self, at: float) -> bool:
        """Say whether it may be given out at a moment, and take that from the purse."""
        return self._until > at and self._purse.pay()

    def __le__(self, at: float) -> bool:
        """Say whether its time is over at a moment."""
        return self._until <= at


class Rates:
    """The purses of all clients of a worker.

    Which worker a query comes to is drawn by the kernel from both ends' addresses and ports: where a client asks from
    many ports, each worker sees its share. So a purse fills up by a worker's share of the rate, and holds all of it.
    """

    def __init__(self, per_second: int, workers: int, lost: Cell, *, spares_loopback: bool = True) -> None:
        """Let each client ask so often a second, 0 for no limit; `lost` counts what is over it."""
        self._per_second = per_second
        self._workers = workers
        self._lost = lost
        self._spares_loopback = spares_loopback
        self._purses: dict[str, Purse] = {}
        self.endless = Purse(PLENTY, PLENTY, lost)

    def of(self, who: str, source: str, times: int = 1) -> Purse:
        """Return the purse of a client, known by whatever there is, that asks from this address."""
        if not self._per_second or (self._spares_loopback and ip_address(source.partition("%")[0]).is_loopback):
            return self.endless
        found = self._purses.get(who)
        if found is None:
            if len(self._purses) >= MAX_PURSES:
                self._purses.clear()
            most = self._per_second * times
            found = self._purses[who] = Purse(most / self._workers, most, self._lost)
        return found
