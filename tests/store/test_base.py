"""What all stores do: wait no longer than told, survive a full disk and a power cut, and really erase."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.store import connection
from appliance.store.base import Store
from appliance.store.connection import writing
from appliance.store.errors import DiskFull, Gone, Locked, Unreachable
from appliance.store.house import HouseStore
from appliance.store.journal import Event, JournalStore
from appliance.store.ledger import Count, LedgerStore
from tests.needs import need
from tests.store.houses import AT, WHAT, blocked, blocking, named, octets, opened

CANARY = "canary-7f3a.example"


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    """A store makes its folder, for the box's own users only."""
    with HouseStore(tmp_path / "new" / "data") as store:
        assert store.current()[0] == 0
    assert (tmp_path / "new" / "data").stat().st_mode & 0o007 == 0


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    """A data folder that can't be one is told."""
    (tmp_path / "data").touch()
    with pytest.raises(Unreachable):
        HouseStore(tmp_path / "data")


def test_a_locked_file(house: HouseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """While somebody holds the file for long, a change fails in time, nothing is changed, and reading goes on."""
    house.replace("box", named("Kim"), AT)
    monkeypatch.setattr(connection, "BUSY_S", 0.2)
    with HouseStore(house.path.parent) as store, opened(house.path) as other, writing(other):
        began = time.monotonic()
        with pytest.raises(Locked):
            store.replace("box", named("Sam"), AT)
        assert 0.15 < time.monotonic() - began < 2
        assert store.current() == (1, named("Kim"))
        with HouseStore(house.path.parent) as late:
            assert late.current() == (1, named("Kim"))
    with HouseStore(house.path.parent) as store:
        assert store.replace("box", named("Sam"), AT).revision == 2


def test_a_file_held_by_one_alone(house: HouseStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that nobody else may even read fails in time too."""
    house.replace("box", named("Kim"), AT)
    house.close()
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    with opened(house.path) as other:
        other.execute("PRAGMA locking_mode = exclusive")
        with writing(other):
            other.execute("delete from settings")
        with pytest.raises(Locked):
            house.current()
    assert house.current() == (1, named("Kim"))
    house.close()


def test_a_removed_file_takes_no_change(house: HouseStore) -> None:
    """A house that was removed meanwhile is neither written to nor silently begun anew."""
    house.replace("box", named("Kim"), AT)
    house.path.unlink()
    with pytest.raises(Gone):
        house.replace("box", named("Sam"), AT)
    with pytest.raises(Gone):
        house.current()
    assert not house.path.exists()


def test_a_full_file_leaves_the_old_state(house: HouseStore) -> None:
    """When there is no room for a change, the house before it stands, and later changes go on from it."""
    house.replace("box", named("Kim"), AT)
    with house.reading() as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull):
        house.replace("box", named(*(f"Kim{number}" for number in range(200))), AT)
    assert house.current() == (1, named("Kim"))
    assert house.problems() == []
    assert house.replace("box", named("Sam"), AT).revision == 2
    assert len(house.audit()) == 2


_FULL = """
import sys
from pathlib import Path
from appliance.store.errors import StoreError
from appliance.store.house import HouseStore
from appliance.store.accounts import Role
from tests.store.houses import AT, WHAT, blocking, named
data = Path(sys.argv[1])

def attempt(call):
    try:
        return call()
    except StoreError as error:
        return type(error).__name__

BIG = blocking(*(f"n{number}.example" for number in range(5000)))

def change(store, mutate):
    return store.change("ann", WHAT, mutate, AT).revision

def fill():
    with (data / "full").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(512))
        except OSError:
            pass

with HouseStore(data) as store:
    store.replace("box", named("Kim"), AT)
    store.accounts.add("box", "ann", "Ann", "hash", Role.OWNER, AT)
    if sys.argv[2] == "running":
        fill()
        print([attempt(lambda: change(store, BIG)) for _ in range(3)])
        print(store.current() == (1, named("Kim")), store.accounts.credentials("ann").password_hash)
fill()
with HouseStore(data) as store:
    print([attempt(lambda: change(store, BIG)) for _ in range(3)])
    print(store.current() == (1, named("Kim")), store.accounts.credentials("ann").password_hash)
    with HouseStore(data) as other:
        print(other.current() == store.current(), attempt(lambda: change(other, BIG)))
    (data / "full").unlink()
    print(change(store, blocking("one.example")), store.problems(), len(store.audit()))
"""


@pytest.mark.parametrize("when", ["running", "starting"])
def test_a_full_disk(tmp_path: Path, when: str) -> None:
    """On a full disk a change fails with a clear error, log-in and house are read, even by a store that just starts."""
    need(os.geteuid() == 0, "mounting a small disk needs root")
    mounted = f"mount -t tmpfs -o size=512k none {tmp_path}"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f'{mounted} && exec "$0" "$@"', sys.executable, "-c", _FULL, tmp_path, when],
        capture_output=True, text=True, check=False, timeout=60, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    full = ["['DiskFull', 'DiskFull', 'DiskFull']", "True hash"]
    expected = full * (2 if when == "running" else 1) + ["True DiskFull", "2 [] 3"]
    assert done.stdout.splitlines() == expected, done.stderr


_CUT = """
import sys
from pathlib import Path
from appliance.store.house import HouseStore
from appliance.store.ledger import Count, LedgerStore
from tests.store.houses import AT, WHAT, blocking
with HouseStore(Path(sys.argv[1])) as house, LedgerStore(Path(sys.argv[1])) as ledger:
    print("ready", flush=True)
    for number in range(100_000):
        done = house.change("ann", WHAT, blocking(f"n{number}.{sys.argv[2]}.example"), AT)
        ledger.add([Count(day="2026-03-04", person="kim", category="c", action="a", count=1)])
        print(done.revision, done.house.persons[0].rules[-1].name, flush=True)
"""


def test_kill_at_any_moment(tmp_path: Path) -> None:
    """Killed in the middle of writing, twenty times: what was acknowledged is there, and the next one goes on."""
    with HouseStore(tmp_path) as house:
        house.replace("box", named("Kim"), AT)
    acknowledged = 0
    for turn in range(20):
        argv = [sys.executable, "-c", _CUT, str(tmp_path), str(turn)]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
            # A different moment in each round: after some lines, and then wherever it is.
            lines = [child.stdout.readline() for _ in range(1 + turn % 7)]
            time.sleep(turn % 5 * 0.001)
            child.kill()
            lines += child.stdout.readlines()
        last, name = [line for line in lines if line.endswith("\n")][-1].split()
        acknowledged += sum(line.endswith("\n") for line in lines)
        with HouseStore(tmp_path) as house, LedgerStore(tmp_path) as ledger:
            revision, now = house.current()
            assert revision - int(last) in (0, 1)
            assert name in blocked(now)[-2:]
            assert len(house.audit(limit=100_000)) == revision == len(blocked(now)) + 1
            assert house.problems() == ledger.problems() == []
            (counted,) = ledger.counts("2026-03-04", "2026-03-04")
            assert acknowledged <= counted.count < revision


@pytest.mark.parametrize("is_done", [True, False])
def test_a_power_cut(house: HouseStore, tmp_path: Path, is_done: bool) -> None:
    """The files as the disk had them in the middle of a change are the house before it, afterwards the one after it.

    The index of the log is in memory and is lost.
    """
    house.replace("box", named("Kim"), AT)
    later = tmp_path / "later"
    later.mkdir()
    with house.writing() as db:
        db.execute("PRAGMA cache_spill = 1")
        db.table("revisions").insert({"revision": 2, "at": AT, "who": "ann", "house": "x" * 20_000_000})
        if not is_done:
            assert (tmp_path / "house.db-wal").stat().st_size > 1_000_000
            for name in ("house.db", "house.db-wal"):
                (later / name).write_bytes((tmp_path / name).read_bytes())
        db.table("revisions").delete(2)
    if is_done:
        house.replace("ann", named("Sam"), AT)
        for name in ("house.db", "house.db-wal"):
            (later / name).write_bytes((tmp_path / name).read_bytes())
    with HouseStore(later) as store:
        assert store.current() == ((2, named("Sam")) if is_done else (1, named("Kim")))
        assert store.problems() == []


def test_a_torn_log(house: HouseStore, tmp_path: Path) -> None:
    """A log that ends anywhere gives the house of some change that was whole, never an error or half of one."""
    house.replace("box", named("Kim"), AT)
    with house.reading() as db:
        db.execute("PRAGMA wal_checkpoint(truncate)").fetchall()
    for number in range(5):
        house.change("ann", WHAT, blocking(f"n{number}.example"), AT)
    log = (tmp_path / "house.db-wal").read_bytes()
    seen = set()
    for turn, size in enumerate(range(0, len(log) + 1, max(1, len(log) // 40))):
        torn = tmp_path / f"torn{turn}"
        torn.mkdir()
        (torn / "house.db").write_bytes((tmp_path / "house.db").read_bytes())
        (torn / "house.db-wal").write_bytes(log[:size] + bytes(100))
        with HouseStore(torn) as store:
            revision, now = store.current()
            assert blocked(now) == [f"n{number}.example" for number in range(revision - 1)]
            assert len(store.audit()) == revision
            assert store.problems() == []
        seen.add(revision)
    assert len(seen) > 3


@pytest.mark.parametrize("kind", [HouseStore, LedgerStore])
def test_a_copy(tmp_path: Path, kind: type[Store]) -> None:
    """A copy of a file in use is whole and stands alone."""
    with kind(tmp_path) as store:
        target = tmp_path / "backup" / store.FILE
        target.parent.mkdir()
        store.copy_to(target)
        columns = store.columns()
    assert [one.name for one in target.parent.iterdir()] == [target.name]
    with kind(target.parent) as copy:
        assert copy.columns() == columns


def test_erased_is_gone_from_the_disk(journal: JournalStore, tmp_path: Path) -> None:
    """After erasing, no file holds what was erased, neither in free pages nor in a log."""
    journal.add([Event(kind="blocked", at=AT, person="kim", args={"word": CANARY})], AT)
    journal.add([Event(kind="blocked", at=AT + 10, person="kim", args={"word": "kept.example"})], AT)
    assert CANARY.encode() in octets(tmp_path)
    assert journal.erase_older("events", AT + 5) == 1
    assert CANARY.encode() not in octets(tmp_path)
    assert b"kept.example" in octets(tmp_path)
    assert journal.erase_older("events", AT + 5) == 0


def test_erasing_while_somebody_reads(journal: JournalStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A reader keeps the log from being emptied; the rows are gone all the same, and the next erasure empties it."""
    monkeypatch.setattr(connection, "BUSY_S", 0.05)
    journal.close()
    for number in range(2):
        event = Event(kind="blocked", at=AT + number, person="kim", args={"word": CANARY})
        journal.add([event], AT)
    with opened(journal.path) as reader:
        reader.execute("BEGIN")
        assert reader.table("events").count == 2
        assert journal.erase_older("events", AT + 1) == 1
        reader.rollback()
    assert journal.erase_older("events", AT + 2) == 1
    assert CANARY.encode() not in octets(tmp_path)


def test_ages_are_asked_for_rightly(house: HouseStore, ledger: LedgerStore) -> None:
    """A moment for a table of days, a person for a table without, a table without an age: all refused."""
    with pytest.raises(TypeError, match="by days"):
        ledger.erase_older("counts", AT)
    with pytest.raises(TypeError, match="by POSIX seconds"):
        house.erase_older("audit", "2026-03-04")
    with pytest.raises(ValueError, match="no row of found is anyone's"):
        house.erase_older("found", AT, "kim")
    with pytest.raises(KeyError):
        house.erase_older("caregivers", AT)


def test_every_age_is_of_a_column(house: HouseStore, ledger: LedgerStore, journal: JournalStore) -> None:
    """Each declared age can be asked for, of all and, where there are persons, of one."""
    stores: list[Store] = [house, ledger, journal]
    for store in stores:
        for table, age in store.AGES.items():
            before: float | str = "2026-03-04" if age.is_day else AT
            assert store.erase_older(table, before) == 0
            if age.person:
                assert store.erase_older(table, before, "kim") == 0


def test_old_copies_go(ledger: LedgerStore, tmp_path: Path) -> None:
    """Copies and what was set aside hold what is erased elsewhere, so they have an age too."""
    ledger.add([Count(day="2026-03-04", person="kim", category="c", action="a", count=1)])
    for number, name in enumerate(
        ["ledger.db.before-2", "ledger.db.broken-77", "ledger.db.before-3", "house.db.before-2"]
    ):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (AT + number, AT + number))
    assert ledger.erase_copies(AT + 2) == 2
    assert {one.name for one in tmp_path.iterdir()} >= {"ledger.db.before-3", "house.db.before-2", "ledger.db"}
    assert ledger.erase_copies(AT + 2) == 0
