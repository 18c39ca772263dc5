"""What may be remembered of a query by the visibility contract, compiled for each row."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.core.house import House
from appliance.core.visibility import ROWS, Contract, Granularity, Ring, row_of

NAMES = {False: "names_visited", True: "names_blocked"}
"""The field that holds a name, by whether it was blocked."""
MINUTES = ("time_sum", "budget_minutes")
"""The fields for which screen time is noted."""


@dataclass(frozen=True, slots=True)
class Who:
    """Whose query it is, in the contract's terms: a device of the house, its person and the row that holds."""

    device: str | None
    person: str | None
    row: str


@dataclass(frozen=True, slots=True)
class Permit:
    """What may be written of one row's queries; `own` is what `Never.is_own` says, for the own page alone."""

    is_counted: Mapping[bool, bool]
    """By own: whether it is counted at all."""
    is_named: Mapping[tuple[bool, bool], bool]
    """By blocked and own: whether the count may bear the name, on the disk too."""
    malware: Granularity
    recent: Ring
    session: Ring
    things: Ring
    """What is written of a thing's queries besides; of no other device's."""
    is_timed: bool
    """Whether minutes of use are counted, be it as the day's sum or for a budget."""

    @property
    def may_watch(self) -> bool:
        """Say whether a troubleshooting session would see anything."""
        return any(level is not Granularity.NO for level in self.session.levels.values())

    @property
    def may_hold_things(self) -> bool:
        """Say whether anything of a thing's queries is written for it."""
        return any(level is not Granularity.NO for level in self.things.levels.values())

    @property
    def is_bare(self) -> bool:
        """Say whether nothing is written but, perhaps, that malware was blocked."""
        levels = (*self.recent.levels.values(), *self.session.levels.values())
        is_unwritten = not any(self.is_counted.values()) and all(level is Granularity.NO for level in levels)
        return is_unwritten and not self.is_timed


def permit_of(contract: Contract, row: str) -> Permit:
    """Return what may be written of a row."""

    def counted(own: bool) -> bool:
        return contract.grain("category_counts", row, is_own=own) is not Granularity.NO

    def named(blocked: bool, own: bool) -> bool:
        field = NAMES[blocked]
        is_fine = contract.grain(field, row, is_own=own).rank >= Granularity.NAME.rank
        return counted(own) and is_fine and "journal" in contract.field(field).stores

    return Permit(
        is_counted={own: counted(own) for own in (False, True)},
        is_named={(blocked, own): named(blocked, own) for blocked in (False, True) for own in (False, True)},
        malware=contract.grain("security_events", row),
        recent=contract.ring(row),
        session=contract.ring(row, name="session"),
        things=contract.ring(row, name="things"),
        is_timed=any(contract.grain(field, row) is not Granularity.NO for field in MINUTES),
    )


def permits(contract: Contract) -> dict[str, Permit]:
    """Return the permit of each row."""
    return {row: permit_of(contract, row) for row in ROWS}


def askers(house: House) -> dict[str, Who]:
    """Return who it is for each device of a house, by its id."""
    persons = {person.id: person for person in house.persons}
    found = {}
    for device in house.devices:
        person = persons.get(device.person) if device.person else None
        found[device.id] = Who(device.id, person.id if person else None, row_of(person, device))
    return found
