"""A child's routines: bedtime, school, homework, free time and own ones, each with what holds in it."""

from collections.abc import Callable

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from msgspec.structs import replace
from wtforms import (
    BooleanField,
    Field,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.validators import InputRequired, Length, ValidationError

from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.said import NOTHING_SAID, Things
from appliance.core.schedule import DAY_MINUTES, Day, Routine, Window, minutes
from appliance.web import drawing, edits, look, week_edits, week_starts, week_things
from appliance.web.box import box
from appliance.web.fields import name_field
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason
from appliance.web.week_edits import key_of
from appliance.web.week_starts import STARTS
from appliance.web.week_things import NotThings, Stock
from appliance.web.week_words import DAYS, LONG, days_words, times_words, what_words

pages = Blueprint("routines", __name__)

WHOLE_DAY = "00:00"
OFF, ON = "off", "on"
_NAMES = {
    "rows": 3, "autocapitalize": "none", "autocomplete": "off", "spellcheck": "false", "placeholder": "example.com",
}  # fmt: skip


class WindowForm(FlaskForm):  # type: ignore[misc]
    """A routine."""

    name = name_field("What is it?", "Give it a name, like Bedtime.", placeholder="Dinner, football, grandma …")
    routine = SelectField(
        "What kind of time?", choices=[SelectChoice(one.routine.value, one.title) for one in STARTS.values()]
    )
    days = SelectMultipleField("On which days?", choices=[SelectChoice(day.value, LONG[day]) for day in Day])
    start = StringField("From", [InputRequired("When does it begin?")], render_kw={"type": "time"})
    end = StringField("To", [InputRequired("When does it end?")], render_kw={"type": "time"})
    internet = RadioField("The Internet", choices=[SelectChoice(OFF, "Off"), SelectChoice(ON, "On")])
    allow = SelectMultipleField("Stays open", validate_choice=False)
    allow_names = TextAreaField("Sites that stay open", [Length(max=20_000)], render_kw=_NAMES)
    block = SelectMultipleField("Is closed", validate_choice=False)
    block_names = TextAreaField("Sites that are closed", [Length(max=20_000)], render_kw=_NAMES)
    safe_search = BooleanField("Strict search")
    uncounted = BooleanField("These minutes don't count")
    slow = BooleanField("Slow in place of closed")

    def __init__(self, stock: Stock, window: Window) -> None:
        super().__init__(data=_data(window))
        self.stock = stock
        self._days = window.days
        self._allow = self._block = NOTHING_SAID

    def validate_days(self, field: Field) -> None:
        """Want a day."""
        if not field.data:
            raise ValidationError("Choose a day.")

    def validate_start(self, field: Field) -> None:
        """Want a time of day that isn't the end."""
        check_clock(field.data)
        if minutes(field.data) == DAY_MINUTES:
            raise ValidationError("This is not a time of day, like 20:30.")
        if field.data == self.end.data != WHOLE_DAY:
            raise ValidationError("From and to are the same. For a whole day both are 00:00.")

    def validate_end(self, field: Field) -> None:
        """Want a time of day."""
        check_clock(field.data)

    def validate_allow(self, field: Field) -> None:
        """Want things that there are and that one caregiver may open."""
        self._allow = self._things(field, opens=True)

    def validate_allow_names(self, field: Field) -> None:
        """Want names of sites."""
        self._allow = replace(self._allow, names=_names(field))

    def validate_block(self, field: Field) -> None:
        """Want things that there are and that may be closed; where all is off there is nothing more to close."""
        self._block = self._things(field, opens=False) if self.internet.data == ON else NOTHING_SAID

    def validate_block_names(self, field: Field) -> None:
        """Want names of sites."""
        if self.internet.data == ON:
            self._block = replace(self._block, names=_names(field))

    def validate_slow(self, field: Field) -> None:
        """Want the Internet on: what is off can't be slow."""
        if field.data and self.internet.data != ON:
            raise ValidationError("To slow things down, leave the Internet on.")

    def validate_uncounted(self, field: Field) -> None:
        """Want a routine that changes anything."""
        does = (field.data, self.safe_search.data, self.slow.data, self.allow.data, self.block.data)
        names = (self.allow_names.data or "", self.block_names.data or "")
        if self.internet.data == ON and not any(does) and not any(text.strip() for text in names):
            raise ValidationError("The Internet is on and nothing else differs: close or open something, or tick this.")

    def window(self) -> Window:
        """Return the routine that stands in the form, which was found good."""
        wanted = set(self.days.data or ())
        return Window(
            name=str(self.name.data),
            start=str(self.start.data),
            end=str(self.end.data),
            days=tuple(day for day in Day if day.value in wanted),
            routine=Routine(self.routine.data),
            internet=self.internet.data == ON,
            allow=self._allow,
            block=self._block,
            safe_search=bool(self.safe_search.data),
            uncounted=bool(self.uncounted.data),
            slow=bool(self.slow.data),
        )

    def _things(self, field: Field, *, opens: bool) -> Things:
        try:
            return self.stock.said(field.data or (), opens=opens)
        except NotThings as error:
            raise ValidationError(str(error)) from error


@pages.route("/child/<person_id>/routines/new", methods=["GET", "POST"])
@pages.route("/child/<person_id>/routines/new/<start>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new(person_id: str, start: str = "bedtime") -> ResponseReturnValue:
    """Add a routine: of a usual kind, or (`like`) as another one on the days that it leaves free."""
    person = child_or_404(person_id)
    if start not in STARTS:
        abort(404)
    pattern = by_key(person, request.args.get("like", ""))
    first = week_starts.usual(start, str(person.band), box().book.categories)
    form = WindowForm(stock_of(person), _elsewhere(pattern) if pattern else first)
    if not pattern and start == "own" and not form.is_submitted():
        form.name.data = ""
    if not form.validate_on_submit():
        return _page(person, form, None, start=start, pattern=pattern)
    window = form.window()

    def mutate(house: House) -> House:
        return week_edits.with_window(edits.cleaned(house, look.now(), person.id), person.id, None, window)

    return _saved(person, mutate, window, lambda trouble: _refused(person, form, None, trouble, start, pattern))


@pages.route("/child/<person_id>/routines/<key>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(person_id: str, key: str) -> ResponseReturnValue:
    """Change a routine."""
    person = child_or_404(person_id)
    old = by_key(person, key)
    if old is None:
        return _gone(person)
    form = WindowForm(stock_of(person), old)
    if not form.validate_on_submit():
        return _page(person, form, old)
    window = form.window()

    def mutate(house: House) -> House:
        return week_edits.with_window(edits.cleaned(house, look.now(), person.id), person.id, old, window)

    return _saved(person, mutate, window, lambda trouble: _refused(person, form, old, trouble))


@pages.post("/child/<person_id>/routines/<key>/remove")
@open_to(Who.CAREGIVER)
def remove(person_id: str, key: str) -> ResponseReturnValue:
    """Take a routine away."""
    person = child_or_404(person_id)
    window = by_key(person, key)
    if window is None:
        return _gone(person)

    def mutate(house: House) -> House:
        return week_edits.without_window(edits.cleaned(house, look.now(), person.id), person.id, window)

    trouble = changed(reason("windows_set", person=person.id), mutate)
    where = url_for("week.week", person_id=person.id)
    return done(trouble or f"{window.name} is gone from {person.name}'s week.", WRONG if trouble else GOOD, where)


def by_key(person: Person, key: str) -> Window | None:
    """Return a routine of a person, None where it isn't there any more."""
    return next((window for window in person.windows if key_of(window) == key), None)


def stock_of(person: Person) -> Stock:
    """Return what a routine of a person may open or close."""
    return Stock(person, box().house(), box().book)


def check_clock(text: str | None) -> None:
    """Want a time of day; raises ValidationError."""
    try:
        minutes(text or "")
    except ValueError as error:
        raise ValidationError("This is not a time of day, like 20:30.") from error


def _names(field: Field) -> tuple[str, ...]:
    try:
        return week_things.names_of(field.data or "")
    except NotThings as error:
        raise ValidationError(str(error)) from error


def _elsewhere(window: Window) -> Window:
    """Return a copy of a routine for the days that it leaves free."""
    return replace(window, days=tuple(day for day in Day if day not in window.days) or window.days)


def _saved(
    person: Person, mutate: Callable[[House], House], window: Window, refused: Callable[[str], ResponseReturnValue]
) -> ResponseReturnValue:
    """Save a routine and say what it does, or why it can't be."""
    trouble = changed(reason("windows_set", person=person.id), mutate)
    if trouble is not None:
        return refused(trouble)
    what = "off" if what_words(window, stock_of(person)) == "Internet off" else what_words(window, stock_of(person))
    said = f"{window.name}: {what} {days_words(window)}, {times_words(window)}."
    return done(said, GOOD, url_for("week.week", person_id=person.id))


def _refused(
    person: Person, form: WindowForm, old: Window | None, trouble: str, start: str = "", pattern: Window | None = None
) -> ResponseReturnValue:
    form.name.errors = [trouble]
    return _page(person, form, old, start=start, pattern=pattern)


def _gone(person: Person) -> ResponseReturnValue:
    text = "This routine was changed in the meantime. Here it is as it is now."
    return done(text, MIND, url_for("week.week", person_id=person.id))


def _page(
    person: Person, form: WindowForm, window: Window | None, start: str = "", pattern: Window | None = None
) -> ResponseReturnValue:
    opens = form.stock.shelves(form.allow.data or (), opens=True)
    closes = form.stock.shelves(form.block.data or (), opens=False)
    shown = render_template(
        "people/routine.html",
        person=person,
        form=form,
        window=window,
        pattern=pattern,
        key=key_of(window) if window else None,
        days=[(day.value, DAYS[day], LONG[day]) for day in Day],
        starts=STARTS,
        start=start,
        opens=opens,
        open_words=week_things.chosen_words(opens, form.allow_names.data or ""),
        closes=closes,
        closed_words=week_things.chosen_words(closes, form.block_names.data or ""),
        always_on=form.stock.called(person.always_on),
        is_off=form.internet.data != ON,
        kind=drawing.LOOKS[drawing.kind_of(window)] if window else None,
        words=f"{times_words(window)}, {days_words(window)}" if window else "",
    )
    return shown, 422 if form.errors else 200


def _data(window: Window) -> dict[str, object]:
    return {
        "name": window.name,
        "routine": window.routine.value,
        "days": [day.value for day in window.days],
        "start": window.start,
        "end": window.end,
        "internet": ON if window.internet else OFF,
        "allow": week_things.values(window.allow),
        "allow_names": "\n".join(window.allow.names),
        "block": week_things.values(window.block),
        "block_names": "\n".join(window.block.names),
        "safe_search": window.safe_search,
        "uncounted": window.uncounted,
        "slow": window.slow,
    }
