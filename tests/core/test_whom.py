"""Whom to ask: addresses as people write them, in one spelling; and who knows which names."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.whom import BadServer, Kind, Server, Whom, parse_server, route_of, split_host

DNS = "dns.example"
SERVERS = [
    ("192.0.2.1", "192.0.2.1:53", Server(Kind.UDP, "192.0.2.1", 53)),
    (" 192.0.2.1:5353 ", "192.0.2.1:5353", Server(Kind.UDP, "192.0.2.1", 5353)),
    ("udp://192.0.2.1", "192.0.2.1:53", Server(Kind.UDP, "192.0.2.1", 53)),
    ("2001:DB8::1", "[2001:db8::1]:53", Server(Kind.UDP, "2001:db8::1", 53)),
    ("TCP://[2001:db8::1]:54", "tcp://[2001:db8::1]:54", Server(Kind.TCP, "2001:db8::1", 54)),
    ("tcp://192.0.2.1", "tcp://192.0.2.1", Server(Kind.TCP, "192.0.2.1", 53)),
    ("tls://DNS.example", "tls://dns.example", Server(Kind.TLS, "", 853, DNS)),
    ("tls://dns.example:8853", "tls://dns.example:8853", Server(Kind.TLS, "", 8853, DNS)),
    ("tls://192.0.2.1", "tls://192.0.2.1", Server(Kind.TLS, "192.0.2.1", 853, "192.0.2.1")),
    ("tls://192.0.2.1#dns.example", "tls://192.0.2.1#dns.example", Server(Kind.TLS, "192.0.2.1", 853, DNS)),
    ("tls://[2001:db8::1]:8853#dns.example.", "tls://[2001:db8::1]:8853#dns.example",
     Server(Kind.TLS, "2001:db8::1", 8853, DNS)),
    ("https://dns.example/dns-query", "https://dns.example/dns-query", Server(Kind.HTTPS, "", 443, DNS, "/dns-query")),
    ("https://dns.example/dns-query{?dns}", "https://dns.example/dns-query",
     Server(Kind.HTTPS, "", 443, DNS, "/dns-query")),
    ("https://192.0.2.1:8443/a/B#dns.example", "https://192.0.2.1:8443/a/B#dns.example",
     Server(Kind.HTTPS, "192.0.2.1", 8443, DNS, "/a/B")),
    ("https://[2001:db8::1]/q", "https://[2001:db8::1]/q", Server(Kind.HTTPS, "2001:db8::1", 443, "2001:db8::1", "/q")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "spelling", "server"), SERVERS)
def test_a_server_has_one_spelling(text: str, spelling: str, server: Server) -> None:
    """Which is read back as itself."""
    assert parse_server(text) == server
    assert str(server) == spelling
    assert parse_server(spelling) == server


WRONG = [
    ("", "IPv4 or IPv6"),
    ("dns.example", "IPv4 or IPv6"),
    ("tcp://dns.example", "IPv4 or IPv6"),
    ("udp://192.0.2.1#dns.example", "a name after #"),
    ("tls://dns.example#other.example", "IPv4 or IPv6"),
    ("tls://192.0.2", "IPv4 or IPv6"),
    ("tls://192.0.2.1#not a name", "not a domain name"),
    ("tls://192.0.2.1:0", "a port is a number"),
    ("tls://[192.0.2.1", r"not \[ADDRESS\]:PORT"),
    ("tls://me@dns.example", "not a domain name"),
    ("https://dns.example", "needs its path"),
    ("https://dns.example/", "needs its path"),
    ("https://dns.example/dns query", "needs its path"),
    ("quic://dns.example", "quic:// is not known here"),
    ("sdns://AgcAAAAA", "sdns:// is not known here"),
    ("[/lan/]192.168.1.1", "under routes"),
]


@pytest.mark.parametrize(("text", "words"), WRONG)
def test_what_is_no_server_is_refused(text: str, words: str) -> None:
    """With itself and what is wrong about it."""
    with pytest.raises(BadServer, match=words) as caught:
        parse_server(text)
    assert text in str(caught.value)


@given(
    st.text(max_size=40)
    | st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["udp://", "tcp://", "tls://", "https://", ""]),
        st.sampled_from(["192.0.2.1", "[::1]", "dns.example", "::1"]) | st.text(max_size=10),
        st.sampled_from(["", ":53", "/", "/dns-query", "]"]),
        st.sampled_from(["", "#dns.example", "#", "{?dns}"]) | st.text(max_size=10),
    )
)
@example("TLS://²")
@example("https://１.２/dns-query")
def test_any_text_is_a_server_or_bad(text: str) -> None:
    """And a server is read back from its spelling."""
    try:
        server = parse_server(text)
    except BadServer:
        return
    assert parse_server(str(server)) == server
    assert 0 < server.port < 65_536
    assert server.address or server.name


def test_a_port_where_there_is_no_default() -> None:
    """Must be written."""
    assert split_host("[::1]:53", None) == ("::1", 53)
    with pytest.raises(BadServer, match="needs a port"):
        split_host("192.0.2.1", None)


def test_all_servers_once() -> None:
    """Whether they know all names or some."""
    first, second, third = (parse_server(f"192.0.2.{number}") for number in (1, 2, 3))
    whom = Whom((first, second), routes={"lan": (third, first), "b.lan": ()}, bootstrap=(third,))
    assert whom.all == (first, second, third)


ROUTES = {"lan": 1, "box.lan": 2, "168.192.in-addr.arpa": 3}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("lan", 1),
        ("a.lan", 1),
        ("a.box.lan", 2),
        ("box.lan", 2),
        ("abox.lan", 1),
        ("nolan", None),
        ("lan.example", None),
        ("", None),
        ("1.0.168.192.in-addr.arpa", 3),
    ],
)
def test_the_longest_route_wins(name: str, found: int | None) -> None:
    """By whole labels."""
    assert route_of(ROUTES, name) == found
