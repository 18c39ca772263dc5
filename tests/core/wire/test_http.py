"""HTTP requests: the host that a head names, wherever it says so and however it is cut; WireError for all else."""

import contextlib
import time

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.http import MAX_HEAD_OCTETS, Request, parse_request
from appliance.core.wire.reader import NEED_MORE, WireError

GET = b"GET /a?b HTTP/1.1\r\n"
HEADS = [
    GET + b"Host: www.example.com\r\nAccept: */*\r\n\r\n",
    b"CONNECT www.example.com:443 HTTP/1.1\r\nHost: www.example.com:443\r\n\r\n",
    b"\r\nPOST http://user@www.example.com:8080/a HTTP/1.0\nHOST : other.example\nX: y\n\n",
    b"GET / HTTP/1.1\r\nX: a\r\n b\r\nhost:\r\n\twww.example.com\r\n\r\n",
    b"GET /old\r\nHost: www.example.com\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\n",
]
WORDS = st.sampled_from(
    [b"GET ", b"CONNECT ", b"/", b"http://", b" HTTP/1.1", b"\r\n", b"\n", b"Host", b":", b" ", b"\t", b"a.example",
     b"[::1]", b"192.0.2.1", b"@", b"\x00", b"\xff", b"PRI * HTTP/2.0\r\n\r\n"]
)  # fmt: skip
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z])", fullmatch=True)


def read(stream: bytes, *, is_all: bool = False) -> Request:
    """Return the request, which must be there."""
    found = parse_request(stream, is_all=is_all)
    assert isinstance(found, Request)
    return found


def ask(*fields: bytes, line: bytes = b"GET / HTTP/1.1") -> Request:
    """Return what is read of a head with these fields."""
    return read(b"\r\n".join([line, *fields, b"", b""]))


# --- which host


@pytest.mark.parametrize(
    ("value", "name", "address", "port"),
    [
        (b"www.example.com", "www.example.com", None, None),
        (b"  WWW.Example.COM.\t ", "www.example.com", None, None),
        (b"example.com:8080", "example.com", None, 8080),
        (b"example.com:", "example.com", None, None),
        (b"example.com:http", "example.com", None, None),
        (b"example.com:65536", "example.com", None, None),
        (b"example.com.:80", "example.com", None, 80),
        (b"_dmarc.example.com", "_dmarc.example.com", None, None),
        (b"localhost", "localhost", None, None),
        (b"4chan.example1", "4chan.example1", None, None),
        (b"192.0.2.1", None, "192.0.2.1", None),
        (b"192.0.2.1.:81", None, "192.0.2.1", 81),
        (b"192.0.2.999", "192.0.2.999", None, None),
        (b"[2001:DB8:0::1]:8443", None, "2001:db8::1", 8443),
        (b"[fe80::1%25eth0]", None, "fe80::1", None),
        (b"2001:db8::1", None, "2001:db8::1", None),
        (b"a:b:c", None, None, None),
        (b"[v1.x]:80", None, None, None),
        (b"a b.example", None, None, None),
        (b"a..example", None, None, None),
        (b"%61.example", None, None, None),
        (b"m\xc3\xbcnchen.example", None, None, None),
        (b"a." * 300 + b"example", None, None, None),
        (b"", None, None, None),
        (b":80", None, None, None),
    ],
)
def test_a_host_is_a_name_an_address_or_neither(
    value: bytes, name: str | None, address: str | None, port: int | None
) -> None:
    """In normal form, with the port that stands beside it."""
    found = ask(b"Host: " + value)
    assert (found.name, found.address, found.port) == (name, address, port)
    assert found.host == (name or address)
    assert not found.has_conflict


def test_the_field_is_found_however_it_is_written() -> None:
    """Any case, blanks about the colon, folded over lines, lines that end in LF alone; not in another's value."""
    for field in (
        b"host:a.example",
        b"HOST \t: a.example",
        b"hOsT:\r\n  a.example\r\n",
        b"X: 1\nHost: a.example\nY: 2",
    ):
        assert ask(b"A: b", field).name == "a.example"
    assert ask(b"X: y\r\n Host: a.example").name is None
    assert ask(b"X-Host: a.example").name is None
    assert ask(b"Host: a.\r\n example").name is None


