"""Faults of our own."""

import pytest

from appliance.nameserver.counts import Counts
from appliance.nameserver.mishaps import Mishaps


def stumble(where: int) -> None:
    """Fail at one of two places."""
    if where:
        raise LookupError("a.secret.example")
    raise ValueError("another.secret.example")


def test_each_is_counted_and_each_place_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """By its place and not by its words."""
    counts = Counts()
    mishaps = Mishaps(counts)
    for where in (0, 1, 0, 1):
        try:
            stumble(where)
        except (LookupError, ValueError) as error:
            mishaps.note(error)
    assert counts.news() == {"errors": 4}
    told = [record.getMessage() for record in caplog.records]
    assert [text.partition(" in ")[0].rpartition(" ")[2] for text in told] == ["ValueError", "LookupError"]
    assert all("stumble, line" in text and "secret" not in text for text in told)


def test_one_that_was_never_raised(caplog: pytest.LogCaptureFixture) -> None:
    """It has no place."""
    Mishaps(Counts()).note(LookupError("secret"))
    assert caplog.messages == ["a query could not be answered: LookupError in , line 0"]
