"""IP packets as the kernel hands them over, and orders that a test gives."""

import struct
from ipaddress import ip_address

from appliance.core.asker import Registry
from appliance.core.house import House
from appliance.core.wire.packet import ACK, SYN
from appliance.household.orders import Orders
from tests.core.passages import BOOK, FLOW_RULES, policy_of
from tests.core.wire import hellos

TABLET, LAPTOP, STRANGER, ROUTER = (f"02:77:00:00:00:{last}" for last in ("10", "11", "66", "01"))
TABLET_V4, TABLET_V6, LAPTOP_V4 = "192.168.78.10", "fd78::10", "192.168.78.11"
SITE_V4, SITE_V6 = "203.0.113.5", "2001:db8::5"
PORT = 40_000
ISN = 1_000


class Standing(Orders):
    """Orders that stand as a test gave them, until it gives others."""

    def __init__(self, house: House) -> None:
        self.rulebook = BOOK
        self.flow_rules = FLOW_RULES
        self.state = 0
        self.give(house)

    def give(self, house: House) -> None:
        """Put another house in force."""
        self.policy = policy_of(house)
        self.registry = Registry(house)
        self.devices = {device.id: device for device in house.devices}
        self.state += 1


def hello(name: str, padding: int = 0) -> bytes:
    """Return a TLS record with a ClientHello for a name, and that many octets of padding."""
    return hellos.record(hellos.message(hellos.server_name(name.encode()), hellos.extension(21, bytes(padding))))


def nameless_hello() -> bytes:
    """Return one for no name."""
    return hellos.record(hellos.message(b""))


def ip(source: str, target: str, protocol: int, body: bytes) -> bytes:
    """Return a packet of a protocol."""
    ends = ip_address(source).packed + ip_address(target).packed
    if len(ends) == 8:
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 0, 0, 64, protocol, 0) + ends + body
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, 64) + ends + body


def tcp(
    payload: bytes = b"",
    at: int = 0,
    *,
    flags: int = ACK,
    source: str = TABLET_V4,
    target: str = SITE_V4,
    ports: tuple[int, int] = (PORT, 443),
) -> bytes:
    """Return a client's segment, `at` octets from its stream's start."""
    number = ISN if flags & SYN else ISN + 1 + at
    return ip(source, target, 6, struct.pack("!HHIIBBHHH", *ports, number, ISN + 1, 0x50, flags, 1_000, 0, 0) + payload)


def udp(
    payload: bytes, *, source: str = TABLET_V4, target: str = SITE_V4, ports: tuple[int, int] = (PORT, 443)
) -> bytes:
    """Return a datagram."""
    return ip(source, target, 17, struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload)
