"""Screen time as the daemon holds it: nothing lost on the way, nothing double, and no longer than it is wanted."""

import pytest

from appliance.nameserver import screens as screens_module
from appliance.nameserver.link import Screened
from appliance.nameserver.screens import FETCHED_MINUTES, KEPT_MINUTES, Screens

NOW = 29_000_000


def told(times: int, person: str = "kim", service: str | None = None) -> Screened:
    """Return what a worker told."""
    return Screened(person, service, "video", times)


def test_only_what_changed_is_told() -> None:
    """All of a minute so far, again when it grows; from the beginning for who knows nothing."""
    one = Screens()
    one.take(NOW, told(3))
    one.take(NOW, told(1, service="youtube"))
    serial, rows = one.since(0, NOW)
    assert rows == [(NOW, "kim", None, "video", 3), (NOW, "kim", "youtube", "video", 1)]
    assert one.since(serial, NOW) == (serial, [])
    one.take(NOW, told(2))
    grown = [(NOW, "kim", None, "video", 5)]
    assert one.since(serial, NOW)[1] == grown
    assert one.since(0, NOW)[1] == [rows[1], *grown]


def test_more_than_one_answer_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is cut, and goes on from there."""
    monkeypatch.setattr(screens_module, "MAX_OCTETS", 100)
    one = Screens()
    for number in range(20):
        one.take(NOW, told(1, f"p{number}"))
    found: list[str] = []
    serial, rows = one.since(0, NOW)
    while rows:
        found += [row[1] for row in rows]
        serial, rows = one.since(serial, NOW)
    assert found == [f"p{number}" for number in range(20)]


def test_what_was_fetched_goes_soon() -> None:
    """What was not stays for a day; of minutes that are yet to come nothing stays, because the clock was set."""
    one = Screens()
    for minute in (NOW - FETCHED_MINUTES, NOW - FETCHED_MINUTES + 1, NOW):
        one.take(minute, told(1))
    serial, rows = one.since(0, NOW)
    assert len(rows) == 3
    one.since(serial, NOW)
    assert [row[0] for row in one.since(0, NOW)[1]] == [NOW - FETCHED_MINUTES + 1, NOW]
    assert [row[0] for row in one.since(0, NOW - 1)[1]] == [NOW - FETCHED_MINUTES + 1, NOW]
    assert [row[0] for row in one.since(0, NOW - 2)[1]] == [NOW - FETCHED_MINUTES + 1]
    assert one.since(0, NOW + KEPT_MINUTES)[1] == []
    assert len(one) == 0


def test_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known still grows."""
    monkeypatch.setattr(screens_module, "MAX_NOTES", 1)
    one = Screens()
    for person in ("kim", "sam", "kim"):
        one.take(NOW, told(1, person))
    assert (one.since(0, NOW)[1], one.dropped) == ([(NOW, "kim", None, "video", 2)], 1)


def test_who_left() -> None:
    """Is held no longer."""
    one = Screens()
    for person in ("kim", "sam"):
        one.take(NOW, told(1, person))
    one.settle({"sam"})
    assert [row[1] for row in one.since(0, NOW)[1]] == ["sam"]
