"""Lists changed from the command line beside daemons: the steward does the work, all workers run what came of it."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from appliance.commands import list_tending
from appliance.core.house import House
from appliance.household.lists import Phase, Standing, Status, load_standing, save_standing, set_file
from appliance.steward.lists.keeper import Keeper
from appliance.store.house import HouseStore
from appliance.world.listfile import digest_of
from appliance.world.snapshot import load_snapshot
from tests.commands.cli import applied, fake_daemon, kindgate, status


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with a house."""
    return applied(tmp_path / "data")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration, beside which a list lies."""
    near = tmp_path / "etc" / "lists"
    near.mkdir(parents=True)
    (near / "ads").write_text("0.0.0.0 ads.example\n")
    (near / "page").write_text("<!DOCTYPE html>")
    file = near.parent / "appliance.yaml"
    file.write_text("workers: 1\n")
    return file


def house(data: Path) -> House:
    """Return the house as it is published."""
    snapshot = load_snapshot(data).snapshot
    assert snapshot is not None
    return snapshot.house


def said(data: Path) -> list[str]:
    """Return what changed in the house, the latest first."""
    with HouseStore(data) as store:
        return [entry.what.code for entry in store.audit()]


@contextmanager
def steward(data: Path, config: Path) -> Iterator[None]:
    """Tend the lists of a house, as the steward does, as long as the block runs."""
    keeper = Keeper(data, config.parent, lambda: house(data))
    is_over = threading.Event()

    def look() -> None:
        seen = None
        while not is_over.wait(0.05):
            if (now := load_snapshot(data).snapshot) != seen:
                seen = now
                keeper.nudge()

    def answer(request: dict[str, Any]) -> object:
        if request["ask"] == "update_lists":
            keeper.want(request["lists"])
        return {"bus": 1}

    keeper.start()
    looking = threading.Thread(target=look)
    looking.start()
    try:
        with fake_daemon(data, answer, "steward"):
            yield
    finally:
        is_over.set()
        looking.join()
        keeper.stop(10)


@contextmanager
def nameserver(data: Path, problem: str | None = None) -> Iterator[None]:
    """Say, as a nameserver, that all workers run what is there; or another house or lists, and why."""

    def answer(_: dict[str, object]) -> object:
        snapshot = load_snapshot(data).snapshot
        digest = snapshot.digest if snapshot else ""
        lists = digest_of(set_file(data)) if problem is None else "other"
        return status(digest, digest, lists=lists, lists_problem=problem)

    with fake_daemon(data, answer):
        yield


def test_the_steward_does_the_work(data: Path, config: Path) -> None:
    """A list is added, fetched anew and removed, and each time the command returns when it is so."""
    with steward(data, config), nameserver(data):
        added = kindgate("list", "add", "file:ads", "--name", "Ads", data=data)
        assert (added.exit_code, added.stderr) == (0, "")
        assert added.stdout.splitlines()[0].startswith("Added ads: 1 name")
        assert added.stdout.splitlines()[-1] == "In force on all workers."
        assert load_standing(data).digest == digest_of(set_file(data)) != ""
        (config.parent / "lists" / "ads").write_text("0.0.0.0 one.example\n0.0.0.0 two.example\n")
        fetched = kindgate("list", "update", data=data)
        assert (fetched.exit_code, fetched.stderr) == (0, "")
        assert fetched.stdout.startswith("ads: 2 names")
        removed = kindgate("list", "remove", "ads", data=data)
        assert (removed.exit_code, removed.stdout) == (0, "Removed ads\nIn force on all workers.\n")
        assert (house(data).lists, load_standing(data).lists, digest_of(set_file(data))) == ((), {}, "")
    assert said(data)[:2] == ["list_removed", "list_added"]


def test_a_file_is_copied_in_beside_the_steward(data: Path, config: Path, tmp_path: Path) -> None:
    """It is the steward who builds."""
    (tmp_path / "own.txt").write_text("0.0.0.0 own.example\n")
    with steward(data, config):
        added = kindgate("list", "add", str(tmp_path / "own.txt"), "--name", "Own", data=data)
    assert added.exit_code == 0, added.output
    assert load_standing(data).lists["own"].phase is Phase.READY


def test_what_the_steward_refuses(data: Path, config: Path) -> None:
    """It is said why, and the house is as it was, by another change."""
    before = house(data)
    with steward(data, config):
        refused = kindgate("list", "add", "file:page", "--name", "Page", data=data)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: not added: That is a web page")
    assert (house(data), said(data)[:2]) == (before, ["list_removed", "list_added"])
    assert load_standing(data).lists == {}


def test_a_steward_that_is_at_it_still(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while the command says so, with exit status 3; what was said stands."""
    monkeypatch.setattr(list_tending, "DONE_S", 0.3)
    with fake_daemon(data, lambda _: {"bus": 1}, "steward"):
        added = kindgate("list", "add", "file:ads", "--name", "Ads", data=data)
    assert (added.exit_code, added.stdout) == (3, "")
    assert added.stderr == "Error: saved; the steward is still at it: kindgate list stats shows how far it is\n"
    assert [one.id for one in house(data).lists] == ["ads"]


