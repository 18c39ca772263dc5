"""One-time codes: the one that makes the first owner, and those that invite caregivers; only their hashes stay."""

import msgspec
from sqlite_utils import Database

from appliance.store.accounts import Caregiver, Role, has_owner, insert
from appliance.store.base import Row, Store
from appliance.store.errors import BadCode, Claimed

_FIRST_RUN = "first-run"
_INVITATION = "invitation"


class Invitation(msgspec.Struct, frozen=True):
    """An invitation that nobody took yet."""

    id: int
    role: Role
    who: str
    """The caregiver who made it."""
    at: float
    expires_at: float | None


class Codes:
    """Codes by their hashes. A hash that can be guessed back is the caller's fault: make codes long, or hash slowly."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def is_claimed(self) -> bool:
        """Say whether the box has an owner, so that no first run is left."""
        with self._store.reading() as db:
            return has_owner(db)

    def begin_first_run(self, code_hash: str, at: float) -> None:
        """Make this the one code of the first run; an earlier one is void. Raises Claimed."""
        with self._store.writing() as db:
            if has_owner(db):
                raise Claimed
            db.table("codes").delete_where("kind = ?", [_FIRST_RUN])
            _insert(db, _FIRST_RUN, code_hash, Role.OWNER, "", None, at)

    def invite(self, who: str, code_hash: str, role: Role, expires_at: float, at: float) -> Invitation:
        """Let whoever has the code make an account, once, before it expires."""
        with self._store.writing() as db:
            id_ = _insert(db, _INVITATION, code_hash, role, who, expires_at, at)
        return Invitation(id_, role, who, at, expires_at)

    def invitations(self, at: float) -> list[Invitation]:
        """Return the invitations that are open at a time, oldest first."""
        with self._store.reading() as db:
            rows = db.table("codes").rows_where("kind = ? and expires_at > ?", [_INVITATION, at], order_by="id")
            return [Invitation(row["id"], Role(row["role"]), row["who"], row["at"], row["expires_at"]) for row in rows]

    def withdraw(self, invitation: int) -> None:
        """Take an invitation back; one that is gone is no error."""
        with self._store.writing() as db:
            db.table("codes").delete_where("id = ? and kind = ?", [invitation, _INVITATION])

    def role_of(self, code_hash: str, at: float) -> Role:
        """Return what the account that a code makes may do. Raises BadCode."""
        with self._store.reading() as db:
            return Role(_open(db, code_hash, at)["role"])

    def redeem(self, code_hash: str, caregiver: str, name: str, password_hash: str, at: float) -> Caregiver:
        """Make the account that a code is for, and use the code up, in one transaction.

        Of two who come at once with one code, one gets the account. Raises BadCode and NameTaken.
        """
        with self._store.writing() as db:
            code = _open(db, code_hash, at)
            if code["kind"] == _FIRST_RUN and has_owner(db):
                raise BadCode
            made = Caregiver(caregiver, name, Role(code["role"]), 1, at)
            insert(db, code["who"] or caregiver, made, password_hash)
            db.table("codes").delete_where("id = ?", [code["id"]])
            return made


def _insert(db: Database, kind: str, code_hash: str, role: Role, who: str, expires_at: float | None, at: float) -> int:
    row = {
        "kind": kind, "code_hash": code_hash, "role": role.value, "who": who, "at": at, "expires_at": expires_at,
    }  # fmt: skip
    return int(db.table("codes").insert(row).last_pk or 0)


def _open(db: Database, code_hash: str, at: float) -> Row:
    where = "code_hash = ? and (expires_at is null or expires_at > ?)"
    for row in list(db.table("codes").rows_where(where, [code_hash, at])):
        return row
    raise BadCode
