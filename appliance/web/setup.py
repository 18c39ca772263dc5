"""The first run: a new box asks what it must know, and gets its owner; nothing is said before the code is right."""

import hmac
from collections.abc import Callable
from functools import wraps
from secrets import token_hex
from typing import Any

import msgspec
from flask import Blueprint, current_app, flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue

from appliance import wording
from appliance.core.house import House, HouseError
from appliance.core.person import Person, PersonKind
from appliance.core.verdict import Reason
from appliance.household.changes import NotValid, Unpublished
from appliance.store.accounts import Caregiver
from appliance.store.errors import BadCode, NameTaken, StoreError
from appliance.web import code, edits, list_offers, passwords, places
from appliance.web.access import address_subject, begin_session, locked_words, lockout
from appliance.web.box import box
from appliance.web.forms import (
    BAND_CHOICES,
    UNKNOWN_CHOICES,
    AccountForm,
    ChildForm,
    CodeForm,
    Form,
    PlaceForm,
    UnknownForm,
    ZoneForm,
)
from appliance.web.gate import Who, open_to
from appliance.web.ids import new_id
from appliance.web.lockout import Locked

STEPS = ("place", "time", "children", "lists", "devices", "owner")
"""After the code. Who owns the box comes last, so that a password is typed once and kept nowhere in between."""
MAX_CHILDREN = 10
"""In the first run; what was said waits in a cookie, which has an end."""
_NAMES = {"de": "Deutsch", "en": "English", "es": "Español", "fr": "Français", "it": "Italiano", "nl": "Nederlands"}
LANGUAGES = {language: _NAMES.get(language, language) for language in wording.CATALOGUES}
"""Those that the box has words in, by the names that they give themselves."""
_DRAFT = "first-run"

pages = Blueprint("setup", __name__)


class Draft(msgspec.Struct, frozen=True):
    """What was said so far."""

    code_hash: str
    country: str | None = None
    zone: str | None = None
    language: str = "en"
    children: tuple[tuple[str, str], ...] = ()
    """Names and bands."""
    unknown: str = House().unknown_devices
    lists: tuple[str, ...] = ()
    """Ids in the catalogue."""
    lists_for: tuple[str, ...] | None = None
    """The ages that those were chosen for; None before they were."""

    @classmethod
    def of(cls, code_hash: str, house: House) -> "Draft":
        """Begin with what an installer put in force already."""
        zone = house.time_zone if house.country else None
        return cls(code_hash, house.country, zone, house.language, unknown=house.unknown_devices)

    def applied(self, house: House) -> House:
        """Return a house with what was said; whoever is in it already stays."""
        said = msgspec.structs.replace(
            house, country=self.country, time_zone=self.zone or house.time_zone, language=self.language,
            unknown_devices=self.unknown,
        )  # fmt: skip
        for name, band in self.children:
            taken = {person.id for person in said.persons}
            said = edits.with_child(said, Person(id=new_id(name, taken, "child"), name=name, band=band))
        return list_offers.taken(said, self.lists)

    def ages(self, house: House) -> tuple[str, ...]:
        """Return the ages of all children, those who are in the house already too, each once."""
        there = (person.band for person in house.persons if person.band)
        return tuple(sorted({*there, *(band for _, band in self.children)}))


View = Callable[[Draft], ResponseReturnValue]


def step(view: View) -> Callable[[], ResponseReturnValue]:
    """Hand a step what was said before it; who has not given the code is led to it."""

    @wraps(view)
    def led() -> ResponseReturnValue:
        draft = _load()
        return redirect("/start", 303) if draft is None else view(draft)

    return led


@pages.get("/start")
@open_to(Who.STRANGER)
def start() -> ResponseReturnValue:
    """Ask for the code; whoever gave it goes on where it ended."""
    draft = _load()
    if draft is not None:
        return redirect(f"/start/{_next(draft)}", 303)
    return _page("code", CodeForm())


