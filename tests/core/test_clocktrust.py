"""Whether the clock may be gone by: at a start, after a jump, with and without a battery and a time server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.clocktrust import AHEAD_S, EARLIEST, JUMP_S, LATEST, STOOD_S, Doubt, Mark, Seen, judge, mark_of

AT = 1_795_424_000.0
"""23 November 2026."""
YEAR_S = 365 * 86_400.0
UP = 40.0
OTHER = Mark(AT, 9_000.0, "before", is_sure=True, offset=AT - 9_000.0)
"""Written before the power went off."""
SAME = Mark(AT, UP, "now", is_sure=True, offset=AT - UP)


def seen(now: float, uptime: float = UP, *, is_set: bool = False, is_kept: bool = False) -> Seen:
    """Return what the machine says."""
    return Seen(now, uptime, "now", is_set, is_kept)


STARTS = (
    ("at 1970", seen(UP), Doubt.BEHIND),
    ("at 1970, whoever set it", seen(UP, is_set=True), Doubt.BEHIND),
    ("two years back", seen(AT - 2 * YEAR_S, is_kept=True), Doubt.BEHIND),
    ("just before the power went", seen(AT + UP - JUMP_S - 1, is_kept=True), Doubt.BEHIND),
    ("five years ahead", seen(AT + 5 * YEAR_S, is_kept=True), Doubt.AHEAD),
    ("as if no time had passed", seen(AT + UP + 60), Doubt.STOOD),
    ("as if none had passed, with a battery", seen(AT + UP + 60, is_kept=True), None),
    ("a night later", seen(AT + 30_000), None),
    ("a night later, with a battery", seen(AT + 30_000, is_kept=True), None),
    ("set, and as if none had passed", seen(AT + UP + 60, is_set=True), None),
    ("set, five years ahead", seen(AT + 5 * YEAR_S, is_set=True), None),
    ("set, two years back but not before this software", seen(EARLIEST + 1, is_set=True), None),
)


@pytest.mark.parametrize(("now", "expected"), [row[1:] for row in STARTS], ids=[row[0] for row in STARTS])
def test_after_a_power_cut(now: Seen, expected: Doubt | None) -> None:
    """What is plausible is gone by; of the rest the last known time goes on with the uptime."""
    found = judge(now, OTHER)
    assert found.doubt is expected
    assert found.offset + UP == (now.now if expected is None else AT + UP)


UNMARKED = (
    ("never written, 1970", UP, None, Doubt.BEHIND, EARLIEST),
    ("never written, today", AT, None, None, AT),
    ("never written, in fifty years", AT + 50 * YEAR_S, None, Doubt.AHEAD, EARLIEST),
    ("a house from today, 1970", UP, AT, Doubt.BEHIND, AT),
    ("a house from today, five years on", AT + 5 * YEAR_S, AT, Doubt.AHEAD, AT),
    ("a house from yesterday", AT, AT - 86_400, None, AT),
    ("a house that 1970 wrote", AT, 60.0, None, AT),
    ("a house that a far future wrote", AT, LATEST + 1, None, AT),
)


@pytest.mark.parametrize(
    ("now", "saved", "expected", "time"), [row[1:] for row in UNMARKED], ids=[row[0] for row in UNMARKED]
)
def test_without_a_mark(now: float, saved: float | None, expected: Doubt | None, time: float) -> None:
    """When the house was last written is the last known time of a box that wrote no other."""
    found = judge(seen(now), None, saved)
    assert (found.doubt, found.offset + UP) == (expected, time)


@pytest.mark.parametrize("at", [60.0, float("nan"), float("inf"), LATEST + 1])
def test_a_mark_that_cant_be_is_none(at: float) -> None:
    """A clock that was wrong, or a file that was edited, must not keep the clock from being gone by for ever."""
    assert judge(seen(AT), Mark(at, 0.0, "before", is_sure=True, offset=0.0)).doubt is None


@pytest.mark.parametrize("jump", [5 * YEAR_S, -2 * YEAR_S, 3_600.0, -3_600.0, -AT])
def test_a_jump_that_nobody_answers_for(jump: float) -> None:
    """A clock once trusted stays trusted; one that jumps is not, and the time goes on as if it had not."""
    assert judge(seen(AT + 86_400, UP + 86_400), SAME) == judge(seen(AT), SAME)
    found = judge(seen(AT + 60 + jump, UP + 60), SAME)
    assert (found.doubt, found.offset) == (Doubt.JUMPED, SAME.offset)
    later = seen(AT + 600 + jump, UP + 600)
    mark = mark_of(found, seen(AT + 60 + jump, UP + 60), SAME)
    assert judge(later, mark).doubt is Doubt.JUMPED
    assert judge(seen(AT + 600, UP + 600), mark).doubt is None


def test_a_time_server_answers_for_a_jump() -> None:
    """What a time server sets is gone by at once, forward and back."""
    for jump in (3_600.0, -3_600.0, YEAR_S):
        assert judge(seen(AT + jump, is_set=True), SAME).doubt is None
    assert judge(seen(AT + 1.5), SAME).doubt is None


def test_a_clock_that_stood_stays_doubted_until_it_is_set() -> None:
    """A mark that was written in doubt doesn't make the clock right; setting it does, by hand too."""
    first = seen(AT + UP + 60)
    mark = mark_of(judge(first, OTHER), first, OTHER)
    assert not mark.is_sure
    for minutes in range(1, 200):
        now = seen(first.now + 60 * minutes, UP + 60 * minutes)
        found = judge(now, mark)
        assert (found.doubt, found.offset) == (Doubt.STOOD, AT)
        mark = mark_of(found, now, mark)
    assert judge(seen(AT + 30_000, UP + 12_000), mark).doubt is None


def test_a_clock_at_1970_that_is_set_by_hand() -> None:
    """From then on it is trusted, even where nothing keeps it; unless it is set to what can't be."""
    first = seen(UP)
    mark = mark_of(judge(first, OTHER), first, OTHER)
    assert judge(seen(AT + UP + 100, UP + 100), mark).doubt is None
    assert judge(seen(AT + 5 * YEAR_S, UP + 100), mark).doubt is Doubt.AHEAD
    assert judge(seen(AT + UP, UP + 100), mark).doubt is Doubt.BEHIND


def test_power_cuts_in_doubt_lose_the_time_without_power_alone() -> None:
    """What was believed is written too: the time goes on from there after the next power cut."""
    known = AT
    mark = OTHER
    for start in range(5):
        now = Seen(600.0, 600.0, f"start {start}")
        found = judge(now, mark)
        mark = mark_of(found, now, mark)
        known += 600
        assert mark.at == known


@given(
    st.floats(-1e10, 1e10), st.floats(0, 1e8), st.floats(EARLIEST, LATEST), st.floats(0, 1e8), st.booleans(),
    st.booleans(),
)  # fmt: skip
def test_unset_time_is_never_before_the_last_known(
    now: float, uptime: float, at: float, marked: float, is_sure: bool, is_same: bool
) -> None:
    """Whatever the clock shows, nobody gets a time again that has passed, nor one more than a year ahead."""
    mark = Mark(at, min(marked, uptime), "now" if is_same else "before", is_sure=is_sure, offset=0.0)
    found = judge(seen(now, uptime), mark)
    passed = uptime - mark.uptime if is_same else uptime
    time = uptime + found.offset
    assert at + passed - JUMP_S - 1e-3 <= time <= at + passed + AHEAD_S + 1e-3
    assert STOOD_S < AHEAD_S
