"""A child's minutes: budgets with what is used of them today, what doesn't count, what stays open, and passes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core import activity
from appliance.core.budget import Budget
from appliance.core.names import BadName
from appliance.core.person import Person
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE
from appliance.core.visibility import Role
from appliance.web import applies, budget_form, ladder, left, look, time, time_edits
from appliance.web.box import Box, box
from appliance.web.budget_form import BudgetForm
from appliance.web.gate import Who, open_to
from appliance.web.left import Left
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason
from appliance.wording import Names

pages = Blueprint("budgets", __name__)

LISTS = {
    "uncounted": ("uncounted_set", "uncounted_removed"),
    "always_on": ("always_on_set", "always_on_removed"),
}
"""What no budget counts, and what nothing but a pause stops: the codes of adding to it and of taking out."""
EXTRA = ("15", "30", "-15")
LATE_S = 300.0
"""So long the count may lag behind before the page says so."""


@dataclass(frozen=True, slots=True)
class Row:
    """A budget: what it is about, what it gives, and (where caregivers see it) what is used today."""

    budget: Budget
    name: str
    gives: str
    left: Left | None


@pages.get("/child/<person_id>/budgets")
@open_to(Who.CAREGIVER)
def budgets(person_id: str) -> ResponseReturnValue:
    """Show a child's minutes, and what is about them."""
    person, at = child_or_404(person_id), look.now()
    compiled, names = box().policy(), Names.of(box().book, box().house())
    subject = compiled.by_person[person.id]
    is_seen = left.may_see(box().contract, person, Role.CAREGIVER)
    lefts = {one.budget.what: one for one in left.of(subject, compiled.minutes, names, at)} if is_seen else {}
    rows = [
        Row(one, called(names, one.what), gives(one), lefts.get(one.what))
        for one in sorted(person.budgets, key=lambda one: one.what != EVERYTHING)
    ]
    return render_template(
        "budgets/list.html",
        person=person,
        rows=rows,
        is_seen=is_seen,
        accuracy=activity.HOW_WELL,
        is_late=at - compiled.minutes.at > LATE_S,
        day_starts=box().house().day_starts,
        lists={field: [(what, called(names, what)) for what in _things(person, field)] for field in LISTS},
        things=budget_form.things(box(), person),
        all_things=budget_form.things(box(), person, is_closed_too=True),
        passes=[(what, words, until) for what, words, until in _passes(box(), person, at)],
        open_minutes=(*time.OPEN_MINUTES, time.TODAY),
        end_of_day=left.end_of_day(subject, at),
    )


