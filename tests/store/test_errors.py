"""Every error can be shown to a person."""

import pytest

from appliance.store import errors
from appliance.store.errors import StoreError

EVERY = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, StoreError)]


@pytest.mark.parametrize("kind", EVERY)
def test_an_error_is_a_sentence(kind: type[StoreError]) -> None:
    """Each says in one line what is the matter, without a word of SQL; file and details are kept for the log."""
    error = kind("house.db: details")
    assert error.sentence.endswith(".")
    assert "\n" not in error.sentence
    assert not {"SQL", "database", "exception"} & set(error.sentence.split())
    assert str(error) == "house.db: details"


def test_each_says_something_else() -> None:
    """No two errors read alike."""
    assert len({kind().sentence for kind in EVERY}) == len(EVERY) > 5
