"""The name in a CHLO of Google's QUIC is read from each of its headers; anything else gives none, or our error."""

import contextlib
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.gquic import MAX_TAGS, PlainPacket, parse_chlo, plain_packet, read_frames
from appliance.core.wire.hello import Hello
from appliance.core.wire.quic import Initials, is_quic
from appliance.core.wire.quic_frames import MAX_FRAMES, CryptoStream
from appliance.core.wire.reader import NEED_MORE, WireError
from tests.core.wire.initials import chlo, crypto, varint

NAME = "www.example.com"
TAGS = {b"PAD\x00": bytes(40), b"SNI\x00": NAME.encode(), b"VER\x00": b"Q043"}
CHLO = chlo(TAGS)
HASH = bytes(range(12))
PUBLIC = [24, 25, 30, 33, 34, 35, 38, 39, 43]
LONG = [44, 45, 46, 47, 48, 49]


def stream_frame(data: bytes, version: int, offset: int = 0, number: int = 1, *, has_length: bool = True) -> bytes:
    """Return a STREAM frame."""
    order: Literal["big", "little"] = "big" if version >= 39 else "little"
    frame = bytes((0x80 | (0x20 if has_length else 0) | (0x04 if offset else 0) | 0x01,))
    frame += number.to_bytes(2, order) + (offset.to_bytes(2, order) if offset else b"")
    return frame + (len(data).to_bytes(2, order) if has_length else b"") + data


def frame_of(version: int, data: bytes = CHLO, offset: int = 0) -> bytes:
    """Return the frame that carries the handshake in a version."""
    return crypto(offset, data, kind=0x08) if version >= 48 else stream_frame(data, version, offset)


def header(version: int, number_octets: int = 1) -> bytes:
    """Return the header of a plain packet up to its frames."""
    tag = b"Q%03d" % version
    if version < 44:
        flags = bytes((0x09 | {1: 0, 2: 1, 4: 2, 6: 3}[number_octets] << 4,))
        return flags + bytes(8) + tag + bytes(number_octets) + HASH + (b"\x01" if version < 34 else b"")
    flags = bytes((0xC0 | number_octets - 1,))
    ids = b"\x50" + bytes(8) if version < 49 else b"\x08" + bytes(8) + b"\x00" + varint(3) + b"tok" + varint(600)
    return flags + tag + ids + bytes(number_octets) + HASH


@pytest.mark.parametrize("version", [*PUBLIC, *LONG])
def test_every_plain_version(version: int) -> None:
    """With padding and a PING before."""
    datagram = header(version) + b"\x07" + bytes(3) + frame_of(version)
    assert is_quic(datagram)
    assert plain_packet(datagram) == PlainPacket(version, len(header(version)))
    assert Initials().feed(datagram) == Hello(NAME)


@pytest.mark.parametrize("octets", [1, 2, 4, 6])
def test_numbers_of_every_length_in_the_public_header(octets: int) -> None:
    """Two bits tell."""
    assert Initials().feed(header(43, octets) + frame_of(43)) == Hello(NAME)


@pytest.mark.parametrize("version", [43, 46, 48])
def test_a_chlo_over_two_packets(version: int) -> None:
    """In either order."""
    parts = [header(version) + frame_of(version, CHLO[:50]), header(version) + frame_of(version, CHLO[50:], 50)]
    for order in (parts, parts[::-1]):
        flow = Initials()
        assert [flow.feed(part) for part in order] == [NEED_MORE, Hello(NAME)]


def test_a_frame_to_the_packets_end() -> None:
    """Has no length."""
    assert Initials().feed(header(43) + stream_frame(CHLO, 43, has_length=False)) == Hello(NAME)


def test_other_streams_are_passed_over() -> None:
    """Only the first one carries the handshake."""
    other = stream_frame(chlo({b"SNI\x00": b"not.example.com"}), 43, number=3)
    assert Initials().feed(header(43) + other + frame_of(43)) == Hello(NAME)


def test_later_packets_without_a_version_are_passed_over() -> None:
    """They follow the server's answer."""
    flow = Initials()
    assert flow.feed(header(43) + frame_of(43, CHLO[:50])) is NEED_MORE
    assert flow.feed(b"\x0c" + bytes(60)) is NEED_MORE


