"""Send a datagram every 50 ms to something that echoes, and tell what becomes of it."""

import argparse
import asyncio

from tests.lab.clients import places
from tests.lab.clients.told import Teller, named, telling

PACE_S = 0.05


class Player(asyncio.DatagramProtocol):
    """Hears the echoes, and the ICMP errors in their place."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller
        self._told: str | None = None

    def datagram_received(self, data: bytes, _: object) -> None:
        """Take an echo."""
        self._told = None
        self._teller.heard(len(data))

    def error_received(self, error: Exception) -> None:
        """Tell an error once, until something is heard again."""
        if self._told != (how := named(error)):
            self._told = how
            self._teller.tell("error", how)


async def play(told: argparse.Namespace, teller: Teller) -> str:
    """Send until the process is ended."""
    loop = asyncio.get_running_loop()
    local = ("::" if ":" in (where := places.address(told)) else "0.0.0.0", told.from_port)
    transport, _ = await loop.create_datagram_endpoint(lambda: Player(teller), local, (where, told.port))
    payload = bytes.fromhex(told.payload)
    while True:
        transport.sendto(payload)
        await asyncio.sleep(PACE_S)


if __name__ == "__main__":
    parser = places.parser(__doc__)
    parser.set_defaults(port=3074)
    parser.add_argument("--from-port", type=int, default=0)
    parser.add_argument("--payload", default="00" * 60, help="in hexadecimal")
    teller = Teller()
    asyncio.run(telling(teller, play(parser.parse_args(), teller)))
