"""What children ask for and what was answered: in the sender's own words, and for as long as the contract has it."""

from collections.abc import Collection
from enum import Enum

import msgspec
from sqlite_utils import Database

from appliance.store.base import Row, Store, erase
from appliance.store.errors import Answered, TooMany

DAY_S = 86_400
MAX_OPEN = 10
"""Requests of one child that nobody answered yet; of all devices that nobody named together as many."""
MAX_A_DAY = 20
LAPSE_S = 7 * DAY_S
"""After so long a request that nobody answered is no longer open."""
TIME_LAPSE_S = DAY_S // 2
"""After so long extra time that was asked for is of another evening."""
TIME = "time"
NOBODY = ""
"""The person of a request from a device that is nobody's."""


class State(Enum):
    """What became of a request."""

    OPEN = "open"
    ALLOWED = "allowed"
    DENIED = "denied"
    GONE = "gone"
    """Taken back, too old, or settled in another way."""


class Request(msgspec.Struct, frozen=True):
    """What somebody asked for at a time (POSIX seconds), in the own words, and the answer.

    `what` is ``time``, ``device`` (whose it is), a thing as budgets write it, or a name; `device` one of the house, or
    the MAC or address of one that isn't in it.
    """

    id: int
    person: str
    device: str
    what: str
    reason: str
    at: float
    state: State = State.OPEN
    answered_at: float | None = None
    answered_by: str | None = None
    """A caregiver's id."""
    word: str = ""
    until: float | None = None
    """When what was opened closes again (POSIX seconds); None for good."""
    guessed: str | None = None
    """The category that the classifier took the name for, where it was asked about for that alone."""
    taught: int | None = None
    """By how many steps of certainty the answer moved the classifier in that category; None where by none."""


class Answer(msgspec.Struct, frozen=True):
    """What a caregiver says to a request, and what that teaches the classifier: the last answer about a name does."""

    request: int
    is_allowed: bool
    word: str = ""
    until: float | None = None
    taught: int | None = None


class TakenBack(msgspec.Struct, frozen=True):
    """What an answer taught the classifier is taken back; the answer stays as it was given."""

    request: int


