"""Finished replies."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.nameserver import memo
from appliance.nameserver.memo import Finished, Memos
from tests.nameserver.inside import unraised


def kept(until: float = 100.0, reply: bytes = b"reply") -> Finished:
    """Return a finished reply."""
    return Finished(until, reply, unraised())


def held(memos: Memos, *states: str) -> list[bytes]:
    """Return all queries that are held for these states."""
    return [query for state in states for query in memos.of(state)]


def test_state_has_one_memo() -> None:
    """Who is decided alike shares a memo; who is not does not."""
    memos = Memos()
    memos.put(memos.of("kim"), b"query", kept())
    assert memos.of("kim") is memos.of("kim")
    assert b"query" in memos.of("kim")
    assert b"query" not in memos.of("sam")


def test_later_reply_takes_the_place() -> None:
    """The last reply to a query is the one that is given."""
    memos = Memos()
    memos.put(memos.of("kim"), b"query", kept(reply=b"one"))
    memos.put(memos.of("kim"), b"query", kept(reply=b"two"))
    assert memos.of("kim")[b"query"].wire == b"two"


def test_long_query_is_not_kept() -> None:
    """Nobody fills the memory with long queries."""
    memos = Memos()
    memos.put(memos.of("kim"), bytes(memo.MAX_QUERY_OCTETS + 1), kept())
    memos.put(memos.of("kim"), bytes(memo.MAX_QUERY_OCTETS), kept())
    assert [len(query) for query in memos.of("kim")] == [memo.MAX_QUERY_OCTETS]


def test_forget_empties_the_memos_that_are_held() -> None:
    """Forgetting reaches whoever holds a memo."""
    memos = Memos()
    holding = memos.of("kim")
    memos.put(holding, b"query", kept())
    memos.forget()
    assert holding == {}
    assert memos.of("kim") is holding


def test_sweep_drops_what_has_ended() -> None:
    """A sweep drops what may not be given out any more, at the very moment at which it ends."""
    memos = Memos()
    for number in range(5):
        memos.put(memos.of("kim"), bytes([number]), kept(until=float(number)))
    memos.sweep(2.0)
    assert held(memos, "kim") == [b"\3", b"\4"]


def test_a_sweep_is_of_one_memo() -> None:
    """Each has its turn, so that no query waits for all of them."""
    memos = Memos()
    assert memos.sweep(9.0)
    for state in ("kim", "sam", "ann"):
        memos.put(memos.of(state), state.encode(), kept(until=1.0))
    left = []
    for _ in range(3):
        is_round = memos.sweep(5.0)
        left.append((len(held(memos, "kim", "sam", "ann")), is_round))
    assert left == [(2, False), (1, False), (0, True)]


def test_nothing_of_it_concerns_the_garbage_collector() -> None:
    """A hundred thousand finished replies are none of its business, or each of its rounds would be felt."""
    assert not gc.is_tracked(kept())
    assert not gc.is_tracked(kept().cell)


@given(st.lists(st.tuples(st.sampled_from(["kim", "sam", "ann"]), st.integers(0, 30)), max_size=200))
def test_never_more_than_the_limit(puts: list[tuple[str, int]]) -> None:
    """All memos together never hold more than the limit, the newest reply is always among them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memo, "MAX_REPLIES", 8)
        memos = Memos()
        for number, (state, query) in enumerate(puts):
            memos.put(memos.of(state), bytes([query]), kept(until=float(number)))
            assert len(held(memos, "kim", "sam", "ann")) <= 8
            assert bytes([query]) in memos.of(state)
            if number % 20 == 19:
                for _ in range(3):
                    memos.sweep(number - 3.0)
        memos.forget()
        for number in range(8):
            memos.put(memos.of("kim"), bytes([number]), kept())
        assert len(held(memos, "kim")) == 8


def test_some_states_are_forgotten() -> None:
    """Those that begin like this, and their room is there again; the memo itself stays, because the hot path has it."""
    memos = Memos()
    kim = memos.of("person:kim:")
    for state in ("person:kim:", "person:kimberly:", "forwarder:1"):
        memos.put(memos.of(state), state.encode(), kept())
    memos.forget_of(("person:kim:", "forwarder:"))
    assert held(memos, "person:kim:", "person:kimberly:", "forwarder:1") == [b"person:kimberly:"]
    assert memos.of("person:kim:") is kim
    memos.sweep(1_000.0)
    memos.put(kim, b"query", kept())
    assert held(memos, "person:kim:", "person:kimberly:") == [b"query"]
