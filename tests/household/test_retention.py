"""Retention: every cell of the contract that has a table, a moment before and after its age; who left; who grew."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from appliance.core.house import House
from appliance.core.visibility import ROWS as CONTRACT_ROWS
from appliance.core.visibility import UNKNOWN, Expiry, Granularity, seconds
from appliance.household import retention
from appliance.household.happenings import FIELDS
from appliance.household.retention import NOBODY, first_day, rows_of, sweep, zone_of
from appliance.store.accounts import Role
from appliance.store.base import Store
from appliance.store.found import Sighting
from appliance.store.house import HouseStore
from appliance.store.journal import Event, JournalStore, NameCount
from appliance.store.ledger import Count, Kind, LedgerStore, Minutes, Spent, TimeSum
from tests.steward.box import AT, CONTRACT, DAY_S, HOUSE, ROWS, house_of

BERLIN = ZoneInfo("Europe/Berlin")
PERSONS = {row: person for person, row in ROWS.items()} | {UNKNOWN: NOBODY}
CELLS = [(row, expiry) for row in CONTRACT_ROWS for expiry in CONTRACT.retention(row)]
OF_NOBODY = list(CONTRACT.retention(None))


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[dict[str, Store]]:
    """A store of each kind."""
    with ExitStack() as stack:
        yield {
            "house": stack.enter_context(HouseStore(tmp_path)),
            "ledger": stack.enter_context(LedgerStore(tmp_path)),
            "journal": stack.enter_context(JournalStore(tmp_path, AT)),
        }


def day(at: float, house: House = HOUSE) -> str:
    """Return the house's day at a time."""
    return datetime.fromtimestamp(at, zone_of(house)).date().isoformat()


def put(store: Store, table: str, person: str, at: float) -> None:
    """Write a row of a person that begins at a time."""
    who = person or None
    match store, table:
        case LedgerStore(), "counts":
            store.add([Count(day=day(at), person=who, category="games", action="allow", count=1)])
        case LedgerStore(), "minutes":
            store.add((), [Minutes(day=day(at), person=person, kind=Kind.CATEGORY, what="all", minutes=1)])
        case LedgerStore(), "budget_minutes":
            spent = Spent(day=day(at), person=person, what="everything", minutes=1, week=1, carried=0)
            store.put_minutes([spent], [], 1)
        case LedgerStore(), "time_sums":
            store.put_minutes([], [TimeSum(day=day(at), person=person, minutes=1)], 1)
        case JournalStore(), "events":
            store.add([Event(kind="malware_blocked", at=at, person=who)], AT)
        case JournalStore(), "names":
            one = NameCount(
                day=day(at), person=person, action="block", category="games", permitted_host_name="a.example", count=1
            )
            store.count_names([one], AT)
        case JournalStore(), "hours":
            store.count({"queries": 1}, at)
        case HouseStore(), _:
            put_said(store, table, person, at)
        case _:
            raise AssertionError(table)


def put_said(store: HouseStore, table: str, person: str, at: float) -> None:
    """Write a row of what people say and what is found."""
    match table:
        case "attempts":
            store.accounts.fail("1.2.3.4", at)
        case "found":
            store.found.saw([Sighting("02:00:00:00:00:77")], at)
        case "codes":
            store.codes.invite("kim", f"hash {at}", Role.OWNER, at, at)
        case "requests":
            store.requests.ask(person, "tablet", "games.example", "", at)
        case "audit":
            store.replace("kim", house_of(ada="0-5"), at)
        case _:
            raise AssertionError(table)


def left(store: Store, table: str) -> int:
    """Return how many rows a table has."""
    with store.reading() as db:
        return int(db.table(table).count)


def named(cell: tuple[str, Expiry]) -> str:
    """Return what a cell is called in the report."""
    return f"{cell[1].table}@{cell[0]}"


@pytest.mark.parametrize("cell", CELLS, ids=named)
def test_every_cell(stores: dict[str, Store], cell: tuple[str, Expiry]) -> None:
    """A row as old as it may be stays, one that is older goes; where nothing may be, nothing stays."""
    row, expiry = cell
    store, person = stores[expiry.database], PERSONS[row]
    midnight = AT - AT % DAY_S
    put(store, expiry.table, person, midnight)
    sweep(store, CONTRACT, HOUSE, midnight + expiry.max_age_s)
    assert left(store, expiry.table) == (1 if expiry.max_age_s else 0)
    sweep(store, CONTRACT, HOUSE, midnight + expiry.max_age_s + 1)
    assert left(store, expiry.table) == 0


