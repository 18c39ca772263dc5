"""What is forbidden ends, what is allowed again begins anew, and what was done is told when it was looked at again."""

import asyncio
from collections.abc import Iterable

import pytest

from appliance.core.house import House
from appliance.core.mark import MASK, Mark, State, read
from appliance.core.verdict import Reason
from appliance.guard.book import Book
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked
from appliance.guard.cuts import AGAIN_S, CHECK_S, SOON_S, Cut, Cuts, Kernel, Sweep
from tests.core.builders import AT, child, own, pause
from tests.guard.ordered import ADULTS, HOUSE, NUMBERS, Ordered, connection, settled, tracked

DAY = AT - AT % 86_400
EVENING, MORNING = DAY + 21 * 3600, DAY + 31 * 3600
NIGHT_BEGINS = DAY + 20 * 3600
BEDTIME = Reason.of("window", window="Bedtime")


class Table:
    """The kernel's table, in memory."""

    def __init__(self, *entries: Tracked) -> None:
        self.entries = {one.connection: one for one in entries}
        self.knocked: list[Connection] = []
        self.is_broken = False

    @property
    def kernel(self) -> Kernel:
        """It as the kernel is used."""
        return Kernel(self.dump, self.set_marks, self.delete, self.knock)

    def dump(self, mask: int, value: int) -> list[Tracked]:
        """As `conntrack.dump`."""
        if self.is_broken:
            raise PermissionError(1, "the table of connections: Operation not permitted")
        return [one for one in self.entries.values() if one.mark & mask == value]

    def set_marks(self, marks: Iterable[tuple[Connection, int]]) -> int:
        """As `conntrack.set_marks`."""
        marks = list(marks)
        for one, mark in marks:
            entry = self.entries[one]
            self.entries[one] = entry._replace(mark=entry.mark & ~MASK | mark)
        return len(marks)

    def delete(self, connections: Iterable[Connection]) -> int:
        """As `conntrack.delete`."""
        return sum(self.entries.pop(one, None) is not None for one in connections)

    def knock(self, found: Iterable[Tracked]) -> int:
        """As `knock.knock`."""
        self.knocked += [one.connection for one in found]
        return len(self.knocked)

    def state(self, of: Connection) -> State | None:
        """Return what is decided of a connection, None of one that is gone."""
        mark = read(self.entries[of].mark) if of in self.entries else None
        return mark.state if mark else None


class Guarded:
    """Orders, a book and a table, and what was told of cuts."""

    def __init__(self, *entries: Tracked, house: House = HOUSE) -> None:
        self.ordered, self.book, self.table = Ordered(house), Book(), Table(*entries)
        self.told: list[Cut] = []
        self.cuts = Cuts(self.ordered.orders, self.book, self.told.append, kernel=self.table.kernel)
        for one in entries:
            self.book.put(settled(one.connection))

    def sweep(self, at: float) -> Sweep:
        """Look through all that flows."""
        return asyncio.run(self.cuts.sweep(at))


ONE, OTHER, CALL = connection(1), connection(2), connection(3, protocol=17)


def test_bedtime_ends_what_flows_and_morning_begins_it_anew() -> None:
    """Marks while it is forbidden, and forgotten when it no longer is."""
    home = Guarded(tracked(ONE), tracked(CALL))
    assert home.sweep(AT) == Sweep(seen=2, refused=0, turned=0, freed=0)
    assert home.cuts.next_at == NIGHT_BEGINS
    assert home.sweep(EVENING) == Sweep(seen=2, refused=2, turned=0, freed=0)
    assert (home.table.state(ONE), home.table.state(CALL)) == (State.REFUSED, State.REFUSED)
    assert home.sweep(EVENING + 60) == Sweep(seen=2, refused=0, turned=0, freed=0)
    assert home.sweep(MORNING) == Sweep(seen=2, refused=0, turned=0, freed=2)
    assert home.table.entries == {}


