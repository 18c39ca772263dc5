"""Moments of the clock on the wall: what begins with a minute is waited for, and written as a house writes it."""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.lab.home import wait_until

ZONE = ZoneInfo("Europe/Berlin")


def next_minute(leaving_s: int) -> float:
    """Return the beginning of the minute that runs, once at least so many seconds of it are left."""
    now = time.time()
    if now % 60 > 60 - leaving_s:
        wait_until_time(now - now % 60 + 60)
    return time.time() // 60 * 60


def wait_until_time(moment: float) -> None:
    """Wait until the clock shows a time."""
    wait_until(lambda: time.time() >= moment, f"the time {iso(moment)}", max(moment - time.time(), 0) + 5)


def iso(moment: float) -> str:
    """Return a time as a house writes it."""
    return datetime.fromtimestamp(moment, ZONE).isoformat()


def clock(moment: float) -> str:
    """Return the time of day as a house writes it."""
    return datetime.fromtimestamp(moment, ZONE).strftime("%H:%M")
