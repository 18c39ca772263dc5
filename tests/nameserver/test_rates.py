"""Purses: what a client may ask at once, and how they fill up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.nameserver import rates
from appliance.nameserver.rates import Purse, Rates
from appliance.world import clock
from tests.nameserver.inside import unraised


class Time:
    """A clock that a test moves."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.at = 100.0
        patch.setattr(clock, "uptime", lambda: self.at)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Return a clock that stands still."""
    return Time(monkeypatch)


def taken(purse: Purse, times: int = 1_000) -> int:
    """Return how many of so many queries may be asked now."""
    return sum(purse.take() for _ in range(times))


def test_a_seconds_worth_at_once_and_then_the_rate(time: Time) -> None:
    """What is over it is counted."""
    lost = unraised()
    purse = Purse(10, 10, lost)
    assert taken(purse) == 10
    assert lost.fresh == 990
    time.at += 0.26
    assert taken(purse) == 2
    time.at += 0.26
    assert taken(purse) == 3
    time.at += 3_600
    assert taken(purse) == 10


def test_when_the_next_is_due(time: Time) -> None:
    """At once, or when one more has come together."""
    purse = Purse(10, 10, unraised())
    assert purse.due_s() == 0
    taken(purse)
    assert purse.due_s() == pytest.approx(0.1)
    time.at += 0.06
    assert purse.due_s() == pytest.approx(0.04)
    time.at += 0.05
    assert purse.due_s() == 0
    assert Purse(0, 0, unraised()).due_s() == rates.FOREVER_S


def test_who_is_never_answered(time: Time) -> None:
    """An empty purse that never fills up."""
    lost = unraised()
    purse = Purse(0, 0, lost)
    time.at += 3_600
    assert taken(purse, 5) == 0
    assert lost.fresh == 5


def test_who_owes_pays_back(time: Time) -> None:
    """Eight at a time from a purse of ten: the debt comes out of what comes together, and nothing of it is lost."""
    lost = unraised()
    purse = Purse(10, 10, lost)
    assert [purse.owe(8), purse.owe(8)] == [True, False]
    assert purse.due_s() == pytest.approx(0.7)
    time.at += 0.65
    assert not purse.pay()
    time.at += 0.1
    assert purse.pay()
    assert lost.fresh == 0


def test_a_reply_that_is_paid_for(time: Time) -> None:
    """It is given out until its time is over or the purse is empty, and looking whether it is over costs nothing."""
    purse = Purse(2, 2, unraised())
    until = purse.until(50.9)
    assert until is purse.until(50.0)
    assert not until > 50.0
    assert (until <= 49.0, until <= 50.0) == (False, True)
    assert [until > 49.0 for _ in range(3)] == [True, True, False]


def test_moments_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made anew when they are too many."""
    monkeypatch.setattr(rates, "MAX_UNTILS", 10)
    purse = Purse(2, 2, unraised())
    for number in range(100):
        purse.until(number)
    assert len(purse._untils) <= 10


def test_each_has_a_purse(time: Time) -> None:
    """One client's flood is nothing to another; one that stands for many may ask more."""
    lost = unraised()
    of = Rates(5, 1, lost)
    assert taken(of.of("kim", "192.168.1.2")) == 5
    assert taken(of.of("kim", "192.168.1.3")) == 0
    assert taken(of.of("sam", "192.168.1.2")) == 5
    assert taken(of.of("router", "192.168.1.1", 20)) == 100


def test_workers_share_the_rate(time: Time) -> None:
    """Each fills up by its share, and holds all of it."""
    purse = Rates(8, 4, unraised()).of("kim", "192.168.1.2")
    assert taken(purse) == 8
    time.at += 1
    assert taken(purse) == 2


@pytest.mark.parametrize(
    ("limit", "source", "is_limited"),
    [
        (5, "127.0.0.1", False), (5, "127.9.9.9", False), (5, "::1", False), (5, "fe80::1%2", True),
        (5, "192.168.1.2", True), (0, "192.168.1.2", False),
    ],
)  # fmt: skip
def test_who_is_limited(time: Time, limit: int, source: str, is_limited: bool) -> None:
    """Not the box itself, and nobody where there is no limit."""
    of = Rates(limit, 1, unraised())
    assert taken(of.of("kim", source), 500) == (5 if is_limited else 500)
    assert (of.of("kim", source) is of.endless) is not is_limited


def test_loopback_can_be_limited_too(time: Time) -> None:
    """Where it is asked for."""
    assert taken(Rates(5, 1, unraised(), spares_loopback=False).of("kim", "127.0.0.1")) == 5


def test_a_flood_of_clients_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """All are forgotten when they are too many."""
    monkeypatch.setattr(rates, "MAX_PURSES", 10)
    of = Rates(5, 1, unraised())
    for number in range(100):
        of.of(f"client {number}", "192.168.1.2")
    assert len(of._purses) <= 10


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 50)), max_size=30))
def test_never_more_than_the_rate(steps: list[tuple[float, int]]) -> None:
    """Whenever and however often one asks: no more than a second's worth and what came together since."""
    with pytest.MonkeyPatch.context() as patch:
        time = Time(patch)
        purse = Purse(7, 7, unraised())
        got = 0
        for wait, times in steps:
            time.at += wait
            got += taken(purse, times)
            assert got <= 7 + (time.at - 100) * 7 + 1e-6
