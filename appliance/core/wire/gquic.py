"""Google's QUIC before the IETF's: the name in a client's CHLO, as Q024 to Q050 carried it (QUIC Crypto, 2016).

Up to Q049 the packets of the handshake are plain, with a hash; Q050 seals them (see `quic`), the CHLO is the same.
"""

from typing import Final, Literal, NamedTuple

from appliance.core.wire.hello import Hello
from appliance.core.wire.quic_frames import MAX_FRAMES, CryptoStream, read_crypto, skip_padding, varint
from appliance.core.wire.reader import NEED_MORE, NeedMore, Reader, WireError
from appliance.core.wire.tls import host_name

MIN_VERSION: Final = 24
LAST_PLAIN_VERSION: Final = 49
MAX_TAGS: Final = 128

_HASH_OCTETS = 12
_HAS_VERSION, _IS_RESET, _HAS_CONNECTION_ID = 0x01, 0x02, 0x08
_NUMBER_OCTETS = (1, 2, 4, 6)
_LONG_HEADER_FROM, _CRYPTO_FRAMES_FROM, _VARIABLE_IDS_FROM = 44, 48, 49
_BIG_ENDIAN_FROM, _NO_PRIVATE_FLAGS_FROM = 39, 34
_STREAM, _PING, _CRYPTO = 0x80, 0x07, 0x08
_HANDSHAKE_STREAM = 1


class PlainPacket(NamedTuple):
    """A plain packet of the handshake: its version's number and where its frames begin."""

    version: int
    frames_at: int


def plain_packet(datagram: bytes) -> PlainPacket | None:
    """Return what a datagram of Q024 to Q049 is, or None where it is something else or does not tell its version."""
    if len(datagram) < 9:
        return None
    try:
        if datagram[0] & 0x80:
            return _long_packet(datagram)
        if datagram[0] & (_HAS_VERSION | _IS_RESET | _HAS_CONNECTION_ID) == _HAS_VERSION | _HAS_CONNECTION_ID:
            return _public_packet(datagram)
    except WireError:
        pass
    return None


def _version(octets: bytes) -> int:
    """Return the number in a version such as Q043; raises WireError for any other and for those that are sealed."""
    if octets[:2] != b"Q0" or not octets[2:].isdigit():
        raise WireError("no version of Google's")
    number = int(octets[2:])
    if not MIN_VERSION <= number <= LAST_PLAIN_VERSION:
        raise WireError("no plain version")
    return number


def _public_packet(datagram: bytes) -> PlainPacket:
    """Read the public header of the versions up to Q043."""
    reader = Reader(datagram)
    flags = reader.u8()
    reader.skip(8)
    version = _version(reader.take(4))
    if version >= _LONG_HEADER_FROM:
        raise WireError("this version has a long header")
    reader.skip(_NUMBER_OCTETS[flags >> 4 & 0x03] + _HASH_OCTETS)
    if version < _NO_PRIVATE_FLAGS_FROM and reader.u8() & ~1:
        raise WireError("a packet of a FEC group")
    return PlainPacket(version, reader.pos)


def _long_packet(datagram: bytes) -> PlainPacket:
    """Read the long header of Q044 to Q049, whose packet numbers have up to 4 octets."""
    reader = Reader(datagram)
    flags = reader.u8()
    version = _version(reader.take(4))
    if version < _LONG_HEADER_FROM:
        raise WireError("this version has no long header")
    if version < _VARIABLE_IDS_FROM:
        lengths = reader.u8()
        for nibble in (lengths >> 4, lengths & 0x0F):
            reader.skip(nibble + 3 if nibble else 0)
    else:
        for _ in range(2):
            reader.skip(reader.u8())
        token, at = varint(datagram, reader.pos)
        _, at = varint(datagram, at + token)
        reader.skip(at - reader.pos)
    reader.skip((flags & 0x03) + 1 + _HASH_OCTETS)
    return PlainPacket(version, reader.pos)


def read_frames(payload: bytes, version: int, stream: CryptoStream) -> None:
    """Put what a packet's frames carry of the handshake into `stream`; ends at the first frame that it cannot hold."""
    at = 0
    for _ in range(MAX_FRAMES):
        at = skip_padding(payload, at)
        if at >= len(payload):
            return
        kind = payload[at]
        try:
            if kind & _STREAM and version < _CRYPTO_FRAMES_FROM:
                at = _read_stream(payload, at, version, stream)
            elif kind == _CRYPTO and version >= _CRYPTO_FRAMES_FROM:
                at = read_crypto(payload, at + 1, stream)
            elif kind == _PING:
                at += 1
            else:
                return
        except WireError:
            return


def _read_stream(payload: bytes, at: int, version: int, stream: CryptoStream) -> int:
    """Take a STREAM frame, ``1fdoooss``: fin, length present, octets of the offset, octets of the stream's number."""
    order: Literal["big", "little"] = "big" if version >= _BIG_ENDIAN_FROM else "little"
    reader = Reader(payload, at)
    kind = reader.u8()
    offset_octets = kind >> 2 & 0x07
    number = int.from_bytes(reader.take((kind & 0x03) + 1), order)
    offset = int.from_bytes(reader.take(offset_octets + 1 if offset_octets else 0), order)
    length = int.from_bytes(reader.take(2), order) if kind & 0x20 else reader.left
    data = reader.take(length)
    if number == _HANDSHAKE_STREAM:
        stream.put(offset, data)
    return reader.pos


def parse_chlo(octets: bytes) -> Hello | NeedMore:
    """Return what the start of a CHLO says; NEED_MORE until the name's octets are there.

    Raises WireError for any other message and for a table of tags that contradicts itself.
    """
    if not b"CHLO".startswith(octets[:4]):
        raise WireError("no CHLO")
    if len(octets) < 8:
        return NEED_MORE
    count = int.from_bytes(octets[4:6], "little")
    if count > MAX_TAGS:
        raise WireError(f"a CHLO of {count} tags")
    values_at = 8 + 8 * count
    if len(octets) < values_at:
        return NEED_MORE
    start = 0
    for at in range(8, values_at, 8):
        end = int.from_bytes(octets[at + 4 : at + 8], "little")
        if end < start:
            raise WireError("values of a CHLO overlap")
        if octets[at : at + 4] == b"SNI\x00":
            if len(octets) < values_at + end:
                return NEED_MORE
            return Hello(host_name(octets[values_at + start : values_at + end]))
        start = end
    return Hello(None)
