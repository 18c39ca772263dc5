"""How often what kind of thing was decided for whom."""

import pytest

from appliance.nameserver import tally
from appliance.nameserver.tally import Cell, Key, Screen, Tally

FORUM = Key("kim", "6-9", "forum", "ask")
MUSIC = Key("kim", "6-9", "music", "allow")


def at(one: Tally, key: Key, screen: Screen | None = None) -> Cell:
    """Return the cell of a key."""
    return one.cell(key.action, key, screen)


def named(number: int) -> Key:
    """Return a key with a name."""
    return FORUM._replace(name=f"n{number}.example")


def test_news_are_what_was_added() -> None:
    """Each addition is told once, as a cell's and in its action's total, whichever is asked for first."""
    one = Tally()
    held = at(one, FORUM)
    held.add(2)
    at(one, MUSIC)
    at(one, named(1)).add()
    assert one.totals() == {"ask": 3}
    assert one.news() == [(FORUM, 2), (named(1), 1)]
    held.add(5)
    assert one.news() == [(FORUM, 5)]
    assert one.totals() == {"ask": 5}
    assert (one.totals(), one.news()) == ({}, [])


def test_cell_is_always_the_same() -> None:
    """The hot path may hold a cell for as long as it likes."""
    one = Tally()
    assert at(one, FORUM) is at(one, FORUM)
    assert at(one, FORUM) is not at(one, named(1))


def test_no_room_for_more_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit names are left out and counted, and nothing else: every number stays right."""
    one = Tally()
    monkeypatch.setattr(tally, "MAX_CELLS", len(one) + 3)
    for number in range(10):
        at(one, named(number)).add()
    at(one, MUSIC).add()
    assert len(one) == 6
    assert one.totals() == {"ask": 10, "allow": 1, "dropped.names": 7}
    assert dict(one.news()) == {named(0): 1, named(1): 1, named(2): 1, FORUM: 7, MUSIC: 1}


def test_whoever_holds_a_cell_may_raise_it_for_ever() -> None:
    """Also one that the tally has forgotten, beside another one of the same cause: nothing is lost, nothing twice."""
    one = Tally()
    held = at(one, FORUM)
    held.add()
    one.forget()
    assert len(one) == 0
    other = at(one, FORUM)
    assert other is not held
    other.add()
    held.add(2)
    assert (one.news(), one.totals()) == ([(FORUM, 4)], {"ask": 4})
    held.add()
    assert (one.news(), one.totals()) == ([(FORUM, 1)], {"ask": 1})


def test_raised_by_nothing() -> None:
    """There is nothing to tell."""
    one = Tally()
    one.number("lost").add(0)
    assert one.totals() == {}
    one.number("lost").add()
    assert one.totals() == {"lost": 1}


def test_sweep_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """For other names, before there is none, and what was counted is told all the same."""
    monkeypatch.setattr(tally, "MAX_CELLS", 4)
    one = Tally()
    for number in range(2):
        at(one, named(number)).add()
        one.sweep()
    assert len(one) == 0
    at(one, named(2)).add()
    one.sweep()
    assert len(one) == 1
    assert one.news() == [(named(number), 1) for number in range(3)]


VIDEO = Screen("kim", "youtube", "video")


def test_screen_time_is_part_of_it() -> None:
    """A cell may stand for screen time as well: told once, beside the count of the same key and not inside it."""
    one = Tally()
    at(one, MUSIC).add()
    at(one, MUSIC, VIDEO).add(2)
    one.cell("rewrite", None, VIDEO).add(4)
    assert at(one, MUSIC, VIDEO) is at(one, MUSIC, VIDEO)
    assert one.totals() == {"allow": 3, "rewrite": 4}
    assert (one.news(), one.screens()) == ([(MUSIC, 3)], {VIDEO: 6})
    assert (one.news(), one.screens()) == ([], {})
    at(one, MUSIC, VIDEO).add()
    one.news()
    at(one, MUSIC, VIDEO).add()
    one.news()
    assert one.screens() == {VIDEO: 2}


def test_screen_time_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for a name, the minutes count all the same."""
    one = Tally()
    monkeypatch.setattr(tally, "MAX_CELLS", len(one) + 1)
    for number in range(3):
        at(one, named(number), VIDEO).add()
    assert one.news() == [(named(0), 1), (FORUM, 2)]
    assert (one.screens(), one.totals()["dropped.names"]) == ({VIDEO: 3}, 2)
