"""`nameserver` answers in the foreground, by itself, as systemd wants it."""

from pathlib import Path

import pytest

from appliance.commands import nameserver as command
from appliance.config import Config
from appliance.core.whom import Whom
from tests.commands.cli import kindgate
from tests.fakes import fake_upstream
from tests.running import BLOCKED, addresses, own_address, running


def test_it_answers_without_the_others(tmp_path: Path) -> None:
    """No steward, finder or dashboard is needed for a name to be blocked."""
    with fake_upstream() as fake, running(tmp_path / "data", (fake.endpoint,)) as up:
        assert addresses(up.ask(BLOCKED)) == ["0.0.0.0"]
        assert sorted(file.name for file in (up.data / "bus").iterdir()) == ["nameserver.sock"]


def test_an_address_that_is_not_ours_is_exit_status_2(tmp_path: Path) -> None:
    """What no restart mends is told in a sentence."""
    result = kindgate("nameserver", "--dns", "192.0.2.1:5300", data=tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "192.0.2.1:5300" in result.stderr


def test_its_words_stand_on_the_command_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Addresses, upstreams and workers reach the daemon."""
    told: list[tuple[object, ...]] = []

    class Daemon:
        def __init__(self, *words: object) -> None:
            told.append(words)

        async def run(self, _: object) -> None:
            return

    monkeypatch.setattr(command, "Daemon", Daemon)
    where = f"{own_address()}:5399"
    result = kindgate("nameserver", "--dns", where, "--upstream", "192.0.2.53", "--workers", "3", data=tmp_path)
    assert result.exit_code == 0, result.output
    ((config, whom, data, workers),) = told
    assert isinstance(config, Config)
    assert isinstance(whom, Whom)
    assert (config.dns, [(one.address, one.port) for one in whom.servers]) == ((where,), [("192.0.2.53", 53)])
    assert (data, workers) == (tmp_path, 3)
