"""The visibility contract: who sees which field about whom, how finely, and for how long it may exist.

`rules/visibility.yaml` explains each key. Its laws are checked when it is read: a contract that exists keeps them. What
it doesn't name raises KeyError, because there is no field outside it. Spans are seconds: 0 never, None without an end.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from re import compile as regex
from typing import Literal

import msgspec

from appliance.core.device import Device, DeviceKind
from appliance.core.document import Path, checked
from appliance.core.person import BANDS, Person, PersonKind
from appliance.core.verdict import Step, Verdict

FILE = "visibility.yaml"
ADULT = "adult"
UNKNOWN = "unknown"
ROWS = (*BANDS, UNKNOWN, ADULT)
"""From the row of which caregivers see most to the one of which they see nothing."""
YOUNGER = dict(zip(BANDS[1:], BANDS, strict=False))

_CELLS = dict(zip(ROWS, ("b0", "b6", "b10", "b13", "b16", UNKNOWN, ADULT), strict=True))
_OFF_DISK_FROM = {"all": BANDS.index("0-5"), "opened": BANDS.index("6-9"), "blocked": BANDS.index("10-12")}
_UNSEEN_FROM = BANDS.index("13-15")  # by anybody but the child
_UNITS_S = {"min": 60, "h": 3_600, "d": 86_400, "weeks": 7 * 86_400, "months": 30 * 86_400}
_SPAN = regex(r"([1-9][0-9]{0,3}) (min|h|d|weeks|months)")


class VisibilityError(ValueError):
    """The visibility contract can't be used: each line says the file, the line and what is wrong."""


class Granularity(Enum):
    """How finely something is seen, from nothing to all that is kept of it."""

    NO = "no"
    SIGN = "sign"
    WEEK = "week"
    DAY = "day"
    CATEGORY = "category"
    NAME = "name"
    FULL = "full"

    @property
    def rank(self) -> int:
        """Its place on the ladder, from 0."""
        return tuple(Granularity).index(self)


Choices = Mapping[str, Granularity]
"""Field → what caregivers chose to see of one child, in place of the band's."""
_NONE: Choices = {}


class Role(Enum):
    """Who looks."""

    CHILD = "child"  # the own page, whoever holds the device: the own rows only
    CAREGIVER = "caregiver"


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The manner of all values read from `rules/`."""


class Cell(_Strict, frozen=True):
    """What holds of one field in one row."""

    caregiver: Granularity
    child: Granularity
    kept: str
    after: str = "never"
    lasting: bool = False
    pin: bool = False
    of: tuple[str, ...] = ()
    widest: Granularity | None = None
    child_may: tuple[Literal["erase", "off"], ...] = ()

    def __post_init__(self) -> None:
        kept_s = seconds(self.kept)
        if kept_s is not None and kept_s > 12 * _UNITS_S["months"]:
            raise ValueError("nothing is kept for longer than 12 months")
        if kept_s == 0 and finest((self.caregiver, self.child)) is not Granularity.NO:
            raise ValueError("what is never kept can't be seen")
        if seconds(self.after) is None:
            raise ValueError("after is a span of time")


class Bands(_Strict, frozen=True, rename={attribute: row for row, attribute in _CELLS.items()}):
    """A cell for each row."""

    b0: Cell
    b6: Cell
    b10: Cell
    b13: Cell
    b16: Cell
    unknown: Cell
    adult: Cell


class Field(_Strict, frozen=True):
    """What a store may hold or a page may show: of a person (`bands`) or of the house (`everyone`)."""

    id: str
    purpose: str
    stores: tuple[Literal["memory", "house", "ledger", "journal"], ...]
    bands: Bands | None = None
    everyone: Cell | None = None
    names: Literal["opened", "blocked", "all"] | None = None
    ring: Literal["recent", "session", "things"] | None = None
    kinds: tuple[DeviceKind, ...] = ()
    fixed: bool = False
    per_week: int | None = None

    def __post_init__(self) -> None:
        if (self.bands is None) == (self.everyone is None):
            raise ValueError("a field has either bands or everyone")

    def cell(self, row: str) -> Cell:
        """Return what holds in a row."""
        cell: Cell = self.everyone or getattr(self.bands, _CELLS[row])
        return cell

    def ceiling(self, row: str) -> Granularity:
        """Return what caregivers see at the next younger band, at this one where there is none."""
        return self.cell(YOUNGER.get(row, row)).caregiver

    def offers(self, row: str) -> tuple[Granularity, ...]:
        """Return what caregivers may choose between, from nothing to the widest."""
        own = self.cell(row)
        if self.fixed or self.everyone:
            return (own.caregiver,)
        widest = (own.widest or self.ceiling(row)).rank
        known = {Granularity.NO, *(self.cell(each).caregiver for each in BANDS)}
        return tuple(rung for rung in Granularity if rung in known and rung.rank <= widest)


class Never(_Strict, frozen=True):
    """What is not written: for nobody, and where caregivers see."""

    steps: frozenset[Step]
    categories: frozenset[str]
    to_caregivers: frozenset[str]

    def is_silent(self, verdict: Verdict) -> bool:
        """Say whether a query must leave no trace."""
        return verdict.traceless or verdict.step in self.steps or not self.categories.isdisjoint(_words(verdict))

    def is_own(self, verdict: Verdict) -> bool:
        """Say whether a query is the own page's alone."""
        return not self.to_caregivers.isdisjoint(_words(verdict))