def test_what_was_seen_can_be_looked_at() -> None:
    """All of it, as it was judged at the last sweep."""
    home = Guarded(tracked(ONE), tracked(CALL))
    assert list(home.cuts.latest) == []
    for at, state in ((AT, State.ALLOWED), (EVENING, State.REFUSED)):
        home.sweep(at)
        seen = {one.tracked.connection: (one.device, one.state) for one in home.cuts.latest}
        assert seen == dict.fromkeys((ONE, CALL), ("thing", state))


def test_what_is_always_on_is_not_touched() -> None:
    """Its entry is the same to the bit."""
    home = Guarded(tracked(ONE), tracked(OTHER))
    home.book.put(settled(ONE, "www.spotify.com"))
    before = home.table.entries[ONE]
    assert home.sweep(EVENING).refused == 1
    assert home.table.entries[ONE] is before
    assert home.table.knocked == [OTHER]


def test_a_rule_ends_what_it_means_and_nothing_else() -> None:
    """At the next look."""
    home = Guarded(tracked(ONE), tracked(OTHER))
    home.book.put(settled(OTHER, "www.nasa.gov"))
    home.ordered.give(House(persons=(child(rules=(own("nasa.gov", "block"),)),), devices=HOUSE.devices))
    assert home.sweep(AT).refused == 1
    assert (home.table.state(ONE), home.table.state(OTHER)) == (State.ALLOWED, State.REFUSED)


def test_what_others_keep_in_a_mark_stays() -> None:
    """And so does the number of what the connection is."""
    bits = Mark(State.ALLOWED, NUMBERS["education"], 5).bits | 0x8000_0042
    home = Guarded(tracked(ONE)._replace(mark=bits))
    home.sweep(EVENING)
    assert home.table.entries[ONE].mark == Mark(State.REFUSED, NUMBERS["education"], 1).bits | 0x8000_0042


def test_connections_that_are_watched_are_the_inspectors() -> None:
    """They are decided by their next words."""
    home = Guarded(tracked(ONE, State.WATCHED_OPEN), tracked(OTHER, State.WATCHED_CLOSED))
    assert home.sweep(EVENING).seen == 0


def test_a_cut_is_told_once_it_was_looked_at_again() -> None:
    """Each reason's and each device's by itself, with when it was and how many."""
    home = Guarded(tracked(ONE), tracked(CALL), tracked(OTHER, is_tcp_open=False))
    home.sweep(EVENING)
    assert (home.told, home.cuts.next_at) == ([], EVENING + AGAIN_S)
    home.sweep(EVENING + CHECK_S - 1)
    assert home.cuts.next_at == EVENING + CHECK_S
    assert home.told == []
    home.sweep(EVENING + CHECK_S)
    assert home.told == [Cut(EVENING, "kim", "thing", 2, BEDTIME, still=0)]
    home.sweep(EVENING + 3 * CHECK_S)
    assert len(home.told) == 1


def test_what_flows_all_the_same_is_told_and_ended_again() -> None:
    """A packet that was decided before the cut may bear the old mark back."""
    home = Guarded(tracked(ONE), tracked(OTHER))
    home.sweep(EVENING)
    home.table.entries[ONE] = tracked(ONE)
    assert home.sweep(EVENING + CHECK_S).refused == 1
    assert home.told == [Cut(EVENING, "kim", "thing", 2, BEDTIME, still=1)]
    assert home.table.state(ONE) is State.REFUSED


def test_what_comes_back_at_once_is_no_cut_of_its_own() -> None:
    """It is ended again, and belongs to the first."""
    home = Guarded(tracked(ONE))
    home.sweep(EVENING)
    home.table.entries[ONE] = tracked(ONE)
    assert home.sweep(EVENING + 0.1).refused == 1
    home.sweep(EVENING + CHECK_S)
    home.sweep(EVENING + 3 * CHECK_S)
    assert home.told == [Cut(EVENING, "kim", "thing", 1, BEDTIME, still=0)]


def test_a_clock_that_is_set_back_puts_nothing_off() -> None:
    """What was ended an hour ahead is told now."""
    home = Guarded(tracked(ONE))
    home.sweep(EVENING)
    home.sweep(EVENING - 600)
    assert [cut.connections for cut in home.told] == [1]


