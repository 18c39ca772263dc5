"""The steward and its labels process: there while the house wants it, and what ails it is among the problems."""

import os
import signal
from pathlib import Path

import msgspec
import pytest

from appliance.core.house import Classifier
from appliance.steward import daemon as steward
from appliance.steward import labelling
from appliance.steward.daemon import Daemon
from appliance.steward.labelling import BROKEN, Labelling
from appliance.steward.problems import Problems
from appliance.world.snapshot import publish_house
from appliance.world.state import load_state
from tests.running import is_alive
from tests.steward.box import HOUSE, house_of
from tests.steward.guesser import PIDS
from tests.steward.test_daemon import data, problems, run, until

__all__ = ["data"]


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a process that says that its model is damaged."""
    monkeypatch.setattr(labelling, "MODULE", "tests.steward.guesser")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setattr(steward, "STATE_S", 0.1)

    def kept(where: Path, noted: Problems, *, after_s: float) -> Labelling:
        assert after_s > 0, "a box that comes up answers first"
        return Labelling(where, noted, where / "broken")

    monkeypatch.setattr(steward, "Labelling", kept)


def pids(data: Path) -> list[int]:
    """Return the processes that were started so far."""
    path = data / PIDS
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def noted(data: Path) -> dict[str, object]:
    """Return what state.json says is wrong: code → arguments."""
    state = load_state(data)
    return {one.code: one.args for one in state.problems} if state is not None else {}


def test_it_follows_the_house(data: Path) -> None:
    """Started with the steward, ended where the house does without, and gone with the steward."""

    async def story(_: Daemon) -> None:
        await until(lambda: pids(data))
        publish_house(data, msgspec.structs.replace(HOUSE, classifier=Classifier(on=False)))
        await until(lambda: not is_alive(pids(data)[0]))
        await until(lambda: BROKEN not in noted(data))
        assert BROKEN not in await problems(data)
        publish_house(data, house_of(eve="16-17", alex="adult"))
        publish_house(data, house_of(cleo="10-12"))
        await until(lambda: len(pids(data)) == 2)

    run(data, story)
    assert not any(map(is_alive, pids(data)))


def test_what_ails_it_is_told(data: Path) -> None:
    """On the bus and in state.json, with the words; when it is killed another one takes its place."""

    async def story(_: Daemon) -> None:
        await until(lambda: noted(data).get(BROKEN) == {"why": "the model is damaged"})
        assert BROKEN in await problems(data)
        os.kill(pids(data)[0], signal.SIGKILL)
        await until(lambda: len(pids(data)) == 2)

    run(data, story)
