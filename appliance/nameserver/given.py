"""The names for which addresses were given out, in a worker's memory, so that a connection without one has a name.

They are held as finished replies are shared: by person, or by how devices of nobody are decided. So whoever is given a
finished reply again was given its addresses here.
"""

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Verdict
from appliance.core.visibility import ROWS, Contract

FIELD = "resolved_addresses"
UNTOLD = ""
"""In place of a name that is written nowhere: the address was given, and nobody is told for what."""
MAX_NAMES = 8
"""Of one address, the latest; a list that is full may lack others."""
MAX_ROWS = 40_000
"""About 16 MB."""
MAX_SWEPT = 2_000
"""Forgotten at once: a few milliseconds' work."""

Place = tuple[str, bytes]
"""Whose, and which address (4 or 16 octets)."""


class Given:
    """What one worker gave out, the latest; times are POSIX seconds."""

    def __init__(self, contract: Contract, at: float, most: int = MAX_ROWS) -> None:
        self._never = contract.never
        kept_s = {row: contract.may_keep(FIELD, row) or 0 for row in ROWS}
        self._rows = frozenset(row for row, span in kept_s.items() if span)
        # The shortest of all, because one order in time is kept.
        self._kept_s = min((span for span in kept_s.values() if span), default=0)
        self._most = most
        self._given: OrderedDict[tuple[Place, str], float] = OrderedDict()
        """When each place was given for each name last, in that order."""
        self._names: dict[Place, tuple[str, ...]] = {}
        """The latest first."""
        self._whole_from = at

    def __len__(self) -> int:
        """Return the number of rows held."""
        return len(self._given)

    def note(
        self, policy: Policy, subject: Subject, said: tuple[str, Verdict | None], addresses: Iterable[bytes], at: float
    ) -> None:
        """Note that a subject was given addresses for the name that it asked for, as far as that may be."""
        if not self._may_hold(subject):
            return
        holder = _holder(subject)
        name = said[0] if self._may_tell(policy, subject, said) else UNTOLD
        for address in addresses:
            self._put((holder, address), name, at)

    def of(self, subject: Subject, address: bytes, at: float) -> tuple[tuple[str, float], ...]:
        """Return the names for which a subject was given an address, and when, the latest first."""
        place = _holder(subject), address
        found = ((name, self._given[place, name]) for name in self._names.get(place, ()))
        return tuple((name, given_at) for name, given_at in found if given_at + self._kept_s > at)

    def addresses(self, person: str, at: float) -> tuple[tuple[bytes, float], ...]:
        """Return the addresses that a person was given, the latest first, and for how long each may still be held."""
        places = ((place, names[0]) for place, names in self._names.items() if place[0] == person)
        left = [(place[1], self._given[place, name] + self._kept_s - at) for place, name in places]
        return tuple(sorted((one for one in left if one[1] > 0), key=lambda one: -one[1]))

    def whole_s(self, at: float) -> float:
        """Return for how long nothing that was given out has been missing here, but for lists that are full."""
        return min(max(0.0, at - self._whole_from), float(self._kept_s))

    def settle(self, subjects: Iterable[Subject]) -> None:
        """Forget what is of none of these subjects, or of one of whom nothing may be held now."""
        stay = {_holder(subject) for subject in subjects if self._may_hold(subject)}
        for place in [place for place in self._names if place[0] not in stay]:
            for name in self._names.pop(place):
                del self._given[place, name]

    def sweep(self, at: float) -> None:
        """Forget what is too old; much of it in several turns, so that nobody waits long."""
        for _ in range(MAX_SWEPT):
            if not self._given or next(iter(self._given.values())) + self._kept_s > at:
                return
            self._drop_oldest()

    def forget(self, at: float) -> None:
        """Forget everything: its age can't be told any more, because the clock was set to `at`."""
        self._given.clear()
        self._names.clear()
        self._whole_from = at

    def _put(self, place: Place, name: str, at: float) -> None:
        known = self._names.get(place, ())
        row = place, name
        self._given[row] = at
        if name in known:
            self._given.move_to_end(row)
            known = tuple(one for one in known if one != name)
        elif len(known) == MAX_NAMES:
            del self._given[place, known[-1]]
            known = known[:-1]
        self._names[place] = (name, *known)
        if len(self._given) > self._most:
            self._whole_from = max(self._whole_from, self._drop_oldest())

    def _drop_oldest(self) -> float:
        """Forget the row that was given longest ago, and return when."""
        (place, _), at = self._given.popitem(last=False)
        # In one place, too, the oldest is the last.
        left = self._names[place][:-1]
        if left:
            self._names[place] = left
        else:
            del self._names[place]
        return at

    def _may_hold(self, subject: Subject) -> bool:
        return subject.row in self._rows and not subject.is_managed

    def _may_tell(self, policy: Policy, subject: Subject, said: tuple[str, Verdict | None]) -> bool:
        name, verdict = said
        if verdict is not None and self._never.is_silent(verdict):
            return False
        return self._never.categories.isdisjoint(policy.tags(name, subject))


def together(told: Sequence[Sequence[tuple[str, float]]]) -> tuple[str, ...]:
    """Return the names that several workers told of one address, each once, the latest first."""
    latest: dict[str, float] = {}
    for names in told:
        for name, at in names:
            latest[name] = max(at, latest.get(name, at))
    return tuple(sorted(latest, key=lambda name: -latest[name])[:MAX_NAMES])


def _holder(subject: Subject) -> str:
    """Return whose it is: not the subject's key, because a pause of one device is no reason to forget its addresses."""
    return subject.person or subject.key
