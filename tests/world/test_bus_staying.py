"""A connection to the bus that stays: many requests, in order, for as long as both ends want it."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

from appliance.world import bus
from appliance.world.bus import Bus, BusError, Line, NotRunning
from tests.world.test_bus import echo

LONG_S = 60.0
Story = Callable[[Bus], Awaitable[None]]


def told(data: Path, story: Story, answer: bus.Answerer = echo, stay_s: float = LONG_S, clients: int = 16) -> Bus:
    """Open a bus that lets its clients stay, let a story happen on a worker's loop, close it."""

    async def run() -> Bus:
        opened = Bus(data, "daemon", answer, stay_s=stay_s, clients=clients)
        await opened.open()
        try:
            async with asyncio.timeout(20):
                await story(opened)
        finally:
            await opened.close()
        return opened

    return uvloop.run(run())


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so, for as long as the story may take."""
    while not is_so():  # noqa: ASYNC110 -- the other end does it
        await asyncio.sleep(0.001)


async def number(line: Line, n: int) -> object:
    """Return what comes back for a number."""
    answer = (await line.ask({"n": n}))["asked"]
    assert isinstance(answer, dict)
    return answer["n"]


def test_many_requests(tmp_path: Path) -> None:
    """One connection carries any number of them, each answered before the next is sent."""

    async def story(opened: Bus) -> None:
        line = await Line.open(tmp_path, "daemon")
        assert [await number(line, n) for n in range(50)] == list(range(50))
        assert (line.is_open, opened._clients) == (True, 1)
        line.close()
        assert not line.is_open
        await until(lambda: not opened._clients)

    assert told(tmp_path, story).dropped == 0


def test_requests_sent_together(tmp_path: Path) -> None:
    """A client that doesn't wait gets its answers in the order of its requests."""

    async def story(_: Bus) -> None:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "bus" / "daemon.sock"))
        writer.write(b"".join(b'{"bus":1,"n":%d}\n' % n for n in range(5)))
        found = [json.loads(await reader.readline())["asked"]["n"] for _ in range(5)]
        assert found == [0, 1, 2, 3, 4]
        writer.close()

    told(tmp_path, story)


def test_a_daemon_that_lets_nobody_stay(tmp_path: Path) -> None:
    """It answers once and hangs up; that is an error, and the line knows."""

    async def story(_: Bus) -> None:
        line = await Line.open(tmp_path, "daemon")
        assert await number(line, 1) == 1
        with pytest.raises(BusError, match="did not answer"):
            await line.ask({"n": 2})
        assert not line.is_open

    told(tmp_path, story, stay_s=0.0)


def test_a_silent_client_is_hung_up_on(tmp_path: Path) -> None:
    """It may stay for so long and no longer, and its place is free again."""

    async def story(opened: Bus) -> None:
        line = await Line.open(tmp_path, "daemon")
        assert await number(line, 1) == 1
        await until(lambda: not line.is_open)
        assert opened._clients == 0
        line.close()

    assert told(tmp_path, story, stay_s=0.05).dropped == 1


def test_no_more_clients_than_there_may_be(tmp_path: Path) -> None:
    """Who stays holds a place; one more is hung up on, and let in when another one has left."""

    async def story(opened: Bus) -> None:
        held = [await Line.open(tmp_path, "daemon") for _ in range(2)]
        for line in held:
            await line.ask({})
        one_more = await Line.open(tmp_path, "daemon")
        with pytest.raises(BusError):
            await one_more.ask({})
        held[0].close()
        await until(lambda: opened._clients == 1)
        line = await Line.open(tmp_path, "daemon")
        assert await number(line, 7) == 7
        for each in (line, held[1]):
            each.close()

    assert told(tmp_path, story, clients=2).dropped == 1


def test_a_refusal_leaves_the_line_open(tmp_path: Path) -> None:
    """What the daemon refuses is raised in its words, garbage included, and the next request is answered."""

    async def story(_: Bus) -> None:
        line = await Line.open(tmp_path, "daemon")
        with pytest.raises(BusError, match="the daemon says: no"):
            await line.ask({"refused": True})
        line._writer.write(b"garbage\n")
        assert b"one line of JSON" in await line._reader.readline()
        assert await number(line, 3) == 3
        line.close()

    def answer(request: dict[str, object]) -> object:
        return {"bus": 1, "error": "no"} if "refused" in request else echo(request)

    assert told(tmp_path, story, answer).dropped == 1


def test_a_late_answer_is_nobody_elses(tmp_path: Path) -> None:
    """A line whose answer didn't come in time is closed: else the next request would get it."""
    go = asyncio.Event()

    async def slow(request: dict[str, object]) -> object:
        await go.wait()
        return echo(request)

    async def story(_: Bus) -> None:
        line = await Line.open(tmp_path, "daemon")
        with pytest.raises(BusError, match="did not answer"):
            await line.ask({"n": 1}, timeout_s=0.05)
        go.set()
        assert not line.is_open
        with pytest.raises(BusError):
            await line.ask({"n": 2})

    told(tmp_path, story, slow)


def test_a_daemon_that_ends(tmp_path: Path) -> None:
    """Who had a line to it is told by the next request, and can't open another one."""

    async def story(opened: Bus) -> None:
        line = await Line.open(tmp_path, "daemon")
        line._writer.write(b"x" * 20_000 + b"\n")
        with pytest.raises(BusError):
            await line.ask({})
        await opened.leave()
        with pytest.raises(NotRunning, match="no daemon is running"):
            await Line.open(tmp_path, "daemon")

    told(tmp_path, story)


def test_nobody_takes_the_connection(tmp_path: Path) -> None:
    """A daemon that hangs is waited for no longer than told."""
    (tmp_path / "bus").mkdir()
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "bus" / "daemon.sock"))
        hung.listen()

        async def story() -> None:
            line = await Line.open(tmp_path, "daemon")
            with pytest.raises(BusError, match="did not answer"):
                await line.ask({}, timeout_s=0.05)

        uvloop.run(story())
