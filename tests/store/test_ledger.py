"""The ledger: what is added is in the sums, by day or by week, until it is erased."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.store.base import Batch
from appliance.store.ledger import Count, Kind, LedgerStore, Minutes, Span, Spent, Sum, TimeSum
from tests.store.houses import octets

DAYS = ("2026-03-02", "2026-03-03", "2026-03-08", "2026-03-09")


def counted(day: str, person: str | None, count: int, category: str = "games") -> Count:
    """Return a count of allowed names."""
    return Count(day=day, person=person, category=category, action="allow", count=count)


def timed(day: str, person: str, minutes: int, what: str = "all") -> Minutes:
    """Return minutes of a budget."""
    return Minutes(day=day, person=person, kind=Kind.CATEGORY, what=what, minutes=minutes)


def test_adding(ledger: LedgerStore) -> None:
    """What has one key is summed, over batches and within one; an unnamed device has no person."""
    ledger.add([counted(DAYS[0], "kim", 2), counted(DAYS[0], "kim", 3)], [timed(DAYS[0], "kim", 4)])
    ledger.add([counted(DAYS[0], "kim", 5), counted(DAYS[0], None, 1)], [timed(DAYS[0], "kim", 1)])
    assert ledger.counts(DAYS[0], DAYS[0]) == [counted(DAYS[0], None, 1), counted(DAYS[0], "kim", 10)]
    assert ledger.minutes(DAYS[0], DAYS[0]) == [timed(DAYS[0], "kim", 5)]
    ledger.add()


def test_a_range_of_days(ledger: LedgerStore) -> None:
    """First and last day are in it, the days around are not."""
    ledger.add([counted(day, "kim", 1) for day in DAYS], [timed(day, "kim", 1) for day in DAYS])
    assert [one.day for one in ledger.counts(DAYS[1], DAYS[2])] == list(DAYS[1:3])
    assert [one.day for one in ledger.minutes(DAYS[1], DAYS[2])] == list(DAYS[1:3])
    assert ledger.counts(DAYS[2], DAYS[1]) == []


def test_of_one_person(ledger: LedgerStore) -> None:
    """Nobody else's numbers are among them."""
    ledger.add([counted(DAYS[0], who, 1) for who in ("kim", "sam", None)], [timed(DAYS[0], "sam", 1)])
    assert ledger.counts(*DAYS[:2], "kim") == [counted(DAYS[0], "kim", 1)]
    assert ledger.minutes(*DAYS[:2], "kim") == []


def test_the_sums_of_a_week(ledger: LedgerStore) -> None:
    """Seven days make a week's sums."""
    ledger.add([counted(day, "kim", 2) for day in DAYS], [timed(day, "kim", 10) for day in DAYS])
    ledger.add([counted(DAYS[0], "kim", 1, "forum")], [timed(DAYS[1], "kim", 5, "roblox")])
    assert ledger.sums(DAYS[0], DAYS[2], "kim") == Sum(
        counts={("games", "allow"): 6, ("forum", "allow"): 1},
        minutes={(Kind.CATEGORY, "all"): 30, (Kind.CATEGORY, "roblox"): 5},
    )


def test_weeks_that_were_never_days(ledger: LedgerStore) -> None:
    """Where only weeks may be kept, the days are never written; one is no part of the other's sums."""
    weekly = Count(day=DAYS[0], person="kim", category="games", action="allow", count=7, span=Span.WEEK)
    ledger.add([weekly, counted(DAYS[0], "kim", 2)])
    assert ledger.counts(*DAYS[:2], span=Span.WEEK) == [weekly]
    assert ledger.counts(*DAYS[:2]) == [counted(DAYS[0], "kim", 2)]
    assert ledger.sums(*DAYS[:2], "kim", Span.WEEK).counts == {("games", "allow"): 7}


@pytest.mark.parametrize("day", ["", "yesterday", "2026-3-4", "2026-02-30", "20260304", "2026-W10-3"])
def test_what_is_no_day(ledger: LedgerStore, day: str) -> None:
    """A row that would never grow old is refused, and the batch with it."""
    with pytest.raises(ValueError, match=r"day|isoformat|month"):
        ledger.add([counted(DAYS[0], "kim", 1), counted(day, "kim", 1)])
    assert ledger.counts("0", "9") == []


def test_by_age(ledger: LedgerStore) -> None:
    """Days before a day go, of all or of one person."""
    ledger.add([counted(day, who, 1) for day in DAYS for who in ("kim", "sam")], [timed(DAYS[0], "kim", 1)])
    assert ledger.erase_older("counts", DAYS[2], "kim") == 2
    assert ledger.erase_older("counts", DAYS[1]) == 1
    assert [(one.day, one.person) for one in ledger.counts(DAYS[0], DAYS[3])] == [
        (DAYS[1], "sam"), (DAYS[2], "kim"), (DAYS[2], "sam"), (DAYS[3], "kim"), (DAYS[3], "sam"),
    ]  # fmt: skip
    assert len(ledger.minutes(*DAYS[:2])) == 1
    assert ledger.erase_older("minutes", DAYS[1]) == 1


def test_erase(ledger: LedgerStore, tmp_path: Path) -> None:
    """Erasing a person leaves nothing of it on the disk, and all of the others."""
    ledger.add([counted(DAYS[0], "canary", 1), counted(DAYS[0], "sam", 1)], [timed(DAYS[0], "canary", 1)])
    assert ledger.erase("canary") == 2
    assert ledger.counts(*DAYS[:2]) == [counted(DAYS[0], "sam", 1)]
    assert b"canary" not in octets(tmp_path)


