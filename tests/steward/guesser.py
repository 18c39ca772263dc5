"""A labels process for the tests of who keeps it: says how it is, and does as its last argument says."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import msgspec

from appliance.steward.labelling import Told
from appliance.world.life import die_with_parent
from appliance.world.link import Link

PIDS = "pids"
"""Where each that was started writes its process id, a line each."""


async def main() -> None:
    """Say it once, or again and again, or end, until the steward hangs up."""
    fd, data, *words = sys.argv[1:]
    with (Path(data) / PIDS).open("a") as file:
        file.write(f"{os.getpid()}\n")
    link = await Link.over(socket.socket(fileno=int(fd)))
    does = Path(words[0]).name if words else "well"
    if does == "ends":
        sys.exit(1)
    beating = asyncio.create_task(beat(link, Told("1", "the model is damaged" if does == "broken" else None), does))
    async for _ in link.hear(msgspec.json.Decoder(Told)):
        pass
    beating.cancel()


async def beat(link: Link, told: Told, does: str) -> None:
    """Tell it."""
    while link.tell(told) and does != "once":  # noqa: ASYNC110 -- it is a heartbeat
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(main())
