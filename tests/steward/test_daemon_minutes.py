"""The steward as a daemon counts minutes: told at its door, published, warned of, written, and in force on the wire."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.activity import BEGINS, GOES_ON
from appliance.core.budget import Budget, Minutes, Used, day_of
from appliance.core.device import Device
from appliance.core.house import House, OwnService
from appliance.core.person import Person
from appliance.steward import daemon as steward
from appliance.steward.daemon import Daemon
from appliance.store.journal import JournalStore
from appliance.store.ledger import LedgerStore, Spent
from appliance.world import bus, clock
from appliance.world.snapshot import publish_house
from appliance.world.state import State, load_state, publish_state
from tests.commands.cli import fake_daemon
from tests.fakes import REAL, fake_upstream
from tests.running import addresses, running
from tests.running import until as until_so
from tests.steward.box import AT, DAY_S, Nameserver
from tests.steward.test_daemon import run, until
from tests.steward.test_minutes import MINUTE

pytestmark = pytest.mark.usefixtures("_soon")
PLAY = "play.example"
WHAT = "service:play"
SUNDAY = date(2026, 11, 22)
PHONE, TABLET = "127.0.0.2", "127.0.0.3"


def home(minutes: int = 10) -> House:
    """Return a house in which Kim may play for some minutes a day, on two devices."""
    return House(
        persons=(Person(id="kim", name="Kim", band="13-15", budgets=(Budget(what=WHAT, minutes=minutes),)),),
        devices=tuple(Device(id=f"d{place}", addresses=(place,), person="kim") for place in (PHONE, TABLET)),
        services=(OwnService(id="play", name="Play", domains=(PLAY,)),),
    )


def noted(nameserver: Nameserver, before: int, minutes: int) -> None:
    """Have the game be played for some minutes, begun so many minutes before now, now on one device, now on another."""
    first = int(clock.now() // 60) - before
    nameserver.screens.append([first, "kim", "play", "game_platform", BEGINS])
    for minute in range(first + 1, first + minutes + 1):
        nameserver.screens.append([minute, "kim", "play", "game_platform", GOES_ON])


@pytest.fixture(name="_soon")
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let turns come soon, and it be always the same day, just after a minute's turn."""
    for name, seconds in {"FIRST_GATHER_S": 3600.0, "HEALTH_S": 0.1, "STATE_S": 0.1, "DISK_S": 0.1}.items():
        monkeypatch.setattr(steward, name, seconds)
    began = clock.uptime()
    monkeypatch.setattr(clock, "now", lambda: AT + 1 + clock.uptime() - began)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a house."""
    publish_house(tmp_path, home())
    return tmp_path


@pytest.fixture
def nameserver(data: Path) -> Iterator[Nameserver]:
    """A nameserver on the bus."""
    fake = Nameserver()
    with fake_daemon(data, fake.ask):
        yield fake


def published(data: Path) -> Minutes | None:
    """Return what is published."""
    state = load_state(data)
    return state.minutes if state is not None else None


def counted(data: Path) -> int | None:
    """Return how many minutes are published as used."""
    minutes = published(data)
    return minutes.used.get("kim", {}).get(WHAT, Used()).day if minutes is not None else None


def test_counted_published_and_written(data: Path, nameserver: Nameserver) -> None:
    """What was noted is published at once, told to pages, and in the ledger when the daemon ends."""
    noted(nameserver, 8, 4)

    async def story(_: Daemon) -> None:
        await until(lambda: counted(data) == 4)
        told = await asyncio.to_thread(bus.ask, data, "steward", {"ask": "minutes", "person": "kim", "role": "child"})
        assert isinstance(told["budgets"], list)
        assert [(one["what"], one["used"], one["left"], one["warned"]) for one in told["budgets"]] == [(WHAT, 4, 6, 10)]
        with pytest.raises(bus.BusError, match="role is caregiver or child"):
            await asyncio.to_thread(bus.ask, data, "steward", {"ask": "minutes", "person": "kim"})

    run(data, story)
    assert published(data) == Minutes(MINUTE * 60.0, SUNDAY, {"kim": {WHAT: Used(4, 4)}})
    with LedgerStore(data) as ledger:
        expected = Spent(day="2026-11-22", person="kim", what=WHAT, minutes=4, week=4, carried=0)
        assert ledger.spent("2026-11-22", "2026-11-22") == [expected]
        assert ledger.counted_through() == MINUTE - 1


def test_a_minute_that_is_over_is_published_soon(
    data: Path, nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the clock gets there, without anybody asking; what was passed is said in state and journal, by the day."""
    began = clock.uptime()
    # The minute turns while the daemon runs: its last seconds are now.
    monkeypatch.setattr(clock, "now", lambda: AT + 58.5 + clock.uptime() - began)
    noted(nameserver, 5, 5)

    async def story(_: Daemon) -> None:
        await until(lambda: counted(data) == 4)
        assert clock.now() < AT + 60 + steward.COUNT_AFTER_S
        await until(lambda: counted(data) == 5)
        state = load_state(data)
        assert state is not None
        assert state.warned == {"kim": {WHAT: 5}}

        def events() -> list[Any]:
            with JournalStore(data, clock.now()) as journal:
                return journal.events(kind="budget_low")

        await until(events)
        (event,) = events()
        assert (event.person, event.device, event.args) == ("kim", None, {"what": WHAT, "left": 5})
        assert event.at == AT - 12 * 3_600

    run(data, story)