def _words(verdict: Verdict) -> Iterator[str]:
    """Yield what a reason names, but for lists: a caregiver may have called one as a category is."""
    return (value for key, value in verdict.reason.args if key != "list")


@dataclass(frozen=True, slots=True)
class View:
    """What a role sees of a field in a row; `of` these categories, none for all; the child's page says `is_wider`."""

    granularity: Granularity
    kept_s: int | None
    after_s: int = 0
    is_lasting: bool = False
    needs_pin: bool = False
    of: tuple[str, ...] = ()
    is_wider: bool = False
    child_may: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A line of the table on the child's page, to be rendered; `kept` is ``24 h`` and the like, never or standing."""

    field: Field
    you: View
    caregivers: View
    kept: str


@dataclass(frozen=True, slots=True)
class Expiry:
    """Rows of a table to erase: a person's (or, without such a column, all) that are older than `max_age_s`."""

    database: str
    table: str
    age_column: str
    person_column: str | None
    max_age_s: int


@dataclass(frozen=True, slots=True)
class Ring:
    """What may be written to a ring for one row, compiled: by whether a query is blocked, and the own page's alone."""

    kept_s: int
    levels: Mapping[tuple[bool, bool], Granularity]
    never: Never

    def keeps(self, verdict: Verdict) -> Granularity:
        """Return NO for nothing at all, CATEGORY for no name, NAME for no time but for its age, or FULL."""
        if self.never.is_silent(verdict):
            return Granularity.NO
        return self.levels[verdict.is_blocked, self.never.is_own(verdict)]


