"""What games and calls talk to: echoes over UDP and TCP at every port that has no server, and STUN (RFC 8489)."""

import asyncio
import contextlib
import struct
from ipaddress import ip_address
from typing import cast

PORT, STUN_PORT = 7, 3478
COOKIE = 0x2112A442
_HEADER = struct.Struct("!HHI12s")


async def serve() -> None:
    """Answer on every address of this host."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Echo, ("::", PORT))
    await loop.create_datagram_endpoint(Stun, ("::", STUN_PORT))
    await asyncio.start_server(_visitor, ["0.0.0.0", "::"], PORT)


class Echo(asyncio.DatagramProtocol):
    """Sends back what comes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        self._transport.sendto(self.reply(data, addr), addr)

    def reply(self, data: bytes, client: tuple[str, int]) -> bytes:  # noqa: ARG002
        """Return what is sent back."""
        return data


class Stun(Echo):
    """Tells a client its own address."""

    def reply(self, data: bytes, client: tuple[str, int]) -> bytes:
        """Return a binding's success, or, for what is no request, the same octets."""
        return binding(data, client) if len(data) >= _HEADER.size and data[:2] == b"\x00\x01" else data


def binding(request: bytes, addr: tuple[str, int]) -> bytes:
    """Return the success response to a binding request, with XOR-MAPPED-ADDRESS (section 14.2)."""
    _, _, cookie, transaction = _HEADER.unpack_from(request)
    address = ip_address(addr[0].removeprefix("::ffff:"))
    key = struct.pack("!I", COOKIE) + transaction
    mapped = bytes(a ^ b for a, b in zip(address.packed, key, strict=False))
    value = struct.pack("!BBH", 0, 1 if address.version == 4 else 2, addr[1] ^ (COOKIE >> 16)) + mapped
    attribute = struct.pack("!HH", 0x0020, len(value)) + value
    return _HEADER.pack(0x0101, len(attribute), cookie, transaction) + attribute


async def _visitor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while octets := await reader.read(65_536):
            writer.write(octets)
            await writer.drain()
    writer.close()
