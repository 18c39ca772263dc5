"""Where the box only answers questions each trick of a clever teenager ends as the table says."""

from collections.abc import Iterator

import pytest

from tests.adversary import table, trial
from tests.adversary.home import Adversary, adversary
from tests.adversary.trick import Mode, Trick

pytestmark = pytest.mark.lab

CASES = trial.cases(table.TRICKS, every=4)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adversary]:
    """The home with the box as its resolver, past whom connections go."""
    with adversary(tmp_path_factory.mktemp("dns"), Mode.DNS) as up:
        yield up


@pytest.mark.parametrize(("trick", "family"), CASES)
def test_a_trick(home: Adversary, trick: Trick, family: str) -> None:
    """One child tries it."""
    assert trial.found(home, trick, family) == trial.expected(trick, Mode.DNS, family)


def test_what_is_to_outlive_bedtime(home: Adversary) -> None:
    """All of it is begun before bedtime."""
    wanted = {one for trick in table.OVER_BEDTIME for one in trial.expected(trick, Mode.DNS)}
    assert trial.found_over_bedtime(home, table.OVER_BEDTIME) == wanted
