"""The tables: what stands in them, and what must never."""

from appliance.core import visibility
from appliance.store.base import Store
from appliance.store.house import HouseStore
from appliance.store.journal import JournalStore
from appliance.store.ledger import LedgerStore
from appliance.world import rules


def test_tables(house: HouseStore, ledger: LedgerStore, journal: JournalStore) -> None:
    """Each file has its tables and no other."""
    assert set(house.columns()) == {
        "revisions", "audit", "audit_persons", "caregivers", "attempts", "codes", "found", "settings", "requests",
    }  # fmt: skip
    assert set(ledger.columns()) == {
        "counts", "minutes", "budget_minutes", "time_sums", "counted", "taken", "swept",
    }  # fmt: skip
    assert set(journal.columns()) == {"events", "hours", "names", "taken", "swept"}


def test_a_host_name_may_stand_in_two_columns_only(
    house: HouseStore, ledger: LedgerStore, journal: JournalStore
) -> None:
    """A column for a name that somebody visited says that it was permitted; a device's own name is another thing."""
    found = {
        (table, column)
        for store in (house, ledger, journal)
        for table, columns in store.columns().items()
        for column in columns
        if "host" in column or "domain" in column or "url" in column
    }
    assert found == {("names", "permitted_host_name"), ("found", "host_name")}


def test_every_table_is_strict(house: HouseStore, ledger: LedgerStore, journal: JournalStore) -> None:
    """A text where a number belongs is refused by the file itself."""
    stores: list[Store] = [house, ledger, journal]
    for store in stores:
        with store.reading() as db:
            assert {table.name for table in db.tables if not table.strict} == set()


def test_every_column_is_in_the_contract(house: HouseStore, ledger: LedgerStore, journal: JournalStore) -> None:
    """No column exists that the visibility contract doesn't know, and it knows none that doesn't exist."""
    contract = visibility.parse((rules.folder() / visibility.FILE).read_text("utf-8"))
    there = {"house": house.columns(), "ledger": ledger.columns(), "journal": journal.columns()}
    assert contract.unlisted(there) == set()
    assert {(db, table): set(names) for db, table, names in contract.tables()} == {
        (db, table): set(names) for db, tables in there.items() for table, names in tables.items()
    }
