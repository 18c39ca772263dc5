"""How a daemon of ours lives: until a signal, or until whoever started it is gone."""

import asyncio
import os
import signal
import sys

SUPERVISED = "KINDGATE_SUPERVISED"
"""Set by whoever holds the other end of standard input; when that end is gone, so is the daemon."""


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
