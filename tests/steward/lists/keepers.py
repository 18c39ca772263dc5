"""A keeper of lists that tests run, and what they see of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from appliance.core.house import House
from appliance.household.lists import Standing, Status, load_standing, set_file
from appliance.steward.lists.fetch import Manner
from appliance.steward.lists.keeper import Keeper, update
from appliance.steward.lists.limits import Limits
from appliance.world import clock
from appliance.world.listfile import open_set
from tests.steward.lists.sender import Sender

WITHIN_S = 60.0
HERE = Manner(Limits(total_s=30.0, stall_s=10.0), may_connect=lambda _: True)


def updated(data: Path, told: House, *ids: str, config: Path | None = None, manner: Manner = HERE) -> Standing:
    """Fetch and build here and now."""
    return update(data, told, config, ids or None, manner=manner, chance=lambda: 0.5)


def names(data: Path) -> set[str]:
    """Return the names that are in force."""
    found = open_set(set_file(data))
    return {name for name, _ in found.below("example")} if found else set()


class Houses:
    """A house that a test changes."""

    def __init__(self, told: House | None) -> None:
        self.now = told

    def __call__(self) -> House | None:
        """Return it as it is now."""
        return self.now


@contextmanager
def keeping(data: Path, houses: Houses, config: Path | None = None) -> Iterator[Keeper]:
    """Run a keeper."""
    running = Keeper(data, config, houses, manner=HERE, chance=lambda: 0.5)
    running.start()
    try:
        yield running
    finally:
        running.stop(WITHIN_S)


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    over = clock.uptime() + WITHIN_S
    while not is_so():
        assert clock.uptime() < over, "it never came to that"
        clock.pause(0.01)


def status(data: Path, list_id: str = "a") -> Status:
    """Return how a list stands."""
    return load_standing(data).lists.get(list_id, Status())


def held(sender: Sender, body: bytes) -> tuple[Callable[[BaseHTTPRequestHandler], None], threading.Event]:
    """Return what sends a little and waits for the event before the rest."""
    go = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[:1])
        while not go.wait(0.05) and not sender.over.is_set():
            pass
        handler.wfile.write(body[1:])

    return answer, go
