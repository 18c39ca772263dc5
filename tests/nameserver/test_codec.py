"""The length of a padded question says little."""

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.core.query import upstream_query
from appliance.nameserver.codec import BLOCK_OCTETS, OPTION_PADDING, padded_query
from tests.nameserver.asking import asking


@given(st.integers(1, 60))
def test_a_question_is_padded(length: int) -> None:
    """To whole blocks; dnspython reads it."""
    ask = asking(f"{'a' * length}.example")
    wire = padded_query(ask, 7, has_edns=True)
    assert len(wire) % BLOCK_OCTETS == 0
    told = dns.message.from_wire(wire)
    assert told.question == dns.message.from_wire(upstream_query(ask, 7)).question
    assert [int(option.otype) for option in told.options] == [OPTION_PADDING]
    assert (told.id, told.payload) == (7, 1232)


@pytest.mark.parametrize("name", ["a.example", "b.a.example"])
def test_without_edns_there_is_no_room(name: str) -> None:
    """So it stays as it is."""
    ask = asking(name)
    assert padded_query(ask, 7, has_edns=False) == upstream_query(ask, 7, has_edns=False)
