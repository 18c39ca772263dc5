"""Other times on some dates: a holiday, a sick day, a long evening, for one child or for several at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from msgspec.structs import replace
from wtforms import (
    DateField,
    Field,
    FieldList,
    Form,
    FormField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, ValidationError

from appliance.core.house import House, with_own
from appliance.core.person import Person, PersonKind
from appliance.core.schedule import (
    DAY_MINUTES,
    EVERY_DAY,
    MAX_EXCEPTION_DAYS,
    DateException,
    Routine,
    Window,
    minutes,
)
from appliance.web import drawing, edits, look, week_edits
from appliance.web.box import box
from appliance.web.drawing import Kind
from appliance.web.fields import name_field
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.routines import check_clock
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason
from appliance.web.week_edits import fitted, key_of
from appliance.web.week_words import dates_words, instead_words

pages = Blueprint("exceptions", __name__)

PLACES = 3
"""So many other times a form has room for, and one more than there are."""
NOTHING = ""
OFF_TIME = Window(name="Internet off", start="18:00", end="19:00")
FREE_TIME = Window(name="Free time", start="10:00", end="12:00", routine=Routine.FREE, internet=True, uncounted=True)
"""What may be put on a date besides the child's own routines."""
_LIKE_KINDS = (Kind.NIGHT, Kind.SCHOOL, Kind.HOMEWORK, Kind.FREE)
"""Routines of different children are the same thing if they are of one of these kinds."""


@dataclass(frozen=True, slots=True)
class Usual:
    """A kind of exception: what it is called, how it looks, how many days it is for, which kinds of time fall out."""

    title: str
    icon: str
    name: str
    days: int
    without: tuple[Kind, ...]


USUAL = {
    "holiday": Usual("Holiday", "sun", "Holiday", 7, (Kind.SCHOOL, Kind.HOMEWORK)),
    "sick": Usual("Sick day", "thermometer-half", "Sick day", 1, (Kind.SCHOOL, Kind.HOMEWORK)),
    "other": Usual("Another day", "calendar-event", "", 1, ()),
}


class OtherForm(Form):  # type: ignore[misc]
    """A time that is there on those dates only; `like` is the key of the routine that it is like."""

    like = SelectField("What?", default=NOTHING)
    start = StringField("From", render_kw={"type": "time"})
    end = StringField("To", render_kw={"type": "time"})

    def validate_start(self, field: Field) -> None:
        """Want a time of day where anything was chosen, and something chosen where there is a time."""
        if not self.like.data:
            if field.data or self.end.data:
                raise ValidationError("Choose what it is.")
            return
        check_clock(field.data)
        if minutes(field.data) == DAY_MINUTES:
            raise ValidationError("This is not a time of day, like 20:30.")

    def validate_end(self, field: Field) -> None:
        """Want a time of day that isn't the start."""
        if not self.like.data:
            return
        check_clock(field.data)
        if field.data == self.start.data != "00:00":
            raise ValidationError("From and to are the same.")


class ExceptionForm(FlaskForm):  # type: ignore[misc]
    """An exception."""

    name = name_field("What is it?", "Give it a name, like Holiday.", placeholder="Grandma's birthday")
    first = DateField("From", [InputRequired("On which day does it begin?")])
    last = DateField("To", [InputRequired("Which day is the last?")])
    stops = SelectMultipleField("What falls out?")
    others = FieldList(FormField(OtherForm), min_entries=PLACES, max_entries=24)
    children = SelectMultipleField("For whom?")

    def validate_last(self, field: Field) -> None:
        """Want a day that isn't before the first, and an end in sight."""
        if not isinstance(self.first.data, date) or not isinstance(field.data, date):
            return
        if field.data < self.first.data:
            raise ValidationError("This is before the first day.")
        if (field.data - self.first.data).days >= MAX_EXCEPTION_DAYS:
            raise ValidationError(f"At most {MAX_EXCEPTION_DAYS} days. For longer, change the week itself.")

    def validate_stops(self, field: Field) -> None:
        """Want something that differs."""
        if not field.data and not any(row.form.like.data for row in self.others):
            raise ValidationError("Nothing differs yet: let something fall out, or add another time.")


