"""The file of all lists is replaced whole, checked before it is used, and outlives its own name."""

import gc
import os
from pathlib import Path

import pytest

from appliance.core.lists.listset import ListSetError
from appliance.world.listfile import ListsWatch, digest_of, open_set, publish_set
from tests.listed import built
from tests.needs import need

ONE, TWO = built("||one.example^"), built("||two.example^", "||three.example^")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a file of lists is to be, in a folder that isn't there yet."""
    return tmp_path / "lists" / "lists.set"


def lines(path: Path, name: str) -> list[int]:
    """Return the lines about a name."""
    found = open_set(path)
    assert found is not None
    return [hit.line for hit in found.find(name)]


def test_round_trip(path: Path) -> None:
    """What was published is found, and a file is known by its digest."""
    digests = []
    for octets, known, unknown in ((ONE, "www.one.example", "two.example"), (TWO, "two.example", "one.example")):
        digests.append(publish_set(path, memoryview(octets)))
        assert (lines(path, known), lines(path, unknown)) == ([1], [])
        assert digest_of(path) == digests[-1]
    assert publish_set(path, ONE) == digests[0] != digests[1]
    assert [len(digest) for digest in digests] == [16, 16]
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_no_file(path: Path) -> None:
    """Without a file, a folder, or with a file in the folder's place there are no lists."""
    assert (open_set(path), digest_of(path)) == (None, "")
    path.parent.mkdir()
    assert (open_set(path), digest_of(path)) == (None, "")
    assert (open_set(path / "more"), digest_of(path / "more")) == (None, "")
    path.write_bytes(ONE)
    assert (open_set(path / "more"), digest_of(path / "more")) == (None, "")


def test_lists_outlive_their_file(path: Path) -> None:
    """Whoever opened it goes on with it when it is replaced or removed."""
    publish_set(path, ONE)
    before = open_set(path)
    publish_set(path, TWO)
    after = open_set(path)
    path.unlink()
    gc.collect()
    assert before is not None
    assert after is not None
    assert [hit.line for hit in before.find("one.example")] == [1]
    assert [hit.line for hit in after.find("three.example")] == [2]


DAMAGED = {
    "empty": b"",
    "another file": b"127.0.0.1 localhost\n" * 10,
    "cut off": TWO[:-1],
    "its first half": TWO[: len(TWO) // 2],
    "only its mark": TWO[:12],
    "longer": TWO + b"\0",
    "a changed octet": TWO[:-9] + bytes((TWO[-9] ^ 1,)) + TWO[-8:],
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damage_is_found(path: Path, damage: str) -> None:
    """Before a name is looked up in it."""
    path.parent.mkdir()
    path.write_bytes(DAMAGED[damage])
    with pytest.raises(ListSetError):
        open_set(path)


@pytest.mark.parametrize("damage", ["empty", "another file"])
def test_no_digest_of_another_file(path: Path, damage: str) -> None:
    """A file that does not begin as one of lists has none."""
    path.parent.mkdir()
    path.write_bytes(DAMAGED[damage])
    with pytest.raises(ListSetError, match="not a file of lists"):
        digest_of(path)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_disk_that_fails(path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """The file before stays as it was."""
    digest = publish_set(path, ONE)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os if call == "fsync" else Path, call, fail)
        with pytest.raises(OSError, match="No space"):
            publish_set(path, TWO)
    assert digest_of(path) == digest
    publish_set(path, TWO)
    assert lines(path, "two.example") == [1]


def test_only_owner_and_group_may_read(path: Path) -> None:
    """Nobody else, and nobody may write to it but its owner."""
    publish_set(path, ONE)
    assert path.stat().st_mode & 0o777 == 0o640


def test_it_belongs_to_the_owner_of_the_folder(path: Path) -> None:
    """Written by root, it is the steward's all the same."""
    need(os.geteuid() == 0, "giving files away needs root")
    path.parent.mkdir()
    os.chown(path.parent, 12_345, 12_346)
    publish_set(path, ONE)
    assert (path.stat().st_uid, path.stat().st_gid) == (12_345, 12_346)


def handles() -> int:
    """Return how many files are open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_another_file_is_noticed(path: Path) -> None:
    """Once each; one of the same content is none."""
    watch = ListsWatch(path)
    assert (watch.look(), watch.digest, watch.handle, watch.problem) == (False, "", None, None)
    before = handles()
    for octets in (ONE, TWO):
        digest = publish_set(path, octets)
        assert (watch.look(), watch.look(), watch.digest, watch.problem) == (True, False, digest, None)
    publish_set(path, TWO)
    assert not watch.look()
    assert handles() == before + 1
    assert watch.handle is not None
    assert os.pread(watch.handle, len(TWO), 0) == TWO
    watch.close()
    assert handles() == before


def test_a_file_that_is_removed(path: Path) -> None:
    """There are no lists then, and that is nothing wrong."""
    watch = ListsWatch(path)
    publish_set(path, ONE)
    assert watch.look()
    path.unlink()
    assert (watch.look(), watch.digest, watch.handle, watch.problem) == (True, "", None, None)
    assert not watch.look()


@pytest.mark.parametrize("damage", [*DAMAGED, "away"])
def test_the_last_good_lists_stay(path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever becomes of the file, or of its folder; it is told once, and over when there is a good one."""
    watch = ListsWatch(path)
    digest = publish_set(path, ONE)
    assert watch.look()
    for _ in range(2):
        path.unlink(missing_ok=True)
        if damage == "away":
            path.parent.rmdir()
        else:
            path.write_bytes(DAMAGED[damage])
        assert not watch.look()
        path.parent.mkdir(exist_ok=True)
    assert watch.digest == digest
    assert watch.handle is not None
    assert os.pread(watch.handle, len(ONE), 0) == ONE
    assert str(watch.problem).endswith("the last good lists stay in force")
    assert len(caplog.records) == 1
    publish_set(path, TWO)
    assert watch.look()
    told: str | None = watch.problem
    assert told is None
    watch.close()


def test_a_damaged_file_from_the_start(path: Path) -> None:
    """There are no lists, and it is said why."""
    watch = ListsWatch(path)
    path.parent.mkdir()
    path.write_bytes(ONE[:-1])
    assert (watch.look(), watch.digest, watch.handle) == (False, "", None)
    assert watch.problem == f"{path} can't be used: damaged"
