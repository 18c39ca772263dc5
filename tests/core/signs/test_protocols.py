"""What has no ports is known by its number, and by what it carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.protocols import look
from tests.core.signs.talks import Seen, facts, noise, seen
from tests.core.wire.frames import ipv4, ipv6, udp


def summed(packet: bytes) -> bytes:
    """Return a packet of IPv4 with the sum of its header (RFC 791 section 3.1)."""
    words = sum(int.from_bytes(packet[at : at + 2], "big") for at in (*range(0, 10, 2), *range(12, 20, 2)))
    return packet[:10] + (0xFFFF - words % 0xFFFF).to_bytes(2, "big") + packet[12:]


FOUR, SIX = summed(ipv4(udp(b"x"))), ipv6(udp(b"x"))

FOUND: dict[str, tuple[int, bytes, Seen]] = {
    "ESP": (50, noise(60), {("ipsec", "strong", "esp")}),
    "AH": (51, noise(60), {("ipsec", "strong", "ah")}),
    "IPComp": (108, noise(60), {("ipsec", "strong", "ipcomp")}),
    "L2TP": (115, noise(60), {("l2tp", "strong", "protocol")}),
    "IP in IP": (4, FOUR, {("ip_tunnel", "strong", "ip")}),
    "IPv6 in IP": (41, SIX, {("ip_tunnel", "strong", "ip")}),
    "nothing in IP": (4, b"", {("ip_tunnel", "likely", "ip")}),
    "no IPv6 in IP": (41, FOUR, {("ip_tunnel", "likely", "ip")}),
    "Ethernet in IP": (97, noise(60), {("ip_tunnel", "strong", "etherip")}),
    "MPLS in IP": (137, noise(60), {("ip_tunnel", "strong", "mpls")}),
    "minimal": (55, noise(60), {("ip_tunnel", "strong", "mobile")}),
    "another IP in IP": (94, noise(60), {("ip_tunnel", "strong", "ipip")}),
    "encapsulated": (98, noise(60), {("ip_tunnel", "strong", "encap")}),
    "PPTP and no more": (47, bytes.fromhex("3081880b"), {("pptp", "strong", "gre")}),
    "GRE": (47, bytes.fromhex("00000800") + FOUR, {("ip_tunnel", "strong", "gre")}),
    "PPTP": (47, bytes.fromhex("3081880b") + noise(40), {("pptp", "strong", "gre")}),
    "GRE of version 1 and not PPTP": (47, bytes.fromhex("30810800") + noise(40), {("ip_tunnel", "strong", "gre")}),
    "GRE of version 0 with PPP": (47, bytes.fromhex("3080880b") + noise(40), {("ip_tunnel", "strong", "gre")}),
    "GRE, cut": (47, bytes.fromhex("308188"), {("ip_tunnel", "strong", "gre")}),
    "echo": (1, b"\x08\x00\x00\x00\x00\x01\x00\x01" + FOUR, {("ip_tunnel", "strong", "icmp")}),
    "echo's answer": (1, b"\x00\x00\x00\x00\x00\x01\x00\x01" + FOUR, {("ip_tunnel", "strong", "icmp")}),
    "echo of an empty packet": (1, b"\x08" + bytes(7) + summed(ipv4(b"")), {("ip_tunnel", "strong", "icmp")}),
    "no echo": (89, b"\x08" + bytes(7) + FOUR, set()),
    "echo of a clock": (1, b"\x08" + noise(15) + bytes(range(48)), set()),
    "echo of more than a packet": (1, b"\x08" + bytes(7) + FOUR + b"x", set()),
    "echo of a damaged packet": (1, b"\x08" + bytes(7) + FOUR[:8] + b"\xff" + FOUR[9:], set()),
    "echo of IPv6": (1, b"\x08" + bytes(7) + SIX, set()),
    "echo of a short header": (1, b"\x08" + bytes(7) + b"\x44" + FOUR[1:], set()),
    "echo of nothing": (1, b"\x08" + bytes(7) + FOUR[:19], set()),
    "a complaint": (1, b"\x03\x03" + bytes(6) + FOUR, set()),
    "SCTP": (132, noise(60), set()),
    "OSPF": (89, noise(60), set()),
}


@pytest.mark.parametrize("what", FOUND)
def test_protocols_are_known_by_number_and_content(what: str) -> None:
    """A complaint about a packet carries its beginning, and is no tunnel."""
    number, payload, signs = FOUND[what]
    assert seen(look(facts([(">", payload)], 0, 0, number))) == signs


@given(st.integers(0, 255), st.lists(st.tuples(st.sampled_from("<>"), st.binary(max_size=100)), max_size=4))
def test_any_octets_of_any_protocol_give_signs(number: int, talk: list[tuple[str, bytes]]) -> None:
    """At most one."""
    assert len(seen(look(facts(talk, 0, 0, number)))) <= 1
