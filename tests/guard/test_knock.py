"""What makes an idle end speak: right in every octet that the end looks at, and sent to both."""

from ipaddress import ip_address

import pytest
from scapy.layers.inet import IP, TCP
from scapy.layers.inet6 import IPv6

from appliance.core.mark import read
from appliance.guard import knock
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked

CHILD4, SERVER4, BOX4 = (ip_address(text).packed for text in ("192.168.78.10", "203.0.113.1", "203.0.113.2"))
CHILD6, SERVER6 = (ip_address(text).packed for text in ("fd00:78::10", "2001:db8::1"))
V4, V6 = Connection(6, CHILD4, 40_000, SERVER4, 443), Connection(6, CHILD6, 40_000, SERVER6, 443)
TRANSLATED = V4._replace(client=BOX4, client_port=50_000)


@pytest.mark.parametrize("of", [V4, V6])
@pytest.mark.parametrize("is_answer", [False, True])
def test_a_segment(of: Connection, is_answer: bool) -> None:
    """A second opinion reads it, and finds the same checksum."""
    packet = knock.opening(of, is_answer=is_answer)
    found = (IPv6 if of.is_v6 else IP)(packet)
    tcp = found[TCP]
    ends = (found.src, tcp.sport), (found.dst, tcp.dport)
    client, server = (of.addresses[0], of.client_port), (of.addresses[1], of.server_port)
    assert ends == ((server, client) if is_answer else (client, server))
    assert (str(tcp.flags), tcp.dataofs, bytes(tcp.payload)) == ("SA" if is_answer else "S", 5, b"")
    said = tcp.chksum
    del tcp.chksum
    assert said == (IPv6 if of.is_v6 else IP)(bytes(found))[TCP].chksum
    assert len(packet) == (found.plen + 40 if of.is_v6 else found.len)


def test_numbers_are_any() -> None:
    """None could be waited for: two segments differ."""
    assert knock.opening(V4) != knock.opening(V4)


def test_each_end_hears_from_the_one_that_it_knows() -> None:
    """The server knows the box where this translates; who speaks no TCP hears nothing."""
    udp = V4._replace(protocol=17)
    tracked = [Tracked(V4, TRANSLATED, 0, is_tcp_open=True), Tracked(udp, udp, 0)]
    found = [(IP(packet), target) for packet, target in knock._segments(tracked)]
    assert [(one.src, one.sport, target, one.dport) for one, target in found] == [
        ("203.0.113.1", 443, "192.168.78.10", 40_000),
        ("203.0.113.2", 50_000, "203.0.113.1", 443),
    ]


def test_of_one_that_was_reset_only_the_client_hears() -> None:
    """Its server may have reset it, and the client not have heard; a SYN would open another one there."""
    ((packet, target),) = knock._segments([Tracked(V6, V6, 0)])
    assert (IPv6(packet).src, target, str(IPv6(packet)[TCP].flags)) == ("2001:db8::1", "fd00:78::10", "SA")


def test_the_mark_is_no_connections() -> None:
    """What bears it is no packet of a connection that was decided."""
    assert read(knock.MARK) is None


@pytest.mark.parametrize("data", [b"", b"\xff\xff", b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7"])
def test_checksum(data: bytes) -> None:
    """RFC 1071 section 3: together with its checksum all is 0."""
    assert knock.checksum(data + knock.checksum(data).to_bytes(2, "big")) == 0
    assert knock.checksum(b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7") == 0xFFFF ^ 0xDDF2
