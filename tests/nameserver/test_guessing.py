"""Queries that wait for a guess: asked together, never for long, and always let go."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from appliance.core.guesses import Guesses, Memory
from appliance.core.policy import Policy
from appliance.nameserver import guessing as guessing_module
from appliance.nameserver.counts import Counts
from appliance.nameserver.guessing import MAX_NAMES, MAX_UNASKED, Guessing
from appliance.nameserver.soon import Soon
from appliance.world import clock
from appliance.world.bus import MAX_REQUEST_OCTETS
from tests.nameserver.inside import in_loop, resolver_of
from tests.nameserver.labels import CASINO, GUESSED, PILLS, PLAIN, Labels, fed, labelling
from tests.nameserver.test_resolver_memory import house


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait as long as a busy machine may take, and connect at once; a test of the end of patience sets its own."""
    monkeypatch.setattr(guessing_module, "PATIENCE_S", 30.0)
    monkeypatch.setattr(guessing_module, "RETRY_S", 0.01)


def policy(*, is_scored: bool = True) -> Policy:
    """Return a policy in which somebody may be asked about a name, or nobody."""
    compiled = resolver_of(house=house()).in_force.setting.policy
    if is_scored:
        return compiled
    return replace(compiled, by_device={id_: replace(one, is_scored=False) for id_, one in compiled.by_device.items()})


class Asker:
    """A worker's side, and what came of it."""

    def __init__(self, data: Path) -> None:
        self.counts = Counts()
        self.memory = Memory(os.urandom(32))
        self.guessing = Guessing(data, self.memory, self.counts, Soon(asyncio.get_running_loop()))
        self.went: list[str] = []
        """The names whose queries went on, in their order."""

    async def begin(self) -> "Asker":
        """Be connected."""
        self.guessing.settle(policy())
        await fed(self.guessing)
        return self

    def ask(self, name: str) -> "asyncio.Future[Guesses | None]":
        """Ask about a name; return what is in the memory when its query may go on."""
        coming: asyncio.Future[Guesses | None] = asyncio.get_running_loop().create_future()

        def go_on() -> None:
            self.went.append(name)
            coming.set_result(self.memory.get(name, clock.now()))

        self.guessing.ask(name, go_on)
        return coming

    def is_passed_over(self, name: str) -> bool:
        """Say whether it goes without a guess."""
        return self.memory.is_passed_over(name, clock.now())


async def waited(labels: Labels) -> None:
    """Wait until the labels process was asked something more."""
    async with asyncio.timeout(10):
        await labels.came.wait()
    labels.came.clear()


@in_loop
async def test_a_guess_is_waited_for(tmp_path: Path) -> None:
    """A query goes on when the guess at its name is in the memory, harmless names included."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        labels.may_answer.clear()
        coming = [asker.ask(name) for name in (CASINO, PILLS, PLAIN)]
        await waited(labels)
        assert (labels.asked, asker.went) == ([[CASINO, PILLS, PLAIN]], [])
        labels.may_answer.set()
        assert await asyncio.gather(*coming) == [GUESSED[CASINO], GUESSED[PILLS], ()]
        assert not asker.is_passed_over(PLAIN)
    assert asker.counts.news() == {"guesses.asked": 3}


@in_loop
async def test_those_of_one_moment_together(tmp_path: Path) -> None:
    """What comes while a request is under way is asked next, in one; the same name asked twice waits once."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        labels.may_answer.clear()
        first = asker.ask(PLAIN)
        await waited(labels)
        others = [asker.ask(name) for name in (CASINO, PILLS, CASINO, PLAIN)]
        labels.may_answer.set()
        assert await asyncio.gather(first, *others) == [(), GUESSED[CASINO], GUESSED[PILLS], GUESSED[CASINO], ()]
    assert labels.asked == [[PLAIN], [CASINO, PILLS]]
    assert labels.statuses == 1, "over one connection"


