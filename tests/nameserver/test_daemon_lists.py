"""Lists in force in a nameserver as processes: swapped under load, damaged, taken away, there for who starts later."""

import os
import signal
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from appliance.core.house import House
from appliance.core.subscription import Subscription
from appliance.household import inforce
from appliance.household.inforce import Standing
from appliance.household.lists import set_file
from appliance.world.listfile import publish_set
from appliance.world.snapshot import publish_house
from tests.fakes import REAL, fake_upstream
from tests.listed import LIST, built, many, publish
from tests.nameserver.load import load
from tests.nameserver.test_daemon import pids
from tests.running import ALLOWED, ANSWER_S, BLOCKED, Running, addresses, is_alive, running, until

ADS = "ads.example"
CLIENT = "127.0.0.2"
HOUSE = House(lists=(Subscription(id=LIST, name="Ads"),))
IN_FORCE_S = 10.0
END_S = 15.0


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house that has a list, which isn't there yet."""
    publish_house(tmp_path / "data", HOUSE)
    return tmp_path / "data"


def seen(started: Running, name: str = ADS) -> set[str]:
    """Return the addresses that many clients get, of whichever worker answers."""
    return {address for _ in range(12) for address in addresses(started.ask(name, source=CLIENT))}


def in_force(started: Running, digest: str) -> None:
    """Want all workers to run these lists."""
    found = inforce.wait_for_lists(started.data, digest, IN_FORCE_S)
    assert found == inforce.Lists(Standing.RUNS), started.log.read_text()


def lists_of(started: Running) -> list[Any]:
    """Return which lists each worker runs."""
    return [worker["lists"] for worker in started.workers()]


def test_lists_come_and_go(data: Path) -> None:
    """Noticed by themselves, in force on all workers, reported; a removed file is a house without lists."""
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        in_force(started, "")
        assert seen(started) == {REAL}
        for number, expected in ((1, "0.0.0.0"), (2, REAL), (3, "0.0.0.0")):
            digest = publish(data, *many(number), *([ADS] if number % 2 else []))
            in_force(started, digest)
            assert seen(started) == {expected}
            assert lists_of(started) == [digest, digest]
        set_file(data).unlink()
        in_force(started, "")
        assert seen(started) == {REAL}


def test_swapped_under_load(data: Path) -> None:
    """Thousands of names, to and fro, two hundred questions a second: none is lost, and the answers change."""
    files = built(*many(5_000), f"0.0.0.0 {ALLOWED}"), built(*many(5_000))
    spans = []
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        with load(started.server, ANSWER_S) as asked:
            until(lambda: asked.back_after_s(0.0), END_S, "all clients are answered")
            for number in range(8):
                in_force(started, publish_set(set_file(data), files[number % 2]))
                since = time.monotonic()
                until(partial(asked.back_after_s, since), END_S, "all clients are answered")
                spans.append((since, time.monotonic(), ("0.0.0.0", REAL)[number % 2]))
        status = started.status()
    assert asked.lost == 0
    assert asked.of(BLOCKED) == {"0.0.0.0"}
    for since, to, expected in spans:
        got = [one.addresses for one in asked.got if one.name == ALLOWED and since < one.sent_at and one.came_at < to]
        assert got
        assert all(one == [expected] for one in got)
    assert "errors" not in status["counts"]
    assert [worker["restarts"] for worker in status["workers"]] == [0, 0]


def test_damaged_lists_leave_the_last_good_ones(data: Path) -> None:
    """For those who run and for one that starts later; what is wrong is told, and over with a good file."""
    good = publish(data, ADS)
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        in_force(started, good)
        path = set_file(data)
        damaged = path.with_name("damaged")
        damaged.write_bytes(built("other.example")[:-3])
        damaged.replace(path)
        until(lambda: started.status()["lists_problem"], END_S, "it is told")
        assert started.status()["lists_problem"] == f"{path} can't be used: damaged: the last good lists stay in force"
        worker = pids(started)[0]
        os.kill(worker, signal.SIGKILL)
        until(lambda: worker not in pids(started) and lists_of(started) == [good, good], END_S, "another one runs them")
        assert seen(started) == {"0.0.0.0"}
        other = publish(data, "other.example")
        in_force(started, other)
        assert started.status()["lists_problem"] is None
        assert seen(started) == {REAL}


def test_a_data_folder_that_is_away(data: Path) -> None:
    """Lists go on without it, in a worker that is started meanwhile too."""
    good = publish(data, ADS)
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=1) as started:
        in_force(started, good)
        worker = pids(started)[0]
        data.rename(data.with_name("away"))
        os.kill(worker, signal.SIGKILL)
        until(lambda: not is_alive(worker), END_S, "it ends")
        assert seen(started) == {"0.0.0.0"}
        # The bus makes a folder of its own where there is none.
        until(lambda: lists_of(started) == [good], END_S, "it is reported")
        assert "the last good lists stay in force" in started.status()["lists_problem"]


def test_lists_from_the_first_question_on(data: Path) -> None:
    """A nameserver that starts knows them before it answers."""
    publish(data, *many(5_000), ADS)
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=2) as started:
        assert seen(started) == {"0.0.0.0"}
    assert fake.names() == []


def test_damaged_lists_from_the_start(data: Path) -> None:
    """It runs all the same, without lists, and says so."""
    publish(data, ADS)
    set_file(data).write_bytes(b"127.0.0.1 localhost\n")
    with fake_upstream() as fake, running(data, (fake.endpoint,), workers=1) as started:
        # It answers before its worker has said which lists it runs.
        until(lambda: inforce.look_at_lists(data, "").standing is Standing.RUNS, END_S, "it is reported")
        assert inforce.look_at_lists(data, "").problem == f"{set_file(data)} can't be used: not a file of lists"
        assert seen(started) == {REAL}
