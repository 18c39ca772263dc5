"""Download an endless file over TLS, or over plain TCP with `--plain`, and tell what becomes of it."""

import argparse
import asyncio

from tests.lab.clients import places
from tests.lab.clients.told import Teller, telling


async def download(told: argparse.Namespace, teller: Teller) -> str:
    """Read to the end."""
    secure = None if told.plain else places.trusting()
    name = None if told.plain else told.name
    reader, writer = await asyncio.open_connection(places.address(told), told.port, ssl=secure, server_hostname=name)
    writer.write(f"GET {told.path} HTTP/1.1\r\nHost: {told.name}\r\n\r\n".encode())
    while octets := await reader.read(262_144):
        teller.heard(len(octets))
    return "end"


if __name__ == "__main__":
    parser = places.parser(__doc__)
    parser.add_argument("--plain", action="store_true")
    teller = Teller()
    asyncio.run(telling(teller, download(parser.parse_args(), teller)))
