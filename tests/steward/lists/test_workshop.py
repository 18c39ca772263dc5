"""The child that builds does its work, or is given up: in time, when it dies, when it is to end, with its parent."""

import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import pytest

from appliance.household.lists import make_folders, set_file, source_file
from appliance.steward.lists import workshop
from appliance.steward.lists.halt import Halt, Halted
from appliance.steward.lists.job import Job
from appliance.steward.lists.limits import NotTaken
from appliance.world.listfile import digest_of
from tests.steward.lists.packed import part

SLEEPS = ("-c", "import sys, time; sys.stdin.readline(); print(end='', flush=True); time.sleep(60)")


def test_a_build(tmp_path: Path) -> None:
    """What the child tells is what lies there."""
    make_folders(tmp_path)
    job = Job((part(source_file(tmp_path, "a")),), str(set_file(tmp_path)))
    done = workshop.build(job, Halt())
    assert done.digest == digest_of(set_file(tmp_path))
    assert done.reports["a"].names == 1


@pytest.mark.parametrize(("child", "words"), [
    (("-c", "raise SystemExit(1)"), workshop.UNDONE),
    (("-c", "import sys; sys.stdin.readline(); print('what?')"), workshop.UNDONE),
    (("-c", "import os; os.kill(os.getpid(), 9)"), workshop.TOO_MUCH),
    (("-c", "import os; os.close(1); os.abort()"), workshop.TOO_MUCH),
    (("-c", """import sys; sys.stdin.readline(); print('{"problem": "No."}')"""), "No."),
])  # fmt: skip
def test_a_child_that_builds_nothing(monkeypatch: pytest.MonkeyPatch, child: tuple[str, ...], words: str) -> None:
    """It is told, by its own words where it has some."""
    monkeypatch.setattr(workshop, "CHILD", child)
    with pytest.raises(NotTaken) as caught:
        workshop.build(Job((), ""), Halt())
    assert str(caught.value) == words


def test_a_child_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given up."""
    monkeypatch.setattr(workshop, "CHILD", SLEEPS)
    monkeypatch.setattr(workshop, "BUILD_S", 0.2)
    with pytest.raises(NotTaken, match="took too long"):
        workshop.build(Job((), ""), Halt())


def test_a_child_that_is_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends in the middle of its work; none begins after that."""
    monkeypatch.setattr(workshop, "CHILD", SLEEPS)
    halt = Halt()
    ending = threading.Timer(0.2, halt.call)
    ending.start()
    for _ in range(2):
        with pytest.raises(Halted):
            workshop.build(Job((), ""), halt)
    ending.join(10)


def test_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A box that can start no process says so."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(NotTaken, match="could not be made"):
        workshop.build(Job((), ""), Halt())


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    """When nobody holds its standard input any more, nobody wants what it makes."""
    pipe = tmp_path / "endless"
    pipe.touch()
    made = Job((part(pipe),), str(tmp_path / "lists.set"))
    pipe.unlink()
    # A list that never ends to be opened: only the end of its input lets the child go.
    subprocess.run(["mkfifo", str(pipe)], check=True, timeout=10)
    argv = [sys.executable, *workshop.CHILD]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as child:
        assert child.stdin is not None
        child.stdin.write(msgspec.json.encode(made) + b"\n")
        child.stdin.close()
        assert child.wait(30) == 1
