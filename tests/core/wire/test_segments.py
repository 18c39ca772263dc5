"""Segments: the stream as TCP would hand it over, whatever order, and the first octets win."""

from itertools import permutations
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.reader import NEED_MORE
from appliance.core.wire.segments import MAX_HOLES, Segments
from appliance.core.wire.tls import parse_hello
from tests.core.wire import hellos

ISN = 0xFFFF_FFF0
"""So that the numbers wrap in the middle of a stream."""
STREAM = bytes(range(40))


def begun() -> Segments:
    """Return the segments of a connection whose SYN was seen."""
    segments = Segments()
    assert segments.put(ISN, b"", True) == b""
    return segments


def put(segments: Segments, at: int, octets: bytes) -> bytes:
    """Put octets at a distance from the start."""
    return segments.put((ISN + 1 + at) % 2**32, octets)


# --- order


@pytest.mark.parametrize("has_syn", [True, False])
def test_any_order_of_three_pieces_gives_the_stream(has_syn: bool) -> None:
    """Cut anywhere, with a SYN or begun in the middle, over the wrap of the numbers."""
    for first in range(1, len(STREAM) - 1, 3):
        for second in range(first + 1, len(STREAM), 5):
            pieces = [(0, STREAM[:first]), (first, STREAM[first:second]), (second, STREAM[second:])]
            for order in permutations(pieces):
                segments = begun() if has_syn else Segments()
                for at, octets in order:
                    put(segments, at, octets)
                assert segments.stream == STREAM
                assert not segments.has_conflict


@pytest.mark.parametrize(
    "hello", [hellos.CHROMIUM, hellos.record(hellos.message(hellos.server_name(b"www.kind.example")))]
)
def test_a_hello_is_read_once_its_last_piece_came(hello: bytes) -> None:
    """Cut at every octet, in every order of three pieces, each of them twice, with another hello's octets over it."""
    fake = hello.replace(b"kind", b"evil")
    for cut in range(1, len(hello) - 1, 1 if len(hello) < 200 else 97):
        middle = cut + 1 + (len(hello) - cut - 1) // 2
        bounds = [(0, cut), (cut, middle), (middle, len(hello))]
        for order in permutations(bounds):
            segments = begun()
            for start, stop in order[:2]:
                put(segments, start, hello[start:stop])
                stream = put(segments, start, fake[start:stop])
                assert parse_hello(stream) is NEED_MORE
            start, stop = order[2]
            found = parse_hello(put(segments, start, hello[start:stop]))
            assert found is not NEED_MORE
            assert found.name == "www.kind.example"
            assert segments.has_conflict == any(hello[a:b] != fake[a:b] for a, b in order[:2])


@given(
    st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=12)), max_size=MAX_HOLES),
    st.integers(0, 2**32 - 1),
)
def test_the_first_octets_win(laid: list[tuple[int, bytes]], isn: int) -> None:
    """As a table of octets filled one by one has it."""
    segments = Segments(limit=64)
    segments.put(isn, b"", True)
    table: dict[int, int] = {}
    has_conflict = False
    for at, octets in laid:
        for place, octet in enumerate(octets[: 64 - at], at):
            has_conflict |= table.setdefault(place, octet) != octet
        stream = segments.put((isn + 1 + at) % 2**32, octets)
        end = next(place for place in range(65) if place not in table)
        assert stream == bytes(table[place] for place in range(end))
    assert segments.has_conflict == has_conflict


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.binary(max_size=40), st.booleans()), max_size=30))
def test_anything_gives_at_most_the_limit(laid: list[tuple[int, bytes, bool]]) -> None:
    """And what was handed over once stays as it was while the start stays."""
    segments = Segments(limit=50)
    for sequence, octets, is_syn in laid:
        assert len(segments.put(sequence, octets, is_syn)) <= 50
        assert sum(len(held) for _, held in segments._pieces) <= 50
        assert len(segments._pieces) <= MAX_HOLES


