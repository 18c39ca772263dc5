"""What may not exist any longer: rows past their age, of persons who left, and too fine for a person's new band.

How long, and of what, the visibility contract says; this knows only how a span becomes a day or a moment of a table.
Whoever owns a file sweeps it: the web its house.db, the steward ledger.db and journal.db. And what caregivers said for
a while leaves the house itself once it is long over.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta, tzinfo

from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.verdict import Reason
from appliance.core.visibility import UNKNOWN, Choices, Contract, Expiry, row_of
from appliance.household.happenings import FIELDS
from appliance.store.base import PersonalStore, Store
from appliance.store.house import HouseStore
from appliance.store.journal import JournalStore
from appliance.world import clock

NOBODY = ""
"""How a table names the person of a row that is nobody's."""
WORDS = "pauses_grants"
"""The field of what was said for a while."""
FORGOTTEN = Reason("words_forgotten")
"""What the audit says of a house `without_old_words`."""
COPIES_S = 7 * 86_400
"""A copy made before an update, or a damaged file, holds rows of all ages; it goes as the shortest-kept of them do."""

EVENTS = "events"

_END, _LAST_DAY = float("inf"), "9999-12-31"
_ALSO = {
    ("journal", "names"): frozenset(("names_visited",)),
    ("journal", EVENTS): frozenset(FIELDS.values()),
}
"""Fields whose rows stand in a table beside those that its columns are named for."""


def sweep(
    store: Store,
    contract: Contract,
    house: House,
    at: float,
    *,
    choices: Mapping[str, Choices] | None = None,
    is_certain: bool = True,
) -> int:
    """Erase from a file what may not exist at a time, and return how many rows went. Raises StoreError.

    `choices` is what caregivers chose to see of each person. With a house of which it isn't certain that it is the
    latest (an older copy is in force), nobody is taken for having left, nor for having changed the band.
    """
    rows = rows_of(house)
    at_once = 0
    if isinstance(store, PersonalStore) and is_certain:
        at_once = _erase_left(store, contract, rows) + _erase_outgrown(store, contract, rows)
        store.note_swept({person: row for person, row in rows.items() if person != NOBODY})
    if isinstance(store, HouseStore) and is_certain:
        at_once += store.requests.keep(rows.keys(), at)
    zone = zone_of(house)
    aged = sum(_erase_aged(store, expiry, None, at, zone) for expiry in _expiries(store, contract, None, {}))
    for person, row in rows.items():
        chosen = (choices or {}).get(person, {})
        for expiry in _expiries(store, contract, row, chosen):
            aged += _erase_aged(store, expiry, person, at, zone)
            if isinstance(store, JournalStore) and expiry.table == EVENTS:
                aged += store.erase_kinds(dict(_sooner(contract, row, chosen, expiry.max_age_s, at)), person)
    # What had to go at once stands in the copies too.
    store.erase_copies(_END if at_once else at - COPIES_S)
    return at_once + aged


def without_old_words(house: House, contract: Contract, at: float) -> House:
    """Return a house without what ended longer ago than both sides may look back on it.

    That are pauses, grants, what was lifted, rules with an end, and exceptions. What has no end stays.
    """
    rows, zone = rows_of(house), zone_of(house)
    owners = {device.id: device.person for device in house.devices}

    def is_kept(person: str | None, ended: float) -> bool:
        kept_s = contract.may_keep(WORDS, rows.get(person or NOBODY, UNKNOWN))
        return kept_s is None or at <= ended + kept_s

    return replace(
        house,
        persons=tuple(_without_old(one, zone, is_kept) for one in house.persons),
        pauses=tuple(
            one for one in house.pauses if is_kept(one.person or owners.get(one.device or ""), one.until.timestamp())
        ),
        grants=tuple(one for one in house.grants if is_kept(one.person, one.until.timestamp())),
        lifted=tuple(one for one in house.lifted if one.until is None or is_kept(one.person, one.until.timestamp())),
    )


