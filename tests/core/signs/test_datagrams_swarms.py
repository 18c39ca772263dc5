"""BitTorrent is known by its table, its trackers, its call at home, and its own transport."""

import pytest

from appliance.core.signs.datagrams_swarms import look
from tests.core.signs.talks import Talk, facts, noise, numbers, seen, turned


def sure(by: str) -> set[tuple[str, str, str]]:
    """Return a strong sign."""
    return {("bittorrent", "strong", by)}


CONNECT = bytes.fromhex("0000041727101980 00000000") + noise(4)

MARKS = [
    (b"d1:ad2:id20:" + noise(80), "dht"),
    (b"d1:rd2:id20:" + noise(80), "dht"),
    (b"d2:ip6:\n\n\n\n\n\n1:rd2:id20:" + noise(80), "dht"),
    (b"d2:ip18:" + noise(18) + b"1:rd2:id20:" + noise(80), "dht"),
    (b"d1:eli203e14:Protocol Error", "dht"),
    (CONNECT, "tracker"),
    (b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n", "lsd"),
    (noise(20) + b"\x13BitTorrent protocol" + noise(48), "handshake"),
    (noise(300) + b"\x13BitTorrent protocol" + noise(48), "handshake"),
]


@pytest.mark.parametrize(("octets", "by"), MARKS)
def test_its_own_words_are_sure(octets: bytes, by: str) -> None:
    """From either side."""
    assert seen(look(facts([(">", octets)]))) == sure(by)
    assert seen(look(facts([("<", octets)]))) == sure(by)


@pytest.mark.parametrize(
    "octets",
    [
        b"d1:ad2:id21:" + noise(80),
        b"xd1:ad2:id20:" + noise(80),
        b"d2:ip7:" + noise(7) + b"1:rd2:id20:",
        b"d1:eli303e",
        CONNECT + b"x",
        b"\x01" + CONNECT[1:],
        b"M-SEARCH * HTTP/1.1\r\n",
        b"\x12BitTorrent protocol",
    ],
)
def test_what_is_not_quite_its_own_is_no_sign(octets: bytes) -> None:
    """Other dictionaries, other searches."""
    assert not seen(look(facts([(">", octets)])))


def utp(
    kind: int, number: int, time: int, *, apart: int = 9, order: int = 5, heard: int = 0, extension: int = 0
) -> bytes:
    """Return a packet of uTP."""
    first = bytes((kind << 4 | 1, extension)) + numbers(number, size=2)
    return first + numbers(time, apart, 1 << 20) + numbers(order, heard, size=2)


OPENED: Talk = (
    (">", utp(4, 700, 1000, apart=0, order=1, extension=2)),
    ("<", utp(2, 700, 99, order=80, heard=1)),
)


def test_an_opening_that_is_heard_is_sure() -> None:
    """By whoever opens it."""
    assert seen(look(facts(OPENED))) == sure("utp")
    assert seen(look(facts(turned(OPENED)))) == sure("utp")


@pytest.mark.parametrize(
    "answer",
    [
        ("<", utp(2, 701, 99, heard=1)),
        ("<", utp(2, 700, 99, heard=2)),
        ("<", utp(1, 700, 99, heard=1)),
        (">", utp(2, 700, 99, heard=1)),
    ],
)
def test_an_opening_that_is_not_heard_is_none(answer: tuple[str, bytes]) -> None:
    """Of another connection or packet, or one's own."""
    assert not seen(look(facts([OPENED[0], answer])))


def test_an_opening_knows_nothing_of_the_other_clock() -> None:
    """The difference of the clocks can't be known yet."""
    late = utp(4, 700, 1000, apart=3, order=1)
    assert not seen(look(facts([(">", late), OPENED[1]])))


TWO_WAYS: Talk = ((">", utp(0, 701, 5)), ("<", utp(2, 700, 90)), (">", utp(0, 701, 60_000_004)))


@pytest.mark.parametrize("first", [700, 701, 0, 0xFFFF])
def test_two_ways_whose_numbers_are_neighbours_are_sure(first: int) -> None:
    """The higher is that of who opened it; they go round."""
    other = (first + 1) % 0x10000
    talk: Talk = ((">", utp(0, first, 5)), ("<", utp(2, other, 90)), (">", utp(3, first, 6)))
    assert seen(look(facts(talk))) == sure("utp")
    assert seen(look(facts(turned(talk)))) == sure("utp")


def test_an_opening_has_a_number_of_its_own() -> None:
    """That of the packets which the other side sends, whether it was heard or not."""
    talk = [(">", utp(4, 700, 1, apart=3)), (">", utp(0, 701, 5)), ("<", utp(2, 700, 90))]
    assert seen(look(facts(talk))) == sure("utp")


def test_one_way_is_likely_after_some_packets() -> None:
    """The other side's went another way, or come no more."""
    talk = [(">", utp(0, 701, 0xFFFF_FFF0 + time & 0xFFFF_FFFF)) for time in (0, 8, 16, 24)]
    assert seen(look(facts(talk))) == {("bittorrent", "likely", "utp")}
    assert seen(look(facts([("<", one) for _, one in talk]))) == {("bittorrent", "likely", "utp")}
    assert not seen(look(facts(talk[:3])))
    assert not seen(look(facts([(">", utp(4, 701, time, order=2)) for time in range(3)])))


@pytest.mark.parametrize(
    "odd",
    [
        (">", utp(0, 702, 9)),
        (">", utp(0, 701, 5)),
        (">", utp(0, 701, 60_000_005)),
        (">", utp(0, 701, 4)),
        (">", utp(5, 701, 9)),
        (">", utp(0, 701, 9, extension=3)),
        (">", utp(0, 701, 9)[:19]),
        (">", b"\x02" + utp(0, 701, 9)[1:]),
        ("<", utp(0, 702, 91)),
    ],
)
def test_one_packet_that_does_not_fit_makes_it_something_else(odd: tuple[str, bytes]) -> None:
    """Of another connection, at no time that fits, or of no such kind."""
    assert seen(look(facts(TWO_WAYS))) == sure("utp")
    assert not seen(look(facts([*TWO_WAYS, odd])))


def test_two_packets_and_numbers_apart_are_nothing() -> None:
    """Neighbours by chance, or none."""
    assert not seen(look(facts(TWO_WAYS[:2])))
    assert not seen(look(facts([TWO_WAYS[0], ("<", utp(2, 699, 90)), TWO_WAYS[2]])))