def test_ends_that_sleep_are_woken_again_and_again() -> None:
    """At the cut, a moment later, and when it is looked at again; those over UDP hear of it at their next word."""
    home = Guarded(tracked(ONE), tracked(CALL), tracked(OTHER, is_tcp_open=False))
    for later in (0, AGAIN_S, CHECK_S, 2 * CHECK_S):
        home.sweep(EVENING + later)
    assert home.table.knocked == [ONE, ONE, ONE]


def test_what_may_flow_again_is_left_to_sleep() -> None:
    """The window was taken back a moment after it began; and another connection took the other's ports."""
    home = Guarded(tracked(ONE), tracked(OTHER))
    home.sweep(EVENING)
    home.book.put(settled(OTHER, "www.spotify.com"))
    home.table.entries[OTHER] = tracked(OTHER)
    home.ordered.give(House(persons=(child(),), devices=HOUSE.devices))
    home.sweep(EVENING + AGAIN_S)
    assert home.table.knocked == [ONE, OTHER]
    assert (home.table.state(ONE), home.table.state(OTHER)) == (None, State.ALLOWED)


def test_one_ends_reset_says_nothing_of_the_others() -> None:
    """Which of them sent it is not known; both are woken once more, as far as they can be."""
    home = Guarded(tracked(ONE))
    home.sweep(EVENING)
    home.table.entries[ONE] = home.table.entries[ONE]._replace(is_tcp_open=False)
    home.sweep(EVENING + AGAIN_S)
    assert home.table.knocked == [ONE, ONE]


def test_what_leaves_no_trace_is_ended_and_not_told() -> None:
    """Such as a site of a kind that nothing may tell of."""
    home = Guarded(tracked(ONE))
    home.book.put(settled(ONE, "www.plannedparenthood.org"))
    home.sweep(EVENING)
    home.sweep(EVENING + CHECK_S)
    assert (home.table.state(ONE), home.told, home.table.knocked) == (State.REFUSED, [], [ONE, ONE])


@pytest.mark.parametrize("said", [(), (pause(),)])
def test_of_adults_nothing_is_ended_or_told(said: tuple[object, ...]) -> None:
    """Not even by a pause of the house."""
    home = Guarded(tracked(ONE), house=House(persons=ADULTS.persons, devices=ADULTS.devices, pauses=said))  # type: ignore[arg-type]
    assert home.sweep(AT).refused == 0
    home.sweep(AT + CHECK_S)
    assert home.told == []


def test_a_device_that_becomes_an_adults_is_free() -> None:
    """What was refused begins anew."""
    home = Guarded(tracked(ONE, State.REFUSED))
    home.ordered.give(ADULTS)
    assert home.sweep(EVENING).freed == 1


def test_a_moment_that_is_near_is_waited_for() -> None:
    """What a worker told counts; and there is always a second of rest."""
    home = Guarded(tracked(ONE))
    home.sweep(AT)
    home.book.put(settled(OTHER, until=AT + 20))
    assert home.cuts.next_at == AT + 20
    home.sweep(NIGHT_BEGINS - 0.2)
    assert home.cuts.next_at == NIGHT_BEGINS - 0.2 + SOON_S


def test_nothing_is_known_that_does_not_flow() -> None:
    """The book is as long as the table."""
    home = Guarded(tracked(ONE), tracked(OTHER))
    del home.table.entries[OTHER]
    home.sweep(AT)
    home.sweep(AT + 1)
    assert (len(home.book), home.cuts.next_at) == (1, NIGHT_BEGINS)


def test_a_table_that_can_not_be_read() -> None:
    """Whoever sweeps hears of it; the next time all is as if nothing had been."""
    home = Guarded(tracked(ONE))
    home.table.is_broken = True
    with pytest.raises(PermissionError):
        home.sweep(EVENING)
    home.table.is_broken = False
    assert home.sweep(EVENING).refused == 1
