"""Data of records as text becomes what dnspython makes of it; what is no such data is refused."""

import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire import dns as wire
from appliance.core.wire.presentation import BadRecord, encode

SAME = [
    ("A", "192.0.2.1"),
    ("A", " 192.0.2.1 "),
    ("AAAA", "2001:db8::1"),
    ("AAAA", "::ffff:192.0.2.1"),
    ("CNAME", "www.example.com."),
    ("CNAME", "_x.example.com"),
    ("PTR", "host.example.com."),
    ("PTR", "."),
    ("MX", "10 mail.example.com."),
    ("MX", "0 ."),
    ("TXT", "word"),
    ("TXT", '"two words"'),
    ("TXT", '"two" "strings"'),
    ("TXT", r'"a \"quote\", a \\ and \065\255"'),
    ("TXT", '""'),
    ("SRV", "0 5 5060 sip.example.com."),
    ("HTTPS", "32 example.com. alpn=h3"),
    ("HTTPS", "0 example.com."),
    ("HTTPS", '1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1 ech=AAT+DQAA'),
    ("HTTPS", "1 . port=443 no-default-alpn alpn=h2"),
    ("SVCB", '1 dns.example.com. mandatory=port,alpn alpn=dot port="853"'),
    ("SVCB", "1 dns.example.com. alpn=h2 dohpath=/dns-query{?dns}"),
    ("SVCB", r'1 . key65333="a \"b\" \001" key667=hello'),
    ("SVCB", "1 . key2 alpn=x"),
]
BAD = [
    ("A", "192.0.2.256"),
    ("A", "2001:db8::1"),
    ("AAAA", "192.0.2.1"),
    ("CNAME", ""),
    ("CNAME", "a..b"),
    ("PTR", "two words"),
    ("MX", "mail.example.com."),
    ("MX", "65536 mail.example.com."),
    ("MX", "-1 mail.example.com."),
    ("MX", "x mail.example.com."),
    ("TXT", ""),
    ("TXT", '"open'),
    ("TXT", '"a" b\\'),
    ("TXT", '"' + "x" * 256 + '"'),
    ("TXT", '"\\256"'),
    ("SRV", "0 5 sip.example.com."),
    ("SRV", "0 5 5060 bad name."),
    ("HTTPS", ""),
    ("HTTPS", "1"),
    ("HTTPS", "one ."),
    ("HTTPS", "1 . alpn=h2 alpn=h3"),
    ("HTTPS", "1 . alpn=h2,,h3"),
    ("HTTPS", "1 . alpn=" + "x" * 256),
    ("HTTPS", "1 . port=70000"),
    ("HTTPS", "1 . ipv4hint=::1"),
    ("HTTPS", "1 . ipv6hint=192.0.2.1"),
    ("HTTPS", "1 . ech=%"),
    ("HTTPS", "1 . no-default-alpn=x"),
    ("HTTPS", "1 . no-default-alpn"),
    ("HTTPS", "1 . colour=red"),
    ("HTTPS", "1 . key70000=x"),
    ("HTTPS", "1 . keyx=x"),
    ("HTTPS", "1 . mandatory=alpn"),
    ("HTTPS", "1 . mandatory=mandatory"),
    ("HTTPS", "0 . alpn=h2"),
    ("HTTPS", '1 . alpn="h2'),
    ("HTTPS", r"1 . key667=\255 " + "key668=" + "x" * 65_536),
    ("HTTPS", f"1 . key667={'x' * 40_000} key668={'x' * 40_000}"),
    ("SOA", "a. b. 1 2 3 4 5"),
]


def number(qtype: str) -> int:
    """Return the number of a type."""
    return int(dns.rdatatype.from_text(qtype))


@pytest.mark.parametrize(("qtype", "text"), SAME)
def test_a_record_is_what_dnspython_makes_of_it(qtype: str, text: str) -> None:
    """Octet for octet."""
    read = dns.rdata.from_text("IN", qtype, text, origin=dns.name.root, relativize=False)
    assert encode(number(qtype), text) == read.to_wire()


@pytest.mark.parametrize(("qtype", "text"), BAD)
def test_what_is_no_record_is_refused(qtype: str, text: str) -> None:
    """And nothing else is raised."""
    with pytest.raises(BadRecord):
        encode(number(qtype), text)


def test_a_text_without_quotes_is_one_string() -> None:
    """As AdGuard's rules write it; a long one is cut."""
    assert encode(wire.TXT, "two words") == b"\x09two words"
    assert encode(wire.TXT, "ü" * 128) == b"\xff" + ("ü" * 128).encode()[:255] + b"\x01" + "ü".encode()[1:]


@given(st.sampled_from([1, 5, 6, 12, 15, 16, 28, 33, 64, 65]), st.text(max_size=60))
def test_any_text_is_octets_or_refused(rtype: int, text: str) -> None:
    """Whatever a list has written there."""
    try:
        octets = encode(rtype, text)
    except BadRecord:
        return
    dns.rdata.from_wire("IN", RdataType(rtype), octets, 0, len(octets))


@given(st.lists(st.binary(max_size=255), min_size=1, max_size=5))
def test_any_strings_come_back(strings: list[bytes]) -> None:
    """What dnspython writes of them is read as the same."""
    octets = b"".join(bytes((len(one),)) + one for one in strings)
    text = dns.rdata.from_wire("IN", "TXT", octets, 0, len(octets)).to_text()
    assert encode(wire.TXT, text) == octets
