"""Files and disks that fail under the box at work: DNS goes on as set, a caregiver gets in and is told what is so."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from appliance.store.house import HouseStore
from appliance.world.snapshot import CURRENT, load_snapshot
from tests.fakes import REAL, FakeUpstream, fake_upstream
from tests.needs import need
from tests.running import until
from tests.scenarios.day import BACK_S, GAMBLING, PASSWORD, Box, Browser, added, lived_in

ZERO = ["0.0.0.0"]
COUNTED = {("kid", "block"): 1, ("kid", "allow"): 1, ("toddler", "block"): 1, ("teen", "block"): 1}
"""What `asked` adds to the ledger."""
SITE = "typed-by-dana.example"


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    """An upstream that has an address for every name."""
    with fake_upstream() as fake:
        yield fake
        assert GAMBLING not in fake.names(), "what is blocked is not asked for"


@pytest.fixture
def box(tmp_path: Path, upstream: FakeUpstream) -> Iterator[Box]:
    """The house on an ordinary disk."""
    with lived_in(tmp_path / "data", upstream.endpoint, workers=1) as made:
        yield made
        assert "Traceback" not in made.up.log.read_text()


@contextmanager
def disk(folder: Path, upstream: FakeUpstream, *words: str) -> Iterator[Box]:
    """Give the house on a disk of its own, which these words mount."""
    need(os.geteuid() == 0 and shutil.which("mount") is not None, "a disk of its own needs root")
    data = folder / "data"
    data.mkdir()
    done = subprocess.run(["mount", *words, str(data)], check=False, capture_output=True, timeout=10)
    need(done.returncode == 0, f"this machine mounts such a disk: {done.stderr.decode()}")
    try:
        with lived_in(data, upstream.endpoint, workers=1) as made:
            yield made
            assert "Traceback" not in made.up.log.read_text()
    finally:
        subprocess.run(["umount", "-l", str(data)], check=False, capture_output=True, timeout=10)


def asked(box: Box) -> None:
    """Ask as children do: what is blocked stays blocked, what is allowed resolves."""
    got = [box.ask("kid", GAMBLING), box.ask("kid", "open.example"), box.ask("toddler", "open.example")]
    assert [*got, box.ask("teen", GAMBLING, is_tcp=True)] == [ZERO, [REAL], ZERO, ZERO]
    assert box.ask("parent", "open.example") == [REAL]


def lets_in(box: Box) -> Browser:
    """Log in from a browser that was never here: the right password does, a wrong one doesn't."""
    assert box.browser().log_in(PASSWORD + "!").status == 422
    return box.owner()


def says(browser: Browser, page: str, words: str) -> None:
    """Wait until a page says something."""
    until(lambda: words in browser.get(page).words, BACK_S, f"{page} says {words!r}")


def unsays(browser: Browser, page: str, words: str) -> None:
    """Wait until a page says something no more."""
    until(lambda: words not in browser.get(page).words, BACK_S, f"{page} says {words!r} no more")


def blocks(browser: Browser, name: str) -> str | None:
    """Block a site for a child; return what the form says if that fails, with the name still in its field."""
    found = browser.send("/child/kid/rules", name=name, do="block")
    if found.status == 303:
        return None
    assert (found.status, f'value="{name}"' in found.text) == (422, True), found.words
    return found.words


def test_journal_removed(box: Box) -> None:
    """It is begun anew, and that is said on both pages; nothing else notices."""
    asked(box)
    box.counted(COUNTED)
    box.commit()
    browser = box.owner()
    for path in box.data.glob("journal.db*"):
        path.unlink()
    asked(box)
    lets_in(box)
    says(browser, "/house", "The journal was damaged and begun anew")
    says(browser, "/", "The journal was damaged and begun anew")
    assert blocks(browser, SITE) is None
    assert box.ask("kid", SITE) == ZERO
    box.counted(added(COUNTED, COUNTED, {("kid", "block"): 1}))
    box.commit()
    assert box.booked() == added(COUNTED, COUNTED, {("kid", "block"): 1})
    assert (box.data / "journal.db").exists()


def test_journal_overwritten(box: Box) -> None:
    """What can't be read is set aside and begun anew; no count of the ledger is lost."""
    asked(box)
    browser = box.owner()
    (box.data / "journal.db").write_bytes(b"no journal" * 8_000)
    asked(box)
    lets_in(box)
    box.counted(added(COUNTED, COUNTED))
    box.commit()
    says(browser, "/house", "The journal was damaged and begun anew")
    assert [path.read_bytes()[:10] for path in box.data.glob("journal.db.broken-*")] == [b"no journal"]
    assert blocks(browser, SITE) is None
    assert box.ask("kid", SITE) == ZERO
    assert box.booked() == added(COUNTED, COUNTED)


def test_ledger_overwritten(box: Box) -> None:
    """It is left as it is, and said; what is counted waits until a copy is put back, and then nothing is missing."""
    asked(box)
    box.counted(COUNTED)
    box.commit()
    browser = box.owner()
    ledger = box.data / "ledger.db"
    with sqlite3.connect(ledger) as raw:
        raw.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
    raw.close()
    copy = ledger.read_bytes()
    ledger.write_bytes(b"no ledger!" * 8_000)
    asked(box)
    lets_in(box)
    box.commit()
    says(browser, "/house", "The ledger is damaged")
    says(browser, "/", "The ledger is damaged")
    assert blocks(browser, SITE) is None
    assert ledger.read_bytes()[:10] == b"no ledger!"
    assert box.held() == COUNTED
    ledger.write_bytes(copy)
    box.commit()
    until(lambda: box.held() == {}, BACK_S, "what waited is written")
    assert box.booked() == added(COUNTED, COUNTED)
    unsays(browser, "/house", "The ledger is damaged")


