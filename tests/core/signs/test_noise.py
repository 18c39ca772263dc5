"""Octets that look like chance, and those that have a shape."""

from hashlib import shake_128

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.noise import MIN_OCTETS, looks_encrypted

NOISE = shake_128(b"noise").digest(200)


def test_chance_looks_encrypted() -> None:
    """From so many octets on."""
    assert looks_encrypted(NOISE)
    assert looks_encrypted(NOISE[:MIN_OCTETS])
    assert not looks_encrypted(NOISE[: MIN_OCTETS - 1])


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        bytes(200),
        b"\xff" * 200,
        b"STATUS" + NOISE,
        NOISE + b"a line of one and twenty",
        bytes(octet & 0x7F | 0x20 for octet in NOISE),
        b"".join(NOISE[at : at + 2] + b"words" for at in range(0, 100, 2)),
    ],
)
def test_a_shape_does_not(octets: bytes) -> None:
    """Few bits or many, text at the beginning, a long run of it, or much of it."""
    assert not looks_encrypted(octets)


@given(st.binary(max_size=600))
def test_any_octets_are_told(octets: bytes) -> None:
    """None raises."""
    assert looks_encrypted(octets) in (True, False)
