"""The lab that the tests of this folder share."""

import os
from collections.abc import Iterator

import pytest

from tests.lab.home import Home, home


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A lab with a name of this session's own; each test sets the recipe that it needs."""
    with home(f"test-{os.getpid()}", tmp_path_factory.mktemp("lab")) as up:
        yield up
