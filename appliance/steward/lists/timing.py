"""When a list is fetched: once a day, again and again after a failure but ever more seldom, at once where it is new."""

from collections.abc import Callable

from appliance.core.subscription import Subscription
from appliance.household.lists import Status

DAY_S = 86_400.0
JITTER = 0.1
"""Of the time that is waited, more or less: not all boxes ask one sender in the same minute."""
AGAIN_S = 600.0
LATEST_S = DAY_S * (1 + 2 * JITTER)
"""A time further away than that was reckoned by a clock that went wrong."""

Chance = Callable[[], float]
"""A number from 0 to below 1, another one each time."""


def next_at(at: float, failures: int, chance: Chance) -> float:
    """Return when to fetch a list again (POSIX seconds) that was fetched at `at`, with so many failures by then."""
    wait = min(DAY_S, AGAIN_S * 2.0 ** min(failures - 1, 20)) if failures else DAY_S
    return at + wait * (1 + JITTER * (2 * chance() - 1))


def is_due(one: Subscription, status: Status, at: float) -> bool:
    """Say whether a list is to be fetched: its time has come, or the house gave it another address."""
    if one.url is None or not one.on:
        return False
    if status.tried != one.url or status.next_at is None:
        return True
    return at >= status.next_at or status.next_at - at > LATEST_S
