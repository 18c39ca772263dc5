"""Once a day, not all boxes at once; after a failure ever more seldom; at once where there is news."""

import pytest
from msgspec.structs import replace

from appliance.household.lists import Status
from appliance.steward.lists.timing import AGAIN_S, DAY_S, JITTER, is_due, next_at
from tests.steward.lists.houses import one

AT = 1_800_000_000.0
URL = "https://lists.example/a"
FETCHED = Status(tried=URL, source=URL, next_at=AT)


def never() -> float:
    """Return what changes nothing."""
    return 0.5


def test_once_a_day() -> None:
    """Give or take a tenth."""
    assert next_at(AT, 0, never) == AT + DAY_S
    assert next_at(AT, 0, lambda: 0.0) == pytest.approx(AT + DAY_S * (1 - JITTER))
    assert next_at(AT, 0, lambda: 0.999) == pytest.approx(AT + DAY_S * (1 + JITTER), abs=20)


def test_ever_more_seldom() -> None:
    """Ten minutes, twenty, forty, and at last a day, however often."""
    waits = [next_at(AT, failures, never) - AT for failures in (1, 2, 3, 8, 9, 10_000)]
    assert waits == [AGAIN_S, 2 * AGAIN_S, 4 * AGAIN_S, 128 * AGAIN_S, DAY_S, DAY_S]
    assert next_at(AT, 1, lambda: 0.0) == AT + AGAIN_S * (1 - JITTER)


def test_its_time_has_come() -> None:
    """Not a second earlier."""
    assert is_due(one("a", URL), FETCHED, AT)
    assert not is_due(one("a", URL), FETCHED, AT - 1)


def test_what_is_new_is_fetched_at_once() -> None:
    """A new list, and a list with another address, also after failures; not again and again."""
    later = replace(FETCHED, next_at=AT + DAY_S)
    assert is_due(one("a", URL), Status(), AT)
    assert is_due(one("a", "https://lists.example/b"), later, AT)
    assert not is_due(one("a", URL), later, AT)
    assert not is_due(one("a", URL), replace(later, source="https://lists.example/old", failures=3), AT)


def test_a_clock_that_went_wrong() -> None:
    """A time that is years away was never meant."""
    assert is_due(one("a", URL), FETCHED, AT - 10 * DAY_S)


def test_what_is_never_fetched() -> None:
    """A list that is off, and one that was copied in."""
    assert not is_due(one("a", URL, on=False), Status(), AT)
    assert not is_due(one("a"), Status(), AT)
