"""`kindgate steward`: a process that answers, keeps state.json, and ends when it is told."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance.core.visibility import VisibilityError
from appliance.household.lists import load_standing
from appliance.steward.clockwork import Clockwork
from appliance.world import bus, rules
from appliance.world.snapshot import publish_house
from appliance.world.state import load_state
from tests.commands.cli import kindgate
from tests.running import START_S, STOP_S, until
from tests.steward.box import HOUSE
from tests.steward.lists.houses import BAD, PAGE, house, lay, one

START = "from appliance.commands.steward import steward; steward()"


def status(data: Path) -> dict[str, Any]:
    """Return what the steward says of itself, nothing while it does not answer."""
    with contextlib.suppress(bus.BusError):
        return bus.ask(data, "steward", {"ask": "status"})
    return {}


def test_a_steward(tmp_path: Path) -> None:
    """It says which house it runs, writes state.json and both books, and ends in time without an error."""
    snapshot = publish_house(tmp_path, HOUSE)
    log = tmp_path / "log"
    with log.open("wb") as written:
        argv = [sys.executable, "-c", START, "--data", str(tmp_path)]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=written, stderr=written)
    try:
        until(lambda: status(tmp_path).get("digest") == snapshot.digest, START_S, "it answers")
        until(lambda: load_state(tmp_path) is not None, START_S, "it writes its state")
        assert status(tmp_path)["pid"] == process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(STOP_S)
    assert (code, "Traceback" in log.read_text()) == (0, False), log.read_text()
    assert {path.name for path in tmp_path.glob("*.db")} == {"ledger.db", "journal.db"}


def test_lists_of_the_box(tmp_path: Path) -> None:
    """They lie beside the configuration that it was told; its log says nothing of what is in them."""
    lay(tmp_path / "config", "a.txt", BAD)
    lay(tmp_path / "config", "b.txt", PAGE)
    config = tmp_path / "config" / "appliance.yaml"
    config.write_text("{}\n")
    data = tmp_path / "data"
    publish_house(data, house(one("a", "file:a.txt"), one("b", "file:b.txt")))
    log = tmp_path / "log"
    with log.open("wb") as written:
        argv = [sys.executable, "-c", START, "--data", str(data), "--config", str(config)]
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=written, stderr=written)
    try:
        until(lambda: load_standing(data).digest, START_S, "it builds")
        until(lambda: load_standing(data).lists["b"].failures, START_S, "it tells what is bad")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_S)
    assert log.read_text() == "WARNING steward: list b: nothing newer came\n"


def test_without_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without its contract keeps no books, and says why."""

    def broken() -> None:
        raise VisibilityError("visibility.yaml: line 3: no")

    monkeypatch.setattr(rules, "load_contract", broken)
    monkeypatch.setattr(Clockwork, "start", lambda _: None)
    result = kindgate("steward", data=tmp_path)
    assert result.exit_code == 1
    assert "the bundled rules can't be read: visibility.yaml: line 3: no" in result.output
    assert list(tmp_path.iterdir()) == []
