"""How a process of ours lives: until a signal, or until whoever started it is gone."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Iterable

SUPERVISED = "KINDGATE_SUPERVISED"
"""Set by whoever holds the other end of standard input; when that end is gone, so is the daemon."""
PR_SET_PDEATHSIG = 1
"""linux/prctl.h."""


def is_supervised() -> bool:
    """Say whether somebody else tells of this process, and keeps it alive."""
    return bool(os.environ.get(SUPERVISED))


def ending() -> asyncio.Event:
    """Return an event that is set when this process is to end: SIGTERM, SIGINT, or a supervisor that has gone."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if is_supervised():
        loop.add_reader(sys.stdin, stopping.set)
    return stopping


async def first_of(tasks: "Iterable[asyncio.Task[object]]") -> None:
    """Wait until the first of these ends, and raise what it ended by.

    A daemon whose one task has failed would else live on with the rest, and do a part of its work for ever.
    """
    done, _ = await asyncio.wait(tuple(tasks), return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def end(process: asyncio.subprocess.Process, within_s: float) -> None:
    """End a process of ours: politely, then not."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(within_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends, even while it hangs (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
