"""The labels process lives while somebody is to be asked about new names; what ails it is noted."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from appliance.core.house import Classifier, House
from appliance.core.person import Person
from appliance.steward import labelling
from appliance.steward.labelling import BROKEN, DOWN, Labelling
from appliance.steward.problems import Problems
from appliance.world import clock, crew
from tests.running import is_alive
from tests.steward.box import house_of
from tests.steward.guesser import PIDS

WITHIN_S = 30.0
SCORED = house_of(ben="6-9", alex="adult")


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start a process that does as a test says."""
    monkeypatch.setattr(labelling, "MODULE", "tests.steward.guesser")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setattr(crew, "RESTART_S", 0.01)


class Kept:
    """A steward's labels process, and what is noted of it."""

    def __init__(self, data: Path, does: str = "well") -> None:
        self.data = data
        self.problems = Problems()
        self.labelling = Labelling(data, self.problems, data / does)

    @property
    def codes(self) -> list[str]:
        """What is noted."""
        return [problem.code for problem in self.problems.all()]

    def started(self) -> list[int]:
        """Return the processes that were started so far."""
        with contextlib.suppress(FileNotFoundError):
            return [int(line) for line in (self.data / PIDS).read_text().split()]
        return []


@asynccontextmanager
async def kept(data: Path, does: str = "well") -> AsyncIterator[Kept]:
    """Give one that is ended when the block does."""
    one = Kept(data, does)
    try:
        yield one
    finally:
        await one.labelling.stop()
        assert not any(map(is_alive, one.started()))


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN_S):
        while not is_so():  # noqa: ASYNC110 -- another process does it
            await asyncio.sleep(0.01)


async def heard(one: Kept) -> None:
    """Wait until a process has said something, after this moment."""
    one.labelling._heard_at = 0.0
    await until(lambda: one.labelling._heard_at)


def off(house: House) -> House:
    """Return a house that does without the classifier."""
    return msgspec.structs.replace(house, classifier=Classifier(on=False))


WANTED = [
    (House(), False),
    (SCORED, True),
    (off(SCORED), False),
    (house_of(ada="0-5", dan="13-15", eve="16-17", alex="adult"), False),
    (house_of(cleo="10-12"), True),
    (House(persons=(Person(id="dan", name="Dan", band="13-15", risky_names=True),)), True),
    (House(persons=(Person(id="ben", name="Ben", band="6-9", risky_names=False),)), False),
]


@pytest.mark.parametrize(("house", "expected"), WANTED)
def test_where_it_is_wanted(tmp_path: Path, house: House, expected: bool) -> None:
    """Where the house has the classifier on and somebody is of such an age, or was turned on."""

    async def story() -> None:
        async with kept(tmp_path) as one:
            await one.labelling.settle(house)
            if expected:
                await heard(one)
            else:
                await asyncio.sleep(0.3)
            assert (len(one.started()), one.labelling.pid is not None) == (int(expected), expected)

    asyncio.run(story())


def test_it_follows_the_house(tmp_path: Path) -> None:
    """It ends when nobody wants it any more, and is there again; the same house again changes nothing."""

    async def story() -> None:
        async with kept(tmp_path) as one:
            for number in (1, 2):
                for _ in range(3):
                    await one.labelling.settle(SCORED)
                await heard(one)
                assert len(one.started()) == number
                await one.labelling.settle(off(SCORED))
                assert (one.labelling.pid, is_alive(one.started()[-1])) == (None, False)
            assert one.codes == []

    asyncio.run(story())


def test_it_is_started_again(tmp_path: Path) -> None:
    """When it is killed another one takes its place."""

    async def story() -> None:
        async with kept(tmp_path) as one:
            await one.labelling.settle(SCORED)
            await heard(one)
            (first,) = one.started()
            assert one.labelling.pid == first
            os.kill(first, signal.SIGKILL)
            await until(lambda: len(one.started()) == 2)
            await heard(one)
            assert one.codes == []

    asyncio.run(story())


def test_one_that_ends_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started ever later, that is noted, and no more once nobody wants it."""
    monkeypatch.setattr(labelling, "RESTART_MAX_S", 0.05)
    now = clock.uptime()
    monkeypatch.setattr(clock, "uptime", lambda: now)

    async def story() -> None:
        nonlocal now
        async with kept(tmp_path, "ends") as one:
            await one.labelling.settle(SCORED)
            await until(lambda: len(one.started()) > 3)
            one.labelling.look()
            assert one.codes == []
            now += labelling.DOWN_S + 1
            one.labelling.look()
            assert one.codes == [DOWN]
            await one.labelling.settle(off(SCORED))
            assert one.codes == []
            one.labelling.look()
            assert one.codes == []

    asyncio.run(story())


def test_one_that_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is ended, and another one started; meanwhile that is noted."""
    now = clock.uptime()
    monkeypatch.setattr(clock, "uptime", lambda: now)

    async def story() -> None:
        nonlocal now
        async with kept(tmp_path, "once") as one:
            await one.labelling.settle(SCORED)
            await until(lambda: one.labelling._crew and one.labelling._crew.members[0].has_spoken)
            now += max(labelling.DOWN_S, crew.SILENT_S) + 1
            one.labelling.look()
            assert one.codes == [DOWN]
            await until(lambda: len(one.started()) == 2)
            await until(lambda: not one.codes)

    asyncio.run(story())


def test_a_model_that_is_damaged(tmp_path: Path) -> None:
    """Its words are noted; with the process they go."""

    async def story() -> None:
        async with kept(tmp_path, "broken") as one:
            await one.labelling.settle(SCORED)
            await until(lambda: one.codes)
            (problem,) = one.problems.all()
            assert (problem.code, problem.args) == (BROKEN, {"why": "the model is damaged"})
            one.labelling._words[-1] = str(tmp_path / "well")
            os.kill(one.started()[0], signal.SIGKILL)
            await until(lambda: not one.codes)
            await heard(one)

    asyncio.run(story())


def test_the_steward_never_loads_the_model() -> None:
    """Nor does any other process that isn't the labels process."""
    modules = [
        "appliance.steward.daemon", "appliance.steward.labelling", "appliance.nameserver.worker",
        "appliance.nameserver.daemon", "appliance.web.server", "appliance.web.app", "appliance.guard.worker",
        "appliance.guard.daemon", "appliance.finder.daemon", "appliance.commands.run", "appliance.commands.steward",
    ]  # fmt: skip
    program = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
    loaded = [one for one in sys.modules if one.partition(".")[0] in ("onnxruntime", "numpy")]
    assert not loaded and "appliance.world.labels" not in sys.modules, (name, loaded[:3])
print("none")
"""
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2])
    assert (done.stdout, done.returncode) == ("none\n", 0), done.stderr


def test_not_before_its_time(tmp_path: Path) -> None:
    """A box that comes up answers first: the model is loaded a while after that."""

    async def story() -> None:
        patient = Labelling(tmp_path, Problems(), tmp_path / "well", after_s=60.0)
        await patient.settle(SCORED)
        assert patient.pid is None
        soon = Labelling(tmp_path, Problems(), tmp_path / "well", after_s=0.05)
        try:
            async with asyncio.timeout(WITHIN_S):
                while soon.pid is None:
                    await soon.settle(SCORED)
                    await asyncio.sleep(0.02)
        finally:
            await soon.stop()

    asyncio.run(story())
