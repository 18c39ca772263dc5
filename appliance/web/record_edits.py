"""What a caregiver does to the names at home: functions from a house to the next one."""

from collections.abc import Iterable

from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.record import Record
from appliance.web import edits


class NoSuchRecord(edits.EditError):
    """This record is not in the house any more."""


def with_record(house: House, added: Record) -> House:
    """Add a record."""
    return replace(house, records=(*house.records, added))


def changed_record(house: House, old: Record, changed: Record) -> House:
    """Put a record in place of another. Raises NoSuchRecord."""
    _want(house, old)
    return replace(house, records=tuple(changed if one == old else one for one in house.records))


def without_records(house: House, gone: Iterable[Record]) -> House:
    """Take records away. Raises NoSuchRecord."""
    told = tuple(gone)
    for one in told:
        _want(house, one)
    return replace(house, records=tuple(one for one in house.records if one not in told))


def with_private_name(house: House, name: str) -> House:
    """Let a name, and all below it, lie in the home."""
    return house if name in house.private_names else replace(house, private_names=(*house.private_names, name))


def without_private_name(house: House, name: str) -> House:
    """Let a name lie in the home no longer."""
    return replace(house, private_names=tuple(one for one in house.private_names if one != name))


def _want(house: House, record: Record) -> None:
    if record not in house.records:
        raise NoSuchRecord(f"there is no record {record.name} {record.type.value} {record.value}")
