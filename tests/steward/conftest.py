"""What the tests of the steward share."""

import pytest

from appliance.core.house import House


class NoLabelling:
    """Stands in for the labels process, which is no matter of most tests: none is started."""

    def __init__(self, *_: object) -> None:
        """Hold nothing."""

    async def settle(self, _: House) -> None:
        """Start nothing."""

    async def stop(self) -> None:
        """End nothing."""

    def look(self) -> None:
        """Note nothing."""


@pytest.fixture(autouse=True)
def _without_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no steward start a labels process, but where a test says so."""
    monkeypatch.setattr("appliance.steward.daemon.Labelling", NoLabelling)
