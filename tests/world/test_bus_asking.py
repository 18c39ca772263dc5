"""Asking a daemon on the bus, on an event loop or not: an answer, or an error that says what is the matter."""

import asyncio
import socket
from pathlib import Path

import pytest
import uvloop

from appliance.world import bus
from appliance.world.bus import Bus, BusError, NotRunning
from tests.world.test_bus import ask, echo, told


def test_on_an_event_loop(tmp_path: Path) -> None:
    """A client on an event loop gets the same answers, and the loop goes on meanwhile."""

    async def slow(request: dict[str, object]) -> object:
        await go.wait()
        return echo(request)

    async def story(_: Bus) -> None:
        asking = asyncio.create_task(bus.ask_soon(tmp_path, "daemon", {"ask": "slow"}))
        assert await ask(tmp_path, ask="quick") == await bus.ask_soon(tmp_path, "daemon", {"ask": "quick"})
        assert not asking.done()
        go.set()
        assert await asking == {"bus": 1, "asked": {"bus": 1, "ask": "slow"}}

    go = asyncio.Event()
    answer = {"slow": slow, "quick": echo}
    assert told(tmp_path, story, lambda request: answer[str(request["ask"])](request)).dropped == 0


def test_errors_on_an_event_loop(tmp_path: Path) -> None:
    """They are the same: a refusal, nobody there, nobody who answers in time, a line that never ends."""

    async def story(_: Bus) -> None:
        with pytest.raises(BusError, match="the daemon says: no"):
            await bus.ask_soon(tmp_path, "daemon", {})
        with pytest.raises(NotRunning, match="no other is running"):
            await bus.ask_soon(tmp_path, "other", {})
        with pytest.raises(NotRunning):
            await bus.ask_soon(tmp_path / "nowhere", "daemon", {})

    told(tmp_path, story, lambda _: {"bus": 1, "error": "no"})
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "bus" / "hung.sock"))
        hung.listen()
        with pytest.raises(BusError, match="did not answer"):
            asyncio.run(bus.ask_soon(tmp_path, "hung", {}, timeout_s=0.05))


def test_on_a_workers_loop(tmp_path: Path) -> None:
    """A worker's loop is another one, and a data folder's path may be longer than a UNIX socket's address."""
    data = tmp_path / ("long" * 20) / ("path" * 20)

    async def run() -> None:
        opened = Bus(data, "daemon", echo)
        await opened.open()
        try:
            assert await bus.ask_soon(data, "daemon", {"n": 7}) == {"bus": 1, "asked": {"bus": 1, "n": 7}}
            with pytest.raises(NotRunning):
                await bus.ask_soon(data, "other", {})
        finally:
            await opened.close()

    uvloop.run(run())


@pytest.mark.parametrize("made", ["", "data", "data/bus"])
def test_not_running(tmp_path: Path, made: str) -> None:
    """Without a daemon the error says so."""
    (tmp_path / made).mkdir(parents=True, exist_ok=True)
    with pytest.raises(NotRunning, match="no daemon is running with the data folder"):
        bus.ask(tmp_path / "data", "daemon", {})


def test_daemon_that_hangs(tmp_path: Path) -> None:
    """A daemon that takes the request and says nothing is waited for no longer than told."""
    (tmp_path / "bus").mkdir()
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "bus" / "daemon.sock"))
        hung.listen()
        with pytest.raises(BusError, match="did not answer"):
            bus.ask(tmp_path, "daemon", {}, timeout_s=0.05)


@pytest.mark.parametrize("octets", [b"", b"garbage\n", b"[1]\n", b"{" * 500_000 + b"\n", b"x" * 2_000_000])
def test_daemon_that_talks_nonsense(tmp_path: Path, octets: bytes) -> None:
    """Whatever a daemon answers: a value or our own error."""

    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(octets)
        writer.close()

    async def run() -> None:
        (tmp_path / "bus").mkdir()
        server = await asyncio.start_unix_server(nonsense, str(tmp_path / "bus" / "daemon.sock"))
        with pytest.raises(BusError):
            await ask(tmp_path)
        with pytest.raises(BusError):
            await bus.ask_soon(tmp_path, "daemon", {})
        server.close()

    asyncio.run(run())