@in_loop
async def test_many(tmp_path: Path) -> None:
    """Very many go in several requests, each of which the bus takes."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        names = [f"n{number}.example" for number in range(MAX_NAMES + 1)]
        odd = [f"{number}" + "\\200" * 200 + ".example" for number in range(20)]
        await asyncio.gather(*(asker.ask(name) for name in (*names, *odd)))
        assert labels.names == [*names, *odd]
        assert len(labels.asked[0]) == MAX_NAMES
        for one in labels.asked:
            assert len(msgspec.json.encode({"bus": 1, "ask": "guess", "names": one})) < MAX_REQUEST_OCTETS
    longest = {"bus": 1, "ask": "guess", "names": [f"{'x' * 249}{number:04}" for number in range(MAX_NAMES)]}
    assert len(msgspec.json.encode(longest)) < MAX_REQUEST_OCTETS


@in_loop
async def test_too_many(tmp_path: Path) -> None:
    """Of a flood so many are asked about; the others go on at once, and it is counted."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        labels.may_answer.clear()
        asker.ask(PLAIN)
        await waited(labels)
        for number in range(MAX_UNASKED):
            asker.ask(f"n{number}.example")
        assert asker.went == []
        assert await asker.ask(CASINO) == ()
        assert (asker.went, asker.is_passed_over(CASINO)) == ([CASINO], True)
        assert asker.counts.news()["guesses.crowded"] == 1


@in_loop
async def test_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query goes on without; the guess is there for the next one as soon as it comes."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        monkeypatch.setattr(guessing_module, "PATIENCE_S", 0.02)
        labels.may_answer.clear()
        first, second = asker.ask(CASINO), asker.ask(PILLS)
        assert list(await asyncio.gather(first, second)) == [(), ()]
        assert (asker.is_passed_over(CASINO), asker.memory.is_fed) == (True, True)
        labels.may_answer.set()
        async with asyncio.timeout(10):
            while not asker.memory.get(CASINO, clock.now()):  # noqa: ASYNC110 -- over a socket
                await asyncio.sleep(0.005)
        assert asker.memory.get(CASINO, clock.now()) == GUESSED[CASINO]
        assert (asker.went, asker.is_passed_over(CASINO)) == ([CASINO, PILLS], False)
        assert asker.counts.news() == {"guesses.asked": 2, "guesses.late": 2}


@in_loop
async def test_late_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nobody waits any more for a while; after that it is tried again."""
    monkeypatch.setattr(guessing_module, "PAUSE_S", 0.2)
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        waiting: asyncio.Future[Guesses | None] | None = None
        for number in range(guessing_module.LATES):
            assert asker.memory.is_fed, number
            monkeypatch.setattr(guessing_module, "PATIENCE_S", 0.0)
            labels.may_answer.clear()
            await asker.ask(f"late{number}.example")
            monkeypatch.setattr(guessing_module, "PATIENCE_S", 30.0)
            waiting = asker.ask(PLAIN) if number == guessing_module.LATES - 1 else None
            labels.may_answer.set()
            async with asyncio.timeout(10):
                while asker.is_passed_over(f"late{number}.example"):  # noqa: ASYNC110 -- over a socket
                    await asyncio.sleep(0.001)
        assert not asker.memory.is_fed
        assert waiting is not None
        assert await waiting == ()
        assert await asker.ask(CASINO) == ()
        assert asker.counts.news()["guesses.paused"] == 1
        await fed(asker.guessing)
        assert await asker.ask(PILLS) == GUESSED[PILLS]


@in_loop
async def test_pauses_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that follows soon is twice as long, up to the longest; one long after is as short as the first."""
    for name, seconds in {"PAUSE_S": 0.05, "PAUSE_MAX_S": 0.15}.items():
        monkeypatch.setattr(guessing_module, name, seconds)
    asker = Asker(tmp_path)
    lengths = []
    for _ in range(4):
        asker.guessing._pause()
        lengths.append(asker.guessing._pause_s)
        while asker.guessing._is_paused:  # noqa: ASYNC110 -- the loop ends it
            await asyncio.sleep(0.001)
    assert lengths == [0.05, 0.1, 0.15, 0.15]
    asker.guessing._paused_until -= 1.0
    asker.guessing._pause()
    assert asker.guessing._pause_s == 0.05


@in_loop
async def test_one_in_time_ends_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only lates in a row count."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        for number in range(2 * guessing_module.LATES):
            monkeypatch.setattr(guessing_module, "PATIENCE_S", 0.0 if number % 2 else 30.0)
            labels.may_answer.clear()
            coming = asker.ask(f"n{number}.example")
            await waited(labels)
            if number % 2:
                await coming
            labels.may_answer.set()
            await coming
        await asker.ask(PLAIN)
        assert asker.memory.is_fed
    assert asker.counts.news().get("guesses.paused", 0) == 0


