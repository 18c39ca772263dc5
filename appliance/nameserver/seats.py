"""Who is answered, from which address, and how much: known from the first query of an address until something changes.

What the house says of clients is looked up when a seat is taken, so the hot path never asks; a forwarder's clients,
whom only its queries tell apart, each time that no finished reply is kept.
"""

from dataclasses import dataclass
from ipaddress import ip_address

from appliance.core.asker import Asker, Note, Registry
from appliance.core.subject import Subject
from appliance.nameserver.counts import Counts
from appliance.nameserver.memo import Memo
from appliance.nameserver.rates import SHARED, Purse, Rates
from appliance.world.neighbours import Neighbours

MAX_SEATS = 4_096
"""Source addresses known at once: far more than a home has, far fewer than a flood can forge."""
TURNED_AWAY: Memo = {}
"""The memo of who is not answered at the moment, or ever: this very one, in which there never is anything."""


@dataclass(slots=True)
class Seat:
    """One source address: the memo that its queries share, and what it may still ask."""

    purse: Purse
    is_answered: bool = True
    is_forwarder: bool = False
    memo: Memo | None = None
    who: tuple[Asker, Subject] | None = None
    """Whose queries these are that tell of nobody else; None as long as that is not known."""


class Seats:
    """The seats of one worker."""

    def __init__(self, neighbours: Neighbours, counts: Counts, rates: Rates | None) -> None:
        self._neighbours = neighbours
        self._counts = counts
        self._seats: dict[str, Seat] = {}
        self.rates = rates or Rates(0, 1, counts.cell("dropped.rate"))
        self.hot: dict[str, Memo] = {}
        """Source address → memo: all that the hot path needs to know of an asker. `TURNED_AWAY` is for who has asked
        too much or is never answered."""
        self.purses: dict[str, Purse] = {}
        """Source address → purse of whoever has one."""

    def __len__(self) -> int:
        """Return how many addresses are known."""
        return len(self._seats)

    def __contains__(self, source: str) -> bool:
        """Say whether an address is known."""
        return source in self._seats

    def of(self, source: str, registry: Registry) -> Seat:
        """Return the seat of an address; a new one as the registry of the house in force says."""
        seat = self._seats.get(source)
        if seat is None:
            if len(self._seats) >= MAX_SEATS:
                self.forget()
            seat = self._seats[source] = self._new(source, registry)
        return seat

    def is_taken(self, source: str, seat: Seat) -> bool:
        """Say whether an address still has this seat: who waited for an answer may have left meanwhile."""
        return self._seats.get(source) is seat

    def give(self, source: str, seat: Seat, memo: Memo) -> None:
        """Let the hot path answer an address out of a memo."""
        seat.memo = self.hot[source] = memo

    def turn_away(self, source: str) -> None:
        """Let the hot path answer an address nothing until it is welcome again."""
        self.hot[source] = TURNED_AWAY

    def is_welcome(self, source: str) -> bool:
        """Say whether one that was turned away may ask again; if not, that is counted."""
        seat = self._seats.get(source)
        if seat is None:
            return True
        if not seat.purse.take():
            return False
        if seat.memo is None:
            del self.hot[source]
        else:
            self.hot[source] = seat.memo
        return True

    def behind(self, source: str, asker: Asker, registry: Registry) -> Purse | None:
        """Return the purse of whom a forwarder told, one query less; None for one not answered, which is counted.

        All whom it doesn't tell share a larger one, and those of whom it told what disagrees one of their own: so
        nobody spends what belongs to another, and no flood cuts a router off.
        """
        if not registry.lets_in_behind(asker):
            self._counts.add("dropped.access")
            return None
        if asker.note is Note.CONFLICT:
            purse = self.rates.of(f"conflict:{source}", source)
        elif not asker.told:
            purse = self.rates.of(f"forwarder:{source}", source, SHARED)
        else:
            purse = self.rates.of(asker.told[0], source)
        return purse if purse.take() else None

    def leave(self, source: str) -> None:
        """Forget an address."""
        self.hot.pop(source, None)
        self.purses.pop(source, None)
        self._seats.pop(source, None)

    def forget(self) -> None:
        """Forget every address; what each may still ask is remembered."""
        self.hot.clear()
        self.purses.clear()
        self._seats.clear()

    def _new(self, source: str, registry: Registry) -> Seat:
        mac = self._neighbours.mac(source)
        if not registry.is_answered(source.partition("%")[0], self._neighbours.networks):
            return self._shut(source, "dropped.source")
        if not (self._is_own(source) or registry.lets_in(source, mac)):
            return self._shut(source, "dropped.access")
        if registry.forwarder(source, mac) is not None:
            return Seat(self.rates.endless, is_forwarder=True)
        # A router that nobody listed asks for its clients.
        times = SHARED if self._neighbours.is_router(source) else 1
        purse = self.rates.of(mac or source, source, times)
        if purse is not self.rates.endless:
            self.purses[source] = purse
        return Seat(purse)

    def _shut(self, source: str, why: str) -> Seat:
        self.turn_away(source)
        return Seat(Purse(0, 0, self._counts.cell(why)), is_answered=False)

    def _is_own(self, source: str) -> bool:
        """Say whether this is the box itself."""
        address = source.partition("%")[0]
        return ip_address(address).is_loopback or any(one.address == address for one in self._neighbours.own)
