"""Whether another server gives addresses: scapy reads our question, we read scapy's answer."""

import asyncio
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether

from appliance.core.wire.reader import WireError
from appliance.guard import otherdhcp
from appliance.guard.links import NetworkError
from appliance.guard.otherdhcp import Offer

MAC = "02:78:00:00:00:20"
XID = 0x01020304


def offer(
    *options: object, said: str = "offer", op: int = 2, xid: int = XID, ports: tuple[int, int] = (67, 68)
) -> bytes:
    """Return a server's frame."""
    return bytes(
        Ether(src=MAC, dst="ff:ff:ff:ff:ff:ff")
        / IP(src="192.168.78.2", dst="255.255.255.255")
        / UDP(sport=ports[0], dport=ports[1])
        / BOOTP(op=op, yiaddr="192.168.78.60", xid=xid)
        / DHCP(options=[("message-type", said), *options, "end"])
    )


def test_the_question() -> None:
    """A DISCOVER, whose checksum is right, and whose answer is broadcast."""
    octets = otherdhcp.discover(bytes.fromhex("027800000001"), XID)
    frame = Ether(octets)
    assert (frame.dst, frame.src, frame[IP].dst) == ("ff:ff:ff:ff:ff:ff", "02:78:00:00:00:01", "255.255.255.255")
    assert (frame[UDP].sport, frame[UDP].dport) == (68, 67)
    assert (frame[BOOTP].xid, int(frame[BOOTP].flags), frame[BOOTP].chaddr[:6]) == (XID, 0x8000, octets[6:12])
    assert ("message-type", 1) in frame[DHCP].options
    told = frame[IP].chksum
    del frame[IP].chksum
    assert IP(bytes(frame[IP])).chksum == told


def test_an_offer() -> None:
    """By whom, and what it would tell the device."""
    frame = offer(("server_id", "192.168.78.3"), ("router", "192.168.78.4"), ("name_server", "192.0.2.1", "192.0.2.2"))
    resolvers = (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
    expected = Offer(MAC, IPv4Address("192.168.78.3"), IPv4Address("192.168.78.4"), resolvers)
    assert otherdhcp.parse(frame, XID) == expected
    assert otherdhcp.parse(offer(), XID) == Offer(MAC, IPv4Address("192.168.78.2"))


@pytest.mark.parametrize(
    "frame", [offer(said="ack"), offer(op=1), offer(xid=7), offer(ports=(68, 67)), bytes(12) + b"\x86\xdd" + bytes(60)]
)
def test_what_is_no_offer_to_us(frame: bytes) -> None:
    """It is passed over."""
    assert otherdhcp.parse(frame, XID) is None


@given(st.binary(max_size=60), st.integers(0, 400))
def test_any_octets_give_an_offer_or_wire_error(octets: bytes, kept: int) -> None:
    """Nothing else, whatever follows a right beginning."""
    for frame in (octets, offer(("server_id", "192.168.78.3"))[:kept] + octets):
        try:
            otherdhcp.parse(frame, XID)
        except WireError:
            continue


def test_an_interface_that_is_missing() -> None:
    """It is named."""
    with pytest.raises(NetworkError, match="there is no interface nowhere0"):
        asyncio.run(otherdhcp.find("nowhere0"))
