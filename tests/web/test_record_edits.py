"""Names at home, changed: functions from a house to the next one."""

import pytest

from appliance.core.house import House
from appliance.core.record import Record, RecordType
from appliance.web.record_edits import (
    NoSuchRecord,
    changed_record,
    with_private_name,
    with_record,
    without_private_name,
    without_records,
)

ONE, TWO, THREE = (Record(name=f"{name}.lan", type=RecordType.A, value="10.0.0.1") for name in ("one", "two", "three"))
HOUSE = House(records=(ONE, TWO))


def test_records_come_change_and_go() -> None:
    """Each in its place."""
    assert with_record(HOUSE, THREE).records == (ONE, TWO, THREE)
    assert changed_record(HOUSE, ONE, THREE).records == (THREE, TWO)
    assert without_records(HOUSE, (ONE,)).records == (TWO,)
    assert without_records(HOUSE, (ONE, TWO)).records == ()


def test_what_is_gone_can_not_change() -> None:
    """Somebody else took it away meanwhile."""
    with pytest.raises(NoSuchRecord, match=r"there is no record three\.lan A 10\.0\.0\.1"):
        changed_record(HOUSE, THREE, ONE)
    with pytest.raises(NoSuchRecord):
        without_records(HOUSE, (ONE, THREE))


def test_names_that_may_lie_in_the_home() -> None:
    """Each once."""
    house = with_private_name(with_private_name(HOUSE, "a.example"), "b.example")
    assert with_private_name(house, "a.example") is house
    assert house.private_names == ("a.example", "b.example")
    assert without_private_name(house, "a.example").private_names == ("b.example",)
