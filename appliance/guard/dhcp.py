"""Gives the devices their addresses: keeps a dnsmasq of our own running, unless another server answers there."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Interface
from pathlib import Path

from appliance.config import Dhcp as Setting
from appliance.config import Gateway
from appliance.guard import dnsmasq, otherdhcp
from appliance.guard.dnsmasq import Announced, Given, Served
from appliance.guard.links import NetworkError
from appliance.guard.otherdhcp import Offer
from appliance.world import clock, life

LOOK_S = 300.0
"""How often another server is looked for while none is known."""
LOOK_AGAIN_S = 20.0
"""… and while one is: it is in our way until it is switched off."""
GONE_LOOKS = 2
"""Another server is gone when it was silent so often."""
RESTART_S, RESTART_MAX_S = 0.5, 30.0
HEALTHY_S = 60.0
STOP_S = 3.0
MAX_LINE = 4_096
CONFIG = "dnsmasq.conf"
MAX_LEASES_OCTETS = 200_000

Find = Callable[[str], Awaitable[tuple[Offer, ...]]]

log = logging.getLogger(__name__)


class Dhcp:
    """Runs from `up` to `down`; what dnsmasq is to do changes with what was found and with `announce`."""

    def __init__(
        self, gateway: Gateway, folder: Path, find: Find = otherdhcp.find, appeared: Callable[[], None] = lambda: None
    ) -> None:
        """`folder` is where dnsmasq's configuration and leases lie; it is made. `find` looks for other servers.

        `appeared` is called when there is one where there was none.
        """
        self._gateway = gateway
        self._folder = folder
        self._find = find
        self._appeared = appeared
        self._own: IPv4Interface | None = None
        self._v6: Announced | None = None
        self._others: tuple[Offer, ...] = ()
        self._silent = 0
        self._has_looked = False
        self._served: Served | None = None
        """What the process does that runs."""
        self._process: Process | None = None
        self._started_at = self._retry_at = 0.0
        self._pause_s = 0.0
        self._restarts = 0
        self._problem: str | None = None
        self._said: str | None = None
        self._last_words = ""
        self._is_due = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._listening: asyncio.Task[None] | None = None

    @property
    def leases_file(self) -> Path:
        """Where dnsmasq keeps who has which address."""
        return self._folder / "dnsmasq.leases"

    async def up(self, own: IPv4Interface) -> None:
        """Begin, with the box's address on the LAN. Raises NetworkError where what was set can't be."""
        dnsmasq.pool(self._gateway, own)
        self._own = own
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        await asyncio.to_thread(_end_stale, self._folder, self._pid_file)
        self._has_looked = False
        self._tasks = [asyncio.create_task(self._look()), asyncio.create_task(self._tend())]

    async def down(self) -> None:
        """Give no addresses any more; what was given stays with the devices until its time is over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self._end()

    def announce(self, v6: Announced | None) -> None:
        """Announce IPv6 from now on, or do it no more."""
        if v6 != self._v6:
            self._v6 = v6
            self._is_due.set()

    def status(self) -> dict[str, object]:
        """Return how it stands, as the bus tells it."""
        is_running = self._process is not None and self._served is not None
        return {
            "setting": self._gateway.dhcp.value,
            "gives": is_running and self._served is not None and self._served.v4 is not None,
            "announces": is_running and self._served is not None and self._served.v6 is not None,
            "others": len(self._others),
            "leases": len(self.leases()),
            "restarts": self._restarts,
            "problem": self._problem or self._said or self._in_the_way(),
        }

    def leases(self) -> tuple[Given, ...]:
        """Return who has which address."""
        try:
            with self.leases_file.open("rb") as file:
                return dnsmasq.given(file.read(MAX_LEASES_OCTETS).decode("utf-8", "replace"))
        except OSError:
            return ()

    def _in_the_way(self) -> str | None:
        """Say in words what another server means."""
        if not self._others or self._gateway.dhcp is Setting.OFF:
            return None
        if self._gateway.dhcp is Setting.ON:
            return "another server gives addresses too: devices that ask it first go past this box"
        return "another server gives addresses, so this box gives none: switch DHCP off in the router"

    async def _look(self) -> None:
        """Look for other servers, as long as that could change anything."""
        while self._gateway.dhcp is not Setting.OFF:
            try:
                found = await self._find(self._gateway.lan)
            except NetworkError as error:
                self._said = str(error)
            else:
                if found and self._has_looked and not self._others:
                    self._appeared()
                self._said, self._has_looked = None, True
                self._silent = 0 if found else self._silent + 1
                if found or self._silent >= GONE_LOOKS or not self._others:
                    self._others = found
            self._is_due.set()
            await asyncio.sleep(LOOK_S if self._has_looked and not self._others else LOOK_AGAIN_S)

    async def _tend(self) -> None:
        """Have dnsmasq do what is wanted; start it again where it ended."""
        while True:
            self._is_due.clear()
            try:
                await self._settle()
            except OSError as error:
                self._failed(str(error))
            wait_s = max(0.0, self._retry_at - clock.uptime()) if self._retry_at else None
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._is_due.wait()

    async def _settle(self) -> None:
        wanted = self._wanted()
        if self._process is not None and self._process.returncode is not None:
            await self._end()
            self._failed(f"dnsmasq ended by itself: {self._last_words}")
        if wanted == self._served and (wanted is None or self._process is not None):
            return
        if wanted is not None and clock.uptime() < self._retry_at:
            return
        await self._end()
        if wanted is not None:
            await self._start(wanted)
        self._served, self._problem, self._retry_at = wanted, None, 0.0

    def _wanted(self) -> Served | None:
        """Return what dnsmasq is to do now, None for nothing."""
        assert self._own is not None  # noqa: S101
        setting = self._gateway.dhcp
        # Where it depends on others, they are looked for first.
        may_give = setting is Setting.ON or (setting is Setting.AUTO and self._has_looked and not self._others)
        v4 = (self._own, *dnsmasq.pool(self._gateway, self._own)) if may_give else None
        if v4 is None and self._v6 is None:
            return None
        return Served(self._gateway.lan, v4, self._v6, self._gateway.lease_hours)

    async def _start(self, served: Served) -> None:
        """Start dnsmasq. Raises NetworkError, OSError."""
        program = _program()
        config = self._folder / CONFIG
        config.write_text(dnsmasq.render(served, self.leases_file, self._pid_file))
        tried = await asyncio.create_subprocess_exec(
            program, "--test", f"--conf-file={config}", stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE
        )
        _, told = await tried.communicate()
        if tried.returncode:
            raise NetworkError(f"dnsmasq refuses its configuration: {told.decode(errors='replace').strip()}")
        self._process = await asyncio.create_subprocess_exec(
            program, f"--conf-file={config}", stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, limit=MAX_LINE
        )
        self._started_at = clock.uptime()
        self._listening = asyncio.create_task(self._listen(self._process))

    async def _listen(self, process: Process) -> None:
        """Hand its words on to our log, without devices; wake who tends it when it ends."""
        assert process.stderr is not None  # noqa: S101
        while True:
            try:
                line = await process.stderr.readline()
            except ValueError:
                continue
            if not line:
                break
            said = dnsmasq.words(line.decode(errors="replace"))
            if said:
                self._last_words = said
                log.info("dnsmasq: %s", said)
        await process.wait()
        self._is_due.set()

    def _failed(self, words: str) -> None:
        """Note a failure, and try again later: the later, the shorter it lived."""
        if words != self._problem:
            log.warning("no addresses are given: %s", words)
        is_old = self._started_at > 0 and clock.uptime() - self._started_at > HEALTHY_S
        self._pause_s = RESTART_S if is_old or not self._pause_s else min(RESTART_MAX_S, self._pause_s * 2)
        self._problem, self._served = words, None
        self._retry_at = clock.uptime() + self._pause_s
        self._restarts += 1

    async def _end(self) -> None:
        """End the process that runs."""
        process, self._process, self._served = self._process, None, None
        listening, self._listening = self._listening, None
        if process is not None and process.returncode is None:
            await life.end(process, STOP_S)
        if listening is not None:
            # To its last word, with which its pipe is closed.
            await asyncio.wait({listening}, timeout=STOP_S)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    @property
    def _pid_file(self) -> Path:
        return self._folder / "dnsmasq.pid"


def _end_stale(folder: Path, pid_file: Path) -> None:
    """End the dnsmasq of an earlier life, should that have been killed: it holds the port."""
    try:
        pid = int(pid_file.read_text())
        process = Path(f"/proc/{pid}")
        if f"--conf-file={folder / CONFIG}".encode() not in (process / "cmdline").read_bytes().split(b"\0"):
            return
        os.kill(pid, signal.SIGTERM)
        ends = clock.uptime() + STOP_S
        # Nobody's child any more, so that its end can't be waited for.
        while process.exists() and clock.uptime() < ends:
            clock.pause(0.02)
    except (OSError, ValueError):
        return


def _program() -> str:
    """Return where dnsmasq is. Raises NetworkError."""
    found = shutil.which("dnsmasq", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        raise NetworkError("dnsmasq is missing; install it: sudo apt-get install dnsmasq-base")
    return found
