"""The clerk: found devices are written, what waits is published, what is old goes; nothing ends it but its end."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.core.word import Pause
from appliance.store.errors import Corrupt, DiskFull, Gone, Locked, Unreachable
from appliance.store.found import Sighting
from appliance.web import clerk
from appliance.web.box import Box
from appliance.web.clerk import Clerk
from appliance.world import bus, clock
from appliance.world.bus import Bus
from appliance.world.snapshot import CURRENT, load_snapshot
from tests.running import until
from tests.web.conftest import OWNER

MAC = "02:77:00:00:00:21"
WITHIN_S = 10.0


@contextmanager
def finder(data: Path, answer: Callable[[dict[str, object]], object]) -> Iterator[None]:
    """A finder that answers so, in a thread."""
    ready, loops = threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def serve() -> None:
        opened, ending = Bus(data, "finder", answer), asyncio.Event()
        await opened.open()
        loops.append((asyncio.get_running_loop(), ending))
        ready.set()
        await ending.wait()
        await opened.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(WITHIN_S)
        yield
    finally:
        for loop, ending in loops:
            loop.call_soon_threadsafe(ending.set)
        thread.join(WITHIN_S)


def heard(mac: str = MAC, **more: Any) -> dict[str, Any]:
    """Return a device as the finder tells it."""
    return {
        "mac": mac, "addresses": ["192.168.77.21"], "host_name": "<b>phone</b>", "is_random_mac": False,
        "first": 1.0, "last": clock.now() - 90, "sources": ["dhcp"],
    } | more  # fmt: skip


def inbox(*pages: list[dict[str, Any]]) -> tuple[Callable[[dict[str, object]], object], list[object]]:
    """Return a finder's answers, one page after the other by serial, and the serials that it was asked for."""
    asked: list[object] = []

    def answer(request: dict[str, object]) -> object:
        since = request["since"]
        asked.append(since)
        assert isinstance(since, int)
        devices = pages[since] if since < len(pages) else []
        return {"bus": 1, "serial": min(since + 1, len(pages)), "devices": devices, "dropped": 0}

    return answer, asked


def test_found_devices_are_written_page_by_page(box: Box) -> None:
    """With when they were heard; the next round asks for what is new only."""
    answer, asked = inbox([heard()], [heard("02:77:00:00:00:22")])
    worker = Clerk(box, [])
    with finder(box.data, answer):
        worker.round()
        worker.round()
    found = {one.mac: one for one in box.household.store.found.all()}
    assert found[MAC].host_name == "<b>phone</b>"
    assert found[MAC].addresses == ("192.168.77.21",)
    assert abs(found[MAC].last_seen - (clock.now() - 90)) < 60
    assert "02:77:00:00:00:22" in found
    assert asked == [0, 1, 2, 2]


def test_a_finder_that_talks_nonsense_is_survived(box: Box) -> None:
    """And said to be so in the status."""
    worker = Clerk(box, [])
    with finder(box.data, lambda _: {"bus": 1, "serial": "x", "devices": 7}):
        worker.round()
    assert worker.problem == "found failed: ValidationError"
    worker.round()
    assert worker.problem is None


def test_a_finder_from_the_future_changes_no_first_day(box: Box) -> None:
    """A clock that runs ahead there is cut to ours."""
    answer, _ = inbox([heard(last=clock.now() + 1e9)])
    with finder(box.data, answer):
        Clerk(box, []).round()
    seen = box.household.store.found.get(MAC)
    assert seen is not None
    assert seen.last_seen <= clock.now()


def test_what_was_saved_and_not_published_is_published(box: Box) -> None:
    """A house.json that vanished, or one that a crash left behind."""
    (box.data / CURRENT).unlink()
    worker = Clerk(box, [])
    worker.round()
    published = load_snapshot(box.data).snapshot
    assert published is not None
    assert published.house == box.household.current()
    saved = box.household.store.change(OWNER, Reason("x"), lambda house: replace(house, country="FR"), clock.now())
    worker.round()
    published = load_snapshot(box.data).snapshot
    assert published is not None
    assert (published.revision, published.house.country) == (saved.revision, "FR")


