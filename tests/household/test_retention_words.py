"""What was said for a while: it is over by itself, stays as long as both sides may look back on it, and then goes."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.person import Do, Rule
from appliance.core.schedule import DateException, Window
from appliance.core.word import Grant, Lifted, Pause
from appliance.household.retention import without_old_words
from tests.steward.box import AT, CONTRACT, DAY_S, HOUSE

KEPT = {"ada": 30, "ben": 30, "cleo": 30, "dan": 14, "eve": 14, "alex": 0}
"""Days."""


def moment(at: float) -> datetime:
    """Return POSIX seconds as a moment."""
    return datetime.fromtimestamp(at, UTC)


def ended(kind: Any, **said: Any) -> Any:
    """Return a word that was over at `AT`."""
    return kind(said_at=moment(AT - DAY_S), until=moment(AT), **said)


def swept(days: float, **said: Any) -> House:
    """Return what is left of a house so many days after `AT`."""
    return without_old_words(replace(HOUSE, **said), CONTRACT, AT + days * DAY_S)


def with_child(**said: Any) -> House:
    """Return the house in which something is said of Ben."""
    return replace(HOUSE, persons=tuple(replace(one, **said) if one.id == "ben" else one for one in HOUSE.persons))


@pytest.mark.parametrize(("person", "days"), KEPT.items())
def test_a_persons_words(person: str, days: int) -> None:
    """Pauses and grants of each, by the age; those of an adult leave no trace once they are over."""
    said = {
        "pauses": (ended(Pause, person=person), ended(Pause, device=f"{person}-phone")),
        "grants": (ended(Grant, person=person, name="a.example"),),
    }
    assert swept(days, **said) == replace(HOUSE, **said)
    assert swept(days + 0.001, **said) == HOUSE


def test_what_is_nobodys() -> None:
    """A pause of the house or of a device without a person, and a name that was open for all, go as a stranger's do."""
    lifted = Lifted(
        said_at=moment(AT - DAY_S), begins=moment(AT - DAY_S), until=moment(AT), name="b.example", by=("D",)
    )
    said = {"pauses": (ended(Pause), ended(Pause, device="guest")), "lifted": (lifted,)}
    assert swept(14, **said) == replace(HOUSE, **said)
    assert swept(14.001, **said) == HOUSE


def test_what_was_lifted() -> None:
    """For a child as long as its age says; what has no end stays."""
    lifted = Lifted(
        said_at=moment(AT - DAY_S), begins=moment(AT - DAY_S), person="ben", category="gambling", by=("D", "R"),
        until=moment(AT),
    )  # fmt: skip
    endless = replace(lifted, until=None)
    assert swept(30, lifted=(lifted, endless)).lifted == (lifted, endless)
    assert swept(30.001, lifted=(lifted, endless)).lifted == (endless,)


def test_rules_with_an_end() -> None:
    """They hold a name, like a pass; rules without an end are what caregivers set."""
    rules = (Rule(name="a.example", do=Do.BLOCK, until=moment(AT)), Rule(name="b.example", do=Do.BLOCK))
    house = with_child(rules=rules)
    assert without_old_words(house, CONTRACT, AT + 30 * DAY_S) == house
    assert without_old_words(house, CONTRACT, AT + 30.001 * DAY_S) == with_child(rules=rules[1:])


def test_exceptions_that_are_over() -> None:
    """With the morning after their last night; one that meant a window of theirs means it no longer."""
    late = Window(name="Late", start="22:00", end="21:00")
    over = DateException(name="Holiday", first=date(2026, 11, 1), last=date(2026, 11, 20), windows=(late,))
    still = DateException(name="Party", first=date(2026, 11, 20), last=date(2026, 12, 20), instead_of=("Late", "Early"))
    free = DateException(name="Free", first=date(2026, 11, 20), last=date(2026, 12, 20))
    early = Window(name="Early", start="19:00", end="07:00")
    house = with_child(windows=(early,), exceptions=(over, still, free))
    ends = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
    assert without_old_words(house, CONTRACT, ends + 30 * DAY_S) == house
    left = (replace(still, instead_of=("Early",)), free)
    expected = with_child(windows=(early,), exceptions=left)
    assert without_old_words(house, CONTRACT, ends + 30 * DAY_S + 1) == expected


def test_what_runs_stays() -> None:
    """However long ago it was said."""
    until = moment(AT + 400 * DAY_S)
    said = {
        "pauses": (Pause(said_at=moment(AT - 400 * DAY_S), until=until, person="alex"),),
        "grants": (Grant(said_at=moment(AT - 400 * DAY_S), until=until, person="eve"),),
    }
    assert swept(0, **said) == replace(HOUSE, **said)
