"""Makes a box that was started a moment ago one that has been on for long, and lets it tell each sign each time.

In its first minutes a box forgives what it can't have seen, and of one sign it tells once an hour. Python imports this
by itself in processes that have the folder in PYTHONPATH.
"""

from appliance.guard import inspector, names
from appliance.household.batches import Batches, Event

names.LENIENT_S = 0.0
inspector.GRACE_S = 0.0

_tell = Batches.tell


def _tell_each_time(held: Batches[tuple[object, ...]], event: Event, uptime: float, seldom_s: float = 0.0) -> None:
    """Add an event, however short a time ago its like was told."""
    _tell(held, event, uptime, min(seldom_s, 0.0))


Batches.tell = _tell_each_time  # type: ignore[method-assign,assignment]
