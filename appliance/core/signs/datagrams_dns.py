"""Questions for names that go round the house's own resolver over UDP: DNSCrypt, and DNS over QUIC."""

from collections.abc import Iterator
from typing import Final

from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.sign import Confidence, Sign

_ANSWER: Final = b"r6fnvWj8"
"""Begins every answer of DNSCrypt's version 2."""
_RELAYED: Final = b"\xff" * 8 + bytes(2)
"""Begins a question that a relay passes on, so that the resolver doesn't learn whose it is."""
_CERTIFICATE_NAME: Final = "2.dnscrypt-cert."

_DOQ_PORT: Final = 853
_DOQ_PORTS: Final = frozenset({_DOQ_PORT, 784, 8853})
"""RFC 9250 section 4.1.1, and those of its drafts."""


def look(facts: Facts) -> Iterator[Sign]:
    """Yield `dnscrypt` and `doq`."""
    yield from _dnscrypt(facts)
    yield from _doq(facts)


def _dnscrypt(facts: Facts) -> Iterator[Sign]:
    if any(one.head.startswith(_ANSWER) for one in facts.glimpses):
        yield Sign("dnscrypt", Confidence.STRONG, "answer")
    elif facts.kind is Kind.DNS and (facts.name or "").startswith(_CERTIFICATE_NAME):
        yield Sign("dnscrypt", Confidence.STRONG, "name")
    elif any(one.head.startswith(_RELAYED) and any(one.head[10:26]) for one in facts.glimpses):
        yield Sign("dnscrypt", Confidence.LIKELY, "relay")


def _doq(facts: Facts) -> Iterator[Sign]:
    alpn = facts.hello.alpn if facts.hello else ()
    if any(one == "doq" or one.startswith("doq-i") for one in alpn):
        yield Sign("doq", Confidence.STRONG, "alpn")
    elif facts.kind is Kind.QUIC and facts.server_port in _DOQ_PORTS and not alpn:
        yield Sign("doq", Confidence.LIKELY, "port")
    elif facts.server_port == _DOQ_PORT and not alpn:
        yield Sign("doq", Confidence.WEAK, "port")
