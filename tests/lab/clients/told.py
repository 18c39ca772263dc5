"""What a client prints of its connection: open, flowing, stalled, open again, closed, each with its time."""

import asyncio
import errno
import json
import socket
import ssl
import time
from collections.abc import Awaitable

STALL_S = 0.6
"""So long without an octet is a stall; what the clients talk to sends more often."""
_LOOK_S = 0.05
_BEAT_S = 0.2


class Teller:
    """Of one connection."""

    def __init__(self) -> None:
        self._octets = 0
        self._heard_at = 0.0
        self._is_open = False

    def heard(self, octets: int) -> None:
        """Take note of what came from the other end."""
        self._octets += octets
        self._heard_at = time.time()
        if not self._is_open:
            self._is_open = True
            self.tell("open")

    def tell(self, what: str, how: str = "") -> None:
        """Print a line: `at` is now, `heard` when the last octet came (UNIX times)."""
        said = {"what": what, "how": how, "at": time.time(), "heard": self._heard_at, "octets": self._octets}
        print(json.dumps(said), flush=True)  # noqa: T201

    async def watch(self) -> None:
        """Tell now and then that something came, and when nothing comes any more."""
        told_at = 0.0
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._is_open and time.time() - self._heard_at > STALL_S:
                self._is_open = False
                self.tell("stalled")
            elif self._heard_at - told_at > _BEAT_S:
                told_at = self._heard_at
                self.tell("flowing")


async def telling(teller: Teller, talk: Awaitable[str]) -> None:
    """Run a conversation to its end, which it returns or raises, and tell it."""
    watch = asyncio.create_task(teller.watch())
    try:
        how = await talk
    except (OSError, EOFError, ValueError) as error:
        how = named(error)
    watch.cancel()
    teller.tell("closed", how)


def named(error: Exception) -> str:
    """Return an error in a word: its errno's name, or end, tls, name, time."""
    match error:
        case ssl.SSLError():
            return "tls"
        case socket.gaierror():
            return "name"
        case EOFError():
            return "end"
        case OSError(errno=int(number)):
            return errno.errorcode.get(number, str(number))
        case TimeoutError():
            return "time"
    return repr(error)
