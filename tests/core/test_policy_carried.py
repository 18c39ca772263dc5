"""A site that a translator shows is as closed as it is by itself, unless a caregiver spoke of the translator's name."""

from typing import Any

import pytest

from tests.core.builders import AFTERNOON, child, grant, own, pause, told, verdict_of

SHOWN, NEW = "social-example.translate.goog", "new-example.translate.goog"
OPEN = ("allow", "default", "default_allow")


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        (NEW, {}, OPEN),
        (SHOWN, {}, ("block", "category", "category_block")),
        (SHOWN, {"person": child("13-15")}, OPEN),
        ("porn-example.translate.goog", {}, ("block", "hard", "hard")),
        ("forum-example.cdn.ampproject.org", {}, ("ask", "category", "category_ask")),
        (NEW, {"person": child(rules=(own("new.example", "block"),))}, ("block", "own", "own_block")),
        (SHOWN, {"person": child(rules=(own("social.example", "allow"),))}, OPEN),
        (SHOWN, {"person": child(rules=(own("translate.goog", "allow"),))}, ("allow", "own", "own_allow")),
        (NEW, {"person": child(rules=(own("translate.goog", "block"),))}, ("block", "own", "own_block")),
        (SHOWN, {"grants": (grant(name=SHOWN),)}, ("allow", "word", "grant")),
        (SHOWN, {"grants": (grant(name="social.example"),)}, OPEN),
        (SHOWN, {"pauses": (pause(),)}, ("block", "word", "pause")),
        (SHOWN, {"person": child(windows=(AFTERNOON,))}, ("block", "time", "window")),
        ("help-example.translate.goog", {}, OPEN),
    ],
)
def test_what_a_translator_shows(name: str, said: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """Both names are decided, and what closes either closes it."""
    assert told(verdict_of(name, **said)) == expected
