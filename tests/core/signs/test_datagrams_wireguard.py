"""WireGuard is known by its first packet, its answers and its middle; WARP by what is reserved and by its ends."""

from ipaddress import ip_address

import pytest

from appliance.core.signs.datagrams_wireguard import look
from tests.core.signs.talks import Talk, facts, noise, numbers, seen

SENDER, OTHER = noise(4, 1), noise(4, 2)
WARP = ip_address("162.159.193.9").packed
WARP_6 = ip_address("2606:4700:d0::a29f:c001").packed
KEY = bytearray(noise(140, 3))
KEY[31] = 0x7F
BAD_KEY = bytearray(KEY)
BAD_KEY[31] = 0x80


def initiation(reserved: bytes = bytes(3), key: bytes = bytes(KEY), mark: int = 0) -> bytes:
    """Return a first message, 148 octets with the usual key."""
    return bytes((mark | 1,)) + reserved + SENDER + key


def response(reserved: bytes = bytes(3), receiver: bytes = SENDER, rest: int = 80, mark: int = 0) -> bytes:
    """Return an answer, 92 octets with the usual rest."""
    return bytes((mark | 2,)) + reserved + OTHER + receiver + noise(rest, 4)


def data(count: int, index: bytes = OTHER, size: int = 16, lead: bytes = b"\x04\x00\x00\x00") -> bytes:
    """Return a message of data; of 16 octets one that keeps the way open."""
    return lead + index + count.to_bytes(8, "little") + noise(size, count + 9)


@pytest.mark.parametrize("port", [51820, 443])
def test_the_initiation_is_enough(port: int) -> None:
    """Whichever port it goes to, and whoever is thought to be the client."""
    assert seen(look(facts([(">", initiation())], port))) == {("wireguard", "strong", "initiation")}
    assert seen(look(facts([("<", initiation())], port))) == {("wireguard", "strong", "initiation")}


@pytest.mark.parametrize(
    "octets",
    [
        initiation() + b"x",
        initiation()[:-1],
        initiation(key=bytes(BAD_KEY)),
        initiation(key=bytes(140)),
        initiation(reserved=b"\x00\x00\x01"),
        b"\x00" + initiation()[1:],
        b"\x05" + initiation()[1:],
        b"\x41" + initiation()[1:],
    ],
)
def test_what_is_not_quite_an_initiation_is_no_sign(octets: bytes) -> None:
    """Of another size, with a key that can't be, with something reserved, or of another kind."""
    assert not seen(look(facts([(">", octets)])))


def test_a_padded_handshake_is_known_by_its_answer() -> None:
    """The answer names the sender of the question."""
    asked = initiation(key=noise(196, 5))
    assert seen(look(facts([(">", asked), ("<", response(rest=88))]))) == {("wireguard", "strong", "handshake")}
    for answer in (response(receiver=noise(4, 6)), response()[:91], response(receiver=bytes(4))):
        assert not seen(look(facts([(">", asked), ("<", answer)])))
    assert not seen(look(facts([(">", asked), (">", response())])))


def test_an_answer_of_nobodys_to_nobody_is_none() -> None:
    """All zeros match all zeros."""
    asked = b"\x01" + bytes(7) + noise(196, 5)
    assert not seen(look(facts([(">", asked), ("<", b"\x02" + bytes(11) + noise(80))])))


@pytest.mark.parametrize("server", [WARP, WARP_6])
def test_warp_is_known_by_whom_it_goes_to(server: bytes) -> None:
    """With the plainest WireGuard, at its beginning and from its middle."""
    assert seen(look(facts([(">", initiation())], server=server))) == {("warp", "strong", "initiation")}
    assert seen(look(facts([(">", initiation()), ("<", response())], server=server))) == {
        ("warp", "strong", "handshake")
    }
    middle = [(">", data(count)) for count in range(4)]
    assert seen(look(facts(middle, server=server))) == {("warp", "strong", "middle")}


def test_warp_is_known_by_what_is_reserved() -> None:
    """On its ports likely, with an answer surely."""
    asked = initiation(reserved=noise(3))
    for port in (500, 1701, 2408, 4500):
        assert seen(look(facts([(">", asked)], port))) == {("warp", "likely", "initiation")}
    assert not seen(look(facts([(">", asked + b"x")], 2408)))
    assert not seen(look(facts([(">", asked)], 51820)))
    assert seen(look(facts([(">", asked), ("<", response())], 51820))) == {("warp", "strong", "handshake")}


def test_warp_marks_its_later_messages() -> None:
    """The client's data names who answered; the sender's number is written in another way."""
    talk: Talk = (
        (">", initiation(mark=0xC0, key=noise(186, 5))),
        ("<", response(mark=0xC0, reserved=noise(3), receiver=noise(4, 6), rest=600)),
        (">", data(1, size=68, lead=b"\xc4" + noise(3))),
    )
    assert seen(look(facts(talk))) == {("warp", "strong", "handshake")}
    assert not seen(look(facts(talk[:2])))
    assert not seen(look(facts((*talk[:2], ("<", talk[2][1])))))
    assert not seen(look(facts((*talk[:2], (">", talk[2][1][:31])))))
    assert not seen(look(facts((*talk[:2], (">", b"\xc3" + talk[2][1][1:])))))


MIDDLES = {
    "one packet": ([(">", data(7, size=64))], "weak"),
    "one that keeps the way open": ([(">", data(7))], "likely"),
    "two packets": ([(">", data(7, size=64)), (">", data(8, size=64))], "likely"),
    "four packets": ([(">", data(7)), ("<", data(900, SENDER)), (">", data(7)), (">", data(1007, size=64))], "strong"),
    "an answer": ([("<", response())], "likely"),
    "a cookie": ([("<", b"\x03\x00\x00\x00" + SENDER + noise(56))], "likely"),
    "an answer and data": ([("<", response()), (">", data(0))], "likely"),
}


@pytest.mark.parametrize("what", MIDDLES)
def test_a_flow_is_known_from_its_middle(what: str) -> None:
    """The surer, the more packets count on."""
    talk, confidence = MIDDLES[what]
    assert seen(look(facts(talk))) == {("wireguard", confidence, "middle")}


@pytest.mark.parametrize(
    "alone",
    [
        data(8, size=17),
        data(8, size=0),
        data(1 << 40),
        data(8, bytes(4)),
        data(8, lead=b"\x04\x00\x00\x01"),
        data(8)[:16] + bytes(64),
        response() + b"x",
        response()[:12] + bytes(80),
    ],
)
def test_what_is_not_quite_of_the_middle_is_no_sign(alone: bytes) -> None:
    """Where it is all there is; the highest count that is believed takes a thousand years."""
    assert seen(look(facts([(">", data((1 << 40) - 1))]))) == {("wireguard", "likely", "middle")}
    assert not seen(look(facts([(">", alone)])))


@pytest.mark.parametrize(
    "odd",
    [
        data(8, size=17),
        data(8, size=0),
        data(8, SENDER),
        data(2000),
        data(1 << 40),
        data(8, bytes(4)),
        data(8, lead=b"\x04\x00\x00\x01"),
        b"\x04\x00\x00\x00" + OTHER + numbers(8, 0) + bytes(64),
        response() + b"x",
        b"\x02\x00\x00\x00" + OTHER + bytes(84),
        b"\x05\x00\x00\x00" + OTHER + noise(24),
        b"\x04",
    ],
)
def test_one_packet_that_does_not_fit_is_enough_to_be_something_else(odd: bytes) -> None:
    """In size, number, count, or what it carries."""
    assert not seen(look(facts([(">", data(7)), (">", odd)])))
