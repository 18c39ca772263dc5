"""Counted minutes over processes: from state.json to every worker, and screen time from every worker to the bus."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.core.budget import Budget, Minutes, Used, day_of
from appliance.core.device import Device
from appliance.core.house import House, OwnService
from appliance.core.person import Person
from appliance.core.word import Grant
from appliance.world import bus
from appliance.world.snapshot import publish_house
from appliance.world.state import FILE, State, publish_state
from tests.fakes import REAL, fake_upstream
from tests.nameserver.test_daemon import END_S, pids
from tests.running import Running, addresses, running, until

PLAY = "play.example"
KIM, KIM_TOO = "127.0.0.2", "127.0.0.3"
TRIES = 8
"""From so many ports that each of two workers is asked."""


def house(*grants: Grant) -> House:
    """Return a house in which Kim may play for ten minutes a day, on two devices."""
    return House(
        persons=(Person(id="kim", name="Kim", band="10-12", budgets=(Budget(what="service:play", minutes=10),)),),
        devices=tuple(Device(id=f"d{place}", addresses=(place,), person="kim") for place in (KIM, KIM_TOO)),
        services=(OwnService(id="play", name="Play", domains=(PLAY,)),),
        grants=grants,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house."""
    publish_house(tmp_path / "data", house())
    return tmp_path / "data"


def publish(data: Path, minutes: int) -> None:
    """Say that so many minutes are used, as the steward does."""
    at = time.time()
    used = {"kim": {"service:play": Used(minutes, minutes)}}
    publish_state(data, State(at=at, minutes=Minutes(at - at % 60, day_of(at, UTC, "03:30"), used)))


def seen(started: Running) -> set[str]:
    """Return the addresses that the child gets, on both devices and from all workers."""
    found = (started.ask(PLAY, source=source) for source in (KIM, KIM_TOO) for _ in range(TRIES))
    return {address for reply in found for address in addresses(reply)}


def test_a_spent_budget_over_processes(data: Path) -> None:
    """On both devices, of every worker; whatever becomes of the file or a worker, until minutes are there again."""
    publish(data, 3)
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        assert seen(started) == {REAL}
        publish(data, 10)
        until(lambda: seen(started) == {"0.0.0.0"}, END_S, "the budget is spent")
        (data / FILE).write_text("{")
        worker = pids(started)[0]
        os.kill(worker, signal.SIGKILL)
        until(lambda: worker not in pids(started) and started.is_up(), END_S, "another worker is up")
        (data / FILE).unlink()
        assert seen(started) == {"0.0.0.0"}
        # No steward runs here: five minutes more need none.
        now = datetime.now(UTC)
        more = Grant(person="kim", said_at=now, until=now + timedelta(hours=1), minutes=5, budget="service:play")
        publish_house(data, house(more))
        until(lambda: seen(started) == {REAL}, END_S, "the bonus is in force")
        publish(data, 15)
        until(lambda: seen(started) == {"0.0.0.0"}, END_S, "the bonus is used up")


def test_spent_from_the_first_question_on(data: Path) -> None:
    """A nameserver that starts knows what was counted before it answers."""
    publish(data, 10)
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        assert seen(started) == {"0.0.0.0"}
    assert fake.names() == []


def test_screen_time_of_two_workers(data: Path) -> None:
    """Of both devices and workers in one number, out of the memo too, with no name anywhere."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        assert seen(started) == {REAL}

        def rows() -> list[list[object]]:
            told = bus.ask(data, "nameserver", {"ask": "screens", "since": 0})
            found: list[list[object]] = told["rows"]  # type: ignore[assignment]
            return found

        until(lambda: sum(int(str(row[-1])) for row in rows()) == 2 * TRIES, END_S, "all is told")
        assert {tuple(row[1:-1]) for row in rows()} == {("kim", "play", "unclassified")}
        assert all(abs(int(str(row[0])) - time.time() // 60) <= 1 for row in rows())
        assert PLAY not in str(rows())
