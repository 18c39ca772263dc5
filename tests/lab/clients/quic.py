"""Ask a site over HTTP/3, which may be endless, and tell what becomes of it; `--once` tells the answer and ends."""

import argparse
import asyncio
import ssl
from contextlib import AsyncExitStack
from typing import Any

from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, QuicEvent

from tests.lab.clients import places
from tests.lab.clients.told import Teller, telling

HANDSHAKE_S = 5.0
IDLE_S = 60.0


class Browser(QuicConnectionProtocol):
    """One connection with one request."""

    def __init__(self, *args: Any, teller: Teller, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._teller = teller
        self._http = H3Connection(self._quic)
        self.body = b""
        self.ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def get(self, name: str, path: str) -> None:
        """Ask."""
        fields = [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", name.encode()),
            (b":path", path.encode()),
        ]
        self._http.send_headers(self._quic.get_next_available_stream_id(), fields, end_stream=True)
        self.transmit()

    def quic_event_received(self, event: QuicEvent) -> None:
        """Take what came."""
        if isinstance(event, ConnectionTerminated) and not self.ended.done():
            self.ended.set_result(event.reason_phrase or f"code {event.error_code}")
        for one in self._http.handle_event(event):
            if isinstance(one, DataReceived):
                self._teller.heard(len(one.data))
                self.body = (self.body + one.data)[:4096]
                if one.stream_ended and not self.ended.done():
                    self.ended.set_result("end")


async def visit(told: argparse.Namespace, teller: Teller) -> str:
    """Ask, and return how it ended."""
    configuration = QuicConfiguration(
        alpn_protocols=H3_ALPN, server_name=told.name, verify_mode=ssl.CERT_NONE, idle_timeout=IDLE_S
    )
    coming = connect(
        places.address(told),
        told.port,
        configuration=configuration,
        create_protocol=lambda *args, **kwargs: Browser(*args, teller=teller, **kwargs),
    )
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(HANDSHAKE_S):
            made = await stack.enter_async_context(coming)
        assert isinstance(made, Browser)
        made.get(told.name, told.path)
        how = await made.ended
        if told.once:
            teller.tell("answer", made.body.decode())
        return how


if __name__ == "__main__":
    parser = places.parser(__doc__)
    parser.add_argument("--once", action="store_true")
    teller = Teller()
    asyncio.run(telling(teller, visit(parser.parse_args(), teller)))