# --- where the stream begins


def test_a_syn_counts_as_one_and_may_carry_octets() -> None:
    """As with TCP Fast Open; sent again it changes nothing."""
    segments = Segments()
    assert segments.put(ISN, b"ab", True) == b"ab"
    assert segments.put(ISN, b"ab", True) == b"ab"
    assert put(segments, 2, b"c") == b"abc"
    assert (segments.has_start, segments.has_conflict) == (True, False)


def test_without_a_syn_the_lowest_octet_is_the_start() -> None:
    """The second half of a hello may have come first."""
    segments = Segments()
    assert put(segments, 20, b"def") == b"def"
    assert put(segments, 10, b"abc") == b"abc"
    assert put(segments, 13, b"0123456") == b"abc0123456def"
    assert not segments.has_start


def test_a_syn_that_comes_late_tells_the_start() -> None:
    """What was taken for the stream before it goes; what lies after it keeps its place."""
    segments = Segments()
    put(segments, -2, b"xxab")
    put(segments, 4, b"ef")
    assert segments.put(ISN, b"", True) == b"ab"
    assert put(segments, 2, b"cd") == b"abcdef"
    segments = Segments()
    put(segments, 2, b"cd")
    assert segments.put(ISN, b"", True) == b""
    assert put(segments, 0, b"ab") == b"abcd"


def test_what_lies_before_the_start_is_dropped() -> None:
    """Also where only a part of a segment does, and where it lies too far before one that no SYN told."""
    segments = begun()
    assert put(segments, -3, b"xxx") == b""
    assert put(segments, -3, b"xxxab") == b"ab"
    segments = Segments(limit=10)
    put(segments, 100, b"ab")
    assert put(segments, 80, b"zz") == b"ab"


def test_the_limit_holds_when_the_start_moves() -> None:
    """What no longer fits is cut off."""
    segments = Segments(limit=10)
    put(segments, 8, b"ijklmn")
    put(segments, 16, b"qr")
    assert put(segments, 0, b"abcdefgh") == b"abcdefghij"


# --- what a connection also carries


def test_one_octet_that_says_otherwise_is_a_conflict() -> None:
    """Also the last one, with which some probe whether the other end lives; an empty segment says nothing."""
    segments = begun()
    put(segments, 0, b"abc")
    assert put(segments, 2, b"c") == b"abc"
    assert put(segments, 2, b"") == b"abc"
    assert not segments.has_conflict
    assert put(segments, 2, b"\x00") == b"abc"
    assert segments.has_conflict


def test_an_overlap_fills_the_holes_and_tells_the_conflict() -> None:
    """The octets that were there stay."""
    segments = begun()
    put(segments, 2, b"cd")
    put(segments, 6, b"gh")
    assert put(segments, 0, b"abXXefXXij") == b"abcdefghij"
    assert segments.has_conflict


def test_octets_beyond_the_limit_are_dropped() -> None:
    """One more than it, or far beyond."""
    segments = begun()
    assert put(segments, 0, bytes(16_380)) == bytes(16_380)
    assert put(segments, 16_380, b"abcdef") == bytes(16_380) + b"abcd"
    put(segments, 20_000, b"x")
    assert len(segments._pieces) == 1


def test_holes_are_few() -> None:
    """One too many is not remembered; what fills one is."""
    segments = begun()
    for at in range(2, 2 + 2 * MAX_HOLES + 6, 2):
        put(segments, at, b"x")
    assert len(segments._pieces) == MAX_HOLES
    assert put(segments, 0, b"ab") == b"abx"


@pytest.mark.parametrize("order", [range(16_384), range(16_383, -1, -1), [*range(0, 16_384, 2), *range(1, 16_384, 2)]])
def test_octets_one_by_one_take_no_long_time(order: list[int]) -> None:
    """Upwards, downwards, every second one first."""
    segments = begun()
    before = perf_counter()
    for at in order:
        put(segments, at, b"x")
    assert perf_counter() - before < 3
