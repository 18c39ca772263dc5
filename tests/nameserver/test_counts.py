"""What a worker counts."""

import pytest

from appliance.core.verdict import Action, Reason, Step, Verdict
from appliance.nameserver import tally
from appliance.nameserver.counts import Counts, add_up
from appliance.nameserver.tally import Key, Screen


def verdict(action: Action, *, traceless: bool = False) -> Verdict:
    """Return a verdict of an action."""
    return Verdict(action, Step.CATEGORY, Reason("category"), traceless=traceless)


def test_news_are_what_was_added() -> None:
    """News hold what was added since the last call, nothing twice, and no zeros."""
    counts = Counts()
    counts.cell("idle")
    counts.add("a")
    counts.add("a")
    counts.add("b")
    first = counts.news()
    counts.add("a")
    assert [first, counts.news(), counts.news()] == [{"a": 2, "b": 1}, {"a": 1}, {}]


def test_cell_is_always_the_same() -> None:
    """The hot path may hold a cell for as long as it likes."""
    counts = Counts()
    cell = counts.cell("a")
    cell.add(3)
    assert counts.cell("a") is cell
    assert counts.news() == {"a": 3}
    cell.add()
    assert counts.news() == {"a": 1}


def test_reply_is_counted_by_its_action() -> None:
    """Each action has a number of its own."""
    counts = Counts()
    for action in Action:
        counts.of(verdict(action)).add()
    assert counts.news() == {f"answered.{action.value}": 1 for action in Action}


def test_traceless_reply_is_one_of_many() -> None:
    """A traceless reply is counted as a reply without a verdict is: nobody sees what became of it."""
    counts = Counts()
    cells = [counts.of(None), *(counts.of(verdict(action, traceless=True)) for action in Action)]
    for cell in cells:
        cell.add()
    assert counts.news() == {"answered": len(cells)}


def test_tally_is_part_of_the_numbers() -> None:
    """What is counted for a person is counted for the box too, by its action and once; traceless it is not tallied."""
    counts = Counts()
    key = Key("kim", "6-9", "forum", "ask", "a.example")
    counts.of(verdict(Action.ASK), key).add(2)
    counts.of(verdict(Action.ASK)).add()
    counts.of(verdict(Action.ASK, traceless=True), key).add()
    assert counts.news() == {"answered.ask": 3, "answered": 1}
    assert counts.news() == {}
    assert counts.tally.news() == [(key, 2)]


def test_names_left_out_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many names found no room is a number of the box."""
    monkeypatch.setattr(tally, "MAX_CELLS", 0)
    counts = Counts()
    counts.of(verdict(Action.ASK), Key("kim", "6-9", "forum", "ask", "a.example")).add()
    assert counts.news() == {"answered.ask": 1, "dropped.names": 1}


def test_add_up() -> None:
    """Fresh numbers are added to a total, those that are not to be kept left out."""
    total = {"a": 1}
    add_up(total, {"a": 2, "b": 3})
    add_up(total, {"a": 1, "c": 9}, lambda name: name != "c")
    assert total == {"a": 4, "b": 3}


def test_screen_time_of_whom_nothing_may_be_counted() -> None:
    """It is an answer of the box's, and minutes; of a traceless one neither."""
    counts = Counts()
    screen = Screen("sam", None, "video")
    counts.of(verdict(Action.ALLOW), None, screen).add(2)
    counts.of(verdict(Action.ALLOW, traceless=True), None, screen).add()
    assert counts.news() == {"answered.allow": 2, "answered": 1}
    assert (counts.tally.news(), counts.tally.screens()) == ([], {screen: 2})
