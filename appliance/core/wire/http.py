"""The first request of an HTTP/1.x connection (RFC 9112): which host it is for, wherever its head says so."""

from ipaddress import ip_address
from re import IGNORECASE
from re import compile as regex
from typing import Final, NamedTuple

import msgspec

from appliance.core import names
from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError

MAX_HEAD_OCTETS: Final = 16_384
"""A head that has not ended by then is read as far as it goes."""

_METHOD = regex(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}(?:[ \t]|\Z)")
_NO_TEXT = regex(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_VERSION = regex(rb"HTTP/([0-9])(?:\.[0-9]{1,2})?\Z", IGNORECASE)
_HOST = regex(rb"\nhost[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", IGNORECASE)
_ABSOLUTE = regex(rb"[a-z][a-z0-9+.-]{0,31}://([^/?#\\]*)", IGNORECASE)
_PORT = regex(r"[0-9]{1,5}\Z")

_LOOKED_AT_OCTETS = 256
"""Of a first line: enough to see that it is no text."""
_MAX_HOST_OCTETS = 512
_MAX_HOSTS = 4
"""Different ones that are compared; a head with more has a conflict anyway."""


class Request(msgspec.Struct, frozen=True):
    """What a client asks, and of whom. HTTP/2 without TLS (RFC 9113 section 3.3) gives its preface and no more."""

    method: str
    target: str
    """As sent, each octet a character."""
    name: str | None = None
    """The host in normal form; None where there is none, and where it is an address or could be no name."""
    address: str | None = None
    """The host where it is an IP address, as `ipaddress` prints it."""
    port: int | None = None
    """The port that stands beside the host."""
    has_conflict: bool = False
    """The head names hosts that differ; servers differ in which they believe (RFC 9112 section 3.2)."""
    is_h2: bool = False

    @property
    def host(self) -> str | None:
        """The name or the address."""
        return self.name or self.address


class _Host(NamedTuple):
    name: str | None = None
    address: str | None = None
    port: int | None = None


class _Line(NamedTuple):
    method: bytes
    target: bytes
    is_h2: bool


def parse_request(stream: bytes, *, is_all: bool = False) -> Request | NeedMore:
    """Return the request that a client's octets begin with, NEED_MORE until its head has ended.

    No server answers sooner either. `is_all` says that no more will come: then a head cut short is read as far as
    whole lines go. Lenient as servers are: lines may end in LF alone, empty lines may stand before the first.
    Raises WireError for what is no HTTP/1.x request, as early as that shows.
    """
    is_all = is_all or len(stream) >= MAX_HEAD_OCTETS
    text = stream[:MAX_HEAD_OCTETS].lstrip(b"\r\n")
    line_end = text.find(b"\n")
    looked_at = text[: line_end if 0 <= line_end < _LOOKED_AT_OCTETS else _LOOKED_AT_OCTETS]
    if text and (not _METHOD.match(looked_at) or _NO_TEXT.search(looked_at)):
        raise WireError("no HTTP request")
    if line_end < 0:
        if is_all:
            raise WireError("no whole request line")
        return NEED_MORE
    line = _parse_line(text[:line_end])
    end = _find_end(text, line_end)
    if end < 0:
        if not is_all:
            return NEED_MORE
        end = text.rindex(b"\n")
    hosts = _hosts_of(line, text[line_end:end])
    found = _parse_host(hosts[0]) if hosts else _Host()
    return Request(
        line.method.decode("ascii"),
        line.target.decode("latin-1"),
        *found,
        has_conflict=len(hosts) > _MAX_HOSTS or any(_parse_host(other)[:2] != found[:2] for other in hosts[1:]),
        is_h2=line.is_h2,
    )


def _parse_line(line: bytes) -> _Line:
    """Return the parts of a request line; a target may have blanks in it, as some clients send."""
    method, _, rest = line.replace(b"\t", b" ").partition(b" ")
    rest = rest.strip(b" \r")
    target, _, version = rest.rpartition(b" ")
    found = _VERSION.match(version)
    if found and target:
        return _Line(method, target.rstrip(b" "), (method, target, found[1]) == (b"PRI", b"*", b"2"))
    # HTTP/0.9 had GET and no version; one of another protocol (SIP, RTSP) has a blank before it.
    if method == b"GET" and b" " not in rest and (rest.startswith(b"/") or _ABSOLUTE.match(rest)):
        return _Line(method, rest, is_h2=False)
    raise WireError("no HTTP request line")


def _find_end(text: bytes, start: int) -> int:
    """Return where the empty line after the head begins, -1 while there is none."""
    found = [at for at in (text.find(b"\n\r\n", start), text.find(b"\n\n", start)) if at >= 0]
    return min(found, default=-1)


def _hosts_of(line: _Line, fields: bytes) -> list[bytes]:
    """Return the different hosts that a head names, the one that counts first (RFC 9112 section 3.2.2)."""
    values = [field[1] for field in _HOST.finditer(fields)]
    if line.method == b"CONNECT":
        values.insert(0, line.target)
    elif absolute := _ABSOLUTE.match(line.target):
        values.insert(0, absolute[1].rpartition(b"@")[2])
    return [value for value in dict.fromkeys(value.strip().lower() for value in values) if value]


def _parse_host(value: bytes) -> _Host:
    """Return what stands before and behind the colon; nothing for what is neither a name nor an address."""
    if len(value) > _MAX_HOST_OCTETS or not value.isascii():
        return _Host()
    text = value.decode("ascii")
    if text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") > 1:
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    host = host.removesuffix(".")
    number = int(port) if _PORT.match(port) and int(port) < 1 << 16 else None
    if ":" in host or host[-1:].isdigit():
        try:
            return _Host(None, str(ip_address(host.partition("%")[0])), number)
        except ValueError:
            pass
    try:
        return _Host() if text.startswith("[") else _Host(names.normalise(host), None, number)
    except names.BadName:
        return _Host()
