"""Upkeep: both books are swept, whatever is wrong with one of them, and a full disk is noticed."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.steward import upkeep
from appliance.steward.problems import Problems
from appliance.steward.upkeep import LEAST_BYTES, look_at_disk, sweep_books
from appliance.store.errors import Corrupt
from appliance.store.journal import Event
from appliance.store.ledger import Count
from appliance.world.state import Problem
from tests.steward.box import AT, CONTRACT, DAY_S, HOUSE, books_in, codes

OLD = Count(day="2026-01-01", person="ada", category="games", action="allow", count=1)


def test_both_books(tmp_path: Path) -> None:
    """What is too old goes from the ledger and from the journal."""
    books, problems = books_in(tmp_path)
    books.with_ledger(lambda one: one.add([OLD]))
    books.with_journal(lambda one: one.add([Event(kind="malware_blocked", at=AT - 8 * DAY_S, person="ada")], AT), AT)
    assert sweep_books(books, CONTRACT, HOUSE, AT, is_certain=True) == 2
    assert sweep_books(books, CONTRACT, HOUSE, AT, is_certain=True) == 0
    assert codes(problems) == []
    books.close()


def test_one_broken_book(tmp_path: Path) -> None:
    """The other one is swept all the same, and the fault is told."""
    (tmp_path / "ledger.db").write_bytes(b"no database" * 1000)
    books, problems = books_in(tmp_path)
    books.with_journal(lambda one: one.add([Event(kind="malware_blocked", at=AT, person="zoe")], AT), AT)
    with pytest.raises(Corrupt):
        sweep_books(books, CONTRACT, HOUSE, AT, is_certain=True)
    left = books.with_journal(lambda one: one.events(person="zoe"), AT)
    assert (left, "ledger_broken" in codes(problems)) == ([], True)
    books.close()


def test_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too little room is a problem, with how much there is; room again is none."""
    problems = Problems()
    for blocks, expected in ((3, [Problem("disk_full", {"free_bytes": 3 * 512})]), (LEAST_BYTES // 512, [])):
        found = SimpleNamespace(f_bavail=blocks, f_frsize=512, f_flag=0)
        monkeypatch.setattr(os, "statvfs", lambda _, told=found: told)
        look_at_disk(tmp_path, problems)
        assert list(problems.all()) == expected


def test_a_folder_that_is_away(tmp_path: Path) -> None:
    """It is told, until it is back."""
    problems = Problems()
    look_at_disk(tmp_path / "away", problems)
    assert codes(problems) == ["data_away"]
    look_at_disk(tmp_path, problems)
    assert codes(problems) == []


def test_a_disk_that_broke_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel says it of the disk of the data folder, and of no other one."""
    device = tmp_path.stat().st_dev
    ours, other = f"{os.major(device)}:{os.minor(device)}", "250:250"
    line = "36 35 {} / /data rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro{}\n"
    for fine, broken, expected in ((ours, other, []), (other, ours, ["data_read_only"])):
        (tmp_path / "mounts").write_text(line.format(fine, "") + line.format(broken, ",emergency_ro"))
        monkeypatch.setattr(upkeep, "MOUNTS", tmp_path / "mounts")
        problems = Problems()
        look_at_disk(tmp_path, problems)
        assert codes(problems) == expected


def test_a_disk_that_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that the kernel made read-only is told of before anything is to be written, until it takes something."""
    problems = Problems()
    for flag, expected in ((os.ST_RDONLY | os.ST_NOATIME, ["data_read_only"]), (os.ST_NOATIME, [])):
        found = SimpleNamespace(f_bavail=LEAST_BYTES, f_frsize=512, f_flag=flag)
        monkeypatch.setattr(os, "statvfs", lambda _, told=found: told)
        look_at_disk(tmp_path, problems)
        assert codes(problems) == expected
