"""house.json: replaced whole or not at all, and readable at every moment."""

import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.core.device import Device
from appliance.core.house import House, HouseError
from appliance.core.person import Do as RuleDo
from appliance.core.person import Person, Rule
from appliance.world import snapshot
from appliance.world.snapshot import (
    CURRENT,
    PREVIOUS,
    Snapshot,
    SnapshotError,
    load_snapshot,
    parse_snapshot,
    publish_house,
    publishing,
)
from tests.needs import need


def named(name: str) -> House:
    """Return a house that can be told from others."""
    rule = Rule(name="games.example", do=RuleDo.BLOCK)
    kim = Person(id="kim", name=name, band="6-9", rules=(rule,))
    return House(persons=(kim,), devices=(Device(id="tablet", addresses=("127.0.0.2",), person="kim"),))


def name_in(data: Path) -> str | None:
    """Return the name in the house that a folder holds, None for no house."""
    loaded = load_snapshot(data).snapshot
    return loaded.house.persons[0].name if loaded else None


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder with two revisions."""
    folder = tmp_path / "data"
    publish_house(folder, named("One"))
    publish_house(folder, named("Two"))
    return folder


def test_a_lock_that_is_held(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever hangs with the right to publish doesn't make others wait for ever; then they get it."""
    monkeypatch.setattr(snapshot, "LOCK_S", 0.05)
    with publishing(data), pytest.raises(SnapshotError, match="temporarily unavailable"):
        publish_house(data, named("Three"))
    assert name_in(data) == "Two"
    assert publish_house(data, named("Three")).revision == 3


def test_round_trip(tmp_path: Path) -> None:
    """What is published is what is loaded, with a digest of its own."""
    published = publish_house(tmp_path / "new" / "data", named("Kim"))
    loaded = load_snapshot(tmp_path / "new" / "data")
    assert loaded == snapshot.Loaded(published, None)
    assert published.revision == 1
    assert published.house == named("Kim")
    assert len(published.digest) == 16


def test_digest_tells_houses_of_one_number_apart(tmp_path: Path) -> None:
    """Two folders' first revisions differ in their digests."""
    digests = {publish_house(tmp_path / name, named(name)).digest for name in ("One", "Two")}
    assert len(digests) == 2


def test_previous_is_kept(data: Path) -> None:
    """The house before stays beside the new one."""
    previous = parse_snapshot((data / PREVIOUS).read_bytes())
    assert (previous.revision, previous.house) == (1, named("One"))
    assert name_in(data) == "Two"


def test_file_is_replaced_not_written(data: Path) -> None:
    """Whoever holds the old file open reads it to its end."""
    with (data / CURRENT).open("rb") as held:
        publish_house(data, named("Three"))
        assert parse_snapshot(held.read()).house == named("Two")
    assert sorted(path.name for path in data.iterdir()) == [".lock", CURRENT, PREVIOUS]


def test_no_folder(tmp_path: Path) -> None:
    """A box without a data folder has no house, and nothing is wrong with that."""
    assert load_snapshot(tmp_path / "missing") == snapshot.Loaded(None, None)


@pytest.mark.parametrize("damage", [b"", b"{", b"\0" * 4096, b"\xff", b"[]", b"null", b'{"format":1}'])
def test_damaged_current(data: Path, damage: bytes) -> None:
    """A current file that can't be read gives way to the previous one, and is reported."""
    (data / CURRENT).write_bytes(damage)
    loaded = load_snapshot(data)
    assert loaded.snapshot is not None
    assert loaded.snapshot.house == named("One")
    assert loaded.problem is not None
    assert loaded.problem.startswith("house.json can't be read: ")


def test_missing_current(data: Path) -> None:
    """Without a current file the previous one runs, and is reported."""
    (data / CURRENT).unlink()
    assert name_in(data) == "One"
    assert load_snapshot(data).problem == "house.json is missing"


def test_both_damaged(data: Path) -> None:
    """With both damaged there is no house, and both are reported."""
    (data / CURRENT).write_bytes(b"{")
    (data / PREVIOUS).write_bytes(b"{")
    loaded = load_snapshot(data)
    assert loaded.snapshot is None
    assert loaded.problem is not None
    assert "house.json can't be read" in loaded.problem
    assert "house.previous.json can't be read" in loaded.problem


def test_folder_in_place_of_the_file(data: Path) -> None:
    """A folder of that name is no house."""
    (data / CURRENT).unlink()
    (data / CURRENT).mkdir()
    assert name_in(data) == "One"


