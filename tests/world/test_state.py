"""state.json: what comes out is what went in; nothing in its place, and nothing half written, is ever read."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from appliance.core.budget import Minutes, Used
from appliance.world.state import FILE, Mode, Problem, State, StateError, load_state, publish_state

WHOLE = State(
    at=1_772_600_000.5,
    revision=7,
    digest="0123456789abcdef",
    minutes=Minutes(1_772_599_980.0, date(2026, 3, 4), {"kim": {"service:youtube": Used(30, 45, 5)}}),
    warned={"kim": {"service:youtube": 10}},
    daemons={"web": Mode("gone", 1_772_599_000.0, "The web is not running.")},
    problems=(Problem("disk_full", {"free_bytes": 12}),),
)


def test_round_trip(tmp_path: Path) -> None:
    """A state is read as it was published, and the next one is in its place."""
    publish_state(tmp_path, WHOLE)
    assert load_state(tmp_path) == WHOLE
    publish_state(tmp_path, State(at=2.0))
    assert load_state(tmp_path) == State(at=2.0)
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_it_is_for_the_box_alone(tmp_path: Path) -> None:
    """Owner and group of the folder read it, nobody else."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 4711, 4712)
    publish_state(tmp_path, WHOLE)
    status, folder = (tmp_path / FILE).stat(), tmp_path.stat()
    assert status.st_mode & 0o777 == 0o640
    assert (status.st_uid, status.st_gid) == (folder.st_uid, folder.st_gid)


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b"\xff", b'{"format": 1, "at": 1.0}', b'{"format": 3, "at": 1.0}', b'{"at": "soon"}', b"[" * 9999],
)
def test_what_can_not_be_read_is_none(tmp_path: Path, text: bytes) -> None:
    """Whatever stands in the file: a state or none."""
    (tmp_path / FILE).write_bytes(text)
    assert load_state(tmp_path) is None


def test_no_file(tmp_path: Path) -> None:
    """Without a file, or a folder, there is none."""
    assert load_state(tmp_path) is None
    assert load_state(tmp_path / "away") is None


def test_a_later_steward_may_say_more(tmp_path: Path) -> None:
    """What this version doesn't know it ignores."""
    (tmp_path / FILE).write_bytes(b'{"format": 2, "at": 3.0, "weather": "fair"}')
    assert load_state(tmp_path) == State(at=3.0)


def test_what_can_not_be_saved_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk takes nothing, the state before stays, and so it does without the folder."""
    publish_state(tmp_path, WHOLE)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("appliance.world.state.os.fchmod", full)
    with pytest.raises(StateError, match="No space left"):
        publish_state(tmp_path, State(at=9.0))
    monkeypatch.undo()
    assert load_state(tmp_path) == WHOLE
    with pytest.raises(StateError, match="No such file"):
        publish_state(tmp_path / "away", WHOLE)


def test_no_reader_sees_half_of_it(tmp_path: Path) -> None:
    """While it is replaced again and again, every read gives a whole state."""
    publish_state(tmp_path, WHOLE)
    script = (
        "import sys, pathlib\nfrom appliance.world.state import State, publish_state\n"
        "for at in range(400): publish_state(pathlib.Path(sys.argv[1]), State(at=at, digest='x' * 5000))"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)]) as writer:
        found = []
        while writer.poll() is None:
            found.append(load_state(tmp_path))
    assert writer.returncode == 0
    assert found
    assert None not in found
