"""Makes what a client sends first over QUIC: hellos, frames, packets sealed with the keys of their connection ID."""

from collections.abc import Sequence
from itertools import pairwise

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from appliance.core.wire.quic_crypto import derive_keys, editions_of

V1 = 0x00000001
V2 = 0x6B3343CF
DCID = bytes.fromhex("8394c8f03e515708")


def hello_message(name: str = "www.example.com", padding: int = 0) -> bytes:
    """Return a ClientHello for a name, with its header of 4 octets and that many octets of padding."""
    host = name.encode("ascii")
    entry = b"\x00" + len(host).to_bytes(2, "big") + host
    extensions = b"\x00\x00" + (len(entry) + 2).to_bytes(2, "big") + len(entry).to_bytes(2, "big") + entry
    extensions += b"\x00\x15" + padding.to_bytes(2, "big") + bytes(padding)
    body = b"\x03\x03" + bytes(range(32)) + b"\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    body += len(extensions).to_bytes(2, "big") + extensions
    return b"\x01" + len(body).to_bytes(3, "big") + body


def varint(number: int) -> bytes:
    """Return a variable-length integer in the fewest octets."""
    for prefix, octets in ((0, 1), (1, 2), (2, 4), (3, 8)):
        if number < 1 << (8 * octets - 2):
            return (number | prefix << (8 * octets - 2)).to_bytes(octets, "big")
    raise ValueError(number)


def crypto(offset: int, data: bytes, kind: int = 0x06) -> bytes:
    """Return a CRYPTO frame."""
    return bytes((kind,)) + varint(offset) + varint(len(data)) + data


def pieces(message: bytes, cuts: Sequence[int]) -> list[tuple[int, bytes]]:
    """Return the message cut at those places, each piece with its offset."""
    places = [0, *sorted(cuts), len(message)]
    return [(start, message[start:end]) for start, end in pairwise(places)]


def seal(
    payload: bytes,
    number: int = 0,
    *,
    version: int = V1,
    dcid: bytes = DCID,
    keys_of: bytes | None = None,
    token: bytes = b"",
    scid: bytes = b"",
    number_octets: int = 4,
    pad_to: int = 1162,
) -> bytes:
    """Return an Initial packet; its keys come from `keys_of`, from `dcid` where that is None."""
    edition = editions_of(version)[0]
    keys = derive_keys(dcid if keys_of is None else keys_of, edition)
    body = payload.ljust(pad_to, b"\x00")
    header = bytes((0xC0 | edition.initial << 4 | number_octets - 1,)) + version.to_bytes(4, "big")
    header += bytes((len(dcid),)) + dcid + bytes((len(scid),)) + scid + varint(len(token)) + token
    header += varint(number_octets + len(body) + 16)
    raw = (number & (1 << 8 * number_octets) - 1).to_bytes(number_octets, "big")
    nonce = (int.from_bytes(keys.iv, "big") ^ number).to_bytes(12, "big")
    sealed = AESGCM(keys.key).encrypt(nonce, body, header + raw)
    mask = Cipher(algorithms.AES(keys.header), modes.ECB()).encryptor().update(sealed[4 - number_octets :][:16])
    first = bytes((header[0] ^ mask[0] & 0x0F,))
    return first + header[1:] + bytes(a ^ b for a, b in zip(raw, mask[1:], strict=False)) + sealed


def chlo(tags: dict[bytes, bytes]) -> bytes:
    """Return a CHLO of Google's with those tags, in order."""
    table = values = b""
    for tag, value in tags.items():
        values += value
        table += tag + len(values).to_bytes(4, "little")
    return b"CHLO" + len(tags).to_bytes(2, "little") + b"\x00\x00" + table + values
