"""The bus: one request, one answer, everything bounded."""

import asyncio
import json
import os
import pwd
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.world import bus
from appliance.world.bus import Bus, BusError, NotRunning
from tests.needs import need

Story = Callable[[Bus], Awaitable[None]]


def echo(request: dict[str, object]) -> object:
    """Answer with what was asked."""
    return {"bus": bus.VERSION, "asked": request}


def told(data: Path, story: Story, answer: bus.Answerer = echo, restricted: bus.Restricted | None = None) -> Bus:
    """Open a bus in a folder, let a story happen, close it."""

    async def run() -> Bus:
        opened = Bus(data, "daemon", answer, restricted)
        await opened.open()
        try:
            async with asyncio.timeout(20):
                await story(opened)
        finally:
            await opened.close()
        return opened

    return asyncio.run(run())


async def ask(data: Path, **request: object) -> dict[str, object]:
    """Ask as a client in a process of its own does."""
    return await asyncio.to_thread(bus.ask, data, "daemon", request)


async def say(data: Path, octets: bytes) -> bytes:
    """Return what comes back for these octets."""
    reader, writer = await asyncio.open_unix_connection(str(data / "bus" / "daemon.sock"))
    try:
        writer.write(octets)
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_round_trip(tmp_path: Path) -> None:
    """A request is answered, the version added."""

    async def story(_: Bus) -> None:
        expected = {"bus": 1, "asked": {"bus": 1, "ask": "status", "n": 7}}
        assert await ask(tmp_path, ask="status", n=7) == expected

    assert told(tmp_path, story).dropped == 0


def test_many_in_turn(tmp_path: Path) -> None:
    """Requests that come together are all answered."""

    async def story(_: Bus) -> None:
        found = await asyncio.gather(*(ask(tmp_path, n=number) for number in range(bus.MAX_CLIENTS)))
        numbers = [one["asked"]["n"] for one in found]  # type: ignore[index]
        assert numbers == list(range(bus.MAX_CLIENTS))

    told(tmp_path, story)


def test_errors_are_raised(tmp_path: Path) -> None:
    """What the daemon refuses is an error with its words."""

    async def story(_: Bus) -> None:
        with pytest.raises(BusError, match="the daemon says: no"):
            await ask(tmp_path)

    told(tmp_path, story, lambda _: {"bus": 1, "error": "no"})


@pytest.mark.parametrize("line", [b'{"bus": 2, "ask": "status"}\n', b'{"ask": "status"}\n', b'{"bus": "1"}\n'])
def test_foreign_version(tmp_path: Path, line: bytes) -> None:
    """Another version gets a sentence, not an answer."""

    async def story(_: Bus) -> None:
        answer = json.loads(await say(tmp_path, line))
        assert answer == {"bus": 1, "error": "this daemon speaks version 1"}

    assert told(tmp_path, story).dropped == 1


@pytest.mark.parametrize("line", [b"\n", b"hello\n", b"[]\n", b"null\n", b"\xff\xfe\n", b"{" * 4000 + b"\n"])
def test_garbage(tmp_path: Path, line: bytes) -> None:
    """What is no request gets a sentence, is counted, and the next one is answered."""

    async def story(_: Bus) -> None:
        assert json.loads(await say(tmp_path, line)) == {"bus": 1, "error": "a request is one line of JSON"}
        assert await ask(tmp_path)

    assert told(tmp_path, story).dropped == 1


def test_deep_brackets(tmp_path: Path) -> None:
    """Brackets that go deep are garbage like any other."""

    async def story(_: Bus) -> None:
        assert json.loads(await say(tmp_path, b'{"a":' + b"[" * 4000 + b"\n"))["error"]
        assert await ask(tmp_path)

    assert told(tmp_path, story).dropped == 1


def test_line_without_end(tmp_path: Path) -> None:
    """A line longer than a request is hung up on."""

    async def story(_: Bus) -> None:
        assert await say(tmp_path, b"x" * 100_000) == b""
        assert await ask(tmp_path)

    assert told(tmp_path, story).dropped == 1


