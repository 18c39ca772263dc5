"""Care of the files: what has outlived its age, and how much room there is."""

import os
from functools import partial
from pathlib import Path

from appliance.core.house import House
from appliance.core.visibility import Contract
from appliance.household.retention import sweep
from appliance.steward.books import Books
from appliance.steward.problems import DISK_FULL, Problems
from appliance.store.base import Store
from appliance.store.errors import StoreError

READ_ONLY = "data_read_only"
MOUNTS = Path("/proc/self/mountinfo")
BROKEN_DOWN = "emergency_ro"
LEAST_BYTES = 1 << 20
"""With less room than this a file that grows may fail at any moment."""


def sweep_books(books: Books, contract: Contract, house: House, at: float, *, is_certain: bool) -> int:
    """Erase from ledger and journal what may not exist any longer; return how many rows went.

    What is wrong with one of them doesn't keep the other from being swept; the first fault is raised then (StoreError).
    """
    count, fault = 0, None  # type: int, StoreError | None

    def swept(store: Store) -> int:
        return sweep(store, contract, house, at, is_certain=is_certain)

    for use in (partial(books.with_ledger, swept), partial(books.with_journal, swept, at)):
        try:
            count += use()
        except StoreError as error:
            fault = fault or error
    if fault is not None:
        raise fault
    return count


def look_at_disk(data: Path, problems: Problems) -> None:
    """Note a disk that is full or takes nothing, and that it does again; a folder that is away is another problem."""
    try:
        found = os.statvfs(data)
        is_read_only = bool(found.f_flag & os.ST_RDONLY) or _has_broken_down(data)
    except OSError:
        problems.note("data_away")
        return
    problems.clear("data_away")
    if is_read_only:
        problems.note(READ_ONLY)
    else:
        problems.clear(READ_ONLY)
    free_bytes = found.f_bavail * found.f_frsize
    if free_bytes < LEAST_BYTES:
        problems.note(DISK_FULL, free_bytes=free_bytes)
    else:
        problems.clear(DISK_FULL)


def _has_broken_down(data: Path) -> bool:
    """Say whether the kernel ended all writing to a folder's disk: since Linux 6.15 ext4 says so here alone."""
    device = data.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    mounts = [line.split() for line in MOUNTS.read_text().splitlines()]
    return any(words[2] == number and BROKEN_DOWN in words[-1].split(",") for words in mounts)
