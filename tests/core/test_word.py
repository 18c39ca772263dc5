"""Pauses, grants and what is lifted: what can be said, and what can't."""

from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import msgspec
import pytest

from appliance.core.names import BadName
from appliance.core.word import ALONE, Grant, Lifted, Pause
from tests.core.builders import grant, minutes_from_now, pause

SAID = datetime(2026, 3, 4, 15, tzinfo=UTC)
ONE, TWO = ("Dana",), ("Dana", "Robin")


def lifted(**said: Any) -> Lifted:
    """Return a category that two lifted for a child, unless told otherwise."""
    what: dict[str, Any] = {} if "name" in said else {"person": "kim", "category": "pornography"}
    told: dict[str, Any] = {"said_at": SAID, "begins": SAID, "by": TWO} | what | said
    return Lifted(**told)


@pytest.mark.parametrize("of", [{}, {"person": "kim"}, {"device": "tv"}])
def test_a_pause_has_one_target(of: dict[str, Any]) -> None:
    """A person, a device, or the house; a person's device is paused by its own name."""
    assert {key: getattr(pause(**of), key) for key in ("person", "device")} == {"person": None, "device": None} | of
    with pytest.raises(ValueError, match="for a person or for a device, not both"):
        Pause(said_at=SAID, until=SAID, person="kim", device="tv")


@pytest.mark.parametrize(
    "what",
    [
        {},
        {"name": "games.example"},
        {"service": "youtube"},
        {"group": "game"},
        {"category": "forum"},
        {"time": True},
        {"time": True, "grace": True},
        {"minutes": 15},
        {"minutes": -15, "budget": "group:game"},
    ],
)
def test_a_grant_is_for_one_thing(what: dict[str, Any]) -> None:
    """Or, with none, for everything; it survives being written."""
    made = grant(**what)
    assert msgspec.convert(msgspec.to_builtins(made), Grant) == made


KINDS: dict[str, Any] = {"name": "a.example", "service": "a", "group": "a", "category": "a", "time": True, "minutes": 5}


@pytest.mark.parametrize("pair", list(combinations(KINDS, 2)))
def test_a_grant_is_not_for_two(pair: tuple[str, str]) -> None:
    """Nobody would know which of the two was meant to end the other."""
    with pytest.raises(ValueError, match="one of them"):
        grant(**{key: KINDS[key] for key in pair})


@pytest.mark.parametrize(
    ("what", "error", "words"),
    [
        ({"name": "a b"}, BadName, "not a domain name"),
        ({"grace": True}, ValueError, "grace is time"),
        ({"service": "youtube", "grace": True}, ValueError, "grace is time"),
        ({"minutes": 5, "budget": "youtube"}, ValueError, "'youtube' is not everything, service:ID"),
        ({"budget": "group:game"}, ValueError, "a grant for a budget needs minutes"),
        ({"minutes": 0}, ValueError, "no minutes are no grant"),
    ],
)
def test_what_is_no_grant(what: dict[str, Any], error: type[Exception], words: str) -> None:
    """Names that are none, grace without time, minutes of nothing and nothing of minutes."""
    with pytest.raises(error, match=words):
        grant(**what)


def test_a_grants_name_comes_in_normal_form() -> None:
    """It is compared with what is asked for."""
    assert grant(name="Games.Example.").name == "games.example"


@pytest.mark.parametrize("minutes", [-10_081, 10_081])
def test_a_bonus_is_no_more_than_a_week(minutes: int) -> None:
    """Neither way."""
    plain = msgspec.to_builtins(grant(minutes=5)) | {"minutes": minutes}
    with pytest.raises(msgspec.ValidationError, match="minutes"):
        msgspec.convert(plain, Grant)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"by": ONE, "begins": SAID + ALONE},
        {"by": ONE, "begins": SAID + timedelta(days=3), "until": SAID + timedelta(days=4)},
        {"until": SAID + timedelta(hours=1)},
        {"name": "Bad.Example", "by": ONE},
        {"name": "bad.example", "by": TWO},
    ],
)
def test_what_may_be_lifted(said: dict[str, Any]) -> None:
    """A category for a child, by two at once or by one after a day; a name for the house, by one."""
    made = lifted(**said)
    assert msgspec.convert(msgspec.to_builtins(made), Lifted) == made
    assert made.name in (None, "bad.example")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"category": None}, "a category for a person, or a name for the house"),
        ({"person": None}, "a category for a person, or a name for the house"),
        ({"category": None, "person": None}, "a category for a person, or a name for the house"),
        ({"name": "bad.example", "category": "pornography", "person": "kim"}, "a category for a person, or a name"),
        ({"name": "bad.example", "person": "kim"}, "a category for a person, or a name"),
        ({"by": ()}, "one caregiver or two"),
        ({"by": ("Dana", "Robin", "Kay")}, "one caregiver or two"),
        ({"by": ("Dana", "Dana")}, "one caregiver or two"),
        ({"by": ONE}, "announced for 24 hours"),
        ({"by": ONE, "begins": SAID + ALONE - timedelta(seconds=1)}, "announced for 24 hours"),
        ({"begins": SAID - timedelta(seconds=1)}, "begins before it was said"),
        ({"until": SAID}, "ends before it begins"),
    ],
)
def test_what_may_not_be_lifted(said: dict[str, Any], words: str) -> None:
    """Neither by nobody nor by one at once, and not the wrong way round in time."""
    with pytest.raises(ValueError, match=words):
        lifted(**said)


def test_moments_have_an_offset() -> None:
    """Without one nobody knows when a pause ends."""
    for kind, more in ((Pause, {}), (Grant, {"person": "kim"})):
        plain = {"said_at": "2026-01-01T00:00:00", "until": minutes_from_now(5).isoformat()} | more
        with pytest.raises(msgspec.ValidationError, match="timezone"):
            msgspec.convert(plain, kind)
