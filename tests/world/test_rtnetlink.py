"""What the kernel sends is read as far as it goes, and asking for a table gives it whole."""

import socket

from hypothesis import given
from hypothesis import strategies as st

from appliance.world.rtnetlink import RTM_GETADDR, RTM_NEWADDR, RTM_NEWNEIGH, attributes, dump, messages
from tests.world.test_neighbours import NEW4, RECORDED


@given(st.sampled_from(RECORDED), st.integers(0, 90))
def test_cut_messages(data: bytes, size: int) -> None:
    """A datagram that was cut is read as far as it goes."""
    for _, body in messages(data[:size]):
        dict(attributes(body[12:]))


@given(st.binary(max_size=200))
def test_any_octets(data: bytes) -> None:
    """Whatever comes is read to an end."""
    for _, body in messages(data):
        dict(attributes(body))


def test_message_of_no_length_ends_the_datagram() -> None:
    """A message that claims to have no octets is the last."""
    assert list(messages(bytes(64))) == []
    assert list(attributes(bytes(64))) == []


def test_a_recorded_message() -> None:
    """Kind and attributes as the kernel wrote them."""
    ((kind, body),) = messages(NEW4)
    told = dict(attributes(body[12:]))
    assert (kind, told[1], told[2].hex(":")) == (RTM_NEWNEIGH, bytes((192, 0, 2, 9)), "02:00:00:00:00:09")


def test_a_live_table() -> None:
    """This machine has an address on loopback."""
    found = [dict(attributes(body[8:])).get(2) for body in dump(RTM_GETADDR, RTM_NEWADDR) if body[0] == socket.AF_INET]
    assert bytes((127, 0, 0, 1)) in found
