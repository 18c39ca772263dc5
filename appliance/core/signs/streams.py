"""Signs in the first octets of a TCP connection."""

from collections.abc import Iterator
from re import compile as regex
from typing import Final

from appliance.core.signs import requests
from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.noise import looks_encrypted
from appliance.core.signs.sign import Confidence, Sign

BITTORRENT: Final = b"\x13BitTorrent protocol"
"""How both sides of a swarm begin (BEP 3)."""

_TLS = b"\x16\x03"
"""How a record of a handshake begins; as OpenVPN's length it would be of more octets than are kept."""
_PPTP = regex(rb"(?s)\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00[\x01\x02]")
"""Length, kind, cookie, start of control connection and its answer (RFC 2637 section 2.1)."""
_TINC = regex(rb"0 [A-Za-z0-9_^.-]{1,64} 17(?:\.[0-9]{1,3})?\n")
"""ID, name and version of tinc's meta protocol."""

_OPENVPN_HEADER = 11
_OPENVPN_RESETS = frozenset({0x38, 0x50})
"""P_CONTROL_HARD_RESET_CLIENT_V2 and _V3 with key 0 (OpenVPN, doc/doxygen/doc_protocol_overview.h)."""
_OPENVPN_ANSWER = 0x40
_OPENVPN_PLAIN = 14
_OPENVPN_HASHES = (16, 20, 28, 32, 48, 64)
"""Octets of the sums that tls-auth may use."""
_OPENVPN_CRYPT = 54
_FIRST_PACKET = b"\x00\x00\x00\x01"

_SOCKS4 = regex(rb"(?s)\x04[\x01\x02]..(?:\x00\x00\x00[^\x00][^\x00]{0,255}\x00[!-~]{1,255}|....[^\x00]{0,255})\x00\Z")
_SOCKS4_ANSWER = regex(rb"(?s)[\x00\x04][\x5a-\x5d].{6}\Z")
_SOCKS5_METHODS = frozenset((*range(10), *range(0x80, 0xFF)))
_SOCKS5_NONE = 0xFF


def look(facts: Facts) -> Iterator[Sign]:
    """Yield what the first octets of both sides show."""
    found = tuple(_handshakes(facts.first, facts.answer))
    yield from found
    if facts.kind is not Kind.OTHER:
        yield from requests.look(facts)
    elif not found and facts.has_start and looks_encrypted(facts.first):
        yield Sign("fully_encrypted", Confidence.WEAK, "octets")


def _handshakes(first: bytes, answer: bytes) -> Iterator[Sign]:
    if not first.startswith(_TLS):  # as most connections do, and none of these
        yield from _openvpn(first, answer)
        yield from _socks(first, answer)
        if _PPTP.match(first):
            yield Sign("pptp", Confidence.STRONG, "handshake")
        if _TINC.match(first):
            yield Sign("tinc", Confidence.STRONG, "handshake")
    if first.startswith(BITTORRENT) or answer.startswith(BITTORRENT):
        yield Sign("bittorrent", Confidence.STRONG, "handshake")


def _openvpn(first: bytes, answer: bytes) -> Iterator[Sign]:
    """Yield OpenVPN's reset, each packet after its length in two octets; and how it is guarded."""
    how = _openvpn_reset(first)
    if how is None:
        return
    is_answered = answer[2:3] == bytes((_OPENVPN_ANSWER,)) and int.from_bytes(answer[:2], "big") + 2 <= len(answer)
    yield Sign("openvpn", Confidence.STRONG if is_answered or how == "reset" else Confidence.LIKELY, how)


def _openvpn_reset(first: bytes) -> str | None:
    """Return how a client's reset is guarded, None where it is none."""
    size = int.from_bytes(first[:2], "big")
    packet = first[2 : 2 + size]
    if len(packet) != size or size < _OPENVPN_PLAIN or packet[0] not in _OPENVPN_RESETS:
        return None
    if size == _OPENVPN_PLAIN and packet[9:] == bytes(5):
        return "reset"
    # Session, sum, number of the packet, its time, nothing to confirm, number of the message.
    if any(size == 22 + hash_ and packet[9 + hash_ : 13 + hash_] == _FIRST_PACKET for hash_ in _OPENVPN_HASHES):
        return "tls-auth"
    if size >= _OPENVPN_CRYPT and packet[9:13] == _FIRST_PACKET:
        return "tls-crypt"
    return None


def _socks(first: bytes, answer: bytes) -> Iterator[Sign]:
    """Yield SOCKS: version 5 (RFC 1928 section 3), and 4 and 4A."""
    if first[:1] == b"\x05":
        methods = first[2:]
        if not methods or len(methods) != first[1] or not _SOCKS5_METHODS.issuperset(methods):
            return
        is_answered = len(answer) == 2 and answer[0] == 5 and (answer[1] in methods or answer[1] == _SOCKS5_NONE)
        yield Sign("socks", Confidence.STRONG if is_answered else Confidence.LIKELY, "version 5")
    elif _SOCKS4.match(first):
        is_answered = _SOCKS4_ANSWER.match(answer) is not None
        yield Sign("socks", Confidence.STRONG if is_answered else Confidence.LIKELY, "version 4")
