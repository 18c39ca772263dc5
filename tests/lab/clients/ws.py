"""Keep a WebSocket open, say something now and then, and tell what becomes of it."""

import argparse
import asyncio
import os

from tests.lab.clients import places
from tests.lab.clients.told import Teller, telling
from tests.lab.servers import websocket


async def talk(told: argparse.Namespace, teller: Teller) -> str:
    """Say something until the other end closes."""
    reader, writer = await asyncio.open_connection(
        places.address(told), told.port, ssl=places.trusting(), server_hostname=told.name
    )
    await websocket.ask(reader, writer, told.name)
    speaking = asyncio.create_task(_speak(writer, told.pace_s))
    try:
        while (frame := await websocket.read(reader)).opcode != websocket.CLOSE:
            teller.heard(len(frame.payload))
    finally:
        speaking.cancel()
    return "end"


async def _speak(writer: asyncio.StreamWriter, pace_s: float) -> None:
    while True:
        writer.write(websocket.framed(websocket.Frame(websocket.TEXT, b"still here"), os.urandom(4)))
        await asyncio.sleep(pace_s)


if __name__ == "__main__":
    parser = places.parser(__doc__)
    parser.add_argument("--pace-s", type=float, default=0.1, help="a long one makes an idle connection")
    teller = Teller()
    asyncio.run(telling(teller, talk(parser.parse_args(), teller)))
