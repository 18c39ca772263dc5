"""Problems: what is wrong is told as long as it is so."""

import pytest

from appliance.steward.problems import Problems
from appliance.store.errors import Corrupt, DiskFull, Gone, Locked, StoreError
from appliance.world.state import Problem
from tests.steward.box import codes


def test_noting_and_clearing() -> None:
    """A problem stands once, with what was said last, until it is cleared."""
    problems = Problems()
    problems.note("b", at=1)
    problems.note("a")
    problems.note("b", at=2)
    assert problems.all() == (Problem("a"), Problem("b", {"at": 2}))
    problems.clear("b", "never noted")
    assert problems.all() == (Problem("a"),)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Corrupt, [Problem("ledger_broken")]),
        (Locked, [Problem("ledger_waiting", {"why": "locked"})]),
        (Gone, [Problem("ledger_waiting", {"why": "gone"})]),
        (DiskFull, [Problem("disk_full", {"free_bytes": 0})]),
    ],
)
def test_what_a_file_has(fault: type[StoreError], expected: list[Problem]) -> None:
    """Each fault of a file has its code, and goes on to whoever wanted the file."""
    problems = Problems()
    with pytest.raises(fault), problems.tending("ledger"):
        raise fault
    assert list(problems.all()) == expected


def test_a_file_that_works_again() -> None:
    """Its own problems are over; others are not its business."""
    problems = Problems()
    for code in ("ledger_broken", "ledger_waiting", "journal_waiting", "disk_full"):
        problems.note(code)
    with problems.tending("ledger"):
        pass
    assert codes(problems) == ["disk_full", "journal_waiting"]


def test_how_full_stays_said() -> None:
    """A file that finds no room doesn't overwrite how much there is."""
    problems = Problems()
    problems.note("disk_full", free_bytes=77)
    with pytest.raises(DiskFull), problems.tending("journal"):
        raise DiskFull
    assert problems.all() == (Problem("disk_full", {"free_bytes": 77}),)
