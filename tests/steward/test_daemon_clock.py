"""The steward's clock: jumps hand out no new day, what time it is is written down, and it is told when nobody knows."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.clocktrust import Mark, Seen
from appliance.steward import daemon as steward
from appliance.steward.daemon import Daemon
from appliance.world import bus, clock
from appliance.world.snapshot import CURRENT, publish_house
from appliance.world.timekeeping import FILE
from tests.commands.cli import fake_daemon
from tests.machine import YEAR_S
from tests.steward.box import AT, DAY_S, Nameserver
from tests.steward.test_daemon import kinds, run, until
from tests.steward.test_daemon_minutes import SUNDAY, counted, home, noted, published


class Shift:
    """How far the machine's clock is from a certain Sunday noon and what has passed since."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.s, self.boot, self.is_set = 0.0, "first", False
        self._began = clock.uptime()
        monkeypatch.setattr(clock, "_offset", [0.0])
        monkeypatch.setattr(clock, "_doubted", [False])
        monkeypatch.setattr(clock, "look", self._look)

    @property
    def now(self) -> float:
        """The right time."""
        return AT + 1 + clock.uptime() - self._began

    def _look(self) -> Seen:
        return Seen(self.now + self.s, clock.uptime(), self.boot, self.is_set, is_kept=True)


@pytest.fixture
def shift(monkeypatch: pytest.MonkeyPatch) -> Shift:
    """Return the machine's clock, which a test moves; turns come soon."""
    for name, seconds in {"FIRST_GATHER_S": 3600.0, "HEALTH_S": 0.1, "STATE_S": 0.1, "DISK_S": 0.1}.items():
        monkeypatch.setattr(steward, name, seconds)
    return Shift(monkeypatch)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house that was saved a minute ago."""
    publish_house(tmp_path, home())
    os.utime(tmp_path / CURRENT, (AT - 60, AT - 60))
    return tmp_path


@pytest.fixture
def nameserver(data: Path) -> Iterator[Nameserver]:
    """A nameserver on the bus."""
    fake = Nameserver()
    with fake_daemon(data, fake.ask):
        yield fake


async def doubt(data: Path) -> object:
    """Return what the steward says against the clock."""
    status: dict[str, Any] = await asyncio.to_thread(bus.ask, data, "steward", {"ask": "status"})
    return status["clock"]


async def until_doubt(data: Path, expected: str | None) -> None:
    """Wait until the steward says this of the clock."""
    for _ in range(400):
        if await doubt(data) == expected:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(expected)


def written(data: Path) -> Mark:
    """Return what time was written down."""
    return msgspec.json.decode((data / FILE).read_bytes(), type=Mark)


def said(data: Path) -> list[str]:
    """Return what the journal says of the clock, the oldest first."""
    return [kind for kind in kinds(data) if kind.startswith("clock")]


@pytest.mark.parametrize(
    "jump", [5 * YEAR_S, -2 * YEAR_S, -AT + 100, DAY_S, -DAY_S], ids=["+5y", "-2y", "1970", "+1d", "-1d"]
)
def test_a_jump_hands_out_no_new_day(data: Path, nameserver: Nameserver, shift: Shift, jump: float) -> None:
    """What is used stays used, in the same day; counting goes on, and it is noted once."""
    clock.go_by(shift.now - clock.uptime())
    noted(nameserver, 8, 4)

    async def story(made: Daemon) -> None:
        await until(lambda: counted(data) == 4)
        shift.s = jump
        await until_doubt(data, "jumped")
        noted(nameserver, 3, 2)
        await made.count()
        minutes = published(data)
        assert minutes is not None
        assert (minutes.day, counted(data)) == (SUNDAY, 7)
        assert clock.now() == pytest.approx(shift.now, abs=1)
        assert written(data).is_sure
        shift.s = 0.0
        await until_doubt(data, None)

    run(data, story)
    assert said(data) == ["clock_doubted", "clock_trusted"]
    assert written(data).at == pytest.approx(shift.now, abs=30)


def test_a_restart_in_doubt(data: Path, nameserver: Nameserver, shift: Shift) -> None:
    """After a power cut the day goes on where it stopped, and so do its minutes; a time server brings the new day."""
    clock.go_by(shift.now - clock.uptime())
    noted(nameserver, 8, 4)

    async def first(_: Daemon) -> None:
        await until(lambda: counted(data) == 4)

    async def second(_: Daemon) -> None:
        assert await doubt(data) == "behind"
        minutes = published(data)
        assert minutes is not None
        assert (minutes.day, counted(data)) == (SUNDAY, 4)
        shift.s, shift.is_set = float(DAY_S), True
        await until_doubt(data, None)
        await until(lambda: counted(data) == 0)

    run(data, first)
    mark = written(data)
    # So long ago the machine started again, as far as its uptime says.
    (data / FILE).write_bytes(msgspec.json.encode(msgspec.structs.replace(mark, at=mark.at - clock.uptime())))
    shift.boot, shift.s = "second", -AT
    run(data, second)
    assert said(data) == ["clock_doubted", "clock_set", "clock_trusted"]
    assert written(data).at == pytest.approx(shift.now + DAY_S, abs=30)


def test_a_disk_that_takes_nothing(data: Path, shift: Shift, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that was written last stays; the steward runs on."""

    async def story(made: Daemon) -> None:
        await until((data / FILE).exists)
        before = written(data)

        def full() -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(made._time, "save", full)
        await made.keep_time()
        (data / CURRENT).unlink()
        monkeypatch.undo()
        await made.keep_time()
        assert written(data) == before

    run(data, story)
