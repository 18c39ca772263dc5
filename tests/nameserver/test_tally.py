"""How often what kind of thing was decided for whom."""

import pytest

from appliance.nameserver import tally
from appliance.nameserver.tally import Key, Screen, Tally

FORUM = Key("kim", "6-9", "forum", "ask")
MUSIC = Key("kim", "6-9", "music", "allow")


def named(number: int) -> Key:
    """Return a key with a name."""
    return FORUM._replace(name=f"n{number}.example")


def test_news_are_what_was_added() -> None:
    """Each addition is told once, as a cell's and in its action's total, whichever is asked for first."""
    one = Tally()
    held = one.cell(FORUM)
    held[0] += 2
    one.cell(MUSIC)
    one.cell(named(1))[0] += 1
    assert one.totals() == {"ask": 3}
    assert one.news() == [(FORUM, 2), (named(1), 1)]
    held[0] += 5
    assert one.news() == [(FORUM, 5)]
    assert one.totals() == {"ask": 5}
    assert (one.totals(), one.news()) == ({}, [])


def test_cell_is_always_the_same() -> None:
    """The hot path may hold a cell for as long as it likes."""
    one = Tally()
    assert one.cell(FORUM) is one.cell(FORUM)
    assert one.cell(FORUM) is not one.cell(named(1))


def test_no_room_for_more_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit names are left out and counted, and nothing else: every number stays right."""
    monkeypatch.setattr(tally, "MAX_CELLS", 3)
    one = Tally()
    for number in range(10):
        one.cell(named(number))[0] += 1
    one.cell(MUSIC)[0] += 1
    assert (len(one), one.nameless) == (5, [7])
    assert dict(one.news()) == {named(0): 1, named(1): 1, named(2): 1, FORUM: 7, MUSIC: 1}


def told(one: Tally) -> Tally:
    """Fetch all that is new."""
    one.news()
    one.totals()
    return one


def test_sweep_drops_what_is_quiet() -> None:
    """A cell goes that was told, quiet from one sweep to the next, and that no finished reply would raise."""
    one = Tally()
    held, busy, quiet = (one.cell(named(number)) for number in range(3))
    for cell in (held, busy, quiet):
        cell[0] += 1
    told(one).sweep({id(held)})
    assert len(one) == 3
    busy[0] += 1
    told(one).sweep({id(held)})
    assert one.cell(named(0)) is held
    assert one.cell(named(1)) is busy
    assert len(one) == 2
    assert one.cell(named(2)) is not quiet


def test_sweep_loses_no_count() -> None:
    """What was not told yet stays, however long nothing is added."""
    one = Tally()
    one.cell(FORUM)[0] += 1
    one.news()
    for _ in range(3):
        one.sweep(())
    assert one.totals() == {"ask": 1}
    for _ in range(2):
        one.sweep(())
    assert len(one) == 0


def test_shed() -> None:
    """When no finished reply is kept, what is told goes at once; what is not told stays."""
    one = Tally()
    one.cell(named(1))[0] += 1
    told(one)
    one.cell(named(2))[0] += 1
    one.shed()
    assert one.news() == [(named(2), 1)]
    told(one).shed()
    assert len(one) == 0


VIDEO = Screen("kim", "youtube", "video")


def test_screen_time_is_part_of_it() -> None:
    """A cell may stand for screen time as well: told once, beside the count of the same key and not inside it."""
    one = Tally()
    one.cell(MUSIC)[0] += 1
    one.cell(MUSIC, VIDEO)[0] += 2
    one.screen("rewrite", VIDEO)[0] += 4
    assert one.cell(MUSIC, VIDEO) is one.cell(MUSIC, VIDEO)
    assert one.totals() == {"allow": 3, "rewrite": 4}
    assert (one.news(), one.screens()) == ([(MUSIC, 3)], {VIDEO: 6})
    assert (one.news(), one.screens()) == ([], {})
    one.cell(MUSIC, VIDEO)[0] += 1
    one.news()
    one.cell(MUSIC, VIDEO)[0] += 1
    one.news()
    assert one.screens() == {VIDEO: 2}


def test_screen_time_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for a name, the minutes count all the same."""
    monkeypatch.setattr(tally, "MAX_CELLS", 1)
    one = Tally()
    for number in range(3):
        one.cell(named(number), VIDEO)[0] += 1
    assert one.news() == [(named(0), 1), (FORUM, 2)]
    assert (one.screens(), one.nameless) == ({VIDEO: 3}, [2])


def test_cells_of_screen_time_go_when_they_are_quiet() -> None:
    """As all others do."""
    one = Tally()
    one.screen("allow", VIDEO)[0] += 1
    told(one).sweep(())
    one.sweep(())
    assert len(one) == 0
    one.screen("allow", VIDEO)[0] += 1
    one.shed()
    assert len(one) == 1
    told(one).shed()
    assert len(one) == 0
