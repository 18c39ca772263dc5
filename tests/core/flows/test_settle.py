"""What comes of a packet is told apart from everything else, and is a value."""

import pytest

from appliance.core.flows.settle import WATCH, Settle, Why
from appliance.core.signs.facts import Kind


def test_a_settled_flow_is_a_value() -> None:
    """Equal to another that says the same, and nobody changes it."""
    one = Settle(6, b"abcd", 1, b"efgh", 2, Kind.OTHER, Why.LIMIT)
    assert one == Settle(6, b"abcd", 1, b"efgh", 2, Kind.OTHER, Why.LIMIT)
    assert (one.name, one.address, one.hello, one.signs, one.is_begun, one.is_again) == (
        None,
        None,
        None,
        (),
        True,
        False,
    )
    with pytest.raises(AttributeError):
        one.name = "www.kind.example"  # type: ignore[misc]
    assert WATCH is not one  # type: ignore[comparison-overlap]