@pages.post("/start")
@open_to(Who.STRANGER)
def take_code() -> ResponseReturnValue:
    """Go on with the right code."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _page("code", form, 422)
    secret: bytes = current_app.extensions["kindgate.secret"]
    subjects, at = (address_subject("first-run"),), box().now()
    try:
        lockout().begin(subjects, at)
    except Locked as error:
        form.code.errors = [locked_words(error, at)]
        return _page("code", form, 429)
    typed = code.code_hash(secret, form.code.data)
    if not hmac.compare_digest(typed, code.code_hash(secret, code.code_of(secret))):
        lockout().fail(subjects, at)
        form.code.errors = ["This is not the code of this box."]
        return _page("code", form, 422)
    lockout().succeed(subjects)
    _keep(Draft.of(typed, box().house()))
    return redirect("/start/place", 303)


@pages.route("/start/place", methods=["GET", "POST"])
@open_to(Who.STRANGER)
@step
def place(draft: Draft) -> ResponseReturnValue:
    """Ask for country and language."""
    guess = draft.country or places.guessed(request.headers.get("Accept-Language", ""))
    form = PlaceForm(
        list(places.countries().items()), list(LANGUAGES.items()), data={"country": guess, "language": draft.language}
    )
    if not form.validate_on_submit():
        return _page("place", form)
    zones = places.zones(form.country.data)
    is_same = form.country.data == draft.country
    zone = draft.zone if is_same else zones[0].name if len(zones) == 1 else None
    _keep(msgspec.structs.replace(draft, country=form.country.data, language=form.language.data, zone=zone))
    return redirect("/start/children" if len(zones) == 1 else "/start/time", 303)


@pages.route("/start/time", methods=["GET", "POST"])
@open_to(Who.STRANGER)
@step
def time(draft: Draft) -> ResponseReturnValue:
    """Ask for the time zone, by what its clocks show."""
    at = box().now()
    zones = [(zone.name, zone.label(at)) for zone in places.zones(draft.country or "")]
    names = [name for name, _ in zones]
    zone = draft.zone or (names[0] if names else None)
    is_listed = zone in names
    given = {"zone": zone if is_listed else None, "other": None if is_listed else zone}
    form = ZoneForm(zones, places.all_zones(), data=given)
    if not form.validate_on_submit():
        return _page("time", form)
    _keep(msgspec.structs.replace(draft, zone=form.other.data or form.zone.data))
    return redirect("/start/children", 303)


@pages.route("/start/children", methods=["GET", "POST"])
@open_to(Who.STRANGER)
@step
def children(draft: Draft) -> ResponseReturnValue:
    """Ask for the children: one after another, as many as there are."""
    house = box().house()
    there = [person for person in house.persons if person.kind is PersonKind.CHILD]
    form = ChildForm()
    told: dict[str, Any] = {"there": there, "children": draft.children, "bands": BAND_CHOICES}
    if request.method == "GET":
        return _page("children", form, **told)
    do, _, number = request.form.get("do", "").partition(":")
    if do == "remove":
        kept = tuple(child for index, child in enumerate(draft.children) if str(index) != number)
        _keep(msgspec.structs.replace(draft, children=kept))
        return redirect("/start/children", 303)
    is_empty = not form.name.data and not form.band.data
    if do == "next" and is_empty:
        return redirect("/start/lists", 303)
    taken = {name.casefold() for name in (*(name for name, _ in draft.children), *(one.name for one in there))}
    if not form.validate_on_submit():
        return _page("children", form, 422, **told)
    if form.name.data.casefold() in taken:
        form.name.errors = [f"{form.name.data} is there already."]
        return _page("children", form, 422, **told)
    if len(draft.children) >= MAX_CHILDREN:
        form.name.errors = ["Add more children when the box is set up."]
        return _page("children", form, 422, **told)
    _keep(msgspec.structs.replace(draft, children=(*draft.children, (form.name.data, form.band.data))))
    return redirect("/start/lists" if do == "next" else "/start/children", 303)


@pages.route("/start/lists", methods=["GET", "POST"])
@open_to(Who.STRANGER)
@step
def lists(draft: Draft) -> ResponseReturnValue:
    """Offer the lists that fit the children, ready ticked until somebody said otherwise."""
    house = box().house()
    ages = draft.ages(house)
    offers = list_offers.defaults(ages)
    form = Form()
    if not form.validate_on_submit():
        ticked = draft.lists if draft.lists_for == ages else [one.id for one in offers]
        with_children = msgspec.structs.replace(draft, lists=()).applied(house)
        shown = [list_offers.shown(one, with_children, box().book) for one in offers]
        return _page("lists", form, offers=shown, ticked=ticked, why=list_offers.why)
    wanted = set() if request.form.get("do") == "skip" else set(request.form.getlist("list"))
    kept = tuple(one.id for one in offers if one.id in wanted)
    _keep(msgspec.structs.replace(draft, lists=kept, lists_for=ages))
    return redirect("/start/devices", 303)


@pages.route("/start/devices", methods=["GET", "POST"])
@open_to(Who.STRANGER)
@step
def devices(draft: Draft) -> ResponseReturnValue:
    """Ask what a device gets that nobody named."""
    form = UnknownForm(data={"unknown": draft.unknown})
    if not form.validate_on_submit():
        return _page("devices", form, unknown=UNKNOWN_CHOICES)
    _keep(msgspec.structs.replace(draft, unknown=form.unknown.data))
    return redirect("/start/owner", 303)


@pages.route("/start/owner", methods=["GET", "POST"])
@open_to(Who.STRANGER)
@step
def owner(draft: Draft) -> ResponseReturnValue:
    """Ask who owns the box, and put all of it in force."""
    if draft.country is None or draft.zone is None:
        return redirect(f"/start/{_next(draft)}", 303)
    form = AccountForm()
    told: dict[str, Any] = {
        "country": places.countries().get(draft.country), "zone": draft.zone, "language": LANGUAGES[draft.language],
        "children": draft.children, "lists": list_offers.named(draft.lists),
        "unknown": {key: text for key, text, _ in UNKNOWN_CHOICES}[draft.unknown],
    }  # fmt: skip
    if not form.validate_on_submit():
        return _page("owner", form, **told)
    try:
        made = _redeem(draft, form)
    except BadCode as error:
        session.pop(_DRAFT, None)
        flash(error.sentence, "stop")
        return redirect("/start", 303)
    except NameTaken as error:
        form.name.errors = [error.sentence]
        return _page("owner", form, 422, **told)
    except StoreError as error:
        flash(error.sentence, "stop")
        return _page("owner", form, 503, **told)
    begin_session(made, is_staying=False)
    _put_in_force(draft, made)
    return redirect("/devices", 303)


def _redeem(draft: Draft, form: AccountForm) -> Caregiver:
    """Make the first owner. Raises BadCode, NameTaken and other StoreErrors."""
    store, at = box().household.store, box().now()
    hashed = passwords.hash_password(form.password.data)
    try:
        store.codes.role_of(draft.code_hash, at)
    except BadCode:
        # The disk may have been full when the dashboard began; it is the right code only if it is the box's own.
        code.begin_first_run(store, current_app.extensions["kindgate.secret"], at)
    return store.codes.redeem(draft.code_hash, token_hex(8), form.name.data, hashed, at)


def _put_in_force(draft: Draft, made: Caregiver) -> None:
    try:
        box().change(made.id, Reason.of("first_run"), draft.applied)
    except StoreError as error:
        flash(f"You own the box now, but the rest is not saved: {error.sentence}", "stop")
    except (NotValid, HouseError) as error:
        flash(f"You own the box now, but the rest is not saved: {error}", "stop")
    except Unpublished as error:
        flash((type(error).__doc__ or "").strip(), "pause")
    else:
        flash("The box is yours. Next: say whose devices these are.", "free")


def _page(name: str, form: Form, status: int = 200, **told: Any) -> ResponseReturnValue:  # noqa: ANN401 -- templates take anything
    """Return a step's page, by itself with status 422 where something that was typed is wrong."""
    number = STEPS.index(name) + 1 if name in STEPS else 0
    page = render_template(
        f"setup/{name}.html", form=form, number=number, count=len(STEPS),
        before=None if number <= 1 else f"/start/{STEPS[number - 2]}", **told,
    )  # fmt: skip
    return page, 422 if form.errors and status == 200 else status


def _next(draft: Draft) -> str:
    """Return the first step that is still to be taken."""
    return "place" if draft.country is None else "time" if draft.zone is None else "children"


def _load() -> Draft | None:
    try:
        draft = msgspec.convert(session.get(_DRAFT), Draft)
    except msgspec.ValidationError:
        return None
    return draft if draft.language in LANGUAGES else None


def _keep(draft: Draft) -> None:
    session[_DRAFT] = msgspec.to_builtins(draft)
