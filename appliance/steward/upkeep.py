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
    """Note a disk that is full, and that it isn't any more; a folder that is away is another problem."""
    try:
        found = os.statvfs(data)
    except OSError:
        problems.note("data_away")
        return
    problems.clear("data_away")
    free_bytes = found.f_bavail * found.f_frsize
    if free_bytes < LEAST_BYTES:
        problems.note(DISK_FULL, free_bytes=free_bytes)
    else:
        problems.clear(DISK_FULL)
