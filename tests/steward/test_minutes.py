"""Counted minutes: once each, over all devices, day by day, whatever restarts, breaks or sets the clock."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from appliance.core.activity import BEGINS, GOES_ON
from appliance.core.budget import NOT_COUNTED, Budget, Minutes, Used
from appliance.core.house import House, OwnService
from appliance.core.schedule import Day
from appliance.core.word import Grant
from appliance.steward.books import Books
from appliance.steward.minutes import MOST_TRIES, Counter
from appliance.store.errors import Corrupt, Locked, StoreError
from appliance.store.journal import Event
from appliance.store.ledger import LedgerStore, Spent, TimeSum
from tests.steward.box import AT, CONTRACT, GROUPS, TODAY, Nameserver, books_in, house_of

MINUTE = int(AT // 60)
"""Noon of a Sunday, POSIX minutes."""
DAY_MINUTES = 24 * 60
SUNDAY = date.fromisoformat(TODAY)
ALL = Budget(minutes=60)
VIDEO = Budget(what="category:video", minutes=30)


def home(*budgets: Budget, **bands: str) -> House:
    """Return a house in which Ada, and everyone in `bands`, has these budgets."""
    house = house_of(**(bands or {"ada": "0-5"}))
    persons = tuple(
        msgspec.structs.replace(person, budgets=budgets) if person.band else person for person in house.persons
    )
    return msgspec.structs.replace(house, persons=persons)


class Noting(Nameserver):
    """A nameserver that knows what will be asked, and tells of it when it is time."""

    def __init__(self) -> None:
        """Know nothing."""
        super().__init__()
        self.later: list[list[object]] = []

    def live_until(self, minute: int) -> None:
        """Note what was asked up to a minute."""
        due = [row for row in self.later if int(str(row[0])) <= minute]
        self.later = [row for row in self.later if row not in due]
        self.screens += sorted(due, key=lambda row: int(str(row[0])))


class Timed(Counter):
    """A counter whose nameserver lives as long as it does."""

    def __init__(self, books: Books, nameserver: Noting, last: Minutes = NOT_COUNTED) -> None:
        """Know what was published last."""
        super().__init__(books, CONTRACT, GROUPS, nameserver.ask, last)
        self.nameserver = nameserver

    def count(self, house: House, at: float) -> list[Event]:
        """Count at a time."""
        self.nameserver.live_until(int(at // 60))
        return super().count(house, at)


@pytest.fixture
def nameserver() -> Noting:
    """A nameserver that noted nothing yet."""
    return Noting()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Books in a fresh folder."""
    opened, _ = books_in(tmp_path)
    yield opened
    opened.close()


Begin = Callable[[], Counter]


@pytest.fixture
def begin(books: Books, nameserver: Noting) -> Begin:
    """Return what gives a counter as a steward that was just started has one."""
    return lambda: Timed(books, nameserver)


def play(
    nameserver: Noting,
    first: int,
    minutes: int,
    *,
    person: str = "ada",
    service: str | None = None,
    category: str = "video",
) -> None:
    """Have somebody use something for some minutes from the one after the first, in which it begins."""
    nameserver.later.append([first, person, service, category, BEGINS])
    for minute in range(first + 1, first + minutes + 1):
        nameserver.later.append([minute, person, service, category, GOES_ON])


def used(counter: Counter, what: str = "everything", person: str = "ada") -> int:
    """Return what is published as used."""
    return counter.minutes.used[person][what].day


def at(minute: int) -> float:
    """Return half a second after the beginning of a minute."""
    return minute * 60 + 0.5


def test_a_minute_counts_when_it_is_over(begin: Begin, nameserver: Noting) -> None:
    """Not the one that runs; published is up to where it is counted."""
    counter = begin()
    play(nameserver, MINUTE, 3)
    found = []
    for minute in range(MINUTE, MINUTE + 6):
        counter.count(home(ALL), at(minute))
        found.append(used(counter))
    assert found == [0, 0, 1, 2, 3, 3]
    assert counter.minutes == Minutes((MINUTE + 5) * 60.0, SUNDAY, {"ada": {"everything": Used(3, 3, 0)}})
    assert counter.counted_to == counter.minutes.at


def test_one_budget_over_all(begin: Begin, nameserver: Noting) -> None:
    """A minute in which two things are used is one for everything, and one for each of them."""
    counter = begin()
    play(nameserver, MINUTE, 4, service="youtube")
    play(nameserver, MINUTE + 2, 4, service="roblox", category="games")
    play(nameserver, MINUTE, 9, person="ben")
    budgets = (ALL, VIDEO, Budget(what="service:roblox", minutes=5), Budget(what="group:video", minutes=5))
    counter.count(home(*budgets, ada="0-5", ben="6-9"), at(MINUTE + 20))
    found = {what: one.day for what, one in counter.minutes.used["ada"].items()}
    assert found == {"everything": 6, "category:video": 4, "service:roblox": 4, "group:video": 4}
    assert used(counter, person="ben") == 9


