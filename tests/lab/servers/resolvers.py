"""Resolvers that aren't the box: over UDP, TCP and TLS (RFC 7858), at every address; DoH is a page of every site."""

import asyncio
import contextlib
import ssl
from typing import cast

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset

from scripts.lablib.net import INTERNET

PORT, TLS_PORT = 5353, 853
"""Where they listen; what is sent to port 53 of any address arrives there."""
WITNESS, FOREIGN = "resolver.example.", "203.0.113.99"
"""A name that only these resolvers answer so: whoever gets this has gone past the box."""
WAIT_S = 3.0


async def answer(wire: bytes) -> bytes:
    """Answer a message as the internet's own resolver does, but for the witness."""
    asked = dns.message.from_wire(wire)
    question = asked.question[0]
    if question.name.to_text().lower() == WITNESS and question.rdtype == dns.rdatatype.A:
        made = dns.message.make_response(asked)
        made.answer.append(dns.rrset.from_text(question.name, 60, "IN", "A", FOREIGN))
        made.flags |= dns.flags.RA
        return made.to_wire()
    return (await dns.asyncquery.udp(asked, INTERNET.v4, WAIT_S)).to_wire()


async def serve(context: ssl.SSLContext) -> None:
    """Answer on every address of this host."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Datagrams, ("::", PORT))
    await asyncio.start_server(_visitor, ["0.0.0.0", "::"], PORT)
    await asyncio.start_server(_visitor, ["0.0.0.0", "::"], TLS_PORT, ssl=context)


class Datagrams(asyncio.DatagramProtocol):
    """Questions over UDP."""

    def __init__(self) -> None:
        self._answering: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take a question."""
        task = asyncio.create_task(self._answer(data, addr))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        with contextlib.suppress(dns.exception.DNSException, OSError):
            self._transport.sendto(await answer(data), addr)


async def _visitor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
        while True:
            size = int.from_bytes(await reader.readexactly(2), "big")
            made = await answer(await reader.readexactly(size))
            writer.write(len(made).to_bytes(2, "big") + made)
            await writer.drain()
    writer.close()
