"""appliance.web.week_starts: what a new routine starts from."""

import pytest

from appliance.core.person import BANDS
from appliance.core.schedule import minutes
from appliance.web import drawing, icons, week_starts
from appliance.web.drawing import Kind
from appliance.world import rules

BOOK = rules.load_rulebook()


@pytest.mark.parametrize("band", BANDS)
@pytest.mark.parametrize("kind", sorted(week_starts.STARTS))
def test_each_kind_has_a_start_for_each_age(kind: str, band: str) -> None:
    """With a day, and of the kind that it says; what it names is there and may be closed or opened at that age."""
    window = week_starts.usual(kind, band, BOOK.categories)
    start = week_starts.STARTS[kind]
    assert (window.routine, window.name) == (start.routine, start.title)
    assert window.days
    known = BOOK.known
    assert [one for one in window.block.categories if (one, band) in known.protected] == []
    assert [one for one in window.allow.categories if (one, band) in known.hard] == []
    icons.icon(start.look[1])


def test_what_is_not_in_the_rules_is_left_out() -> None:
    """A rulebook may know fewer kinds of sites."""
    window = week_starts.usual("homework", "6-9", ["social_media", "education"])
    assert window.block.categories == ("social_media",)
    assert week_starts.usual("school", "6-9", []).allow.categories == ()


def test_the_older_the_later() -> None:
    """Bedtime."""
    starts = [minutes(week_starts.usual("bedtime", band, ()).start) for band in BANDS]
    assert starts == sorted(set(starts))


def test_homework_has_the_internet_and_free_time_does_not_count() -> None:
    """The others switch it off."""
    windows = {kind: week_starts.usual(kind, "6-9", BOOK.categories) for kind in week_starts.STARTS}
    assert {kind for kind, one in windows.items() if one.internet} == {"homework", "free"}
    assert {kind for kind, one in windows.items() if one.uncounted} == {"free"}
    assert drawing.kind_of(windows["own"]) is Kind.PAUSE
