"""What the tests of the nameserver share."""

from pathlib import Path

import pytest

from appliance.nameserver import exchange
from tests.authority import Authority

BRIEF = (0.15, 0.15, 0.15)


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each try short."""
    monkeypatch.setattr(exchange, "TRY_S", BRIEF)
    monkeypatch.setattr(exchange, "TCP_S", 0.3)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this process believes."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made
