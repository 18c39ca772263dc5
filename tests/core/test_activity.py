"""Minutes from names asked: bursts begin a use, little carries it on, gaps are filled, noise is none."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import activity
from appliance.core.activity import BEGINS, BEGINS_AGAIN, FIRST_GAP, GOES_ON, MOST_GAP, Asked, used_minutes, uses
from appliance.core.budget import Use
from scripts.benchlib import minutes


def test_a_use() -> None:
    """From the minute after the burst to the last in which something is asked; the gap between is part of it."""
    assert used_minutes({10: BEGINS, 11: GOES_ON, 11 + FIRST_GAP + 1: GOES_ON}) == {11, 12, 13, 14}


def test_a_mere_look() -> None:
    """One burst and no more is a background refresh."""
    assert used_minutes({10: 5 * BEGINS}) == set()


def test_a_burst_on_the_turn_of_a_minute() -> None:
    """Two minutes together begin a use."""
    assert used_minutes({10: BEGINS - 1, 11: 1, 12: GOES_ON}) == {12}


@pytest.mark.parametrize("often", [1, 2, 4, 15])
def test_noise(often: int) -> None:
    """Little now and then, however long, is no use."""
    assert used_minutes(dict.fromkeys(range(0, 900, often), BEGINS // 2 - 1)) == set()


def test_less_than_little_carries_nothing_on() -> None:
    """A single question is a device's own."""
    assert used_minutes({10: BEGINS, 11: GOES_ON, 12: GOES_ON - 1, 13: GOES_ON - 1}) == {11}


def test_the_gap_grows_with_the_use() -> None:
    """After a long use more may be filled, up to a limit; soon after the beginning it ends."""
    long = dict.fromkeys(range(10, 60), GOES_ON) | {10: BEGINS}
    last = 59
    assert last + MOST_GAP in used_minutes(long | {last + MOST_GAP + 1: GOES_ON})
    assert max(used_minutes(long | {last + MOST_GAP + 2: GOES_ON})) == last
    assert used_minutes({10: BEGINS, 10 + FIRST_GAP + 2: GOES_ON}) == set()


def test_a_use_that_lapsed() -> None:
    """Soon after, less begins another one, and what was between them is not filled; later it takes a burst again."""
    first = {10: BEGINS, 11: GOES_ON}
    again = 11 + FIRST_GAP + 3
    assert used_minutes(first | {again: BEGINS_AGAIN, again + 1: GOES_ON}) == {11, again + 1}
    late = 11 + activity.AGAIN_MINUTES + 1
    assert used_minutes(first | {late: BEGINS_AGAIN, late + 1: GOES_ON}) == {11}


def test_each_thing_by_itself() -> None:
    """A person's services and categories are told apart; what two devices ask of one is one; of later nothing yet."""
    burst = Asked("kim", 10, "youtube", "video", BEGINS - 1)
    notes = [burst, Asked("kim", 10, "youtube", "video", 1), Asked("kim", 11, "youtube", "video", GOES_ON)]
    notes += [Asked("kim", 11, None, "games", BEGINS), Asked("sam", 11, "youtube", "video", BEGINS)]
    notes += [Asked(person, 12, service, category, GOES_ON) for person, _, service, category, _ in (
        ("kim", 11, None, "games", 0), ("sam", 11, "youtube", "video", 0),
    )]  # fmt: skip
    assert set(uses(notes, 12)) == {
        Use("kim", 11, "youtube", "video"),
        Use("kim", 12, None, "games"),
        Use("sam", 12, "youtube", "video"),
    }
    assert set(uses(notes, 11)) == {Use("kim", 11, "youtube", "video")}


@given(st.dictionaries(st.integers(0, 200), st.integers(0, 30)), st.integers(0, 200))
def test_what_was_told_stays(times: dict[int, int], cut: int) -> None:
    """What comes later takes no minute back, and nothing is counted before the first question or after the last."""
    before = used_minutes({minute: count for minute, count in times.items() if minute <= cut})
    now = used_minutes(times)
    assert before <= now
    assert all(min(times) < minute <= max(times) for minute in now)


def test_the_words() -> None:
    """Pages say how well it works, by the numbers that were measured."""
    for percent in (activity.TYPICAL_PERCENT, activity.MOST_PERCENT):
        assert f"{percent}" in activity.HOW_WELL


def test_the_numbers_are_those_that_are_measured() -> None:
    """On the scripted evenings: half within the one, nine of ten within the other; an idle phone makes next to none."""
    found = minutes.measure(60, 0)
    errors = [abs(one - true) / true for _, true, counted in found if true for one in counted]
    cuts = statistics.quantiles(errors, n=10)
    assert (cuts[4] * 100 <= activity.TYPICAL_PERCENT, cuts[8] * 100 <= activity.MOST_PERCENT) == (True, True)
    (idle,) = (counted for _, true, counted in found if not true)
    assert statistics.mean(idle) < 5
