"""Messages on a stream: whole ones only, however they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.nameserver.datagrams import random
from appliance.nameserver.framing import MAX_UNDER_WAY, Framing
from tests.nameserver.asking import asking


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 7))
def test_messages_are_cut_where_they_end(messages: list[bytes], step: int) -> None:
    """Whatever pieces they come in; what is too short to have an id answers nothing."""
    one = Framing(is_padded=False)
    stream = b"".join(len(one).to_bytes(2, "big") + one for one in messages)
    found = [whole for at in range(0, len(stream), step) for whole in one.take(stream[at : at + step])]
    assert [one for _, one in found] == messages
    assert [number for number, _ in found] == [
        int.from_bytes(one[:2], "big") if len(one) > 11 else -1 for one in messages
    ]


def test_half_a_message_waits() -> None:
    """For its other half."""
    one = Framing(is_padded=False)
    assert one.take(b"\0") == []
    assert one.take(b"\x0d1234567890") == []
    assert one.take(b"abc\0") == [(int.from_bytes(b"12", "big"), b"1234567890abc")]


def test_an_id_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not given a second time."""
    drawn = [7, 7, 7, 8]
    monkeypatch.setattr(random, "u16", lambda: drawn.pop(0))
    one = Framing(is_padded=False)
    assert [one.ask(asking(), has_edns=True) for _ in range(2)] == [(7, 7), (8, 8)]


def test_ids_differ_while_they_are_under_way() -> None:
    """And there is room for so many; what is forgotten makes room."""
    one = Framing(is_padded=True)
    numbers = [one.ask(asking(), has_edns=True)[0] for _ in range(MAX_UNDER_WAY)]
    assert len(set(numbers)) == MAX_UNDER_WAY
    assert one.room() == 0
    one.forget(numbers[0])
    one.take(b"\0\x0c" + numbers[1].to_bytes(2, "big") + bytes(10))
    assert one.room() == 2
    octets = one.to_send()
    assert len(octets) == MAX_UNDER_WAY * 130
    assert octets[:2] == b"\0\x80"
    assert one.to_send() == b""
