"""The time that a process goes by: at starts, at jumps, with the file of another start, and what is written."""

import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from appliance.core.clocktrust import Doubt, Mark
from appliance.world import clock
from appliance.world.snapshot import CURRENT
from appliance.world.timekeeping import FILE, LOOK_S, Timekeeper
from tests.machine import AT, YEAR_S, Machine


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a machine of which everything is known."""
    return Machine(monkeypatch)


def test_a_clock_that_is_right_is_gone_by(machine: Machine, tmp_path: Path) -> None:
    """And nothing is news while it runs on, not even by the little that two readings differ."""
    keeper = Timekeeper(tmp_path)
    assert (keeper.doubt, clock.now()) == (None, AT)
    machine.run(60)
    machine.shown += 0.03
    assert not keeper.look()
    assert clock.now() == AT + 60


@pytest.mark.parametrize("jump", [5 * YEAR_S, -2 * YEAR_S, -AT])
def test_a_jump_is_not_gone_by(machine: Machine, tmp_path: Path, jump: float) -> None:
    """The time goes on, in this process and in one that starts later; until the clock is right again."""
    keeper = Timekeeper(tmp_path)
    keeper.save()
    machine.run(600)
    machine.shown += jump
    assert clock.now() == AT + 600
    assert keeper.look()
    assert (keeper.doubt is None, clock.now()) == (False, AT + 600)
    keeper.save()
    later = Timekeeper(tmp_path)
    assert (later.doubt is None, clock.now()) == (False, AT + 600)
    machine.run(60)
    machine.shown -= jump
    assert keeper.look()
    assert (keeper.doubt, clock.now()) == (None, AT + 660)


def test_after_a_power_cut_the_last_time_goes_on(machine: Machine, tmp_path: Path) -> None:
    """Until a time server has set the clock, and then all at once."""
    Timekeeper(tmp_path).save()
    machine.cut("second", 40.0)
    keeper = Timekeeper(tmp_path)
    assert (keeper.doubt, clock.now()) == (Doubt.BEHIND, AT + 40)
    machine.run(3_600)
    assert not keeper.look()
    assert clock.now() == AT + 3_640
    keeper.save()
    machine.cut("third", 40.0)
    keeper = Timekeeper(tmp_path)
    assert (keeper.doubt, clock.now()) == (Doubt.BEHIND, AT + 3_680)
    machine.shown, machine.is_set = AT + 30_000, True
    assert keeper.look()
    assert (keeper.doubt, clock.now()) == (None, AT + 30_000)


def test_a_daemon_that_is_started_again_believes_what_another_wrote(machine: Machine, tmp_path: Path) -> None:
    """What the steward found to be right in this start is right for all, though nobody answers for the clock now."""
    Timekeeper(tmp_path).save()
    machine.cut("second", AT + 60)
    keeper = Timekeeper(tmp_path)
    follower = Timekeeper(tmp_path)
    assert (keeper.doubt, follower.doubt) == (Doubt.STOOD, Doubt.STOOD)
    machine.is_set = True
    keeper.look()
    keeper.save()
    machine.is_set = False
    assert Timekeeper(tmp_path).doubt is None
    assert follower.look()
    assert follower.doubt is None


def test_without_a_file_the_house_says_when_it_was_written(machine: Machine, tmp_path: Path) -> None:
    """A box that is set up and loses its power at once doesn't begin in 1970 either."""
    (tmp_path / CURRENT).write_bytes(b"{}")
    os.utime(tmp_path / CURRENT, (AT, AT))
    machine.shown = 40.0
    assert (Timekeeper(tmp_path).doubt, clock.now()) == (Doubt.BEHIND, AT)
    machine.shown = AT + 100
    assert Timekeeper(tmp_path).doubt is None


@pytest.mark.parametrize(
    "octets",
    [b"", b"{", b"[" * 9_000, b"\xff", b"null", b'{"at":1}',
     msgspec.json.encode(Mark(AT + 90 * YEAR_S, 0.0, "x", is_sure=True, offset=0.0))],
)  # fmt: skip
def test_a_file_that_cant_be_read_is_none(machine: Machine, tmp_path: Path, octets: bytes) -> None:
    """Nor does it undo what was known before."""
    (tmp_path / FILE).write_bytes(octets)
    assert Timekeeper(tmp_path).doubt is None
    keeper = Timekeeper(tmp_path / "away")
    (tmp_path / "away").mkdir()
    (tmp_path / "away" / FILE).write_bytes(octets)
    machine.run(1)
    machine.shown += YEAR_S
    keeper.look()
    assert keeper.doubt is Doubt.JUMPED


def test_where_the_start_is_not_known_the_file_says_nothing(machine: Machine, tmp_path: Path) -> None:
    """It may be of this start or of another; a jump is noticed all the same."""
    machine.run(100_000)
    Timekeeper(tmp_path).save()
    machine.boot = ""
    machine.run(60)
    keeper = Timekeeper(tmp_path)
    assert keeper.doubt is None
    machine.shown += YEAR_S
    keeper.look()
    assert keeper.doubt is Doubt.JUMPED


def test_what_is_written_is_the_time(machine: Machine, tmp_path: Path) -> None:
    """For owner and group of the folder, whole, in place of what was written before."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 4711, 4712)
    keeper = Timekeeper(tmp_path)
    machine.run(60)
    keeper.look()
    keeper.save()
    status, folder = (tmp_path / FILE).stat(), tmp_path.stat()
    assert (status.st_mode & 0o777, status.st_gid) == (0o640, folder.st_gid)
    assert [one.name for one in tmp_path.iterdir()] == [FILE]
    mark = msgspec.json.decode((tmp_path / FILE).read_bytes(), type=Mark)
    assert mark == Mark(AT + 60, 100.0, "first", is_sure=True, offset=AT - 40)
    with pytest.raises(OSError, match="No such file"):
        Timekeeper(tmp_path / "away").save()


def test_it_is_not_looked_at_for_each_question(machine: Machine, tmp_path: Path) -> None:
    """A page is asked for often; half a second is soon enough."""
    keeper = Timekeeper(tmp_path)
    machine.shown += YEAR_S
    assert not keeper.tend()
    machine.run(LOOK_S)
    assert keeper.tend()
    assert keeper.doubt is Doubt.JUMPED


@pytest.mark.parametrize("change", ["2026-03-29T00:59:30", "2026-10-25T00:59:30"], ids=["forward", "back"])
def test_summer_time_is_no_jump(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, change: str) -> None:
    """An hour that clocks on walls skip or show twice passes like any other; the zone alone knows of it."""
    began = datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp()
    machine, berlin = Machine(monkeypatch, began), ZoneInfo("Europe/Berlin")
    keeper, jumps = Timekeeper(tmp_path), clock.JumpWatch()
    hours = [datetime.fromtimestamp(clock.now(), berlin).hour]
    machine.run(60)
    assert not keeper.look()
    hours.append(datetime.fromtimestamp(clock.now(), berlin).hour)
    assert (keeper.doubt, jumps.has_jumped()) == (None, False)
    assert (clock.now() - began, abs(hours[1] - hours[0])) == (60, 2 if "03-29" in change else 0)
    assert hours[1] in (2, 3)
