"""A child's week: seven strips whose blocks are edited by a tap, tonight's bedtime, other days, the grace."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.schedule import DateException, Window
from appliance.web import drawing, edits, look, week_edits, week_starts, week_tonight, week_words
from appliance.web.box import box
from appliance.web.drawing import LOOKS, Part
from appliance.web.gate import Who, open_to, safe_path
from appliance.web.people import child_or_404
from appliance.web.routines import stock_of
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason
from appliance.web.week_edits import key_of
from appliance.web.week_tonight import NotTonight, Tonight, clock_of

pages = Blueprint("week", __name__)

LATER = (30, 60)
"""So many minutes later bedtime may begin tonight by one tap."""
GRACES = (0, 5, 10, 15, 20)
ICON_FROM = 8.0
"""From this width on (percent of a day) a block has room for its icon."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a day, and where it is edited."""

    part: Part
    href: str | None

    @property
    def middle(self) -> float | None:
        """Where its icon stands, in percent of the day; None where there is no room for it."""
        return round(self.part.left + self.part.width / 2, 2) if self.part.width >= ICON_FROM else None


@dataclass(frozen=True, slots=True)
class Row:
    """A day of the week as the page draws it; `others` are the exceptions that hold on it."""

    day: drawing.Day
    number: int
    blocks: tuple[Block, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A routine or an exception as a line of a list."""

    key: str
    name: str
    tone: str
    icon: str
    times: str
    what: str


@pages.get("/child/<person_id>/week")
@open_to(Who.CAREGIVER)
def week(person_id: str) -> ResponseReturnValue:
    """Show a child's week."""
    person, at = child_or_404(person_id), look.now()
    today = box().local_time(at).date()
    tonight = tonight_of(person, at)
    others = [one for one in box().house().persons if one.kind is PersonKind.CHILD and one.id != person.id]
    return render_template(
        "people/week.html",
        person=person,
        rows=_rows(person, at),
        routines=_routines(person),
        starts=week_starts.STARTS,
        tonight=tonight,
        is_moved=tonight is not None and _is_moved(person, tonight),
        later=LATER,
        exceptions=_exceptions(person, today),
        graces=GRACES,
        others=others,
        with_week=[one for one in others if one.windows],
        always_on=stock_of(person).called(person.always_on),
    )


@pages.post("/child/<person_id>/tonight")
@open_to(Who.CAREGIVER)
def tonight(person_id: str) -> ResponseReturnValue:
    """Let tonight's bedtime begin `later` minutes later, or `at` a time, or (`usual`) when it does on other days."""
    person, at = child_or_404(person_id), look.now()
    where = safe_path(request.form.get("back")) or url_for("week.week", person_id=person.id)
    found = tonight_of(person, at)
    if found is None:
        return done(f"No bedtime of {person.name} begins tonight.", MIND, where)
    if "usual" in request.form:
        exceptions: tuple[DateException, ...] = ()
        code, said = "exception_removed", f"Tonight is as usual for {person.name}."
    else:
        try:
            begins = _begins(found)
            exceptions = found.moved(begins)
        except NotTonight as error:
            return done(str(error), WRONG, where)
        code = "exception_set"
        said = f"Tonight {found.opening.window.name} of {person.name} begins at {clock_of(begins)}."

    def mutate(house: House) -> House:
        clean = edits.cleaned(house, at, person.id)
        return week_edits.with_tonight(clean, person.id, found.evening, exceptions)

    trouble = changed(reason(code, name=week_edits.TONIGHT, person=person.id), mutate)
    return done(trouble or said, WRONG if trouble else GOOD, where)


@pages.post("/child/<person_id>/week/grace")
@open_to(Who.CAREGIVER)
def grace(person_id: str) -> ResponseReturnValue:
    """Set for how many `minutes` a child may go on once an evening when time is up."""
    person = child_or_404(person_id)
    typed = request.form.get("minutes", "")
    minutes = next((one for one in GRACES if str(one) == typed), None)
    if minutes is None:
        abort(400)
    where = url_for("week.week", person_id=person.id, _anchor="grace")
    if minutes == person.grace_minutes:
        return redirect(where, 303)
    trouble = changed(
        reason("grace_set", minutes=str(minutes), person=person.id),
        lambda house: week_edits.with_grace(house, person.id, minutes),
    )
    said = f"{person.name} may finish: {minutes} minutes, once an evening." if minutes else "When time is up, it is up."
    return done(trouble or said, WRONG if trouble else GOOD, where)


def tonight_of(person: Person, at: float) -> Tonight | None:
    """Return tonight's bedtime of a child as it is at a time (POSIX seconds), None where there is none."""
    policy = box().policy()
    return week_tonight.find(policy.by_person[person.id].schedule, box().zone(), policy.house.day_starts, at)


def _begins(found: Tonight) -> int:
    """Return when bedtime is to begin by the form that was sent. Raises NotTonight."""
    later = request.form.get("later")
    if later is None:
        return found.at(request.form.get("at", ""))
    if later not in {str(one) for one in LATER}:
        abort(400)
    return found.later(int(later))


def _is_moved(person: Person, found: Tonight) -> bool:
    return any(week_edits.is_tonight(one, found.evening) for one in person.exceptions)


def _rows(person: Person, at: float) -> list[Row]:
    hrefs: dict[Window, str] = {}
    for one in person.exceptions:
        place = url_for("exceptions.edit", person_id=person.id, key=key_of(one))
        hrefs |= dict.fromkeys(one.windows, place)
    for window in person.windows:
        hrefs[window] = url_for("routines.edit", person_id=person.id, key=key_of(window))
    rows = []
    for day in drawing.week(box().policy(), person, at):
        blocks = tuple(Block(part, hrefs.get(part.window) if part.window else None) for part in day.parts if part.width)
        others = tuple(one.name for one in person.exceptions if one.first <= day.on <= one.last)
        rows.append(Row(day, day.on.day, blocks, others))
    return rows


def _routines(person: Person) -> list[Line]:
    stock = stock_of(person)
    return [
        Line(
            key_of(one),
            one.name,
            *LOOKS[drawing.kind_of(one)],
            f"{week_words.times_words(one)}, {week_words.days_words(one)}",
            week_words.what_words(one, stock),
        )
        for one in person.windows
    ]


def _exceptions(person: Person, today: date) -> list[Line]:
    """Return what holds on some dates and isn't over, by date; a night of yesterday's date isn't."""
    coming = (one for one in person.exceptions if one.last >= today - timedelta(days=1))
    return [
        Line(
            key_of(one),
            one.name,
            "pause",
            "calendar-event",
            week_words.dates_words(one, today),
            week_words.instead_words(one),
        )
        for one in sorted(coming, key=lambda one: one.first)
    ]
