"""One child's week for another: routines, and if wanted the other days and the minutes."""

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectChoice, SelectMultipleField
from wtforms.validators import ValidationError

from appliance.core.house import House, with_own
from appliance.core.person import Person, PersonKind
from appliance.web import edits, look, week_edits
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, MIND, changed, done, reason
from appliance.web.week_edits import fitted, key_of_week

pages = Blueprint("week_copy", __name__)


class CopyForm(FlaskForm):  # type: ignore[misc]
    """For whom a week is copied, and how much of it. Each value says which weeks were seen: ``noah:1a2b3c4d``."""

    to = SelectMultipleField("Who gets this week?", validate_choice=False)
    exceptions = BooleanField("Other days too")
    budgets = BooleanField("The minutes too")

    def validate_to(self, field: SelectMultipleField) -> None:
        """Want a child."""
        if not field.data:
            raise ValidationError("Choose a child.")


@pages.route("/child/<person_id>/week/copy", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def copy(person_id: str) -> ResponseReturnValue:
    """Copy a child's week to other children."""
    person = child_or_404(person_id)
    where = url_for("week.week", person_id=person.id)
    if not person.windows:
        return done(f"{person.name} has no routine to copy yet.", MIND, where)
    children = _others(person)
    if not children:
        return done(f"There is no other child to copy {person.name}'s week to.", MIND, where)
    form = CopyForm(data={"to": [_seen(person, one) for one in children if one.id == request.args.get("to")]})
    form.to.choices = [SelectChoice(_seen(person, one), one.name) for one in children]
    if not form.validate_on_submit():
        return _page(person, children, form)
    by_seen = {_seen(person, one): one for one in children}
    wanted = [by_seen.get(value) for value in form.to.data or ()]
    chosen = [one for one in wanted if one is not None]
    if len(chosen) < len(wanted):
        form.to.errors = ["A week was changed in the meantime. Here they are as they are now: choose again."]
        form.to.data = []
        return _page(person, children, form)
    for one in chosen:
        trouble = _copy(person, one, form)
        if trouble is not None:
            form.to.errors = [f"{one.name}: {trouble}"]
            return _page(person, _others(person), form)
    names = " and ".join(one.name for one in chosen)
    text = f"{names} {'has' if len(chosen) == 1 else 'have'} the week of {person.name} now.{_left(person, chosen)}"
    return done(text, GOOD if not _left(person, chosen) else MIND, url_for("week.week", person_id=chosen[0].id))


def _copy(person: Person, to: Person, form: CopyForm) -> str | None:
    known, seen, at = with_own(box().book.known, box().house()), key_of_week(person, to), look.now()

    def mutate(house: House) -> House:
        return week_edits.with_week(
            edits.cleaned(house, at, to.id),
            person.id,
            to.id,
            known,
            seen,
            exceptions=bool(form.exceptions.data),
            budgets=bool(form.budgets.data),
        )

    return changed(reason("week_copied", person=to.id), mutate)


def _others(person: Person) -> list[Person]:
    """Return the other children as they are now."""
    return [one for one in box().house().persons if one.kind is PersonKind.CHILD and one.id != person.id]


def _seen(person: Person, to: Person) -> str:
    return f"{to.id}:{key_of_week(person, to)}"


def _left(person: Person, chosen: list[Person]) -> str:
    """Say for whom a part of the routines was left out, because of the age."""
    known = with_own(box().book.known, box().house())
    less = [one.name for one in chosen if any(fitted(window, one.band, known) != window for window in person.windows)]
    names = " and ".join(less)
    return f" What is closed or protected at the age of {names} was left out of the routines." if less else ""


def _page(person: Person, children: list[Person], form: CopyForm) -> ResponseReturnValue:
    shown = render_template(
        "people/week_copy.html",
        person=person,
        form=form,
        children=[(_seen(person, one), one, _seen(person, one) in (form.to.data or ())) for one in children],
    )
    return shown, 422 if form.errors else 200
