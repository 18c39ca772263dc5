"""Meshes are known by marks of their own, by addresses that answer each other, and tinc by its sizes."""

import pytest

from appliance.core.signs.datagrams_meshes import look
from tests.core.signs.talks import Talk, facts, noise, numbers, seen

DISCO = b"TS\xf0\x9f\x92\xac"


def test_tailscales_ends_find_each_other_with_a_mark() -> None:
    """Which no shorter packet can carry."""
    assert seen(look(facts([("<", DISCO + noise(72))]))) == {("mesh_vpn", "strong", "disco")}
    assert not seen(look(facts([("<", DISCO + noise(71))])))
    assert not seen(look(facts([("<", DISCO[:5] + b"\x9b" + noise(72))])))


ONE, OTHER = noise(5, 1), noise(5, 2)


def zerotier(target: bytes = ONE, source: bytes = OTHER, flags: int = 0, verb: int = 1, version: int = 12) -> bytes:
    """Return a packet of ZeroTier: a hello, as far as it can be seen."""
    return noise(8, 3) + target + source + bytes((flags,)) + noise(8, 4) + bytes((verb, version)) + noise(40, 5)


def test_zerotiers_ends_answer_each_other() -> None:
    """On its port surely, elsewhere likely."""
    talk = [(">", zerotier(verb=9)), ("<", zerotier(OTHER, ONE, verb=9))]
    assert seen(look(facts(talk, 9993))) == {("mesh_vpn", "strong", "zerotier")}
    assert seen(look(facts(talk, 40_001, client_port=9993))) == {("mesh_vpn", "strong", "zerotier")}
    assert seen(look(facts(talk))) == {("mesh_vpn", "likely", "zerotier")}
    assert not seen(look(facts([talk[0], (">", talk[1][1])], 9993)))
    assert not seen(look(facts([talk[0], ("<", talk[0][1])], 9993)))


def test_a_hello_of_zerotiers_is_likely_on_its_port() -> None:
    """Not encrypted, and of an edition that there is or may be."""
    for one in (zerotier(), zerotier(flags=0x87), zerotier(version=4), zerotier(version=31)):
        assert seen(look(facts([(">", one)], 9993))) == {("mesh_vpn", "likely", "zerotier")}
        assert not seen(look(facts([(">", one)], 9994)))


@pytest.mark.parametrize(
    "octets",
    [
        zerotier(flags=0x08),
        zerotier(verb=2),
        zerotier(version=3),
        zerotier(version=32),
        zerotier(ONE, ONE),
        zerotier(target=bytes(5)),
        zerotier(source=bytes(5)),
        zerotier(target=b"\xff" + ONE[1:]),
        zerotier(source=b"\xff" + ONE[1:]),
        bytes(8) + zerotier()[8:],
        zerotier()[:28],
    ],
)
def test_what_is_not_quite_a_hello_of_zerotiers_is_none(octets: bytes) -> None:
    """Addresses of zeros, reserved ones, or of two that are one."""
    assert not seen(look(facts([(">", octets)], 9993)))


OPENING = bytes.fromhex("10000000000000000000000000000001 0a") + noise(150)
ANSWER = bytes.fromhex("10000000") + noise(4) + bytes.fromhex("0000000000000002 0a") + noise(150)


def test_nebulas_handshake_counts_to_two() -> None:
    """The answer names who opened it."""
    assert seen(look(facts([(">", OPENING)]))) == {("mesh_vpn", "likely", "nebula")}
    assert seen(look(facts([(">", OPENING), ("<", ANSWER)]))) == {("mesh_vpn", "strong", "nebula")}
    nobody = ANSWER[:4] + bytes(4) + ANSWER[8:]
    for one in (nobody, b"\x11" + ANSWER[1:], ANSWER[:15] + b"\x03" + ANSWER[16:], ANSWER[:16] + b"\x0b"):
        assert seen(look(facts([(">", OPENING), ("<", one)]))) == {("mesh_vpn", "likely", "nebula")}
    for one in (ANSWER, OPENING[:16], OPENING[:4] + noise(4) + OPENING[8:], OPENING[:16] + b"\x0b", b"\x11" + OPENING):
        assert not seen(look(facts([(">", one)])))


def tinc(*sizes: int) -> Talk:
    """Return packets of these sizes."""
    return tuple(("><"[at % 2], noise(size, at)) for at, size in enumerate(sizes))


TINC = (76, 84, 92, 100, 108, 76, 76, 84)


def test_tinc_is_likely_by_its_sizes() -> None:
    """Blocks of eight and a digest of four, from a port to the same."""
    assert seen(look(facts(tinc(*TINC), 655, client_port=655))) == {("tinc", "likely", "sizes")}
    assert not seen(look(facts(tinc(*TINC), 655)))
    for sizes in (TINC[:7], (*TINC[:7], 80), (*TINC[:4], 76, 84, 92, 100)):
        assert not seen(look(facts(tinc(*sizes), 655, client_port=655)))
    assert not seen(look(facts([*tinc(*TINC), (">", bytes(76))], 655, client_port=655)))


def test_softether_tells_a_client_its_outer_address() -> None:
    """To a question of one letter."""
    talk: Talk = ((">", b"A"), ("<", b"IP=192.0.2.7,PORT=51381"))
    assert seen(look(facts(talk))) == {("softether", "strong", "handshake")}
    answers = [("<", one) for one in (b"IP=192.0.2.7", b"IP:192.0.2.7,PORT=51381")]
    for others in (
        talk[:1],
        talk[1:],
        ((">", b"B"), talk[1]),
        (("<", b"A"), talk[1]),
        *((talk[0], one) for one in answers),
    ):
        assert not seen(look(facts(others)))


def pack(count: int = 3, name: bytes = b"opcode", kind: int = 2, values: int = 1, told: int | None = None) -> bytes:
    """Return a pack: a list of named values."""
    size = len(name) + 1 if told is None else told
    return numbers(count, size) + name + numbers(kind, values) + numbers(9) + b"get_token"


def test_softethers_packs_are_likely_and_both_ways_sure() -> None:
    """Whatever is in them."""
    for one in (pack(), pack(64, b"host_name", 4, 64), pack(1, b"ab"), pack(name=b"a" * 31)):
        assert seen(look(facts([(">", one), (">", one)]))) == {("softether", "likely", "handshake")}
        assert seen(look(facts([(">", one), ("<", pack())]))) == {("softether", "strong", "handshake")}


@pytest.mark.parametrize(
    "octets",
    [
        pack(0),
        pack(65),
        pack(kind=5),
        pack(values=0),
        pack(values=65),
        pack(name=b"op code"),
        pack(name=b"a"),
        pack(name=b"a" * 32),
        pack()[:21],
        pack(told=6),
    ],
)
def test_what_is_not_quite_a_pack_is_no_sign(octets: bytes) -> None:
    """Counts, kinds and names have their bounds."""
    assert not seen(look(facts([(">", octets)])))
