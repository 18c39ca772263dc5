"""Lists of this box: from the one folder for them, and copied in; nothing else of the box is ever read."""

import gzip
import io
import os
from pathlib import Path

import pytest

from appliance.steward.lists.limits import A_PAGE, USUAL, Limits, NotTaken
from appliance.steward.lists.local import take_file, take_octets, take_path
from tests.needs import need
from tests.steward.lists.houses import BAD, PAGE, WORSE, lay


def taken(config: Path | None, url: str, known: str = "") -> tuple[bytes, str] | None:
    """Return the text of a list of this box and its mark."""
    file = io.BytesIO()
    got = take_file(config, url, known, file, USUAL)
    return None if got is None else (gzip.decompress(file.getvalue()), got[1])


def test_a_list_of_the_folder(tmp_path: Path) -> None:
    """It is read once, and again when it is another one."""
    lay(tmp_path, "a.txt", BAD)
    got = taken(tmp_path, "file:a.txt")
    assert got is not None
    assert got[0] == BAD
    assert taken(tmp_path, "file:a.txt", got[1]) is None
    lay(tmp_path, "a.txt", BAD + WORSE)
    changed = taken(tmp_path, "file:a.txt", got[1])
    assert changed is not None
    assert changed[0] == BAD + WORSE


def test_a_link_within_the_folder(tmp_path: Path) -> None:
    """It is as good as the file."""
    lay(tmp_path, "a.txt", BAD)
    (tmp_path / "lists" / "b.txt").symlink_to("a.txt")
    got = taken(tmp_path, "file:b.txt")
    assert got is not None
    assert got[0] == BAD


@pytest.mark.parametrize("to", ["/etc/hostname", "../secret.txt", "sub/../../secret.txt"])
def test_a_link_out_of_the_folder(tmp_path: Path, to: str) -> None:
    """Nobody reads another file of the box by it."""
    lay(tmp_path, "a.txt", BAD)
    (tmp_path / "lists" / "sub").mkdir()
    (tmp_path / "secret.txt").write_bytes(BAD)
    (tmp_path / "lists" / "link.txt").symlink_to(to)
    with pytest.raises(NotTaken, match=r"leads out of the folder|no such file"):
        taken(tmp_path, "file:link.txt")


def test_what_is_not_there(tmp_path: Path) -> None:
    """No file, no folder, no configuration, a link to itself, a folder, a pipe that would never end."""
    with pytest.raises(NotTaken, match="there is none"):
        taken(None, "file:a.txt")
    with pytest.raises(NotTaken, match="no such file"):
        taken(tmp_path, "file:a.txt")
    lay(tmp_path, "a.txt", BAD)
    (tmp_path / "lists" / "round").symlink_to("round")
    for name in ("b.txt", "round", "a\0b", "x" * 300):
        with pytest.raises(NotTaken, match="no such file"):
            taken(tmp_path, f"file:{name}")
    os.mkfifo(tmp_path / "lists" / "pipe")
    (tmp_path / "lists" / "sub").mkdir()
    for name in ("pipe", "sub"):
        with pytest.raises(NotTaken, match="not a file"):
            taken(tmp_path, f"file:{name}")


def test_what_is_no_list(tmp_path: Path) -> None:
    """The same laws hold as for one from a sender."""
    lay(tmp_path, "a.txt", PAGE)
    with pytest.raises(NotTaken, match="web page"):
        taken(tmp_path, "file:a.txt")


def test_what_is_named_on_the_command_line(tmp_path: Path) -> None:
    """Any file, packed or not, within the limits."""
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(BAD))
    file = io.BytesIO()
    assert take_path(path, file, USUAL).octets == len(BAD)
    assert gzip.decompress(file.getvalue()) == BAD
    with pytest.raises(NotTaken, match="larger"):
        take_path(path, io.BytesIO(), Limits(packed_octets=9))
    with pytest.raises(NotTaken, match="no such file"):
        take_path(tmp_path / "other", io.BytesIO(), USUAL)


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """It is told who would have to be let."""
    need(os.geteuid() != 0 or Path("/proc/self/mem").exists(), "procfs")
    path = tmp_path / "list.txt"
    path.write_bytes(BAD)
    path.chmod(0)
    # Root may read that; nobody reads the memory at nowhere.
    unreadable = path if os.geteuid() != 0 else Path("/proc/self/mem")
    with pytest.raises(NotTaken, match="can't be read"):
        take_path(unreadable, io.BytesIO(), USUAL)


def test_octets() -> None:
    """What somebody holds in memory is held to the same laws."""
    file = io.BytesIO()
    assert take_octets(BAD, file, USUAL).octets == len(BAD)
    with pytest.raises(NotTaken) as caught:
        take_octets(PAGE, io.BytesIO(), USUAL)
    assert str(caught.value) == A_PAGE
