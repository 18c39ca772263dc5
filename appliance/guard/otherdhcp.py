"""Whether another server gives addresses on a network: asked by a DISCOVER that nothing follows (RFC 2131, 3.1)."""

import asyncio
import os
import socket
import struct
from ipaddress import IPv4Address

import msgspec

from appliance.core.wire.reader import Reader, WireError
from appliance.guard import links
from appliance.guard.links import NetworkError
from appliance.guard.packetsocket import MAX_OCTETS, open_packets
from appliance.world import clock

WAIT_S = 5.0
"""A server looks first whether somebody has an address that it offers: dnsmasq for three seconds."""
AGAIN_S = 1.5
MORE_S = 0.5
"""Behind a first offer, for those of others."""
MAX_OFFERS = 8

BROADCAST = b"\xff" * 6
ETH_P_IP = 0x0800
SERVER, CLIENT = 67, 68
COOKIE = b"\x63\x82\x53\x63"
MESSAGE_TYPE, SERVER_ID, PARAMETERS, ROUTER, RESOLVER, END = 53, 54, 55, 3, 6, 255
DISCOVER, OFFER = 1, 2

_ETHER = struct.Struct("!6s6sH")
_IP = struct.Struct("!BBHHHBBH4s4s")
_UDP = struct.Struct("!HHHH")
_BOOTP = struct.Struct("!BBBBIHH4s4s4s4s16s192x")

FILTER = (
    (0x28, 0, 0, 12),  # the EtherType:
    (0x15, 0, 8, ETH_P_IP),
    (0x30, 0, 0, 23),  # the protocol:
    (0x15, 0, 6, 17),  # UDP
    (0x28, 0, 0, 20),  # the fragment's offset:
    (0x45, 4, 0, 0x1FFF),  # none
    (0xB1, 0, 0, 14),  # behind the header
    (0x48, 0, 0, 16),  # the port that it is sent to:
    (0x15, 0, 1, CLIENT),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)
"""The kernel hands on nothing else."""


class Offer(msgspec.Struct, frozen=True):
    """What another server offered; `mac` is the sender's."""

    mac: str
    server: IPv4Address
    router: IPv4Address | None = None
    resolvers: tuple[IPv4Address, ...] = ()


async def find(interface: str, wait_s: float = WAIT_S) -> tuple[Offer, ...]:
    """Return the servers that answer on an interface. Raises NetworkError."""
    mac = links.mac_of(interface)
    try:
        asked = open_packets(interface, ETH_P_IP, FILTER)
    except OSError as error:
        raise NetworkError(f"other DHCP servers can't be looked for on {interface}: {error.strerror}") from error
    with asked:
        return tuple((await _ask(asked, bytes.fromhex(mac.replace(":", "")), wait_s)).values())


def discover(mac: bytes, xid: int) -> bytes:
    """Return the frame that asks for an address, of which the answer is to be broadcast."""
    head = _BOOTP.pack(1, 1, 6, 0, xid, 0, 0x8000, bytes(4), bytes(4), bytes(4), bytes(4), mac)
    options = bytes((MESSAGE_TYPE, 1, DISCOVER, PARAMETERS, 2, ROUTER, RESOLVER, END))
    body = (head + COOKIE + options).ljust(300, b"\0")
    # No checksum: over IPv4 that is an answer too (RFC 768).
    datagram = _UDP.pack(CLIENT, SERVER, _UDP.size + len(body), 0) + body
    told = (0x45, 0x10, _IP.size + len(datagram), 0, 0, 64, 17)
    bare = _IP.pack(*told, 0, bytes(4), b"\xff" * 4)
    return _ETHER.pack(BROADCAST, mac, ETH_P_IP) + _IP.pack(*told, _checksum(bare), bytes(4), b"\xff" * 4) + datagram


def parse(frame: bytes, xid: int) -> Offer | None:
    """Return the offer of a frame, None for what is none or another's. Raises WireError."""
    reader = Reader(frame)
    reader.skip(6)
    mac = reader.take(6).hex(":")
    if reader.u16() != ETH_P_IP:
        return None
    words = reader.u8() & 0x0F
    reader.skip(8)
    if reader.u8() != 17:
        return None
    reader.skip(2)
    source = IPv4Address(reader.take(4))
    reader.skip(4 + max(0, words * 4 - 20))
    ports = reader.u16(), reader.u16()
    reader.skip(4)
    if ports != (SERVER, CLIENT) or reader.u8() != 2:
        return None
    reader.skip(3)
    if reader.u32() != xid:
        return None
    reader.skip(_BOOTP.size - 8)
    if reader.take(4) != COOKIE:
        raise WireError("no message of DHCP")
    options = _options(reader)
    if options.get(MESSAGE_TYPE) != bytes((OFFER,)):
        return None
    servers = _addresses(options.get(SERVER_ID, b"")) or (source,)
    routers = _addresses(options.get(ROUTER, b""))
    return Offer(mac, servers[0], routers[0] if routers else None, _addresses(options.get(RESOLVER, b"")))


async def _ask(asked: socket.socket, mac: bytes, wait_s: float) -> dict[str, Offer]:
    """Ask twice, and take what comes until the time is over."""
    loop = asyncio.get_running_loop()
    xid = int.from_bytes(os.urandom(4), "big")
    found: dict[str, Offer] = {}
    ends = clock.uptime() + wait_s
    again = clock.uptime()
    while (at := clock.uptime()) < ends and len(found) < MAX_OFFERS:
        if at >= again:
            again = at + AGAIN_S
            try:
                asked.send(discover(mac, xid))
            except OSError as error:
                raise NetworkError(f"nothing can be sent there: {error.strerror}") from error
        try:
            async with asyncio.timeout(min(ends, again) - at):
                frame = await loop.sock_recv(asked, MAX_OCTETS)
        except TimeoutError:
            continue
        except OSError as error:
            raise NetworkError(f"nothing can be heard there: {error.strerror}") from error
        try:
            offer = parse(frame, xid)
        except WireError:
            continue
        if offer is not None:
            found[offer.mac] = offer
            ends = min(ends, clock.uptime() + MORE_S)
    return found


def _options(reader: Reader) -> dict[int, bytes]:
    """Return the options; what a later one of a kind says follows what the first said (RFC 3396)."""
    found: dict[int, bytes] = {}
    while reader.left:
        code = reader.u8()
        if code == END:
            break
        if code:
            found[code] = found.get(code, b"") + reader.take(reader.u8())
    return found


def _addresses(octets: bytes) -> tuple[IPv4Address, ...]:
    return tuple(IPv4Address(octets[at : at + 4]) for at in range(0, len(octets) - 3, 4))


def _checksum(octets: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
