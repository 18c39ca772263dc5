"""A worker for the tests of a crew: says who it is, and does as the word on its command line says."""

import asyncio
import os
import socket
import sys

import msgspec

from appliance.world.life import die_with_parent
from appliance.world.link import Link


class Here(msgspec.Struct, frozen=True, tag=True):
    """What it says."""

    pid: int
    words: tuple[str, ...]


HERE = msgspec.json.Decoder(Here)


async def main() -> None:
    """Say it, then end, fall silent, or stay until the daemon hangs up."""
    fd, *words = sys.argv[1:]
    link = await Link.over(socket.socket(fileno=int(fd)))
    link.tell(Here(os.getpid(), tuple(words)))
    if words[-1] != "ends":
        async for _ in link.hear(HERE):
            pass
    link.close()


if __name__ == "__main__":
    die_with_parent()
    asyncio.run(main())
