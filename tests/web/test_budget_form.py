"""appliance.web.budget_form: what minutes may be set for, and the form of a budget."""

from collections.abc import Iterator

import pytest
from flask import Flask

from appliance.core.budget import Budget
from appliance.core.person import Setting
from appliance.core.said import EVERYTHING
from appliance.core.schedule import Day
from appliance.core.verdict import Letter, Reason
from appliance.web import budget_form, edits
from appliance.web.box import Box
from appliance.web.budget_form import BudgetForm
from tests.web.conftest import JONAS, MIA, OWNER

TUBE = "service:youtube"


@pytest.fixture
def _asked(app: Flask) -> Iterator[None]:
    """A request is under way."""
    with app.test_request_context("/"):
        yield


def whats(found: budget_form.Things) -> set[str]:
    """Return the things of all headings."""
    return {what for pairs in found.values() for what, _ in pairs}


def test_what_is_closed_hard_or_protected_is_not_offered(box: Box) -> None:
    """Nor ways around the rules; kinds that are closed only where something is to be opened."""
    found, more = (whats(budget_form.things(box, MIA, is_closed_too=closed)) for closed in (False, True))
    assert {TUBE, "group:game", "category:video_sharing"} <= found < more
    letters = box.book.letters["6-9"]
    assert {letters[what.removeprefix("category:")] for what in more - found} == {Letter.B}
    for what in ("category:gambling", "category:mental_health", "category:bypass_vpn", "service:omegle"):
        assert what not in more
    assert "category:gambling" in whats(budget_form.things(box, JONAS, is_closed_too=True))


def test_what_a_caregiver_opened_is_offered(box: Box) -> None:
    """By the settings, not by the age alone."""
    assert "category:social_media" not in whats(budget_form.things(box, MIA))
    box.change(
        OWNER,
        Reason("category_set"),
        lambda house: edits.with_setting(house, "mia", "social_media", Setting.TIMED),
    )
    assert "category:social_media" in whats(budget_form.things(box, MIA))


def test_things_stand_in_the_order_of_their_names(box: Box) -> None:
    """So that one is found among very many."""
    for pairs in budget_form.things(box, MIA).values():
        names = [name.casefold() for _, name in pairs]
        assert names == sorted(names)


@pytest.mark.usefixtures("_asked")
@pytest.mark.parametrize(
    "budget",
    [
        Budget(minutes=90),
        Budget(minutes=25, carry_over=10),
        Budget(minutes=30, slow=True),
        Budget(what=TUBE, week=300),
        Budget(what=TUBE, minutes=60, days={Day.SAT: 120, Day.SUN: 0}),
    ],
)
def test_a_form_has_what_was_set(box: Box, budget: Budget) -> None:
    """Saved as it is, it is the same budget."""
    form = BudgetForm(budget_form.choices(box, MIA), budget)
    assert form.budget() == budget
    assert [short for short, _ in form.days] == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]


@pytest.mark.usefixtures("_asked")
def test_what_has_minutes_is_not_offered_again(box: Box) -> None:
    """A thing has one budget; without a first choice one has to choose."""
    form = BudgetForm(budget_form.choices(box, MIA), None, what="", taken={EVERYTHING, TUBE})
    offered = {value for pairs in form.what.choices.values() for value, _ in pairs}
    assert not offered & {EVERYTHING, TUBE}
    assert next(iter(form.what.choices.values())) == [("", "Choose …")]
