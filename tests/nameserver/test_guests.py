"""Connections: who makes room for whom."""

import pytest

from appliance.nameserver import guests
from appliance.nameserver.guests import Guest, Guests
from appliance.world import clock
from tests.nameserver.inside import unraised


class Door:
    """Guests who come, each a second after the one before."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0.0
        self.cut: list[str] = []
        self.lost = unraised()
        self.guests = Guests(self.lost)
        self.known: dict[str, Guest] = {}
        monkeypatch.setattr(clock, "uptime", lambda: self.at)
        for name, value in (("MAX_CONNECTIONS", 4), ("MAX_OF_CLIENT", 2), ("MAX_OF_MANY", 3)):
            monkeypatch.setattr(guests, name, value)

    def come(self, *names: str, is_many: bool = False) -> None:
        """Let guests in: the first letter is the client."""
        for name in names:
            self.at += 1
            self.known[name] = Guest(name[0], lambda name=name: self.cut.append(name))  # type: ignore[misc]
            self.guests.come(self.known[name], is_many=is_many)


def test_a_clients_own_longest_idle_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has as many as one may have makes room by itself."""
    door = Door(monkeypatch)
    door.come("a1", "b1", "b2", "b3")
    assert door.cut == ["b1"]
    assert door.lost.fresh == 1
    assert len(door.guests) == 3


def test_one_that_asks_for_many_has_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A forwarder may have more than a client, not any number."""
    door = Door(monkeypatch)
    door.come("r1", "r2", "r3", is_many=True)
    assert door.cut == []
    door.come("r4", is_many=True)
    assert door.cut == ["r1"]


def test_who_has_the_most_makes_room_when_all_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its longest idle one goes, though another's was idle for longer."""
    door = Door(monkeypatch)
    door.come("a1", "b1", "b2", "c1", "d1")
    assert door.cut == ["b1"]
    door.come("e1")
    assert door.cut == ["b1", "a1"]


def test_asking_is_not_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that asked a moment ago stays."""
    door = Door(monkeypatch)
    door.come("a1", "b1", "c1", "d1")
    door.at += 1
    door.known["a1"].heard()
    door.come("e1")
    assert door.cut == ["b1"]


def test_whoever_goes_makes_room_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that was cut and then ends."""
    door = Door(monkeypatch)
    door.come("a1", "a2", "a3")
    for name in ("a1", "a2", "a2", "a3"):
        door.guests.go(door.known[name])
    assert len(door.guests) == 0
    door.come("a4", "b1", "c1", "d1")
    assert door.cut == ["a1"]


def test_in_a_crowd_one_may_be_idle_for_less_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than half of all connections are a crowd."""
    door = Door(monkeypatch)
    door.come("a1", "b1")
    assert door.guests.idle_s == guests.IDLE_S
    door.come("c1")
    assert door.guests.idle_s == guests.CROWDED_IDLE_S
