"""Gathering: what the contract lets be kept is kept, once, whatever dies on the way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.core.house import House
from appliance.core.visibility import ROWS as CONTRACT_ROWS
from appliance.steward.books import Books
from appliance.steward.gather import Gatherer, journal_rows, ledger_rows, monday, read_counts
from appliance.store.errors import Corrupt, DiskFull, Locked, Newer, StoreError
from appliance.store.journal import Event, Hour, JournalStore, NameCount
from appliance.store.ledger import Count, LedgerStore, Span
from appliance.world.bus import BusError
from tests.steward.box import (
    AT,
    CONTRACT,
    HOUR_S,
    HOUSE,
    MONDAY,
    ROWS,
    TODAY,
    Nameserver,
    books_in,
    codes,
    house_of,
    told,
)
from tests.store.houses import held, octets

YEAR = ("2026-01-01", "2026-12-31")


@pytest.fixture
def nameserver() -> Nameserver:
    """A nameserver that has counted nothing yet."""
    return Nameserver()


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    """Books in a fresh folder."""
    opened, _ = books_in(tmp_path)
    yield opened
    opened.close()


def gatherer(books: Books, nameserver: Nameserver, giver: str = "nameserver") -> Gatherer:
    """Return a gatherer, as a steward that just began has one."""
    return Gatherer(books, CONTRACT, nameserver.ask, giver)


def counts(books: Books) -> list[Count]:
    """Return all counts of the ledger."""
    return [
        *books.with_ledger(lambda one: one.counts(*YEAR)),
        *books.with_ledger(lambda one: one.counts(*YEAR, None, Span.WEEK)),
    ]


def names(books: Books, person: str, action: str = "block") -> list[str]:
    """Return the names that the journal has of a person."""
    found: list[NameCount] = books.with_journal(lambda one: one.names(*YEAR, person, action), AT)
    return [one.permitted_host_name for one in found]


def counted(person: str, count: int, day: str = TODAY, span: Span = Span.DAY) -> Count:
    """Return a count as the ledger has it."""
    return Count(day=day, person=person, category="games", action="allow", count=count, span=span)


@pytest.mark.parametrize("row", [*ROWS.values(), "unknown"])
def test_the_grain_of_each_row(row: str) -> None:
    """Days up to 12, weeks at 13-15, nothing of anybody else."""
    person = {band: id_ for id_, band in ROWS.items()}.get(row)
    found = ledger_rows(read_counts([told(person, row, count=3)]), CONTRACT, HOUSE)
    days, weeks = [counted(str(person), 3)], [counted(str(person), 3, MONDAY, Span.WEEK)]
    expected = {"0-5": days, "6-9": days, "10-12": days, "13-15": weeks}
    assert found == expected.get(row, [])


@pytest.mark.parametrize("action", ["allow", "rewrite", "block", "ask"])
@pytest.mark.parametrize("row", ROWS.values())
def test_names_of_each_row(row: str, action: str) -> None:
    """All of a small child, blocked ones at 6-9, none of anybody else: whatever the nameserver sends."""
    person = {band: id_ for id_, band in ROWS.items()}[row]
    found = journal_rows(read_counts([told(person, row, "games", action, "a.example")]), CONTRACT, HOUSE)
    is_kept = row == "0-5" or (row == "6-9" and action in ("block", "ask"))
    assert [one.permitted_host_name for one in found] == (["a.example"] if is_kept else [])


def test_the_coarser_row_holds() -> None:
    """Counted at 10-12, a child is 13 now: no day is written; nor for who is younger now than when it was counted."""
    tallied = read_counts([told("kim", "10-12", count=2), told("kim", "6-9", action="block", name="a.example")])
    older = house_of(kim="13-15")
    assert {one.span for one in ledger_rows(tallied, CONTRACT, older)} == {Span.WEEK}
    assert journal_rows(tallied, CONTRACT, older) == []
    younger = read_counts([told("kim", "13-15", count=2)])
    assert [one.span for one in ledger_rows(younger, CONTRACT, house_of(kim="6-9"))] == [Span.WEEK]


def test_who_is_not_in_the_house() -> None:
    """Nothing is written of somebody who left."""
    tallied = read_counts([told("zoe", "0-5", name="a.example")])
    assert (ledger_rows(tallied, CONTRACT, HOUSE), journal_rows(tallied, CONTRACT, HOUSE)) == ([], [])


@pytest.mark.parametrize("category", sorted(CONTRACT.never.categories | CONTRACT.never.to_caregivers))
def test_never(category: str) -> None:
    """What leaves no trace is not written even if the nameserver sent it; nor what caregivers may have put there."""
    tallied = read_counts([told("ada", "0-5", category, action, "a.example") for action in ("allow", "block")])
    assert (ledger_rows(tallied, CONTRACT, HOUSE), journal_rows(tallied, CONTRACT, HOUSE)) == ([], [])


@pytest.mark.parametrize(
    "one",
    [
        None, [], "x", {}, [TODAY, "ada", "0-5"], told("ada", "0-5", day="tomorrow"), told("ada", "0-5", count=-1),
        told("ada", "0-5", day="20261122"), told("ada", "3-4"), told("ada", "0-5", action="wink"),
        told("ada", "0-5", count=0), told("ada", "0-5", count=1 << 62),
        [TODAY, 5, "0-5", "games", "allow", None, 1], [TODAY, "ada", "0-5", "games", "allow", None, "1"],
    ],
)  # fmt: skip
def test_what_nobody_can_read_is_left_out(one: object) -> None:
    """The rest of the batch is taken."""
    good = told("ada", "0-5", count=2)
    assert [tallied.count for tallied in read_counts([one, good])] == [2]
    assert read_counts(one) == []


def test_monday() -> None:
    """A week is named by its first day."""
    assert [monday(day) for day in ("2026-11-16", "2026-11-22", "2026-11-23")] == [MONDAY, MONDAY, "2026-11-23"]
    with pytest.raises(ValueError, match="is not a day"):
        monday("20261122")


def test_a_batch(books: Books, nameserver: Nameserver) -> None:
    """Counts, names and events come to the books, and the batch is handed back."""
    nameserver.pending = [
        told("ada", "0-5", count=2), told("ada", "0-5", count=1, name="a.example"),
        told("ben", "6-9", action="block", name="b.example"), told("ben", "6-9", name="c.example"),
    ]  # fmt: skip
    nameserver.events = [
        {"at": AT, "kind": "malware_blocked", "person": "ben", "device": "ben-phone", "severity": 1,
         "args": {"category": "malware", "name": "bad.example"}},
    ]  # fmt: skip
    gatherer(books, nameserver).gather(HOUSE, AT)
    allowed = [one for one in counts(books) if one.action == "allow"]
    assert allowed == [counted("ada", 3), counted("ben", 1)]
    assert (names(books, "ada", "allow"), names(books, "ben"), names(books, "ben", "allow")) == (
        ["a.example"], ["b.example"], [],
    )  # fmt: skip
    event = Event(kind="malware_blocked", at=AT, severity=1, person="ben", device="ben-phone", args={"category": "malware"})  # type: ignore[arg-type]  # fmt: skip # noqa: E501
    assert books.with_journal(lambda one: one.events(), AT) == [event]
    assert (nameserver.given, nameserver.pending) == (([], []), [])


@pytest.mark.parametrize("row", CONTRACT_ROWS)
def test_no_name_is_on_the_disk(tmp_path: Path, row: str) -> None:
    """Whatever the nameserver sends of somebody of 10 or older, in any place: the files don't hold the name."""
    person = {band: id_ for id_, band in ROWS.items()}.get(row)
    nameserver = Nameserver()
    nameserver.pending = [told(person, row, action=action, name="canary.example") for action in ("allow", "block")]
    nameserver.events = [
        {"at": AT, "kind": kind, "person": person, "args": {"name": "canary.example", "host": "canary.example"}}
        for kind in ("malware_blocked", "bypass_sign", "worker_ended", "canary.example"[:6])
    ]
    opened, _ = books_in(tmp_path)
    gatherer(opened, nameserver).gather(HOUSE, AT)
    opened.close()
    assert nameserver.given == ([], [])
    assert (b"canary.example" in octets(tmp_path)) is (row in ("0-5", "6-9"))


