"""A nameserver whose clock is wrong: the last plan goes on, time servers are found, the right time is gone by at once.

Once with a clock that a test moves (Debian's libfaketime), for a nameserver and a steward together.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.clocktrust import Mark
from appliance.core.device import Device
from appliance.core.house import Doubted, House
from appliance.core.person import Person
from appliance.core.schedule import Window
from appliance.nameserver.link import TakeTime
from appliance.world import bus, clock
from appliance.world.snapshot import CURRENT, publish_house
from appliance.world.timekeeping import FILE
from tests.fakes import REAL, fake_upstream
from tests.nameserver.inside import ask, in_loop, resolver_of, snapshot_of
from tests.nameserver.test_worker import led
from tests.needs import need
from tests.running import START_S, STOP_S, Running, addresses, running, until

KIM, SAM = "127.0.0.2", "127.0.0.3"
SITE, NTP, HELP, LESSON = "site.example", "2.debian.pool.ntp.org", "www.nummergegenkummer.de", "www.khanacademy.org"
CLOSED = ["0.0.0.0"]
TURN_S = 20.0


def house(doubted: Doubted = Doubted.PLAN, start: str = "00:00", end: str = "24:00") -> House:
    """Return a house in which Kim has a bedtime and Sam has none."""
    window = Window(name="Bedtime", start=start, end=end)
    return House(
        persons=(
            Person(id="kim", name="Kim", band="13-15", windows=(window,)),
            Person(id="sam", name="Sam", band="13-15"),
        ),
        devices=(
            Device(id="tablet", addresses=(KIM,), person="kim"),
            Device(id="phone", addresses=(SAM,), person="sam"),
        ),
        doubted_clock=doubted,
    )


@pytest.fixture
def going(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process go by its own time again afterwards."""
    monkeypatch.setattr(clock, "_offset", list(clock._offset))
    monkeypatch.setattr(clock, "_doubted", [False])


@pytest.mark.usefixtures("going")
@in_loop
async def test_what_was_decided_before_is_decided_anew() -> None:
    """When the time gets into doubt, and when it is known again; what the house chose holds meanwhile."""
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    free = house(Doubted.CLOSED, f"{now + 2 * hour:%H:%M}", f"{now + 3 * hour:%H:%M}")
    with fake_upstream() as fake:
        resolver = resolver_of(fake.endpoint, house=free)
        for is_doubted, expected in ((False, [REAL]), (True, CLOSED), (False, [REAL])):
            clock.go_by(clock.now() - clock.uptime(), is_doubted=is_doubted)
            resolver.take_doubt()
            for _ in range(2):
                assert addresses(await ask(resolver, SITE, source=KIM)) == expected
                assert addresses(await ask(resolver, SITE, source=SAM)) == [REAL]
                assert addresses(await ask(resolver, NTP, source=KIM)) == [REAL]
                assert addresses(await ask(resolver, HELP, source=KIM)) == [REAL]
                assert addresses(await ask(resolver, LESSON, source=KIM)) == [REAL]


@in_loop
async def test_a_worker_goes_by_what_it_is_told() -> None:
    """Whatever the machine's clock shows: an hour of the plan for an hour of the uptime."""
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC).timestamp()
    at_night = snapshot_of(house(Doubted.CLOSED, "20:00", "06:00")).text
    with fake_upstream() as fake:
        async with led(fake.endpoint) as worker:
            worker.link.tell(TakeTime(noon - clock.uptime(), is_doubted=False))
            await worker.adopt(at_night)
            assert await worker.seen(SITE) == [REAL]
            worker.link.tell(TakeTime(noon - clock.uptime(), is_doubted=True))
            await worker.adopt(at_night)
            assert await worker.seen(SITE) == CLOSED
            worker.link.tell(TakeTime(noon - clock.uptime() + 9 * 3_600, is_doubted=False))
            await worker.adopt(at_night)
            assert await worker.seen(SITE) == CLOSED


