"""What the dashboard's process does besides pages: found devices, what waits to be published, what is old, its bus."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress

import msgspec

from appliance.household import retention
from appliance.household.changes import BOX, Unpublished
from appliance.store.errors import StoreError
from appliance.store.found import Sighting
from appliance.web.box import Box
from appliance.world import bus, clock
from appliance.world.bus import Bus, BusError
from appliance.world.snapshot import SnapshotError, load_snapshot

NAME = "web"
FINDER = "finder"
ROUND_S = 5.0
"""How often the finder is asked, and what was saved is held against what was published."""
SWEEP_S = 3_600.0
SAME_TIME_S = 600
MAX_PAGES = 16
MEND_S = 1.0
STOP_S = 2.0

log = logging.getLogger(__name__)


class _Heard(Sighting, frozen=True):
    """A device as the finder tells it."""

    last: float = 0.0


class _Seen(msgspec.Struct, frozen=True):
    """What the finder answers to ``seen``; keys that are not here are left aside."""

    serial: int
    devices: tuple[_Heard, ...] = ()


class Clerk:
    """The chores of one data folder, each survived if it fails; `problem` is what is wrong, in words."""

    def __init__(self, box: Box, listening: list[str]) -> None:
        self._box = box
        self._listening = list(listening)
        self._serial = 0
        self._swept_at: float | None = None
        self._wrong: dict[str, str] = {}

    @property
    def problem(self) -> str | None:
        """Return what went wrong when it was last tried, None where nothing did."""
        return next(iter(self._wrong.values()), None)

    def round(self) -> None:
        """Do all that is due once."""
        self._try("found", self._pull_found)
        self._try("publish", self._catch_up)
        if self._swept_at is None or clock.uptime() - self._swept_at >= SWEEP_S:
            self._try("sweep", self._sweep)

    def answer(self, request: dict[str, object]) -> object:
        """Answer a request of the bus."""
        if request.get("ask") != "status":
            return {"bus": bus.VERSION, "error": "unknown request"}
        loaded = load_snapshot(self._box.data)
        snapshot = loaded.snapshot
        return {
            "bus": bus.VERSION,
            "pid": os.getpid(),
            "revision": snapshot.revision if snapshot else 0,
            "digest": snapshot.digest if snapshot else "",
            "problem": loaded.problem or self.problem,
            "web": self._listening,
        }

    def _try(self, chore: str, do: Callable[[], None]) -> None:
        try:
            do()
        except StoreError as error:
            self._fails(chore, error.sentence)
        except (SnapshotError, Unpublished) as error:
            self._fails(chore, str(error))
        except Exception as error:  # noqa: BLE001 -- a chore must never end the clerk; the words may hold a name
            self._fails(chore, f"{chore} failed: {type(error).__name__}")
        else:
            self._wrong.pop(chore, None)

    def _fails(self, chore: str, words: str) -> None:
        if self._wrong.get(chore) != words:
            log.warning("%s: %s", chore, words)
        self._wrong[chore] = words

    def _pull_found(self) -> None:
        """Write what the finder saw since it was last asked; a finder that is gone is none of the clerk's business."""
        for _ in range(MAX_PAGES):
            try:
                told = bus.ask(self._box.data, FINDER, {"ask": "seen", "since": self._serial})
            except BusError:
                return
            seen = msgspec.convert(told, _Seen)
            self._write(seen.devices)
            self._serial = seen.serial
            if not seen.devices:
                return

    def _write(self, devices: tuple[_Heard, ...]) -> None:
        """Write devices with the time each was last heard, to ten minutes: one transaction for each such time."""
        now = self._box.now()
        by_time: dict[int, list[_Heard]] = {}
        for device in devices:
            by_time.setdefault(int(min(device.last or now, now) // SAME_TIME_S), []).append(device)
        for heard in by_time.values():
            at = min(max(device.last or now for device in heard), now)
            self._box.household.store.found.saw(heard, at)

    def _catch_up(self) -> None:
        """Publish what was saved and not published, and take over what was published and not saved."""
        household = self._box.household
        loaded = load_snapshot(self._box.data)
        saved, house = household.store.current()
        published = loaded.snapshot
        is_same = published is not None and (published.revision, published.house) == (saved, house)
        if loaded.problem or not (is_same or (published is None and saved == 0)):
            household.catch_up(self._box.now())

    def _sweep(self) -> None:
        """Erase what the visibility contract lets exist no longer."""
        household = self._box.household
        house, at = household.current(), self._box.now()
        if retention.without_old_words(house, self._box.contract, at) != house:
            household.say(
                BOX, retention.FORGOTTEN, lambda now: retention.without_old_words(now, self._box.contract, at), at
            )
        retention.sweep(household.store, self._box.contract, household.current(), at)
        self._swept_at = clock.uptime()


def start(box: Box, listening: list[str]) -> Callable[[], None]:
    """Begin the chores of a box, whose pages are served at these addresses; return what ends them within seconds.

    Call it after a fork: there are threads and, once it is wanted, an open house.db.
    """
    clerk = Clerk(box, listening)
    ending = threading.Event()
    chores = threading.Thread(target=_work, args=(clerk, ending), name="clerk", daemon=True)
    loop = asyncio.new_event_loop()
    open_bus = threading.Thread(target=_serve, args=(clerk, box, loop), name="bus", daemon=True)
    chores.start()
    open_bus.start()

    def stop() -> None:
        ending.set()
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_cancel_all, loop)
        chores.join(STOP_S)
        open_bus.join(STOP_S)

    return stop


def _work(clerk: Clerk, ending: threading.Event) -> None:
    while not ending.is_set():
        clerk.round()
        ending.wait(ROUND_S)


def _serve(clerk: Clerk, box: Box, loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        with suppress(asyncio.CancelledError, CancelledError):
            loop.run_until_complete(_keep_open(Bus(box.data, NAME, clerk.answer)))
    finally:
        loop.close()


async def _keep_open(opened: Bus) -> None:
    try:
        with suppress(OSError):
            await opened.open()
        while True:
            await asyncio.sleep(MEND_S)
            await opened.mend()
    finally:
        await opened.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    for task in asyncio.all_tasks(loop):
        task.cancel()
