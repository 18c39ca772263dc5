"""ClientHellos: read as OpenSSL's server reads them, at every cut; a value, NEED_MORE or WireError and nothing else."""

import contextlib
import random
import ssl
import struct
from time import perf_counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.core.wire import tls
from appliance.core.wire.hello import Hello
from appliance.core.wire.reader import NEED_MORE, WireError
from appliance.core.wire.tls import host_name, parse_client_hello, parse_hello
from tests.core.wire.hellos import (
    CHROMIUM,
    NAME,
    as_openssl_reads,
    extension,
    message,
    of_ssl,
    record,
    records,
    server_name,
)

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
NAMED = message(server_name(NAME.encode()))
OLD = b"\x80\x31\x01\x03\x01\x00\x18\x00\x00\x00\x10" + b"\x00\x00\x2f\x07\x00\xc0" * 4 + bytes(16)
HELLOS = [
    CHROMIUM,
    record(NAMED),
    records(NAMED, 20),
    record(b"\x02\x0a", 21) + record(b"\x01", 20) + record(b"") + record(NAMED),
    OLD,
]


def hello_of(stream: bytes) -> Hello:
    """Return the hello that must be there."""
    found = parse_hello(stream)
    assert isinstance(found, Hello)
    return found


# --- real stacks


def test_chromiums_hello_is_read() -> None:
    """With a key share of 1216 octets, GREASE left out and its ECH noticed."""
    assert hello_of(CHROMIUM) == Hello(
        name=NAME,
        alpn=("h2", "http/1.1"),
        versions=(0x0304, 0x0303),
        has_ech=True,
        ciphers=(
            *(0x1301, 0x1302, 0x1303, 0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8),
            *(0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035),
        ),
        extensions=(27, 18, 35, 51764, 17613, 11, 65281, 43, 10, 0, 65037, 23, 13, 51, 45, 16, 5),
        groups=(0x11EC, 29, 23, 24),
    )
    assert len(CHROMIUM) > 1460


@pytest.mark.parametrize(("version", "offered"), [(TLS12, (0x0303,)), (TLS13, (0x0304, 0x0303))])
def test_openssls_hello_is_read(version: ssl.TLSVersion, offered: tuple[int, ...]) -> None:
    """Its name, protocols and versions, and that it has none of them."""
    hello = hello_of(of_ssl("WWW.Kind.example", version, "h2", "http/1.1"))
    assert (hello.name, hello.alpn, hello.versions[: len(offered)]) == (NAME, ("h2", "http/1.1"), offered)
    assert not hello.has_ech
    hello = hello_of(of_ssl(None, version))
    assert (hello.name, hello.alpn) == (None, ())


@pytest.mark.parametrize(
    "stream", [CHROMIUM, record(NAMED), records(NAMED, 20), of_ssl(NAME, TLS12), of_ssl(NAME, TLS13)]
)
def test_openssls_server_reads_the_same_name(stream: bytes) -> None:
    """The second opinion."""
    assert hello_of(stream).name == as_openssl_reads(stream) == NAME


# --- in pieces


@pytest.mark.parametrize("stream", HELLOS)
def test_a_prefix_needs_more(stream: bytes) -> None:
    """At every cut, never a name too early."""
    assert isinstance(parse_hello(stream), Hello)
    assert {parse_hello(stream[:cut]) for cut in range(len(stream))} == {NEED_MORE}
    assert parse_hello(stream + b"\x17\x03\x03\x00") == parse_hello(stream)


@pytest.mark.parametrize("size", [2, 3, 5, 200, 1999])
def test_a_message_over_many_records_is_put_together(size: int) -> None:
    """Down to one octet in each; the most that are looked at, and one more."""
    assert parse_hello(records(CHROMIUM[5:], size)) == parse_hello(CHROMIUM)
    assert parse_hello(records(NAMED, 1)) == parse_hello(record(NAMED))
    most = records(b"\x01\x00\xf0\x00".ljust(tls.MAX_RECORDS, b"\x03"), 1)
    assert parse_hello(most) is NEED_MORE
    with pytest.raises(WireError):
        parse_hello(most + record(b"\x03"))


def test_a_message_without_records_is_what_quic_carries() -> None:
    """Octets after it are not looked at; every prefix needs more."""
    assert parse_client_hello(NAMED + b"more") == parse_hello(record(NAMED))
    assert {parse_client_hello(NAMED[:cut]) for cut in range(len(NAMED))} == {NEED_MORE}


# --- what is no ClientHello