def test_groups_of_own_services(begin: Begin, nameserver: Noting) -> None:
    """A service that the house made counts for its group."""
    own = OwnService(id="den", name="Den", domains=("den.example",), group="game")
    house = msgspec.structs.replace(home(Budget(what="group:game", minutes=5)), services=(own,))
    counter = begin()
    play(nameserver, MINUTE, 4, service="den")
    counter.count(house, at(MINUTE + 5))
    assert used(counter, "group:game") == 4


@pytest.mark.parametrize("band", ["0-5", "6-9", "10-12", "13-15", "16-17", "adult"])
def test_the_day_in_each_row(begin: Begin, nameserver: Noting, books: Books, band: str) -> None:
    """Without a budget the day's sum is counted for all children, and nothing is for adults."""
    counter = begin()
    play(nameserver, MINUTE, 4)
    counter.count(house_of(ada=band), at(MINUTE + 5))
    counter.save()
    sums = books.with_ledger(lambda one: one.time_sums(TODAY, TODAY))
    assert sums == ([TimeSum(day=TODAY, person="ada", minutes=4)] if band != "adult" else [])
    assert counter.minutes.used == {}


def test_a_steward_that_is_started_again(begin: Begin, nameserver: Noting, books: Books) -> None:
    """What was written counts once, though the nameserver tells it again; what came since is added."""
    first = begin()
    play(nameserver, MINUTE, 30)
    first.count(home(ALL), at(MINUTE + 11))
    first.save()
    second = begin()
    second.count(home(ALL), at(MINUTE + 11))
    assert used(second) == 10
    second.count(home(ALL), at(MINUTE + 31))
    assert (used(second), second.used("ada", "").day) == (30, 30)
    second.save()
    assert books.with_ledger(lambda one: one.spent(TODAY, TODAY)) == [
        Spent(day=TODAY, person="ada", what="everything", minutes=30, week=30, carried=0)
    ]


def test_a_box_that_is_started_again(begin: Begin, nameserver: Noting) -> None:
    """With the notes gone, what was written last stands."""
    first = begin()
    play(nameserver, MINUTE, 10)
    first.count(home(ALL), at(MINUTE + 11))
    first.save()
    nameserver.run, nameserver.screens = "second", []
    second = begin()
    play(nameserver, MINUTE + 20, 5)
    second.count(home(ALL), at(MINUTE + 40))
    assert used(second) == 15


def test_what_is_known_is_published_before_the_nameserver_answers(begin: Begin, nameserver: Noting) -> None:
    """So that nothing opens because the daemons come up one after another; then its silence is known."""
    first = begin()
    play(nameserver, MINUTE, 10)
    first.count(home(ALL), at(MINUTE + 11))
    first.save()
    nameserver.is_away = True
    second = begin()
    second.count(home(ALL), at(MINUTE + 12))
    assert (used(second), second.is_whole) == (10, False)
    assert second.minutes.at == (MINUTE + 11) * 60
    nameserver.is_away = False
    second.count(home(ALL), at(MINUTE + 13))
    assert second.is_whole


def test_a_nameserver_that_is_away(begin: Begin, nameserver: Noting) -> None:
    """What was counted stays, and nobody says that more is."""
    counter = begin()
    play(nameserver, MINUTE, 30)
    counter.count(home(ALL), at(MINUTE + 5))
    before = counter.minutes
    nameserver.is_away = True
    counter.count(home(ALL), at(MINUTE + 9))
    assert counter.minutes == before


def test_the_next_day(begin: Begin, nameserver: Noting, books: Books) -> None:
    """At the house's hour: the day is counted to its end, the next one begins with what goes over and the week."""
    house = home(Budget(minutes=60, week=200, carry_over=20))
    turn = MINUTE - 12 * 60 + 3 * 60 + 30
    counter = begin()
    play(nameserver, turn - 46, 50)
    counter.count(house, at(turn - 1))
    assert counter.minutes.day == SUNDAY - timedelta(days=1)
    counter.count(house, at(turn))
    assert counter.minutes == Minutes(turn * 60.0, SUNDAY, {"ada": {"everything": Used(0, 45, 15)}})
    counter.count(house, at(turn + 10))
    assert counter.minutes.used["ada"]["everything"] == Used(5, 50, 15)
    counter.save()
    rows = books.with_ledger(lambda one: one.spent("2026-11-21", TODAY))
    assert [(row.day, row.minutes, row.week, row.carried) for row in rows] == [
        ("2026-11-21", 45, 45, 0),
        (TODAY, 5, 50, 15),
    ]
    # Sunday was the week's last day.
    again = begin()
    again.count(house, at(turn + DAY_MINUTES))
    assert again.minutes.used["ada"]["everything"] == Used(0, 0, 20)