def test_house_db_locked(box: Box) -> None:
    """Changes of several fail in words and lose nothing typed, a log-in works; after that all is as before."""
    browser = box.owner()
    others = [box.owner() for _ in range(2)]
    holder = sqlite3.connect(box.data / "house.db", isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        with ThreadPoolExecutor() as pool:
            refused = list(pool.map(partial(blocks, name=SITE), [browser, *others]))
        words = "Somebody else has been changing this for too long: nothing was changed here"
        assert [words in (one or "") for one in refused] == [True] * 3
        asked(box)
        assert box.owner().get("/").status == 200
        assert browser.get("/house").status == 200
        assert box.ask("kid", SITE) == [REAL]
    finally:
        holder.close()
    assert blocks(browser, SITE) is None
    assert box.ask("kid", SITE) == ZERO


def test_house_json_removed(box: Box) -> None:
    """The house stays in force, that it can't be taken over anew is said, and it is published again by itself."""
    browser = box.owner()
    revision = load_snapshot(box.data).snapshot
    until(lambda: is_missed(box), BACK_S, "a daemon says that it is gone")
    asked(box)
    lets_in(box)
    until(lambda: load_snapshot(box.data).snapshot == revision, BACK_S, "it is published again")
    until(lambda: all(worker["digest"] for worker in box.up.workers()), BACK_S, "and in force")
    says(browser, "/house", "Nothing is wrong.")
    assert blocks(browser, SITE) is None
    assert box.ask("kid", SITE) == ZERO


def is_missed(box: Box) -> bool:
    """Remove house.json, and again where it was published before anybody looked; say whether that was told."""
    (box.data / CURRENT).unlink(missing_ok=True)
    return "house.json is gone: the last good house stays in force" in box.up.log.read_text()


def fill(data: Path) -> Path:
    """Write until no octet more fits."""
    filler = data / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return filler


def test_disk_filled(tmp_path: Path, upstream: FakeUpstream) -> None:
    """Nothing is saved and no count lost; web and steward even start on a full disk, and a session outlives that."""
    with disk(tmp_path, upstream, "-t", "tmpfs", "-o", "size=8m", "tmpfs") as box:
        asked(box)
        browser = box.owner()
        filler = fill(box.data)
        asked(box)
        refused = blocks(browser, SITE)
        assert refused is not None
        assert "The disk is full: nothing was changed" in refused
        fresh = lets_in(box)
        says(fresh, "/house", "The box's disk is full")
        says(fresh, "/", "The box's disk is full")
        box.counted(added(COUNTED, COUNTED))
        box.end(["web", "steward"])
        until(box.pages, BACK_S, "the dashboard answers again")
        assert [one.get("/").status for one in (browser, fresh, lets_in(box))] == [200] * 3
        says(browser, "/house", "The box's disk is full")
        asked(box)
        assert box.ask("kid", SITE) == [REAL]
        filler.unlink()
        unsays(browser, "/house", "The box's disk is full")
        assert blocks(browser, SITE) is None
        assert box.ask("kid", SITE) == ZERO
        expected = added(COUNTED, COUNTED, COUNTED, {("kid", "allow"): 1, ("kid", "block"): 1})
        box.counted(expected)
        box.commit()
        assert (box.held(), box.booked()) == ({}, expected)


def test_disk_that_takes_nothing_any_more(tmp_path: Path, upstream: FakeUpstream) -> None:
    """The kernel ends all writing, as where a card is worn out: what was set holds, and what is wrong is said."""
    need(shutil.which("mkfs.ext4") is not None, "a disk with errors needs mkfs.ext4")
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, timeout=30)
    with disk(tmp_path, upstream, "-o", "loop,errors=remount-ro", str(image)) as box:
        asked(box)
        browser = box.owner()
        break_down(box.data)
        asked(box)
        refused = blocks(browser, SITE)
        assert refused is not None
        assert "the disk doesn't read or write it" in refused
        fresh = lets_in(box)
        says(fresh, "/house", "The box's disk takes nothing")
        says(fresh, "/", "The box's disk takes nothing")
        assert box.ask("kid", SITE) == [REAL]
        with HouseStore(box.data) as store:
            assert store.current()[0] == 1
        box.counted(added(COUNTED, COUNTED, {("kid", "allow"): 1}))


def break_down(data: Path) -> None:
    """Have the kernel find an error on the disk."""
    found = subprocess.run(
        ["findmnt", "-no", "SOURCE", str(data)], check=True, capture_output=True, text=True, timeout=10
    )
    trigger = Path(f"/sys/fs/ext4/{found.stdout.strip().rpartition('/')[2]}/trigger_fs_error")
    need(trigger.exists(), "a kernel that can be told of an error")
    trigger.write_text("tests")
    with pytest.raises(OSError, match="Read-only file system"):
        (data / "new").touch()
