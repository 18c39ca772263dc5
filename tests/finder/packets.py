"""Frames as devices send them, put together by hand, so that scapy is not its own witness."""

import struct
from ipaddress import ip_address

TABLET = "02:77:00:00:00:10"
SERVER = "02:77:00:00:00:01"
ALL = "ff:ff:ff:ff:ff:ff"
IN_FLUSH = 0x8001


def octets(mac: str) -> bytes:
    """Return the six octets of a MAC."""
    return bytes.fromhex(mac.replace(":", ""))


def udp(source: str, target: str, ports: tuple[int, int], body: bytes, mac: str = TABLET, to: str = ALL) -> bytes:
    """Return an Ethernet frame with a UDP datagram over IPv4 or IPv6; its checksums are left empty."""
    own, other = ip_address(source), ip_address(target)
    datagram = struct.pack("!4H", *ports, 8 + len(body), 0) + body
    if own.version == 4:
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(datagram), 0, 0, 255, 17, 0)
    else:
        head = struct.pack("!IHBB", 6 << 28, len(datagram), 17, 255)
    kind = 0x0800 if own.version == 4 else 0x86DD
    return octets(to) + octets(mac) + struct.pack("!H", kind) + head + own.packed + other.packed + datagram


def dhcp(
    said: int,
    *options: tuple[int, bytes],
    mac: str = TABLET,
    client: str | None = None,
    ciaddr: str = "0.0.0.0",
    yiaddr: str = "0.0.0.0",
    op: int = 1,
) -> bytes:
    """Return a DHCP message: `client` is the MAC that it speaks of, the sender's unless given."""
    head = struct.pack("!BBBBIHH", op, 1, 6, 0, 0x4B47, 0, 0) + ip_address(ciaddr).packed + ip_address(yiaddr).packed
    told = b"".join(bytes((code, len(value))) + value for code, value in ((53, bytes((said,))), *options))
    body = head + bytes(8) + octets(client or mac).ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + told + b"\xff"
    if op == 1:
        return udp(ciaddr, "255.255.255.255", (68, 67), body, mac)
    return udp("192.168.77.1", "255.255.255.255", (67, 68), body, mac)


def name(text: str | bytes) -> bytes:
    """Return a domain name as it is written."""
    raw = text.encode() if isinstance(text, str) else text
    return b"".join(bytes((len(label),)) + label for label in raw.split(b".") if label) + b"\0"


def record(owner: str | bytes, kind: int, data: bytes) -> bytes:
    """Return a resource record."""
    return name(owner) + struct.pack("!HHIH", kind, IN_FLUSH, 120, len(data)) + data


def address_record(owner: str | bytes, text: str) -> bytes:
    """Return an A or AAAA record."""
    address = ip_address(text)
    return record(owner, 1 if address.version == 4 else 28, address.packed)


def mdns(
    source: str,
    *answers: bytes,
    additional: tuple[bytes, ...] = (),
    flags: int = 0x8400,
    ports: tuple[int, int] = (5353, 5353),
    mac: str = TABLET,
) -> bytes:
    """Return an mDNS message to its group."""
    body = struct.pack("!6H", 0, flags, 0, len(answers), 0, len(additional)) + b"".join((*answers, *additional))
    is_v4 = ip_address(source).version == 4
    group, to = ("224.0.0.251", "01:00:5e:00:00:fb") if is_v4 else ("ff02::fb", "33:33:00:00:00:fb")
    return udp(source, group, ports, body, mac, to)


TABLET_MDNS = mdns("192.168.77.10", address_record("Kims-tablet.local", "192.168.77.10"))
TABLET_DHCP = dhcp(3, (50, ip_address("192.168.77.10").packed), (12, b"kims-tablet"))
