"""Caregivers: who may log in, and how often a log-in failed; hashes come in and go out, passwords never."""

from enum import Enum
from unicodedata import normalize

import msgspec
from sqlite_utils import Database

from appliance.core.verdict import Reason
from appliance.store import audit
from appliance.store.base import Row, Store
from appliance.store.errors import LastOwner, NameTaken, NoCaregiver


class Role(Enum):
    """What a caregiver may do."""

    OWNER = "owner"
    CAREGIVER = "caregiver"


class Caregiver(msgspec.Struct, frozen=True):
    """An account. A session counts as long as it was begun at `session_epoch` and `disabled_at` is None."""

    id: str
    name: str
    role: Role
    session_epoch: int
    created_at: float
    disabled_at: float | None = None


class Credentials(msgspec.Struct, frozen=True):
    """An account with the hash that its password is held against."""

    caregiver: Caregiver
    password_hash: str


class Attempts(msgspec.Struct, frozen=True):
    """How often in a row a subject (an account, an address, a code) failed, and until when it is locked out."""

    failures: int = 0
    first_at: float | None = None
    last_at: float | None = None
    locked_until: float | None = None


class Accounts:
    """The caregivers of a house."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def all(self) -> list[Caregiver]:
        """Return all caregivers, disabled ones too, in the order they came."""
        with self._store.reading() as db:
            return [caregiver_of(row) for row in db.table("caregivers").rows_where(order_by="created_at, id")]

    def get(self, caregiver: str) -> Caregiver | None:
        """Return a caregiver by id."""
        with self._store.reading() as db:
            return next((caregiver_of(row) for row in _rows(db, "id", caregiver)), None)

    def credentials(self, name: str) -> Credentials | None:
        """Return the account of a name, however it is spelt in upper and lower case."""
        with self._store.reading() as db:
            rows = _rows(db, "name_key", name_key(name))
        return next((Credentials(caregiver_of(row), row["password_hash"]) for row in rows), None)

    def add(self, who: str, caregiver: str, name: str, password_hash: str, role: Role, at: float) -> Caregiver:
        """Add an account under a new id. Raises NameTaken."""
        with self._store.writing() as db:
            return insert(db, who, Caregiver(caregiver, name, role, 1, at), password_hash)

    def reset(self, who: str, caregiver: str, password_hash: str, at: float) -> Caregiver:
        """Give an account another password, and end its sessions. Raises NoCaregiver."""
        return self._change(who, "caregiver_reset", caregiver, {"password_hash": password_hash}, at)

    def end_sessions(self, who: str, caregiver: str, at: float) -> Caregiver:
        """End all sessions of an account. Raises NoCaregiver."""
        return self._change(who, "caregiver_sessions_ended", caregiver, {}, at)

    def rehash(self, caregiver: str, password_hash: str) -> None:
        """Put a better hash of the same password in place of the old one; sessions go on. Raises NoCaregiver."""
        with self._store.writing() as db:
            if not _rows(db, "id", caregiver):
                raise NoCaregiver(caregiver)
            db.table("caregivers").update(caregiver, {"password_hash": password_hash})

    def disable(self, who: str, caregiver: str, at: float) -> Caregiver:
        """Let an account log in no more, and end its sessions. Raises NoCaregiver and LastOwner."""
        return self._change(who, "caregiver_disabled", caregiver, {"disabled_at": at}, at)

    def enable(self, who: str, caregiver: str, at: float) -> Caregiver:
        """Let an account log in again. Raises NoCaregiver."""
        return self._change(who, "caregiver_enabled", caregiver, {"disabled_at": None}, at)

    def set_role(self, who: str, caregiver: str, role: Role, at: float) -> Caregiver:
        """Give an account another role, and end its sessions. Raises NoCaregiver and LastOwner."""
        return self._change(who, "caregiver_role", caregiver, {"role": role.value}, at)

    def attempts(self, subject: str) -> Attempts:
        """Return the failures of a subject."""
        with self._store.reading() as db:
            return _attempts(db, subject)

    def fail(self, subject: str, at: float) -> Attempts:
        """Count a failure; return how many there are now."""
        with self._store.writing() as db:
            old = _attempts(db, subject)
            return _keep(db, subject, Attempts(old.failures + 1, old.first_at or at, at, old.locked_until))

    def lock_out(self, subject: str, until: float, at: float) -> Attempts:
        """Lock a subject out until a moment."""
        with self._store.writing() as db:
            old = _attempts(db, subject)
            return _keep(db, subject, Attempts(old.failures, old.first_at or at, old.last_at or at, until))

    def succeed(self, subject: str) -> None:
        """Forget the failures of a subject; where there are none, nothing is written."""
        if self.attempts(subject) != Attempts():
            with self._store.writing() as db:
                db.table("attempts").delete_where("subject = ?", [subject])

    def _change(self, who: str, code: str, caregiver: str, columns: Row, at: float) -> Caregiver:
        with self._store.writing() as db:
            rows = _rows(db, "id", caregiver)
            if not rows:
                raise NoCaregiver(caregiver)
            had_owner = has_owner(db)
            db.table("caregivers").update(caregiver, {**columns, "session_epoch": rows[0]["session_epoch"] + 1})
            if had_owner and not has_owner(db):
                raise LastOwner(caregiver)
            changed = caregiver_of(_rows(db, "id", caregiver)[0])
            _note(db, who, code, changed, at)
            return changed


def insert(db: Database, who: str, caregiver: Caregiver, password_hash: str) -> Caregiver:
    """Add an account inside a transaction. Raises NameTaken."""
    key = name_key(caregiver.name)
    if _rows(db, "name_key", key) or _rows(db, "id", caregiver.id):
        raise NameTaken(caregiver.name)
    row = msgspec.to_builtins(caregiver) | {"name_key": key, "password_hash": password_hash}
    db.table("caregivers").insert(row)
    _note(db, who, "caregiver_added", caregiver, caregiver.created_at)
    return caregiver


def has_owner(db: Database) -> bool:
    """Say whether somebody who may log in owns the box."""
    where = "role = ? and disabled_at is null"
    return bool(db.table("caregivers").count_where(where, [Role.OWNER.value]))


def caregiver_of(row: Row) -> Caregiver:
    """Return a row's caregiver, without its hash."""
    return msgspec.convert({key: row[key] for key in Caregiver.__struct_fields__}, Caregiver)


def name_key(name: str) -> str:
    """Return what two spellings of one name have in common."""
    return normalize("NFKC", " ".join(name.split())).casefold()


def _rows(db: Database, column: str, value: str) -> list[Row]:
    return list(db.table("caregivers").rows_where(f"{column} = ?", [value]))


def _note(db: Database, who: str, code: str, caregiver: Caregiver, at: float) -> None:
    revision = db.execute("select coalesce(max(revision), 0) from revisions").fetchone()[0]
    what = Reason.of(code, caregiver=caregiver.id, name=caregiver.name, role=caregiver.role.value)
    audit.write(db, who, what, revision, audit.NOTHING, at)


def _attempts(db: Database, subject: str) -> Attempts:
    rows = list(db.table("attempts").rows_where("subject = ?", [subject]))
    return Attempts(*(rows[0][field] for field in Attempts.__struct_fields__)) if rows else Attempts()


def _keep(db: Database, subject: str, attempts: Attempts) -> Attempts:
    db.table("attempts").upsert({"subject": subject} | msgspec.to_builtins(attempts), pk="subject")
    return attempts