def test_a_steward_that_can_not_build(data: Path) -> None:
    """Its problem is told; what was said stands."""

    def answer(_: dict[str, object]) -> object:
        set_file(data).parent.mkdir(exist_ok=True)
        lists = {"ads": Status(phase=Phase.READY, tried_at=4e9)}
        save_standing(data, Standing(problem="The disk is full.", lists=lists))
        return {"bus": 1}

    with fake_daemon(data, answer, "steward"):
        added = kindgate("list", "add", "file:ads", "--name", "Ads", data=data)
    assert added.exit_code == 3
    assert added.stderr == "Error: saved, but the file of all lists could not be made: The disk is full.\n"


def test_a_steward_that_says_no(data: Path) -> None:
    """What it says is told, and nothing was done."""
    with fake_daemon(data, lambda _: {"bus": 1, "error": "not now"}, "steward"):
        added = kindgate("list", "add", "file:ads", "--name", "Ads", data=data)
    assert (added.exit_code, added.stderr) == (1, "Error: the steward says: not now\n")
    assert house(data).lists == ()


@pytest.mark.parametrize("problem", ["damaged", ""])
def test_a_nameserver_that_does_not_follow(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    """With exit status 3, and why where it says so."""
    monkeypatch.setattr(list_tending, "IN_FORCE_S", 0.2)
    (tmp_path / "own.txt").write_text("0.0.0.0 own.example\n")
    with nameserver(data, problem):
        added = kindgate("list", "add", str(tmp_path / "own.txt"), "--name", "Own", data=data)
    assert added.exit_code == 3
    why = problem or "the nameserver did not report in time"
    assert added.stderr == f"Error: saved, but not in force yet: {why}\n"
    assert [one.id for one in house(data).lists] == ["own"]


def test_a_house_that_is_not_saved(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next list is added to the house as it was."""
    (tmp_path / "own.txt").write_text("0.0.0.0 own.example\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with ExitStack() as patched:
        context = patched.enter_context(monkeypatch.context())
        context.setattr("appliance.world.snapshot._lock", full)
        added = kindgate("list", "add", str(tmp_path / "own.txt"), "--name", "Own", data=data)
    assert added.exit_code == 1
    assert added.stderr.startswith("Error: not saved: ")
    assert house(data).lists == ()


def test_a_folder_that_can_not_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said in one line."""
    (tmp_path / "own.txt").write_text("0.0.0.0 own.example\n")

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "mkdir", fail)
        added = kindgate("list", "add", str(tmp_path / "own.txt"), "--name", "Own", data=tmp_path / "data")
    assert (added.exit_code, added.stderr) == (1, f"Error: {tmp_path / 'data'}: Permission denied\n")