class Requests:
    """The requests of a house."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, person: str, device: str, what: str, reason: str, at: float, guessed: str | None = None) -> Request:
        """Remember a request; the same once more only brings its new reason. Raises TooMany.

        `guessed` is the category that the classifier took the name for, if nothing else closed it.
        """
        with self._store.writing() as db:
            same = [one for one in _open(db, at) if (one.person, one.what) == (person, what)]
            same = [one for one in same if person != NOBODY or one.device == device]
            if same:
                if reason:
                    db.table("requests").update(same[0].id, {"reason": reason})
                return msgspec.structs.replace(same[0], reason=reason or same[0].reason)
            if len([one for one in _open(db, at) if one.person == person]) >= MAX_OPEN:
                raise TooMany("open")
            if db.table("requests").count_where("person = ? and at > ?", [person, at - DAY_S]) >= MAX_A_DAY:
                raise TooMany("today")
            row = {"person": person, "device": device, "what": what, "reason": reason, "at": at}
            row |= {"state": State.OPEN.value, "word": "", "guessed": guessed}
            id_ = int(db.table("requests").insert(row).last_pk or 0)
            return Request(id_, person, device, what, reason, at, guessed=guessed)

    def open(self, at: float) -> list[Request]:
        """Return what waits for an answer at a time, the oldest first."""
        with self._store.reading() as db:
            return _open(db, at)

    def of(self, person: str, since: float, device: str | None = None) -> list[Request]:
        """Return what a person asked for since a time, the newest first; of one device only where that is said."""
        where, args = "person = ? and at >= ?", [person, since]
        if device is not None:
            where, args = f"{where} and device = ?", [*args, device]
        with self._store.reading() as db:
            rows = db.table("requests").rows_where(where, args, order_by="id desc")
            return [_request(row) for row in rows]

    def since(self, at: float, limit: int) -> list[Request]:
        """Return what was asked since a time and is not open any more, the latest answer first."""
        with self._store.reading() as db:
            rows = db.table("requests").rows_where(
                "state <> ? and at >= ?",
                [State.OPEN.value, at],
                order_by="coalesce(answered_at, at) desc, id desc",
                limit=limit,
            )
            return [_request(row) for row in rows]

    def lesson(self, what: str) -> Request | None:
        """Return the request about a name whose answer is what the classifier was taught of it, None where none is."""
        with self._store.reading() as db:
            where = "what = ? and taught is not null"
            rows = db.table("requests").rows_where(where, [what], order_by="answered_at desc, id desc", limit=1)
            return next((_request(row) for row in list(rows)), None)

    def lessons(self) -> dict[str, int]:
        """Return how many answers taught the classifier something, by category, of those that are still kept."""
        with self._store.reading() as db:
            query = "select guessed, count(*) as times from requests where taught is not null group by guessed"
            return {str(row["guessed"]): int(row["times"]) for row in list(db.query(query))}

    def unlearn(self, category: str | None = None) -> None:
        """Forget that answers taught something about a category, or (None) about any; the answers stay."""
        where, args = ("taught is not null", []) if category is None else ("guessed = ?", [category])
        with self._store.writing() as db:
            db.execute(f"update requests set taught = null where {where}", args)  # noqa: S608 -- one of two texts

    def get(self, request: int) -> Request | None:
        """Return a request, None where it is gone."""
        with self._store.reading() as db:
            return _get(db, request)

    def deny(self, who: str, answer: Answer, at: float) -> Request:
        """Answer a request in a way that changes no rule. Raises Answered."""
        with self._store.writing() as db:
            return settle(db, who, answer, at)

    def withdraw(self, request: int, person: str, device: str) -> None:
        """Take an open request back that somebody sent, from a device that is nobody's its own; another is no error."""
        with self._store.writing() as db:
            found = _get(db, request)
            is_own = found is not None and found.person == person and (person != NOBODY or found.device == device)
            if found is not None and is_own and found.state is State.OPEN:
                db.table("requests").update(request, {"state": State.GONE.value})

    def keep(self, persons: Collection[str], at: float) -> int:
        """Erase what persons asked for who are not among these, and note what is too old to be answered.

        Return how many rows went.
        """
        with self._store.writing() as db:
            marks = ", ".join("?" * len(persons))
            count = erase(db, "requests", f"person not in ({marks})", list(persons))
            still = {one.id for one in _open(db, at)}
            for row in list(db.table("requests").rows_where("state = ?", [State.OPEN.value], select="id")):
                if row["id"] not in still:
                    db.table("requests").update(row["id"], {"state": State.GONE.value})
        if count:
            self._store.empty_log()
        return count


def settle(db: Database, who: str, answer: Answer, at: float) -> Request:
    """Write an answer inside a transaction: of two who answer at once the second raises Answered."""
    found = _get(db, answer.request)
    if found is None or found.state is not State.OPEN:
        raise Answered(str(answer.request))
    state = State.ALLOWED if answer.is_allowed else State.DENIED
    row = {
        "state": state.value, "answered_at": at, "answered_by": who, "word": answer.word, "until": answer.until,
        "taught": answer.taught,
    }  # fmt: skip
    if answer.taught is not None:
        db.execute("update requests set taught = null where what = ?", [found.what])
    db.table("requests").update(answer.request, row)
    return msgspec.structs.replace(
        found,
        state=state,
        answered_at=at,
        answered_by=who,
        word=answer.word,
        until=answer.until,
        taught=answer.taught,
    )


def take_back(db: Database, said: TakenBack) -> None:
    """Note inside a transaction that an answer no longer counts; one that is gone is no error."""
    db.execute("update requests set taught = null where id = ?", [said.request])


def forget(db: Database, person: str) -> None:
    """Erase inside a transaction what a person asked for."""
    db.table("requests").delete_where("person = ?", [person])


def _open(db: Database, at: float) -> list[Request]:
    where = "state = ? and at > case what when ? then ? else ? end"
    args = [State.OPEN.value, TIME, at - TIME_LAPSE_S, at - LAPSE_S]
    return [_request(row) for row in list(db.table("requests").rows_where(where, args, order_by="id"))]


def _get(db: Database, request: int) -> Request | None:
    return next((_request(row) for row in list(db.table("requests").rows_where("id = ?", [request]))), None)


def _request(row: Row) -> Request:
    return msgspec.convert(row, Request)
