"""All signs of a flow: one of each kind, the surest first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.known import Known
from appliance.core.signs.look import look
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.hello import Hello

STRONG, LIKELY, WEAK = Confidence.STRONG, Confidence.LIKELY, Confidence.WEAK
KNOWN = Known(
    below={"tunnel.example": Sign("vpn_service", LIKELY, "name"), "dns.example": Sign("doh", STRONG, "name")},
    blocks={(4, 32): {0xC0000201: Sign("doh", STRONG, "address")}},
)


def facts_of(protocol: int, first: bytes = b"", server: bytes = bytes(4)) -> Facts:
    """Return what is known of a flow by what its client says first."""
    facts = Facts(protocol, bytes(4), 50_000, server, 443)
    if first:
        facts.see(first, is_clients=True)
    return facts


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (facts_of(50, bytes(8)), ("ipsec", STRONG)),
        (facts_of(6, b"0 home 17.7\n"), ("tinc", STRONG)),
        (facts_of(17, bytes.fromhex("2112a442")), None),
        (facts_of(6), None),
        (facts_of(17), None),
        (facts_of(1), None),
    ],
)
def test_each_protocol_has_its_own(facts: Facts, expected: tuple[str, Confidence] | None) -> None:
    """Those of TCP, of UDP and of what has no ports."""
    found = [(sign.id, sign.confidence) for sign in look(facts)]
    assert found == ([expected] if expected else [])


def test_the_surest_comes_first() -> None:
    """Whatever shows it."""
    facts = facts_of(6, b"GET http://dns.example/ HTTP/1.1\r\n\r\n")
    facts.kind, facts.name = Kind.HTTP, "dns.example"
    assert [(sign.id, sign.confidence) for sign in look(facts, KNOWN)] == [("doh", STRONG), ("proxy", LIKELY)]


def test_of_one_kind_the_surest_stands() -> None:
    """Of two as sure the first."""
    facts = facts_of(6, b"\x16\x03\x01", bytes((192, 0, 2, 1)))
    facts.kind, facts.name = Kind.TLS, "dns.example"
    assert look(facts, KNOWN) == (Sign("doh", STRONG, "name"),)
    facts.name = "doh.example"
    assert look(facts, KNOWN) == (Sign("doh", WEAK, "label"),)
    facts = facts_of(6, b"\x16\x03\x01")
    facts.kind, facts.name, facts.hello = Kind.TLS, "tunnel.example", Hello(None, alpn=("h2",))
    assert look(facts, KNOWN) == (Sign("vpn_service", LIKELY, "name"),)


def test_a_surer_one_takes_the_place_of_one_that_came_before() -> None:
    """A request in clear for what may be a question, to a server whose name says so."""
    facts = facts_of(6, b"GET /resolve?name=a HTTP/1.1\r\n\r\n")
    facts.kind, facts.name = Kind.HTTP, "dns.example"
    assert look(facts, KNOWN) == (Sign("doh", STRONG, "name"),)


@given(st.sampled_from([1, 4, 6, 17, 47, 50]), st.binary(max_size=600), st.binary(max_size=600), st.sampled_from(Kind))
def test_any_octets_are_told(protocol: int, first: bytes, answer: bytes, kind: Kind) -> None:
    """None raises; no kind stands twice, and none is surer than the one before."""
    facts = facts_of(protocol, first)
    if answer:
        facts.see(answer, is_clients=False)
    facts.kind = kind
    found = look(facts, KNOWN)
    assert len({sign.id for sign in found}) == len(found)
    assert [sign.confidence for sign in found] == sorted((sign.confidence for sign in found), reverse=True)
