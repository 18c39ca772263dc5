"""The cursor never reads past the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.reader import NEED_MORE, Reader, WireError


def test_numbers_are_big_endian() -> None:
    """One, two and four octets."""
    reader = Reader(b"\x01\x02\x03\x04\x05\x06\x07")
    assert [reader.u8(), reader.u16(), reader.u32(), reader.left] == [1, 0x0203, 0x04050607, 0]


def test_a_run_of_octets_is_taken_or_skipped() -> None:
    """And what is left is known."""
    reader = Reader(b"abcdef", 1, 5)
    assert (reader.left, reader.take(2)) == (4, b"bc")
    reader.skip(1)
    assert (reader.left, reader.take(1), reader.left) == (1, b"e", 0)


def test_a_reader_within_a_reader_ends_where_it_was_told() -> None:
    """And the outer one goes on behind it."""
    reader = Reader(b"abcdef", 1)
    inner = reader.sub(2)
    assert (inner.take(2), reader.take(3)) == (b"bc", b"def")
    with pytest.raises(WireError, match="1 octet wanted"):
        inner.u8()


@pytest.mark.parametrize(("pos", "end"), [(-1, 2), (3, 2), (0, 4), (4, None)])
def test_a_reader_outside_its_octets_is_none(pos: int, end: int | None) -> None:
    """Neither before the start nor behind the end."""
    with pytest.raises(WireError, match="outside"):
        Reader(b"abc", pos, end)


@given(
    data=st.binary(max_size=12),
    steps=st.lists(
        st.tuples(st.sampled_from(["take", "skip", "sub", "u8", "u16", "u32"]), st.integers(-2, 9)), max_size=8
    ),
)
def test_a_reader_gives_what_is_there_or_wire_error(data: bytes, steps: list[tuple[str, int]]) -> None:
    """Whatever is asked of it; after an error it stands where it stood."""
    reader = Reader(data)
    for step, count in steps:
        before = reader.pos
        try:
            got = getattr(reader, step)(count) if step in ("take", "skip", "sub") else getattr(reader, step)()
        except WireError:
            assert before == reader.pos
            continue
        assert before <= reader.pos <= len(data)
        if step == "take":
            assert data[before : before + count] == got


def test_need_more_is_no_value() -> None:
    """It is one thing, and says so."""
    assert "NEED_MORE" in repr(NEED_MORE)
