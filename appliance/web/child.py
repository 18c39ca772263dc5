"""The page of one person: what holds, the week, own sites, kinds of sites, devices and routines, each with a way in."""

from collections.abc import Iterable

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from appliance.core.house import Device, Person, PersonKind
from appliance.web import bands, categories, drawing, look, routines, rules, status
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.hardware import KINDS
from appliance.web.people import person_or_404

pages = Blueprint("child", __name__)

PAUSES = (("15", "15 min"), ("30", "30 min"), ("morning", "Until morning"))
MAX_RULES = 6
"""So many sites stand on the page; the others are one tap away."""


@pages.get("/child/<person_id>")
@open_to(Who.CAREGIVER)
def show(person_id: str) -> ResponseReturnValue:
    """Show all about a person."""
    person = person_or_404(person_id)
    at = look.now()
    devices = [one for one in box().house().devices if one.person == person_id]
    own = rules.listed(person, at)
    if person.kind is PersonKind.ADULT:
        return render_template("people/adult.html", person=person, devices=devices, kinds=KINDS, rules=own)
    everything = categories.kinds(person, box().book)
    return render_template(
        "people/child.html",
        person=person,
        ages=bands.ages(str(person.band)),
        now_is=status.look(box(), person, at),
        week=drawing.week(box().policy(), person, at),
        pauses=PAUSES,
        form=rules.RuleForm(formdata=None),
        rules=own[:MAX_RULES],
        more_rules=max(0, len(own) - MAX_RULES),
        counts=categories.counts(everything),
        set_by_hand=[kind for kind in everything if kind.is_set],
        devices=devices,
        kinds=KINDS,
        routines=[
            (routines.key_of(window), window, drawing.kind_of(window).value, routines.days_words(window))
            for window in person.windows
        ],
        always_on=_always_on(person),
        unfiltered=_unfiltered(devices),
    )


def _always_on(person: Person) -> list[str]:
    """Return what bedtime does not stop, in words."""
    known = box().book.categories
    kinds = (known[id_].name if id_ in known else id_ for id_ in person.always_on.categories)
    return [*kinds, *person.always_on.names]


def _unfiltered(devices: Iterable[Device]) -> list[str]:
    """Return the names of devices on which a child's rules do not hold."""
    return [one.name or one.id for one in devices if one.kind.value == "adult"]