class Contract(_Strict, frozen=True):
    """The visibility contract. A row is a band, ``unknown`` or ``adult``; `row_of` tells it."""

    version: Literal[1]
    never: Never
    fields: tuple[Field, ...]
    columns: dict[Literal["house", "ledger", "journal"], dict[str, dict[str, str]]]

    def field(self, id_: str) -> Field:
        """Return a field. Raises KeyError."""
        for field in self.fields:
            if field.id == id_:
                return field
        raise KeyError(id_)

    def view(self, field: str, row: str, role: Role, chosen: Granularity | None = None) -> View:
        """Return what a role sees; `chosen` by the caregivers is cut to what is on offer, and the child sees it too."""
        own, held, seen = self._held(field, row, chosen)
        kept_s = seconds(held.kept)
        if role is Role.CAREGIVER:
            return View(seen, kept_s, seconds(held.after) or 0, held.lasting, of=held.of, is_wider=held is not own)
        granularity = own.child if self.field(field).everyone else finest((own.child, seen))
        return View(granularity, kept_s, needs_pin=own.pin, of=held.of, child_may=own.child_may)

    def _held(self, field: str, row: str, chosen: Granularity | None) -> tuple[Cell, Cell, Granularity]:
        """Return the row's cell, the one that holds (the younger band's for a wider view), what caregivers see."""
        told = self.field(field)
        own, offers = told.cell(row), told.offers(row)
        within = [rung for rung in offers if chosen and rung.rank <= chosen.rank]
        seen = finest(within or offers) if chosen else own.caregiver
        return own, told.cell(YOUNGER[row]) if seen.rank > own.caregiver.rank else own, seen

    def grain(self, field: str, row: str, chosen: Granularity | None = None, *, is_own: bool = False) -> Granularity:
        """Return the finest that may be written: the finest seen; of `Never.is_own`, if caregivers can't see it."""
        if is_own and finest(self.field(field).offers(row)) is not Granularity.NO:
            return Granularity.NO
        return finest(self.view(field, row, role, chosen).granularity for role in Role)

    def may_keep(self, field: str, row: str, chosen: Granularity | None = None) -> int | None:
        """Return for how long a field may exist."""
        return seconds(self._held(field, row, chosen)[1].kept)

    def ring(self, row: str, choices: Choices = _NONE, off: Collection[str] = (), name: str = "recent") -> Ring:
        """Return what may be written of a device's queries; `off` are fields that the child turned off."""
        fed = [field for field in self.fields if field.ring == name]
        on = [field for field in fed if field.id not in off or "off" not in field.cell(row).child_may]

        def level(is_blocked: bool, is_own: bool) -> Granularity:
            feeds = [field.id for field in on if field.names in ("all", "blocked" if is_blocked else "opened")]
            rung = finest(self.grain(id_, row, choices.get(id_), is_own=is_own) for id_ in feeds)
            return rung if rung.rank >= Granularity.CATEGORY.rank else Granularity.NO

        levels = {(blocked, own): level(blocked, own) for blocked in (False, True) for own in (False, True)}
        kept_s = max(self.may_keep(field.id, row) or 0 for field in fed if field.names == "all")
        return Ring(kept_s, levels, self.never)

    def words(self, row: str, choices: Choices = _NONE) -> Iterator[Words]:
        """Yield what the child's page says of each field, in the file's order."""
        for field in self.fields:
            you, caregivers = (self.view(field.id, row, role, choices.get(field.id)) for role in Role)
            yield Words(field, you, caregivers, self._held(field.id, row, choices.get(field.id))[1].kept)

    def retention(self, row: str | None, choices: Choices = _NONE) -> Iterator[Expiry]:
        """Yield what to erase of one person's rows, or (None) of the tables that say of nobody whose a row is.

        The job asks once for each person, once for the row ``unknown`` (an empty person column), once for None. Rows
        of a person who is not in the house any more go at once; so do, when a band changes, those of `outgrown`.
        """
        for database, table, columns in self.tables():
            told = {tells: column for column, _, tells in _entries(columns)}
            fields = [field for _, field, _ in _entries(columns) if field]
            ages = (self.may_keep(field, row or UNKNOWN, choices.get(field)) for field in fields)
            finite = [age for age in ages if age is not None]
            if finite and ("person" not in told) == (row is None):
                yield Expiry(database, table, told["age"], told.get("person"), min(finite))

    def outgrown(self, before: str, after: str) -> frozenset[str]:
        """Return the fields of which a person's rows go at once when the row changes: those seen less finely then."""
        ids = (field.id for field in self.fields)
        return frozenset(id_ for id_ in ids if self.grain(id_, after).rank < self.grain(id_, before).rank)

    def unlisted(self, columns: Mapping[str, Mapping[str, Iterable[str]]]) -> set[tuple[str, str, str]]:
        """Return the (database, table, column) of these that have no entry; a build with one fails."""
        there = ((db, table, name) for db, tables in columns.items() for table in tables for name in tables[table])
        return set(there) - {(db, table, name) for db, table, names in self.tables() for name in names}

    def tables(self) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Yield each database, table and its columns' entries."""
        yield from ((db, table, in_it[table]) for db, in_it in self.columns.items() for table in in_it)


def row_of(person: Person | None, device: Device | None = None) -> str:
    """Return the row of a person, or of what a device does: a managed one is counted as little as an adult's."""
    if device is not None and device.kind in (DeviceKind.ADULT, DeviceKind.MANAGED):
        return ADULT
    if person is None:
        return UNKNOWN
    return ADULT if person.kind is PersonKind.ADULT else str(person.band)


def finest(rungs: Iterable[Granularity]) -> Granularity:
    """Return the finest of some granularities, NO of none."""
    return max(rungs, key=lambda rung: rung.rank, default=Granularity.NO)