def rows_of(house: House) -> dict[str, str]:
    """Return each person's row in the visibility contract, and nobody's."""
    return {NOBODY: UNKNOWN} | {person.id: row_of(person) for person in house.persons}


def first_day(kept_s: int, zone: tzinfo, at: float) -> str:
    """Return the first day that may still exist: a day, or a week named by its first, is as old as its beginning."""
    oldest = datetime.fromtimestamp(at - kept_s, zone)
    begins = datetime.combine(oldest.date(), time(), zone).timestamp()
    whole = oldest.date() if begins >= at - kept_s else oldest.date() + timedelta(days=1)
    return whole.isoformat()


def zone_of(house: House) -> tzinfo:
    """Return the house's time zone, UTC for one that this system does not know."""
    try:
        return clock.zone(house.time_zone)
    except clock.UnknownZone:
        return clock.zone("UTC")


def _without_old(person: Person, zone: tzinfo, is_kept: Callable[[str, float], bool]) -> Person:
    exceptions = [one for one in person.exceptions if is_kept(person.id, _over(one.last, zone))]
    windows = {one.name for one in person.windows}
    windows |= {window.name for one in exceptions for window in one.windows}
    return replace(
        person,
        rules=tuple(one for one in person.rules if one.until is None or is_kept(person.id, one.until.timestamp())),
        exceptions=tuple(
            one
            if one.instead_of is None
            # A window that went with its exception is no window that another one could be in place of.
            else replace(one, instead_of=tuple(name for name in one.instead_of if name in windows))
            for one in exceptions
        ),
    )


def _over(last: date, zone: tzinfo) -> float:
    """Return when the last night of an exception is over at the latest: at the end of the day after its last one."""
    return datetime.combine(last + timedelta(days=2), time(), zone).timestamp()


def _database(store: Store) -> str:
    return store.FILE.removesuffix(".db")


def _expiries(store: Store, contract: Contract, row: str | None, choices: Choices) -> Iterator[Expiry]:
    return (one for one in contract.retention(row, choices) if one.database == _database(store))


def _erase_aged(store: Store, expiry: Expiry, person: str | None, at: float, zone: tzinfo) -> int:
    is_day = store.AGES[expiry.table].is_day
    before: float | str
    if expiry.max_age_s == 0:
        before = _LAST_DAY if is_day else _END
    else:
        before = first_day(expiry.max_age_s, zone, at) if is_day else at - expiry.max_age_s
    return store.erase_older(expiry.table, before, person if expiry.person_column else None)


def _sooner(contract: Contract, row: str, chosen: Choices, max_age_s: int, at: float) -> Iterator[tuple[str, float]]:
    """Yield the kinds of events that may not grow as old as others do, and from which moment on they may exist."""
    for kind, field in FIELDS.items():
        kept_s = contract.may_keep(field, row, chosen.get(field))
        if kept_s is not None and kept_s < max_age_s:
            yield kind, at - kept_s if kept_s else _END


def _erase_left(store: PersonalStore, contract: Contract, rows: Mapping[str, str]) -> int:
    """Erase the rows of persons who are not in the house."""
    left = {table: persons - rows.keys() for table, persons in store.persons().items()}
    tables = {table for database, table, _ in contract.tables() if database == _database(store)}
    return sum(_erase_all(store, table, person) for table in left.keys() & tables for person in left[table])


def _erase_outgrown(store: PersonalStore, contract: Contract, rows: Mapping[str, str]) -> int:
    """Erase what was written more finely than it may be seen now, for persons whose row is another one."""
    count = 0
    for person, before in store.swept().items():
        fields = contract.outgrown(before, rows[person]) if rows.get(person, before) != before else frozenset()
        for database, table, columns in contract.tables():
            held = {text.partition(", ")[0] for text in columns.values()} | _ALSO.get((database, table), set())
            if database == _database(store) and not fields.isdisjoint(held):
                count += _erase_all(store, table, person)
    return count


def _erase_all(store: Store, table: str, person: str) -> int:
    return store.erase_older(table, _LAST_DAY if store.AGES[table].is_day else _END, person)