BODY = NAMED[4:]
NO_HELLOS = {
    "text": b"G",
    "another protocol's version": b"\x16\x04",
    "a version of TLS that there is not": b"\x16\x03\x05",
    "data": b"\x17\x03\x03",
    "a long record": b"\x16\x03\x01\x40\x01",
    "an encrypted alert": b"\x15\x03\x01\x00\x1a",
    "a long change of cipher": b"\x14\x03\x01\x00\x02",
    "too many idle records": record(b"") * (tls.MAX_IDLE_RECORDS + 1),
    "a hello of a server": record(b"\x02"),
    "a message that is too long": record(b"\x01\x02\x00\x01"),
    "no version of TLS": record(b"\x01\x00\x00\x02\x02\x00"),
    "no body": record(b"\x01\x00\x00\x00"),
    "a body of a version": record(b"\x01\x00\x00\x02\x03\x03"),
    "octets after the extensions": record(message(tail=b"\x00\x00x")),
    "half a length": record(message(tail=b"\x00")),
    "a vector that ends too early": record(message(tail=b"\x00\x05" + extension(7))),
    "half an extension": record(message(b"\x00\x07\x00")),
    "an extension that ends too early": record(message(b"\x00\x07\x00\x01")),
    "too many extensions": record(message(*[extension(kind) for kind in range(tls.MAX_EXTENSIONS + 1)])),
    "SSLv2 itself": b"\x80\x31\x01\x00",
    "a server of SSLv2": b"\x80\x31\x04",
    "SSLv2's lengths that don't add up": OLD[:10] + b"\x11" + OLD[11:],
    "SSLv2's ciphers of two octets": b"\x80\x0b\x01\x03\x01\x00\x02\x00\x00\x00\x00\x00\x2f",
}


@pytest.mark.parametrize("stream", NO_HELLOS.values(), ids=NO_HELLOS.keys())
def test_what_is_no_hello_is_refused(stream: bytes) -> None:
    """As soon as it shows."""
    with pytest.raises(WireError):
        parse_hello(stream)


@pytest.mark.parametrize("cut", range(2, len(BODY)))
def test_a_hello_that_ends_too_early_is_refused(cut: int) -> None:
    """Except where it has no extensions: older clients send none."""
    short = record(b"\x01" + cut.to_bytes(3, "big") + BODY[:cut])
    if cut == 41:
        assert parse_hello(short) == Hello(name=None, versions=(0x0303,), ciphers=(0x1301,))
        return
    with pytest.raises(WireError):
        parse_hello(short)


# --- names


@pytest.mark.parametrize(
    ("raw_name", "name"),
    [
        (b"WWW.Kind.EXAMPLE", NAME),
        (b"www.kind.example.", NAME),
        (b"localhost", "localhost"),
        (b"_a.xn--mnchen-3ya.de", "_a.xn--mnchen-3ya.de"),
        (b"k\xc3\xafnd.example", "k\\195\\175nd.example"),
        (b"a b.kind.example\x00", "a\\032b.kind.example\\000"),
        (b"1.kind.example", "1.kind.example"),
        (b".".join([b"a" * 62] * 4) + b".", ".".join(["a" * 62] * 4)),
        (b"192.0.2.1", None),
        (b"[2001:db8::1]", None),
        (b"2001:db8::192.0.2.1", None),
        (b"www.kind.example:443", None),
        (b"", None),
        (b".", None),
        (b"www..example", None),
        (b"k\xefnd..example", None),
        (b"a" * 64 + b".example", None),
        (b".".join([b"a" * 63] * 4), None),
    ],
)
def test_a_name_is_in_normal_form_or_none(raw_name: bytes, name: str | None) -> None:
    """An address is no name, nor is what no question for a host could carry."""
    assert host_name(raw_name) == name
    assert hello_of(record(message(server_name(raw_name)))).name == name


@pytest.mark.parametrize(
    ("extensions", "name"),
    [
        ([server_name(NAME.encode(), b"other.example")], NAME),
        ([server_name(NAME.encode()), server_name(b"other.example")], NAME),
        ([extension(0, server_name(b"x", kind=7)[4:] + server_name(NAME.encode())[6:])], NAME),
        ([extension(0, b"\x00\x00" + b"\x07\x00\x00" * tls.MAX_ENTRIES + server_name(NAME.encode())[6:])], None),
        ([server_name(b"x", kind=7)], None),
        ([extension(0)], None),
        ([extension(0, b"\x00\x06\x00\x00\x09abc")], None),
    ],
)
def test_the_first_host_name_counts(extensions: list[bytes], name: str | None) -> None:
    """One of another kind is passed over, an empty extension or a broken one has none."""
    assert hello_of(record(message(*extensions))).name == name


