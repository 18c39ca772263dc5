"""Who changed what, when, and how it was before: rows that are written with the change itself."""

import msgspec
from sqlite_utils import Database

from appliance.core.verdict import Reason
from appliance.store.base import Row
from appliance.store.difference import Difference, Part, without

NOTHING = Difference({}, {}, (), False)


class Entry(msgspec.Struct, frozen=True):
    """One change. `who` is a caregiver's id, or a word for the box itself; `revision` the house's after it."""

    id: int
    at: float
    who: str
    what: Reason
    revision: int
    before: Part
    after: Part
    persons: tuple[str, ...]
    """Whom it concerns by id."""
    is_whole_house: bool
    """It concerns everybody."""


def write(db: Database, who: str, what: Reason, revision: int, found: Difference, at: float) -> Entry:
    """Write a row inside the transaction of the change."""
    row = {
        "at": at, "who": who, "revision": revision, "code": what.code, "args": _text(what.args),
        "before": _text(found.before), "after": _text(found.after), "is_whole_house": int(found.is_whole_house),
    }  # fmt: skip
    id_ = int(db.table("audit").insert(row).last_pk or 0)
    db.table("audit_persons").insert_all({"entry": id_, "person": person} for person in found.persons)
    return Entry(id_, at, who, what, revision, found.before, found.after, found.persons, found.is_whole_house)


def read(db: Database, person: str | None, since: float | None, limit: int) -> list[Entry]:
    """Return the latest entries, newest first; with a person, those that concern it or the whole house."""
    where, args = ["1"], {"person": person, "since": since}
    if person is not None:
        where.append("(is_whole_house or id in (select entry from audit_persons where person = :person))")
    if since is not None:
        where.append("at >= :since")
    rows = db.table("audit").rows_where(
        " and ".join(where),
        args,
        select="*, (select json_group_array(person) from audit_persons where entry = id) as persons",
        order_by="id desc",
        limit=limit,
    )
    return [_entry(row) for row in rows]


def forget(db: Database, person: str) -> None:
    """Erase what concerned one person alone, and that person out of what concerned others too."""
    concerned = "id in (select entry from audit_persons where person = ?)"
    alone = "not is_whole_house and (select count(*) from audit_persons where entry = id) = 1"
    db.table("audit").delete_where(f"{concerned} and {alone}", [person])
    for row in list(db.table("audit").rows_where(concerned, [person], select="id, before, after")):
        kept = {side: _text(without(msgspec.json.decode(row[side]), person)) for side in ("before", "after")}
        db.table("audit").update(row["id"], kept)
    db.table("audit_persons").delete_where("person = ?", [person])


def _entry(row: Row) -> Entry:
    return Entry(
        row["id"],
        row["at"],
        row["who"],
        Reason(row["code"], msgspec.json.decode(row["args"], type=tuple[tuple[str, str], ...])),
        row["revision"],
        msgspec.json.decode(row["before"]),
        msgspec.json.decode(row["after"]),
        tuple(sorted(msgspec.json.decode(row["persons"], type=list[str]))),
        bool(row["is_whole_house"]),
    )


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
