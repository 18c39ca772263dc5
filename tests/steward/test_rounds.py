"""Every other daemon is asked how it is, and what is otherwise than before is told once."""

import asyncio
from pathlib import Path

import pytest

from appliance.household.inforce import GUARD
from appliance.steward import rounds
from appliance.steward.rounds import Rounds
from appliance.world import clock
from tests.commands.cli import fake_daemon

HOUSE = (7, "digest")


def test_who_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The daemons of every box, and a gateway's guard where there is one; those that never came are told in time."""
    asked: list[str] = []
    whole = Rounds._ask

    def ask(self: Rounds, name: str) -> object:
        asked.append(name)
        return whole(self, name)

    monkeypatch.setattr(Rounds, "_ask", ask)
    made = Rounds(tmp_path)
    assert asyncio.run(made.go(*HOUSE)) == []
    assert sorted(asked) == ["finder", "nameserver", "web"]
    (tmp_path / "bus").mkdir(exist_ok=True)
    (tmp_path / "bus" / f"{GUARD}.sock").touch()
    asyncio.run(made.go(*HOUSE))
    assert sorted(asked) == ["finder", "finder", GUARD, "nameserver", "nameserver", "web", "web"]


def test_what_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that runs that house, that is gone, and that doesn't answer."""
    monkeypatch.setattr(rounds, "ASK_S", 0.2)
    now = clock.uptime()
    monkeypatch.setattr(clock, "uptime", lambda: now)
    made = Rounds(tmp_path)

    def modes() -> dict[str, str]:
        return {name: mode.state for name, mode in made.modes.items()}

    with fake_daemon(tmp_path, lambda _: {"bus": 1, "revision": 7, "digest": "digest"}):
        assert asyncio.run(made.go(*HOUSE)) == []
        assert modes() == {"nameserver": "running"}
    gone = asyncio.run(made.go(*HOUSE))
    assert [(one.kind, one.args) for one in gone] == [("daemon_gone", {"daemon": "nameserver"})]
    with fake_daemon(tmp_path, lambda _: {"bus": 1, "error": "this could not be answered"}):
        asyncio.run(made.go(*HOUSE))
        now += 4.0
        assert "daemon_silent" in [one.kind for one in asyncio.run(made.go(*HOUSE))]
    assert modes()["nameserver"] == "silent"
