"""Services that caregivers made: names under one switch, which every child's page then offers like the bundled ones."""

from collections.abc import Iterator

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, SelectChoice, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from appliance.core import names as domains
from appliance.core.house import House, OwnService
from appliance.core.person import Person
from appliance.core.rulebook import Rulebook
from appliance.core.said import SERVICE
from appliance.web import ids, rules, service_edits
from appliance.web.box import box
from appliance.web.categories import GROUPS
from appliance.web.fields import name_field
from appliance.web.gate import Who, open_to
from appliance.web.ladder import NoName
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("own_services", __name__)

LIST = "/house/services"
MAX_NAMES = 100


class ServiceForm(FlaskForm):  # type: ignore[misc]
    """What a service is called, by which names it is known, and where it belongs."""

    name = name_field("What is it called?", "Type a name.", spellcheck="false", placeholder="Chess club")
    names = TextAreaField(
        "Its sites",
        [InputRequired("Type at least one site."), Length(max=20_000, message="This is too long.")],
        render_kw={"rows": 4, "spellcheck": "false", "autocapitalize": "none", "placeholder": "chess.example"},
    )
    group = SelectField("In which group?", [Optional()])
    category = SelectField("Which kind of sites is it?", [Optional()])

    def __init__(self, book: Rulebook, old: OwnService | None = None) -> None:
        was = old or OwnService(id="new", name="new", domains=("new.invalid",))
        data = {"name": was.name, "names": "\n".join(was.domains)} if old else {}
        super().__init__(data={**data, "group": was.group or "", "category": was.category or ""})
        self.group.choices = [SelectChoice("", "In none"), *(SelectChoice(*one) for one in book.groups.items())]
        places = {id_: place for place, id_ in enumerate(GROUPS)}
        kinds = sorted(book.categories.values(), key=lambda one: places.get(one.group, len(places)))
        self.category.choices = [
            SelectChoice("", "As its sites are"),
            *(SelectChoice(one.id, one.name) for one in kinds),
        ]

    def validate_names(self, field: Field) -> None:
        """Refuse what is no name of a site, with the line that holds it."""
        try:
            self.domains = domains_of(field.data or "")
        except NoName as error:
            raise ValidationError(str(error)) from error

    def service(self, id_: str) -> OwnService:
        """Return the service that stands in the form, which was found to be right."""
        return OwnService(
            id=id_, name=str(self.name.data), domains=self.domains, group=self.group.data or None,
            category=self.category.data or None,
        )  # fmt: skip


@pages.get(LIST)
@open_to(Who.CAREGIVER)
def own() -> ResponseReturnValue:
    """Show the services that caregivers made."""
    book, house = box().book, box().house()
    found = [(one, _note(one, book)) for one in house.services]
    return render_template("services/list.html", services=found)


@pages.route(f"{LIST}/new", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new() -> ResponseReturnValue:
    """Make a service."""
    form = ServiceForm(box().book)
    return _save(form, None) if form.validate_on_submit() else _form(form, None)


@pages.route(f"{LIST}/<service_id>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(service_id: str) -> ResponseReturnValue:
    """Change a service."""
    old = _own_or_404(service_id)
    form = ServiceForm(box().book, old)
    return _save(form, old) if form.validate_on_submit() else _form(form, old)


@pages.get(f"{LIST}/<service_id>/remove")
@open_to(Who.CAREGIVER)
def removing(service_id: str) -> ResponseReturnValue:
    """Ask whether a service is to go, and tell what uses it."""
    service = _own_or_404(service_id)
    return render_template("services/remove.html", service=service, uses=list(uses(box().house(), service_id)))


@pages.post(f"{LIST}/<service_id>/remove")
@open_to(Who.CAREGIVER)
def remove(service_id: str) -> ResponseReturnValue:
    """Take a service away, with all that was said of it."""
    service = _own_or_404(service_id)
    trouble = changed(
        reason("own_service_removed", name=service.name), lambda house: service_edits.without_own(house, service_id)
    )
    if trouble is not None:
        return done(trouble, WRONG, url_for("own_services.removing", service_id=service_id))
    return done(f"{service.name} is gone, with all that was set for it.", GOOD, LIST)


def domains_of(text: str) -> tuple[str, ...]:
    """Return the sites of a text, one a line, in normal form and each once. Raises NoName with the line."""
    found: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            found[rules.site(line)] = None
        except (NoName, domains.BadName) as error:
            raise NoName(f"Line {number}: {error}") from error
    if not found:
        raise NoName("Type at least one site.")
    if len(found) > MAX_NAMES:
        raise NoName(f"At most {MAX_NAMES} sites.")
    return tuple(found)


def uses(house: House, service_id: str) -> Iterator[str]:
    """Yield what is said of a service, in sentences."""
    for person in house.persons:
        yield from _uses_of(person, service_id)
    named = {person.id: person.name for person in house.persons}
    for grant in house.grants:
        if grant.service == service_id or grant.budget == SERVICE + service_id:
            yield f"A pass of {named.get(grant.person, grant.person)} that is running"


def _uses_of(person: Person, service_id: str) -> Iterator[str]:
    if service_id in person.services:
        yield f"What {person.name} may do with it is set"
    if any(budget.what == SERVICE + service_id for budget in person.budgets):
        yield f"A budget of {person.name}"
    windows = (*person.windows, *(window for one in person.exceptions for window in one.windows))
    for name in dict.fromkeys(one.name for one in windows if service_id in (*one.block.services, *one.allow.services)):
        yield f"{name} of {person.name}"
    if service_id in person.always_on.services:
        yield f"Always on for {person.name}"
    if service_id in person.uncounted.services:
        yield f"Never counted for {person.name}"


def _note(service: OwnService, book: Rulebook) -> str:
    number = len(service.domains)
    words = [f"{number} {'site' if number == 1 else 'sites'}"]
    words += [book.groups[service.group]] if service.group in book.groups else []
    words += [book.categories[service.category].name] if service.category in book.categories else []
    return " · ".join(words)


def _save(form: ServiceForm, old: OwnService | None) -> ResponseReturnValue:
    house, book = box().house(), box().book
    taken = {*book.services, *(one.id for one in house.services)}
    service = form.service(old.id if old else ids.new_id(str(form.name.data), taken, "service"))
    edit_ = service_edits.changed_own if old else service_edits.with_own
    code = "own_service_changed" if old else "own_service_added"
    trouble = changed(reason(code, name=service.name), lambda before: edit_(before, service))
    if trouble is not None:
        form.name.errors = [trouble]
        return _form(form, old)
    return done(f"{service.name} is saved. Every child's services offer it.", GOOD, LIST)


def _form(form: ServiceForm, old: OwnService | None) -> ResponseReturnValue:
    shown = render_template("services/edit.html", form=form, service=old)
    return shown, 422 if form.errors else 200


def _own_or_404(service_id: str) -> OwnService:
    try:
        return service_edits.own_of(box().house(), service_id)
    except service_edits.NoSuchService:
        abort(404)
