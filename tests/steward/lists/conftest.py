"""What tests of lists share: an empty data folder, and a sender whose authority is trusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steward.lists.sender import Sender, sending


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """An empty data folder."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    """A sender on this machine, trusted."""
    folder = tmp_path / "sender"
    folder.mkdir()
    with sending(folder) as one:
        monkeypatch.setenv("SSL_CERT_FILE", str(one.authority))
        yield one