def test_no_host_is_none() -> None:
    """As HTTP/1.0 and 0.9 may have it; also an empty one."""
    assert ask(line=b"GET / HTTP/1.0") == Request("GET", "/")
    assert ask(b"Host:", line=b"GET / HTTP/1.0").host is None
    assert read(b"GET /\r\n\r\n") == Request("GET", "/")
    assert read(b"GET http://a.example/\r\n\r\n").name == "a.example"


def test_the_absolute_form_and_connect_come_before_the_field() -> None:
    """As RFC 9112 section 3.2.2 has it; one that differs is a conflict, a port is none."""
    found = ask(b"Host: other.example", line=b"GET HTTP://me:you@A.example:8080/b@c HTTP/1.1")
    assert (found.name, found.port, found.has_conflict) == ("a.example", 8080, True)
    found = ask(b"Host: a.example", line=b"CONNECT a.example:443 HTTP/1.1")
    assert (found.method, found.name, found.port, found.has_conflict) == ("CONNECT", "a.example", 443, False)
    assert ask(b"Host: a.example", line=b"GET http:///b HTTP/1.1").name == "a.example"
    assert ask(line=rb"GET http://a.example\@b.example/ HTTP/1.1").name == "a.example"


def test_the_first_of_several_hosts_counts_and_the_conflict_is_told() -> None:
    """The same one twice is none; more than a few are not compared one by one."""
    assert ask(b"Host: a.example", b"Host: A.example:80") == Request("GET", "/", "a.example")
    found = ask(b"Host:", b"Host: a.example", b"Host: b.example")
    assert (found.name, found.has_conflict) == ("a.example", True)
    assert ask(*[b"Host: a.example:%d" % port for port in range(5)]).has_conflict
    assert not ask(*[b"Host: a.example:%d" % port for port in range(4)]).has_conflict


@pytest.mark.parametrize("method", ["PROPFIND", "M-SEARCH", "get", "BASELINE-CONTROL", "X" * 32])
def test_any_method_will_do(method: str) -> None:
    """WebDAV's, UPnP's and unknown ones."""
    assert ask(b"Host: a.example", line=method.encode() + b" * HTTP/1.1") == Request(method, "*", "a.example")


def test_lenient_first_lines() -> None:
    """Empty lines before it, tabs and several blanks in it, a target with blanks, a version in small letters."""
    assert read(b"\r\n\n\r\nGET\t  /a b \t HTTP/1.1 \r\n\r\n") == Request("GET", "/a b", None)
    assert ask(line=b"GET /\xe9 http/1").target == "/é"


