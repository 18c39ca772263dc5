"""`house.db`: the house in revisions, each change with who made it; caregivers, codes, found devices, settings."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import msgspec
from sqlite_utils import Database

from appliance.core.house import EMPTY, House, HouseError, from_json, to_json
from appliance.core.verdict import Reason
from appliance.store import audit, schema
from appliance.store.accounts import Accounts
from appliance.store.audit import Entry
from appliance.store.base import Age, Store
from appliance.store.codes import Codes
from appliance.store.difference import difference, nameless
from appliance.store.errors import Conflict, Corrupt
from appliance.store.found import Found
from appliance.store.requests import Answer, Requests, TakenBack, settle, take_back
from appliance.store.requests import forget as forget_requests
from appliance.store.settings import Settings

REPLACED = Reason("house_replaced")


class Changed(msgspec.Struct, frozen=True):
    """The house after a change, and before it. Without an entry nothing differed and nothing was written."""

    revision: int
    house: House
    before: House
    entry: Entry | None


class HouseStore(Store):
    """What the caregivers said, in revisions from 1 on, and who may say it.

    No secret stands in a house: password hashes and codes have tables of their own.
    """

    FILE = "house.db"
    STEPS = schema.HOUSE
    AGES: ClassVar[Mapping[str, Age]] = {
        "revisions": Age("at", person=None, only="revision < (select max(revision) from revisions)"),
        "audit": Age("at", person="id in (select entry from audit_persons where person = ?)"),
        "attempts": Age("last_at", person=None),
        "codes": Age("coalesce(expires_at, at)", person=None),
        "found": Age("last_seen", person=None),
        "requests": Age("at"),
    }

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self.accounts = Accounts(self)
        self.codes = Codes(self)
        self.found = Found(self)
        self.settings = Settings(self)
        self.requests = Requests(self)

    def current(self) -> tuple[int, House]:
        """Return the revision and the house; 0 and the empty one in a new box. Raises StoreError."""
        with self.reading() as db:
            return self._current(db)

    def change(
        self,
        who: str,
        what: Reason,
        mutate: Callable[[House], House],
        at: float,
        *,
        base: int | None = None,
        above: int = 0,
        answer: Answer | TakenBack | None = None,
    ) -> Changed:
        """Make the house what `mutate` makes of it, as the next revision, with an audit row, in one transaction.

        `mutate` sees the house as it is then, so changes made at once don't undo one another; all others wait for
        it, and it must not use the store. With `base`, a house that is not of that revision any more raises
        Conflict. The new revision is higher than `above` too. With `answer` a request is answered by it in the same
        transaction, or what an answer taught is taken back: the audit points to the request, and repeats no name.
        Raises StoreError, HouseError for what is no house, and whatever `mutate` raises.
        """
        with self.writing() as db:
            revision, before = self._current(db)
            if base is not None and base != revision:
                raise Conflict(f"{self.path}: revision {revision}, not {base}")
            match answer:
                case Answer():
                    settle(db, who, answer, at)
                case TakenBack():
                    take_back(db, answer)
            text = to_json(mutate(before))
            # A value made in Python is not checked as a text is: what could not be read again is never stored.
            house = from_json(text)
            if house == before and revision > above:
                return Changed(revision, house, before, None)
            revision = max(revision, above) + 1
            row = {"revision": revision, "at": at, "who": who, "house": text.decode()}
            db.table("revisions").insert(row)
            found = nameless(difference(before, house), answer.request if answer else None)
            entry = audit.write(db, who, what, revision, found, at)
            return Changed(revision, house, before, entry)

    def replace(self, who: str, house: House, at: float, *, base: int | None = None, above: int = 0) -> Changed:
        """Put a whole house in place of the one there is; all that isn't part of a house stays as it is.

        A published snapshot that an empty store lacks is taken over with its number by ``above=revision - 1``.
        """
        return self.change(who, REPLACED, lambda _: house, at, base=base, above=above)

    def audit(self, person: str | None = None, since: float | None = None, limit: int = 100) -> list[Entry]:
        """Return the latest changes, newest first; with a person, those that concern it or the whole house."""
        with self.reading() as db:
            return audit.read(db, person, since, limit)

    def erase(self, person: str) -> None:
        """Erase what is remembered of one person besides the house as it is now: audit and earlier revisions.

        Take the person out of the house first.
        """
        with self.writing() as db:
            audit.forget(db, person)
            forget_requests(db, person)
            db.table("revisions").delete_where(self.AGES["revisions"].only)
        self.empty_log()

    def _current(self, db: Database) -> tuple[int, House]:
        rows = db.query("select revision, house from revisions order by revision desc limit 1")
        for row in list(rows):
            try:
                return row["revision"], from_json(row["house"].encode())
            except HouseError as error:
                raise Corrupt(f"{self.path}: revision {row['revision']}: {error}") from error
        return 0, EMPTY