def test_silent_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that says nothing is hung up on."""
    monkeypatch.setattr(bus, "TIMEOUT_S", 0.05)

    async def story(_: Bus) -> None:
        assert await say(tmp_path, b"") == b""

    assert told(tmp_path, story).dropped == 1


def test_too_many_clients(tmp_path: Path) -> None:
    """Beyond the limit a client is hung up on; the others are served, and so is the next one after them."""

    async def story(_: Bus) -> None:
        path = str(tmp_path / "bus" / "daemon.sock")
        held = [await asyncio.open_unix_connection(path) for _ in range(bus.MAX_CLIENTS)]
        assert await say(tmp_path, b'{"bus": 1}\n') == b""
        for reader, writer in held:
            writer.write(b'{"bus": 1}\n')
            assert json.loads(await reader.readline()) == {"bus": 1, "asked": {"bus": 1}}
            writer.close()
        assert await ask(tmp_path)

    assert told(tmp_path, story).dropped == 1


NOBODY = 4_000_000_000
"""A user that no system has."""


def peer(monkeypatch: pytest.MonkeyPatch, name: str | None, uid: int = 4711) -> None:
    """Make every client one of another user, by its name in the system's list; None is one without a name."""
    entry = pwd.struct_passwd((name or "", "x", uid, uid, "", "/", "/bin/false"))

    def look_up(asked: int) -> pwd.struct_passwd:
        if asked != uid or name is None:
            raise KeyError(asked)
        return entry

    monkeypatch.setattr(bus, "_uid", lambda _: uid)
    monkeypatch.setattr(pwd, "getpwuid", look_up)


@pytest.mark.parametrize("name", [None, "nobody", "kindgate", "kindgate-nameserver2", ""])
def test_foreign_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    """Who is not trusted gets nothing."""
    peer(monkeypatch, name)

    async def story(_: Bus) -> None:
        with pytest.raises(BusError, match="did not answer"):
            await ask(tmp_path)

    assert told(tmp_path, story).dropped == 1


@pytest.mark.parametrize("name", sorted(bus.USERS))
def test_other_daemons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The daemons' own system users are trusted."""
    peer(monkeypatch, name)

    async def story(_: Bus) -> None:
        assert await ask(tmp_path, ask="status")

    assert told(tmp_path, story).dropped == 0


RING = {"ring": frozenset(("kindgate-steward",))}


@pytest.mark.parametrize(
    ("name", "uid", "expected"),
    [
        ("kindgate-steward", 4711, True),
        ("kindgate-web", 4711, False),
        ("kindgate-finder", 4711, False),
        ("root", 0, True),
        ("somebody", os.geteuid(), True),
    ],
)
def test_restricted_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, uid: int, expected: bool
) -> None:
    """What not everyone may ask is refused in words and counted; all else is answered as ever."""
    peer(monkeypatch, name, uid)

    async def story(opened: Bus) -> None:
        assert await ask(tmp_path, ask="status")
        if expected:
            assert await ask(tmp_path, ask="ring")
            return
        with pytest.raises(BusError, match="the daemon says: this is not told to everyone"):
            await ask(tmp_path, ask="ring")
        assert asked == ["status"]

    asked: list[object] = []

    def answer(request: dict[str, object]) -> object:
        asked.append(request["ask"])
        return echo(request)

    assert told(tmp_path, story, answer, RING).dropped == (0 if expected else 1)


@pytest.mark.parametrize(("own", "peer", "expected"), [(1000, 1000, True), (1000, 0, True), (1000, NOBODY, False)])
def test_trust(monkeypatch: pytest.MonkeyPatch, own: int, peer: int, expected: bool) -> None:
    """Trusted are our own user and root."""
    monkeypatch.setattr(os, "geteuid", lambda: own)
    assert bus._is_trusted(peer, bus.USERS) is expected


def test_user_of_a_real_peer() -> None:
    """The kernel says who is at the other end."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert bus._uid(ours) == os.geteuid()


def test_answer_that_takes_its_time(tmp_path: Path) -> None:
    """A coroutine's answer is waited for, and others are answered meanwhile."""
    go = asyncio.Event()

    async def slow(request: dict[str, object]) -> object:
        await go.wait()
        return echo(request)

    def answer(request: dict[str, object]) -> object:
        return slow(request) if request["ask"] == "slow" else echo(request)

    async def story(_: Bus) -> None:
        waiting = asyncio.create_task(ask(tmp_path, ask="slow"))
        assert await ask(tmp_path, ask="quick")
        assert not waiting.done()
        go.set()
        assert (await waiting)["asked"] == {"bus": 1, "ask": "slow"}

    assert told(tmp_path, story, answer).dropped == 0


def test_answer_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A coroutine that doesn't come to an end is ended, the client is hung up on, the next one is answered."""
    monkeypatch.setattr(bus, "TIMEOUT_S", 0.2)
    ended: list[bool] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def story(_: Bus) -> None:
        with pytest.raises(BusError, match="did not answer"):
            await ask(tmp_path, ask="slow")
        assert await ask(tmp_path, ask="quick")

    one = told(tmp_path, story, lambda request: forever() if request["ask"] == "slow" else echo(request))
    assert (one.dropped, ended) == (1, [True])


