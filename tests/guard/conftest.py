"""What tests of the guard share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from scapy.config import conf

from tests.guard.seen import Seen
from tests.guard.segment import Segment, segment
from tests.guard.street import Street, guarded, street


@pytest.fixture(scope="module")
def built() -> Iterator[Street]:
    """A street for all tests of this file."""
    with street() as one:
        yield one


@pytest.fixture
def road(built: Street) -> Iterator[Street]:
    """The street, with our rules alone on the box."""
    with guarded(built) as one:
        yield one


@pytest.fixture(autouse=True)
def whole_scapy() -> None:
    """Read all of a packet, though the finder has told scapy, for all of the process, to read a part."""
    if conf.layers.filtered:
        conf.layers.unfilter()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Segment]:
    """A small home of a test's own."""
    with segment(tmp_path) as made:
        yield made


@pytest.fixture
def seen() -> Seen:
    """Return an inspector of a house with a child's tablet and an adult's laptop."""
    return Seen()