def test_the_cells_are_those_that_are_meant() -> None:
    """The walk above walks each personal table in each row, and the ages are the contract's."""
    tables = {"counts", "minutes", "budget_minutes", "time_sums", "events", "names", "requests"}
    assert {(row, expiry.table) for row, expiry in CELLS} == {(row, table) for row in CONTRACT_ROWS for table in tables}
    ages = {(row, one.table): one.max_age_s // DAY_S for row, one in CELLS if row in ("6-9", "13-15", "adult")}
    assert ages == {
        ("6-9", "counts"): 30, ("6-9", "minutes"): 30, ("6-9", "events"): 7, ("6-9", "names"): 7,
        ("6-9", "budget_minutes"): 30, ("13-15", "budget_minutes"): 14, ("adult", "budget_minutes"): 0,
        ("6-9", "time_sums"): 30, ("13-15", "time_sums"): 14, ("adult", "time_sums"): 0,
        ("6-9", "requests"): 30, ("13-15", "requests"): 14, ("adult", "requests"): 0,
        ("13-15", "counts"): 28, ("13-15", "minutes"): 28, ("13-15", "events"): 7, ("13-15", "names"): 28,
        ("adult", "counts"): 0, ("adult", "minutes"): 0, ("adult", "events"): 0, ("adult", "names"): 0,
    }  # fmt: skip


@pytest.mark.parametrize("expiry", [one for one in OF_NOBODY if one.table != "revisions"], ids=lambda one: one.table)
def test_what_is_nobodys(stores: dict[str, Store], expiry: Expiry) -> None:
    """Tables that say of nobody whose a row is obey their own age."""
    store, hour = stores[expiry.database], AT - AT % 3600
    put(store, expiry.table, NOBODY, hour)
    sweep(store, CONTRACT, HOUSE, hour + expiry.max_age_s)
    assert left(store, expiry.table) == 1
    sweep(store, CONTRACT, HOUSE, hour + expiry.max_age_s + 1)
    assert left(store, expiry.table) == 0


def test_of_two_persons_each_has_the_own_age(stores: dict[str, Store]) -> None:
    """What is too old of one child may stay of another."""
    ledger = stores["ledger"]
    for person in ("ben", "cleo"):
        put(ledger, "counts", person, AT - 20 * DAY_S)
    assert sweep(ledger, CONTRACT, HOUSE, AT) == 1
    assert isinstance(ledger, LedgerStore)
    assert [one.person for one in ledger.counts("2026-01-01", "2026-12-31")] == ["ben"]


def test_a_choice_of_the_caregivers_counts(stores: dict[str, Store]) -> None:
    """A wider view that they chose for a child has its own age, which is shorter here."""
    ledger = stores["ledger"]
    put(ledger, "counts", "dan", AT - 20 * DAY_S)
    assert sweep(ledger, CONTRACT, HOUSE, AT) == 0
    assert sweep(ledger, CONTRACT, HOUSE, AT, choices={"dan": {"category_counts": Granularity.DAY}}) == 1


def test_the_house_as_it_is_stays(stores: dict[str, Store]) -> None:
    """Earlier revisions grow old; the latest one is the house."""
    store = stores["house"]
    assert isinstance(store, HouseStore)
    for band in ("0-5", "6-9"):
        store.replace("kim", house_of(ada=band), AT)
    sweep(store, CONTRACT, HOUSE, AT + 400 * DAY_S)
    assert (left(store, "revisions"), store.current()) == (1, (2, house_of(ada="6-9")))


@pytest.mark.parametrize("table", ["counts", "minutes", "events", "names"])
def test_who_left_leaves_nothing(stores: dict[str, Store], table: str) -> None:
    """Rows of somebody who isn't in the house go at once, those of others and of nobody stay."""
    store = stores["ledger" if table in ("counts", "minutes") else "journal"]
    put(store, table, "ada", AT)
    put(store, table, "zoe", AT)
    assert sweep(store, CONTRACT, HOUSE, AT) == 1
    assert left(store, table) == 1


@pytest.mark.parametrize("row", CONTRACT_ROWS)
@pytest.mark.parametrize("kind", FIELDS)
def test_every_kind_of_event(stores: dict[str, Store], kind: str, row: str) -> None:
    """As old as its own field lets it be, where that is less than what the table has; where it may not be, it goes."""
    journal, person = stores["journal"], PERSONS[row] or None
    assert isinstance(journal, JournalStore)
    kept_s = min(CONTRACT.may_keep(field, row) or 0 for field in ("security_events", FIELDS[kind]))
    for after, expected in ((kept_s, 1 if kept_s else 0), (kept_s + 1, 0)):
        journal.add([Event(kind=kind, at=AT, person=person)], AT)
        sweep(journal, CONTRACT, HOUSE, AT + after)
        assert left(journal, "events") == expected


def test_without_certainty_nobody_has_left(stores: dict[str, Store]) -> None:
    """While an older house is in force nobody is taken for gone or grown; rows grow old as ever."""
    ledger = stores["ledger"]
    put(ledger, "counts", "zoe", AT)
    put(ledger, "counts", "ada", AT - 40 * DAY_S)
    assert sweep(ledger, CONTRACT, HOUSE, AT, is_certain=False) == 1
    assert left(ledger, "counts") == 1


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("0-5", "6-9", {"counts": 1, "events": 1, "names": 0}),
        ("6-9", "10-12", {"counts": 1, "events": 0, "names": 0}),
        ("10-12", "13-15", {"counts": 0, "events": 0, "names": 0}),
        ("13-15", "16-17", {"counts": 0, "events": 0, "names": 0}),
        ("10-12", "6-9", {"counts": 1, "events": 1, "names": 1}),
    ],
)
def test_who_grew_is_seen_less(stores: dict[str, Store], before: str, after: str, expected: dict[str, int]) -> None:
    """What was written more finely than it may be seen in the new band goes as soon as the band changes."""
    for store in (stores["ledger"], stores["journal"]):
        sweep(store, CONTRACT, house_of(kim=before), AT)
    for table in expected:
        put(stores["ledger" if table == "counts" else "journal"], table, "kim", AT)
    for store in (stores["ledger"], stores["journal"]):
        sweep(store, CONTRACT, house_of(kim=after), AT)
    found = {table: left(stores["ledger" if table == "counts" else "journal"], table) for table in expected}
    assert found == expected


