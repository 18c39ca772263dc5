"""Neighbour discovery: what scapy writes is read, what we write scapy reads, and whatever comes is ours or an error."""

from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6NDOptMTU,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRDNSS,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import Ether

from appliance.core.wire.reader import WireError
from appliance.guard import ndp

MAC = "02:78:00:00:00:20"
ROUTER = "fe80::1"


def frame(message: object, source: str = ROUTER, hop_limit: int = 255, to: str = "ff02::1") -> bytes:
    """Return a frame with a message."""
    return bytes(Ether(src=MAC, dst="33:33:00:00:00:01") / IPv6(src=source, dst=to, hlim=hop_limit) / message)


def test_a_routers_advertisement() -> None:
    """With its prefixes and name servers, and how long the longest of them lasts."""
    message = (
        ICMPv6ND_RA(routerlifetime=1800)
        / ICMPv6NDOptSrcLLAddr(lladdr=MAC)
        / ICMPv6NDOptMTU(mtu=1400)
        / ICMPv6NDOptPrefixInfo(prefix="2001:db8:1::", prefixlen=64, validlifetime=7200)
        / ICMPv6NDOptPrefixInfo(prefix="2001:db8:2::", prefixlen=64, validlifetime=0)
        / ICMPv6NDOptPrefixInfo(prefix="2001:db8:3::", prefixlen=64, L=0, A=0, validlifetime=9000)
        / ICMPv6NDOptRDNSS(dns=["2001:db8::53", "fe80::53"], lifetime=600)
    )
    expected = ndp.Advertised(
        MAC,
        IPv6Address(ROUTER),
        1800,
        (IPv6Network("2001:db8:1::/64"),),
        (IPv6Address("2001:db8::53"), IPv6Address("fe80::53")),
        7200,
    )
    assert expected == ndp.parse(frame(message))


def test_questions_and_answers_of_neighbours() -> None:
    """Who has an address; from nowhere, before it is taken."""
    target = IPv6Address("2001:db8:1::77")
    asked = frame(ICMPv6ND_NS(tgt=str(target)), "::")
    assert ndp.Solicited(MAC, IPv6Address("::"), target) == ndp.parse(asked)
    answered = frame(ICMPv6ND_NA(tgt=str(target)), str(target))
    assert ndp.Answered(MAC, target) == ndp.parse(answered)


@pytest.mark.parametrize(
    "octets",
    [
        frame(ICMPv6ND_RA(), hop_limit=254),
        frame(ICMPv6ND_RA(), source="2001:db8::1"),
        frame(ICMPv6ND_RA(code=1)),
        frame(ICMPv6ND_RA() / bytes((3, 0, 0, 0, 0, 0, 0, 0))),
        frame(ICMPv6ND_RA() / bytes((3, 4, 129, 0xC0)) / bytes(28)),
        frame(ICMPv6ND_RA() / bytes((25, 3, 0, 0))),
        frame(ICMPv6ND_NS(tgt="ff02::1")),
        frame(ICMPv6ND_NA(tgt="::")),
        frame(ICMPv6ND_NS(tgt="2001:db8::1"))[:70],
        b"",
    ],
)
def test_what_no_neighbour_says(octets: bytes) -> None:
    """It is refused."""
    with pytest.raises(WireError):
        ndp.parse(octets)


def test_what_is_something_else_is_passed_over() -> None:
    """Another protocol, or a question for routers."""
    assert ndp.parse(bytes(Ether(src=MAC, dst=MAC, type=0x0800)) + bytes(40)) is None
    assert ndp.parse(frame(bytes(8), to="fe80::2")[:20] + b"\x11" + frame(bytes(8))[21:]) is None
    assert ndp.parse(frame(ICMPv6ND_RS())) is None


@given(st.binary(max_size=120), st.integers(133, 137))
def test_any_octets_give_a_message_or_wire_error(octets: bytes, kind: int) -> None:
    """Nothing else, whatever follows a right beginning."""
    begun = frame(b"", ROUTER)[:18] + len(octets).to_bytes(2, "big") + b"\x3a\xff" + frame(b"")[22:54]
    for wire in (octets, begun + bytes((kind, 0, 0, 0)) + octets):
        try:
            ndp.parse(wire)
        except WireError:
            continue


def test_the_question_who_has_an_address() -> None:
    """To the group that its owner listens to."""
    target = IPv6Address("2001:db8:1::12:3456")
    group, octets = ndp.solicitation(target, MAC)
    assert str(group) == "ff02::1:ff12:3456"
    read = ICMPv6ND_NS(octets)
    assert (read.tgt, read[ICMPv6NDOptSrcLLAddr].lladdr) == (str(target), MAC)


def test_a_farewell() -> None:
    """No router any more, and addresses of its prefix are used for nothing new."""
    read = ICMPv6ND_RA(ndp.farewell((IPv6Network("2001:db8:1::/64"),)))
    told = read[ICMPv6NDOptPrefixInfo]
    assert (read.routerlifetime, told.prefix, told.prefixlen) == (0, "2001:db8:1::", 64)
    assert (told.preferredlifetime, told.validlifetime, told.A, told.L) == (0, 7200, 1, 0)