def test_adding_at_once(ledger: LedgerStore) -> None:
    """Batches of many threads all count."""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: ledger.add([counted(DAYS[0], "kim", 1)], [timed(DAYS[0], "kim", 2)]), range(60)))
    assert ledger.sums(DAYS[0], DAYS[0], "kim").minutes == {(Kind.CATEGORY, "all"): 120}
    assert ledger.counts(DAYS[0], DAYS[0]) == [counted(DAYS[0], "kim", 60)]


BATCHES = st.lists(st.tuples(st.sampled_from(DAYS), st.sampled_from(["kim", "sam"]), st.integers(0, 1440)), max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(BATCHES, max_size=4))
def test_any_batches(ledger: LedgerStore, batches: list[list[tuple[str, str, int]]]) -> None:
    """However the rows come in, the sums are theirs."""
    for who in ("kim", "sam"):
        ledger.erase(who)
    for batch in batches:
        ledger.add(minutes=[timed(*row) for row in batch])
    for who in ("kim", "sam"):
        expected = sum(row[2] for batch in batches for row in batch if row[1] == who)
        assert sum(ledger.sums(DAYS[0], DAYS[-1], who).minutes.values()) == expected


def test_a_batch_is_added_once(ledger: LedgerStore, tmp_path: Path) -> None:
    """The one taken last is known again, after a restart too; another number or another run is another batch."""
    one = [counted(DAYS[0], "kim", 1)]
    batches = [Batch("a", "x", 1), Batch("a", "x", 1), Batch("a", "x", 2), Batch("a", "y", 2)]
    assert [ledger.add(one, batch=batch) for batch in batches] == [True, False, True, True]
    assert ledger.add(one)
    with LedgerStore(tmp_path) as again:
        assert not again.add(one, [timed(DAYS[0], "kim", 1)], batch=Batch("a", "y", 2))
        assert (again.counts(DAYS[0], DAYS[0]), again.minutes(DAYS[0], DAYS[0])) == ([counted(DAYS[0], "kim", 4)], [])


def test_daemons_hand_their_batches_over_in_turn(ledger: LedgerStore) -> None:
    """What one of them handed over is known again although another one's came in between."""
    one = [counted(DAYS[0], "kim", 1)]
    batches = [Batch("a", "x", 1), Batch("b", "x", 1), Batch("a", "x", 1), Batch("b", "x", 1), Batch("b", "x", 2)]
    assert [ledger.add(one, batch=batch) for batch in batches] == [True, True, False, False, True]


def test_a_batch_that_was_not_added_is_not_known(ledger: LedgerStore) -> None:
    """When its numbers were not written, it comes again."""
    with pytest.raises(OverflowError):
        ledger.add([counted(DAYS[0], "kim", 1 << 70)], batch=Batch("a", "x", 1))
    assert ledger.add([counted(DAYS[0], "kim", 1)], batch=Batch("a", "x", 1))


def test_whose_rows_there_are(ledger: LedgerStore) -> None:
    """Of each table; an empty id is nobody's."""
    ledger.add([counted(DAYS[0], who, 1) for who in ("kim", None)], [timed(DAYS[0], "sam", 1)])
    assert ledger.persons() == {
        "counts": {"kim", ""}, "minutes": {"sam"}, "budget_minutes": set(), "time_sums": set(),
    }  # fmt: skip


def test_in_which_row_each_person_was(ledger: LedgerStore) -> None:
    """What was noted last is all that is known."""
    assert ledger.swept() == {}
    for rows in ({"kim": "6-9", "sam": "0-5"}, {"kim": "10-12"}, {"kim": "10-12"}):
        ledger.note_swept(rows)
        assert ledger.swept() == rows


def spent(day: str, minutes: int, what: str = "everything", person: str = "kim") -> Spent:
    """Return what is used of a budget."""
    return Spent(day=day, person=person, what=what, minutes=minutes, week=minutes + 100, carried=5)


def test_minutes_of_budgets_are_put_in_place(ledger: LedgerStore) -> None:
    """What is put again stands there once, with the minute up to which it is counted."""
    assert (ledger.spent(*DAYS[:2]), ledger.time_sums(*DAYS[:2]), ledger.counted_through()) == ([], [], None)
    for minutes, through in ((3, 1_000), (4, 1_001)):
        sums = [TimeSum(day=DAYS[0], person="kim", minutes=minutes + 1)]
        ledger.put_minutes([spent(DAYS[0], minutes), spent(DAYS[0], 1, "group:game")], sums, through)
    ledger.put_minutes([spent(DAYS[2], 9)], [], 1_002)
    assert ledger.spent(*DAYS[:2]) == [spent(DAYS[0], 4), spent(DAYS[0], 1, "group:game")]
    assert ledger.time_sums(*DAYS[:2]) == [TimeSum(day=DAYS[0], person="kim", minutes=5)]
    assert ledger.counted_through() == 1_002
    assert ledger.erase("kim") == 4
    assert ledger.spent(DAYS[0], DAYS[2]) == []


def test_minutes_of_budgets_go_together_or_not_at_all(ledger: LedgerStore) -> None:
    """With a day that is none, nothing is put."""
    with pytest.raises(ValueError, match="is not a day"):
        ledger.put_minutes([spent(DAYS[0], 3)], [TimeSum(day="20260304", person="kim", minutes=1)], 7)
    assert (ledger.spent(*DAYS[:2]), ledger.counted_through()) == ([], None)