def test_what_is_published_already_is_left_alone(box: Box) -> None:
    """No write without a reason, in a box without a house neither."""
    before = (box.data / CURRENT).stat()
    Clerk(box, []).round()
    after = (box.data / CURRENT).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_new_box_stays_without_a_house(empty_box: Box) -> None:
    """Nothing is published that nobody said."""
    worker = Clerk(empty_box, [])
    worker.round()
    assert (worker.problem, (empty_box.data / CURRENT).exists()) == (None, False)


def test_what_is_too_old_goes_at_once_and_then_hourly(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that was not seen for a week."""
    found = box.household.store.found
    found.saw([Sighting(MAC)], clock.now() - 8 * 86_400)
    worker = Clerk(box, [])
    worker.round()
    assert found.get(MAC) is None
    found.saw([Sighting(MAC)], clock.now() - 8 * 86_400)
    worker.round()
    assert found.get(MAC) is not None
    later = clock.uptime() + clerk.SWEEP_S
    monkeypatch.setattr(clock, "uptime", lambda: later)
    worker.round()
    assert found.get(MAC) is None


def test_words_that_are_long_over_leave_the_house(box: Box) -> None:
    """The box says so in one change; where nothing is that old, it says nothing."""
    worker, now = Clerk(box, []), clock.now()
    until = datetime.fromtimestamp(now - 40 * 86_400, UTC)
    box.household.say(
        OWNER, Reason("paused"), lambda house: replace(house, pauses=(Pause(said_at=until, until=until),)), now
    )
    worker.round()
    (entry, *_) = box.household.store.audit()
    assert (worker.problem, box.household.current().pauses) == (None, ())
    assert (entry.who, entry.what) == ("box", Reason("words_forgotten"))
    snapshot = load_snapshot(box.data).snapshot
    assert snapshot is not None
    assert snapshot.house.pauses == ()
    Clerk(box, []).round()
    assert box.household.store.audit()[0] == entry


@pytest.mark.parametrize("error", [Locked, DiskFull, Corrupt, Unreachable, Gone, ValueError])
def test_no_trouble_ends_it(box: Box, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """It says what is wrong, and that nothing is once it works again."""

    def broken(*_: object) -> House:
        raise error

    worker = Clerk(box, [])
    with monkeypatch.context() as patched:
        patched.setattr(type(box.household.store), "current", broken)
        worker.round()
        assert worker.problem
    worker.round()
    assert worker.problem is None


def test_the_status_tells_the_house_and_where_pages_are(box: Box) -> None:
    """As every daemon does."""
    told = Clerk(box, ["https://192.168.1.2/"]).answer({"bus": 1, "ask": "status"})
    published = load_snapshot(box.data).snapshot
    assert published is not None
    assert isinstance(told, dict)
    assert {key: told[key] for key in ("bus", "revision", "digest", "problem", "web")} == {
        "bus": 1, "revision": published.revision, "digest": published.digest, "problem": None,
        "web": ["https://192.168.1.2/"],
    }  # fmt: skip
    assert Clerk(box, []).answer({"bus": 1, "ask": "x"}) == {"bus": 1, "error": "unknown request"}


def test_it_works_until_it_is_ended_and_ends_in_time(box: Box) -> None:
    """Threads and socket are gone then."""
    (box.data / CURRENT).unlink()
    before = threading.active_count()
    stop = clerk.start(box, ["http://127.0.0.1:8080/"])
    try:
        until(lambda: answers(box.data), WITHIN_S, "the bus")
        until((box.data / CURRENT).exists, WITHIN_S, "the house")
    finally:
        begun = clock.uptime()
        stop()
    assert clock.uptime() - begun < 2 * clerk.STOP_S
    assert threading.active_count() == before
    assert not answers(box.data)


def answers(data: Path) -> bool:
    """Say whether the dashboard answers on the bus."""
    try:
        return bus.ask(data, "web", {"ask": "status"})["web"] == ["http://127.0.0.1:8080/"]
    except bus.BusError:
        return False
