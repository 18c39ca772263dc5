"""From text to TLS: the place is found at every cut, a line that only speaks of it is not one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.reader import NEED_MORE, WireError
from appliance.core.wire.upgrade import parse_upgrade

HELLO = b"\x16\x03\x01"
UPGRADES = [
    b"CAPA\r\nSTLS\r\n",
    b"EHLO kind.example\r\nSTARTTLS\r\n",
    b"EHLO kind.example\nstarttls\n",
    b"a1 CAPABILITY\r\na2 STARTTLS\r\n",
    b"FEAT\r\nAUTH TLS\r\n",
    b"CONNECT www.kind.example:443 HTTP/1.1\r\nHost: www.kind.example\r\n\r\n",
    b"CONNECT www.kind.example:443 HTTP/1.0\n\n",
    b"CONNECT www.kind.example:443 HTTP/1.1\r\nX: \r\nSTARTTLS\r\n\r\n",
]


@pytest.mark.parametrize("text", UPGRADES)
def test_tls_begins_after_the_text(text: bytes) -> None:
    """And not before the last octet of it is there."""
    assert parse_upgrade(text + HELLO) == parse_upgrade(text) == len(text)
    assert {parse_upgrade(text[:cut]) for cut in range(len(text))} == {NEED_MORE}


def test_a_line_that_only_speaks_of_it_is_no_upgrade() -> None:
    """Neither is a capability that a client reads out, nor an empty line outside a CONNECT."""
    assert parse_upgrade(b"SUBJECT: about STARTTLS today\r\n\r\nNOSTARTTLS\r\n") is NEED_MORE


@pytest.mark.parametrize("octets", [HELLO, b"EHLO \x00\r\n", b"a b\rc\r\n", b"QUIT\r\n\x00"])
def test_what_is_no_text_is_refused(octets: bytes) -> None:
    """At once, whether its line is whole or not."""
    with pytest.raises(WireError):
        parse_upgrade(octets)


@given(st.lists(st.sampled_from([b"CONNECT ", b"STARTTLS", b"\r\n", b"\n", b" ", b"a", b"\x16"]) | st.binary()))
def test_any_octets_give_a_place_or_wire_error(pieces: list[bytes]) -> None:
    """Nothing else."""
    octets = b"".join(pieces)
    with contextlib.suppress(WireError):
        found = parse_upgrade(octets)
        if found is not NEED_MORE:
            assert octets[:found].endswith(b"\n")
