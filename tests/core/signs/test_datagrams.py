"""All signs of flows over UDP are looked for, whatever the octets."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.datagrams import look
from appliance.wording import SIGNS
from tests.core.signs.talks import Talk, facts, noise, seen, talks

BEGINNINGS = [
    bytes.fromhex("01000000"),
    bytes.fromhex("04000000"),
    bytes.fromhex("c1000000"),
    b"\x38" + noise(8),
    b"\x40" + noise(8),
    b"\x28" + noise(8),
    bytes.fromhex("48000000 00000001"),
    bytes(4) + noise(16),
    noise(16) + bytes.fromhex("2120220800000000"),
    bytes.fromhex("c802"),
    b"r6fnvWj8",
    b"TS\xf0\x9f\x92\xac",
    bytes.fromhex("100000000000000000000000000000010a"),
    bytes.fromhex("00010008 2112a442"),
    bytes.fromhex("40000008"),
    bytes.fromhex("16feff0000"),
    bytes.fromhex("80600001"),
    bytes.fromhex("80c80001"),
    b"d1:ad2:id20:",
    bytes.fromhex("41020001"),
    bytes.fromhex("0000000200000004opc".replace("opc", "6f7063")),
]
PORTS = st.sampled_from([40_001, 53, 500, 853, 1701, 2123, 2152, 2408, 3386, 3478, 3544, 4500, 4789, 9993])


def test_signs_of_several_kinds_are_told() -> None:
    """A call's set-up, and a guess about it."""
    ask = bytes.fromhex("0001000c 2112a442") + noise(12) + bytes.fromhex("802a0008") + noise(8)
    assert seen(look(facts([(">", ask)]))) == {("stun", "likely", "cookie"), ("call", "likely", "ice")}
    assert seen(look(facts([(">", b"d1:ad2:id20:" + noise(60))]))) == {("bittorrent", "strong", "dht")}


def test_noise_is_no_sign() -> None:
    """Calls, games and QUIC from its middle look as random as what would rather not be known."""
    assert not seen(look(facts([(">", noise(size, size)) for size in range(100, 1200, 100)])))


@given(talks(*BEGINNINGS), PORTS, PORTS)
def test_any_octets_give_signs_that_have_a_sentence(talk: Talk, port: int, client_port: int) -> None:
    """And nothing is raised, whoever is taken for the client."""
    known = facts(talk, port, client_port)
    assert {one.id for one in look(known)} <= SIGNS.keys()
    known.turn()
    assert {one.id for one in look(known)} <= SIGNS.keys()
