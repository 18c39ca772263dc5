"""Pieces become the packet they were cut from."""

import contextlib
import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire.fragments import Fragments
from appliance.core.wire.ip import Fragment, parse
from appliance.core.wire.packet import Packet
from appliance.core.wire.reader import WireError
from tests.core.wire.frames import A4, A6, B4, B6, ipv4, piece6, tcp, udp

BODY = udp(bytes(range(32)))
WHOLE = Packet(A4, B4, 17, 1111, 2222, bytes(range(32)))


def piece(start: int, stop: int, body: bytes = BODY, ident: int = 7, protocol: int = 17) -> Fragment:
    """Return a piece of a body, from one octet to another."""
    return Fragment(A4, B4, ident, protocol, start, body[start:stop], stop < len(body))


def read(octets: bytes) -> Fragment:
    """Return the piece in a packet."""
    found = parse(octets)
    assert isinstance(found, Fragment)
    return found


@pytest.mark.parametrize("order", list(itertools.permutations([(0, 16), (16, 24), (24, 40)])))
def test_pieces_come_in_any_order(order: tuple[tuple[int, int], ...]) -> None:
    """Only the last to come makes the packet whole, and nothing is kept."""
    fragments = Fragments()
    assert [fragments.put(piece(*span), 1.0) for span in order] == [None, None, WHOLE]
    assert (fragments._open, fragments._octets) == ({}, 0)


def test_pieces_of_both_versions_are_read_from_packets() -> None:
    """IPv6 takes the protocol from the first piece, whatever the others say."""
    fragments = Fragments()
    assert fragments.put(read(ipv4(BODY[24:], place=3)), 1.0) is None
    assert fragments.put(read(ipv4(BODY[:24], place=0x2000)), 1.0) == WHOLE
    segment = tcp(b"hello" * 4)
    assert fragments.put(read(piece6(segment[16:], 16, following=59)), 1.0) is None
    whole = fragments.put(read(piece6(segment[:16], 1, following=6)), 1.0)
    assert whole == Packet(A6, B6, 6, 1111, 443, b"hello" * 4, 0xFFFFFFF0, 16, 5)


def test_other_packets_pieces_are_not_mixed_in() -> None:
    """Told apart by number and protocol."""
    fragments = Fragments()
    assert fragments.put(piece(0, 16), 1.0) is None
    assert fragments.put(piece(16, 40, ident=8), 1.0) is None
    assert fragments.put(piece(16, 40, protocol=6), 1.0) is None
    assert fragments.put(piece(16, 40), 1.0) == WHOLE


def test_the_first_octets_win() -> None:
    """Before, behind and within what is there."""
    other = bytes(len(BODY))
    fragments = Fragments()
    for span in ((8, 16), (24, 32)):
        assert fragments.put(piece(*span), 1.0) is None
    assert fragments.put(piece(8, 32, other[:40]), 1.0) is None
    assert fragments.put(piece(32, 40), 1.0) is None
    assert fragments.put(piece(0, 24, BODY[:8] + other[8:]), 1.0) == Packet(
        A4, B4, 17, 1111, 2222, bytes(range(8)) + bytes(8) + bytes(range(16, 32))
    )


def test_the_first_of_two_first_pieces_names_the_protocol() -> None:
    """Of IPv6."""
    fragments = Fragments()
    assert fragments.put(read(piece6(BODY[:16], 1)), 1.0) is None
    assert fragments.put(read(piece6(BODY[:16], 1, following=6)), 1.0) is None
    assert fragments.put(read(piece6(BODY[16:], 16, following=6)), 1.0) == Packet(
        A6, B6, 17, 1111, 2222, bytes(range(32))
    )


