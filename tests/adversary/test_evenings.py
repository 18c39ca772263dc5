"""Innocent evenings: all of it works, and the box tells and refuses nothing."""

import time
from collections.abc import Iterator

import pytest

from appliance.core.flows.table import MAX_SECONDS
from tests.adversary.child import Child
from tests.adversary.evenings import EVENINGS, Evening
from tests.adversary.home import DAY, NIGHT, SOON_S, Adversary, adversary
from tests.adversary.trick import Mode

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adversary]:
    """The home with the box as its gateway."""
    with adversary(tmp_path_factory.mktemp("evenings"), Mode.GATEWAY) as up:
        yield up


@pytest.mark.parametrize("evening", EVENINGS, ids=lambda evening: evening.id)
def test_an_innocent_evening(home: Adversary, evening: Evening) -> None:
    """It works; nothing is told, nothing refused."""
    if evening.is_night:
        # What began by day and said too little to be known is decided when its time has run out: by day too.
        time.sleep(MAX_SECONDS + SOON_S)
        home.box.apply(NIGHT)
    try:
        refused, since = home.refused(), time.time()
        assert evening.how(Child(home.lab, evening.host, "", ""))
        assert (home.refused(), home.told(since)) == (refused, set())
    finally:
        if evening.is_night:
            home.box.apply(DAY)
