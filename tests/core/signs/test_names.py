"""What the name, the address and the hello of a flow show."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.names import look
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.hello import Hello

STRONG, LIKELY, WEAK = Confidence.STRONG, Confidence.LIKELY, Confidence.WEAK
TUNNEL = Sign("tunnel", STRONG, "name")
WARP = Sign("warp", STRONG, "address")
DOH = Sign("doh", STRONG, "name")
KNOWN = Known(
    below={"tunnel.example": TUNNEL, "dns.example": DOH},
    blocks={(4, 32): {0xC0000201: Sign("doh", STRONG, "address")}, (4, 24): {0xC63364: WARP}},
)
RESOLVER, WARPS, ELSEWHERE = "192.0.2.1", "198.51.100.9", "203.0.113.5"
TORS = (0, 11, 10, 22, 23, 13, 43, 45, 51)


def facts_of(kind: Kind, name: str | None = None, server: str = ELSEWHERE, port: int = 443) -> Facts:
    """Return what is known of a flow by whom it is to."""
    octets = ip_address(server).packed
    facts = Facts(17 if kind is Kind.QUIC else 6, bytes(len(octets)), 50_000, octets, port)
    facts.kind, facts.name = kind, name
    return facts


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("a.tunnel.example", Kind.TLS, [TUNNEL]),
        ("a.tunnel.example", Kind.QUIC, [TUNNEL]),
        ("a.tunnel.example", Kind.HTTP, [TUNNEL]),
        ("a.tunnel.example", Kind.DNS, []),
        ("doh.example", Kind.TLS, [Sign("doh", WEAK, "label")]),
        ("doh-2.eu.example", Kind.TLS, [Sign("doh", WEAK, "label")]),
        ("dohnuts.example", Kind.TLS, []),
        ("play-doh.example", Kind.TLS, []),
        (None, Kind.TLS, []),
    ],
)
def test_a_name_shows_whom_a_flow_is_to(name: str | None, kind: Kind, expected: list[Sign]) -> None:
    """Unless it is but asked for: then the name server decides."""
    assert list(look(facts_of(kind, name), KNOWN)) == expected


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        (Kind.TLS, None, [Sign("doh", LIKELY, "address")]),
        (Kind.QUIC, None, [Sign("doh", LIKELY, "address")]),
        (Kind.TLS, "www.example.com", [Sign("doh", WEAK, "address")]),
        (Kind.HTTP, None, [Sign("doh", WEAK, "address")]),
        (Kind.HTTP, "www.example.com", []),
        (Kind.DNS, "www.example.com", []),
        (Kind.OTHER, None, []),
    ],
)
def test_an_address_that_answers_dns_is_asked(kind: Kind, name: str | None, expected: list[Sign]) -> None:
    """Less surely where another name is given; not, where it is asked in clear."""
    assert list(look(facts_of(kind, name, RESOLVER), KNOWN)) == expected


def test_a_tunnels_address_shows_it_whatever_is_said() -> None:
    """Nothing else is there."""
    assert list(look(facts_of(Kind.OTHER, None, WARPS), KNOWN)) == [WARP]


def test_dns_over_tls_shows_by_its_port_or_its_protocol() -> None:
    """And by nothing else: to an address of a resolver it is still that."""
    by_port, by_alpn = Sign("dot", STRONG, "port"), Sign("dot", STRONG, "alpn")
    assert list(look(facts_of(Kind.TLS, None, RESOLVER, 853), KNOWN)) == [by_port]
    facts = facts_of(Kind.TLS, None, RESOLVER)
    facts.hello = Hello(None, alpn=("dot",))
    assert list(look(facts, KNOWN)) == [by_alpn]
    assert list(look(facts_of(Kind.QUIC, None, RESOLVER, 853), KNOWN)) == []


@pytest.mark.parametrize(
    ("hello", "port", "expected"),
    [
        (Hello("cloudflare-ech.com", has_ech=True), 443, [Sign("ech", LIKELY, "name")]),
        (Hello("cloudflare-ech.com"), 443, []),
        (Hello("www.example.com", has_ech=True), 443, []),
        (Hello(None, has_esni=True), 443, [Sign("ech", LIKELY, "esni")]),
        (Hello("www.example.com", alpn=("h2",)), 443, []),
        (Hello(None, alpn=("http/1.1",)), 443, []),
        (Hello(None, alpn=("h2",)), 443, [Sign("vpn_service", WEAK, "hello")]),
        (Hello("www.a5xq7mkd.com", extensions=TORS), 443, [Sign("tor", WEAK, "hello")]),
        (Hello("www.hqrtzvbkw.com", extensions=TORS), 9001, [Sign("tor", LIKELY, "hello")]),
        (Hello("www.a5xq7mkd.com", extensions=(65281, *TORS)), 443, [Sign("tor", WEAK, "hello")]),
        (Hello("www.example.com", extensions=TORS), 9001, []),
        (Hello("www.a5xq7mkd.org", extensions=TORS), 9001, []),
        (Hello("www.a5xq7mkd.com", alpn=("h2",), extensions=TORS), 9001, []),
        (Hello("www.a5xq7mkd.com", extensions=(*TORS, 35)), 9001, []),
        (Hello("www.a5xq7mkd.com", extensions=TORS[1:]), 9001, []),
    ],
)
def test_a_hello_shows_what_it_hides(hello: Hello, port: int, expected: list[Sign]) -> None:
    """An encrypted name, a browser that names nobody, a name of chance."""
    facts = facts_of(Kind.TLS, hello.name, port=port)
    facts.hello = hello
    assert list(look(facts, NOTHING)) == expected


@pytest.mark.parametrize(
    "server",
    ["10.1.2.3", "127.0.0.1", "172.16.0.1", "172.31.9.9", "192.168.1.1", "169.254.0.1", "::1", "fe80::1", "fd00::1"],
)
def test_nobody_names_what_stands_at_home(server: str) -> None:
    """A router or a printer has no name to be called by."""
    facts = facts_of(Kind.TLS, None, server)
    facts.hello = Hello(None, alpn=("h2",))
    assert list(look(facts, NOTHING)) == []


def test_a_known_address_says_more_than_a_missing_name() -> None:
    """Resolvers are asked by their address."""
    facts = facts_of(Kind.TLS, None, RESOLVER)
    facts.hello = Hello(None, alpn=("h2",))
    assert list(look(facts, KNOWN)) == [Sign("doh", LIKELY, "address")]


@given(
    st.sampled_from(Kind),
    st.none() | st.text(max_size=60),
    st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16),
    st.integers(0, 0xFFFF),
    st.none() | st.builds(Hello, st.none() | st.text(), st.tuples(st.text()), has_ech=st.booleans()),
)
def test_anything_is_told(kind: Kind, name: str | None, server: bytes, port: int, hello: Hello | None) -> None:
    """None raises."""
    facts = Facts(6, bytes(len(server)), 50_000, server, port)
    facts.kind, facts.name, facts.hello = kind, name, hello
    assert all(sign.confidence in Confidence for sign in look(facts, KNOWN))
