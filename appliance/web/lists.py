"""The lists of the house: what each does, how far it has come, what it holds that no list should; and one of them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core.lists.report import Report, Skipped
from appliance.core.lists.rule import Why
from appliance.core.subscription import Subscription
from appliance.household.lists import load_standing
from appliance.web import list_edits, list_look, list_offers
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.list_form import SYNTAXES, ListForm, is_fetched, page
from appliance.web.list_look import Shown
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("lists", __name__)

MAX_EXAMPLES = 40
MAX_NAMES = 30
"""So many names of one kind of conflict are shown."""


@dataclass(frozen=True, slots=True)
class Left:
    """Lines that say nothing here, for one reason; some of them as examples."""

    why: str
    number: int
    examples: tuple[Skipped, ...]


@pages.get("/lists")
@open_to(Who.CAREGIVER)
def lists() -> ResponseReturnValue:
    """Show all lists."""
    found = list_look.shown(box())
    return render_template(
        "lists/all.html",
        lists=found,
        busy=_busy_words(found),
        problem=load_standing(box().data).problem,
        measured=[(one, _index(one.told)) for one in found],
    )


@pages.post("/lists/fetch")
@open_to(Who.CAREGIVER)
def fetch() -> ResponseReturnValue:
    """Have one list fetched now, or all."""
    wanted = request.form.get("list") or None
    told = list_or_404(wanted) if wanted else None
    where = url_for("lists.one", list_id=wanted) if wanted else url_for("lists.lists")
    if told is not None and not told.on:
        return done(f"{told.name} is off: turn it on first.", MIND, where)
    if box().ask_steward("update_lists", lists=[wanted] if wanted else None) is None:
        return done(
            "The steward, who fetches lists, does not answer at the moment. Try again in a minute.", WRONG, where
        )
    return done(f"{told.name if told else 'Every list'} is looked for at its source now.", GOOD, where)


@pages.get("/lists/<list_id>")
@open_to(Who.CAREGIVER)
def one(list_id: str) -> ResponseReturnValue:
    """Show what a list holds, and how it stands."""
    told = list_or_404(list_id)
    found = list_look.one_of(box(), told)
    return render_template(
        "lists/one.html",
        one=found,
        busy=_busy_words([found]),
        host=urlsplit(told.url or "").hostname or "",
        is_fetched=is_fetched(told),
        offer=list_offers.by_address(told.url),
        overblock=list_offers.overblock_words(list_offers.by_address(told.url)),
        syntax=SYNTAXES.get(found.report.syntax, "") if found.report else "",
        left=left_out(found.report) if found.report else [],
        max_names=MAX_NAMES,
    )


@pages.post("/lists/<list_id>/switch")
@open_to(Who.CAREGIVER)
def switch(list_id: str) -> ResponseReturnValue:
    """Turn a list on or off."""
    told = list_or_404(list_id)
    is_on = request.form.get("on") == "yes"
    where = url_for("lists.one", list_id=list_id)
    trouble = changed(
        reason("list_on" if is_on else "list_off", list=list_id, name=told.name),
        lambda house: list_edits.switched_list(house, list_id, on=is_on),
    )
    if trouble is not None:
        return done(trouble, WRONG, where)
    said = "is on." if is_on else "is off: it says nothing until you turn it on again."
    return done(f"{told.name} {said}", GOOD, where)


@pages.route("/lists/<list_id>/edit", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(list_id: str) -> ResponseReturnValue:
    """Change what a list is called, what it does and for whom."""
    old = list_or_404(list_id)
    form = ListForm(box().house(), box().book, old)
    if not form.validate_on_submit():
        return page(form, old)
    told = form.subscription(old.id)
    trouble = changed(
        reason("list_changed", list=told.id, name=told.name), lambda house: list_edits.changed_list(house, told)
    )
    if trouble is not None:
        form.name.errors = [trouble]
        return page(form, old)
    return done(f"{told.name} is saved.", GOOD, url_for("lists.one", list_id=told.id))


@pages.get("/lists/<list_id>/remove")
@open_to(Who.CAREGIVER)
def removing(list_id: str) -> ResponseReturnValue:
    """Ask whether a list is to go."""
    told = list_or_404(list_id)
    found = list_look.one_of(box(), told)
    return render_template("lists/remove.html", one=found, is_fetched=is_fetched(told))


@pages.post("/lists/<list_id>/remove")
@open_to(Who.CAREGIVER)
def remove(list_id: str) -> ResponseReturnValue:
    """Take a list away."""
    told = list_or_404(list_id)
    trouble = changed(
        reason("list_removed", list=list_id, name=told.name), lambda house: list_edits.without_list(house, list_id)
    )
    if trouble is not None:
        return done(trouble, WRONG, url_for("lists.removing", list_id=list_id))
    return done(f"{told.name} is gone, with all that it closed or opened.", GOOD, url_for("lists.lists"))


def list_or_404(list_id: str) -> Subscription:
    """Return a list of the house, or answer that there is none."""
    try:
        return list_edits.list_of(box().house(), list_id)
    except list_edits.NoSuchList:
        abort(404)


def left_out(report: Report) -> list[Left]:
    """Return the lines that say nothing here by their reason, the most frequent first, with examples."""
    known = {why.value: why for why in Why}
    found = []
    for word, count in sorted(report.skipped.items(), key=lambda one: -one[1]):
        examples = [one for one in report.examples if one.why is known.get(word)]
        found.append(Left(f"{word[:1].upper()}{word[1:]}", count, tuple(examples[:MAX_EXAMPLES])))
    return found


def _index(told: Subscription) -> float | None:
    """Return how many of 1,000 sites that should stay open a list closes, None where that was not measured."""
    offer = list_offers.by_address(told.url)
    return offer.overblock.index if offer is not None and offer.overblock is not None else None


def _busy_words(found: list[Shown]) -> str:
    """Return what happens just now, for who can't see it move; empty where nothing does."""
    busy = [f"{one.told.name}: {one.mark.word.lower()}" for one in found if one.is_busy]
    return "; ".join(busy)
