"""A daemon's workers live as long as it does: whoever ends or falls silent is there again."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.world import crew
from appliance.world.crew import Crew, Member
from tests.world.crewing import HERE, Here

LIMIT_S = 60.0


class Story:
    """What a daemon saw of its workers."""

    def __init__(self, count: int, word: str, restart_max_s: float = crew.RESTART_MAX_S) -> None:
        self.heard: list[tuple[int, Here]] = []
        self.began: list[int] = []
        self.ended: list[int] = []
        self._something = asyncio.Event()
        self.crew: Crew[Here] = Crew(
            "tests.world.crewing",
            count,
            HERE,
            self._hear,
            words=lambda member: (str(member.number), word),
            begun=lambda member: self.began.append(member.number),
            ended=lambda member: self.ended.append(member.number),
        )
        self.crew.restart_max_s = restart_max_s

    def _hear(self, member: Member, here: Here) -> None:
        self.heard.append((member.number, here))
        self._something.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait until what was heard makes something so."""
        async with asyncio.timeout(LIMIT_S):
            while not is_so():
                self._something.clear()
                await self._something.wait()


@asynccontextmanager
async def story_of(
    count: int = 1, word: str = "stays", restart_max_s: float = crew.RESTART_MAX_S
) -> AsyncIterator[Story]:
    """Run a crew, and leave nobody behind."""
    story = Story(count, word, restart_max_s)
    tasks = story.crew.start()
    try:
        yield story
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await story.crew.stop()


def is_alive(pid: int) -> bool:
    """Say whether a process lives."""
    return Path(f"/proc/{pid}").exists()


def test_each_is_told_its_words_and_heard() -> None:
    """With its number, once, after the daemon knew that it began."""

    async def told() -> None:
        async with story_of(3) as story:
            await story.until(lambda: len(story.heard) == 3)
            assert {number: here.words for number, here in story.heard} == {
                number: (str(number), "stays") for number in range(3)
            }
            assert sorted(story.began) == [0, 1, 2]
            assert story.ended == []

    asyncio.run(told())


def test_nobody_outlives_the_daemon() -> None:
    """Whoever stays until it is hung up on ends then."""

    async def told() -> None:
        async with story_of(2) as story:
            await story.until(lambda: len(story.heard) == 2)
            pids = [here.pid for _, here in story.heard]
            assert all(map(is_alive, pids))
        assert not any(map(is_alive, pids))

    asyncio.run(told())


def test_one_that_is_killed_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Under its number; the others never notice."""
    monkeypatch.setattr(crew, "RESTART_S", 0.01)

    async def told() -> None:
        async with story_of(2) as story:
            await story.until(lambda: len(story.heard) == 2)
            first = {number: here.pid for number, here in story.heard}
            os.kill(first[1], signal.SIGKILL)
            await story.until(lambda: len(story.heard) == 3)
            number, again = story.heard[-1]
            assert (number, again.pid != first[1], story.ended) == (1, True, [1])
            assert [member.restarts for member in story.crew.members] == [0, 1]
            assert is_alive(first[0])

    asyncio.run(told())


@pytest.mark.parametrize(("most_s", "expected"), [(2.0, [0.2, 0.4, 0.8, 1.6, 2.0]), (1.0, [0.2, 0.4, 0.8, 1.0, 1.0])])
def test_one_that_ends_at_once_is_started_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch, most_s: float, expected: list[float]
) -> None:
    """A worker that can't live must not take the machine; how long it is left dead may be said."""
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def told() -> None:
        async with story_of(word="ends", restart_max_s=most_s) as story:
            await story.until(lambda: len(story.heard) >= 7)
        assert pauses[:5] == expected

    monkeypatch.setattr(asyncio, "sleep", noted)
    asyncio.run(told())


def test_one_that_is_silent_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may hang: nobody waits for it any longer than that."""
    monkeypatch.setattr(crew, "SILENT_S", 0.0)
    monkeypatch.setattr(crew, "RESTART_S", 0.01)

    async def told() -> None:
        async with story_of() as story:
            await story.until(lambda: len(story.heard) == 1)
            os.kill(story.heard[0][1].pid, signal.SIGSTOP)
            story.crew.replace_silent()
            await story.until(lambda: len(story.heard) == 2)
            assert not is_alive(story.heard[0][1].pid)

    asyncio.run(told())


def test_a_daemon_that_can_start_nobody_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It says so, and tries again."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setattr(crew, "RESTART_S", 0.01)

    async def told() -> None:
        async with story_of() as story:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LIMIT_S):
                    while len(story.ended) < 2:  # noqa: ASYNC110 -- there is nobody who could say anything
                        await asyncio.sleep(0.01)
            assert len(story.ended) >= 2

    asyncio.run(told())
    assert "can't be started" in caplog.text
