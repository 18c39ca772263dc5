"""Whether one child asks first about new sites that look risky: what the age has, and what a caregiver said."""

from dataclasses import dataclass

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from appliance.core.house import Classifier, House
from appliance.core.person import Person, PersonKind
from appliance.web import bands, edits
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("risky", __name__)

ON, OFF = "on", "off"
_WITH = House(classifier=Classifier(on=True))


@dataclass(frozen=True, slots=True)
class Risky:
    """How it is for a child whose age has it at all."""

    is_on: bool
    """As it is set; where the house does without, nothing is asked all the same."""
    by_age: bool
    is_said: bool
    """A caregiver set it."""
    is_in_house: bool
    """The house has the box guess."""

    @property
    def origin(self) -> str:
        """Where it comes from."""
        if not self.is_said:
            return "As usual at this age"
        return "" if self.is_on is self.by_age else f"usual: {'yes' if self.by_age else 'no'}"


def of_child(house: House, person: Person) -> Risky | None:
    """Return how it is for a person, None for whom no guess is ever asked about."""
    if person.kind is PersonKind.ADULT or not _WITH.is_scored(replace(person, risky_names=True)):
        return None
    by_age = _WITH.is_scored(replace(person, risky_names=None))
    said = person.risky_names
    return Risky(by_age if said is None else said, by_age, said is not None, house.classifier.on)


@pages.post("/child/<person_id>/new-sites")
@open_to(Who.CAREGIVER)
def choose(person_id: str) -> ResponseReturnValue:
    """Have a child ask first (`on`), or not (`off`); what the age has by itself is not set by hand."""
    person, wanted = child_or_404(person_id), request.form.get("risky", "")
    now = of_child(box().house(), person)
    if now is None:
        abort(404)
    if wanted not in (ON, OFF):
        abort(400)
    is_on = wanted == ON
    said = None if is_on is now.by_age else is_on
    code = "risky_names_reset" if said is None else f"risky_names_{wanted}"
    trouble = changed(
        reason(code, person=person.id),
        lambda house: edits.with_person(house, person.id, lambda one: replace(one, risky_names=said)),
    )
    where = url_for("categories.show", person_id=person.id, _anchor="new-sites")
    if trouble is not None:
        return done(trouble, WRONG, where)
    does = f"{person.name} asks first about" if is_on else f"{person.name} may open"
    by_age = f", as usual from {bands.ages(str(person.band))}" if said is None else ""
    return done(f"{does} new sites that look risky{by_age}.", GOOD, where)
