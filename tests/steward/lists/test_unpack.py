"""What is packed comes out as it went in, however it is cut; what can't be unpacked is told, and no bomb goes off."""

import contextlib
import gzip
import zlib
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.steward.lists.limits import USUAL, Limits, NotTaken
from appliance.steward.lists.unpack import PIECE_OCTETS, Unpacker

TEXT = b"".join(b"0.0.0.0 site-%d.example\n" % number for number in range(20_000))


def deflated(octets: bytes) -> bytes:
    """Return octets in the form of deflate that has no head."""
    engine = zlib.compressobj(wbits=-15)
    return engine.compress(octets) + engine.flush()


def unpacked(*parts: bytes, limits: Limits = USUAL) -> bytes:
    """Return what parts unpack to."""
    unpacker = Unpacker(limits)
    found = b"".join(piece for part in parts for piece in unpacker.feed(part))
    unpacker.end()
    return found


@pytest.mark.parametrize("packed", [gzip.compress(TEXT), zlib.compress(TEXT), deflated(TEXT)])
def test_all_that_is_called_deflate(packed: bytes) -> None:
    """Gzip, zlib, and deflate without a head; whole, and octet by octet."""
    assert unpacked(packed) == TEXT
    assert unpacked(*(packed[at : at + 1] for at in range(len(packed)))) == TEXT


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 40))
def test_several_one_after_another(texts: list[bytes], size: int) -> None:
    """They are one text, wherever the octets are cut."""
    packed = b"".join(map(gzip.compress, texts))
    assert unpacked(*(packed[at : at + size] for at in range(0, len(packed), size))) == b"".join(texts)


def test_filling_at_the_end_is_nothing() -> None:
    """Some pad what they pack; what comes after that is no part of it."""
    assert unpacked(gzip.compress(TEXT) + b"\0" * 512, b"\0" * 512, b"more") == TEXT


@given(st.binary(max_size=300))
def test_whatever_comes(octets: bytes) -> None:
    """Anything else is unpacked or told."""
    with contextlib.suppress(NotTaken):
        assert isinstance(unpacked(octets), bytes)


@pytest.mark.parametrize("packed", [b"", b"\x1f", gzip.compress(TEXT)[:-9], gzip.compress(TEXT)[:40] + b"\xff" * 40,
                                    gzip.compress(TEXT) + b"\x1f"])  # fmt: skip
def test_what_is_not_whole(packed: bytes) -> None:
    """Broken off, damaged, or empty."""
    with pytest.raises(NotTaken, match="damaged"):
        unpacked(packed)


def test_a_piece_is_small() -> None:
    """Whoever takes the pieces may stop after the first of a gigabyte."""
    bomb = gzip.compress(b"\0" * 30_000_000)
    pieces = list(islice(Unpacker(USUAL).feed(bomb), 3))
    assert [len(piece) for piece in pieces] == [PIECE_OCTETS] * 3


def test_too_much_that_is_packed() -> None:
    """It is counted as it comes."""
    packed = gzip.compress(TEXT)
    assert unpacked(packed, limits=Limits(packed_octets=len(packed))) == TEXT
    with pytest.raises(NotTaken, match="larger than it may be"):
        unpacked(packed[:9], packed[9:], limits=Limits(packed_octets=len(packed) - 1))
