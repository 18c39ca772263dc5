"""When the steward does what: APScheduler, made for a box whose clock may be set while it runs.

A job that is still at work is not begun a second time, and one that is late runs once, however often it was due.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from appliance.world import clock

Job = Callable[[], Awaitable[None]]

AFTER_MIDNIGHT_S = 1
MOST_AT_ONCE = 100


class Every(IntervalTrigger):  # type: ignore[misc]
    """So many seconds after it was last looked at: a clock set forward by years would else have years to catch up."""

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        """Return when to run next."""
        next_at: datetime = now + self.interval
        return next_at


class Clockwork:
    """Jobs by their functions' names."""

    def __init__(self) -> None:
        for name in ("apscheduler.scheduler", "apscheduler.executors.default"):
            # It tells of every run, and a card wears out; what a job can't do is told by the job.
            logging.getLogger(name).setLevel(logging.ERROR)
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._at_work: set[asyncio.Task[object]] = set()

    def every(self, seconds: float, job: Job, *, first_s: float) -> None:
        """Do something every so many seconds, the first time in `first_s`."""
        trigger = Every(seconds=seconds, timezone=UTC)
        first = _now() + timedelta(seconds=first_s)
        self._scheduler.add_job(self._run, trigger, [job], id=job.__name__, next_run_time=first)

    def at_midnight(self, job: Job, zone: tzinfo) -> None:
        """Do something just after each midnight of a time zone, in place of another zone's."""
        trigger = CronTrigger(hour=0, minute=0, second=AFTER_MIDNIGHT_S, timezone=zone)
        self._scheduler.add_job(self._run, trigger, [job], id=f"{job.__name__} at midnight", replace_existing=True)

    def at_once(self, job: Job) -> None:
        """Do something now; if it is at work, once more, because it may not know yet why."""
        id_ = f"{job.__name__} at once"
        self._scheduler.add_job(self._run, args=[job], id=id_, replace_existing=True, max_instances=MOST_AT_ONCE)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def set_anew(self) -> None:
        """Reckon every job's next time anew from the clock as it is now."""
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=job.trigger.get_next_fire_time(None, _now()))

    def due(self) -> dict[str, datetime | None]:
        """Return when each job runs next."""
        return {job.id: job.next_run_time for job in self._scheduler.get_jobs()}

    async def stop(self, within_s: float) -> None:
        """Begin nothing more, and wait for what is at work."""
        self._scheduler.pause()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=within_s)
        self._scheduler.shutdown(wait=False)
        # It shuts down in the loop's next turn.
        await asyncio.sleep(0)

    async def _run(self, job: Job) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 -- a coroutine runs in a task
        self._at_work.add(task)
        try:
            await job()
        finally:
            self._at_work.discard(task)


def _now() -> datetime:
    # The scheduler wakes up by the machine's clock, right or wrong.
    return datetime.fromtimestamp(clock.shown(), UTC)
