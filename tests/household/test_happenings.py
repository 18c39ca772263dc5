"""Kinds of events: each has its field in the contract, and its row is that of whom it is about."""

import pytest

from appliance.core.visibility import Granularity
from appliance.household.happenings import ARGS, BOX, FIELDS, RESTARTED, SIDE_DOOR, field_of, grain_of, row_in
from tests.steward.box import CONTRACT, HOUSE, ROWS


def test_a_field_for_every_kind() -> None:
    """Of persons, and in the journal; what has none is the box's."""
    assert {field_of(kind) for kind in (SIDE_DOOR, RESTARTED, "brand_new")} == {BOX}
    for kind, id_ in FIELDS.items():
        field = CONTRACT.field(id_)
        assert (field_of(kind), "journal" in field.stores, field.everyone) == (id_, True, None)


def test_no_argument_is_a_name() -> None:
    """Whatever else a daemon sends stays unwritten."""
    assert ARGS.isdisjoint({"name", "host", "domain", "address", "server", "url", "window"})


@pytest.mark.parametrize(
    ("person", "device", "row"),
    [
        *((person, f"{person}-phone", row) for person, row in ROWS.items()),
        ("ben", None, "6-9"), ("ben", "sold", "6-9"), ("ben", "school", "adult"), (None, "guest", "unknown"),
        (None, None, "unknown"), ("zoe", None, None), ("zoe", "ben-phone", None),
    ],
)  # fmt: skip
def test_whose_row(person: str | None, device: str | None, row: str | None) -> None:
    """The person's; an adult's where the machine is a school's; none of somebody who isn't in the house."""
    assert row_in(HOUSE, person, device) == row


def test_the_grain() -> None:
    """The contract's; nothing of nobody, and nothing of what leaves no trace."""
    assert grain_of(CONTRACT, "cuts", "6-9", None) is Granularity.FULL
    assert grain_of(CONTRACT, "bypass_signs", "13-15", "bypass_vpn") is Granularity.CATEGORY
    assert grain_of(CONTRACT, "bypass_signs", "16-17", "bypass_vpn") is Granularity.NO
    assert grain_of(CONTRACT, "cuts", None, None) is Granularity.NO
    for category in CONTRACT.never.categories | CONTRACT.never.to_caregivers:
        assert grain_of(CONTRACT, "cuts", "6-9", category) is Granularity.NO