def test_a_band_that_changed_while_nobody_looked(tmp_path: Path) -> None:
    """In which row a person was stands in the file: a restart in between changes nothing."""
    with JournalStore(tmp_path, AT) as journal:
        sweep(journal, CONTRACT, house_of(kim="6-9"), AT)
        put(journal, "names", "kim", AT)
    with JournalStore(tmp_path, AT) as journal:
        assert journal.swept() == {"kim": "6-9"}
        assert sweep(journal, CONTRACT, house_of(kim="10-12"), AT) == 1
        assert (left(journal, "names"), journal.swept()) == (0, {"kim": "10-12"})


def test_copies_go_too(stores: dict[str, Store], tmp_path: Path) -> None:
    """A copy made before an update goes after a week, and at once with somebody who left."""
    ledger, copy = stores["ledger"], tmp_path / "ledger.db.before-9"

    def lay(age_s: float) -> None:
        copy.write_bytes(b"rows")
        os.utime(copy, (AT - age_s, AT - age_s))

    lay(7 * DAY_S)
    sweep(ledger, CONTRACT, HOUSE, AT)
    assert copy.exists()
    sweep(ledger, CONTRACT, HOUSE, AT + 1)
    assert not copy.exists()
    lay(0)
    put(ledger, "counts", "zoe", AT)
    sweep(ledger, CONTRACT, HOUSE, AT)
    assert not copy.exists()


@pytest.mark.parametrize(
    ("zone", "at", "kept_s", "expected"),
    [
        (UTC, "2026-11-22T00:00:00+00:00", 2 * DAY_S, "2026-11-20"),
        (UTC, "2026-11-22T00:00:01+00:00", 2 * DAY_S, "2026-11-21"),
        (BERLIN, "2026-11-22T00:00:00+01:00", DAY_S, "2026-11-21"),
        (BERLIN, "2026-11-21T23:00:00+01:00", DAY_S, "2026-11-21"),
        # The days of 23 and of 25 hours.
        (BERLIN, "2026-03-30T00:00:00+02:00", DAY_S, "2026-03-29"),
        (BERLIN, "2026-10-26T00:00:00+01:00", DAY_S, "2026-10-26"),
        # Midnight does not exist there on this day.
        (ZoneInfo("Africa/Cairo"), "2026-04-25T00:00:00+03:00", DAY_S, "2026-04-24"),
    ],
)
def test_first_day(zone: ZoneInfo, at: str, kept_s: int, expected: str) -> None:
    """A day is as old as its beginning by the house's clock."""
    assert first_day(kept_s, zone, datetime.fromisoformat(at).timestamp()) == expected


def test_no_day_outlives_its_age() -> None:
    """Over a year of hours in a zone with summer time: the first day that stays began no longer ago than it may."""
    begin: Callable[[str], float] = lambda text: datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()  # noqa: E731
    for hour in range(0, 366 * 24, 5):
        at = AT + hour * 3600.0
        first = first_day(14 * DAY_S, BERLIN, at)
        before = (datetime.fromisoformat(first) - timedelta(days=1)).date().isoformat()
        assert begin(before) < at - 14 * DAY_S <= begin(first)


def test_a_zone_that_nobody_knows() -> None:
    """It is UTC then: erasing goes on."""
    assert zone_of(House(time_zone="Moon/Tycho")) == UTC


def test_rows() -> None:
    """Each person has a row, and so has nobody."""
    assert rows_of(HOUSE) == {"": "unknown"} | ROWS
    assert seconds("7 d") == retention.COPIES_S
