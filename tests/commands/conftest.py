"""What all tests of commands stand on: a machine that knows nothing yet, and rules that are read only once."""

from pathlib import Path

import pytest

from appliance.world import rules
from tests.commands.cli import nowhere

__all__ = ["nowhere"]

_BOOK = rules.load_rulebook()
_NAMES = rules.bundled_set(_BOOK)


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every command the bundled rules without reading them anew, and nothing that this machine configured."""
    monkeypatch.setattr("appliance.commands.options.SYSTEM_CONFIG", Path("/nonexistent/appliance.yaml"))
    monkeypatch.setattr(rules, "load_rulebook", lambda: _BOOK)
    monkeypatch.setattr(rules, "bundled_set", lambda _: _NAMES)