def test_a_day_that_nobody_saw(begin: Begin, nameserver: Noting, books: Books) -> None:
    """The box was off: of a day that isn't known nothing goes over, and the week's sum stays."""
    house = home(Budget(minutes=60, week=200, carry_over=20))
    row = Spent(day="2026-11-20", person="ada", what="everything", minutes=10, week=110, carried=0)
    books.with_ledger(lambda one: one.put_minutes([row], [], MINUTE - 2 * DAY_MINUTES))
    counter = begin()
    counter.count(house, at(MINUTE))
    assert counter.minutes.used["ada"]["everything"] == Used(0, 110, 0)


def test_another_hour_for_the_day(begin: Begin, nameserver: Noting) -> None:
    """Where the day begins later, or the house moves east, no minute counts for two days."""
    house = home(Budget(minutes=60, week=200))
    counter = begin()
    play(nameserver, MINUTE, 10)
    counter.count(house, at(MINUTE + 11))
    moved = msgspec.structs.replace(house, time_zone="Pacific/Auckland", day_starts="00:30")
    for there, expected in ((moved, Used(0, 0, 0)), (house, Used(10, 10, 0))):
        counter.count(there, at(MINUTE + 12))
        assert counter.minutes.used["ada"]["everything"] == expected
        assert counter.minutes.day == SUNDAY + timedelta(days=there is moved)


def test_a_budget_that_is_new(begin: Begin, nameserver: Noting) -> None:
    """Of everything and of a category the day so far counts; when it is gone, nothing of it is told."""
    counter = begin()
    play(nameserver, MINUTE, 10)
    counter.count(home(), at(MINUTE + 11))
    counter.save()
    assert counter.minutes.used == {}
    counter.count(home(ALL, VIDEO), at(MINUTE + 12))
    assert (used(counter), used(counter, "category:video")) == (10, 10)
    after = begin()
    after.count(home(ALL), at(MINUTE + 12))
    assert used(after) == 10
    counter.count(home(VIDEO), at(MINUTE + 13))
    assert list(counter.minutes.used["ada"]) == ["category:video"]


def test_the_clock_is_set_back(begin: Begin, nameserver: Noting) -> None:
    """What is counted stays; minutes that are yet to come don't count, and when they come they count by themselves."""
    counter = begin()
    play(nameserver, MINUTE, 10)
    counter.count(home(ALL), at(MINUTE + 11))
    counter.clock_jumped(at(MINUTE - 60))
    counter.count(home(ALL), at(MINUTE - 59))
    assert (used(counter), counter.minutes.at) == (10, (MINUTE - 59) * 60)
    nameserver.run, nameserver.screens = "second", []
    play(nameserver, MINUTE - 50, 5)
    counter.count(home(ALL), at(MINUTE - 40))
    counter.count(home(ALL), at(MINUTE + 20))
    assert used(counter) == 15


def test_the_clock_is_set_back_unseen(begin: Begin, nameserver: Noting) -> None:
    """Even before the jump is noticed nothing is lost or doubled."""
    counter = begin()
    play(nameserver, MINUTE, 10)
    counter.count(home(ALL), at(MINUTE + 11))
    counter.count(home(ALL), at(MINUTE + 3))
    assert used(counter) == 10
    counter.count(home(ALL), at(MINUTE + 11))
    assert used(counter) == 10


def test_a_clock_that_was_ahead_when_it_was_written(begin: Begin, nameserver: Noting, books: Books) -> None:
    """Minutes count from now on, not from when the clock gets there."""
    row = Spent(day=TODAY, person="ada", what="everything", minutes=7, week=7, carried=0)
    books.with_ledger(lambda one: one.put_minutes([row], [], MINUTE + 500))
    counter = begin()
    play(nameserver, MINUTE, 10)
    counter.count(home(ALL), at(MINUTE))
    counter.count(home(ALL), at(MINUTE + 11))
    assert used(counter) == 17


class Failing(Books):
    """Books whose ledger can't be used."""

    def __init__(self, error: StoreError) -> None:
        """Fail like this."""
        self.error = error
        self.tries = 0

    def with_ledger(self, _work: Callable[[LedgerStore], object]) -> object:  # type: ignore[override]
        """Fail."""
        self.tries += 1
        raise self.error


