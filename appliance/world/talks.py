"""Conversations with those who connect to a daemon."""

import asyncio
from collections.abc import Callable, Coroutine

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, None]]


def begun(talk: Talk) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
    """Return what `asyncio.start_server` calls to have a conversation with each client, in a task of its own.

    Given the coroutine itself, Python 3.11 reports a conversation that is cancelled with the daemon as a fault of its
    own (python/cpython, issue 113538). The connection is closed when the conversation ends, however it does.
    """
    held: set[asyncio.Task[None]] = set()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(talk(reader, writer))
        held.add(task)
        task.add_done_callback(held.discard)
        task.add_done_callback(lambda _: writer.close())

    return begin
