"""The clock and the time zones."""

import time
from datetime import UTC, datetime

import pytest

from appliance.world import clock


def test_now_is_posix_seconds() -> None:
    """The time is that of the system, in POSIX seconds."""
    before = time.time()
    now = clock.now()
    assert before <= now <= time.time()


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
