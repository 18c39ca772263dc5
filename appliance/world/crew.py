"""Worker processes of a daemon: started, heard, started again when they end, replaced when they fall silent."""

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from appliance.world import clock
from appliance.world.link import Link

SILENT_S = 10.0
"""A worker without a word for so long is replaced."""
STARTING_S = 60.0
"""So long one may take for its first word: replaced sooner, it would on a busy machine never come to it."""
RESTART_S = 0.2
RESTART_MAX_S = 2.0
HEALTHY_S = 10.0
STOP_S = 3.0

Message = TypeVar("Message")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Member:
    """A worker as its daemon sees it."""

    number: int
    process: asyncio.subprocess.Process | None = None
    link: Link | None = None
    heard_at: float = 0.0
    started_at: float = 0.0
    has_spoken: bool = False
    restarts: int = 0
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Crew(Generic[Message]):
    """The workers of a daemon, each a process of the module that is named, on a socket pair of its own."""

    def __init__(
        self,
        module: str,
        count: int,
        decoder: "msgspec.json.Decoder[Message]",
        hear: Callable[[Member, Message], None],
        *,
        words: Callable[[Member], Iterable[str]] = lambda _: (),
        fds: Callable[[Member], Iterable[int]] = lambda _: (),
        begun: Callable[[Member], None] = lambda _: None,
        ended: Callable[[Member], None] = lambda _: None,
    ) -> None:
        """`words` follow the number of the link's file descriptor on a worker's command line, `fds` are inherited.

        `begun` is called once the link stands, before anything is heard; `ended` when the worker is gone.
        """
        self._module = module
        self._decoder = decoder
        self._hear = hear
        self._words, self._fds, self._begun, self._ended = words, fds, begun, ended
        self.restart_max_s = RESTART_MAX_S
        """One that ends again and again is started again ever later, after so long at the latest."""
        self.members = [Member(number) for number in range(count)]

    def start(self) -> "list[asyncio.Task[None]]":
        """Return the tasks that keep the workers alive until they are cancelled."""
        return [asyncio.create_task(self._keep(member)) for member in self.members]

    def replace_silent(self) -> None:
        """End whoever has said nothing for too long: it is started again."""
        for member in self.members:
            patience_s = SILENT_S if member.has_spoken else STARTING_S
            if member.process is not None and clock.uptime() - member.heard_at > patience_s:
                log.warning("worker %d is silent and is replaced", member.number)
                member.heard_at = clock.uptime()
                with contextlib.suppress(ProcessLookupError):
                    member.process.kill()

    async def stop(self) -> None:
        """End all: a worker ends by itself when its link does."""
        await asyncio.gather(*(self._stop(member) for member in self.members))

    async def _keep(self, member: Member) -> None:
        """Start a worker, and start it again when it ends: at once after a long life, later after a short one."""
        pause = 0.0
        while True:
            try:
                await self._start(member)
                if member.process is not None:
                    await member.process.wait()
            except OSError as error:
                log.error("worker %d can't be started: %s", member.number, error)  # noqa: TRY400 -- its words are enough
            self._hang_up(member)
            lived = clock.uptime() - member.started_at
            pause = 0.0 if lived > HEALTHY_S else min(self.restart_max_s, max(RESTART_S, pause * 2))
            member.restarts += 1
            self._ended(member)
            log.warning("worker %d ended and is started again", member.number)
            await asyncio.sleep(pause)

    async def _start(self, member: Member) -> None:
        ours, theirs = socket.socketpair()
        member.started_at = member.heard_at = clock.uptime()
        member.has_spoken = False
        try:
            with theirs:
                member.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", self._module, str(theirs.fileno()), *self._words(member),
                    stdin=asyncio.subprocess.DEVNULL, pass_fds=[theirs.fileno(), *self._fds(member)],
                )  # fmt: skip
        except OSError:
            ours.close()
            raise
        member.link = await Link.over(ours)
        self._begun(member)
        member.tasks = [asyncio.create_task(self._listen(member, member.link))]

    async def _listen(self, member: Member, link: Link) -> None:
        async for message in link.hear(self._decoder):
            member.heard_at, member.has_spoken = clock.uptime(), True
            self._hear(member, message)

    def _hang_up(self, member: Member) -> None:
        for task in member.tasks:
            task.cancel()
        if member.link is not None:
            member.link.close()
        member.link = member.process = None

    async def _stop(self, member: Member) -> None:
        process = member.process
        self._hang_up(member)
        if process is None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
