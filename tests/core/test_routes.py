"""The ways round the box as what is known of a flow: names, addresses, and how sure each is."""

from hashlib import shake_128
from ipaddress import ip_address

import pytest

from appliance.core import rulebook
from appliance.core.flows.settle import Settle
from appliance.core.flows.table import Flows
from appliance.core.routes import known_of
from appliance.core.signs.known import NOTHING
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.packet import ACK, SYN, Packet, Protocol
from appliance.world import rules
from tests.core.builders import RULES, TEXTS
from tests.core.wire.hellos import extension, message, record, server_name

BYPASS = """\
version: 1
routes:
- {id: sure, category: bypass_vpn, why: Apps alone, shows: tunnel, is_sure: true, names: [a.example, =b.example],
   addresses: [192.0.2.0/24, "2001:db8::/48"]}
- {id: site, category: bypass_vpn, why: A site too, shows: shop, names: [c.example, =x.a.example],
   addresses: [198.51.100.7, "2001:db8:1::7"]}
- {id: silent, category: bypass_dns, why: Nobody is there, names: [d.example]}
"""
KNOWN = known_of(rulebook.parse(TEXTS | {"bypass.yaml": BYPASS}))
BUNDLED = known_of(rules.load_rulebook())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.example", Sign("tunnel", Confidence.STRONG, "name")),
        ("www.a.example", Sign("tunnel", Confidence.STRONG, "name")),
        ("x.a.example", Sign("shop", Confidence.LIKELY, "name")),
        ("b.example", Sign("tunnel", Confidence.STRONG, "name")),
        ("www.b.example", None),
        ("www.c.example", Sign("shop", Confidence.LIKELY, "name")),
        ("d.example", None),
        ("example", None),
        ("", None),
    ],
)
def test_a_name_is_known_by_its_route(name: str, expected: Sign | None) -> None:
    """With all below it, unless it stands for itself alone."""
    assert KNOWN.of_name(name) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.200", Sign("tunnel", Confidence.STRONG, "address")),
        ("192.0.3.200", None),
        ("198.51.100.7", Sign("shop", Confidence.LIKELY, "address")),
        ("198.51.100.8", None),
        ("2001:db8:0:ffff::1", Sign("tunnel", Confidence.STRONG, "address")),
        ("2001:db8:1::7", Sign("shop", Confidence.LIKELY, "address")),
        ("2001:db8:1::8", None),
    ],
)
def test_an_address_is_known_by_its_route(address: str, expected: Sign | None) -> None:
    """Alone, or in its block."""
    assert KNOWN.of_address(ip_address(address).packed) == expected


def test_rules_that_show_nothing_know_nothing() -> None:
    """As nothing is known by default."""
    assert known_of(RULES) == NOTHING


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dns.google", ("doh", 3)),
        ("mask.icloud.com", ("relay", 3)),
        ("engage.cloudflareclient.com", ("warp", 3)),
        ("api.sec-tunnel.com", ("vpn_service", 3)),
        ("nordvpn.com", ("vpn_service", 2)),
        ("psiphon.ca", ("psiphon", 2)),
        ("www.torproject.org", ("tor", 2)),
        ("www.kproxy.com", ("proxy", 2)),
        ("www.google.com", None),
        ("proton.me", None),
        ("icloud.com", None),
    ],
)
def test_bundled_names_say_what_is_there(name: str, expected: tuple[str, int] | None) -> None:
    """Surely where only apps go, less so where people may be reading."""
    found = BUNDLED.of_name(name)
    assert (found and (found.id, found.confidence)) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("8.8.8.8", "doh"), ("2620:fe::fe", "doh"), ("162.159.192.1", "warp"), ("93.184.216.34", None)],
)
def test_bundled_addresses_say_what_is_there(address: str, expected: str | None) -> None:
    """Resolvers, and one VPN's own blocks."""
    found = BUNDLED.of_address(ip_address(address).packed)
    assert (found and found.id) == expected


def packet(target: str, payload: bytes, flags: int = ACK, protocol: int = Protocol.TCP) -> Packet:
    """Return a packet of a client's at home."""
    ports = (50_000, 443) if protocol == Protocol.TCP else (0, 0)
    source = ip_address("10.0.0.2").packed
    sequence = 0 if flags == SYN else 1
    return Packet(source, ip_address(target).packed, protocol, *ports, payload, sequence, flags)


def signs_of(one: Packet, flows: Flows) -> tuple[Sign, ...]:
    """Return the signs of a flow that one packet settles."""
    settle = flows.feed(one, 0.0)
    assert isinstance(settle, Settle)
    return settle.signs


def test_a_flow_is_told_by_what_is_known() -> None:
    """A hello by its name, another one by the address it goes to; without what is known neither."""
    to_site = packet("203.0.113.5", record(message(server_name(b"www.c.example"))))
    to_block = packet("192.0.2.5", record(message(extension(23))))
    assert [signs_of(one, Flows(known=KNOWN)) for one in (to_site, to_block)] == [
        (Sign("shop", Confidence.LIKELY, "name"),),
        (Sign("tunnel", Confidence.STRONG, "address"),),
    ]
    assert [signs_of(one, Flows()) for one in (to_site, to_block)] == [(), ()]


def test_a_protocol_without_ports_is_told_by_what_is_known() -> None:
    """By the address it goes to."""
    echo = packet("192.0.2.5", bytes(8), protocol=Protocol.ICMP)
    assert signs_of(echo, Flows(known=KNOWN)) == (Sign("tunnel", Confidence.STRONG, "address"),)


def test_only_a_connection_that_was_seen_from_its_start_looks_encrypted() -> None:
    """In the middle of one anything does."""
    noise = packet("203.0.113.5", shake_128(b"noise").digest(200))
    opening = packet("203.0.113.5", b"", flags=SYN)
    found = []
    for packets in ((opening, noise), (noise,)):
        flows = Flows()
        for one in packets:
            flows.feed(one, 0.0)
        found += [sign.id for settle in flows.end() for sign in settle.signs]
    assert found == ["fully_encrypted"]
