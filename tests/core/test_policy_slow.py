"""What a window or a spent budget only slows is open and marked, wherever it would have been stopped."""

from typing import Any

import pytest

from appliance.core.budget import Budget, Minutes
from appliance.core.said import Things
from appliance.core.schedule import Window
from tests.core.builders import AT, child, counted, grant, own, pause, told, verdict_of

DEFAULT = ("allow", "default", "default_allow")
OPENED = ("allow", "category", "window_allow")
ALLOW = ("allow", "category", "category_allow")
GAMES = Things(categories=("browser_games",))
HERE = Things(names=("open.example",))


def slow(**more: Any) -> Window:
    """Return a window that slows."""
    return Window(name="Evening", start="14:00", end="16:00", internet=True, slow=True, **more)


OFF = Window(name="Bedtime", start="14:30", end="15:30")

WINDOWS: list[tuple[str, str, tuple[Window, ...], dict[str, Any], tuple[str, str, str], bool]] = [
    ("all that is open", "open.example", (slow(),), {}, DEFAULT, True),
    ("but for what is open then", "games.example", (slow(allow=GAMES),), {}, OPENED, False),
    ("or only what it names", "games.example", (slow(block=GAMES),), {}, ALLOW, True),
    ("and nothing beside", "open.example", (slow(block=GAMES),), {}, DEFAULT, False),
    ("what another closes is closed", "open.example", (slow(), OFF), {}, ("block", "time", "window"), False),
    ("what the age closes too", "social.example", (slow(),), {}, ("block", "category", "category_block"), False),
    ("what is always on is quick", "open.example", (slow(),), {"always_on": HERE}, DEFAULT, False),
    ("an own rule opens and doesn't hurry", "open.example", (slow(),), {"rules": (own("open.example", "allow"),)},
     ("allow", "own", "own_allow"), True),
    ("information is quick", "mind.example", (slow(),), {}, ("allow", "protected", "protected"), False),
    ("help is", "help.example", (slow(),), {}, ("allow", "help", "help"), False),
    ("a clock is", "time.example", (slow(),), {}, ("allow", "infrastructure", "infrastructure"), False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "windows", "said", "expected", "is_slowed"),
    [one[1:] for one in WINDOWS],
    ids=[one[0] for one in WINDOWS],
)
def test_a_window_slows(
    name: str, windows: tuple[Window, ...], said: dict[str, Any], expected: tuple[str, str, str], is_slowed: bool
) -> None:
    """What it would close, and nothing that stays open anyhow."""
    verdict = verdict_of(name, child(windows=windows, **said))
    assert (told(verdict), verdict.slowed) == (expected, is_slowed)


def test_a_word_of_a_caregiver_goes_before_it() -> None:
    """Extra time and a pass are quick; a pause stops."""
    person = child(windows=(slow(),))
    assert verdict_of("open.example", person).slowed
    for given in (grant(time=True), grant(), grant(name="open.example")):
        assert not verdict_of("open.example", person, grants=(given,)).slowed
    assert told(verdict_of("open.example", person, pauses=(pause(),))) == ("block", "word", "pause")


def test_it_ends_with_the_window() -> None:
    """A verdict holds no longer."""
    verdict = verdict_of("open.example", child(windows=(slow(),)))
    assert verdict.until == AT + 3600
    assert not verdict_of("open.example", child(windows=(slow(),)), at=AT + 3600).slowed


DAILY = Budget(minutes=60, slow=True)
TUBE = Budget(what="service:tube", minutes=30, slow=True)


@pytest.mark.parametrize(
    ("name", "budgets", "minutes", "expected", "is_slowed"),
    [
        ("open.example", (DAILY,), counted(everything=59), DEFAULT, False),
        ("open.example", (DAILY,), counted(everything=60), DEFAULT, True),
        ("tube.example", (TUBE,), counted(service_tube=30), ALLOW, True),
        ("open.example", (TUBE,), counted(service_tube=30), DEFAULT, False),
        ("school.example", (DAILY,), counted(everything=60), ALLOW, False),
        ("tube.example", (DAILY, Budget(what="service:tube", minutes=5)), counted(everything=60, service_tube=5),
         ("block", "time", "budget"), False),
        ("tube.example", (DAILY, Budget(what="service:tube", minutes=5)), counted(everything=60, service_tube=4), ALLOW,
         True),
    ],
)  # fmt: skip
def test_a_spent_budget_slows(
    name: str, budgets: tuple[Budget, ...], minutes: Minutes, expected: tuple[str, str, str], is_slowed: bool
) -> None:
    """What it is about; another one that is spent stops all the same."""
    verdict = verdict_of(name, child(budgets=budgets), minutes=minutes)
    assert (told(verdict), verdict.slowed) == (expected, is_slowed)


def test_a_verdict_holds_until_the_minutes_may_be_used_up() -> None:
    """So that what is open gets slow in time."""
    verdict = verdict_of("open.example", child(budgets=(DAILY,)), minutes=counted(everything=50))
    assert verdict.until == AT + 600


def test_nothing_is_slow_on_what_has_no_times() -> None:
    """An unmarked verdict is the usual one."""
    assert not verdict_of("open.example").slowed