@pytest.mark.parametrize("is_slow", [False, True])
def test_answerer_that_stumbles(tmp_path: Path, is_slow: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A fault in an answer is told as an error and logged by its kind; its words, which may hold a name, are not."""

    async def stumble() -> object:
        raise LookupError("secret.example")

    def answer(_: dict[str, object]) -> object:
        if is_slow:
            return stumble()
        raise LookupError("secret.example")

    async def story(_: Bus) -> None:
        with pytest.raises(BusError, match="could not be answered"):
            await ask(tmp_path)

    assert told(tmp_path, story, answer).dropped == 1
    assert [record.getMessage() for record in caplog.records] == ["a request could not be answered: LookupError"]


def test_socket_has_the_folders_group(tmp_path: Path) -> None:
    """Daemons of other users reach the socket by the folder's group, also where the folder does not hand it on."""
    need(os.geteuid() == 0, "giving a folder to another group needs root")
    (tmp_path / "bus").mkdir(mode=0o750)
    os.chown(tmp_path / "bus", -1, 4712)

    async def story(_: Bus) -> None:
        status = (tmp_path / "bus" / "daemon.sock").stat()
        assert (status.st_gid, status.st_mode & 0o777) == (4712, 0o660)

    told(tmp_path, story)


@pytest.mark.parametrize(("mode", "expected"), [(0o750, 0o750), (0o2750, 0o2770)])
def test_folder_is_shared_where_the_one_above_is(tmp_path: Path, mode: int, expected: int) -> None:
    """In a data folder whose group is handed on the other daemons may put their sockets there too."""
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(mode)

    async def story(_: Bus) -> None:
        assert (data / "bus").stat().st_mode & 0o7777 == expected

    told(data, story)


def test_long_folder(tmp_path: Path) -> None:
    """A path longer than a UNIX socket's address may be is no obstacle."""
    data = tmp_path / ("long" * 20) / ("path" * 20)

    async def story(_: Bus) -> None:
        assert await ask(data)

    assert len(str(data)) > 160
    told(data, story)


def test_socket_is_for_its_user(tmp_path: Path) -> None:
    """Neither folder nor socket is open to everyone."""

    async def story(_: Bus) -> None:
        assert (tmp_path / "bus" / "daemon.sock").stat().st_mode & 0o007 == 0
        assert (tmp_path / "bus").stat().st_mode & 0o007 == 0

    told(tmp_path, story)


def test_socket_of_a_dead_daemon(tmp_path: Path) -> None:
    """What a daemon that died left there is replaced."""
    (tmp_path / "bus").mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "bus" / "daemon.sock"))
    with pytest.raises(NotRunning):
        bus.ask(tmp_path, "daemon", {})

    async def story(_: Bus) -> None:
        assert await ask(tmp_path)

    told(tmp_path, story)


def test_mend(tmp_path: Path) -> None:
    """A socket that has gone is made anew; one that is there is left alone."""

    async def story(opened: Bus) -> None:
        path = tmp_path / "bus" / "daemon.sock"
        inode = path.stat().st_ino
        await opened.mend()
        assert path.stat().st_ino == inode
        path.unlink()
        with pytest.raises(NotRunning):
            await ask(tmp_path)
        await opened.mend()
        assert await ask(tmp_path)
        path.unlink()
        path.parent.rmdir()
        await opened.mend()
        assert await ask(tmp_path)

    told(tmp_path, story)


def test_a_daemon_takes_its_leave(tmp_path: Path) -> None:
    """One that ends for good is expected no more; one that died still is, and nobody removes another's socket."""

    async def story(opened: Bus) -> None:
        assert bus.is_expected(tmp_path, "daemon")
        await opened.close()
        assert bus.is_expected(tmp_path, "daemon"), "it may come back"
        again = Bus(tmp_path, "daemon", lambda _: {"bus": 1})
        await again.open()
        await opened.leave()
        assert bus.is_expected(tmp_path, "daemon"), "that one is another's"
        await again.leave()
        assert not bus.is_expected(tmp_path, "daemon")

    told(tmp_path, story)


def test_mend_of_what_can_not_be_mended(tmp_path: Path) -> None:
    """While the folder can't be made, mending does no harm, and afterwards it works."""
    data = tmp_path / "data"

    async def story(opened: Bus) -> None:
        data.rename(tmp_path / "away")
        data.write_text("in the way")
        await opened.mend()
        with pytest.raises(NotRunning):
            await ask(data)
        data.unlink()
        await opened.mend()
        assert await ask(data)

    told(data, story)
