"""Which troubleshooting sessions run, and until when."""

import pytest

from appliance.nameserver import sessions as sessions_module
from appliance.nameserver.permit import Who
from appliance.nameserver.sessions import Refused, Session, Sessions

TABLET, LAPTOP = Who("tablet", "kim", "6-9"), Who("laptop", "sam", "16-17")
AT, UP = 1_772_632_800.0, 50.0


@pytest.mark.parametrize(("asked_s", "expected_s"), [(60.0, 60.0), (900.0, 900.0), (1e9, 900.0), (float("inf"), 900.0)])
def test_quarter_of_an_hour_at_most(asked_s: float, expected_s: float) -> None:
    """Whatever is asked for."""
    sessions = Sessions()
    sessions.set(TABLET, AT + asked_s, AT, UP)
    assert sessions.running(UP) == {"tablet": Session(TABLET, AT + expected_s, UP + expected_s)}
    assert sessions.left_s(UP + 10) == {"tablet": expected_s - 10}


def test_ends_by_itself() -> None:
    """At its end, by the uptime, whatever the clock says."""
    sessions = Sessions()
    sessions.set(TABLET, AT + 60, AT, UP)
    assert list(sessions.running(UP + 59.9)) == ["tablet"]
    assert sessions.left_s(UP + 60) == {}


@pytest.mark.parametrize("until", [AT, AT - 1, 0.0])
def test_ended(until: float) -> None:
    """An end that has passed ends it; where none runs that is nothing."""
    sessions = Sessions()
    sessions.set(TABLET, until, AT, UP)
    sessions.set(TABLET, AT + 60, AT, UP)
    sessions.set(LAPTOP, AT + 60, AT, UP)
    sessions.set(TABLET, until, AT, UP)
    assert list(sessions.running(UP)) == ["laptop"]


def test_one_for_each_device() -> None:
    """A second one takes the place of the first."""
    sessions = Sessions()
    sessions.set(TABLET, AT + 60, AT, UP)
    sessions.set(TABLET, AT + 30, AT, UP)
    assert sessions.left_s(UP) == {"tablet": 30.0}


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at once; one that runs may still be set anew, and one that ended makes room."""
    monkeypatch.setattr(sessions_module, "MAX_SESSIONS", 1)
    sessions = Sessions()
    sessions.set(TABLET, AT + 60, AT, UP)
    with pytest.raises(Refused, match="too many"):
        sessions.set(LAPTOP, AT + 60, AT, UP)
    sessions.set(TABLET, AT + 30, AT, UP)
    sessions.set(LAPTOP, AT + 90, AT + 30, UP + 30)
    assert list(sessions.running(UP + 30)) == ["laptop"]


@pytest.mark.parametrize(
    ("askers", "expected"),
    [
        ({"tablet": TABLET}, False),
        ({}, True),
        ({"tablet": Who("tablet", "sam", "6-9")}, True),
        ({"tablet": Who("tablet", "kim", "10-12")}, True),
    ],
)
def test_new_house_ends_it(askers: dict[str, Who], expected: bool) -> None:
    """When the device is gone, another's, or of another row."""
    sessions = Sessions()
    sessions.set(TABLET, AT + 60, AT, UP)
    assert sessions.settle(askers) is expected
    assert (sessions.running(UP) == {}) is expected
