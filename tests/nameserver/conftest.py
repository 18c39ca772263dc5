"""What the tests of the nameserver share."""

import pytest

from appliance.nameserver import exchange

BRIEF = (0.15, 0.15, 0.15)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each try short."""
    monkeypatch.setattr(exchange, "TRY_S", BRIEF)
    monkeypatch.setattr(exchange, "TCP_S", 0.3)
