"""What may be remembered of a query, row by row."""

import pytest
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.nameserver.permit import Who, askers, permit_of, permits
from tests.nameserver.inside import contract

PERMITS = permits(contract())

# Counted · the name of what was opened, blocked · malware · whether a session sees anything · nothing else.
EXPECTED = """
0-5     yes yes yes name     yes no
6-9     yes no  yes name     yes no
10-12   yes no  no  category yes no
13-15   yes no  no  category yes no
16-17   no  no  no  category yes no
adult   no  no  no  no       no  yes
unknown no  no  no  sign     no  yes
"""


@pytest.mark.parametrize("line", EXPECTED.strip().splitlines())
def test_every_row(line: str) -> None:
    """As the contract has it; what is for the own page alone is counted for nobody and bears no name."""
    row, counted, opened, blocked, malware, session, bare = line.split()
    permit = PERMITS[row]
    told = [permit.is_counted[False], permit.is_named[False, False], permit.is_named[True, False]]
    told += [permit.may_watch, permit.is_bare]
    assert ["yes" if one else "no" for one in told] == [counted, opened, blocked, session, bare]
    assert permit.malware.value == malware
    assert not any(permit.is_named[blocked, True] for blocked in (False, True))
    assert not permit.is_counted[True]
    assert permit.recent == contract().ring(row)
    assert permit.session == contract().ring(row, name="session")
    assert permit.things == contract().ring(row, name="things")
    assert permit.may_hold_things == (row in ("0-5", "6-9", "unknown"))


def test_every_row_has_a_permit() -> None:
    """There are no other rows."""
    assert {line.split()[0] for line in EXPECTED.strip().splitlines()} == PERMITS.keys()


def test_askers() -> None:
    """A device is its person's, in the person's row; an adult's or a managed one in nobody's."""
    house = House(
        persons=(Person(id="kim", name="Kim", band="6-9"), Person(id="alex", name="Alex", kind=PersonKind.ADULT)),
        devices=(
            Device(id="tablet", addresses=("192.0.2.1",), person="kim"),
            Device(id="school", addresses=("192.0.2.2",), person="kim", kind=DeviceKind.MANAGED),
            Device(id="phone", addresses=("192.0.2.3",), person="alex"),
            Device(id="pc", addresses=("192.0.2.4",), kind=DeviceKind.ADULT),
            Device(id="tv", addresses=("192.0.2.5",), kind=DeviceKind.TV),
        ),
    )
    assert askers(house) == {
        "tablet": Who("tablet", "kim", "6-9"),
        "school": Who("school", "kim", "adult"),
        "phone": Who("phone", "alex", "adult"),
        "pc": Who("pc", None, "adult"),
        "tv": Who("tv", None, "unknown"),
    }


def test_name_that_is_for_memory_alone() -> None:
    """A field that may be seen by name and lives in no journal gives no count a name."""
    fields = contract().fields
    in_memory = [replace(field, stores=("memory",)) if field.id == "names_blocked" else field for field in fields]
    permit = permit_of(replace(contract(), fields=tuple(in_memory)), "6-9")
    assert not permit.is_named[True, False]
    assert permit.is_counted[False]
    assert permit.recent == PERMITS["6-9"].recent
