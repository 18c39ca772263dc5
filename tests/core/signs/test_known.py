"""What is known beforehand of names and addresses."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.core.signs.known import NOTHING, Known
from appliance.core.signs.sign import Confidence, Sign

ONE, OTHER = Sign("one", Confidence.STRONG, "name"), Sign("other", Confidence.LIKELY, "name")
KNOWN = Known(
    exact={"a.example": ONE},
    below={"example": OTHER, "b.example": ONE},
    blocks={(4, 24): {0xC00002: ONE}, (4, 32): {0xC0000207: OTHER, 0xC0000307: OTHER}, (16, 0): {0: OTHER}},
)


def test_the_longest_name_counts() -> None:
    """And one that stands for itself alone before all."""
    names = ["a.example", "x.a.example", "b.example", "x.y.b.example", "example", "ample", ""]
    assert [KNOWN.of_name(name) for name in names] == [ONE, OTHER, ONE, ONE, OTHER, None, None]


def test_the_first_block_counts() -> None:
    """Of those of its own version of IP."""
    found = [KNOWN.of_address(bytes((192, 0, *rest))) for rest in ((2, 7), (3, 7), (3, 8))]
    assert found == [ONE, OTHER, None]
    assert KNOWN.of_address(bytes(range(16))) == OTHER


@given(st.text(max_size=300), st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_nothing_is_known_by_default(name: str, octets: bytes) -> None:
    """Of any name and any address."""
    assert (NOTHING.of_name(name), NOTHING.of_address(octets)) == (None, None)
