"""OpenVPN is known by its resets, by sessions that name each other, and by its data."""

import pytest

from appliance.core.signs.datagrams_openvpn import look
from tests.core.signs.talks import Talk, facts, noise, numbers, seen, turned

MINE, YOURS = noise(8, 1), noise(8, 2)
NOW = 1_700_000_000
SURE = {("openvpn", "strong", "handshake")}

RESET = b"\x38" + MINE + bytes(5)
ANSWER = b"\x40" + YOURS + b"\x01" + bytes(4) + MINE + bytes(4)
ACK = b"\x28" + MINE + b"\x01" + bytes(4) + YOURS


def signed(reset: bytes, digest: int, number: int = 1, time: int = NOW) -> bytes:
    """Return a reset with tls-auth's digest and its packet's number behind the session."""
    return reset[:9] + noise(digest, 3) + numbers(number, time) + reset[9:]


def sealed(kind: int, session: bytes, number: int = 1, time: int = NOW, rest: int = 5) -> bytes:
    """Return a packet of tls-crypt; the upper half of the number says what the client can do."""
    return bytes((kind,)) + session + numbers(0x0F000000 | number, time) + noise(32 + rest, 5)


@pytest.mark.parametrize(
    ("reset", "confidence"),
    [
        (RESET, "likely"),
        (sealed(0x38, MINE), "likely"),
        (sealed(0x50, MINE, rest=600), "likely"),
        (sealed(0x38, MINE, number=64, time=0x3A4FC880), "likely"),
        *((signed(RESET, digest), "strong") for digest in (16, 20, 28, 32, 48, 64)),
        (signed(RESET, 20, number=64), "strong"),
    ],
)
def test_a_clients_reset_is_a_sign_alone(reset: bytes, confidence: str) -> None:
    """A sure one where a digest and a count are in it."""
    assert seen(look(facts([(">", reset)]))) == {("openvpn", confidence, "reset")}
    assert seen(look(facts([("<", reset)]))) == {("openvpn", confidence, "reset")}


@pytest.mark.parametrize(
    "octets",
    [
        RESET + b"\x00",
        RESET[:-1] + b"\x01",
        b"\x39" + RESET[1:],
        b"\x48" + RESET[1:],
        b"\x38" + bytes(13),
        signed(RESET, 21),
        signed(RESET, 20, number=0),
        signed(RESET, 20, number=65),
        RESET[:9] + bytes(20) + numbers(1, NOW) + RESET[9:],
        sealed(0x38, MINE, rest=6),
        sealed(0x38, MINE, number=0),
        sealed(0x38, MINE, number=65),
        sealed(0x38, MINE, time=0x3A4FC87F),
        sealed(0x50, MINE, rest=4),
        sealed(0x50, MINE)[:17] + bytes(40),
        ANSWER,
        ACK,
        b"\x38",
    ],
)
def test_what_is_not_quite_a_clients_reset_is_none(octets: bytes) -> None:
    """Nor is a server's without what it answers."""
    assert not seen(look(facts([(">", octets)])))


HANDSHAKES: dict[str, Talk] = {
    "bare": ((">", RESET), ("<", ANSWER)),
    "with a digest": ((">", signed(RESET, 32)), ("<", signed(ANSWER, 32))),
    "from an answer on": (("<", ANSWER), (">", ACK)),
    "two that are acknowledged": (
        ("<", b"\x21" + YOURS + noise(90)),
        (">", b"\x29" + MINE + b"\x02" + numbers(3, 4) + YOURS),
    ),
    "eight that are acknowledged": (
        ("<", b"\x20" + YOURS + noise(90)),
        (">", b"\x28" + MINE + b"\x08" + numbers(*range(8)) + YOURS),
    ),
    "one side only": ((">", RESET), (">", ACK)),
    "the other side only": (("<", ANSWER), ("<", b"\x20" + YOURS + noise(90))),
    "sealed": ((">", sealed(0x38, MINE)), ("<", sealed(0x40, YOURS, rest=17))),
    "sealed, with a wrapped key": ((">", sealed(0x50, MINE, rest=300)), ("<", sealed(0x40, YOURS, rest=23))),
    "sealed, clocks a day apart": ((">", sealed(0x38, MINE)), ("<", sealed(0x40, YOURS, time=NOW - 86_399))),
}


@pytest.mark.parametrize("what", HANDSHAKES)
def test_two_that_belong_together_are_sure(what: str) -> None:
    """Whichever side is taken for the client."""
    assert seen(look(facts(HANDSHAKES[what]))) == SURE
    assert seen(look(facts(turned(HANDSHAKES[what])))) == SURE


@pytest.mark.parametrize(
    "answer",
    [
        ("<", b"\x40" + YOURS + b"\x02" + bytes(4) + MINE + bytes(4)),
        ("<", b"\x40" + YOURS + b"\x01" + bytes(1) + b"\x09" + bytes(2) + MINE + bytes(4)),
        ("<", b"\x40" + YOURS + b"\x01" + MINE + bytes(4)),
        ("<", b"\x40" + YOURS + b"\x01" + bytes(4) + YOURS + bytes(4)),
        ("<", b"\x40" + MINE + b"\x01" + bytes(4) + MINE + bytes(4)),
        ("<", b"\x38" + YOURS + b"\x01" + bytes(4) + MINE + bytes(4)),
        ("<", b"\x28" + YOURS + b"\x09" + numbers(*range(100, 109)) + MINE),
        (">", b"\x28" + YOURS + b"\x01" + bytes(4) + MINE),
        (">", b"\x30" + MINE + noise(30)),
        ("<", sealed(0x40, YOURS)),
    ],
)
def test_two_that_do_not_belong_together_are_no_surer_than_one(answer: tuple[str, bytes]) -> None:
    """An echo, a count of acknowledgements that is wrong, another session."""
    assert seen(look(facts([(">", RESET), answer]))) == {("openvpn", "likely", "reset")}


@pytest.mark.parametrize(
    "answer",
    [sealed(0x40, YOURS, time=NOW - 86_400), sealed(0x40, YOURS, number=65), sealed(0x20, YOURS), sealed(0x40, MINE)],
)
def test_a_sealed_answer_must_be_one(answer: bytes) -> None:
    """It tells nearly the same time, is among the first, and is a reset of another session."""
    assert seen(look(facts([(">", sealed(0x38, MINE)), ("<", answer)]))) == {("openvpn", "likely", "reset")}


def data(count: int, peer: bytes = bytes(3), size: int = 60) -> bytes:
    """Return a packet of data."""
    return b"\x48" + peer + numbers(count) + noise(size, count)


def test_data_is_likely_where_it_counts_on() -> None:
    """Four packets of one peer each way, in any order and twice."""
    talk = [(">", data(5)), (">", data(7)), ("<", data(800, noise(3))), (">", data(6)), (">", data(6))]
    assert seen(look(facts(talk))) == {("openvpn", "likely", "data")}
    assert not seen(look(facts(talk[:3])))


@pytest.mark.parametrize(
    "odd", [data(8, noise(3)), data(2000), data(8, size=15), b"\x48" + bytes(3) + numbers(8) + bytes(60), b"\x48"]
)
def test_one_packet_that_does_not_fit_makes_it_no_data(odd: bytes) -> None:
    """Of another peer, too far on, too short, or not encrypted."""
    assert not seen(look(facts([(">", data(5)), (">", data(6)), (">", data(7)), (">", odd)])))
