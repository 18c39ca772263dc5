"""How a list stands by what came of it."""

import contextlib
from pathlib import Path

import pytest

from appliance.core.lists.report import Report
from appliance.household.lists import Phase, Status
from appliance.steward.lists.errand import Brought
from appliance.steward.lists.fetch import Marks
from appliance.steward.lists.flights import Flight, brought, settled
from appliance.steward.lists.intake import Taken
from appliance.steward.lists.timing import AGAIN_S, DAY_S
from tests.steward.lists.houses import BAD, one
from tests.steward.lists.packed import pack

AT = 1_800_000_000.0
URL = "https://lists.example/a"
BEFORE = Status(
    phase=Phase.READY, problem="No.", octets=7, failures=2, tried=URL, source=URL, etag="old", digest="0",
    fetched_at=1.0, changed_at=1.0, report=Report(names=1),
)  # fmt: skip


def never() -> float:
    """Return what changes nothing."""
    return 0.5


def test_nothing_newer() -> None:
    """All is well, and what lies here is what lay here."""
    good = Flight(one("a", URL), BEFORE, AT, contextlib.ExitStack()).good(never)
    assert (good.phase, good.problem, good.failures, good.octets) == (Phase.READY, "", 0, 7)
    assert (good.tried_at, good.fetched_at, good.changed_at, good.next_at) == (AT, AT, 1.0, AT + DAY_S)


def test_it_did_not_come() -> None:
    """What lies here is what lay here, as old as it is; and it is waited longer than the last time."""
    bad = Flight(one("a", URL), BEFORE, AT, contextlib.ExitStack()).bad(never)
    assert (bad.phase, bad.failures, bad.octets, bad.etag) == (Phase.READY, 3, 7, "old")
    assert (bad.tried_at, bad.fetched_at, bad.next_at) == (AT, 1.0, AT + 4 * AGAIN_S)


def test_it_came(tmp_path: Path) -> None:
    """With what it is known by; if it can't be taken, it stands as one that didn't come."""
    released: list[bool] = []
    held = contextlib.ExitStack()
    held.callback(released.append, True)
    path = pack(tmp_path / "new", BAD)
    flight = Flight(one("a", URL), BEFORE, AT, held, Brought(path, Taken(20, "1"), Marks("new", "today")))
    fresh = flight.fresh(never)
    good = fresh.good
    assert (fresh.path, fresh.bad) == (path, flight.bad(never))
    assert (good.octets, good.digest, good.etag, good.last_modified) == (20, "1", "new", "today")
    assert (good.source, good.changed_at, good.fetched_at) == (URL, AT, AT)
    flight.drop()
    assert released == [True]
    assert not path.exists()


def test_it_was_brought(tmp_path: Path) -> None:
    """It is never fetched; its length is that of the text."""
    path = pack(tmp_path / "mine", BAD)
    fresh = brought(path, BEFORE, AT)
    assert (fresh.good.octets, fresh.good.source, fresh.good.next_at, fresh.good.problem) == (len(BAD), "", None, "")
    assert (fresh.bad.octets, fresh.bad.problem) == (7, "No.")


@pytest.mark.parametrize(("report", "phase"), [(None, Phase.WAITING), (Report(), Phase.READY)])
def test_nobody_is_at_it(report: Report | None, phase: Phase) -> None:
    """What was built once is ready, whatever somebody was at who is gone."""
    assert settled(Status(phase=Phase.FETCHING, report=report)) is phase