def test_http_2_without_tls_gives_its_preface() -> None:
    """Its headers are compressed: no name is read of them. An upgrade begins as HTTP/1.1 with a host."""
    found = read(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
    assert (found.is_h2, found.name) == (True, None)
    assert not ask(b"Host: a.example", b"Upgrade: h2c").is_h2


# --- what is no request


@pytest.mark.parametrize(
    "stream",
    [
        b"\x16\x03\x01",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"X" * 33,
        b" GET / HTTP/1.1\r\n",
        b"EHLO mail.example\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"INVITE sip:a@a.example SIP/2.0\r\n",
        b"GET rtsp://a.example/ RTSP/1.0\r\n",
        b"GET key\r\n",
        b"CWD /pub\r\n",
        b"GET HTTP/1.1\r\n",
        b"GET  HTTP/1.1\r\n",
        b"GET / HTTP/1.123\r\n",
        b"GET /\x00",
        b"QUIT\r\n",
    ],
)
def test_other_protocols_are_refused(stream: bytes) -> None:
    """As soon as it shows."""
    with pytest.raises(WireError):
        parse_request(stream)


def test_binary_bodies_do_not_matter() -> None:
    """What is no text may follow the first line."""
    assert read(b"GET / HTTP/1.0\r\n\r\n\x00\x01").target == "/"


# --- cut


@pytest.mark.parametrize("head", HEADS)
def test_a_head_cut_anywhere_needs_more(head: bytes) -> None:
    """And what comes behind it changes nothing."""
    for cut in range(len(head)):
        assert parse_request(head[:cut]) is NEED_MORE
    assert parse_request(head) == parse_request(head + b"Host: b.example\r\n\r\n") == read(head)


@pytest.mark.parametrize("head", HEADS[:5])
def test_when_no_more_comes_whole_lines_are_read(head: bytes) -> None:
    """Never half a name; without a whole first line it is no request."""
    whole = read(head)
    for cut in range(len(head)):
        try:
            found = read(head[:cut], is_all=True)
        except WireError:
            assert b"\n" not in head[:cut].lstrip()
            continue
        assert found.name in (None, whole.name)
        assert (found.method, found.target) == (whole.method, whole.target)


def test_a_head_longer_than_the_limit_is_read_as_far_as_it_goes() -> None:
    """Hosts behind it are not seen; a first line that long is no request."""
    filler = b"X: " + b"y" * MAX_HEAD_OCTETS
    assert read(GET + b"Host: a.example\r\n" + filler).name == "a.example"
    assert read(GET + b"X: y\r\n" + filler + b"\r\nHost: a.example\r\n\r\n").name is None
    for endless in (b"GET /" + b"a" * MAX_HEAD_OCTETS, b"\n" * MAX_HEAD_OCTETS):
        with pytest.raises(WireError, match="no whole request line"):
            parse_request(endless)


# --- whatever the octets


@given(st.one_of(st.binary(max_size=120), st.lists(WORDS, max_size=30).map(b"".join)), st.booleans())
def test_any_octets_give_a_request_need_more_or_wire_error(stream: bytes, is_all: bool) -> None:
    """Nothing else, and never NEED_MORE when no more comes."""
    with contextlib.suppress(WireError):
        found = parse_request(stream, is_all=is_all)
        assert isinstance(found, Request) or not is_all


@given(st.lists(WORDS, max_size=30).map(b"".join), st.data())
def test_an_answer_stays_the_answer(stream: bytes, data: st.DataObject) -> None:
    """What a beginning is refused for, or read as, so is the whole; octet by octet gives what all at once gives."""
    cut = data.draw(st.integers(0, len(stream)))
    try:
        early = parse_request(stream[:cut])
    except WireError:
        with pytest.raises(WireError):
            parse_request(stream)
        return
    if early is not NEED_MORE:
        assert early == parse_request(stream)


@given(st.lists(LABEL, min_size=2, max_size=4), st.sampled_from([b"", b":80"]), st.sampled_from([b"", b" "]))
def test_gunicorn_reads_the_same_host(labels: list[str], port: bytes, blank: bytes) -> None:
    """A second opinion."""
    host = ".".join(labels).encode() + port
    head = GET + b"Accept: */*\r\nHost:" + blank + host + b"\r\n\r\n"
    theirs = next(iter(RequestParser(Config(), iter([head]), ("192.0.2.1", 1))))
    ours = read(head)
    assert [ours.method, ours.target] == [theirs.method, theirs.uri]
    assert f"{ours.name}{port.decode()}" == dict(theirs.headers)["HOST"]


@pytest.mark.parametrize(
    "stream",
    [
        b"\n" * MAX_HEAD_OCTETS,
        GET + b"host" + b" " * MAX_HEAD_OCTETS,
        GET + b"\nhost" * 4000,
        GET + b"host:" + b"\n " * 8000,
        GET + b"".join(b"host:%d\n" % number for number in range(2000)),
        b"GET " + b"/ " * 8000 + b"\nHost: a\n\n",
        b"GET " + b"a" * 31 + b"://" + b"@" * MAX_HEAD_OCTETS + b" HTTP/1.1\n\n",
    ],
)
def test_no_stream_takes_long(stream: bytes) -> None:
    """Far under what squared time would need; also when it comes in many pieces, each read anew."""
    begun = time.process_time()
    for end in range(0, MAX_HEAD_OCTETS, 512):
        with contextlib.suppress(WireError):
            parse_request(stream[:end])
    assert time.process_time() - begun < 0.5
