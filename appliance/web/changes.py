"""Changes: everything that was set, by whom and when, as sentences; what a caregiver may look up, a child may too."""

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from appliance.store.errors import StoreError
from appliance.web import look, sees
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to
from appliance.web.saying import Said, teller
from appliance.wording import Names

pages = Blueprint("changes", __name__)

PAGE = 30
MAX_PAGES = 100
FIELD = "rule_changes"


@pages.get("/changes")
@open_to(Who.CAREGIVER)
def changes() -> ResponseReturnValue:
    """Show the changes of the house, or those that concern one child."""
    persons = box().house().persons
    only = request.args.get("child") or None
    if only is not None and only not in {person.id for person in persons}:
        abort(404)
    page = min(max(request.args.get("page", 1, type=int), 1), MAX_PAGES)
    trouble = ""
    try:
        found = told(box(), only, page * PAGE + 1)
    except StoreError as error:
        found, trouble = [], error.sentence
    here = found[(page - 1) * PAGE : page * PAGE]
    return render_template(
        "changes.html",
        persons=persons,
        only=only,
        days=by_day(here),
        page=page,
        has_more=len(found) > page * PAGE and page < MAX_PAGES,
        kept=sees.kept_words(box().contract.field(FIELD).cell("adult").kept),
        trouble=trouble,
    )


def told(of: Box, person: str | None, limit: int, since: float | None = None, *, is_own: bool = False) -> list[Said]:
    """Return the latest changes in words, newest first; `is_own`: to the person concerned. Raises StoreError."""
    store = of.household.store
    entries = store.audit(person, since, limit)
    house = of.house()
    says = teller(
        house,
        store.accounts.all(),
        of.book.categories,
        look.until_words,
        person if is_own else None,
        Names.of(of.book, house),
    )
    return [says.say(entry) for entry in entries]


def by_day(found: list[Said]) -> list[tuple[str, list[Said]]]:
    """Return changes under the days on which they were made, in the same order."""
    now_is = box().local_time(look.now()).date()
    days: list[tuple[str, list[Said]]] = []
    for one in found:
        day = look.day_words(box().local_time(one.at).date(), now_is)
        if not days or days[-1][0] != day:
            days.append((day, []))
        days[-1][1].append(one)
    return days
