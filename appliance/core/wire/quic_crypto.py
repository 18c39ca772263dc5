"""The keys of QUIC's first packets, which anyone who sees their connection ID can derive (RFC 9001 section 5)."""

from typing import Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

SAMPLE_OCTETS: Final = 16
MAX_NUMBER_OCTETS: Final = 4


class Edition(msgspec.Struct, frozen=True):
    """What differs between the versions of QUIC as far as a client's Initial goes."""

    salt: bytes
    label: str = "quic"
    """How the names of its keys begin."""
    initial: int = 0
    """The type of an Initial in the first octet of a long header (RFC 9369 section 3.2)."""
    is_google: bool = False
    """Google's frames (0x08 is CRYPTO) instead of the IETF's."""
    is_chlo: bool = False
    """Google's own handshake instead of TLS."""


DRAFT_22: Final = Edition(bytes.fromhex("7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"))
DRAFT_23: Final = Edition(bytes.fromhex("c3eef712c72ebb5a11a7d2432bb46365bef9f502"))
DRAFT_29: Final = Edition(bytes.fromhex("afbfec289993d24c9e9786f19c6111e04390a899"))
V1: Final = Edition(bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"))
V2: Final = Edition(bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"), "quicv2", initial=1)
Q050: Final = Edition(bytes.fromhex("504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"), is_google=True, is_chlo=True)
T050: Final = Edition(bytes.fromhex("7ff579e5acd072915580304c43a2367c60488310"), is_google=True)
T051: Final = Edition(bytes.fromhex("7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"), is_google=True)

_KNOWN = {
    0x00000001: (V1,),
    0x6B3343CF: (V2,),
    0x51303530: (Q050,),
    0x54303530: (T050,),
    0x54303531: (T051,),
    0xFACEB001: (DRAFT_22,),
    0xFACEB002: (DRAFT_23,),
    0xFACEB003: (V1,),
} | {
    0xFF000000 + draft: (DRAFT_22 if draft < 23 else DRAFT_23 if draft < 29 else DRAFT_29 if draft < 33 else V1,)
    for draft in range(22, 35)
}
_UNKNOWN = (V1, V2, DRAFT_29)
_MVFST = (DRAFT_23, V1)


def editions_of(version: int) -> tuple[Edition, ...]:
    """Return what packets of a version may be sealed with, the likeliest first.

    A version that nobody has published (greased ones, which provoke negotiation, among them) is tried with the keys of
    the published ones: what opens was sealed with them.
    """
    return _KNOWN.get(version) or (_MVFST if version >> 8 == 0xFACEB0 else _UNKNOWN)


def is_published(version: int) -> bool:
    """Say whether a version's packets are surely QUIC, or it is greased (RFC 9000 section 15)."""
    return version in _KNOWN or version >> 8 == 0xFACEB0 or version & 0x0F0F0F0F == 0x0A0A0A0A


class Keys(NamedTuple):
    """The client's secrets for its Initials: 16, 12 and 16 octets (RFC 9001 sections 5.1 and 5.4)."""

    key: bytes
    iv: bytes
    header: bytes


def derive_keys(dcid: bytes, edition: Edition) -> Keys:
    """Return the client's keys from the destination connection ID of its first Initial (RFC 9001 section 5.2)."""
    extract = hmac.HMAC(edition.salt, hashes.SHA256())
    extract.update(dcid)
    secret = _expand(extract.finalize(), "client in", 32)
    return Keys(
        _expand(secret, f"{edition.label} key", 16),
        _expand(secret, f"{edition.label} iv", 12),
        _expand(secret, f"{edition.label} hp", 16),
    )


def _expand(secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label with an empty context (RFC 8446 section 7.1)."""
    name = b"tls13 " + label.encode("ascii")
    info = bytes((0, length, len(name))) + name + b"\x00"
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)


def open_packet(packet: bytes, number_at: int, keys: Keys, largest: int) -> tuple[int, bytes] | None:
    """Return the number and the frames of a protected packet, or None where these keys do not open it.

    `number_at` is where its protected number begins, `largest` the largest number seen before, -1 if none.
    """
    sample = packet[number_at + MAX_NUMBER_OCTETS : number_at + MAX_NUMBER_OCTETS + SAMPLE_OCTETS]
    if len(sample) < SAMPLE_OCTETS:
        return None
    mask = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor().update(sample)  # noqa: S305 - one block: a mask
    first = packet[0] ^ (mask[0] & 0x0F)
    length = (first & 0x03) + 1
    body_at = number_at + length
    raw_number = bytes(a ^ b for a, b in zip(packet[number_at:body_at], mask[1:], strict=False))
    number = whole_number(int.from_bytes(raw_number, "big"), length, largest)
    nonce = (int.from_bytes(keys.iv, "big") ^ number).to_bytes(12, "big")
    header = bytes((first,)) + packet[1:number_at] + raw_number
    try:
        return number, AESGCM(keys.key).decrypt(nonce, packet[body_at:], header)
    except InvalidTag:
        return None


def whole_number(sent: int, octets: int, largest: int) -> int:
    """Return a packet's number from the low octets that were sent of it (RFC 9000 appendix A.3)."""
    window = 1 << (8 * octets)
    expected = largest + 1
    number = (expected & -window) | sent
    if number <= expected - window // 2 and number < (1 << 62) - window:
        return number + window
    if number > expected + window // 2 and number >= window:
        return number - window
    return number