def test_a_piece_that_does_not_fit_is_refused() -> None:
    """The others stay."""
    fragments = Fragments()
    assert fragments.put(piece(0, 24), 1.0) is None
    with pytest.raises(WireError, match="not the last"):
        fragments.put(piece(8, 16, BODY[:16]), 1.0)
    assert fragments.put(piece(32, 40), 1.0) is None
    with pytest.raises(WireError, match="not the last"):
        fragments.put(piece(32, 48, BODY + bytes(8)), 1.0)
    with pytest.raises(WireError, match="behind the last"):
        fragments.put(piece(32, 48, BODY + bytes(16)), 1.0)
    assert fragments.put(piece(24, 32), 1.0) == WHOLE


def test_a_whole_that_is_no_packet_is_told() -> None:
    """And forgotten."""
    fragments = Fragments()
    assert fragments.put(piece(0, 8, bytes(16)), 1.0) is None
    with pytest.raises(WireError, match="UDP length"):
        fragments.put(piece(8, 16, bytes(16)), 1.0)
    assert (fragments._open, fragments._octets) == ({}, 0)


def test_patience_ends() -> None:
    """After thirty seconds from the first piece."""
    fragments = Fragments()
    assert fragments.put(piece(0, 16), 1.0) is None
    assert fragments.put(piece(16, 24), 30.9) is None
    assert fragments.put(piece(24, 40), 31.0) is None
    assert list(fragments._open) == [(A4, B4, 7, 17)]


def test_only_so_many_packets_are_held() -> None:
    """The oldest is given up."""
    fragments = Fragments(max_packets=2)
    for ident in (1, 2, 3):
        assert fragments.put(piece(0, 16, ident=ident), 1.0) is None
    assert [key[2] for key in fragments._open] == [2, 3]


def test_only_so_many_octets_are_held() -> None:
    """A piece counts with the room before it."""
    fragments = Fragments(max_octets=100)
    for ident in (1, 2, 3):
        assert fragments.put(piece(32, 40, ident=ident), 1.0) is None
    assert ([key[2] for key in fragments._open], fragments._octets) == ([2, 3], 80)


def test_a_packet_in_too_many_pieces_is_given_up() -> None:
    """As soon as it has too many gaps."""
    fragments = Fragments()
    body = bytes(3000)
    for start in range(0, 64 * 16, 16):
        assert fragments.put(piece(start, start + 8, body), 1.0) is None
    with pytest.raises(WireError, match="too many pieces"):
        fragments.put(piece(1024, 1032, body), 1.0)
    assert (fragments._open, fragments._octets) == ({}, 0)


@given(
    cuts=st.sets(st.integers(1, len(BODY) - 1), max_size=6),
    chance=st.randoms(use_true_random=False),
    repeats=st.integers(1, 2),
)
def test_a_packet_cut_anywhere_comes_back(cuts: set[int], chance: Random, repeats: int) -> None:
    """Its pieces in any order, some of them twice."""
    edges = [0, *sorted(cuts), len(BODY)]
    pieces = [piece(*span) for span in itertools.pairwise(edges)] * repeats
    chance.shuffle(pieces)
    fragments = Fragments()
    got = [packet for packet in (fragments.put(one, 1.0) for one in pieces) if packet is not None]
    assert got[:1] == [WHOLE]


PIECES = st.lists(
    st.builds(
        Fragment,
        source=st.sampled_from([A4, A6]),
        target=st.just(B4),
        ident=st.integers(0, 2),
        protocol=st.sampled_from([6, 17, 44, 60]),
        offset=st.integers(0, 9).map(lambda unit: unit * 8),
        payload=st.binary(min_size=1, max_size=30),
        has_more=st.booleans(),
    ),
    max_size=12,
)


@given(pieces=PIECES)
def test_any_pieces_give_a_packet_nothing_or_wire_error(pieces: list[Fragment]) -> None:
    """And the octets held are those that are counted."""
    fragments = Fragments(max_packets=3, max_octets=200)
    for at, one in enumerate(pieces):
        with contextlib.suppress(WireError):
            fragments.put(one, float(at * 5))
        held = [len(whole.body) for whole in fragments._open.values()]
        assert fragments._octets == sum(held) <= 200
        assert len(held) <= 3
