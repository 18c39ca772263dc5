"""Names in messages: read as written, pointers followed backwards and not for ever."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core import names
from appliance.core.wire import dns as wire
from appliance.core.wire.dns import Refusal, parse_name, parse_query
from appliance.core.wire.reader import WireError
from tests.core.wire.octets import HEAD, LABELS, query, question


@given(LABELS)
def test_a_name_is_read_as_it_was_written(labels: list[bytes]) -> None:
    """In normal form, and its end is found."""
    octets = HEAD + question(labels)
    assert (names.from_labels(labels), len(octets) - 4) == parse_name(octets, 12)


@given(LABELS, st.integers(0, 5))
def test_a_pointer_stands_for_what_it_points_to(labels: list[bytes], depth: int) -> None:
    """Also through others."""
    octets = HEAD + question(labels)[:-4]
    at = 12
    for _ in range(depth):
        octets, at = octets + struct.pack("!H", 0xC000 | at), len(octets)
    expected_end = len(octets)
    assert (names.from_labels(labels), expected_end) == parse_name(octets, at)


BAD_NAMES = [
    ("nothing", HEAD, 12),
    ("no end", HEAD + b"\x01a", 12),
    ("a label past the end", HEAD + b"\x05abc", 12),
    ("half a pointer", HEAD + b"\xc0", 12),
    ("a pointer to itself", HEAD + b"\xc0\x0c", 12),
    ("a pointer ahead", HEAD + b"\xc0\x0e\x00", 12),
    ("a pointer into the header", HEAD + b"\xc0\x04", 12),
    ("two pointers to each other", HEAD + b"\xc0\x0e\xc0\x0c", 14),
    ("an unknown label type", HEAD + b"\x40a\x00", 12),
    ("another", HEAD + b"\x80a\x00", 12),
    ("one that would point to a name", HEAD + b"\x00\x40\x0c", 13),
    ("another that would", HEAD + b"\x00\x80\x0c", 13),
    ("256 octets", HEAD + b"\x3f" * 64 * 3 + b"\x3e" * 63 + b"\x00", 12),
]


@pytest.mark.parametrize(("octets", "at"), [row[1:] for row in BAD_NAMES], ids=[row[0] for row in BAD_NAMES])
def test_a_name_that_is_none_is_refused(octets: bytes, at: int) -> None:
    """No loop, nothing past the end, nothing too long."""
    with pytest.raises(WireError):
        parse_name(octets, at)


def test_the_longest_name_is_read() -> None:
    """255 octets, three labels of 63 among them."""
    octets = HEAD + (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\x00"
    assert len(octets) - 12 == names.MAX_NAME_OCTETS
    assert ".".join(["a" * 63] * 3 + ["b" * 61]) == parse_name(octets, 12)[0]


@pytest.mark.parametrize(("pointers", "is_read"), [(wire.MAX_POINTERS, True), (wire.MAX_POINTERS + 1, False)])
def test_pointers_are_followed_so_often_and_no_more(pointers: int, *, is_read: bool) -> None:
    """A long chain behind each of thousands of records would cost us minutes."""
    octets = HEAD + b"\x00"
    at = 12
    for _ in range(pointers):
        octets, at = octets + struct.pack("!H", 0xC000 | at), len(octets)
    if is_read:
        assert ("", len(octets)) == parse_name(octets, at)
    else:
        with pytest.raises(WireError, match="too many"):
            parse_name(octets, at)


def test_a_question_holds_no_pointer() -> None:
    """There is nothing before it to point to."""
    assert Refusal(7, 0x0100, wire.FORMERR) == parse_query(query(1, 0, 0, 0, body=b"\xc0\x0c\x00\x01\x00\x01"))