LAST = Minutes((MINUTE - 10) * 60.0, SUNDAY, {"ada": {"everything": Used(40, 90, 5)}})


@pytest.mark.parametrize(("error", "tries"), [(Corrupt("broken"), 1), (Locked("busy"), MOST_TRIES)])
def test_a_ledger_that_can_not_be_read(nameserver: Noting, error: StoreError, tries: int) -> None:
    """What was published last holds; a broken one is gone on from at once, a busy one after some tries."""
    books = Failing(error)
    counter = Timed(books, nameserver, LAST)
    play(nameserver, MINUTE, 5)
    for number in range(tries):
        assert counter.minutes == LAST
        counter.count(home(ALL), at(MINUTE + 6 + number))
    assert counter.minutes.used["ada"]["everything"] == Used(45, 95, 5)
    assert books.tries == tries
    with pytest.raises(StoreError):
        counter.save()
    # The end of a day it can't write keeps no day from beginning.
    counter.count(home(ALL), at(MINUTE + DAY_MINUTES))
    assert counter.minutes.used["ada"]["everything"] == Used(0, 0, 0)


def test_what_was_published_of_a_day_to_come(nameserver: Noting) -> None:
    """By a clock that was ahead: it is not taken for today's."""
    last = msgspec.structs.replace(LAST, day=SUNDAY + timedelta(days=9))
    counter = Timed(Failing(Corrupt("broken")), nameserver, last)
    counter.count(home(ALL), at(MINUTE))
    assert used(counter) == 0


def test_nothing_is_published_while_nobody_does_anything(begin: Begin, nameserver: Noting) -> None:
    """So that the file is not written all night; while something is used, how far it is counted is."""
    counter = begin()
    counter.count(home(ALL), at(MINUTE))
    before = counter.minutes
    counter.count(home(ALL), at(MINUTE + 1))
    assert counter.minutes is before
    nameserver.screens.append([MINUTE + 1, "ada", None, "video", 1])
    counter.count(home(ALL), at(MINUTE + 2))
    assert counter.minutes.at == (MINUTE + 2) * 60


def left_of(events: list[Event]) -> list[object]:
    """Return how many minutes each says are left."""
    return [event.args["left"] for event in events]


def test_warnings(begin: Begin, nameserver: Noting) -> None:
    """At ten, five and one minute, once each; the state says which was last, and that all is spent."""
    counter = begin()
    house = home(Budget(what="category:video", minutes=12))
    play(nameserver, MINUTE, 12)
    told: list[tuple[int, list[object], object]] = []
    for minute in range(1, 15):
        events = counter.count(house, at(MINUTE + minute))
        assert all(
            (one.kind, one.person, one.args["what"]) == ("budget_low", "ada", "category:video") for one in events
        )
        state = counter.warned.get("ada", {}).get("category:video")
        if not told or told[-1][2] != state or events:
            told.append((minute - 1, left_of(events), state))
    assert told == [(0, [], None), (2, [10], 10), (7, [5], 5), (11, [1], 1), (12, [], 0)]


def test_a_bonus_and_the_warnings(begin: Begin, nameserver: Noting) -> None:
    """Minutes more take a warning back, and it comes again; a steward that begins repeats none."""
    house = home(Budget(minutes=10))
    play(nameserver, MINUTE, 20)
    counter = begin()
    counter.count(house, at(MINUTE + 6))
    assert left_of(counter.count(house, at(MINUTE + 10))) == [1]
    counter.save()
    said = datetime.fromtimestamp(at(MINUTE + 10), UTC)
    grant = Grant(person="ada", said_at=said, until=said + timedelta(hours=5), minutes=10)
    richer = msgspec.structs.replace(house, grants=(grant,))
    assert (counter.count(richer, at(MINUTE + 11)), counter.warned) == ([], {"ada": {"everything": 10}})
    assert left_of(counter.count(richer, at(MINUTE + 16))) == [5]
    assert begin().count(house, at(MINUTE + 16)) == []


def test_a_day_without_a_limit(begin: Begin, nameserver: Noting) -> None:
    """Of a budget for other days nothing is warned of."""
    counter = begin()
    play(nameserver, MINUTE, 30)
    counter.count(home(Budget(days={Day.MON: 5})), at(MINUTE + 40))
    assert (used(counter), counter.warned) == (30, {})


def test_nothing_known(begin: Begin, books: Books) -> None:
    """Before the first count nothing is published or written."""
    counter = begin()
    counter.save()
    assert (counter.minutes, counter.counted_to) == (NOT_COUNTED, 0.0)
    assert books.with_ledger(lambda one: one.counted_through()) is None