@in_loop
async def test_nobody_there(tmp_path: Path) -> None:
    """Without a labels process nobody waits; when it comes it is asked, and when it goes what waits is let go."""
    asker = Asker(tmp_path)
    asker.guessing.settle(policy())
    assert await asker.ask(CASINO) == ()
    for _ in range(2):
        async with labelling(tmp_path) as labels:
            await fed(asker.guessing)
            labels.may_answer.clear()
            coming = asker.ask(PILLS)
            await waited(labels)
            labels.answer = "no answer at all"
            labels.may_answer.set()
            assert await coming == ()
            labels.problem = "the model is damaged"
            await fed(asker.guessing, is_fed=False)
    assert await asker.ask(PILLS) == ()
    assert not asker.memory.is_fed


@pytest.mark.parametrize(
    "answer",
    [
        {"bus": 1, "error": "the model is damaged"},
        {"bus": 1},
        {"bus": 1, "guesses": []},
        {"bus": 1, "guesses": [[], []]},
        {"bus": 1, "guesses": [[["gambling"]]]},
        {"bus": 1, "guesses": [[["gambling", "very"]]]},
        {"bus": 1, "guesses": [[[7, 0.5]]]},
        {"bus": 1, "guesses": {"big-casino.example": []}},
    ],
)
@in_loop
async def test_no_answer(tmp_path: Path, answer: Any) -> None:
    """What is no answer is taken for none: the query goes on, and the labels process is asked anew."""
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        labels.answer = answer
        assert await asker.ask(CASINO) == ()
        assert asker.is_passed_over(CASINO)
        labels.answer = None
        await fed(asker.guessing)
        assert await asker.ask(PILLS) == GUESSED[PILLS]
        assert labels.statuses == 2


@in_loop
async def test_one_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is hung up on."""
    monkeypatch.setattr(guessing_module, "ANSWER_S", 0.05)
    async with labelling(tmp_path) as labels:
        asker = await Asker(tmp_path).begin()
        labels.may_answer.clear()
        assert await asker.ask(CASINO) == ()
        assert not asker.memory.is_fed


@in_loop
async def test_one_that_is_not_well(tmp_path: Path) -> None:
    """A labels process without a model is asked for nothing until it has one."""
    async with labelling(tmp_path) as labels:
        labels.problem = "models/classifier.onnx is missing"
        asker = Asker(tmp_path)
        asker.guessing.settle(policy())
        async with asyncio.timeout(10):
            while labels.statuses < 2:  # noqa: ASYNC110 -- over a socket
                await asyncio.sleep(0.005)
        assert (await asker.ask(CASINO), labels.asked) == ((), [])
        labels.problem = None
        await fed(asker.guessing)


@in_loop
async def test_nobody_scored(tmp_path: Path) -> None:
    """Where the classifier asks nobody about anything there is no connection, and nothing is remembered."""
    async with labelling(tmp_path) as labels:
        asker = Asker(tmp_path)
        asker.guessing.settle(policy(is_scored=False))
        for _ in range(5):
            await asyncio.sleep(0.01)
        assert (labels.statuses, asker.memory.is_fed) == (0, False)
        await asker.begin()
        assert await asker.ask(CASINO) == GUESSED[CASINO]
        labels.may_answer.clear()
        coming = asker.ask(PLAIN)
        await waited(labels)
        asker.guessing.settle(policy(is_scored=False))
        assert asker.memory.get(CASINO, clock.now()) is None
        assert await coming == ()
        assert not asker.memory.is_fed
        asker.guessing.settle(policy())
        await fed(asker.guessing)


@in_loop
async def test_a_query_that_fails(tmp_path: Path) -> None:
    """It costs the others nothing."""
    async with labelling(tmp_path):
        asker = await Asker(tmp_path).begin()

        def fail() -> None:
            raise RuntimeError("the client is gone")

        asker.guessing.ask(CASINO, fail)
        found = await asyncio.gather(asker.ask(CASINO), asker.ask(PILLS))
        assert list(found) == [GUESSED[CASINO], GUESSED[PILLS]]
    assert asker.counts.news()["errors"] == 1
