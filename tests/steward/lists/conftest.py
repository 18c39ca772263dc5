"""A sender of lists whose authority is trusted, for the length of a test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steward.lists.sender import Sender, sending


@pytest.fixture
def sender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    """A sender on this machine, trusted."""
    folder = tmp_path / "sender"
    folder.mkdir()
    with sending(folder) as one:
        monkeypatch.setenv("SSL_CERT_FILE", str(one.authority))
        yield one
