"""Who lives here: children and adults are added, changed and taken out."""

from flask import Blueprint, abort, flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice
from wtforms.validators import InputRequired

from appliance.core.house import House
from appliance.core.person import BANDS, Person, PersonKind
from appliance.store.errors import StoreError
from appliance.web import bands, edits, ids, service_edits
from appliance.web.box import box
from appliance.web.fields import name_field
from appliance.web.gate import Who, open_to
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("people", __name__)


class AdultForm(FlaskForm):  # type: ignore[misc]
    """An adult's name."""

    name = name_field("Name", "Type a name.", autocapitalize="words", spellcheck="false")


class ChildForm(AdultForm):
    """A child's name and band."""

    band = RadioField(
        "Age", [InputRequired("Choose an age.")], choices=[SelectChoice(band, bands.ages(band)) for band in BANDS]
    )


@pages.route("/child/new", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new_child() -> ResponseReturnValue:
    """Add a child."""
    form = ChildForm()
    if form.validate_on_submit():
        trouble = _add(form, PersonKind.CHILD, form.band.data)
        if isinstance(trouble, Person):
            text = f"{trouble.name} is part of the house now. Next: which devices does {trouble.name} use?"
            return done(text, GOOD, url_for("child.show", person_id=trouble.id))
        form.name.errors = [trouble]
    return _form(form, None, is_child=True)


@pages.route("/adult/new", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new_adult() -> ResponseReturnValue:
    """Add an adult."""
    form = AdultForm()
    if form.validate_on_submit():
        trouble = _add(form, PersonKind.ADULT, None)
        if isinstance(trouble, Person):
            return done(f"{trouble.name} is part of the house now.", GOOD, url_for("child.show", person_id=trouble.id))
        form.name.errors = [trouble]
    return _form(form, None, is_child=False)


@pages.route("/child/<person_id>/edit", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(person_id: str) -> ResponseReturnValue:
    """Change a person's name, a child's band."""
    person = person_or_404(person_id)
    is_child = person.kind is PersonKind.CHILD
    form = ChildForm(obj=person) if is_child else AdultForm(obj=person)
    if form.validate_on_submit():
        name, band = str(form.name.data), str(form.band.data) if is_child else None
        known = box().book.known

        def mutate(house: House) -> House:
            return service_edits.moved(house, person_id, name, band, known)

        trouble = changed(reason("person_changed", person=person_id), mutate)
        if trouble is None:
            return done(_said(person, name, band), GOOD, url_for("child.show", person_id=person_id))
        form.name.errors = [trouble]
    return _form(form, person, is_child=is_child)


@pages.route("/child/<person_id>/remove", methods=["GET"])
@open_to(Who.CAREGIVER)
def removing(person_id: str) -> ResponseReturnValue:
    """Ask whether a person is to be taken out."""
    person = person_or_404(person_id)
    house = box().house()
    devices = [one for one in house.devices if one.person == person_id]
    lists = [one.name for one in house.lists if one.persons == (person_id,)]
    return render_template("people/remove.html", person=person, devices=devices, lists=lists)


@pages.post("/child/<person_id>/remove")
@open_to(Who.CAREGIVER)
def remove(person_id: str) -> ResponseReturnValue:
    """Take a person out, and erase what is remembered of them."""
    person = person_or_404(person_id)
    trouble = changed(reason("person_removed", person=person_id), lambda house: edits.without_person(house, person_id))
    if trouble is not None:
        return done(trouble, WRONG, url_for("people.removing", person_id=person_id))
    try:
        box().household.store.erase(person_id)
    except StoreError as error:
        flash(f"What was changed for {person.name} before is not erased yet. {error.sentence}", WRONG)
    return done(f"{person.name} was taken out of the house, and what was remembered is erased.", GOOD, "/")


def person_or_404(person_id: str) -> Person:
    """Return a person of the house, or answer that there is none."""
    try:
        return edits.person_of(box().house(), person_id)
    except edits.NoSuchPerson:
        abort(404)


def child_or_404(person_id: str) -> Person:
    """Return a child of the house, or answer that there is none."""
    person = person_or_404(person_id)
    if person.kind is not PersonKind.CHILD:
        abort(404)
    return person


def _add(form: AdultForm, kind: PersonKind, band: str | None) -> Person | str:
    """Add who stands in a form; return them, or what was in the way."""
    name = str(form.name.data)
    taken = [person.id for person in box().house().persons]
    person = Person(id=ids.new_id(name, taken, "person"), name=name, kind=kind, band=band)
    trouble = changed(reason("child_added", person=person.id), lambda house: edits.with_child(house, person))
    return person if trouble is None else trouble


def _form(form: AdultForm, person: Person | None, *, is_child: bool) -> ResponseReturnValue:
    shown = render_template(
        "people/edit.html",
        form=form,
        person=person,
        is_child=is_child,
        bands=bands.choices(box().contract),
        kept=len(person.categories) if person else 0,
    )
    return shown, 422 if form.errors else 200


def _said(person: Person, name: str, band: str | None) -> str:
    if band is None or band == person.band:
        return f"{name} is saved."
    seen = bands.changed(box().contract, str(person.band), band)
    return f"The rules for {bands.ages(band)} hold for {name} now. {seen}".strip()
