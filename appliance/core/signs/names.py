"""Signs by whom a flow is to: a name or an address that is known beforehand, and what a hello says of itself."""

from collections.abc import Iterator
from re import compile as regex
from typing import Final

from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.known import Known
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.wire.hello import Hello

DOH: Final = "doh"
DOT_PORT: Final = 853
"""RFC 7858 section 3.1; of DNS over QUIC too (RFC 9250 section 4.1.1)."""
OUTER_NAMES: Final = frozenset({"cloudflare-ech.com"})
"""Names that stand outside where the real one is encrypted (RFC 9849), and that serve nothing else."""

_DOH_NAME = regex(r"(?:^|\.)doh[0-9]*(?:-[0-9]+)?\.")
_WEB = frozenset({Kind.TLS, Kind.QUIC, Kind.HTTP})
_DNS_PROTOCOLS = frozenset({"dot", "doq"})
_SESSION_TICKET = 35
_OPENSSL_ORDERS = ((0, 11, 10), (65281, 0, 11))
"""Server name, formats of points, groups: how a hello of OpenSSL's begins; newer ones put renegotiation before."""
_TOR_NAME = regex(r"www\.([a-z2-7]{4,25})\.com\Z")
_TOR_PORTS = frozenset({9001, 9030})
_MADE_UP = regex(r"[a-z][2-7]+[a-z]|[bcdfghjklmnpqrstvwxz2-7]{6}")
_NOT_PUBLIC = regex(rb"(?s)(?:[\n\x7f]...|\xac[\x10-\x1f]..|\xc0\xa8..|\xa9\xfe..|[\xfc-\xff].{15}|\x00{15}.)\Z")
"""Private, this host's and the link's own (RFC 6890)."""


def look(facts: Facts, known: Known) -> Iterator[Sign]:
    """Yield what the name, the server's address and the hello of a flow show."""
    hello = facts.hello
    is_dns = facts.server_port == DOT_PORT or (hello is not None and not _DNS_PROTOCOLS.isdisjoint(hello.alpn))
    by_name = _of_name(facts.name, known) if facts.name and facts.kind in _WEB else None
    if by_name:
        yield by_name
    if is_dns and facts.kind is Kind.TLS:
        yield Sign("dot", Confidence.STRONG, "port" if facts.server_port == DOT_PORT else "alpn")
    by_address = known.of_address(facts.server)
    if by_address and by_address.id != DOH:
        yield by_address
    elif by_address and not is_dns:
        yield from _asking(facts)
    if hello:
        yield from _of_hello(hello, facts, is_known=by_address is not None)


def _of_name(name: str, known: Known) -> Sign | None:
    sign = known.of_name(name)
    if sign is None and DOH in name and _DOH_NAME.search(name):
        return Sign(DOH, Confidence.WEAK, "label")  # or a department of health
    return sign


def _asking(facts: Facts) -> Iterator[Sign]:
    """Yield how surely a flow to an address that answers DNS is a question: not, where it asks in clear for a site.

    Never strong by the address alone: people use those of the well-known resolvers for all sorts of trials.
    """
    if facts.kind in (Kind.TLS, Kind.QUIC):
        yield Sign(DOH, Confidence.WEAK if facts.name else Confidence.LIKELY, "address")
    elif facts.kind is Kind.HTTP and facts.name is None:
        yield Sign(DOH, Confidence.WEAK, "address")


def _of_hello(hello: Hello, facts: Facts, *, is_known: bool) -> Iterator[Sign]:
    """Yield what a hello shows. ECH alone is none: browsers send it, made up, to every server (RFC 9849)."""
    if hello.has_ech and hello.name in OUTER_NAMES:
        yield Sign("ech", Confidence.LIKELY, "name")
    elif hello.has_esni:
        yield Sign("ech", Confidence.LIKELY, "esni")
    if _is_tors(hello):
        yield Sign("tor", Confidence.LIKELY if facts.server_port in _TOR_PORTS else Confidence.WEAK, "hello")
    if hello.name is None and "h2" in hello.alpn and not is_known and not _NOT_PUBLIC.match(facts.server):
        # Browsers name whom they visit; some tunnels take a browser's hello and leave the name out.
        yield Sign("vpn_service", Confidence.WEAK, "hello")


def _is_tors(hello: Hello) -> bool:
    """Say whether a hello is like Tor's: OpenSSL's, without application protocols and tickets, to a made-up name.

    That is random base32 (tor, src/lib/crypt_ops/crypto_rand.c), of which a few look like words and are not told.
    """
    if hello.alpn or hello.extensions[:3] not in _OPENSSL_ORDERS or _SESSION_TICKET in hello.extensions:
        return False
    made_up = _TOR_NAME.match(hello.name or "")
    return made_up is not None and _MADE_UP.search(made_up[1]) is not None
