"""The keys of Initial packets are those of the RFCs, and open what those show, and nothing else."""

import pytest
from aioquic.quic.crypto import CryptoPair
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.wire import quic_crypto
from appliance.core.wire.quic_crypto import (
    DRAFT_22,
    DRAFT_23,
    DRAFT_29,
    V1,
    V2,
    Keys,
    derive_keys,
    editions_of,
    is_published,
    open_packet,
    whole_number,
)
from tests.core.wire import initials
from tests.core.wire.initials import DCID, seal

FRAMES = bytes.fromhex(
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
    "00000413011302010000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504"
    "616c706e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748"
    "002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffffffffffffff0504"
    "8000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff"
)
"""The client's Initial of RFC 9001 appendix A.2, which RFC 9369 appendix A.2 seals anew."""
NUMBER_AT = 18


def test_keys_of_version_1() -> None:
    """RFC 9001 appendix A.1."""
    assert derive_keys(DCID, V1) == Keys(
        bytes.fromhex("1f369613dd76d5467730efcbe3b1a22d"),
        bytes.fromhex("fa044b2f42a3fd3b46fb255c"),
        bytes.fromhex("9f50449e04a0e810283a1e9933adedd2"),
    )


def test_keys_of_version_2() -> None:
    """RFC 9369 appendix A.1."""
    assert derive_keys(DCID, V2) == Keys(
        bytes.fromhex("8b1a0bc121284290a29e0971b5cd045d"),
        bytes.fromhex("91f73e2351d8fa91660e909f"),
        bytes.fromhex("45b95e15235d6f45a6b19cbcb0294ba9"),
    )


@pytest.mark.parametrize(
    ("version", "header", "sample"),
    [
        (initials.V1, "c000000001088394c8f03e5157080000449e7b9aec34", "d1b1c98dd7689fb8ec11d242b123dc9b"),
        (initials.V2, "d76b3343cf088394c8f03e5157080000449ea0c95e82", "ffe67b6abcdb4298b485dd04de806071"),
    ],
)
def test_the_packets_of_the_rfcs(version: int, header: str, sample: str) -> None:
    """RFC 9001 and RFC 9369 appendix A.2: sealed by the tests as there, and opened again."""
    packet = seal(FRAMES, 2, version=version)
    assert (packet[:22].hex(), packet[22:38].hex(), len(packet)) == (header, sample, 1200)
    edition = editions_of(version)[0]
    assert open_packet(packet, NUMBER_AT, derive_keys(DCID, edition), -1) == (2, FRAMES.ljust(1162, b"\x00"))


def test_the_tag_of_the_rfc() -> None:
    """RFC 9001 appendix A.2: the last octets, which vouch for all others."""
    assert seal(FRAMES, 2)[-16:].hex() == "e221af44860018ab0856972e194cd934"


@pytest.mark.parametrize("version", [initials.V1, initials.V2])
@given(dcid=st.binary(min_size=8, max_size=20), number=st.integers(0, 255))
def test_aioquic_seals_what_we_open(version: int, dcid: bytes, number: int) -> None:
    """A second opinion on keys, mask and nonce."""
    edition = editions_of(version)[0]
    pair = CryptoPair()
    pair.setup_initial(cid=dcid, is_client=True, version=version)
    header = bytes((0xC0 | edition.initial << 4,)) + version.to_bytes(4, "big") + bytes((len(dcid),)) + dcid
    header += b"\x00\x00\x40\x64"
    packet = pair.encrypt_packet(header + bytes((number,)), bytes(83), number)
    assert open_packet(packet, len(header), derive_keys(dcid, edition), -1) == (number, bytes(83))


@pytest.mark.parametrize("octets", [1, 2, 3, 4])
def test_packet_numbers_of_every_length(octets: int) -> None:
    """The mask covers as many octets as the first octet says under its own mask."""
    packet = seal(b"\x01", 0x77, number_octets=octets)
    assert open_packet(packet, NUMBER_AT, derive_keys(DCID, V1), 0x70) == (0x77, b"\x01".ljust(1162, b"\x00"))


def test_a_number_beyond_its_octets() -> None:
    """A late packet's number wraps: the nonce needs all of it."""
    packet = seal(b"\x01", 0x1_05, number_octets=1)
    assert open_packet(packet, NUMBER_AT, derive_keys(DCID, V1), -1) is None
    assert open_packet(packet, NUMBER_AT, derive_keys(DCID, V1), 0xFE) == (0x105, b"\x01".ljust(1162, b"\x00"))


@given(st.integers(0, 8 * 1200 - 1))
def test_one_bit_changed_opens_nothing(bit: int) -> None:
    """Wherever it is: in the header, the number or what is sealed."""
    packet = bytearray(seal(FRAMES, 2))
    packet[bit // 8] ^= 1 << bit % 8
    assert open_packet(bytes(packet), NUMBER_AT, derive_keys(DCID, V1), -1) is None


def test_a_packet_too_short_for_its_sample_opens_nothing() -> None:
    """Four octets of number and sixteen of sample are the least (RFC 9001 section 5.4.2)."""
    packet = seal(b"\x01")
    assert [open_packet(packet[:end], NUMBER_AT, derive_keys(DCID, V1), -1) for end in (18, 37, 38, 60)] == [None] * 4


@pytest.mark.parametrize(
    ("sent", "octets", "largest", "whole"),
    [
        (0x9B32, 2, 0xA82F30EA, 0xA82F9B32),
        (0, 1, -1, 0),
        (255, 1, -1, 255),
        (2, 1, 0xFE, 0x102),
        (0xFE, 1, 0x101, 0xFE),
        (0xFF, 1, 0x100, 0xFF),
        (0x01, 1, (1 << 62) - 2, (1 << 62) - 255),
    ],
)
def test_whole_numbers(sent: int, octets: int, largest: int, whole: int) -> None:
    """RFC 9000 appendix A.3; the first line is its example."""
    assert whole_number(sent, octets, largest) == whole


def test_editions() -> None:
    """Each draft has the salt of its time; what nobody published is tried with several, and is not published."""
    assert [editions_of(0xFF000000 + draft) for draft in (22, 23, 28, 29, 32, 33, 34)] == [
        (DRAFT_22,), (DRAFT_23,), (DRAFT_23,), (DRAFT_29,), (DRAFT_29,), (V1,), (V1,),
    ]  # fmt: skip
    assert editions_of(0xFACEB002) == (DRAFT_23,)
    assert editions_of(0xFACEB00E) == (DRAFT_23, V1)
    assert V1 in editions_of(0xBABABABA)
    published = [0x00000001, 0x6B3343CF, 0xFF00001D, 0xFACEB00E, 0xBABABABA, 0x0A1A2A3A, 0x51303530, 0x54303531]
    assert [version for version in published if not is_published(version)] == []
    assert not is_published(0x12345678)


def test_salts_have_twenty_octets() -> None:
    """All of them."""
    salts = [one.salt for one in vars(quic_crypto).values() if isinstance(one, quic_crypto.Edition)]
    assert [len(salt) for salt in salts] == [20] * 8
    assert len(set(salts)) == 8