@pytest.fixture
def faked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file whose text moves the clock of every process that is started; the uptime is never moved."""
    found = [str(one) for one in Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    need(bool(found), "libfaketime (Debian package faketime)")
    file = tmp_path / "clock"
    file.write_text("+0\n")
    told = {
        "LD_PRELOAD": found[0],
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return file


def doubts(box: Running) -> set[Any]:
    """Return what nameserver and steward say against the clock."""
    return {bus.ask(box.data, name, {"ask": "status"})["clock"] for name in ("nameserver", "steward")}


@contextmanager
def steward(data: Path) -> Iterator[None]:
    """Have a steward run."""
    argv = [sys.executable, "-m", "appliance", "steward", "--data", str(data)]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until((data / "bus" / "steward.sock").exists, START_S, "the steward is up")
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        finally:
            process.kill()
            process.wait(STOP_S)


def test_after_a_power_cut(faked: Path, tmp_path: Path) -> None:
    """At 1970 a bedtime that ran goes on, and time servers are found; set right, its end is felt; five years aren't."""
    now = time.time()
    began, ends = (datetime.fromtimestamp(now + minutes * 60, UTC) for minutes in (-90, -10))
    data = tmp_path / "data"
    publish_house(data, house(start=f"{began:%H:%M}", end=f"{ends:%H:%M}"))
    # The power went off 40 minutes ago, as far as that is known; the uptime is that of the machine.
    cut = now - 2_400 - clock.uptime()
    mark = Mark(cut, 9_000.0, "the start before", is_sure=True, offset=cut - 9_000)
    (data / FILE).write_bytes(msgspec.json.encode(mark))
    faked.write_text(f"-{now - 60:.0f}\n")
    with fake_upstream() as fake, running(data, (fake.endpoint,)) as box, steward(data):
        until(lambda: doubts(box) == {"behind"}, TURN_S, "it is noticed")
        assert addresses(box.ask(SITE, source=KIM)) == CLOSED
        assert addresses(box.ask(SITE, source=SAM)) == [REAL]
        assert addresses(box.ask(NTP, source=KIM)) == [REAL]
        assert addresses(box.ask(HELP, source=KIM)) == [REAL]
        faked.write_text("+0\n")
        until(lambda: doubts(box) == {None}, TURN_S, "the clock is gone by")
        until(lambda: addresses(box.ask(SITE, source=KIM)) == [REAL], TURN_S, "the bedtime is over")
        until(lambda: written(data).is_sure, TURN_S, "the time is written down")
        for jump in ("+157680000", "-63072000"):
            faked.write_text(f"{jump}\n")
            until(lambda: doubts(box) <= {"jumped", "behind"}, TURN_S, "the jump is noticed")
            assert addresses(box.ask(SITE, source=KIM)) == [REAL]
            assert written(data).at < now + 600
        faked.write_text("+0\n")
        until(lambda: doubts(box) == {None}, TURN_S, "the clock is right again")


def written(data: Path) -> Mark:
    """Return what time was written down."""
    return msgspec.json.decode((data / FILE).read_bytes(), type=Mark)


def test_a_daemon_that_starts_while_its_clock_has_jumped(tmp_path: Path, faked: Path) -> None:
    """Without a steward, and without a file of the time: when the house was saved is the last time that is known."""
    now = time.time()
    began, ends = (datetime.fromtimestamp(now + minutes * 60, UTC) for minutes in (-60, 60))
    data = tmp_path / "data"
    publish_house(data, house(start=f"{began:%H:%M}", end=f"{ends:%H:%M}"))
    os.utime(data / CURRENT, (now, now))
    faked.write_text("+157680000\n")
    with fake_upstream() as fake, running(data, (fake.endpoint,)) as box:
        assert box.status()["clock"] == "ahead"
        assert addresses(box.ask(SITE, source=KIM)) == CLOSED
