"""Guessing is bounded, by memory and by house.db, and the clock is handed in."""

from pathlib import Path

import pytest

from appliance.store.accounts import Accounts
from appliance.store.errors import DiskFull
from appliance.store.house import HouseStore
from appliance.web import lockout
from appliance.web.lockout import FREE, LONGEST_S, Locked, Lockout, wait_s
from tests.store.houses import held
from tests.web.conftest import AT

WHO = ("account:dana", "address:192.168.77.5")


def fail(guard: Lockout, at: float, subjects: tuple[str, ...] = WHO) -> None:
    """Try once, in vain."""
    guard.begin(subjects, at)
    guard.fail(subjects, at)


def locked_until(guard: Lockout, at: float, subjects: tuple[str, ...] = WHO) -> float:
    """Return until when a try is refused."""
    with pytest.raises(Locked) as caught:
        guard.begin(subjects, at)
    return caught.value.until


@pytest.fixture
def guard(tmp_path: Path) -> Lockout:
    """A lock-out over an empty store."""
    store = HouseStore(tmp_path)
    return Lockout(lambda: store.accounts)


def test_the_waits_double_up_to_an_hour() -> None:
    """Five are free; then a minute, two, four … an hour."""
    assert [wait_s(failures) for failures in (0, 4, 5, 6, 7, 10, 11, 100)] == [0, 0, 60, 120, 240, 1920, 3600, 3600]


def test_five_failures_lock_for_a_minute_and_the_next_for_two(guard: Lockout) -> None:
    """A refused try is no failure; the right password ends it all."""
    for _ in range(FREE):
        fail(guard, AT)
    assert locked_until(guard, AT) == AT + 60
    assert locked_until(guard, AT + 59) == AT + 60
    fail(guard, AT + 60)
    assert locked_until(guard, AT + 60) == AT + 180
    guard.begin(WHO, AT + 180)
    guard.succeed(WHO)
    for _ in range(FREE):
        fail(guard, AT + 181)


def test_each_subject_is_counted_by_itself(guard: Lockout) -> None:
    """Who guesses at five names from one address is stopped; another address goes on."""
    for number in range(FREE):
        fail(guard, AT, (f"account:{number}", "address:a"))
    assert locked_until(guard, AT, ("account:9", "address:a")) == AT + 60
    fail(guard, AT, ("account:9", "address:b"))


def test_guesses_made_at_once_do_not_slip_through(guard: Lockout) -> None:
    """A try counts before its answer is known."""
    for _ in range(FREE):
        guard.begin(WHO, AT)
    assert locked_until(guard, AT) == AT + 60


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    """What was counted stands in house.db."""
    with HouseStore(tmp_path) as store:
        first = Lockout(lambda: store.accounts)
        for _ in range(FREE):
            fail(first, AT)
        assert locked_until(Lockout(lambda: store.accounts), AT) == AT + 60


def test_without_house_db_memory_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A full disk takes nobody's log-in away, and gives nobody more guesses."""

    def broken() -> Accounts:
        raise DiskFull("full")

    guard = Lockout(broken)
    for _ in range(FREE):
        fail(guard, AT)
    assert locked_until(guard, AT) == AT + 60
    guard.begin(WHO, AT + 61)
    guard.succeed(WHO)
    guard.begin(WHO, AT + 61)


def test_a_locked_house_db_is_no_way_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Somebody else holds it: memory counts."""
    monkeypatch.setattr("appliance.store.connection.BUSY_S", 0.01)
    with HouseStore(tmp_path) as store:
        guard = Lockout(lambda: store.accounts)
        with held(store.path):
            for _ in range(FREE):
                fail(guard, AT)
            assert locked_until(guard, AT) == AT + 60


def test_a_clock_that_is_set_locks_nobody_out_for_ever(guard: Lockout) -> None:
    """A lock that lies years ahead is cut to an hour; failures of another day are forgotten."""
    for _ in range(FREE):
        fail(guard, AT + 1000)
    assert locked_until(guard, AT) <= AT + LONGEST_S
    guard.begin(WHO, AT - 10 * 86_400)
    guard.begin(WHO, AT + 10 * 86_400)


def test_memory_is_bounded(guard: Lockout, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand made-up names push out the oldest, and house.db still knows them."""
    monkeypatch.setattr(lockout, "MAX_SUBJECTS", 3)
    for _ in range(FREE):
        fail(guard, AT, ("account:dana",))
    for number in range(5):
        guard.begin((f"name:{number}",), AT)
    assert len(guard._known) == 3
    assert locked_until(guard, AT, ("account:dana",)) == AT + 60