def test_too_long(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without end is not read to its end."""
    monkeypatch.setattr(snapshot, "MAX_OCTETS", 1_000)
    (data / CURRENT).write_bytes(b" " * 1_001 + (data / CURRENT).read_bytes())
    assert load_snapshot(data).problem == "house.json can't be read: too long"
    assert name_in(data) == "One"


def test_what_is_too_long_to_load_is_not_published(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A house that no daemon would load is refused where it is saved."""
    monkeypatch.setattr(snapshot, "MAX_OCTETS", 100)
    with pytest.raises(SnapshotError):
        publish_house(data, named("Three"))
    monkeypatch.undo()
    assert name_in(data) == "Two"


def test_newer_format(data: Path) -> None:
    """A file of a later version is reported, not guessed at."""
    (data / CURRENT).write_bytes((data / CURRENT).read_bytes().replace(b'"format":1', b'"format":2'))
    assert load_snapshot(data).problem == "house.json can't be read: format 2 is not known here"


@pytest.mark.parametrize("revision", ["-1", str(1 << 64), "1e99", '"1"', "null"])
def test_revision_is_a_number_that_can_be_counted_on(revision: str) -> None:
    """A revision that no message could carry is damage like any other."""
    text = b'{"format":1,"revision":%s,"house":{}}' % revision.encode()
    with pytest.raises(HouseError):
        parse_snapshot(text)


@pytest.mark.parametrize("text", [b"[" * 200_000, b'{"format":1,"revision":1,"house":' + b'{"a":' * 200_000])
def test_endless_depth(text: bytes) -> None:
    """Brackets without end are damage like any other."""
    with pytest.raises(HouseError):
        parse_snapshot(text)


def test_next_revision_after_damage(data: Path) -> None:
    """After damage the numbers go on from what can be read, and what can't is not kept."""
    (data / CURRENT).write_bytes(b"{")
    assert publish_house(data, named("Three")).revision == 2
    assert parse_snapshot((data / PREVIOUS).read_bytes()).house == named("One")
    assert load_snapshot(data).problem is None


def test_leftovers_of_a_power_cut(data: Path) -> None:
    """Half-written files of an earlier try are in nobody's way."""
    (data / f".{CURRENT}.new").write_bytes(b"half")
    (data / f".{PREVIOUS}.new").write_bytes(b"half")
    publish_house(data, named("Three"))
    assert name_in(data) == "Three"
    assert parse_snapshot((data / PREVIOUS).read_bytes()).house == named("Two")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_disk_that_fails(data: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """When the disk fails, the error says so and the old house stands."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(SnapshotError, match="No space left on device"):
        publish_house(data, named("Three"))
    monkeypatch.undo()
    assert name_in(data) == "Two"
    assert load_snapshot(data).problem is None
    assert publish_house(data, named("Three")).revision == 3


def test_file_system_without_links(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file system has no links, the previous house is copied."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    publish_house(data, named("Three"))
    assert parse_snapshot((data / PREVIOUS).read_bytes()).house == named("Two")


def test_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """A data folder that can't be one is told."""
    (tmp_path / "data").write_text("")
    with pytest.raises(SnapshotError):
        publish_house(tmp_path / "data", named("One"))


_FULL = """
import sys
from pathlib import Path
from appliance.world.snapshot import SnapshotError, load_snapshot, publish_house
from tests.world.test_snapshot import name_in, named
data = Path(sys.argv[1])
publish_house(data, named("One"))
publish_house(data, named("Two"))
try:
    with (data / "full").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(512))
except OSError:
    pass
for number in range(3):
    try:
        publish_house(data, named("x" * 80))
    except SnapshotError as error:
        print(error)
print(name_in(data), load_snapshot(data).problem)
(data / "full").unlink()
print(publish_house(data, named("Three")).revision)
"""


def test_full_disk(tmp_path: Path) -> None:
    """On a full disk the old house stands, and once there is room again the next one is saved."""
    need(os.geteuid() == 0, "mounting a small disk needs root")
    (tmp_path / "data").mkdir()
    mounted = f"mount -t tmpfs -o size=64k none {tmp_path}/data"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mounted} && exec "$0" "$@"', sys.executable, "-c", _FULL, tmp_path / "data"],
        capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    full = f"{tmp_path}/data: No space left on device"
    assert done.stdout.splitlines() == [full, full, full, "Two None", "3"], done.stderr


def test_concurrent_publishers(tmp_path: Path) -> None:
    """Publishers that come together get different revisions, and a reader finds a whole house at every moment."""
    done = threading.Event()
    seen: list[Snapshot | None] = []
    publish_house(tmp_path, named("Nobody"))

    def read() -> None:
        while not done.is_set():
            seen.append(load_snapshot(tmp_path).snapshot)

    with ThreadPoolExecutor(9) as pool:
        reader = pool.submit(read)
        published = list(pool.map(lambda number: publish_house(tmp_path, named(f"N{number}")), range(40)))
        done.set()
        reader.result()
    assert sorted(one.revision for one in published) == list(range(2, 42))
    assert None not in seen
    revisions = [one.revision for one in seen if one]
    assert sorted(revisions) == revisions


_TEXT = msgspec.json.encode(snapshot._File(1, 7, msgspec.Raw(msgspec.json.encode(named("Kim")))))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(_TEXT)), st.binary(max_size=8), st.integers(0, 40))
def test_any_damage_is_reported(at: int, put: bytes, dropped: int) -> None:
    """Whatever is cut out or overwritten: a house or our own error, nothing else."""
    text = _TEXT[:at] + put + _TEXT[at + dropped :]
    try:
        parsed = parse_snapshot(text)
    except HouseError:
        return
    assert isinstance(parsed.house, House)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(_TEXT)))
def test_truncation_is_never_a_house(size: int) -> None:
    """A file that ends too early is no house."""
    if size == len(_TEXT):
        return
    with pytest.raises(HouseError):
        parse_snapshot(_TEXT[:size])


def test_files_belong_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    """What root publishes is the daemon's to read and to lock, and nobody else's."""
    need(os.geteuid() == 0, "only root gives files away")
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 12345, 23456)
    for _ in range(2):
        publish_house(data, House())
    for name, mode in ((CURRENT, 0o640), (PREVIOUS, 0o640), (".lock", 0o660)):
        found = (data / name).stat()
        assert (name, found.st_uid, found.st_gid, found.st_mode & 0o777) == (name, 12345, 23456, mode)
