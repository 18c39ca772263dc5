"""What a client's first octets are: in order of what they can be, and never two things at once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.flows.reading import Reading, begun, is_http_answer, read_middle, read_rest, read_stream
from appliance.core.signs.facts import Kind
from appliance.core.wire.reader import NEED_MORE
from tests.core.flows.packets import ANSWER, ASK, DECOY, HELLO, NAME, REQUEST, SERVER_HELLO
from tests.core.wire import hellos

CONNECT = b"CONNECT www.kind.example:443 HTTP/1.1\r\n\r\n"
TO_ADDRESS = b"CONNECT 198.51.100.2:443 HTTP/1.1\r\n\r\n"
NAMELESS = hellos.record(hellos.message())
OTHERS = hellos.record(hellos.message(hellos.server_name(DECOY.encode())))


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (b"", Kind.OTHER),
        (HELLO[:1], Kind.TLS),
        (HELLO[:-1], Kind.TLS),
        (HELLO, Kind.OTHER),
        (REQUEST[:2], Kind.HTTP),
        (REQUEST[:-2], Kind.HTTP),
        (b"GETTING", Kind.OTHER),
        (b"\x00\x01", Kind.OTHER),
    ],
)
def test_what_is_only_begun(stream: bytes, kind: Kind) -> None:
    """A hello or a request that doesn't end; of what is whole it is read what it is."""
    assert begun(stream) is kind


def framed(message: bytes) -> bytes:
    """Return a message of DNS as TCP carries it."""
    return len(message).to_bytes(2, "big") + message


def read(stream: bytes, port: int = 443) -> Reading:
    """Return what is read, which must be something."""
    found = read_stream(stream, port)
    assert isinstance(found, Reading)
    return found


@pytest.mark.parametrize(
    ("stream", "kind", "has_upgrade"),
    [
        (HELLO, Kind.TLS, False),
        (REQUEST, Kind.HTTP, False),
        (framed(ASK), Kind.DNS, False),
        (b"EHLO a\r\nSTARTTLS\r\n" + HELLO, Kind.TLS, True),
        (CONNECT + HELLO, Kind.TLS, True),
        (CONNECT + NAMELESS, Kind.TLS, True),
        (TO_ADDRESS + HELLO, Kind.TLS, True),
        (CONNECT + b"\x00\x01", Kind.HTTP, False),
    ],
)
def test_the_name_and_whose_words_these_are(stream: bytes, kind: Kind, has_upgrade: bool) -> None:
    """At their last octet, and not sooner."""
    found = read(stream)
    assert (found.kind, found.name, found.has_upgrade, found.has_conflict) == (kind, NAME, has_upgrade, False)
    assert found.is_clients
    if stream[-2:] != b"\x00\x01" or kind is not Kind.HTTP:
        assert {read_stream(stream[:cut], 443) for cut in range(1, len(stream))} == {NEED_MORE}


def test_a_proxy_that_is_asked_for_another_host_than_the_hello_says() -> None:
    """Two hosts: neither is sure. An address is no other host."""
    assert read(CONNECT + OTHERS).has_conflict
    found = read(TO_ADDRESS + HELLO)
    assert (found.name, found.address, found.has_conflict) == (NAME, "198.51.100.2", False)


def test_an_answer_on_a_stream_is_the_servers() -> None:
    """Whose port the question's is says how strictly it is read."""
    assert read(framed(ANSWER), 53).is_clients is False
    assert read(framed(b"\0\7\x0a\0" + ASK[4:]), 53).kind is Kind.DNS
    assert read_stream(framed(b"\0\7\x0a\0" + ASK[4:]), 443) is None


def test_what_may_still_be_a_hello_is_nothing_else() -> None:
    """On the port of DNS a hello not all there looks like a question whose name a client chooses."""
    body = b"\x00\x01\x00\x00\x00\x00" + ASK[12:]
    stream = b"\x16\x03\x01\x40\x00" + b"\x01\x00\x3f\xfc\x03\x03" + body + bytes(700)
    assert read_stream(stream, 53) is NEED_MORE


def test_octets_that_are_nothing() -> None:
    """Told at once."""
    assert read_stream(b"\x00\x00\x00\x00", 443) is None
    assert read_stream(b"\x01" * 20, 443) is None


def test_the_rest() -> None:
    """A request cut short is read as far as its lines go; a proxy's request for a connection too."""
    assert read_rest(REQUEST[:-2], 80) == Reading(Kind.HTTP, NAME)
    assert read_rest(CONNECT + HELLO[:9], 80) == Reading(Kind.HTTP, NAME)
    assert read_rest(b"GET / HT", 80) is None
    assert read_rest(HELLO[:9], 443) is None


def test_an_answer_of_http() -> None:
    """Either minor version."""
    assert is_http_answer(b"HTTP/1.0 200 OK\r\n")
    assert not is_http_answer(REQUEST)


@pytest.mark.parametrize(
    ("stream", "is_clients"),
    [
        (SERVER_HELLO, False),
        (b"\x17\x03\x03\x00\x30" + bytes(9), None),
        (b"\x16\x03\x01\x00\x30\x01", None),
        (b"\x14\x03\x03\x00\x01", None),
    ],
)
def test_the_middle_of_tls(stream: bytes, is_clients: bool | None) -> None:
    """A record says TLS, a server's hello whose it is, no name."""
    assert read_middle(stream) == Reading(Kind.TLS, is_clients=is_clients)


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\x17\x03\x03\x00",
        b"\x18\x03\x03\x00\x30",
        b"\x17\x02\x00\x00\x30",
        b"\x17\x03\x05\x00\x30",
        b"\x17\x03\x03\x00\x00",
        b"\x17\x03\x03\xff\xff",
    ],
)
def test_no_record(stream: bytes) -> None:
    """Too short, another type, another version, a length that cannot be."""
    assert read_middle(stream) is None


@given(st.binary(max_size=300) | st.sampled_from([HELLO, REQUEST, framed(ASK), CONNECT]), st.sampled_from([53, 443]))
def test_any_octets_are_something_or_nothing(stream: bytes, port: int) -> None:
    """And nothing is raised."""
    assert isinstance(read_stream(stream, port), Reading | type(NEED_MORE) | None)
    assert isinstance(read_rest(stream, port), Reading | None)
    assert isinstance(read_middle(stream), Reading | None)
