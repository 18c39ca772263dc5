"""What the tests of the nameserver share."""

import pytest

from appliance.nameserver import upstream

BRIEF = (0.15, 0.15, 0.15)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each try short."""
    monkeypatch.setattr(upstream, "TRY_S", BRIEF)
    monkeypatch.setattr(upstream, "TCP_S", 0.3)
