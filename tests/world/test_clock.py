"""The clock and the time zones."""

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.world import clock


def test_now_is_posix_seconds() -> None:
    """The time is that of the system, in POSIX seconds, until another one is to be gone by."""
    before = time.time()
    now = clock.now()
    assert before - 0.1 <= now <= time.time() + 0.1


def test_another_time_is_gone_by(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the clock shows is another matter then."""
    monkeypatch.setattr(clock, "_offset", [0.0])
    monkeypatch.setattr(clock, "_doubted", [False])
    clock.go_by(1_000.0, is_doubted=True)
    assert clock.is_doubted()
    assert clock.now() == pytest.approx(clock.uptime() + 1_000, abs=1)
    assert clock.look().now == pytest.approx(time.time(), abs=1)


def test_the_machine_is_looked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its clock, its uptime, which start it is, whether a time server or a battery keeps it."""
    seen = clock.look()
    assert seen.uptime == pytest.approx(clock.uptime(), abs=1)
    assert seen.boot == clock.look().boot
    monkeypatch.setattr(clock, "BATTERY", tmp_path)
    monkeypatch.setattr(clock, "BOOT_ID", tmp_path)
    monkeypatch.delenv("KINDGATE_BOOT", raising=False)
    assert (clock.look().is_kept, clock.look().boot) == (True, "")
    monkeypatch.setattr(clock, "BATTERY", tmp_path / "rtc0")
    assert not clock.look().is_kept
    (tmp_path / "boot_id").write_text("562fb942-1e97-4c7f-8f95-7ba50ce3da26\n")
    monkeypatch.setattr(clock, "BOOT_ID", tmp_path / "boot_id")
    monkeypatch.setenv("KINDGATE_BOOT", "562fb9421e974c7f8f957ba50ce3da26")
    told = clock.look().boot
    monkeypatch.setenv("KINDGATE_BOOT", "")
    assert clock.look().boot == told == "562fb9421e974c7f8f957ba50ce3da26"


@pytest.mark.parametrize(("state", "expected"), [(0, True), (3, True), (5, False), (-1, False)])
def test_the_kernel_knows_of_time_servers(monkeypatch: pytest.MonkeyPatch, state: int, expected: bool) -> None:
    """adjtimex(2) says TIME_ERROR while nobody keeps the clock right, and -1 where it may not be asked."""
    kernel = SimpleNamespace(adjtimex=lambda timex: state if len(timex) >= 208 else None)
    monkeypatch.setattr("appliance.world.clock.ctypes.CDLL", lambda _: kernel)
    assert clock.look().is_set is expected


def test_a_process_that_is_held_up_sees_no_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clock and uptime are read together, or once more."""
    ups = iter((0.0, 0.0, 7.0, 7.0, 7.001))
    monkeypatch.setattr(clock, "time", SimpleNamespace(time=lambda: 0.0, monotonic=lambda: next(ups)))
    assert clock.look().uptime == 7.001


def test_uptime_only_goes_up() -> None:
    """The uptime never goes back."""
    seen = [clock.uptime() for _ in range(1000)]
    assert sorted(seen) == seen


def test_pause_waits() -> None:
    """A pause is as long as it was told."""
    began = clock.uptime()
    clock.pause(0.01)
    assert clock.uptime() - began >= 0.01


def test_zone_is_found_by_name() -> None:
    """A zone knows its daylight saving time."""
    summer = datetime(2026, 7, 1, 12, tzinfo=clock.zone("Europe/Berlin"))
    assert summer.astimezone(UTC).hour == 10


def test_utc_needs_no_data() -> None:
    """UTC is there even where no zone data is."""
    assert clock.zone("UTC") is UTC


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "Europe", "../etc/passwd", "/etc/passwd", "a\0b", "\udc80", "zone.tab", "x" * 5000]
)
def test_unknown_zone(name: str) -> None:
    """What is no zone's name is our own error, whatever it holds."""
    with pytest.raises(clock.UnknownZone, match="named like Europe/Berlin"):
        clock.zone(name)


def test_iso_has_the_offset() -> None:
    """A time is written with the offset of its place, to the second."""
    assert clock.iso(1_772_632_800.9, clock.zone("Europe/Berlin")) == "2026-03-04T15:00:00+01:00"


@pytest.mark.parametrize(("moved_s", "expected"), [(0.0, False), (1.9, False), (2.1, True), (-2.1, True), (1e9, True)])
def test_jump_is_noticed(monkeypatch: pytest.MonkeyPatch, moved_s: float, expected: bool) -> None:
    """A clock that is set by more than two seconds, forth or back, has jumped; time that passes is no jump."""
    now, uptime = 1_000_000.0, 50.0
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(clock, "uptime", lambda: uptime)
    watch = clock.JumpWatch()
    now, uptime = now + 3600 + moved_s, uptime + 3600
    assert watch.has_jumped() is expected


def test_jump_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a jump the new time is the one that counts."""
    now = 1_000_000.0
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(clock, "uptime", lambda: 50.0)
    watch = clock.JumpWatch()
    now += 100
    assert [watch.has_jumped(), watch.has_jumped()] == [True, False]
