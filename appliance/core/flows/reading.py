"""What the first octets of a client are: a hello, a request, a question, or none of these."""

from typing import Final

import msgspec

from appliance.core.signs.facts import Kind
from appliance.core.wire.hello import Hello
from appliance.core.wire.http import parse_request
from appliance.core.wire.question import parse_stream_question
from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError
from appliance.core.wire.tls import MAX_RECORD_OCTETS, parse_hello
from appliance.core.wire.upgrade import parse_upgrade

DNS_PORT: Final = 53

_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"TRACE ")
"""RFC 9110 section 9, RFC 5789."""
_RECORD_KINDS = range(20, 24)
_RECORD_OCTETS = 5
_SERVER_HELLO = (22, b"\x02")
_MAX_ENCRYPTED_OCTETS = MAX_RECORD_OCTETS + 2048


class Reading(msgspec.Struct, frozen=True):
    """What was read of a flow's beginning."""

    kind: Kind
    name: str | None = None
    address: str | None = None
    hello: Hello | None = None
    has_conflict: bool = False
    """It names two hosts, and servers differ in which they believe."""
    has_upgrade: bool = False
    """TLS began after lines of text."""
    is_clients: bool | None = True
    """Who said it; None where both may."""


def read_stream(stream: bytes, port: int) -> Reading | NeedMore | None:
    """Return what a client's stream over TCP begins with, None where it is nothing that is known.

    `port` is the server's. While it may be what is tried first, it is not asked what else it looks like.
    """
    for read in (_tls, _http, _dns, _upgraded):
        try:
            return read(stream, port)
        except WireError:
            continue
    return None


def read_rest(stream: bytes, port: int) -> Reading | None:
    """Return what a stream begins with of which no more will come, and that `read_stream` could not read before."""
    try:
        found = _http(stream, port, is_all=True)
    except WireError:
        return None
    return None if found is NEED_MORE else found


def is_http_answer(stream: bytes) -> bool:
    """Say whether a server's answer begins here: the next request on the connection will name the host."""
    return stream.startswith(b"HTTP/1.")


def begun(stream: bytes) -> Kind:
    """Return what a client's stream is the beginning of that can't be read yet: it may be sent slowly on purpose."""
    try:
        if stream and parse_hello(stream) is NEED_MORE:
            return Kind.TLS
    except WireError:
        pass
    if stream and any(stream.startswith(method) or method.startswith(stream) for method in _METHODS):
        return Kind.HTTP
    return Kind.OTHER


def read_middle(stream: bytes) -> Reading | None:
    """Return TLS without a name where a record of its begins a stream whose beginning was not seen, or a server's."""
    kind, major, minor = stream[:3] if len(stream) >= _RECORD_OCTETS else (0, 0, 0)
    size = int.from_bytes(stream[3:_RECORD_OCTETS], "big")
    if kind not in _RECORD_KINDS or major != 3 or minor > 4 or not 0 < size <= _MAX_ENCRYPTED_OCTETS:
        return None
    return Reading(Kind.TLS, is_clients=False if (kind, stream[5:6]) == _SERVER_HELLO else None)


def _tls(stream: bytes, _port: int) -> Reading | NeedMore:
    hello = parse_hello(stream)
    return NEED_MORE if hello is NEED_MORE else Reading(Kind.TLS, hello.name, hello=hello)


def _http(stream: bytes, port: int, *, is_all: bool = False) -> Reading | NeedMore:
    request = parse_request(stream, is_all=is_all)
    if request is NEED_MORE:
        return NEED_MORE
    reading = Reading(Kind.HTTP, request.name, request.address, has_conflict=request.has_conflict)
    if request.method != "CONNECT" or is_all:
        return reading
    # A proxy is asked for a connection: what is said to its far end tells more.
    try:
        within = _upgraded(stream, port)
    except WireError:
        return reading
    if within is NEED_MORE:
        return NEED_MORE
    has_conflict = within.name is not None and request.name not in (within.name, None)
    name = within.name or request.name
    return msgspec.structs.replace(within, name=name, address=request.address, has_conflict=has_conflict)


def _dns(stream: bytes, port: int) -> Reading | NeedMore:
    question = parse_stream_question(stream, is_dns_port=port == DNS_PORT)
    if question is NEED_MORE:
        return NEED_MORE
    return Reading(Kind.DNS, question.name or None, is_clients=not question.is_response)


def _upgraded(stream: bytes, _port: int) -> Reading | NeedMore:
    start = parse_upgrade(stream)
    if start is NEED_MORE:
        return NEED_MORE
    hello = parse_hello(stream[start:])
    return NEED_MORE if hello is NEED_MORE else Reading(Kind.TLS, hello.name, hello=hello, has_upgrade=True)