def test_a_budget_that_was_changed(data: Path, nameserver: Nameserver) -> None:
    """A new house is counted by at once."""
    noted(nameserver, 8, 4)

    async def story(_: Daemon) -> None:
        await until(lambda: counted(data) == 4)
        publish_house(data, home(3))

        def warned() -> object:
            state = load_state(data)
            return state is not None and state.warned == {"kim": {WHAT: 0}}

        await until(warned)

    run(data, story)


def test_what_was_published_stays_until_more_is_known(data: Path) -> None:
    """With no nameserver to ask and no ledger: nothing that was spent is open because a steward began."""
    last = Minutes((MINUTE - 3) * 60.0, SUNDAY, {"kim": {WHAT: Used(9, 9)}})
    (data / "ledger.db").write_bytes(b"this is no database" * 100)
    publish_state(data, msgspec.structs.replace(load_state(data) or State(at=AT), minutes=last))
    seen: list[int | None] = []

    async def story(made: Daemon) -> None:
        for _ in range(20):
            seen.append(counted(data))
            await asyncio.sleep(0.02)
        await made.count()
        seen.append(counted(data))

    run(data, story)
    assert set(seen) == {9}


def test_a_house_that_is_not_known_counts_nobody(tmp_path: Path) -> None:
    """Without a house nothing is published in place of what was."""
    last = Minutes((MINUTE - 3) * 60.0, SUNDAY, {"kim": {WHAT: Used(9, 9)}})
    publish_state(tmp_path, State(at=AT, minutes=last))

    async def story(made: Daemon) -> None:
        await made.count()
        assert published(tmp_path) == last

    run(tmp_path, story)


def test_the_clock_is_set(data: Path, nameserver: Nameserver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day ahead: a new day; what was counted stays with its own."""
    noted(nameserver, 8, 4)

    async def story(_: Daemon) -> None:
        await until(lambda: counted(data) == 4)
        began = clock.uptime()
        monkeypatch.setattr(clock, "now", lambda: AT + DAY_S + clock.uptime() - began)

        def is_another_day() -> bool:
            minutes = published(data)
            return minutes is not None and minutes.day == SUNDAY + timedelta(days=1)

        await until(is_another_day)
        assert counted(data) == 0

    run(data, story)


def test_on_the_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minutes on two devices, told at the steward's door: what it publishes stops both at a nameserver."""
    monkeypatch.undo()
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    published_here = home(2)
    for folder in (ours, theirs):
        publish_house(folder, published_here)
    fake = Nameserver()
    noted(fake, 4, 2)
    with fake_upstream() as upstream, running(theirs, (upstream.endpoint,)) as started:

        def seen() -> set[str]:
            replies = [started.ask(PLAY, source=source) for source in (PHONE, TABLET)]
            return {address for reply in replies for address in addresses(reply)}

        assert seen() == {REAL}
        with fake_daemon(ours, fake.ask):

            async def story(_: Daemon) -> None:
                await until(lambda: counted(ours) == 2)

            run(ours, story)
        state = load_state(ours)
        assert state is not None
        assert state.minutes.day == day_of(clock.now(), UTC, "03:30")
        publish_state(theirs, state)
        until_so(lambda: seen() == {"0.0.0.0"}, 10, "both devices are stopped")