@pages.route("/child/<person_id>/exceptions/new", methods=["GET", "POST"])
@pages.route("/child/<person_id>/exceptions/new/<usual>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new(person_id: str, usual: str = "other") -> ResponseReturnValue:
    """Say what is different on some dates, for one child or for several."""
    person = child_or_404(person_id)
    if usual not in USUAL:
        abort(404)
    form = _form(person, None, _start(person, USUAL[usual]))
    if not form.validate_on_submit():
        return _page(person, form, None, usual)
    exception = _said(person, form, None)
    trouble = _save(person.id, None, exception)
    if trouble is not None:
        form.name.errors = [trouble]
        return _page(person, form, None, usual)
    others = [one for one in _children(person) if one.id in (form.children.data or ())]
    names = [person.name, *_also(person, others, exception)]
    return _done(person, exception, names)


@pages.route("/child/<person_id>/exceptions/<key>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(person_id: str, key: str) -> ResponseReturnValue:
    """Change what is different on some dates."""
    person = child_or_404(person_id)
    old = by_key(person, key)
    if old is None:
        return _gone(person)
    form = _form(person, old, old)
    if not form.validate_on_submit():
        return _page(person, form, old)
    exception = _said(person, form, old)
    trouble = _save(person.id, old, exception)
    if trouble is not None:
        form.name.errors = [trouble]
        return _page(person, form, old)
    return _done(person, exception, [person.name])


@pages.post("/child/<person_id>/exceptions/<key>/remove")
@open_to(Who.CAREGIVER)
def remove(person_id: str, key: str) -> ResponseReturnValue:
    """Let the week hold again on the dates of an exception."""
    person, at = child_or_404(person_id), look.now()
    old = by_key(person, key)
    if old is None:
        return _gone(person)

    def mutate(house: House) -> House:
        return week_edits.without_exception(edits.cleaned(house, at, person.id), person.id, old)

    trouble = changed(reason("exception_removed", name=old.name, person=person.id), mutate)
    said = f"{old.name} is gone: {person.name}'s week holds on those days again."
    where = url_for("week.week", person_id=person.id)
    return done(trouble or said, WRONG if trouble else GOOD, where)


def by_key(person: Person, key: str) -> DateException | None:
    """Return an exception of a person, None where it isn't there any more."""
    return next((one for one in person.exceptions if key_of(one) == key), None)


def like(person: Person, exception: DateException, of: Person) -> DateException:
    """Return for a child what an exception is for another one (`of`).

    What falls out are routines of the same name or kind; other times take from the child's own routine of that kind
    what holds in them.
    """
    kinds = {
        drawing.kind_of(one) for one in of.windows if exception.instead_of is None or one.name in exception.instead_of
    }
    own = {drawing.kind_of(one): one for one in reversed(person.windows)}
    named = [
        one.name
        for one in person.windows
        if one.name in (exception.instead_of or ()) or drawing.kind_of(one) in kinds.intersection(_LIKE_KINDS)
    ]
    known = with_own(box().book.known, box().house())

    def fitting(window: Window) -> Window:
        kind = drawing.kind_of(window)
        pattern = own.get(kind, window) if kind in _LIKE_KINDS else window
        times = {"start": window.start, "end": window.end, "days": window.days}
        return fitted(replace(pattern, **times), person.band, known)

    left = None if exception.instead_of is None else tuple(dict.fromkeys(named))
    return replace(exception, instead_of=left, windows=tuple(fitting(one) for one in exception.windows))


def _start(person: Person, usual: Usual) -> DateException:
    """Return what a form for a new exception starts from."""
    today = box().local_time(look.now()).date()
    left = tuple(dict.fromkeys(one.name for one in person.windows if drawing.kind_of(one) in usual.without))
    last = today + timedelta(days=usual.days - 1)
    return DateException(name=usual.name, first=today, last=last, instead_of=left)


def _form(person: Person, old: DateException | None, shown: DateException) -> ExceptionForm:
    """Return the form that shows an exception; `old` is the one that it is to take the place of."""
    patterns = _patterns(person, old)
    names = _names(person, old)
    rows = [{"like": key_of(one), "start": one.start, "end": one.end} for one in shown.windows]
    form = ExceptionForm(
        data={
            "name": shown.name,
            "first": shown.first,
            "last": shown.last,
            "stops": names if shown.instead_of is None else list(shown.instead_of),
            "others": [*rows, *({} for _ in range(max(1, PLACES - len(rows))))],
        }
    )
    form.stops.choices = [SelectChoice(name, name) for name in names]
    form.children.choices = [SelectChoice(one.id, one.name) for one in _children(person)]
    for row in form.others:
        row.form.like.choices = [
            SelectChoice(NOTHING, "Nothing more"),
            *(SelectChoice(key, window.name) for key, window in patterns.items()),
        ]
    return form


def _patterns(person: Person, old: DateException | None) -> dict[str, Window]:
    """Return what another time may be like, by key: what the exception has, the routines, off, free; no name twice."""
    own = old.windows if old else ()
    found = {key_of(one): one for one in own}
    seen = {one.name for one in own}
    for one in (*person.windows, OFF_TIME, FREE_TIME):
        if one.name not in seen:
            seen.add(one.name)
            found[key_of(one)] = replace(one, days=EVERY_DAY)
    return found


def _names(person: Person, old: DateException | None) -> list[str]:
    """Return the names of what may fall out."""
    return list(dict.fromkeys([*(one.name for one in person.windows), *((old and old.instead_of) or ())]))


def _children(person: Person) -> list[Person]:
    return [one for one in box().house().persons if one.kind is PersonKind.CHILD and one.id != person.id]


def _said(person: Person, form: ExceptionForm, old: DateException | None) -> DateException:
    """Return the exception that stands in a form, which was found good."""
    patterns = _patterns(person, old)
    rows = (row.form for row in form.others if row.form.like.data)
    windows = tuple(replace(patterns[one.like.data], start=one.start.data, end=one.end.data) for one in rows)
    stops = set(form.stops.data or ())
    names = _names(person, old)
    # A routine at another time takes the place of the usual one, or that would go on as well.
    kept = old.windows if old else ()
    stops |= {one.name for one in windows if one.name not in {window.name for window in kept}}
    is_all = old is not None and old.instead_of is None and stops == set(names)
    left = None if is_all else tuple(name for name in names if name in stops)
    return DateException(
        name=str(form.name.data), first=form.first.data, last=form.last.data, instead_of=left, windows=windows
    )


def _save(person_id: str, old: DateException | None, new: DateException) -> str | None:
    at = look.now()
    today = box().local_time(at).date()

    def mutate(house: House) -> House:
        return week_edits.with_exception(edits.cleaned(house, at, person_id), person_id, old, new, today)

    return changed(reason("exception_set", name=new.name, person=person_id), mutate)


def _also(person: Person, others: Iterable[Person], exception: DateException) -> list[str]:
    """Say the same for other children; return the names of those for whom it was done, and tell what wasn't."""
    names = []
    for one in others:
        own = like(one, exception, person)
        if own.instead_of == () and not own.windows:
            flash(f"For {one.name} nothing is different then: there is no such routine.", MIND)
            continue
        trouble = _save(one.id, None, own)
        if trouble is None:
            names.append(one.name)
        else:
            flash(f"{one.name}: {trouble}", WRONG)
    return names


def _done(person: Person, exception: DateException, names: Sequence[str]) -> ResponseReturnValue:
    today = box().local_time(look.now()).date()
    said = f"{exception.name}, {dates_words(exception, today)}, for {' and '.join(names)}: {instead_words(exception)}."
    return done(said, GOOD, url_for("week.week", person_id=person.id))


def _gone(person: Person) -> ResponseReturnValue:
    text = "This was changed in the meantime. Here it is as it is now."
    return done(text, MIND, url_for("week.week", person_id=person.id))


def _page(person: Person, form: ExceptionForm, old: DateException | None, usual: str = "") -> ResponseReturnValue:
    shown = render_template(
        "people/exception.html",
        person=person,
        form=form,
        old=old,
        key=key_of(old) if old else None,
        starts=USUAL,
        usual=usual,
        children=_children(person),
        used=sum(1 for row in form.others if row.form.like.data or row.form.errors),
        today=box().local_time(look.now()).date().isoformat(),
    )
    return shown, 422 if form.errors else 200
