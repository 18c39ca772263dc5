"""TLS ClientHellos: the name that a client asks for before anything is encrypted (RFC 8446, RFC 6066, RFC 5246)."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import filterfalse
from re import compile as regex
from struct import Struct, unpack
from typing import Final

from appliance.core import names
from appliance.core.wire.hello import Hello
from appliance.core.wire.reader import NEED_MORE, NeedMore, WireError

SERVER_NAME: Final = 0
SUPPORTED_GROUPS: Final = 10
ALPN: Final = 16
SUPPORTED_VERSIONS: Final = 43
ECH: Final = 0xFE0D
ESNI: Final = 0xFFCE

MAX_RECORD_OCTETS: Final = 1 << 14
MAX_HELLO_OCTETS: Final = 1 << 17
"""No stack takes a longer one."""
MAX_IDLE_RECORDS: Final = 32
"""Empty ones, alerts and changes of cipher, as many as stacks take."""
MAX_RECORDS: Final = 1024
"""A hello in more of them is made to tire the reader."""
MAX_EXTENSIONS: Final = 512
MAX_NUMBERS: Final = 256
"""So many ciphers, groups and versions are told; the rest is passed over."""
MAX_LISTS: Final = 256
"""Of ciphers, groups and versions so many are remembered: a client has the same ones each time."""
MAX_ENTRIES: Final = 32
"""So many application protocols and server names are looked at."""

_RECORD = Struct("!3sH")
_MESSAGE_HEADER = 4
_CLIENT_HELLO = b"\x01"
_SESSION_AT = 34
_EXTENSION = Struct("!HH")
_OLD_HEADER = 11
_OLD_LENGTHS = Struct("!HHH")
_HANDSHAKES = frozenset(bytes((22, 3, minor)) for minor in range(5))
"""How a handshake record begins: its type and a version, of which stacks look at the first octet alone."""
_IDLE = {bytes((kind, 3, minor)): length for kind, length in ((20, 1), (21, 2), (22, 0)) for minor in range(5)}
"""Records that say nothing of a hello, and how long; longer ones are encrypted, the middle of a conversation."""
_HEADS = frozenset(head[:size] for head in _IDLE for size in range(4))

_GREASE = frozenset(octet << 8 | octet for octet in range(0x0A, 0x100, 0x10))
"""Numbers that mean nothing (RFC 8701)."""
_READ = frozenset({SERVER_NAME, SUPPORTED_GROUPS, ALPN, SUPPORTED_VERSIONS})

_PLAIN_NAME = regex(rb"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\Z")
_PLAIN_PROTOCOL = regex(rb"[ -\[\]-~]*\Z")


def parse_hello(stream: bytes) -> Hello | NeedMore:
    """Return the ClientHello that a client's stream begins with; NEED_MORE while it is not all there.

    Records may be split anywhere and the message over any number of them; alerts and changes of cipher before it are
    passed over. Takes SSLv2's framing too (RFC 5246 appendix E.2). Raises WireError where no ClientHello begins here.
    """
    if stream[:1] >= b"\x80":
        return _old_hello(stream)
    message = bytearray()
    wanted = _MESSAGE_HEADER
    pos = idle = count = 0
    size, unpack = len(stream), _RECORD.unpack_from  # a hello may come in thousands of records
    while (start := pos + _RECORD.size) <= size:
        head, length = unpack(stream, pos)
        pos = start + length
        count += 1
        if head in _HANDSHAKES and 0 < length <= MAX_RECORD_OCTETS and count <= MAX_RECORDS:
            message += stream[start:pos]
            if len(message) >= wanted:
                wanted = _wanted(bytes(message[:_MESSAGE_HEADER]))
                if len(message) >= wanted:
                    return _body(bytes(message[_MESSAGE_HEADER:wanted]))
        elif _IDLE.get(head) == length and idle < MAX_IDLE_RECORDS:
            idle += 1
        else:
            raise WireError("not a record before a ClientHello")
    if stream[pos : pos + 3] not in _HEADS:
        raise WireError("not a record of a handshake")
    _wanted(bytes(message[:_MESSAGE_HEADER]))
    return NEED_MORE


def parse_client_hello(message: bytes) -> Hello | NeedMore:
    """Return what a handshake message says, its header of four octets first; NEED_MORE while it is not all there.

    Octets after the message are not looked at. Raises WireError where this is not a ClientHello (RFC 8446 section 4).
    """
    end = _wanted(message[:_MESSAGE_HEADER])
    if len(message) < end:
        return NEED_MORE
    return _body(message[_MESSAGE_HEADER:end])


def _wanted(header: bytes) -> int:
    """Return how many octets a message has whose first four (or fewer) are these."""
    if header[:1] not in (b"", _CLIENT_HELLO):
        raise WireError("not a ClientHello")
    length = int.from_bytes(header[1:], "big") if len(header) == _MESSAGE_HEADER else 0
    if length > MAX_HELLO_OCTETS:
        raise WireError("longer than any ClientHello")
    return _MESSAGE_HEADER + length


def _body(body: bytes) -> Hello:
    """Return what a ClientHello says (RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2)."""
    if body[:1] != b"\x03":
        raise WireError("not a version of TLS")
    try:
        start = _SESSION_AT + 3 + body[_SESSION_AT]
        pos = start + (body[start - 2] << 8 | body[start - 1])
        ciphers = body[start:pos]
        pos += 1 + body[pos]
    except IndexError:
        raise WireError("a ClientHello that ends too early") from None
    kinds, found = _extensions(body, pos)
    offered = found.get(SUPPORTED_VERSIONS, b"")[1:]
    return Hello(
        name=_name(found.get(SERVER_NAME, b"")),
        alpn=tuple(map(_protocol, _entries(found[ALPN][2:]))) if ALPN in found else (),
        versions=_numbers(offered) or (body[0] << 8 | body[1],),
        has_ech=ECH in kinds,
        has_esni=ESNI in kinds,
        ciphers=_numbers(ciphers),
        extensions=tuple(filterfalse(_GREASE.__contains__, kinds)),
        groups=_numbers(found.get(SUPPORTED_GROUPS, b"")[2:]),
    )


def _extensions(body: bytes, pos: int) -> tuple[list[int], dict[int, bytes]]:
    """Return the types of all extensions and what those say that are read; the first of a type counts."""
    kinds: list[int] = []
    found: dict[int, bytes] = {}
    end = len(body)
    if pos == end:
        return kinds, found
    pos += 2
    if pos > end or pos + int.from_bytes(body[pos - 2 : pos], "big") != end:
        raise WireError("extensions that end too early or too late")
    unpack, last = _EXTENSION.unpack_from, end - _EXTENSION.size
    for _ in range(MAX_EXTENSIONS):
        if pos > last:
            break
        kind, length = unpack(body, pos)
        start = pos + 4
        pos = start + length
        kinds.append(kind)
        if kind in _READ and kind not in found:
            found[kind] = body[start:pos]
    if pos != end:
        raise WireError("an extension that ends too early, or one too many")
    return kinds, found


@lru_cache(MAX_LISTS)
def _numbers(octets: bytes) -> tuple[int, ...]:
    count = min(len(octets) // 2, MAX_NUMBERS)
    return tuple(filterfalse(_GREASE.__contains__, unpack(f"!{count}H", octets[: 2 * count])))


def _entries(octets: bytes) -> Iterator[bytes]:
    """Yield runs of octets, each after its length in one octet; stops where one isn't whole."""
    pos = 0
    for _ in range(MAX_ENTRIES):
        start = pos + 1
        pos = start + int.from_bytes(octets[pos:start], "big")
        if start > len(octets) or pos > len(octets):
            return
        yield octets[start:pos]


