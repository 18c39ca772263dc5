"""What all tests of the steward share."""

import pytest

from appliance.core.house import House
from appliance.steward.labelling import Labelling


class NoLabelling(Labelling):
    """The keeper of the labels process, which is no matter of most tests: it starts none."""

    async def settle(self, _: House) -> None:
        """Start nothing."""


@pytest.fixture(autouse=True)
def _without_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no steward start a labels process, but where a test says so."""
    monkeypatch.setattr("appliance.steward.daemon.Labelling", NoLabelling)
