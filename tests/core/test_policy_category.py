"""The one category by which a decided name is counted."""

import pytest

from appliance.core.domainset import Entry
from appliance.core.guesses import Label
from appliance.core.house import House
from appliance.core.policy import category_of, decide
from appliance.core.rulebook import NEW
from tests.core.builders import AT, child, pause, policy_of, subject_of

BOTH = (
    Entry("social.example", "forum"),
    Entry("games.example", "education"),
    Entry("games.example", "music"),
    Entry("vpn.example", "forum"),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("open.example", "unclassified"),
        ("malware.example", "malware_phishing"),
        ("social.example", "social_media"),
        ("games.example", "browser_games"),
        ("school.example", "education"),
        ("time.example", "unclassified"),
        ("doh.example", "bypass_dns"),
        ("vpn.example", "bypass_vpn"),
    ],
)
def test_category(name: str, expected: str) -> None:
    """That of the reason, else the strictest of the name's, else unclassified."""
    compiled = policy_of(House(persons=(child(),)), BOTH)
    subject = subject_of(compiled)
    found = category_of(compiled, subject, compiled.tags(name), decide(compiled, subject, name, None, AT))
    assert found == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("open.example", "unclassified"),
        ("games.example", "browser_games"),
        ("social.example", "social_media"),
        ("doh.example", "bypass_dns"),
        ("vpn.example", "forum"),
    ],
)
def test_category_of_what_is_paused(name: str, expected: str) -> None:
    """A pause names no category: the name's own counts, a way around the filter only where it is nothing else."""
    compiled = policy_of(House(persons=(child(),), pauses=(pause(),)), BOTH)
    subject = subject_of(compiled)
    verdict = decide(compiled, subject, name, None, AT)
    assert verdict.reason.code == "pause"
    assert category_of(compiled, subject, compiled.tags(name), verdict) == expected


@pytest.mark.parametrize("guessed", ["pornography", "forum"])
def test_category_of_what_was_guessed(guessed: str) -> None:
    """A guess is no list: nothing is counted as what it was only held to be."""
    compiled = policy_of(House(persons=(child(),)), BOTH)
    subject = subject_of(compiled)
    verdict = decide(compiled, subject, "open.example", Label(guessed, 0.99), AT)
    assert verdict.reason.code == "classifier"
    assert category_of(compiled, subject, compiled.tags("open.example"), verdict) == NEW == "unknown_new"
