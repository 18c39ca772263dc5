"""The ledger and the journal of one data folder: opened when they can be, and again when they were lost.

A journal that is broken or gone is begun anew, and says so in its first event. A ledger that is broken stays as it is.
"""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from appliance.steward.problems import Problems
from appliance.store.errors import Corrupt, Gone, Unreachable
from appliance.store.journal import Event, JournalStore, Severity
from appliance.store.ledger import LedgerStore

RENEWED = "journal_renewed"
RENEWED_SHOWN_S = 86_400

T = TypeVar("T")


class Books:
    """Both files, for any thread; what fails raises StoreError and is noted as a problem."""

    def __init__(self, data: Path, problems: Problems, is_away: Callable[[], bool] = lambda: False) -> None:
        """Open nothing yet. While the folder is away nothing is begun in its place: no book belongs there."""
        self._is_away = is_away
        self._data = data
        self._problems = problems
        self._guard = threading.Lock()
        self._ledger: LedgerStore | None = None
        self._journal: JournalStore | None = None
        was_lost = (data / LedgerStore.FILE).exists() and not (data / JournalStore.FILE).exists()
        self._told_renewals = -1 if was_lost else 0
        self._renewed_at = float("-inf")

    def with_ledger(self, work: Callable[[LedgerStore], T]) -> T:
        """Return what work with the ledger gives; where the file was removed, it is begun anew. Raises StoreError."""
        with self._problems.tending("ledger"):
            self._require_folder()
            ledger = self._open_ledger()
            try:
                return work(ledger)
            except Gone:
                self._require_folder()
                self._forget(ledger)
                self._problems.note("ledger_renewed")
                return work(self._open_ledger())

    def with_journal(self, work: Callable[[JournalStore], T], at: float) -> T:
        """Return what work with the journal gives. Raises StoreError."""
        with self._problems.tending("journal"):
            self._require_folder()
            journal = self._open_journal(at)
            renewals = journal.renewals
            try:
                result = work(journal)
            except (Corrupt, Gone):
                self._require_folder()
                # Unless another thread did it in the meantime.
                if journal.renewals == renewals:
                    journal.begin_anew(at)
                result = work(journal)
            self._tell_renewal(journal, at)
            return result

    def look_back(self, at: float) -> None:
        """Say for a day that the journal was begun anew. Raises StoreError."""
        found = self.with_journal(lambda one: one.events(kind=RENEWED, since=at - RENEWED_SHOWN_S, limit=1), at)
        last = max([self._renewed_at, *(event.at for event in found)])
        if last >= at - RENEWED_SHOWN_S:
            self._problems.note(RENEWED, at=last)
        else:
            self._problems.clear(RENEWED)

    def close(self) -> None:
        """Close both."""
        with self._guard:
            for store in (self._ledger, self._journal):
                if store is not None:
                    store.close()
            self._ledger = self._journal = None

    def _require_folder(self) -> None:
        if self._is_away():
            raise Unreachable(f"{self._data} is away")

    def _open_ledger(self) -> LedgerStore:
        with self._guard:
            if self._ledger is None:
                self._ledger = LedgerStore(self._data)
            return self._ledger

    def _open_journal(self, at: float) -> JournalStore:
        with self._guard:
            if self._journal is None:
                self._journal = JournalStore(self._data, at)
            return self._journal

    def _forget(self, ledger: LedgerStore) -> None:
        with self._guard:
            if self._ledger is ledger:
                ledger.close()
                self._ledger = None

    def _tell_renewal(self, journal: JournalStore, at: float) -> None:
        renewals = journal.renewals
        if renewals == self._told_renewals:
            return
        journal.add([Event(kind=RENEWED, at=at, severity=Severity.WARNING)], at)
        self._told_renewals, self._renewed_at = renewals, at
        self._problems.note(RENEWED, at=at)
