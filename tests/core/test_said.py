"""Things that rules, windows and budgets are about, and how one of them is written."""

import pytest

from appliance.core.said import NOTHING_SAID, Things, is_thing


@pytest.mark.parametrize(
    "word", ["everything", "service:youtube", "group:game", "category:social_media", "service:a.b-c"]
)
def test_one_thing_as_it_is_written(word: str) -> None:
    """Everything, or one service, group or category."""
    assert is_thing(word)


@pytest.mark.parametrize(
    "word",
    ["", "nothing", "everything:", "service", "service:", "service:A", "name:a.example", "group:a b", "group:a\n"],
)
def test_what_is_no_thing(word: str) -> None:
    """Another kind, none, or no id."""
    assert not is_thing(word)


def test_things_are_something_or_nothing() -> None:
    """Each of the four kinds is enough."""
    assert not Things()
    assert not NOTHING_SAID
    for field in ("names", "services", "groups", "categories"):
        assert Things(**{field: ("a",)})


def test_names_come_in_normal_form() -> None:
    """So that equal things are equal; two that say the same have one hash."""
    assert Things(names=("School.Example.",)).names == ("school.example",)
    assert hash(Things(names=("a.example",))) == hash(Things(names=("A.example.",)))
    with pytest.raises(ValueError, match="not a domain name"):
        Things(names=("a b",))
