"""Service records come apart as dnspython takes them apart, and go together again without what is to be left out."""

from typing import Any

import dns.name
import dns.rdata
import pytest
from dns.rdatatype import RdataType
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire import svcb
from appliance.core.wire.presentation import encode
from appliance.core.wire.reader import WireError
from appliance.core.wire.svcb import ECH, Service, read

HTTPS = 65
KEYS = "ech=AAT+DQAA"


def service(text: str) -> Service:
    """Return a record as its text says."""
    octets = encode(HTTPS, text)
    return read(b"xx" + octets + b"xx", 2, 2 + len(octets))


def test_a_record_comes_apart() -> None:
    """Priority, target, parameters, and the addresses among them."""
    found = service("32 Svc.example. alpn=h2 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1")
    assert (found.priority, found.target, [key for key, _ in found.params]) == (32, "svc.example", [1, 4, 6])
    addresses = (b"\xc0\x00\x02\x01", b"\xc0\x00\x02\x02", b"\x20\x01\x0d\xb8" + bytes(11) + b"\x01")
    assert found.hints == addresses
    assert (service("0 svc.example.").params, service("1 .").target, service("1 .").hints) == ((), "", ())


WITHOUT = [
    (f"1 . alpn=h2 {KEYS}", "1 . alpn=h2"),
    (f"1 . {KEYS}", "1 ."),
    ("1 svc.example. alpn=h2 port=8443", "1 svc.example. alpn=h2 port=8443"),
    (f"1 . mandatory=ech {KEYS}", "1 ."),
    (f"1 . mandatory=alpn,ech alpn=h2 {KEYS} key667=x", "1 . mandatory=alpn alpn=h2 key667=x"),
    (f"1 . mandatory=alpn alpn=h2 {KEYS}", "1 . mandatory=alpn alpn=h2"),
]


@pytest.mark.parametrize(("text", "left"), WITHOUT)
def test_a_parameter_is_left_out(text: str, left: str) -> None:
    """And no longer said to be mandatory; all else stays."""
    found = service(text)
    assert ("ech" in text, False) == (found.has(ECH), found.without(ECH).has(ECH))
    assert encode(HTTPS, left) == found.without(ECH).encode()
    assert encode(HTTPS, text) == found.encode()


MISSHAPEN = [
    b"",
    b"\x00",
    b"\x00\x01",
    b"\x00\x01\x03ab",
    b"\x00\x01\x03svc",
    b"\x00\x01\xc0\x0c",
    b"\x00\x01\x00\x00",
    b"\x00\x01\x00\x00\x03\x00",
    b"\x00\x01\x00\x00\x03\x00\x02\x01",
    b"\x00\x01\x00" + b"\x00\x03\x00\x02\x01\xbb" * 2,
    b"\x00\x01\x00" + b"\x00\x03\x00\x02\x01\xbb" + b"\x00\x01\x00\x03\x02h2",
    b"\x00\x01\x00\x00\x04\x00\x00",
    b"\x00\x01\x00\x00\x04\x00\x05\x01\x02\x03\x04\x05",
    b"\x00\x01\x00\x00\x06\x00\x04\x01\x02\x03\x04",
    b"\x00\x01\x00\x00\x00\x00\x01\x00",
]


@pytest.mark.parametrize("octets", MISSHAPEN)
def test_what_is_misshapen_is_refused(octets: bytes) -> None:
    """Too short, a name cut short, keys that don't ascend, lists of a wrong length."""
    for after in (b"", bytes(32)):
        with pytest.raises(WireError):
            read(octets + after, 0, len(octets))


@given(st.binary(max_size=80))
def test_any_octets_are_a_record_or_refused(octets: bytes) -> None:
    """A record is what dnspython reads, and is written as it came, but for capitals."""
    try:
        found = read(octets, 0, len(octets))
    except WireError:
        return
    assert found == read(found.encode(), 0, len(octets))
    assert len(octets) == len(found.encode())


PARAMS = st.dictionaries(st.integers(667, 65_534), st.binary(max_size=20), max_size=5)


@given(priority=st.integers(1, 65_535), params=PARAMS, has_keys=st.booleans())
def test_dnspython_reads_what_is_left(priority: int, params: dict[int, bytes], *, has_keys: bool) -> None:
    """Whatever stands beside the parameter."""
    kept = tuple(sorted(params.items()))
    whole = Service(priority, "svc.example", (*(((ECH, b"keys"),) if has_keys else ()), *kept))
    octets = whole.without(ECH).encode()
    told: Any = dns.rdata.from_wire("IN", RdataType(HTTPS), octets, 0, len(octets))
    assert (told.priority, told.target, sorted(told.params)) == (
        priority,
        dns.name.from_text("svc.example"),
        sorted(params),
    )
    assert Service(priority, "svc.example", kept) == svcb.read(octets, 0, len(octets))
