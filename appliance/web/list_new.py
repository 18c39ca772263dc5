"""A list that the house doesn't have yet: out of the catalogue with one tap, or by its address."""

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core.subscription import Subscription
from appliance.core.verdict import Reason
from appliance.web import ids, list_edits, list_offers
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.list_form import ListForm, page
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("list_new", __name__)


@pages.get("/lists/new")
@open_to(Who.CAREGIVER)
def catalogue() -> ResponseReturnValue:
    """Show the lists that are known to be good, by what they are for."""
    groups = list_offers.grouped(box().house(), box().book)
    return render_template("lists/catalogue.html", groups=groups, unmeasured=list_offers.UNMEASURED)


@pages.post("/lists/new")
@open_to(Who.CAREGIVER)
def take() -> ResponseReturnValue:
    """Take a list of the catalogue."""
    wanted = request.form.get("offer", "")
    offer = next((one for one in list_offers.offers() if one.id == wanted), None) or abort(404)
    where = url_for("list_new.catalogue")
    told = list_offers.subscription(offer, box().house())
    if told is None:
        fits = list_offers.ages_words(offer.ages)
        return done(f"{offer.name} is made for {fits}, and nobody here is of that age.", MIND, where)
    trouble = changed(_reason(told), lambda house: list_edits.with_list(house, told))
    return done(trouble, WRONG, where) if trouble is not None else _there(told)


@pages.route("/lists/new/address", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def address() -> ResponseReturnValue:
    """Ask for the address of a list, and what it is to do."""
    form = ListForm(box().house(), box().book)
    if not form.validate_on_submit():
        return page(form, None)
    taken = {one.id for one in box().house().lists}
    told = form.subscription(ids.new_id(str(form.name.data), taken, "list"))
    trouble = changed(_reason(told), lambda house: list_edits.with_list(house, told))
    if trouble is not None:
        form.url.errors = [trouble]
        return page(form, None)
    return _there(told)


def _there(told: Subscription) -> ResponseReturnValue:
    return done(f"{told.name} is added, and fetched now.", GOOD, url_for("lists.one", list_id=told.id))


def _reason(told: Subscription) -> Reason:
    return reason("list_added", list=told.id, name=told.name)
