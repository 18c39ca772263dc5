"""Marks: what is written is what is read, others' bits are left alone, numbers are stable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.mark import EPOCHS, MASK, MAX_NUMBER, STATE_MASK, Mark, State, numbers, read
from appliance.world import rules

OTHERS = 0xFFFF_FFFF & ~MASK
MARKS = st.builds(Mark, st.sampled_from(State), st.integers(0, MAX_NUMBER), st.integers(0, EPOCHS - 1))


@given(MARKS, st.integers(0, 0xFFFF_FFFF))
def test_what_is_written_is_read(mark: Mark, others: int) -> None:
    """A mark comes back whole, whatever others keep in their bits, and leaves these alone."""
    assert read(mark.bits | others & OTHERS) == mark
    assert mark.bits & OTHERS == 0


@given(st.integers(0, 0xFFFF_FFFF))
def test_any_number_is_a_mark_or_none(bits: int) -> None:
    """Whatever the kernel has, it is read or said to be none of ours."""
    found = read(bits)
    assert (found is None) == ((bits & STATE_MASK) >> 28 > max(State))
    assert found is None or found.bits == bits & MASK


def test_a_connection_that_nobody_marked_is_new() -> None:
    """The kernel begins with 0."""
    assert read(0) == Mark(State.NEW)


@pytest.mark.parametrize("state", State)
def test_a_state_is_a_mark_without_anything_else(state: State) -> None:
    """As the kernel compares it."""
    assert state.bits == Mark(state).bits
    assert state.bits & ~STATE_MASK == 0


@pytest.mark.parametrize("epoch", [0, 255, 256, 1_000_003])
def test_epochs_go_round(epoch: int) -> None:
    """Any number of the orders' makes an epoch."""
    assert read(Mark(State.ALLOWED, 7, epoch).bits) == Mark(State.ALLOWED, 7, epoch % EPOCHS)


def test_every_category_and_service_has_a_number_of_its_own() -> None:
    """None is 0, which says that nobody knows, and none needs more bits than there are."""
    book = rules.load_rulebook()
    found = numbers(book)
    services = {f"#service:{id_}" for id_ in book.services}
    assert found.keys() == book.categories.keys() | services | {"#help", "#infrastructure"}
    assert sorted(found.values()) == list(range(1, len(found) + 1))
    assert max(found.values()) <= MAX_NUMBER