@pytest.mark.parametrize(
    "datagram",
    [
        header(23) + frame_of(23),
        b"\x09" + bytes(8) + b"Q046" + bytes(40),
        b"\x09" + bytes(8) + b"X043" + bytes(40),
        b"\x09" + bytes(8) + b"Q0x3" + bytes(40),
        b"\x0b" + header(43)[1:] + frame_of(43),
        b"\x01" + header(43)[1:] + frame_of(43),
        header(33)[:-1] + b"\x02" + frame_of(33),
        b"\xc0Q043\x50" + bytes(60),
        b"\xc0Q050",
        b"\xc0Q046\x50" + bytes(9),
        b"",
    ],
)
def test_what_is_no_plain_packet(datagram: bytes) -> None:
    """Too old, sealed, reset, without a connection ID, of a FEC group, cut off."""
    assert plain_packet(datagram) is None


def test_a_header_cut_anywhere_is_no_packet() -> None:
    """Nor an error."""
    for version in (*PUBLIC, *LONG):
        whole = header(version)
        assert [end for end in range(len(whole)) if plain_packet(whole[:end])] == []


@pytest.mark.parametrize("version", [43, 48])
def test_frames_that_end_a_packet(version: int) -> None:
    """An ACK, whose shape changed with the versions, one that is cut off, and the other time's frame."""
    others = b"\x40\x01\x02", b"\x08\x00" if version == 43 else b"\xa0\x01"
    for rest in (*(other + frame_of(version) for other in others), frame_of(version)[:-1]):
        stream = CryptoStream()
        read_frames(frame_of(version, CHLO[:9]) + rest, version, stream)
        assert stream.start(stream.ready) == CHLO[:9]


def test_frames_are_bounded() -> None:
    """However many a packet holds."""
    stream = CryptoStream()
    read_frames(b"\x07" * MAX_FRAMES + frame_of(43), 43, stream)
    assert stream.ready == 0
    read_frames(b"\x07" * (MAX_FRAMES - 1) + frame_of(43), 43, stream)
    assert stream.start(stream.ready) == CHLO


# --- the message


def test_a_chlo_without_a_name() -> None:
    """Is a hello all the same."""
    assert parse_chlo(chlo({b"PAD\x00": bytes(9), b"VER\x00": b"Q043"})) == Hello(None)


def test_a_chlo_cut_anywhere() -> None:
    """Needs more until the name is there, and no more than that."""
    end = CHLO.index(NAME.encode()) + len(NAME)
    for cut in range(end):
        assert parse_chlo(CHLO[:cut]) is NEED_MORE
    assert [parse_chlo(CHLO[:cut]) for cut in range(end, len(CHLO) + 1)] == [Hello(NAME)] * (len(CHLO) + 1 - end)


@pytest.mark.parametrize(
    "message",
    [
        b"REJ\x00" + CHLO[4:],
        b"CHX",
        b"CHLO" + (MAX_TAGS + 1).to_bytes(2, "little") + bytes(2),
        b"CHLO\x02\x00\x00\x00" + b"PAD\x00\x09\x00\x00\x00" + b"SNI\x00\x08\x00\x00\x00" + bytes(9),
    ],
)
def test_what_is_no_chlo(message: bytes) -> None:
    """Another message, too many tags, values that overlap."""
    with pytest.raises(WireError):
        parse_chlo(message)


@given(st.binary(max_size=120), st.sampled_from([*PUBLIC, *LONG]), st.booleans())
def test_any_octets_give_a_value_or_our_error(octets: bytes, version: int, is_message: bool) -> None:
    """Nothing else, wherever they stand."""
    with contextlib.suppress(WireError):
        plain_packet(octets)
    with contextlib.suppress(WireError):
        assert isinstance(parse_chlo(b"CHLO" + octets), Hello | type(NEED_MORE))
    datagram = header(version) + (frame_of(version, b"CHLO" + octets) if is_message else octets)
    with contextlib.suppress(WireError):
        assert isinstance(Initials().feed(datagram), Hello | type(NEED_MORE))
