"""The page of one person: what holds, the week, minutes, apps and sites, devices: sentences, each with a way in."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from appliance import wording
from appliance.core.budget import Budget
from appliance.core.device import Device
from appliance.core.person import Person, PersonKind
from appliance.core.said import EVERYTHING
from appliance.web import (
    bands,
    categories,
    drawing,
    growing,
    lift_edits,
    lifts,
    look,
    rules,
    safe,
    services,
    status,
    time,
    week,
    week_edits,
    week_words,
)
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.hardware import KINDS
from appliance.web.people import person_or_404

pages = Blueprint("child", __name__)

PAUSES = (("15", "15 min"), ("30", "30 min"), ("morning", "Until morning"))
MAX_RULES = 6
"""So many sites stand on the page; the others are one tap away."""


@dataclass(frozen=True, slots=True)
class Lead:
    """A line that says how something stands, and leads to where it is changed."""

    icon: str
    tone: str
    title: str
    note: str
    href: str


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
    return render_template(
        "people/child.html",
        person=person,
        ages=bands.ages(str(person.band)),
        now_is=status.look(box(), person, at),
        week=drawing.week(box().policy(), person, at),
        pauses=PAUSES,
        has_plus=time.helping(box(), person, 15, at) is not None,
        has_minus=time.helping(box(), person, -15, at) is not None,
        form=rules.RuleForm(formdata=None),
        rules=own[:MAX_RULES],
        more_rules=max(0, len(own) - MAX_RULES),
        leads=list(_leads(person, at)),
        budgets=[(_called(one), _minutes(one)) for one in person.budgets],
        devices=devices,
        kinds=KINDS,
        routines=[
            (
                week_edits.key_of(one),
                one,
                drawing.LOOKS[drawing.kind_of(one)],
                _when(one.start, one.end, week_words.days_words(one)),
            )
            for one in person.windows
        ],
        tonight=week.tonight_of(person, at),
        later=week.LATER,
        always_on=_always_on(person),
        unfiltered=_unfiltered(devices),
    )


def _leads(person: Person, at: float) -> Iterator[Lead]:
    """Yield how apps and sites stand, the ways in to what is set most often first."""
    base, book, house = f"/child/{person.id}", box().book, box().house()
    sites = safe.of_person(person, book)
    yield Lead("search", "free", "Safe search", safe.in_short(sites), f"{base}/safe-search")
    apps = services.of_person(person, book, house, at)
    yield Lead("grid", "school", "Apps and services", services.in_short(apps, person), f"{base}/services")
    everything = categories.kinds(person, book, lift_edits.open_kinds(house, person.id, at))
    yield Lead("sliders", "ask", "Kinds of sites", _kinds_in_short(everything), f"{base}/categories")
    shut = lifts.shut(box(), person, at)
    yield Lead("lock", "stop", "Closed at this age", lifts.in_short(shut), f"{base}/closed")
    yield Lead("arrow-up-right-circle", "night", "Growing up", growing.in_short(box(), person), f"{base}/growing-up")


def _kinds_in_short(everything: list[categories.Kind]) -> str:
    said = [f"{number} {word.lower()}" for word, _, _, number in categories.counts(everything)]
    by_hand = sum(kind.is_set for kind in everything)
    return " · ".join([*said, f"{by_hand} set by hand"] if by_hand else said)


def _called(budget: Budget) -> str:
    """Return what a budget is for."""
    if budget.what == EVERYTHING:
        return "Everything that counts"
    return wording.Names.of(box().book, box().house()).thing(budget.what)


def _minutes(budget: Budget) -> str:
    """Return what a budget gives, in words."""
    said = [f"{_span(budget.minutes)} a day"] if budget.minutes is not None else []
    if budget.days:
        said.append("other days apart" if said else "by the day")
    if budget.week is not None:
        said.append(f"{_span(budget.week)} a week")
    return " · ".join(said)


def _span(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if part
    )


def _when(start: str, end: str, days: str) -> str:
    return f"{start} to {end}, {days}"


def _always_on(person: Person) -> list[str]:
    """Return what bedtime does not stop, in words."""
    names = wording.Names.of(box().book, box().house())
    things = person.always_on
    return [
        *(names.services.get(id_, id_) for id_ in things.services),
        *(names.groups.get(id_, id_) for id_ in things.groups),
        *(names.categories.get(id_, id_) for id_ in things.categories),
        *things.names,
    ]


def _unfiltered(devices: Iterable[Device]) -> list[str]:
    """Return the names of devices on which a child's rules do not hold."""
    return [one.name or one.id for one in devices if one.kind.value == "adult"]
