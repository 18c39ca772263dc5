"""CRYPTO frames in any order give the handshake's octets; anything else in a packet is passed over or ends it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.quic_frames import (
    MAX_ACK_RANGES,
    MAX_CRYPTO_OCTETS,
    MAX_FRAMES,
    MAX_PIECES,
    CryptoStream,
    read_frames,
    varint,
)
from appliance.core.wire.reader import NEED_MORE, WireError
from tests.core.wire import initials
from tests.core.wire.initials import crypto

TEXT = bytes(range(256)) * 2
PING = b"\x01"
ACK = bytes.fromhex("02050001020101")
ACK_ECN = bytes.fromhex("03050000020a0b0c")
CLOSE = bytes.fromhex("1c0a0603") + b"why"
CLOSE_BY_APPLICATION = bytes.fromhex("1d0a03") + b"why"


def taken(payload: bytes) -> bytes:
    """Return what the frames of a payload give without a gap."""
    stream = CryptoStream()
    read_frames(payload, stream)
    return stream.start(stream.ready)


@pytest.mark.parametrize(
    ("octets", "number"),
    [
        ("c2197c5eff14e88c", 151_288_809_941_952_652),
        ("9d7f3e7d", 494_878_333),
        ("7bbd", 15_293),
        ("25", 37),
        ("4025", 37),
    ],
)
def test_varints(octets: str, number: int) -> None:
    """RFC 9000 appendix A.1."""
    raw = bytes.fromhex(octets)
    assert varint(b"\xff" + raw + b"\xff", 1) == (number, 1 + len(raw))
    for end in range(len(raw)):
        with pytest.raises(WireError):
            varint(raw[:end], 0)


@given(st.integers(0, (1 << 62) - 1))
def test_varints_come_back(number: int) -> None:
    """Every number."""
    raw = initials.varint(number)
    assert varint(raw, 0) == (number, len(raw))


@given(st.randoms(use_true_random=False), st.lists(st.integers(1, 511), max_size=20))
def test_pieces_in_any_order_twice(dice: random.Random, cuts: list[int]) -> None:
    """Give the whole."""
    parts = initials.pieces(TEXT, cuts) * 2
    dice.shuffle(parts)
    stream = CryptoStream()
    for offset, piece in parts:
        stream.put(offset, piece)
    assert (stream.ready, stream.start(len(TEXT))) == (len(TEXT), TEXT)


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(max_size=30)), max_size=30))
def test_of_octets_that_come_twice_the_first_win(parts: list[tuple[int, bytes]]) -> None:
    """As a plain dictionary would have it."""
    stream = CryptoStream()
    expected: dict[int, int] = {}
    for offset, piece in parts:
        stream.put(offset, piece)
        for at, octet in enumerate(piece, offset):
            expected.setdefault(at, octet)
    ready = next(at for at in range(200) if at not in expected)
    assert stream.start(stream.ready) == bytes(expected[at] for at in range(ready))


def test_what_lies_beyond_16_kib_is_let_go() -> None:
    """And nothing is kept for it."""
    stream = CryptoStream()
    stream.put(MAX_CRYPTO_OCTETS, b"x")
    stream.put(1 << 61, b"x")
    assert stream.size_octets == 0
    stream.put(0, bytes(MAX_CRYPTO_OCTETS + 9))
    assert (stream.ready, stream.size_octets) == (MAX_CRYPTO_OCTETS, MAX_CRYPTO_OCTETS)


def test_a_piece_too_many_is_let_go() -> None:
    """But one that closes a gap is taken."""
    stream = CryptoStream()
    for at in range(MAX_PIECES + 5):
        stream.put(2 * at, b"x")
    assert stream.size_octets == 2 * MAX_PIECES - 1
    stream.put(0, bytes(2 * MAX_PIECES))
    assert stream.start(stream.ready) == b"x\x00" * MAX_PIECES


def test_messages() -> None:
    """Whole or not yet; too long is an error."""
    stream = CryptoStream()
    assert stream.message() is NEED_MORE
    stream.put(0, b"\x01\x00\x00")
    assert stream.message() is NEED_MORE
    stream.put(3, b"\x02a")
    assert stream.message() is NEED_MORE
    stream.put(5, b"bc")
    assert stream.message() == b"\x01\x00\x00\x02ab"
    long = CryptoStream()
    long.put(0, b"\x01" + MAX_CRYPTO_OCTETS.to_bytes(3, "big"))
    with pytest.raises(WireError):
        long.message()


@pytest.mark.parametrize(
    "between", [b"", bytes(7), PING, ACK, ACK_ECN, CLOSE, CLOSE_BY_APPLICATION, PING + ACK + bytes(3)]
)
def test_other_frames_are_passed_over(between: bytes) -> None:
    """Before, between and after."""
    assert taken(between + crypto(2, b"cd") + between + crypto(0, b"ab") + between) == b"abcd"


def test_a_frame_that_does_not_belong_there_ends_the_packet() -> None:
    """What came before it counts."""
    assert taken(crypto(0, b"ab") + b"\x08" + crypto(2, b"cd")) == b"ab"


def test_an_ack_of_too_many_ranges_ends_the_packet() -> None:
    """Each would have to be read."""
    for ranges, expected in ((MAX_ACK_RANGES, b"abcd"), (MAX_ACK_RANGES + 1, b"ab")):
        ack = b"\x02\x09\x00" + initials.varint(ranges) + bytes(1 + 2 * ranges)
        assert taken(crypto(0, b"ab") + ack + crypto(2, b"cd")) == expected


@pytest.mark.parametrize("frame", [ACK, ACK_ECN, CLOSE, CLOSE_BY_APPLICATION, crypto(2, b"cd")])
def test_a_frame_cut_anywhere_ends_the_packet(frame: bytes) -> None:
    """Without an error."""
    for end in range(1, len(frame)):
        assert taken(crypto(0, b"ab") + frame[:end]) == b"ab"


def test_frames_are_bounded() -> None:
    """However many a packet holds."""
    assert taken(PING * (MAX_FRAMES - 1) + crypto(0, b"ab")) == b"ab"
    assert taken(PING * MAX_FRAMES + crypto(0, b"ab")) == b""


@given(st.binary(max_size=200))
def test_any_octets_are_taken(payload: bytes) -> None:
    """Without an error, and never more than they are."""
    assert len(taken(payload)) <= len(payload)
