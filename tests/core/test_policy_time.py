"""Extra time undoes windows and earlier pauses, and opens nothing that is closed."""

from typing import Any

import pytest

from appliance.core.house import House
from appliance.core.steps import latest_word
from tests.core.builders import AFTERNOON, AT, child, grant, pause, policy_of, told, verdict_of

OPEN = ("allow", "default", "default_allow")


@pytest.mark.parametrize(
    ("name", "told_to", "expected"),
    [
        ("open.example", {}, OPEN),
        ("open.example", {"grants": (grant(time=True),)}, OPEN),
        ("porn.example", {"grants": (grant(time=True),)}, "as without"),
        ("social.example", {"grants": (grant(time=True),)}, "as without"),
        ("open.example", {"grants": (grant(time=True),), "pauses": (pause(-10),)}, OPEN),
        ("open.example", {"grants": (grant(-10, time=True),), "pauses": (pause(-5),)}, ("block", "word", "pause")),
        ("open.example", {"grants": (grant(5, time=True),)}, ("block", "time", "window")),
        ("open.example", {"grants": (grant(-20, -1, time=True),)}, ("block", "time", "window")),
        (
            "social.example",
            {"grants": (grant(-9, name="social.example"), grant(-5, time=True))},
            ("allow", "word", "grant"),
        ),
        (
            "social.example",
            {"grants": (grant(-5, name="social.example"), grant(-9, time=True)), "pauses": (pause(-7),)},
            ("allow", "word", "grant"),
        ),
    ],
)
def test_extra_time(name: str, told_to: dict[str, Any], expected: tuple[str, str, str] | str) -> None:
    """In a window: what is open by day is open, what is closed by day is closed; of pause and time the later holds."""
    windows = () if not told_to else (AFTERNOON,)
    found = told(verdict_of(name, child(windows=windows), **told_to))
    assert found == (told(verdict_of(name, child())) if expected == "as without" else expected)
    if expected == "as without":
        assert found[0] != "allow"


def test_it_ends_by_itself() -> None:
    """No answer outlives it: its end is the next moment at which the decision may change."""
    verdict = verdict_of("open.example", child(windows=(AFTERNOON,)), grants=(grant(-5, 20, time=True),))
    assert verdict.until == AT + 20 * 60


def test_which_word_holds() -> None:
    """The latest word about everything, and extra time beside it."""
    house = House(persons=(child(),), grants=(grant(-9), grant(-5, time=True)), pauses=(pause(-7),))
    word, extra_time = latest_word(policy_of(house).by_person["kim"], (), frozenset(), AT)
    assert (word and word.is_pause, word and word.said_at, extra_time and extra_time.is_time) == (
        False,
        AT - 9 * 60,
        True,
    )
