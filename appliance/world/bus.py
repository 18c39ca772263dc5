"""The bus: one UNIX socket per daemon in the data folder, JSON lines, the peer's user checked, everything bounded.

A client sends one request, ``{"bus": 1, "ask": "status"}``, and gets one line back; where the daemon lets its clients
stay, one after another (`Line`). Requests are documented with the daemon that answers them. Version 1.
"""

import asyncio
import contextlib
import inspect
import logging
import os
import pwd
import socket
import stat
import struct
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from appliance.world.talks import begun

VERSION = 1
FOLDER = "bus"
MAX_LINE_OCTETS = 1_000_000
MAX_REQUEST_OCTETS = 16_384
MAX_CLIENTS = 16
TIMEOUT_S = 5.0

USERS = frozenset(("kindgate-nameserver", "kindgate-steward", "kindgate-web", "kindgate-finder", "kindgate-guard"))
"""The system users of the daemons; besides them root and a daemon's own user are trusted."""

_CREDENTIALS = struct.Struct("3i")

Answerer = Callable[[dict[str, object]], object]
"""A request to its answer, or to a coroutine that returns it within `TIMEOUT_S`."""
Restricted = Mapping[str, Collection[str]]
"""The word of a request → the system users who may ask it; root and the daemon's own user always may."""

log = logging.getLogger(__name__)


class BusError(OSError):
    """The daemon can't be reached or did not understand."""


class NotRunning(BusError):
    """No daemon of this name runs on this data folder."""


class Bus:
    """A daemon's end: answers requests of root, of its own user and of the other daemons'."""

    def __init__(
        self, data: Path, daemon: str, answer: Answerer, restricted: Restricted | None = None, *, stay_s: float = 0.0,
        clients: int = MAX_CLIENTS,
    ) -> None:  # fmt: skip
        """Listen to nobody yet; `stay_s`: how long a client that was answered may stay silent, 0 if it is to leave."""
        self._data = data
        self._daemon = daemon
        self._answer = answer
        self._restricted = restricted or {}
        self._server: asyncio.Server | None = None
        self._inode: tuple[int, int] | None = None
        self._stay_s = stay_s
        self._most = clients
        self._clients = 0
        self.dropped = 0
        """Requests refused: a foreign user, too many clients, or not understood."""

    async def open(self) -> None:
        """Listen, in place of what is left there of a daemon that died. Raises OSError."""
        listener = self._listen()
        await self.close()
        self._server = await asyncio.start_unix_server(begun(self._serve), sock=listener, limit=MAX_REQUEST_OCTETS)

    def _listen(self) -> socket.socket:
        folder = _made(self._data / FOLDER)
        with _reachable(folder) as near:
            path = f"{near}/{self._daemon}.sock"
            fresh = f"{path}.{os.getpid()}"
            with contextlib.suppress(FileNotFoundError):
                Path(fresh).unlink()
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            listener.bind(fresh)
            with contextlib.suppress(PermissionError):
                os.chown(fresh, -1, folder.stat().st_gid)
            Path(fresh).chmod(0o660)
            listener.listen(self._most)
            Path(fresh).replace(path)
            self._inode = _inode(Path(path))
        return listener

    async def mend(self) -> None:
        """Listen again where the socket has gone: a data folder that was away and came back."""
        if _inode(self._data / FOLDER / f"{self._daemon}.sock") != self._inode:
            with contextlib.suppress(OSError):
                await self.open()

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            self._server = None

    async def leave(self) -> None:
        """Stop listening for good: nobody is to look for this daemon any more."""
        await self.close()
        socket_file = self._data / FOLDER / f"{self._daemon}.sock"
        if self._inode is not None and _inode(socket_file) == self._inode:
            with contextlib.suppress(OSError):
                socket_file.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients += 1
        try:
            user = _uid(writer.get_extra_info("socket"))
            if self._clients > self._most or not _is_trusted(user, USERS):
                self.dropped += 1
                return
            async with asyncio.timeout(TIMEOUT_S):
                await self._tell(await reader.readline(), user, writer)
            while self._stay_s:
                async with asyncio.timeout(self._stay_s):
                    line = await reader.readline()
                if not line:
                    return
                async with asyncio.timeout(TIMEOUT_S):
                    await self._tell(line, user, writer)
        except (OSError, ValueError, TimeoutError):
            self.dropped += 1
        finally:
            self._clients -= 1
            writer.close()

    async def _tell(self, line: bytes, user: int, writer: asyncio.StreamWriter) -> None:
        writer.write(msgspec.json.encode(await self._reply(line, user)) + b"\n")
        await writer.drain()

    async def _reply(self, line: bytes, user: int) -> object:
        try:
            request = msgspec.json.decode(line, type=dict[str, object])
        except (msgspec.MsgspecError, RecursionError):
            self.dropped += 1
            return {"bus": VERSION, "error": "a request is one line of JSON"}
        if request.get("bus") != VERSION:
            self.dropped += 1
            return {"bus": VERSION, "error": f"this daemon speaks version {VERSION}"}
        may = self._restricted.get(str(request.get("ask")))
        if may is not None and not _is_trusted(user, may):
            self.dropped += 1
            return {"bus": VERSION, "error": "this is not told to everyone"}
        return await self._answered(request)

    async def _answered(self, request: dict[str, object]) -> object:
        try:
            answer = self._answer(request)
            return await answer if inspect.isawaitable(answer) else answer
        except TimeoutError:
            raise
        except Exception as error:  # noqa: BLE001 -- one request must never end a daemon; the words may hold a name
            self.dropped += 1
            log.error("a request could not be answered: %s", type(error).__name__)  # noqa: TRY400 -- as above
            return {"bus": VERSION, "error": "this could not be answered"}


