"""The clockwork: jobs run, late ones once, whatever is done to the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from appliance.steward.clockwork import Clockwork, Every

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
Story = Callable[[Clockwork], Awaitable[None]]


def told(story: Story) -> None:
    """Let a story happen in a clockwork, and stop it."""

    async def run() -> None:
        clockwork = Clockwork()
        async with asyncio.timeout(20):
            await story(clockwork)
            await clockwork.stop(1.0)

    asyncio.run(run())


async def nothing() -> None:
    """Do nothing."""


def test_jobs_run_again_and_again() -> None:
    """The first time when it was told, then every so often."""
    done = asyncio.Event()
    count = 0

    async def work() -> None:
        nonlocal count
        count += 1
        if count == 3:
            done.set()

    async def story(clockwork: Clockwork) -> None:
        clockwork.every(0.02, work, first_s=0)
        clockwork.start()
        await done.wait()

    told(story)
    assert count >= 3


def test_a_job_that_fails_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever befalls it once."""
    done = asyncio.Event()
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) < 2:
            raise RuntimeError("once")
        done.set()

    async def story(clockwork: Clockwork) -> None:
        clockwork.every(0.02, work, first_s=0)
        clockwork.start()
        await done.wait()

    told(story)
    assert "once" in caplog.text


def test_a_job_at_work_is_not_begun_again() -> None:
    """One that takes longer than its turn has its next turn later."""
    running: list[int] = []

    async def work() -> None:
        running.append(1)
        await asyncio.sleep(0.1)
        assert len(running) == 1
        running.clear()

    async def story(clockwork: Clockwork) -> None:
        clockwork.every(0.01, work, first_s=0)
        clockwork.start()
        await asyncio.sleep(0.3)

    told(story)


def test_stopping_waits_for_what_is_at_work() -> None:
    """What was begun comes to its end."""
    steps: list[str] = []
    begun = asyncio.Event()

    async def work() -> None:
        steps.append("begun")
        begun.set()
        await asyncio.sleep(0.1)
        steps.append("done")

    async def story(clockwork: Clockwork) -> None:
        clockwork.every(3600, work, first_s=0)
        clockwork.start()
        await begun.wait()

    told(story)
    assert steps == ["begun", "done"]


def test_at_once() -> None:
    """What is to happen now happens now, also while it is at work already."""
    begun, done = asyncio.Event(), asyncio.Event()
    count = 0

    async def work() -> None:
        nonlocal count
        count += 1
        begun.set()
        await asyncio.sleep(0.05)
        if count == 2:
            done.set()

    async def story(clockwork: Clockwork) -> None:
        clockwork.start()
        clockwork.at_once(work)
        await begun.wait()
        clockwork.at_once(work)
        await done.wait()

    told(story)


def test_a_clock_set_forward_by_years_has_nothing_to_catch_up() -> None:
    """Sixty years of turns of two seconds are one turn."""
    trigger = Every(seconds=2, timezone=UTC)
    before = NOW - timedelta(days=60 * 365)
    assert trigger.get_next_fire_time(before, NOW) == NOW + timedelta(seconds=2)


def test_a_clock_set_back() -> None:
    """Jobs that would wait for years run at their next turn by the clock as it is."""

    async def story(clockwork: Clockwork) -> None:
        clockwork.every(2, nothing, first_s=10 * 365 * 86_400)
        clockwork.at_midnight(nothing, UTC)
        clockwork.start()
        clockwork.set_anew()
        latest = datetime.now(UTC) + timedelta(days=1, seconds=2)
        assert all(at is not None and at <= latest for at in clockwork.due().values())
        assert len(clockwork.due()) == 2

    told(story)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Auckland", "America/Los_Angeles", "UTC"])
def test_midnight_is_the_houses(zone: str) -> None:
    """A second after it, by its clock; another zone takes the place of the one before."""
    where = ZoneInfo(zone)

    async def story(clockwork: Clockwork) -> None:
        clockwork.at_midnight(nothing, ZoneInfo("Asia/Tokyo"))
        clockwork.at_midnight(nothing, where)
        clockwork.start()
        (due,) = clockwork.due().values()
        assert due is not None
        local = due.astimezone(where)
        assert (local.hour, local.minute, local.second) == (0, 0, 1)

    told(story)