def test_killed_before_the_batch_was_handed_back(tmp_path: Path, nameserver: Nameserver) -> None:
    """The same batch comes again to the next steward: nothing is counted twice, and the next batch is taken."""
    nameserver.pending = [told("ada", "0-5", count=5, name="a.example")]
    nameserver.deaf_to = "done"
    first, _ = books_in(tmp_path)
    with pytest.raises(BusError):
        gatherer(first, nameserver).gather(HOUSE, AT)
    first.close()
    nameserver.deaf_to = None
    second, _ = books_in(tmp_path)
    after = gatherer(second, nameserver)
    after.gather(HOUSE, AT)
    assert counts(second) == [counted("ada", 5)]
    nameserver.pending = [told("ada", "0-5", count=1)]
    after.gather(HOUSE, AT)
    assert counts(second) == [counted("ada", 6)]
    assert [one.count for one in second.with_journal(lambda one: one.names(*YEAR, "ada", "allow"), AT)] == [5]
    second.close()


def test_killed_between_the_two_files(tmp_path: Path, nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the ledger is not added again, and what is not in the journal yet comes there."""
    nameserver.pending = [told("ada", "0-5", count=5, name="a.example")]
    opened, _ = books_in(tmp_path)
    at_work = gatherer(opened, nameserver)

    def killed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(JournalStore, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        at_work.gather(HOUSE, AT)
    monkeypatch.undo()
    half = [at_work.is_half_done]
    at_work.gather(HOUSE, AT)
    assert (counts(opened), names(opened, "ada", "allow")) == ([counted("ada", 5)], ["a.example"])
    assert [*half, at_work.is_half_done] == [True, False]
    opened.close()


def test_another_run_of_the_nameserver_counts_from_the_same_number(books: Books) -> None:
    """Its first batch is not the other's first batch."""
    for pid in (10, 11):
        nameserver = Nameserver(pid)
        nameserver.pending = [told("ada", "0-5", count=pid)]
        gatherer(books, nameserver).gather(HOUSE, AT)
    assert counts(books) == [counted("ada", 21)]


def test_a_batch_of_two_daemons_comes_again_from_each(tmp_path: Path, nameserver: Nameserver) -> None:
    """The steward was killed before it handed either back: what the other gave meanwhile makes neither unknown."""
    guard = Nameserver(nameserver.pid)
    nameserver.pending = [told("ada", "0-5", count=5, name="a.example")]
    guard.events = [
        {"at": AT + number, "kind": "connections_cut", "person": "ada", "args": {"connections": 1}}
        for number in range(2)
    ]
    for one in (nameserver, guard):
        one.deaf_to = "done"
    for _ in range(2):
        opened, _ = books_in(tmp_path)
        for giver, one in (("nameserver", nameserver), ("guard", guard)):
            with pytest.raises(BusError):
                gatherer(opened, one, giver).gather(HOUSE, AT)
        opened.close()
    opened, _ = books_in(tmp_path)
    for giver, one in (("nameserver", nameserver), ("guard", guard)):
        one.deaf_to = None
        gatherer(opened, one, giver).gather(HOUSE, AT)
    cuts = opened.with_journal(lambda one: one.events(kind="connections_cut"), AT)
    assert [(event.at - AT, event.args) for event in cuts] == [(1, {"connections": 1}), (0, {"connections": 1})]
    assert counts(opened) == [counted("ada", 5)]
    opened.close()


def test_events_alone_touch_no_ledger(books: Books, nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page may have them fetched as often as it is looked at, and the card isn't worn out by that."""
    nameserver.events = [{"at": AT, "kind": "connections_cut", "person": "ada", "args": {"connections": 1}}]
    monkeypatch.delattr(LedgerStore, "add")
    gatherer(books, nameserver, "guard").gather(HOUSE, AT)
    assert [event.kind for event in books.with_journal(lambda one: one.events(), AT)] == ["connections_cut"]


@pytest.mark.parametrize("fault", [Locked, DiskFull, Corrupt])
def test_a_ledger_that_takes_nothing(
    tmp_path: Path, nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch, fault: type[StoreError]
) -> None:
    """The counts stay with the nameserver until it does, and what is wrong is told meanwhile."""
    nameserver.pending = [told("ada", "0-5", count=5)]
    opened, problems = books_in(tmp_path)

    def refuse(*_: object, **__: object) -> bool:
        raise fault("ledger.db")

    monkeypatch.setattr(LedgerStore, "add", refuse)
    with pytest.raises(fault):
        gatherer(opened, nameserver).gather(HOUSE, AT)
    monkeypatch.undo()
    expected = {Locked: ["ledger_waiting"], DiskFull: ["disk_full"], Corrupt: ["ledger_broken"]}
    assert (codes(problems), nameserver.given is not None) == (expected[fault], True)
    gatherer(opened, nameserver).gather(HOUSE, AT)
    assert (counts(opened), nameserver.given) == ([counted("ada", 5)], ([], []))
    assert codes(problems) == (["disk_full"] if fault is DiskFull else [])
    opened.close()


def test_a_locked_ledger(books: Books, nameserver: Nameserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program holds it, the batch waits; afterwards it is taken."""
    monkeypatch.setattr("appliance.store.connection.BUSY_S", 0.05)
    nameserver.pending = [told("ada", "0-5")]
    assert counts(books) == []
    books.close()
    with held(tmp_path / "ledger.db"), pytest.raises(Locked):
        gatherer(books, nameserver).gather(HOUSE, AT)
    gatherer(books, nameserver).gather(HOUSE, AT)
    assert counts(books) == [counted("ada", 1)]


@pytest.mark.parametrize(("fault", "is_held_up"), [(Locked, True), (DiskFull, True), (Newer, False)])
def test_a_journal_that_takes_nothing(
    books: Books, nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch, fault: type[StoreError], is_held_up: bool
) -> None:
    """It holds the batch up while that is a matter of time; one that can't be used at all costs only itself."""
    nameserver.pending = [told("ada", "0-5", count=5)]

    def refuse(*_: object, **__: object) -> bool:
        raise fault("journal.db")

    monkeypatch.setattr(JournalStore, "add", refuse)
    at_work = gatherer(books, nameserver)
    if is_held_up:
        with pytest.raises(fault):
            at_work.gather(HOUSE, AT)
    else:
        at_work.gather(HOUSE, AT)
    assert any(nameserver.given or ()) is is_held_up
    assert counts(books) == [counted("ada", 5)]


def test_the_counters_of_the_box(books: Books, nameserver: Nameserver) -> None:
    """What was counted since the last look is added to the hour; another run counts from nothing."""
    at_work, hour = gatherer(books, nameserver), int(AT) // HOUR_S * HOUR_S
    for queries, pid in ((100, 1), (130, 1), (7, 2), (7, 2)):
        nameserver.counts, nameserver.pid = {"queries": queries, "idle": 3}, pid
        at_work.gather(House(), AT)
    found = books.with_journal(lambda one: one.hours(hour, hour + 1), AT)
    assert found == [Hour(hour, "idle", 3), Hour(hour, "queries", 37)]


def test_the_counters_of_another_daemon(books: Books, nameserver: Nameserver) -> None:
    """They are told apart by its name: two daemons may call theirs the same."""
    for giver, at_work in ((giver, gatherer(books, nameserver, giver)) for giver in ("nameserver", "guard")):
        for number in (1, 5):
            nameserver.counts = {"refused": number if giver == "guard" else number * 10}
            at_work.gather(House(), AT)
    found = books.with_journal(lambda one: one.hours(0, AT + 1), AT)
    assert {one.counter: one.count for one in found} == {"guard.refused": 4, "refused": 40}


def test_a_nameserver_that_is_away(books: Books, nameserver: Nameserver) -> None:
    """Nothing happens but that it is said."""
    nameserver.is_away = True
    with pytest.raises(BusError):
        gatherer(books, nameserver).gather(HOUSE, AT)


def test_what_is_more_than_a_batch(books: Books, nameserver: Nameserver) -> None:
    """One batch after another is taken in the same turn; without news nothing is written."""
    at_work = gatherer(books, nameserver)
    nameserver.batch_size = 2
    nameserver.pending = [told("ada", "0-5", count=2**number) for number in range(5)]
    at_work.gather(HOUSE, AT)
    assert (counts(books), nameserver.pending) == ([counted("ada", 31)], [])
    done = [request for request in nameserver.asked if "done" in request]
    at_work.gather(HOUSE, AT)
    assert [request for request in nameserver.asked if "done" in request] == done


def test_what_the_nameserver_had_no_room_for(books: Books, nameserver: Nameserver) -> None:
    """That something was not counted is told."""
    nameserver.pending, nameserver.dropped = [told("ada", "0-5")], 7
    gatherer(books, nameserver).gather(HOUSE, AT)
    events = books.with_journal(lambda one: one.events(), AT)
    assert [(event.kind, event.args) for event in events] == [("counts_dropped", {"times": 7})]
