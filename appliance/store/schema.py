"""The tables of the three files, as the numbered steps that make them; a step that was released never changes.

Each column stands in the visibility contract, or the build fails.
"""

from sqlite_utils import Database
from sqlite_utils.db import ForeignKey

from appliance.store.migrations import Step


def _house_1(db: Database) -> None:
    """Make the house by revisions, who changed what, caregivers, codes, found devices, settings."""
    db.table("revisions").create(
        {"revision": int, "at": float, "who": str, "house": str}, pk="revision", not_null={"at", "who", "house"}
    )
    audit = {
        "id": int, "at": float, "who": str, "revision": int, "code": str, "args": str, "before": str, "after": str,
        "is_whole_house": int,
    }  # fmt: skip
    db.table("audit").create(audit, pk="id", not_null=audit.keys() - {"id"}).create_index(["at"])
    whose = ForeignKey("audit_persons", "entry", "audit", "id", on_delete="CASCADE")
    db.table("audit_persons").create(
        {"entry": int, "person": str}, pk=("entry", "person"), not_null={"entry", "person"}, foreign_keys=[whose]
    ).create_index(["person"])
    caregivers = {
        "id": str, "name": str, "name_key": str, "role": str, "password_hash": str, "session_epoch": int,
        "created_at": float, "disabled_at": float,
    }  # fmt: skip
    db.table("caregivers").create(caregivers, pk="id", not_null=caregivers.keys() - {"disabled_at"}).create_index(
        ["name_key"], unique=True
    )
    attempts = {"subject": str, "failures": int, "first_at": float, "last_at": float, "locked_until": float}
    db.table("attempts").create(attempts, pk="subject", not_null=attempts.keys() - {"locked_until"})
    codes = {"id": int, "kind": str, "code_hash": str, "role": str, "who": str, "at": float, "expires_at": float}
    db.table("codes").create(codes, pk="id", not_null=codes.keys() - {"id", "expires_at"}).create_index(
        ["code_hash"], unique=True
    )
    found = {
        "mac": str, "addresses": str, "host_name": str, "is_random_mac": int, "first_seen": float, "last_seen": float,
    }  # fmt: skip
    db.table("found").create(found, pk="mac", not_null=found.keys() - {"host_name"})
    settings = {"key": str, "value": str, "at": float}
    db.table("settings").create(settings, pk="key", not_null=settings)


def _house_2(db: Database) -> None:
    """Make what children ask for; an empty person is a device that is nobody's."""
    requests = {
        "id": int, "person": str, "device": str, "what": str, "reason": str, "at": float, "state": str,
        "answered_at": float, "answered_by": str, "word": str, "until": float,
    }  # fmt: skip
    wanted = requests.keys() - {"id", "answered_at", "answered_by", "until"}
    table = db.table("requests").create(requests, pk="id", not_null=wanted)
    table.create_index(["person", "at"])
    table.create_index(["state"])


def _house_3(db: Database) -> None:
    """Make what the classifier took a name for that is asked about, and what the answer taught it."""
    db.table("requests").add_column("guessed", str)
    db.table("requests").add_column("taught", int)


def _ledger_1(db: Database) -> None:
    """Make counts by category and action, and minutes; an empty person is a device that nobody named."""
    counts = {"day": str, "span": str, "person": str, "category": str, "action": str, "count": int}
    db.table("counts").create(counts, pk=("day", "span", "person", "category", "action"), not_null=counts)
    minutes = {"day": str, "span": str, "person": str, "kind": str, "what": str, "minutes": int}
    db.table("minutes").create(minutes, pk=("day", "span", "person", "kind", "what"), not_null=minutes)


def _journal_1(db: Database) -> None:
    """Make events, the box's own counters, and the few names that the contract lets be kept for a while."""
    events = {"id": int, "at": float, "kind": str, "person": str, "device": str, "severity": int, "args": str}
    wanted = {"at", "kind", "severity", "args"}
    table = db.table("events").create(events, pk="id", not_null=wanted)
    table.create_index(["at"])
    table.create_index(["person", "at"])
    hours = {"hour": int, "counter": str, "count": int}
    db.table("hours").create(hours, pk=("hour", "counter"), not_null=hours)
    names = {"day": str, "person": str, "action": str, "category": str, "permitted_host_name": str, "count": int}
    db.table("names").create(names, pk=("day", "person", "action", "category", "permitted_host_name"), not_null=names)


def _gathered(db: Database) -> None:
    """Make the last batch that was taken, so that none is counted twice, and in which row each person last was."""
    taken = {"giver": str, "serial": int}
    db.table("taken").create(taken, pk="giver", not_null=taken)
    swept = {"person": str, "band": str}
    db.table("swept").create(swept, pk="person", not_null=swept)


def _budget_minutes(db: Database) -> None:
    """Make what is used of budgets and in all, a day at a time, and up to which minute that is counted.

    A row of a budget also says the week's sum so far, so that it needs no older row beside it.
    """
    budgets = {"day": str, "person": str, "what": str, "minutes": int, "week": int, "carried": int}
    db.table("budget_minutes").create(budgets, pk=("day", "person", "what"), not_null=budgets)
    sums = {"day": str, "person": str, "minutes": int}
    db.table("time_sums").create(sums, pk=("day", "person"), not_null=sums)
    counted = {"through": int}
    db.table("counted").create(counted, pk="through", not_null=counted)


def _givers(db: Database) -> None:
    """Tell the last batch of each daemon apart; what was taken until now was the nameserver's, by its run."""
    before = list(db.table("taken").rows)
    db.table("taken").drop()
    taken = {"giver": str, "run": str, "serial": int}
    db.table("taken").create(taken, pk="giver", not_null=taken)
    rows = [{"giver": "nameserver", "run": one["giver"], "serial": one["serial"]} for one in before]
    db.table("taken").insert_all(rows, replace=True)


HOUSE: tuple[Step, ...] = (_house_1, _house_2, _house_3)
LEDGER: tuple[Step, ...] = (_ledger_1, _gathered, _budget_minutes, _givers)
JOURNAL: tuple[Step, ...] = (_journal_1, _gathered, _givers)
