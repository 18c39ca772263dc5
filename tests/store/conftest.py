"""A store of each kind in a fresh folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.store.house import HouseStore
from appliance.store.journal import JournalStore
from appliance.store.ledger import LedgerStore
from tests.store.houses import AT


@pytest.fixture
def house(tmp_path: Path) -> Iterator[HouseStore]:
    """Return an empty house store."""
    with HouseStore(tmp_path) as store:
        yield store


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[LedgerStore]:
    """Return an empty ledger."""
    with LedgerStore(tmp_path) as store:
        yield store


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[JournalStore]:
    """Return an empty journal."""
    with JournalStore(tmp_path, AT) as store:
        yield store
