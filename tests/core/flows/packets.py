"""Packets of one conversation, in short."""

from collections.abc import Iterable

from appliance.core.flows.settle import WATCH, Settle
from appliance.core.flows.table import Flows
from appliance.core.wire.packet import ACK, SYN, Packet, Protocol
from tests.core.wire import hellos

CLIENT, SERVER = bytes((192, 0, 2, 1)), bytes((198, 51, 100, 2))
PORT = 50_000
ISN, SERVERS_ISN = 0xFFFF_FFF0, 7
"""The client's numbers wrap in the middle of its words."""

NAME = "www.kind.example"
DECOY = "www.evil.example"
HELLO = hellos.record(hellos.message(hellos.server_name(NAME.encode())))
REQUEST = b"GET / HTTP/1.1\r\nHost: www.kind.example\r\n\r\n"
ASK = b"\0\7\1\0\0\1\0\0\0\0\0\0\3www\4kind\7example\0\0\1\0\1"
ANSWER = b"\0\7\x81\x80" + ASK[4:]
SERVER_HELLO = b"\x16\x03\x03\x00\x30\x02" + bytes(47)


def syn(early: bytes = b"", isn: int = ISN, port: int = 443) -> Packet:
    """Return a client's SYN."""
    return Packet(CLIENT, SERVER, Protocol.TCP, PORT, port, early, isn, SYN)


def accept(acknowledged: int = ISN + 1, payload: bytes = b"", port: int = 443) -> Packet:
    """Return the answer to it."""
    return Packet(SERVER, CLIENT, Protocol.TCP, port, PORT, payload, SERVERS_ISN, SYN | ACK, acknowledged % 2**32)


def say(at: int, octets: bytes, *, flags: int = ACK, port: int = 443, isn: int = ISN) -> Packet:
    """Return a client's segment, `at` octets from its stream's start."""
    return Packet(CLIENT, SERVER, Protocol.TCP, PORT, port, octets, (isn + 1 + at) % 2**32, flags)


def reply(at: int, octets: bytes, *, flags: int = ACK, port: int = 443) -> Packet:
    """Return a server's."""
    return Packet(SERVER, CLIENT, Protocol.TCP, port, PORT, octets, SERVERS_ISN + 1 + at, flags)


def ask(payload: bytes, port: int = 443, ours: int = PORT) -> Packet:
    """Return a client's datagram."""
    return Packet(CLIENT, SERVER, Protocol.UDP, ours, port, payload)


def tell(payload: bytes, port: int = 443, ours: int = PORT) -> Packet:
    """Return a server's."""
    return Packet(SERVER, CLIENT, Protocol.UDP, port, ours, payload)


def fed(packets: Iterable[Packet], *, wants_start: bool = False) -> Settle | None:
    """Return what settled a flow, None while it is watched."""
    flows = Flows(wants_start=wants_start)
    for packet in packets:
        said = flows.feed(packet, 1.0)
        if said is not WATCH:
            return said
    return None


def ended(packets: Iterable[Packet], *, wants_start: bool = False) -> Settle:
    """Return what a flow is of which no more comes."""
    flows = Flows(wants_start=wants_start)
    for packet in packets:
        said = flows.feed(packet, 1.0)
        if said is not WATCH:
            return said
    (settle,) = flows.end()
    return settle


def ids(settle: Settle | None) -> list[str]:
    """Return the signs of a flow."""
    return [sign.id for sign in settle.signs] if settle else []