def seconds(span: str) -> int | None:
    """Return a span like ``24 h``, ``never`` (0) or ``standing`` (None) in seconds. Raises ValueError."""
    match = _SPAN.fullmatch(span)
    if match:
        return int(match[1]) * _UNITS_S[match[2]]
    if span not in ("never", "standing"):
        raise ValueError(f"{span!r} is no span: a number of {', '.join(_UNITS_S)}; never; standing")
    return 0 if span == "never" else None


def parse(text: str) -> Contract:
    """Return the contract of a text. Raises VisibilityError that names every line at fault."""
    return checked(text, Contract, _problems, FILE, VisibilityError)


def _problems(contract: Contract) -> Iterator[tuple[Path, str]]:
    """Yield the place and the words of what breaks a law."""
    known: dict[str, Field] = {}
    for number, field in enumerate(contract.fields):
        if field.id in known:
            yield ("fields", number, "id"), f"{field.id} stands here a second time"
        known[field.id] = field
        if field.ring and not (field.names and "memory" in field.stores):
            yield ("fields", number, "ring"), "a ring is in memory and holds names"
        if (field.ring == "things") != bool(field.kinds):
            yield ("fields", number, "kinds"), "devices of some kinds alone have the ring of things, and no other"
        for index, row in enumerate(ROWS if field.bands else ()):
            for key, said in _broken(field, index):
                yield ("fields", number, "bands", row, key), f"{field.id} at {row}: {said}"
    for database, table, columns in contract.tables():
        for column, said in _misfits(database, columns, known):
            yield ("columns", database, table, column), f"{table}: {said}"


def _broken(field: Field, index: int) -> Iterator[tuple[str, str]]:
    """Yield the key and the words of what breaks a law in a row's cell."""
    row = ROWS[index]
    cell, before = field.cell(row), field.cell(ROWS[max(0, index - 1)])
    widest = finest(field.offers(row))
    is_of_nobody = row == UNKNOWN and bool(field.kinds)
    if seconds(cell.kept) is None:
        yield "kept", "only what is of the house is standing"
    if row == ADULT and (cell.child is not Granularity.NO or seconds(cell.kept)):
        yield "kept", "nothing of adults is seen or kept"
    if cell.child.rank < cell.caregiver.rank:
        yield "child", "a child sees at least what caregivers see"
    if cell.caregiver.rank > before.caregiver.rank and not is_of_nobody:
        yield "caregiver", f"caregivers see no more than at {ROWS[index - 1]}"
    if cell.caregiver is not Granularity.NO and (seconds(cell.after) or 0) < (seconds(before.after) or 0):
        yield "after", f"caregivers see it no sooner than at {ROWS[index - 1]}"
    if cell.widest and not cell.caregiver.rank <= cell.widest.rank <= field.ceiling(row).rank:
        yield "widest", "lies between the own view and the next younger band's"
    if field.names and set(field.stores) != {"memory"}:
        most = finest((cell.child, widest)).rank
        if most > Granularity.NAME.rank or (most == Granularity.NAME.rank and index >= _OFF_DISK_FROM[field.names]):
            yield "child", "no list of queries and no names of this age are on a disk"
    if field.names and index >= _UNSEEN_FROM and widest.rank >= Granularity.NAME.rank and not is_of_nobody:
        yield "caregiver", "nobody but the child sees names at this age"


def _entries(columns: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each column with its field and what it tells, both empty where it is technical."""
    for column, text in columns.items():
        field, _, tells = text.partition(", ")
        yield (column, "", "") if field == "technical" and tells else (column, field, tells)


def _misfits(database: str, columns: Mapping[str, str], known: Mapping[str, Field]) -> Iterator[tuple[str, str]]:
    """Yield the column and the words of what is wrong with a table's entries."""
    told: list[str] = []
    fields: list[Field] = []
    for column, id_, tells in _entries(columns):
        if tells not in ("", "age", "person") or (tells and tells in told):
            yield column, f"{tells}: a column is FIELD, technical, or one of each: FIELD, age and FIELD, person"
        if id_ and (id_ not in known or database not in known[id_].stores):
            yield column, f"{id_} is no field that lives in {database}"
        told.append(tells)
        fields += [known[id_]] if id_ in known else []
    if "person" not in told and any(field.bands for field in fields):
        yield "", "no column tells the person"
    if "age" not in told and any(seconds(field.cell(row).kept) is not None for field in fields for row in ROWS):
        yield "", "no column tells the age"
