"""What the nameserver noted of screen time: taken once, whoever of the two is started anew."""

import pytest

from appliance.core.activity import Asked
from appliance.steward import screen
from appliance.steward.screen import Notes
from appliance.world.bus import BusError
from tests.steward.box import Nameserver

ALL = (0, 1_000)
BOTH = ("ada", "ben")


@pytest.fixture
def nameserver() -> Nameserver:
    """A nameserver with nothing to tell."""
    return Nameserver()


def asked(minute: int, times: int, person: str = "ada") -> Asked:
    """Return a note as it is reckoned with."""
    return Asked(person, minute, None, "video", times)


def row(minute: int, times: int, person: str = "ada") -> list[object]:
    """Return a note as it is told."""
    return [minute, person, None, "video", times]


def test_what_is_told_again_is_the_same(nameserver: Nameserver) -> None:
    """A note that grew takes the place of the one before; what is new is asked for, and no more."""
    notes = Notes(nameserver.ask)
    nameserver.screens = [row(5, 3)]
    notes.fetch(*ALL)
    nameserver.screens += [row(5, 7), row(6, 1)]
    notes.fetch(*ALL)
    notes.fetch(*ALL)
    assert notes.asked(BOTH) == [asked(5, 7), asked(6, 1)]
    assert nameserver.asked[-1] == {"ask": "screens", "run": "first", "since": 3}


def test_another_run_of_the_nameserver(nameserver: Nameserver) -> None:
    """What the one before had told stays, and what the new one tells of the same minute is added."""
    notes = Notes(nameserver.ask)
    nameserver.screens = [row(5, 3), row(4, 9)]
    notes.fetch(*ALL)
    nameserver.run, nameserver.screens = "second", [row(5, 2)]
    notes.fetch(*ALL)
    notes.fetch(*ALL)
    assert sorted(notes.asked(BOTH), key=lambda one: (one.minute, -one.times)) == [
        asked(4, 9),
        asked(5, 3),
        asked(5, 2),
    ]


def test_what_is_too_old_or_yet_to_come_goes(nameserver: Nameserver) -> None:
    """And what is of somebody else is not given out."""
    notes = Notes(nameserver.ask)
    nameserver.screens = [row(1, 1), row(2, 2), row(9, 3), row(3, 4, "gone")]
    notes.fetch(2, 8)
    assert notes.asked(BOTH) == [asked(2, 2)]
    assert notes.is_busy(2)
    assert not notes.is_busy(4)
    notes.forget_after(1)
    assert notes.asked(BOTH) == []


@pytest.mark.parametrize("told", [None, 5, [], ["5", "ada", None, "video", 1], [5, "ada"], {}])
def test_what_can_not_be_read_is_left_out(nameserver: Nameserver, told: object) -> None:
    """Whatever it says."""
    notes = Notes(
        lambda request: nameserver.ask(request) | {"rows": [told, row(5, 1)], "serial": request["since"] or 1}
    )
    nameserver.screens = []
    notes.fetch(*ALL)
    assert notes.asked(BOTH) == [asked(5, 1)]


def test_no_end_of_rows(nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A nameserver that always has more, or more than there is room for, keeps nobody from going on."""
    monkeypatch.setattr(screen, "MAX_NOTES", 2)
    minutes = iter(range(1_000))
    notes = Notes(lambda _: {"run": "r", "serial": 1, "rows": [row(next(minutes), 1)]})
    notes.fetch(*ALL)
    assert len(notes.asked(BOTH)) == 2


def test_a_nameserver_that_is_away(nameserver: Nameserver) -> None:
    """It is told, and what was fetched stays."""
    notes = Notes(nameserver.ask)
    nameserver.screens = [row(5, 3)]
    notes.fetch(*ALL)
    nameserver.is_away = True
    with pytest.raises(BusError):
        notes.fetch(*ALL)
    assert notes.asked(BOTH) == [asked(5, 3)]
