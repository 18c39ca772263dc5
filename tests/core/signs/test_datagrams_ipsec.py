"""IKE is known on any port by its header, ESP behind NAT by its port and its counts, L2TP by its messages."""

import pytest

from appliance.core.signs.datagrams_ipsec import look
from tests.core.signs.talks import facts, noise, numbers, seen

IKE = {("ipsec", "strong", "ike")}


def ike(version: int = 2, exchange: int = 34, flags: int = 0x08, *, size: int = 100, told: int | None = None) -> bytes:
    """Return a first message of IKE."""
    head = noise(8) + bytes(8) + bytes((33, version << 4, exchange, flags)) + bytes(4)
    return head + numbers(size if told is None else told) + noise(size - 28)


@pytest.mark.parametrize("port", [500, 4500, 10_500])
@pytest.mark.parametrize("one", [ike(), ike(1, 2, 7), ike(1, 1, 0), ike(1, 6, 1), ike(2, 44, 0x38), ike(size=28)])
def test_ike_is_known_on_any_port(one: bytes, port: int) -> None:
    """With and without the mark that it isn't ESP, which does not count."""
    assert seen(look(facts([(">", one)], port))) == IKE
    assert seen(look(facts([(">", bytes(4) + one)], port))) == IKE


@pytest.mark.parametrize(
    "octets",
    [
        ike(told=101),
        ike()[:27],
        ike(3, 34),
        *(ike(1, exchange, 0) for exchange in (0, 7, 31, 34)),
        *(ike(2, exchange) for exchange in (2, 33, 45)),
        ike(2, 34, 0x01),
        ike(1, 2, 0x08),
        bytes(12) + ike()[8:],
        ike()[:17] + b"\x21" + ike()[18:],
    ],
)
def test_what_is_not_quite_ike_is_no_sign(octets: bytes) -> None:
    """A length, version, exchange or flag that is not its own, or nobody who begins."""
    assert not seen(look(facts([(">", octets)], 500)))


def esp(count: int, index: bytes = b"\x00\x00\x01\x00", size: int = 16) -> bytes:
    """Return a packet of ESP."""
    return index + numbers(count) + noise(size, count)


ESP = {
    "one packet": ([(">", esp(1))], "weak"),
    "two packets": ([(">", esp(1)), (">", esp(2))], "likely"),
    "three packets": ([(">", esp(1)), (">", esp(2)), (">", esp(3))], "likely"),
    "one packet between keepalives": ([(">", b"\xff"), (">", esp(900))], "likely"),
    "keepalives alone": ([(">", b"\xff")], "likely"),
    "four packets": ([(">", esp(1)), ("<", esp(900, noise(4))), (">", esp(3)), (">", esp(3))], "strong"),
}


@pytest.mark.parametrize("what", ESP)
def test_esp_is_known_on_its_port(what: str) -> None:
    """Whoever's port it is; the surer, the more packets count on."""
    talk, confidence = ESP[what]
    assert seen(look(facts(talk, 4500))) == {("ipsec", confidence, "esp")}
    assert seen(look(facts(talk, 50_000, client_port=4500))) == {("ipsec", confidence, "esp")}
    assert not seen(look(facts(talk, 4501)))


@pytest.mark.parametrize(
    "odd",
    [
        esp(3, noise(4)),
        esp(2000),
        esp(0),
        esp(3, b"\x00\x00\x00\xff"),
        esp(3, size=17),
        esp(3, size=12),
        esp(3)[:8] + bytes(16),
        b"\xfe",
    ],
)
def test_one_packet_that_does_not_fit_makes_it_no_esp(odd: bytes) -> None:
    """In its number, its count, its size or what it carries."""
    assert not seen(look(facts([(">", esp(1)), (">", odd)], 4500)))


@pytest.mark.parametrize(
    "alone",
    [esp(0), esp(3, b"\x00\x00\x00\xff"), esp(3, size=17), esp(3, size=12), esp(3)[:8] + bytes(16), b"\xfe"],
)
def test_what_is_not_quite_esp_is_no_sign(alone: bytes) -> None:
    """Where it is all there is."""
    assert not seen(look(facts([(">", alone)], 4500)))


def l2tp(mark: int, body: bytes, told: int = 0) -> bytes:
    """Return a message of L2TP, its length in it."""
    return numbers(mark, told or 12 + len(body), size=2) + noise(8) + body


MESSAGE = bytes.fromhex("8008000000000001") + noise(40)


@pytest.mark.parametrize("mark", [0xC802, 0xC803])
def test_control_of_l2tp_is_known_on_any_port(mark: int) -> None:
    """By the first thing it tells: which message it is."""
    for last in (1, 32):
        body = MESSAGE[:7] + bytes((last,)) + MESSAGE[8:]
        assert seen(look(facts([(">", l2tp(mark, body))]))) == {("l2tp", "strong", "control")}
    assert not seen(look(facts([(">", l2tp(mark, MESSAGE, told=61))], 1701)))
    assert not seen(look(facts([(">", l2tp(mark, noise(40)))], 1701)))
    for kind in (0, 33):
        assert not seen(look(facts([(">", l2tp(mark, MESSAGE[:7] + bytes((kind,))))], 1701)))
    assert not seen(look(facts([(">", l2tp(0xC801, MESSAGE))], 1701)))


@pytest.mark.parametrize("octets", [l2tp(0x4002, noise(40)), l2tp(0xC802, b"")])
def test_its_data_is_likely_on_its_port(octets: bytes) -> None:
    """And so is an empty message, which acknowledges others."""
    assert seen(look(facts([(">", octets)], 1701))) == {("l2tp", "likely", "data")}
    assert seen(look(facts([(">", octets)], 50_000, client_port=1701))) == {("l2tp", "likely", "data")}
    assert not seen(look(facts([(">", octets)], 1702)))
