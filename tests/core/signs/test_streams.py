"""What the first octets of a TCP connection show."""

from hashlib import shake_128

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.facts import Facts, Kind
from appliance.core.signs.sign import Confidence, Sign
from appliance.core.signs.streams import BITTORRENT, look

STRONG, LIKELY, WEAK = Confidence.STRONG, Confidence.LIKELY, Confidence.WEAK
NOISE = shake_128(b"streams").digest(100)
SESSION = NOISE[:8]
NUMBER = b"\x00\x00\x00\x01\x66\x00\x00\x00"
"""Of OpenVPN's first packet, and its time."""


def facts_of(first: bytes = b"", answer: bytes = b"", *, has_start: bool = True) -> Facts:
    """Return what is known of a connection by the first octets of both sides."""
    facts = Facts(6, bytes(4), 50_000, bytes(4), 1080)
    facts.has_start = has_start
    for octets, is_clients in ((first, True), (answer, False)):
        if octets:
            facts.see(octets, is_clients)
    return facts


def framed(packet: bytes) -> bytes:
    """Return a packet of OpenVPN as it goes over TCP."""
    return len(packet).to_bytes(2, "big") + packet


RESET = framed(b"\x38" + SESSION + bytes(5))
AUTH = framed(b"\x38" + SESSION + NOISE[8:40] + NUMBER + bytes(5))
CRYPT = framed(b"\x38" + SESSION + NUMBER + NOISE[8:45])
CRYPT_2 = framed(b"\x50" + SESSION + NUMBER + NOISE)
SERVERS = framed(b"\x40" + SESSION[::-1] + b"\x01\x00\x00\x00\x00" + SESSION + bytes(4))


@pytest.mark.parametrize(
    ("first", "answer", "expected"),
    [
        (RESET, b"", Sign("openvpn", STRONG, "reset")),
        (AUTH, b"", Sign("openvpn", LIKELY, "tls-auth")),
        (AUTH, SERVERS, Sign("openvpn", STRONG, "tls-auth")),
        (CRYPT, b"", Sign("openvpn", LIKELY, "tls-crypt")),
        (CRYPT, SERVERS, Sign("openvpn", STRONG, "tls-crypt")),
        (CRYPT, SERVERS[:9], Sign("openvpn", LIKELY, "tls-crypt")),
        (CRYPT_2, b"", Sign("openvpn", LIKELY, "tls-crypt")),
        (b"\x05\x01\x00", b"", Sign("socks", LIKELY, "version 5")),
        (b"\x05\x02\x00\x02", b"\x05\x02", Sign("socks", STRONG, "version 5")),
        (b"\x05\x01\x02", b"\x05\xff", Sign("socks", STRONG, "version 5")),
        (b"\x05\x01\x02", b"\x05\x00", Sign("socks", LIKELY, "version 5")),
        (b"\x04\x01\x00\x50\xc0\x00\x02\x01me\x00", b"", Sign("socks", LIKELY, "version 4")),
        (b"\x04\x01\x00\x50\xc0\x00\x02\x01\x00", b"\x00\x5a" + bytes(6), Sign("socks", STRONG, "version 4")),
        (b"\x04\x01\x00\x50\x00\x00\x00\x01\x00a.example\x00", b"", Sign("socks", LIKELY, "version 4")),
        (b"\x00\x9c\x00\x01\x1a\x2b\x3c\x4d\x00\x01" + bytes(146), b"", Sign("pptp", STRONG, "handshake")),
        (b"0 home 17.7\n", b"", Sign("tinc", STRONG, "handshake")),
        (BITTORRENT + bytes(8), b"", Sign("bittorrent", STRONG, "handshake")),
        (NOISE, BITTORRENT + bytes(8), Sign("bittorrent", STRONG, "handshake")),
        (NOISE, b"", Sign("fully_encrypted", WEAK, "octets")),
    ],
)
def test_a_beginning_shows_what_it_is(first: bytes, answer: bytes, expected: Sign) -> None:
    """The surer where the server answers in kind."""
    assert list(look(facts_of(first, answer))) == [expected]


@pytest.mark.parametrize(
    "first",
    [
        b"",
        RESET[:-1],
        framed(b"\x38" + SESSION + bytes(4) + b"\x01"),
        framed(b"\x39" + SESSION + bytes(5)),
        framed(b"\x38" + SESSION + bytes(30)),
        b"\x05\x02\x00",
        b"\x05\x01\x7f",
        b"\x05\x00",
        b"\x04\x01\x00\x50\xc0\x00\x02\x01me",
        b"\x04\x03\x00\x50\xc0\x00\x02\x01me\x00",
        b"\x00\x9c\x00\x01\x1a\x2b\x3c\x4e\x00\x01",
        b"0 home 16\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x13BitTorrent",
    ],
)
def test_what_only_begins_alike_shows_nothing(first: bytes) -> None:
    """Cut short, or with one number that doesn't fit."""
    assert list(look(facts_of(first))) == []


def test_noise_in_the_middle_shows_nothing() -> None:
    """What is encrypted later on is so in every connection."""
    assert list(look(facts_of(NOISE, has_start=False))) == []


def test_a_request_is_looked_at_once_it_was_read() -> None:
    """So that its name is known too."""
    facts = facts_of(b"CONNECT www.example.com:443 HTTP/1.1\r\n\r\n")
    assert list(look(facts)) == []
    facts.kind = Kind.HTTP
    assert list(look(facts)) == [Sign("proxy", LIKELY, "connect")]


START = st.sampled_from([b"", RESET, AUTH, CRYPT, SERVERS, b"\x05", b"\x04\x01", b"0 a 17", BITTORRENT, b"\x05\x01"])


@given(START, st.binary(max_size=300), START, st.binary(max_size=300), st.integers(0, 60))
def test_any_octets_are_told(start: bytes, rest: bytes, answer_start: bytes, answer: bytes, cut: int) -> None:
    """None raises."""
    for sign in look(facts_of(start[:cut] + rest, answer_start[:cut] + answer)):
        assert sign.confidence in Confidence
