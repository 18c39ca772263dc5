"""Flows made to tire whoever reads their first packets, each as the payloads that one end sends."""

import random
import struct
from typing import NamedTuple

from appliance.core.wire.packet import Protocol
from tests.core.wire import hellos, initials

SEGMENT = 1_400
"""Octets of a stream in one packet: twelve of them make 16 KiB."""
OCTETS = 16_384
DCID = bytes(range(8))


class Series(NamedTuple):
    """What a client sends: payloads in order of arrival, for TCP each with its distance from the stream's start."""

    name: str
    protocol: int
    port: int
    parts: list[tuple[int, bytes]]


def all_series() -> list[Series]:
    """Return every flow."""
    return [*_streams(), *_laid(), *_datagrams()]


def cut(stream: bytes, size: int = SEGMENT) -> list[tuple[int, bytes]]:
    """Return a stream in segments."""
    return [(at, stream[at : at + size]) for at in range(0, min(len(stream), OCTETS), size)]


def _streams() -> list[Series]:
    """Streams in order, each with a beginning that promises something."""
    long_hello = b"\x01\x00\xf0\x00\x03\x03" + bytes(OCTETS)
    many = [hellos.extension(kind) for kind in range(100, 600)]
    protocols = hellos.extension(16, struct.pack("!H", 600) + b"\x05" + b"\xff" * 5 + b"\x05abcde" * 99)
    numbers = hellos.extension(10, struct.pack("!H", 8_000) + bytes(range(250)) * 32)
    names = hellos.server_name(*[b"a." * 126 + b"\xff"] * 10, kind=1)
    upside_down = hellos.message(protocols, numbers, names, *many, ciphers=bytes(range(200)) * 5)
    bencode = b"d1:ad2:id20:" + bytes(20) + b"1:q4:ping" + b"l" * 4_000 + b"i1e" * 3_000
    dice = random.Random(7)
    texts = {
        "TLS records of 1 octet": (443, hellos.records(long_hello[:2_700], 1)),
        "TLS records of 1 octet that end": (443, hellos.records(upside_down[:2_700], 1)),
        "TLS records without one": (443, hellos.record(b"") * 33 + hellos.record(long_hello)),
        "a hello of 500 extensions and 4,000 groups": (443, hellos.record(upside_down)),
        "a hello that never ends": (443, hellos.record(long_hello[:16_000])),
        "SSLv2's hello": (443, b"\xff\xff\x01\x03\x01\x7f\xec\x00\x00\x00\x08" + bytes(OCTETS)),
        "header lines without end": (80, b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * 3_300),
        "hosts without end": (80, b"GET / HTTP/1.1\r\n" + b"".join(b"Host:%d\r\n" % n for n in range(1_700))),
        "hosts that end": (80, b"GET / HTTP/1.1\r\n" + b"".join(b"Host:%d\r\n" % n for n in range(1_500)) + b"\r\n"),
        "a host folded over lines": (80, b"GET / HTTP/1.1\r\nHost:" + b"\n " * 8_100),
        "a host of blanks": (80, b"GET / HTTP/1.1" + b"\nhost          " * 1_150),
        "a target of blanks": (80, b"GET " + b" " * OCTETS),
        "empty lines": (80, b"\n" * OCTETS),
        "empty lines with CR": (80, b"\r\n" * (OCTETS // 2)),
        "lines of text": (25, b"a b\r\n" * 3_300),
        "one line of text": (25, b"a" * OCTETS),
        "words that nearly are STARTTLS": (25, b"a START\n" * 2_100),
        "CONNECT and lines": (8080, b"CONNECT a:1 HTTP/1.1\r\n" + b"a:b\r\n" * 3_300),
        "CONNECT and records of 1 octet": (
            8080,
            b"CONNECT a:1 HTTP/1.1\r\n\r\n" + hellos.records(long_hello[:2_700], 1),
        ),
        "a question of many labels": (53, b"\x40\x00\0\7\1\0\0\1\0\0\0\0\0\0" + b"\1\xff" * 127 + bytes(OCTETS)),
        "bencode": (6881, bencode * 2),
        "zeros": (9999, bytes(OCTETS)),
        "noise": (9999, dice.randbytes(OCTETS)),
        "SOCKS and noise": (1080, b"\x05\xff" + dice.randbytes(OCTETS)),
    }
    return [Series(name, Protocol.TCP, port, cut(stream)) for name, (port, stream) in texts.items()]


def _laid() -> list[Series]:
    """Streams whose segments come in a bad order."""
    stream = hellos.records(b"\x01\x00\xf0\x00\x03\x03" + bytes(2_700), 1)
    holes = [(at, stream[at : at + 700]) for at in range(OCTETS - 1_400, 0, -1_400)]
    laps = [(at * 60, bytes((at,)) * 1_450) for at in range(11, -1, -1)]
    octets = [(at, stream[at : at + 1]) for at in (*range(1, 22, 2), 0)]
    return [
        Series("holes, from behind", Protocol.TCP, 443, holes),
        Series("overlaps that differ", Protocol.TCP, 443, laps),
        Series("single octets with holes", Protocol.TCP, 443, octets),
        Series("one segment over all", Protocol.TCP, 443, [*octets[:10], (0, stream[:16_000])]),
    ]


def _datagrams() -> list[Series]:
    pointers = b"".join(struct.pack("!H", 0xC000 | 18 + 2 * at + 2) for at in range(240)) + b"\0"
    ask = b"\0\7\1\0\0\1\0\0\0\0\0\1"
    labels = b"\1\xff" * 126 + b"\0"
    bare = bytes(1_300)
    tiny = [initials.crypto(2 * at, b"\1") for at in range(64)]
    scattered = [initials.seal(b"".join(tiny), number, pad_to=300) for number in range(4)]
    acks = b"\x02\x05\x05\x20\x00" + bytes(64)
    opened = initials.seal(initials.crypto(0, b"\1"), dcid=DCID, pad_to=1_180)
    shut = [_long(version, bytes((at,)) * 8, 330) for at, version in enumerate([0x12345678] * 4)]
    published = [_long(initials.V1, bytes((at,)) * 8, 330) for at in range(4)]
    tags = {struct.pack("<I", number): b"a" * 8 for number in range(1, 128)}
    google = b"\x09" + DCID + b"Q043\1" + bytes(12) + b"\xa0\1" + struct.pack("<H", 1_250) + initials.chlo(tags)[:1_250]
    far = initials.seal(b"".join(initials.crypto(250 * at, b"\1") for at in range(64)), dcid=DCID, pad_to=1_180)
    stun = struct.pack("!HHI12s", 1, 1_200, 0x2112A442, bytes(12)) + struct.pack("!HH", 0x8022, 0) * 300
    dice = random.Random(9)
    single: dict[str, tuple[int, *tuple[bytes, ...]]] = {
        "a question of 126 labels": (53, ask[:-1] + b"\0" + labels + b"\0\1\0\1"),
        "a chain of pointers": (53, ask + b"\1a\0\0\1\0\1" + pointers),
        "a chain of pointers elsewhere": (5000, ask + b"\1a\0\0\1\0\1" + pointers),
        "four Initials that do not open": (443, b"".join(published)),
        "four Initials of no known version": (443, b"".join(shut)),
        "four of no known version, one opened before": (443, opened, *(b"".join(shut),) * 11),
        "four that do not open, one opened before": (443, opened, *(b"".join(published),) * 11),
        "frames of 1 octet": (443, b"".join(scattered)),
        "frames of 1 octet far apart": (443, far),
        "PING and PADDING": (443, initials.seal(b"\1\0" * 580)),
        "PADDING": (443, initials.seal(bytes(1_180))),
        "ACKs of 32 ranges": (443, initials.seal(acks * 17)),
        "a hello of 128 tags, Google's": (443, google),
        "long headers of nothing": (443, (b"\xc0\0\0\0\1\0\0\0\0" * 160)[:1_400]),
        "bencode": (6881, (b"d1:ad2:id20:" + bytes(20) + b"l" * 1_300)[:1_400]),
        "attributes of STUN": (3478, stun),
        "zeros": (9999, bare),
        "noise": (9999, dice.randbytes(1_400)),
        "16 KiB of noise at once": (9999, dice.randbytes(OCTETS)),
    }
    return [
        Series(name, Protocol.UDP, port, [(0, payload) for payload in (payloads * 12)[:12]])
        for name, (port, *payloads) in single.items()
    ]


def _long(version: int, dcid: bytes, size: int) -> bytes:
    """Return an Initial of noise."""
    head = b"\xc3" + version.to_bytes(4, "big") + bytes((len(dcid),)) + dcid + b"\0\0"
    return head + initials.varint(size) + random.Random(size).randbytes(size)
