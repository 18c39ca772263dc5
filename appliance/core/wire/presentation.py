"""A record's data as a zone file writes it, as octets for the wire: the types that a list may answer with."""

from binascii import a2b_base64
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from re import compile as regex
from typing import Final

from appliance.core import names
from appliance.core.wire import dns

MX: Final = 15
SRV: Final = 33
MAX_STRING_OCTETS = 255
MAX_RDATA_OCTETS = 65_535

_PIECE = regex(r'\\([0-9]{3})|\\(.)|(")|(\s+)|([^\\"\s]+)|\\')
_NUMBER = regex(r"[0-9]{1,5}\Z")
_KEYS = {
    b"mandatory": 0, b"alpn": 1, b"no-default-alpn": 2, b"port": 3, b"ipv4hint": 4, b"ech": 5, b"ipv6hint": 6,
    b"dohpath": 7,
}  # fmt: skip
"""RFC 9460 section 14.3.2, RFC 9461 section 5."""
_NUMBERED = b"key"
_ALPN = 1
_NO_DEFAULT_ALPN = 2


class BadRecord(ValueError):
    """This is not the data of a record of that type."""


def encode(rtype: int, text: str) -> bytes:
    """Return the data of a record of a type. Raises BadRecord, also for a type that is not written here.

    A TXT without quotes is one string, spaces and all, as AdGuard's rules have it.
    """
    encoder = _ENCODERS.get(rtype)
    if encoder is None:
        raise BadRecord(f"records of type {rtype} are not written here")
    try:
        octets = encoder(text.strip())
    except ValueError as error:
        raise BadRecord(str(error)) from error
    if len(octets) > MAX_RDATA_OCTETS:
        raise BadRecord("longer than a record may be")
    return octets


def _text(text: str) -> bytes:
    octets = text.encode()
    cut = [octets[at : at + MAX_STRING_OCTETS] for at in range(0, len(octets), MAX_STRING_OCTETS)]
    strings = _words(text) if text.startswith('"') else cut
    if not strings:
        raise BadRecord("a text has a string")
    return b"".join(map(_string, strings))


def _mail(text: str) -> bytes:
    preference, host = _split(text, 2)
    return _number(preference) + _name(host)


def _server(text: str) -> bytes:
    *numbers, host = _split(text, 4)
    return b"".join(map(_number, numbers)) + _name(host)


def _service(text: str) -> bytes:
    """Encode RFC 9460 section 2.1: a priority, a target, and parameters in the order of their keys."""
    words = _words(text)
    if len(words) < 2:
        raise BadRecord("a priority and a target are wanted")
    priority, target = _number(words[0]), _name(words[1])
    found: dict[int, bytes] = {}
    for word in words[2:]:
        name, _, value = word.partition(b"=")
        key = _key(name)
        if key in found:
            raise BadRecord(f"{name.decode()} is there twice")
        found[key] = _VALUES.get(key, bytes)(value)
    if _NO_DEFAULT_ALPN in found and _ALPN not in found:
        raise BadRecord("without protocols of its own it has the default one")
    wanted = found.get(0, b"")
    mandatory = {int.from_bytes(wanted[at : at + 2], "big") for at in range(0, len(wanted), 2)}
    if not mandatory <= found.keys() - {0}:
        raise BadRecord("a mandatory parameter is not there")
    if found and not any(priority):
        raise BadRecord("an alias has no parameters")
    return priority + target + b"".join(_short(key) + _long(value) for key, value in sorted(found.items()))


def _key(name: bytes) -> int:
    if name in _KEYS:
        return _KEYS[name]
    if not name.startswith(_NUMBERED):
        raise BadRecord(f"there is no parameter {name.decode()!r}")
    return int.from_bytes(_number(name.removeprefix(_NUMBERED)), "big")


def _mandatory(value: bytes) -> bytes:
    return b"".join(map(_short, sorted({_key(one) for one in value.split(b",")})))


def _protocols(value: bytes) -> bytes:
    found = value.split(b",")
    if not all(found):
        raise BadRecord("a protocol has a name")
    return b"".join(map(_string, found))


def _nothing(value: bytes) -> bytes:
    if value:
        raise BadRecord("this parameter has no value")
    return value


def _name(text: bytes) -> bytes:
    return b"\x00" if text == b"." else names.to_wire(names.normalise(text.decode()))


def _number(text: bytes) -> bytes:
    shown = text.decode()
    if not _NUMBER.match(shown) or int(shown) > 0xFFFF:
        raise BadRecord(f"{shown!r} is no number of 16 bits")
    return _short(int(shown))


def _short(number: int) -> bytes:
    return number.to_bytes(2, "big")


def _string(octets: bytes) -> bytes:
    if len(octets) > MAX_STRING_OCTETS:
        raise BadRecord("a string has up to 255 octets")
    return bytes((len(octets),)) + octets


def _long(octets: bytes) -> bytes:
    if len(octets) > MAX_RDATA_OCTETS:
        raise BadRecord("longer than a record may be")
    return _short(len(octets)) + octets


def _split(text: str, parts: int) -> list[bytes]:
    found = _words(text)
    if len(found) != parts:
        raise BadRecord(f"{parts} words are wanted")
    return found


def _words(text: str) -> list[bytes]:
    r"""Return the words of a line: without their quotes, ``\DDD`` and ``\X`` as what they stand for."""
    words: list[bytes] = []
    word: bytes | None = None
    is_quoted = False
    for match in _PIECE.finditer(text):
        number, char, quote, space, plain = match.groups()
        if quote:
            is_quoted = not is_quoted
            word = word or b""
        elif space and not is_quoted:
            words += [] if word is None else [word]
            word = None
        elif number:
            word = (word or b"") + bytes((int(number),))
        else:
            piece = char or space or plain
            if piece is None:
                raise BadRecord("nothing follows a backslash")
            word = (word or b"") + piece.encode()
    if is_quoted:
        raise BadRecord("a quote is not closed")
    return words if word is None else [*words, word]


_VALUES: dict[int, Callable[[bytes], bytes]] = {
    0: _mandatory,
    1: _protocols,
    2: _nothing,
    3: _number,
    4: lambda value: b"".join(IPv4Address(one.decode()).packed for one in value.split(b",")),
    5: lambda value: a2b_base64(value, strict_mode=True),
    6: lambda value: b"".join(IPv6Address(one.decode()).packed for one in value.split(b",")),
}
_ENCODERS: dict[int, Callable[[str], bytes]] = {
    dns.A: lambda text: IPv4Address(text).packed,
    dns.AAAA: lambda text: IPv6Address(text).packed,
    dns.CNAME: lambda text: _name(text.encode()),
    dns.PTR: lambda text: _name(text.encode()),
    MX: _mail,
    dns.TXT: _text,
    SRV: _server,
    dns.SVCB: _service,
    dns.HTTPS: _service,
}
