"""A child's routines: bedtime, school, meals, each a time range in the week during which the Internet is off."""

from typing import Any
from zlib import crc32

import msgspec
from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, SelectChoice, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Regexp, ValidationError

from appliance.core.house import House, Person
from appliance.core.schedule import DAY_MINUTES, EVERY_DAY, Day, Window, minutes
from appliance.web import drawing, edits, look
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.people import ONE_LINE, child_or_404, folded
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("routines", __name__)

DAYS = dict(zip(Day, drawing.DAY_NAMES, strict=True))
LONG = dict(zip(Day, ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"), strict=True))
_GROUPS = {
    EVERY_DAY: "every day",
    EVERY_DAY[:5]: "Monday to Friday",
    EVERY_DAY[5:]: "at the weekend",
    (*EVERY_DAY[:4], EVERY_DAY[6]): "before school days",
}
WHOLE_DAY = "00:00"
STARTS: dict[str, dict[str, Any]] = {
    "bedtime": {"name": "Bedtime", "start": "20:30", "end": "06:30", "days": [day.value for day in Day]},
    "school": {"name": "School", "start": "08:00", "end": "13:00", "days": [day.value for day in EVERY_DAY[:5]]},
    "meal": {"name": "Family meal", "start": "18:00", "end": "18:45", "days": [day.value for day in Day]},
}
"""What a form for a new routine may start from."""


class WindowForm(FlaskForm):  # type: ignore[misc]
    """A routine."""

    name = StringField(
        "What is it?",
        [
            InputRequired("Give it a name, like Bedtime."),
            Length(max=40, message="At most 40 characters."),
            Regexp(ONE_LINE, message="One line of text, please."),
        ],
        filters=[folded],
        render_kw={"autocomplete": "off", "maxlength": 40},
    )
    days = SelectMultipleField("On which days?", choices=[SelectChoice(day.value, LONG[day]) for day in Day])
    start = StringField("From", [InputRequired("When does it begin?")], render_kw={"type": "time"})
    end = StringField("To", [InputRequired("When does it end?")], render_kw={"type": "time"})

    def validate_name(self, field: Field) -> None:
        """Refuse a name of blanks alone."""
        if not field.data:
            raise ValidationError("Give it a name, like Bedtime.")

    def validate_days(self, field: Field) -> None:
        """Want a day."""
        if not field.data:
            raise ValidationError("Choose a day.")

    def validate_start(self, field: Field) -> None:
        """Want a time of day that isn't the end."""
        _check_clock(field.data)
        if minutes(field.data) == DAY_MINUTES:
            raise ValidationError("This is not a time of day, like 20:30.")
        if field.data == self.end.data != WHOLE_DAY:
            raise ValidationError("From and to are the same. For a whole day both are 00:00.")

    def validate_end(self, field: Field) -> None:
        """Want a time of day."""
        _check_clock(field.data)

    def window(self) -> Window:
        """Return the routine that stands in the form."""
        wanted = set(self.days.data or ())
        days = tuple(day for day in Day if day.value in wanted)
        return Window(name=str(self.name.data), start=str(self.start.data), end=str(self.end.data), days=days)


@pages.route("/child/<person_id>/routines/new", methods=["GET", "POST"])
@pages.route("/child/<person_id>/routines/new/<start>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new(person_id: str, start: str = "bedtime") -> ResponseReturnValue:
    """Add a routine, from one of three usual ones."""
    person = child_or_404(person_id)
    form = WindowForm(data=STARTS.get(start) or abort(404))
    if not form.validate_on_submit():
        return _page(person, form, None)
    return _save(person, form, None, form.window())


@pages.route("/child/<person_id>/routines/<key>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(person_id: str, key: str) -> ResponseReturnValue:
    """Change a routine."""
    person = child_or_404(person_id)
    window = by_key(person, key)
    if window is None:
        return _gone(person)
    form = WindowForm(
        data={"name": window.name, "start": window.start, "end": window.end, "days": [day.value for day in window.days]}
    )
    if not form.validate_on_submit():
        return _page(person, form, window)
    return _save(person, form, window, form.window())


@pages.post("/child/<person_id>/routines/<key>/remove")
@open_to(Who.CAREGIVER)
def remove(person_id: str, key: str) -> ResponseReturnValue:
    """Take a routine away."""
    person = child_or_404(person_id)
    window = by_key(person, key)
    return _gone(person) if window is None else _save(person, None, window, None)


def key_of(window: Window) -> str:
    """Return a word that stands for a routine as it is: when it changes, so does the word."""
    return f"{crc32(msgspec.json.encode(window)):08x}"


def by_key(person: Person, key: str) -> Window | None:
    """Return a routine of a person, None where it isn't there any more."""
    return next((window for window in person.windows if key_of(window) == key), None)


def days_words(window: Window) -> str:
    """Return on which days a routine begins."""
    ordered = tuple(day for day in Day if day in window.days)
    return _GROUPS.get(ordered) or ", ".join(LONG[day] if len(ordered) < 3 else DAYS[day] for day in ordered)


def _check_clock(text: str) -> None:
    try:
        minutes(text)
    except ValueError as error:
        raise ValidationError("This is not a time of day, like 20:30.") from error


def _save(person: Person, form: WindowForm | None, old: Window | None, window: Window | None) -> ResponseReturnValue:
    """Put a routine in the place of another one, or of none, or take one away."""

    def mutate(house: House) -> House:
        before = list(edits.person_of(house, person.id).windows)
        place = before.index(old) if old in before else len(before)
        before[place : place + 1] = [] if window is None else [window]
        return edits.with_windows(edits.cleaned(house, look.now(), person.id), person.id, before)

    trouble = changed(reason("windows_set", person=person.id), mutate)
    where = url_for("child.show", person_id=person.id)
    if trouble is not None:
        if form is None:
            return done(trouble, WRONG, where)
        form.name.errors = [trouble]
        return _page(person, form, old)
    if window is None:
        return done(f"{old.name if old else 'It'} is gone from {person.name}'s week.", GOOD, where)
    said = f"{window.name}: off {days_words(window)}, {window.start} to {window.end}."
    return done(said, GOOD, where)


def _gone(person: Person) -> ResponseReturnValue:
    text = "This routine was changed in the meantime. Here it is as it is now."
    return done(text, MIND, url_for("child.show", person_id=person.id))


def _page(person: Person, form: WindowForm, window: Window | None) -> ResponseReturnValue:
    shown = render_template(
        "people/routine.html",
        person=person,
        form=form,
        window=window,
        key=key_of(window) if window else None,
        days=[(day.value, DAYS[day], LONG[day]) for day in Day],
        starts=STARTS,
        week=drawing.week(box().policy(), person, look.now()),
    )
    return shown, 422 if form.errors else 200