# --- the other fields


def test_extensions_are_told_without_grease() -> None:
    """RFC 8701; ECH's draft ancestor is noticed."""
    hello = hello_of(
        record(
            message(
                extension(0x1A1A),
                extension(0xFFCE),
                extension(10, b"\x00\x06\x2a\x2a\x00\x1d\x00\x17"),
                extension(43, b"\x06\xfa\xfa\x03\x04\x03\x03"),
                ciphers=b"\x0a\x0a\x13\x01\x00\xff",
            )
        )
    )
    assert hello == Hello(
        name=None,
        versions=(0x0304, 0x0303),
        has_esni=True,
        ciphers=(0x1301, 0x00FF),
        extensions=(0xFFCE, 10, 43),
        groups=(29, 23),
    )


def test_broken_extensions_say_as_much_as_is_whole() -> None:
    """A server that cares for none of them would go on, and so must the name be read."""
    broken = [
        extension(16, b"\x00\x09\x02h2\x07http"),
        extension(10, b"\x00\x03\x00\x1d\x00"),
        extension(43, b"\x01\x03"),
    ]
    hello = hello_of(record(message(*broken, server_name(NAME.encode()))))
    assert (hello.name, hello.alpn, hello.groups, hello.versions) == (NAME, ("h2",), (29,), (0x0303,))


def test_odd_protocols_are_spelled_out() -> None:
    """So that each has one spelling; no more than a bounded number is told."""
    alpn = extension(16, b"\x00\x00" + b"\x04a\\\x7f\n" + b"\x02h2" * tls.MAX_ENTRIES)
    assert hello_of(record(message(alpn))).alpn == ("a\\x5c\\x7f\\x0a", *["h2"] * (tls.MAX_ENTRIES - 1))


def test_a_hello_in_sslv2s_framing_has_no_name() -> None:
    """Its own ciphers are left out (RFC 5246 appendix E.2)."""
    assert parse_hello(OLD) == Hello(name=None, versions=(0x0301,), ciphers=(0x2F,) * 4)


# --- a value or our error, in time


@given(st.binary(max_size=80))
@example(b"")
def test_any_octets_give_a_hello_or_wire_error(octets: bytes) -> None:
    """Nothing else, whatever frames them."""
    framed = (octets, record(octets), record(b"\x01" + len(octets).to_bytes(3, "big") + octets), b"\x80" + octets)
    for stream in framed:
        with contextlib.suppress(WireError):
            found = parse_hello(stream)
            assert found is NEED_MORE or isinstance(found, Hello)
    with contextlib.suppress(WireError):
        parse_client_hello(octets)
    host_name(octets)


@given(st.sampled_from(HELLOS), st.integers(0, 2**32))
def test_mutated_hellos_give_a_hello_or_wire_error(seed: bytes, chance: int) -> None:
    """Octets altered, cut out, put in or put twice."""
    dice = random.Random(chance)
    octets = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(octets))
        match dice.randrange(3):
            case 0:
                octets[at] = dice.randrange(256)
            case 1:
                del octets[at : at + dice.randint(1, 9)]
            case _:
                octets[at:at] = octets[at : at + dice.randint(1, 9)]
    with contextlib.suppress(WireError):
        found = parse_hello(bytes(octets))
        assert found is NEED_MORE or isinstance(found, Hello)


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=30)), max_size=12), st.binary(max_size=40))
def test_any_extensions_are_read(extensions: list[tuple[int, bytes]], name: bytes) -> None:
    """As long as their lengths are right, whatever they say."""
    hello = hello_of(record(message(*[extension(*one) for one in extensions], server_name(name))))
    if not any(kind == 0 for kind, _ in extensions):
        assert hello.name == host_name(name)


@pytest.mark.parametrize(
    "stream",
    [
        records(b"\x01\x01\x00\x00" + bytes(2726), 1),
        record(message(*[extension(kind) for kind in range(4000)])),
        record(message(ciphers=bytes(16_000))),
        record(message(extension(16, b"\xff\xff" + b"\x01a" * 8000))),
        record(message(extension(0, b"\xff\xff" + b"\x01\x00\x00" * 5000))),
        record(message(extension(0, struct.pack("!HBH", 16_003, 0, 16_000) + b"a." * 8000))),
    ],
)
def test_the_worst_hello_takes_no_long_time(stream: bytes) -> None:
    """Sixteen kibibytes of whatever there can be most of."""
    before = perf_counter()
    with contextlib.suppress(WireError):
        parse_hello(stream)
    assert perf_counter() - before < 0.1
