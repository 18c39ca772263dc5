"""Two who work side by side don't get into each other's way; what doesn't count harms nothing; what goes is gone."""

import contextlib
import errno
import gzip
import os
import stat
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from appliance.household.lists import FOLDER, Status, load_standing, make_folders, source_file
from appliance.steward.lists import shelf
from appliance.steward.lists.halt import Halt, Halted
from appliance.steward.lists.limits import NotTaken
from appliance.world import clock
from tests.steward.lists.houses import BAD, PAGE, WORSE


def names(data: Path) -> set[str]:
    """Return what lies among the texts."""
    return {path.name for path in (data / FOLDER / "sources").iterdir()}


def test_one_builds_at_a_time(tmp_path: Path) -> None:
    """Whoever comes second waits, and can be told to stop waiting."""
    halt = Halt()
    order: list[str] = []

    def second() -> None:
        with shelf.building(tmp_path, Halt()):
            order.append("second")

    with shelf.building(tmp_path, halt):
        other = threading.Thread(target=second, daemon=True)
        other.start()
        halt.call()
        with pytest.raises(Halted), shelf.building(tmp_path, halt):
            order.append("never")
        order.append("first")
    other.join(20)
    assert order == ["first", "second"]


def test_one_fetches_a_list_at_a_time(tmp_path: Path) -> None:
    """Whoever comes second is told; another list is another matter."""
    with (
        shelf.fetching(tmp_path, "a") as first,
        shelf.fetching(tmp_path, "a") as second,
        shelf.fetching(tmp_path, "b") as other,
    ):
        assert (first, second, other) == (True, False, True)
    with shelf.fetching(tmp_path, "a") as again:
        assert again


def test_no_change_is_lost(tmp_path: Path) -> None:
    """Many who note something at once all find it noted."""

    def note() -> None:
        for _ in range(20):
            shelf.change_one(tmp_path, "a", lambda old: replace(old, failures=old.failures + 1))

    threads = [threading.Thread(target=note) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert load_standing(tmp_path).lists == {"a": Status(failures=80)}


def test_what_is_noted_twice_is_written_once(tmp_path: Path) -> None:
    """A card wears out."""
    shelf.change_one(tmp_path, "a", lambda old: replace(old, failures=1))
    before = (tmp_path / FOLDER / "status.json").stat().st_ino
    shelf.change_one(tmp_path, "a", lambda old: replace(old, failures=1))
    assert (tmp_path / FOLDER / "status.json").stat().st_ino == before


def test_a_draft_goes_unless_it_is_kept(tmp_path: Path) -> None:
    """Also when something befalls; one that is kept is its maker's and the group's."""
    with shelf.draft(tmp_path, "a"):
        pass
    with contextlib.suppress(ZeroDivisionError), shelf.draft(tmp_path, "a") as drawn:
        drawn.is_kept = True
        raise ZeroDivisionError
    assert names(tmp_path) == set()
    with shelf.draft(tmp_path, "a") as drawn:
        drawn.file.write(BAD)
        drawn.is_kept = True
    assert drawn.path.read_bytes() == BAD
    assert stat.filemode(drawn.path.stat().st_mode) == "-rw-r-----"


def test_a_full_disk(tmp_path: Path) -> None:
    """It is told in a sentence, wherever it shows."""
    with pytest.raises(NotTaken, match="disk is full"), shelf.draft(tmp_path, "a"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(NotTaken, match="does not take"), shelf.draft(tmp_path / "gone", "a"):
        pass


def test_what_is_brought_waits(tmp_path: Path) -> None:
    """It lies beside what counts, and the last one that was brought is it; a bad one takes nothing's place."""
    path = tmp_path / "mine.txt"
    path.write_bytes(BAD)
    shelf.take_in(tmp_path, "a", path)
    assert gzip.decompress(shelf.brought_file(tmp_path, "a").read_bytes()) == BAD
    shelf.take_in(tmp_path, "a", WORSE)
    with pytest.raises(NotTaken, match="web page"):
        shelf.take_in(tmp_path, "a", PAGE)
    assert gzip.decompress(shelf.brought_file(tmp_path, "a").read_bytes()) == WORSE
    assert not source_file(tmp_path, "a").exists()
    assert len(names(tmp_path)) == 1


def test_what_the_house_gave_up_is_gone(tmp_path: Path) -> None:
    """Text, standing and locks of it; not what is on its way to a house, nor what somebody writes at the moment."""
    make_folders(tmp_path)
    for list_id in ("a", "a.b", "gone", "gone.gz"):
        source_file(tmp_path, list_id).write_bytes(b"")
        shelf.change_one(tmp_path, list_id, lambda old: replace(old, failures=1))
        with shelf.fetching(tmp_path, list_id):
            pass
    shelf.take_in(tmp_path, "coming", BAD)
    shelf.take_in(tmp_path, "a", BAD)
    with shelf.draft(tmp_path, "gone") as drawn:
        drawn.is_kept = True
    at = clock.now()
    shelf.keep_only(tmp_path, ("a", "a.b"), at)
    kept = {"a.gz", "a.b.gz", ".a~lock", ".a.b~lock", ".a~brought"}
    assert names(tmp_path) == kept | {".coming~brought", drawn.path.name}
    assert load_standing(tmp_path).lists.keys() == {"a", "a.b"}
    shelf.keep_only(tmp_path, ("a", "a.b"), at + shelf.LEFT_S + 60)
    assert names(tmp_path) == kept


def test_it_is_whoever_s_the_folder_is(tmp_path: Path) -> None:
    """What root lays there belongs to the folder's owner, so that a daemon can go on with it."""
    if os.geteuid() == 0:
        os.chown(tmp_path, 12_345, 12_346)
    shelf.take_in(tmp_path, "a", BAD)
    shelf.change_one(tmp_path, "a", lambda old: replace(old, failures=1))
    owner = tmp_path.stat()
    made = [path.stat() for path in (tmp_path / FOLDER).rglob("*")]
    assert {(one.st_uid, one.st_gid) for one in made} == {(owner.st_uid, owner.st_gid)}
