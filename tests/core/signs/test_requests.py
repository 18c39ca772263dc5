"""What a request in clear shows: tunnels, proxies, questions of DNS."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.facts import FIRST_OCTETS, Facts
from appliance.core.signs.requests import look
from appliance.core.signs.sign import Confidence, Sign

STRONG, LIKELY, WEAK = Confidence.STRONG, Confidence.LIKELY, Confidence.WEAK


def shown(first: bytes, port: int = 80) -> list[Sign]:
    """Return the signs of a connection with these first octets to a server's port."""
    facts = Facts(6, bytes(4), 50_000, bytes(4), port)
    facts.see(first, is_clients=True)
    return list(look(facts))


@pytest.mark.parametrize(
    ("line", "port", "expected"),
    [
        (b"CONNECT www.example.com:443 HTTP/1.1", 3128, Sign("proxy", LIKELY, "connect")),
        (b"GET http://www.example.com/ HTTP/1.1", 8080, Sign("proxy", LIKELY, "target")),
        (b"GET http://www.example.com/ HTTP/1.1", 80, Sign("proxy", WEAK, "target")),
        (b"SSTP_DUPLEX_POST /sra_{BA195980}/ HTTP/1.1", 80, Sign("vpn_service", STRONG, "sstp")),
        (b"POST /vpnsvc/connect.cgi HTTP/1.1", 80, Sign("softether", STRONG, "target")),
        (b"POST /ask HTTP/1.1\r\nContent-Type: Application/DNS-Message", 80, Sign("doh", STRONG, "media type")),
        (b"GET /dns-query?name=example.com HTTP/1.1", 80, Sign("doh", LIKELY, "target")),
        (b"GET /?dns=AAABAAABAAAAAAAAA3d3dw HTTP/1.1", 80, Sign("doh", LIKELY, "target")),
        (b"GET /x/announce?a=1&info_hash=%01 HTTP/1.1", 80, Sign("bittorrent", LIKELY, "tracker")),
    ],
)
def test_a_request_shows_what_it_is_for(line: bytes, port: int, expected: Sign) -> None:
    """By its method, its target or what it carries."""
    assert shown(line + b"\r\nHost: www.example.com\r\n\r\n", port) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1",
        b"GET /vpnsvc/ HTTP/1.1",
        b"GET /dns-query-tutorial HTTP/1.1",
        b"GET /announce?name=x HTTP/1.1",
        b"GET /go?to=http://www.example.com/ HTTP/1.1",
        b"\x05\x01\x00",
        b"get / HTTP/1.1",
    ],
)
def test_a_plain_request_shows_nothing(line: bytes) -> None:
    """Whatever words are in its target."""
    assert shown(line + b"\r\nHost: www.example.com\r\n\r\n") == []


@given(st.binary(min_size=1, max_size=FIRST_OCTETS) | st.from_regex(rb"[A-Z]{3,8} [!-~]{1,99} HTTP/1\.1\r\n"))
def test_any_octets_show_one_thing_at_most(octets: bytes) -> None:
    """None raises."""
    assert len(shown(octets)) <= 1
