"""Teredo, VXLAN and GTP are known by their port and a header that tells their size, or what is within."""

import pytest

from appliance.core.signs.datagrams_tunnels import look
from tests.core.signs.talks import facts, noise, numbers, seen

SIX = b"\x60\x00\x00\x00" + numbers(24, size=2) + noise(2 + 32 + 24)
PROOF = b"\x00\x01\x02\x03" + noise(2 + 3 + 9)
ORIGIN = b"\x00\x00" + noise(6)
FRAME = noise(12) + b"\x08\x00\x45" + noise(30)
VXLAN = b"\x08\x00\x00\x00" + noise(3) + b"\x00"

FOUND = {
    "Teredo": (3544, SIX, "teredo"),
    "Teredo, proof": (3544, PROOF + SIX, "teredo"),
    "Teredo, origin": (3544, ORIGIN + SIX, "teredo"),
    "Teredo, both": (3544, b"\x00\x01\x00\x00" + noise(9) + ORIGIN + SIX, "teredo"),
    "VXLAN": (4789, VXLAN + FRAME, "vxlan"),
    "VXLAN, Linux": (8472, VXLAN + FRAME[:12] + b"\x86\xdd" + noise(30), "vxlan"),
    "GTP-U": (2152, bytes.fromhex("30ff0020") + noise(36), "gtp-u"),
    "GTP-C": (2123, bytes.fromhex("48200020") + noise(32), "gtp-c"),
    "GTP-C, version 1": (2123, bytes.fromhex("32100020") + noise(36), "gtp-c"),
    "GTP'": (3386, bytes.fromhex("2ef00020") + noise(34), "gtp-prime"),
    "GTP', version 0": (3386, bytes.fromhex("0ff00020") + noise(34), "gtp-prime"),
}


@pytest.mark.parametrize("what", FOUND)
def test_tunnels_are_known_on_their_ports(what: str) -> None:
    """From either end; elsewhere they aren't looked for."""
    port, octets, by = FOUND[what]
    assert seen(look(facts([(">", octets)], port))) == {("ip_tunnel", "strong", by)}
    assert seen(look(facts([("<", octets)], 40_001, client_port=port))) == {("ip_tunnel", "strong", by)}
    assert not seen(look(facts([(">", octets)])))


@pytest.mark.parametrize(
    ("port", "octets"),
    [
        (3544, SIX + b"x"),
        (3544, b"\x5f" + SIX[1:]),
        (3544, b"\x70" + SIX[1:]),
        (3544, PROOF),
        (3544, b"\x00\x02" + SIX),
        (4789, b"\x00" + VXLAN[1:] + FRAME),
        (4789, VXLAN[:7] + b"\x01" + FRAME),
        (4789, VXLAN + FRAME[:12] + b"\x08\x01" + FRAME),
        (4789, VXLAN + FRAME[:13]),
        (2152, bytes.fromhex("30ff0020") + noise(37)),
        (2152, bytes.fromhex("30000020") + noise(36)),
        (2123, bytes.fromhex("48200020") + noise(36)),
        (2123, bytes.fromhex("68200020") + noise(36)),
        (2123, b"\x48"),
        (3386, bytes.fromhex("2ef00020") + noise(36)),
    ],
)
def test_a_port_alone_is_no_sign(port: int, octets: bytes) -> None:
    """Nor is a header that does not fit."""
    assert not seen(look(facts([(">", octets)], port)))
