"""Visits over HTTP/3 as no browser makes them: two from one port, and one that moves into the home."""

import asyncio
import json
import socket
import ssl
from contextlib import suppress

from aioquic.h3.connection import H3_ALPN
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from tests.adversary.child import WAIT_S, Child
from tests.adversary.inside import socket_in
from tests.lab.clients.quic import Browser
from tests.lab.clients.told import Teller


class _Silent(Teller):
    def tell(self, what: str, how: str = "") -> None:
        """Print nothing."""


def over_one_socket(child: Child, address: str, *names: str) -> bool:
    """Visit sites at one address one after another from one port; say whether the last of them answered."""
    return asyncio.run(_visit_all(child, address, names))


async def _visit_all(child: Child, address: str, names: tuple[str, ...]) -> bool:
    said = ""
    port = 0
    for name in names:
        with child.endpoint(socket.SOCK_DGRAM) as made:
            made.setblocking(False)
            made.bind(("0.0.0.0" if child.family == "4" else "::", port))
            port = made.getsockname()[1]
            said = await _visit(made, address, name)
    with suppress(ValueError):
        return bool(json.loads(said)["host"] == names[-1])
    return False


def moved_home(child: Child, address: str, name: str) -> bool:
    """Begin a visit outside (as over mobile data) and go on with it at home (RFC 9000 section 9); say whether it went.

    Outside is the router's side of the box.
    """
    return asyncio.run(_move(child, address, name))


async def _move(child: Child, address: str, name: str) -> bool:
    told = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name, verify_mode=ssl.CERT_NONE)
    loop = asyncio.get_running_loop()
    outside = socket_in(child.lab.name, "router", socket.AF_INET, socket.SOCK_DGRAM)
    outside.setblocking(False)
    outside.bind(("0.0.0.0", 0))
    first, browser = await loop.create_datagram_endpoint(
        lambda: Browser(QuicConnection(configuration=told), teller=_Silent()), sock=outside
    )
    browser.connect((address, 443))
    async with asyncio.timeout(WAIT_S):
        await browser.wait_connected()
    with child.endpoint(socket.SOCK_DGRAM) as inside:
        inside.setblocking(False)
        inside.bind(("0.0.0.0", 0))
        browser.change_connection_id()
        second, _ = await loop.create_datagram_endpoint(lambda: browser, sock=inside)
        browser.get(name, "/")
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(WAIT_S):
                await browser.ended
        for transport in (first, second):
            await _close(transport)
    return b"host" in browser.body


async def _close(transport: asyncio.BaseTransport) -> None:
    """Close a transport, and let the loop know before it ends."""
    transport.close()
    await asyncio.sleep(0)


async def _visit(made: socket.socket, address: str, name: str) -> str:
    told = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name, verify_mode=ssl.CERT_NONE)
    loop = asyncio.get_running_loop()
    transport, browser = await loop.create_datagram_endpoint(
        lambda: Browser(QuicConnection(configuration=told), teller=_Silent()), sock=made
    )
    try:
        browser.connect((address, 443))
        async with asyncio.timeout(WAIT_S):
            await browser.wait_connected()
            browser.get(name, "/")
            await browser.ended
    except (OSError, ConnectionError, TimeoutError):
        return ""
    finally:
        await _close(transport)
    return browser.body.decode()
