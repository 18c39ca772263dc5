"""Ids made from names: short, plain, never one that is taken, always one that a house accepts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.person import Person
from appliance.web.ids import RESERVED, new_id


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("Mia", (), "mia"),
        ("Mia", ("mia",), "mia-2"),
        ("Mia", ("mia", "mia-2"), "mia-3"),
        ("Zoë  Müller", (), "zoe-muller"),
        ("Зоя", ("person",), "person-2"),
        ("--'; drop", (), "drop"),
        ("New", (), "new-2"),
        ("a" * 90, (), "a" * 40),
    ],
)
def test_an_id_is_made_of_a_name(name: str, taken: tuple[str, ...], expected: str) -> None:
    """Lower case and plain, with a number where it is taken or stands for something else in addresses of pages."""
    assert expected == new_id(name, taken, "person")


@given(st.text(min_size=1, max_size=80), st.lists(st.text()))
def test_any_name_gives_an_id_that_a_house_accepts(name: str, taken: list[str]) -> None:
    """Whatever was typed."""
    first = new_id(name, taken, "person")
    second = new_id(name, [*taken, first], "person")
    assert first != second
    assert not {first, second} & {*RESERVED, *taken}
    for id_ in (first, second):
        assert id_ == Person(id=id_, name="x", band="0-5").id
        assert id_.isascii()
        assert len(id_) <= 64
        assert id_[0].isalnum()
        assert id_[-1].isalnum()