def _protocol(octets: bytes) -> str:
    if _PLAIN_PROTOCOL.match(octets):
        return octets.decode("ascii")
    return "".join(chr(octet) if 0x20 <= octet < 0x7F and octet != 0x5C else f"\\x{octet:02x}" for octet in octets)


def _name(extension: bytes) -> str | None:
    """Return the first host name of a server name extension (RFC 6066 section 3)."""
    pos = 2
    for _ in range(MAX_ENTRIES):
        start = pos + 3
        stop = start + int.from_bytes(extension[pos + 1 : start], "big")
        if start > len(extension) or stop > len(extension):
            return None
        if extension[pos] == 0:
            return host_name(extension[start:stop])
        pos = stop
    return None


def host_name(raw_name: bytes) -> str | None:
    """Return a server name as a client sent it in normal form, its final dot left out.

    None for an address (what ends in a number, or in anything with a colon) and for what no name can be.
    """
    name = raw_name.lower().removesuffix(b".")
    _, _, last = name.rpartition(b".")
    if len(name) > names.MAX_NAME_OCTETS - 2 or last.isdigit() or b":" in last:
        return None
    if _PLAIN_NAME.match(name):
        return name.decode("ascii")
    labels = name.split(b".")
    if not all(0 < len(label) <= names.MAX_LABEL_OCTETS for label in labels):
        return None
    return names.from_labels(labels)


def _old_hello(stream: bytes) -> Hello | NeedMore:
    """Return what a ClientHello in SSLv2's framing says: it has no extensions, and so no name."""
    end = 2 + (stream[0] << 8 & 0x7F00) + int.from_bytes(stream[1:2], "big")
    if stream[2:3] not in (b"", _CLIENT_HELLO) or stream[3:4] not in (b"", b"\x03"):
        raise WireError("not a ClientHello")
    if len(stream) < max(_OLD_HEADER, end):
        return NEED_MORE
    ciphers, session, challenge = _OLD_LENGTHS.unpack_from(stream, 5)
    if ciphers % 3 or end != _OLD_HEADER + ciphers + session + challenge:
        raise WireError("lengths that don't add up")
    kinds = [stream[pos : pos + 3] for pos in range(_OLD_HEADER, _OLD_HEADER + ciphers, 3)]
    return Hello(
        name=None,
        versions=(stream[3] << 8 | stream[4],),
        ciphers=_numbers(b"".join(kind[1:] for kind in kinds[:MAX_NUMBERS] if kind[0] == 0)),
    )