def is_expected(data: Path, daemon: str) -> bool:
    """Say whether a daemon was started on this data folder and has not taken its leave: dead or alive."""
    return (data / FOLDER / f"{daemon}.sock").exists()


def ask(data: Path, daemon: str, request: dict[str, object], timeout_s: float = TIMEOUT_S) -> dict[str, object]:
    """Return a daemon's answer to a request. Raises NotRunning, BusError."""
    with _in_words(data, daemon), _reachable(data / FOLDER) as near, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(timeout_s)
        client.connect(f"{near}/{daemon}.sock")
        client.sendall(_line(request))
        with client.makefile("rb") as answered:
            answer = _read(answered.readline(MAX_LINE_OCTETS))
    return _accepted(daemon, answer)


async def ask_soon(
    data: Path, daemon: str, request: dict[str, object], timeout_s: float = TIMEOUT_S
) -> dict[str, object]:
    """Do as `ask` on an event loop, which goes on meanwhile."""
    with _in_words(data, daemon):
        async with asyncio.timeout(timeout_s):
            reader, writer = await _connected(data, daemon)
            try:
                writer.write(_line(request))
                answer = _read(await reader.readline())
            finally:
                writer.close()
    return _accepted(daemon, answer)


class Line:
    """A connection that stays, to a daemon that lets its clients stay: one request after another."""

    def __init__(self, data: Path, daemon: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._data, self._daemon = data, daemon
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, data: Path, daemon: str, timeout_s: float = TIMEOUT_S) -> "Line":
        """Connect to a daemon. Raises NotRunning, BusError."""
        with _in_words(data, daemon):
            async with asyncio.timeout(timeout_s):
                return cls(data, daemon, *await _connected(data, daemon))

    @property
    def is_open(self) -> bool:
        """Say whether the other end is there still, as far as is known."""
        return not (self._writer.is_closing() or self._reader.at_eof())

    async def ask(self, request: dict[str, object], timeout_s: float = TIMEOUT_S) -> dict[str, object]:
        """Return the answer to a request; the next one may be sent when it has come.

        Raises BusError. The line is closed then, but for where the daemon said itself that it refuses: what came
        later would be taken for the answer to another request.
        """
        try:
            with _in_words(self._data, self._daemon):
                async with asyncio.timeout(timeout_s):
                    self._writer.write(_line(request))
                    await self._writer.drain()
                    answer = _read(await self._reader.readline())
        except BaseException:
            self.close()
            raise
        return _accepted(self._daemon, answer)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def _connected(data: Path, daemon: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    with _reachable(data / FOLDER) as near:
        return await asyncio.open_unix_connection(f"{near}/{daemon}.sock", limit=MAX_LINE_OCTETS)


def _line(request: dict[str, object]) -> bytes:
    return msgspec.json.encode({"bus": VERSION} | request) + b"\n"


def _read(line: bytes) -> dict[str, object]:
    return msgspec.json.decode(line, type=dict[str, object])


@contextmanager
def _in_words(data: Path, daemon: str) -> Iterator[None]:
    """Raise our own errors in place of what may happen to a client."""
    try:
        yield
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as error:
        raise NotRunning(f"no {daemon} is running with the data folder {data}") from error
    except (OSError, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise BusError(f"the {daemon} did not answer: {error}") from error


def _accepted(daemon: str, answer: dict[str, object]) -> dict[str, object]:
    """Return an answer that is no refusal."""
    if "error" in answer:
        raise BusError(f"the {daemon} says: {answer['error']}")
    return answer


@contextmanager
def _reachable(folder: Path) -> Iterator[str]:
    """Give a short path to a folder: a UNIX socket's address ends after 108 octets, a data folder's path may not."""
    handle = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)


def _made(folder: Path) -> Path:
    """Make a folder where there is none: the other daemons may write to it as well if they share the one above."""
    try:
        folder.mkdir(parents=True, mode=0o770)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return folder
    if not folder.parent.stat().st_mode & stat.S_ISGID:
        folder.chmod(0o750)
    elif folder.stat().st_mode & 0o020 == 0:
        # By a umask that keeps the group out; a jailed daemon has none such, and may not do this.
        folder.chmod(0o2770)
    return folder


def _uid(client: socket.socket) -> int:
    """Return the user at the other end, as the kernel knows it."""
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(credentials)
    return int(uid)


def _is_trusted(uid: int, users: Collection[str]) -> bool:
    """Say whether a user is root, our own, or one of these system users."""
    if uid in (0, os.geteuid()):
        return True
    try:
        return pwd.getpwuid(uid).pw_name in users
    except KeyError:
        return False


def _inode(path: Path) -> tuple[int, int] | None:
    """Return what tells one file from another of the same name, None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