@pages.route("/child/<person_id>/budgets/new", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new(person_id: str) -> ResponseReturnValue:
    """Set minutes for everything or for one thing."""
    person = child_or_404(person_id)
    taken = {one.what for one in person.budgets}
    first = EVERYTHING if EVERYTHING not in taken else ""
    wanted = request.args.get("what", first)
    form = BudgetForm(budget_form.choices(box(), person), None, what=wanted, taken=taken)
    return _form_page(person, form, None)


@pages.route("/child/<person_id>/budgets/edit", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(person_id: str) -> ResponseReturnValue:
    """Change the minutes of `what`, which stands in the address."""
    person = child_or_404(person_id)
    budget = next((one for one in person.budgets if one.what == request.args.get("what", EVERYTHING)), None)
    if budget is None:
        abort(404)
    taken = {one.what for one in person.budgets} - {budget.what}
    form = BudgetForm(budget_form.choices(box(), person), budget, taken=taken)
    return _form_page(person, form, budget)


@pages.post("/child/<person_id>/budgets/remove")
@open_to(Who.CAREGIVER)
def remove(person_id: str) -> ResponseReturnValue:
    """Take the minutes away that are set for `what`."""
    person, what = child_or_404(person_id), request.form.get("what", "")
    where = url_for("budgets.budgets", person_id=person.id)
    if all(one.what != what for one in person.budgets):
        return done("These minutes are not set any more.", MIND, where)
    trouble = changed(
        reason("budget_removed", person=person.id, what=what),
        lambda house: time_edits.without_budget(house, person.id, what),
    )
    said = f"No minutes are set any more: {called(_names(), what)}."
    return done(trouble or said, WRONG if trouble else GOOD, where)


@pages.post("/child/<person_id>/budgets/give")
@open_to(Who.CAREGIVER)
def give(person_id: str) -> ResponseReturnValue:
    """Give 15 or 30 minutes of one budget for the day, or take 15."""
    person, at, what = child_or_404(person_id), look.now(), request.form.get("what", "")
    chosen = request.form.get("minutes")
    where = url_for("budgets.budgets", person_id=person.id)
    if chosen not in EXTRA:
        abort(400)
    minutes, until = int(chosen), left.end_of_day(box().policy().by_person[person.id], at)
    code = "minutes_given" if minutes > 0 else "minutes_taken"
    trouble = changed(
        reason(code, person=person.id, minutes=str(abs(minutes)), what=what),
        lambda house: time_edits.given(house, person.id, minutes, what, at, until),
    )
    said = f"{abs(minutes)} minutes {'more' if minutes > 0 else 'fewer'} today: {called(_names(), what)}."
    return done(trouble or said, WRONG if trouble else GOOD, where)


@pages.post("/child/<person_id>/budgets/<field>")
@open_to(Who.CAREGIVER)
def things(person_id: str, field: str) -> ResponseReturnValue:
    """Add to what isn't counted (``uncounted``) or stays open (``always_on``), or take out (`do` remove)."""
    person = child_or_404(person_id)
    if field not in LISTS:
        abort(404)
    where = f"{url_for('budgets.budgets', person_id=person.id)}#{field}"
    is_out = request.form.get("do") == "remove"
    try:
        what = _chosen(is_out)
    except (ladder.NoName, BadName) as error:
        return done(str(error), WRONG, where)
    add, out = LISTS[field]
    act = time_edits.without_thing if is_out else time_edits.with_thing
    trouble = changed(
        reason(out if is_out else add, person=person.id, what=what), lambda house: act(house, person.id, field, what)
    )
    said = f"{called(_names(), what)}: {_said(field, is_out)}"
    return done(trouble or said, WRONG if trouble else GOOD, where)


def gives(budget: Budget) -> str:
    """Return what a budget gives, in words."""
    parts = [] if budget.minutes is None else [f"{left.span(budget.minutes)} a day"]
    by_minutes: dict[int, list[str]] = {}
    for day, minutes in budget.days.items():
        by_minutes.setdefault(minutes, []).append(budget_form.DAYS[day])
    parts += [f"{left.span(minutes)} on {', '.join(days)}" for minutes, days in by_minutes.items()]
    if budget.week is not None:
        parts.append(f"{left.span(budget.week)} a week")
    if budget.carry_over:
        parts.append(f"up to {left.span(budget.carry_over)} carried over")
    if budget.slow:
        parts.append("then slow")
    return " · ".join(parts)


def called(names: Names, what: str) -> str:
    """Return what a budget is about, as a heading."""
    return left.EVERYTHING_WORDS if what == EVERYTHING else names.thing(what)


def _form_page(person: Person, form: BudgetForm, old: Budget | None) -> ResponseReturnValue:
    if form.is_submitted() and form.validate():
        budget = form.budget()
        trouble = changed(
            reason("budget_set", person=person.id, what=budget.what),
            lambda house: time_edits.with_budget(house, person.id, budget, old.what if old else None),
        )
        if trouble is None:
            said = f"{called(_names(), budget.what)}: {gives(budget)}."
            return done(said, GOOD, url_for("budgets.budgets", person_id=person.id))
        form.what.errors = [trouble]
    shown = render_template(
        "budgets/edit.html", person=person, form=form, old=old, name=called(_names(), old.what) if old else ""
    )
    return shown, 422 if form.errors else 200


def _passes(of: Box, person: Person, at: float) -> Iterator[tuple[str, str, float]]:
    """Yield what is open for a while: what, in words, until when."""
    subject = of.policy().by_person[person.id]
    words = dict(applies.opened(subject, at, _names()))
    for grant in of.house().grants:
        until, what = grant.until.timestamp(), time_edits.about(grant)
        if grant.person != person.id or grant.minutes is not None or until <= at:
            continue
        named = _names().thing(what)
        yield what, "Extra time" if what == time_edits.TIME else named if named in words else "Everything", until


def _things(person: Person, field: str) -> Iterable[str]:
    return time_edits.things(person.uncounted if field == "uncounted" else person.always_on)


def _chosen(is_out: bool) -> str:
    """Return the thing that was chosen, or the name that was typed. Raises NoName and BadName."""
    what = (request.form.get("site", "") or request.form.get("what", "")).strip()
    if not what:
        raise ladder.NoName("Choose something, or type the name of a site.")
    is_known = what.startswith((SERVICE, GROUP, CATEGORY))
    # What is listed can be taken out, even if nothing knows it any more.
    return what if is_out and is_known else time.thing_of(box(), what)


def _said(field: str, is_out: bool) -> str:
    if field == "uncounted":
        return "its minutes count again." if is_out else "its minutes don't count any more."
    return "it obeys times and budgets again." if is_out else "it stays open now, also at bedtime."


def _names() -> Names:
    return Names.of(box().book, box().house())
