"""How often somebody may guess: five times, then after a minute, then after two, up to an hour."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from appliance.store.accounts import Accounts, Attempts
from appliance.store.errors import StoreError

FREE = 5
FIRST_S = 60.0
LONGEST_S = 3600.0
FORGOTTEN_S = 24 * 3600.0
"""Failures that lie so far back count no more."""
MAX_SUBJECTS = 1000
"""In memory, the latest; others are in house.db as well."""


class Locked(Exception):
    """Too many wrong tries: wait until a moment (POSIX seconds)."""

    def __init__(self, until: float) -> None:
        super().__init__(until)
        self.until = until


def wait_s(failures: int) -> float:
    """Return for how long nobody may guess after so many failures in a row (seconds)."""
    return 0.0 if failures < FREE else min(LONGEST_S, FIRST_S * 2.0 ** min(failures - FREE, 16))


class Lockout:
    """Failures by subject (an account, an address, a code), in memory and in house.db.

    Memory holds where the disk doesn't take them, house.db where the dashboard is started again. A try counts as a
    failure until it succeeded, so that guesses made at once don't slip through together.
    """

    def __init__(self, accounts: Callable[[], Accounts]) -> None:
        self._accounts = accounts
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Attempts] = OrderedDict()

    def begin(self, subjects: Iterable[str], at: float) -> None:
        """Begin to try. Raises Locked where one of the subjects must wait."""
        wanted = tuple(subjects)
        stored = [self._stored(subject) for subject in wanted]
        with self._lock:
            merged = [
                _later(self._known.get(one, Attempts()), kept, at) for one, kept in zip(wanted, stored, strict=True)
            ]
            until = max((one.locked_until or 0.0 for one in merged), default=0.0)
            if until > at:
                raise Locked(until)
            for subject, old in zip(wanted, merged, strict=True):
                self._put(subject, _failed(old, at))

    def fail(self, subjects: Iterable[str], at: float) -> None:
        """Say that what was begun failed: house.db is told, if it listens."""
        for subject in subjects:
            with suppress(StoreError):
                accounts = self._accounts()
                kept = accounts.fail(subject, at)
                until = self._known.get(subject, kept).locked_until
                if until is not None and until > at:
                    accounts.lock_out(subject, until, at)

    def succeed(self, subjects: Iterable[str]) -> None:
        """Say that what was begun succeeded: the failures are forgotten."""
        for subject in subjects:
            with self._lock:
                self._known.pop(subject, None)
            with suppress(StoreError):
                self._accounts().succeed(subject)

    def _stored(self, subject: str) -> Attempts:
        try:
            return self._accounts().attempts(subject)
        except StoreError:
            return Attempts()

    def _put(self, subject: str, attempts: Attempts) -> None:
        self._known[subject] = attempts
        self._known.move_to_end(subject)
        while len(self._known) > MAX_SUBJECTS:
            self._known.popitem(last=False)


def _later(one: Attempts, other: Attempts, at: float) -> Attempts:
    """Return the one with more failures, without what lies too far back or, by a clock that was set, too far ahead."""
    found = max(one, other, key=lambda attempts: (attempts.failures, attempts.locked_until or 0.0))
    if found.last_at is not None and not at - FORGOTTEN_S < found.last_at <= at + LONGEST_S:
        return Attempts()
    if found.locked_until is not None and found.locked_until > at + LONGEST_S:
        return msgspec.structs.replace(found, locked_until=at + LONGEST_S)
    return found


def _failed(old: Attempts, at: float) -> Attempts:
    failures = old.failures + 1
    wait = wait_s(failures)
    return Attempts(failures, old.first_at or at, at, at + wait if wait else None)
