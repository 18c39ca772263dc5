"""A daemon notices a changed house, and keeps the last good one whatever becomes of the file."""

from datetime import date
from pathlib import Path

import pytest

from appliance.core.budget import NOT_COUNTED, Minutes, Used
from appliance.core.house import House
from appliance.world.snapshot import CURRENT, PREVIOUS, publish_house
from appliance.world.state import FILE, State, publish_state
from appliance.world.watch import HouseWatch, MinutesWatch


def test_a_changed_house_is_another(tmp_path: Path) -> None:
    """Each published house is noticed once, with its number and digest."""
    watch = HouseWatch(tmp_path)
    assert (watch.look(), watch.revision, watch.digest) == (False, 0, "")
    for number in (1, 2):
        published = publish_house(tmp_path, House(country="DE" if number == 1 else "FR"))
        assert (watch.look(), watch.look()) == (True, False)
        assert (watch.snapshot, watch.revision, watch.digest) == (published, number, published.digest)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b'{"format": 2}'])
def test_a_broken_house_leaves_the_last_good_one(tmp_path: Path, text: bytes) -> None:
    """The problem is told as long as it lasts; a good house puts an end to it."""
    watch = HouseWatch(tmp_path)
    publish_house(tmp_path, House(country="DE"))
    good = publish_house(tmp_path, House(country="FR"))
    assert watch.look()
    (tmp_path / CURRENT).write_bytes(text)
    assert not watch.look()
    assert watch.snapshot == good
    assert str(watch.problem).startswith("house.json can't be read")
    publish_house(tmp_path, House(country="IT"))
    assert watch.look()
    told: str | None = watch.problem
    assert told is None


def test_a_house_that_goes_stays_in_force(tmp_path: Path) -> None:
    """Without any file the last good one is run, and that is told."""
    watch = HouseWatch(tmp_path)
    published = publish_house(tmp_path, House())
    assert watch.look()
    (tmp_path / CURRENT).unlink()
    assert not watch.look()
    assert watch.snapshot == published
    assert watch.problem == f"{tmp_path / CURRENT} is gone: the last good house stays in force"


def test_a_cold_start_takes_the_one_before(tmp_path: Path) -> None:
    """Whoever starts beside a broken file runs the house before it."""
    before = publish_house(tmp_path, House(country="DE"))
    publish_house(tmp_path, House(country="FR"))
    (tmp_path / CURRENT).write_bytes(b"{")
    watch = HouseWatch(tmp_path)
    assert watch.look()
    assert (watch.snapshot, (tmp_path / PREVIOUS).read_bytes()) == (before, before.text)
    assert "can't be read" in str(watch.problem)


def minutes(used: int) -> Minutes:
    """Return what was counted."""
    return Minutes(60.0 * used, date(2026, 3, 4), {"kim": {"everything": Used(used, used)}})


def test_counted_minutes_are_followed(tmp_path: Path) -> None:
    """Each time that others are counted, once; not when the steward says something else."""
    watch = MinutesWatch(tmp_path)
    assert (watch.look(), watch.minutes) == (False, NOT_COUNTED)
    for number in (1, 2):
        publish_state(tmp_path, State(at=float(number), minutes=minutes(number)))
        assert (watch.look(), watch.look(), watch.minutes) == (True, False, minutes(number))
    publish_state(tmp_path, State(at=3.0, minutes=minutes(2), revision=9))
    assert not watch.look()


@pytest.mark.parametrize(
    "text", [None, b"", b"{", b'{"format": 1, "at": 1.0}', b'{"format": 2, "at": 1.0, "minutes": 5}']
)
def test_what_was_counted_stays(tmp_path: Path, text: bytes | None) -> None:
    """When the file goes, breaks or is an older steward's."""
    watch = MinutesWatch(tmp_path)
    publish_state(tmp_path, State(at=1.0, minutes=minutes(1)))
    assert watch.look()
    (tmp_path / FILE).unlink() if text is None else (tmp_path / FILE).write_bytes(text)
    assert (watch.look(), watch.minutes) == (False, minutes(1))
    publish_state(tmp_path, State(at=2.0, minutes=minutes(2)))
    assert (watch.look(), watch.minutes) == (True, minutes(2))
