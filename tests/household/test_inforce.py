"""The words "in force" are earned: every daemon and every worker must have said so."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from appliance.core.house import House
from appliance.household import inforce
from appliance.household.inforce import DAEMONS, Daemon, InForce, Lists, Standing, look, wait, wait_for_lists
from appliance.world.snapshot import Snapshot, publish_house
from tests.commands.cli import answering, fake_daemon, status


@pytest.fixture
def snapshot(tmp_path: Path) -> Snapshot:
    """A published house."""
    return publish_house(tmp_path, House())


@contextmanager
def daemons(data: Path, digest: str, **other: object) -> Iterator[None]:
    """Run a nameserver with two workers, a steward and a finder; `other` stands in for one of them, None for gone."""
    told: dict[str, object] = {"nameserver": status(digest, digest)}
    told |= {name: {"bus": 1, "digest": digest, "problem": None} for name in DAEMONS[1:]}
    with ExitStack() as stack:
        for name, answer in (told | other).items():
            if answer is not None:
                stack.enter_context(fake_daemon(data, answering({"status": answer}), name))
        yield


def test_everywhere(tmp_path: Path, snapshot: Snapshot) -> None:
    """All of them run the house."""
    with daemons(tmp_path, snapshot.digest):
        found = look(tmp_path, snapshot)
    parts = {"nameserver": 2, "steward": 1, "finder": 1}
    assert found == InForce(1, tuple(Daemon(name, Standing.RUNS, n, n) for name, n in parts.items()))
    assert found.is_everywhere


def test_a_guard_counts_where_there_is_one(tmp_path: Path, snapshot: Snapshot) -> None:
    """Dead or alive: a box whose guard has died doesn't say "in force"; one that never had one does."""
    guard = {"bus": 1, "digest": snapshot.digest, "problem": None, "workers": [{"digest": snapshot.digest}] * 2}
    with daemons(tmp_path, snapshot.digest, guard=guard):
        assert look(tmp_path, snapshot).daemons[-1] == Daemon("guard", Standing.RUNS, 2, 2)
    with daemons(tmp_path, snapshot.digest):
        found = look(tmp_path, snapshot)
    assert found.daemons[-1].standing is Standing.GONE
    assert not found.is_everywhere


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"nameserver": status("x", "x")}, Daemon("nameserver", Standing.BEHIND, 0, 2)),
        ({"nameserver": status()}, Daemon("nameserver", Standing.BEHIND, 0, 0)),
        (
            {"steward": {"bus": 1, "digest": "x", "problem": "house.json is missing"}},
            Daemon("steward", Standing.BEHIND, 0, 1, "house.json is missing"),
        ),
        ({"finder": None}, Daemon("finder", Standing.GONE)),
        ({"finder": {"bus": 1, "error": "unknown request"}}, Daemon("finder", Standing.SILENT)),
        ({"steward": {"bus": 1}}, Daemon("steward", Standing.BEHIND, 0, 1)),
    ],
)
def test_one_that_does_not(tmp_path: Path, snapshot: Snapshot, other: dict[str, object], expected: Daemon) -> None:
    """One that runs another house, none, or says nothing is enough for it not to be in force."""
    with daemons(tmp_path, snapshot.digest, **other):
        found = look(tmp_path, snapshot)
    assert not found.is_everywhere
    (one,) = [one for one in found.daemons if one.name == expected.name]
    assert (one.standing, one.running, one.total) == (expected.standing, expected.running, expected.total)
    assert expected.problem in one.problem
    assert all(other.standing is Standing.RUNS for other in found.daemons if other is not one)


def test_one_worker_behind(tmp_path: Path, snapshot: Snapshot) -> None:
    """A single worker that still answers by the old house is told."""
    with daemons(tmp_path, snapshot.digest, nameserver=status(snapshot.digest, "old")):
        (nameserver, *_) = look(tmp_path, snapshot).daemons
    assert nameserver == Daemon("nameserver", Standing.BEHIND, 1, 2)


def test_a_box_without_a_house(tmp_path: Path) -> None:
    """No house is a house too: all run none."""
    with daemons(tmp_path, ""):
        assert look(tmp_path, None).is_everywhere


def test_waiting_ends_when_it_is_so(tmp_path: Path, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    """It looks again until it is in force."""
    asked = iter([status("old", "old"), status(snapshot.digest, "old"), status(snapshot.digest, snapshot.digest)])
    monkeypatch.setattr(inforce, "POLL_S", 0.001)
    with fake_daemon(tmp_path, lambda _: next(asked)):
        assert wait(tmp_path, snapshot, 30, ("nameserver",)).is_everywhere


def test_waiting_has_an_end(tmp_path: Path, snapshot: Snapshot) -> None:
    """What doesn't come is not waited for without end, what is gone not at all."""
    with daemons(tmp_path, "old"):
        assert {one.standing for one in wait(tmp_path, snapshot, 0.05).daemons} == {Standing.BEHIND}
    assert {one.standing for one in wait(tmp_path, snapshot, 60).daemons} == {Standing.GONE}


LISTS = [
    (status(lists="abc", lists_problem=None), Lists(Standing.RUNS)),
    (status(lists="", lists_problem=None), Lists(Standing.BEHIND)),
    (status(lists=None, lists_problem=None), Lists(Standing.BEHIND)),
    (status(lists="old", lists_problem="damaged"), Lists(Standing.BEHIND, "damaged")),
    (status(), Lists(Standing.BEHIND)),
]


@pytest.mark.parametrize(("answer", "expected"), LISTS)
def test_lists_in_force(tmp_path: Path, answer: dict[str, object], expected: Lists) -> None:
    """Only where the nameserver says that all of its workers run them; else why not, where it says so."""
    with fake_daemon(tmp_path, answering({"status": answer})):
        assert wait_for_lists(tmp_path, "abc", 0.05) == expected


def test_lists_of_no_nameserver(tmp_path: Path) -> None:
    """One that is gone is not waited for, one that says something else may come to it."""
    assert wait_for_lists(tmp_path, "abc", 60).standing is Standing.GONE
    with fake_daemon(tmp_path, answering({})):
        assert wait_for_lists(tmp_path, "abc", 0.05).standing is Standing.SILENT


def test_waiting_for_lists_ends_when_they_are_in_force(tmp_path: Path) -> None:
    """An empty digest is no lists."""
    answers = iter([None, "abc", ""])
    with fake_daemon(tmp_path, lambda _: status(lists=next(answers))):
        assert wait_for_lists(tmp_path, "", 30) == Lists(Standing.RUNS)
    assert next(answers, "over") == "over"
