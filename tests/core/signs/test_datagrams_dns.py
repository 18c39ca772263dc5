"""DNSCrypt is known by its answers, its certificates' names and its relays; DNS over QUIC by what the hello says."""

import pytest

from appliance.core.signs.datagrams_dns import look
from appliance.core.signs.facts import Kind
from appliance.core.wire.hello import Hello
from tests.core.signs.talks import facts, noise, seen


def test_an_answer_of_dnscrypt_is_known_on_any_port() -> None:
    """The question before it is not: its first octets are the resolver's own."""
    asked = noise(512)
    assert not seen(look(facts([(">", asked)], 443)))
    talk = [(">", asked), ("<", b"r6fnvWj8" + noise(232))]
    assert seen(look(facts(talk, 443))) == {("dnscrypt", "strong", "answer")}
    assert not seen(look(facts([("<", b"r6fnvWj9" + noise(232))], 443)))


@pytest.mark.parametrize(
    ("kind", "name", "signs"),
    [
        (Kind.DNS, "2.dnscrypt-cert.kind.example", {("dnscrypt", "strong", "name")}),
        (Kind.DNS, "www.2.dnscrypt-cert.kind.example", set()),
        (Kind.DNS, None, set()),
        (Kind.QUIC, "2.dnscrypt-cert.kind.example", set()),
    ],
)
def test_asking_for_a_certificate_is_a_sign(kind: Kind, name: str | None, signs: set[tuple[str, str, str]]) -> None:
    """Nobody else asks for such a name."""
    known = facts([(">", noise(40))], 53)
    known.kind, known.name = kind, name
    assert seen(look(known)) == signs


def test_a_relayed_question_is_likely() -> None:
    """It says to whom it is to be passed on."""
    mark = b"\xff" * 8 + bytes(2)
    assert seen(look(facts([(">", mark + noise(316))]))) == {("dnscrypt", "likely", "relay")}
    assert not seen(look(facts([(">", mark + bytes(16) + noise(300))])))
    assert not seen(look(facts([(">", mark[:-1] + noise(300))])))


@pytest.mark.parametrize(
    ("alpn", "kind", "port", "signs"),
    [
        (("doq",), Kind.QUIC, 443, {("doq", "strong", "alpn")}),
        (("h3", "doq-i02"), Kind.QUIC, 8853, {("doq", "strong", "alpn")}),
        (("doqx",), Kind.QUIC, 853, set()),
        (("h3",), Kind.QUIC, 853, set()),
        ((), Kind.QUIC, 853, {("doq", "likely", "port")}),
        ((), Kind.QUIC, 784, {("doq", "likely", "port")}),
        ((), Kind.QUIC, 8853, {("doq", "likely", "port")}),
        ((), Kind.QUIC, 443, set()),
        (None, Kind.QUIC, 853, {("doq", "likely", "port")}),
        (None, Kind.OTHER, 853, {("doq", "weak", "port")}),
        (None, Kind.OTHER, 784, set()),
    ],
)
def test_dns_over_quic_says_so(
    alpn: tuple[str, ...] | None, kind: Kind, port: int, signs: set[tuple[str, str, str]]
) -> None:
    """Where it doesn't, its ports are something, and that of DNS over anything is a little."""
    known = facts([(">", noise(1200))], port)
    known.kind, known.hello = kind, None if alpn is None else Hello("dns.kind.example", alpn)
    assert seen(look(known)) == signs
