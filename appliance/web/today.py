"""Today: how often each kind of site was asked for and what happened, per child, as far as one may see it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import msgspec
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from appliance.core.person import Person, PersonKind
from appliance.core.rulebook import NEW, UNCLASSIFIED
from appliance.core.visibility import Granularity, Role, row_of
from appliance.web import guessed, happened, look, sees
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to
from appliance.web.happened import Happened

pages = Blueprint("today", __name__)

MOST_KINDS = 8
"""So many kinds stand on the page; the rest are one line."""
MOST_NAMES = 12
_STOPPED = frozenset(("block", "ask"))
_OTHER = "Everything else"


class _Row(msgspec.Struct, frozen=True):
    day: str
    category: str
    action: str
    count: int


class _Blocked(msgspec.Struct, frozen=True):
    day: str
    category: str
    count: int
    name: str | None = None


class _Visited(msgspec.Struct, frozen=True):
    name: str
    category: str
    count: int


class Counts(msgspec.Struct, frozen=True):
    """What the steward answers to ``counts``."""

    grain: Granularity
    rows: tuple[_Row, ...] = ()
    blocked: tuple[_Blocked, ...] = ()
    visited: tuple[_Visited, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """A kind of site: how often it was asked for, how often that was stopped, and its share (0 to 100) of the most."""

    text: str
    count: int
    stopped: int
    share: float
    share_stopped: float


@dataclass(frozen=True, slots=True)
class Named:
    """A name that was blocked or opened, with how often and of which kind."""

    name: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the page says of one child."""

    person: Person
    span: str
    """``day``, ``week``, or ``no`` where nothing of it is seen."""
    is_told: bool
    """The steward answered."""
    is_whole: bool
    kept: str
    bars: tuple[Bar, ...]
    more: int
    total: int
    stopped: int
    blocked: tuple[Named, ...]
    visited: tuple[Named, ...]
    happened: tuple[Happened, ...] = ()
    """The newest first."""


@pages.get("/today")
@open_to(Who.CAREGIVER)
def today() -> ResponseReturnValue:
    """Show the counts of a day for all children, or for one."""
    children = [one for one in box().house().persons if one.kind is PersonKind.CHILD]
    only = request.args.get("child")
    shown = [one for one in children if only in (None, "", one.id)]
    if children and not shown:
        abort(404)
    now_is = box().local_time(look.now()).date()
    day = _day(request.args.get("day"), now_is)
    sheets = [sheet_of(box(), person, day) for person in shown]
    oldest = now_is - timedelta(days=max((_kept_days(box(), one) for one in shown), default=0))
    return render_template(
        "today.html",
        children=children,
        only=only,
        sheets=sheets,
        day=day,
        day_words=look.day_words(day, now_is),
        week_words=_week_words(day, now_is),
        before=day - timedelta(days=1) if day - timedelta(days=1) >= oldest else None,
        after=day + timedelta(days=1) if day < now_is else None,
    )


def sheet_of(of: Box, person: Person, day: date) -> Sheet:
    """Return what may be seen of a child on a day, or in its week where sums are of weeks."""
    row = row_of(person)
    view = of.contract.view("category_counts", row, Role.CAREGIVER)
    kept = next(words.kept for words in of.contract.words(row) if words.field.id == "category_counts")
    span = view.granularity.value if view.granularity in (Granularity.DAY, Granularity.WEEK) else "no"
    told = Counts(Granularity.NO) if span == "no" else counts_of(of, person, day)
    counts = told or Counts(view.granularity)
    bars, more = _bars(of, counts.rows)
    # Where a week is seen, sums stand under its Monday; names are of the day that is looked at.
    return Sheet(
        person=person,
        span=span,
        is_told=told is not None,
        is_whole=counts.is_whole,
        kept=sees.kept_words(kept),
        bars=bars,
        more=more,
        total=sum(one.count for one in counts.rows),
        stopped=sum(one.count for one in counts.rows if one.action in _STOPPED),
        blocked=_named(of, person, counts.blocked),
        visited=tuple(Named(one.name, _kind(of, one.category), one.count) for one in counts.visited)[:MOST_NAMES],
        happened=tuple(one for one in happened.told(of, of.policy(), person, Role.CAREGIVER) if one.day == day),
    )


def counts_of(of: Box, person: Person, day: date) -> Counts | None:
    """Return what the steward says of a child on a day, None where it says nothing that can be read."""
    told = of.ask_steward("counts", person=person.id, first=day.isoformat(), last=day.isoformat())
    try:
        return None if told is None else msgspec.convert(told, Counts)
    except msgspec.ValidationError:
        return None


def _named(of: Box, person: Person, blocked: Iterable[_Blocked]) -> tuple[Named, ...]:
    """Return the blocked names that may be seen; of what was only guessed at, what it looks like."""
    found = [(one.name, one) for one in blocked if one.name is not None][:MOST_NAMES]
    labels, subject = of.labels(), of.policy().by_person[person.id]
    labels.learn(name for name, one in found if one.category == NEW)

    def kind(name: str, category: str) -> str:
        guess = labels.label(subject, name) if category == NEW else None
        return _kind(of, category) if guess is None else guessed.in_short(of, guess)

    return tuple(Named(name, kind(name, one.category), one.count) for name, one in found)


def _bars(of: Box, rows: Iterable[_Row]) -> tuple[tuple[Bar, ...], int]:
    asked, stopped = Counter[str](), Counter[str]()
    for one in rows:
        asked[one.category] += one.count
        if one.action in _STOPPED:
            stopped[one.category] += one.count
    most = asked.most_common()
    largest = max(asked.values(), default=1) or 1
    shown = [
        Bar(_kind(of, id_), count, stopped[id_], 100 * count / largest, 100 * stopped[id_] / largest)
        for id_, count in most[:MOST_KINDS]
    ]
    return tuple(shown), sum(count for _, count in most[MOST_KINDS:])


def _kind(of: Box, category: str) -> str:
    if category == UNCLASSIFIED:
        return _OTHER
    known = of.book.categories.get(category)
    return known.name if known else category


def _day(text: str | None, today_is: date) -> date:
    try:
        return min(date.fromisoformat(text), today_is) if text else today_is
    except ValueError:
        return today_is


def _kept_days(of: Box, person: Person) -> int:
    """Return for how many days back a child's sums of days exist."""
    view = of.contract.view("category_counts", row_of(person), Role.CAREGIVER)
    return (view.kept_s or 0) // look.DAY_S - 1 if view.granularity is not Granularity.NO else 0


def _week_words(day: date, today_is: date) -> str:
    monday = day - timedelta(days=day.weekday())
    if monday <= today_is < monday + timedelta(days=7):
        return "this week"
    return f"the week from {look.day_words(monday, today_is)}"
