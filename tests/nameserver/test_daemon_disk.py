"""A disk that is full, read-only or pulled out while the nameserver runs."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.world.snapshot import load_snapshot, publish_house
from tests.fakes import REAL, fake_upstream
from tests.nameserver.test_daemon import END_S, pids, seen
from tests.nameserver.test_resolver import GAMES, HOUSE, KIM, SAM
from tests.needs import need
from tests.running import Running, running, until

OPEN_YAML = f"persons: [{{id: kim, name: Kim, band: 6-9}}]\ndevices: [{{id: a, addresses: [{KIM}], person: kim}}]\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own, with a house on it."""
    need(os.geteuid() == 0 and shutil.which("mount") is not None, "a disk of its own needs root")
    data = tmp_path / "data"
    data.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k,mode=0750", "tmpfs", str(data)], check=True, timeout=10)
    try:
        publish_house(data, HOUSE)
        yield data
    finally:
        subprocess.run(["umount", "-l", str(data)], check=False, capture_output=True, timeout=10)


def fill(data: Path) -> None:
    """Write until no octet more fits."""
    with (data / "filler").open("wb", buffering=0) as filler:
        for size in (4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    filler.write(bytes(size))


def make_read_only(data: Path) -> None:
    """Have the kernel refuse all writing, as it does with a worn-out card."""
    subprocess.run(["mount", "-o", "remount,ro", str(data)], check=True, timeout=10)


def pull_out(data: Path) -> None:
    """Take the disk away: an empty folder is left."""
    subprocess.run(["umount", "-l", str(data)], check=True, timeout=10)


def apply(started: Running) -> subprocess.CompletedProcess[str]:
    """Try to put a house in force that allows more."""
    command = [sys.executable, "-m", "appliance", "house", "apply", "-", "--data", str(started.data)]
    return subprocess.run(command, input=OPEN_YAML, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.parametrize("damage", [fill, make_read_only])
def test_disk_that_takes_nothing(disk: Path, damage: Callable[[Path], None]) -> None:
    """A house that can't be saved is refused in words, and the one in force stays, even for a new worker."""
    with fake_upstream() as fake, running(disk, (fake.endpoint,)) as started:
        before = load_snapshot(disk)
        damage(disk)
        done = apply(started)
        assert (done.returncode, "not saved" in done.stderr) == (1, True), done
        assert load_snapshot(disk) == before
        os.kill(pids(started)[0], signal.SIGKILL)
        assert [seen(started) for _ in range(5)] == [["0.0.0.0"]] * 5
        assert seen(started, source=SAM) == [REAL]
    assert fake.names() == [GAMES], "only Sam's question may have gone out"


def test_disk_that_is_pulled_out(disk: Path) -> None:
    """Without the disk the house stays in force, and that it is gone is told."""
    with fake_upstream() as fake, running(disk, (fake.endpoint,)) as started:
        worker = pids(started)[0]
        pull_out(disk)
        until(lambda: "is gone" in started.log.read_text(), END_S, "it is told")
        os.kill(worker, signal.SIGKILL)
        assert [seen(started) for _ in range(5)] == [["0.0.0.0"]] * 5
    assert fake.names() == []
