"""Which clients are answered at all: those that are blocked, and those that alone are allowed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, ValidationError

from appliance.core.access import normal_client
from appliance.core.house import House
from appliance.web import access_edits
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("clients", __name__)

LIST = "/house/clients"
BLOCKED, ALLOWED = "blocked", "allowed"
EDITS: Mapping[str, tuple[str, Callable[[House, str], House], str]] = {
    BLOCKED: ("client_blocked", access_edits.with_blocked, "{} gets no answer any more."),
    ALLOWED: ("client_allowed", access_edits.with_allowed, "{} is answered, and nobody else who isn't here."),
}


class ClientForm(FlaskForm):  # type: ignore[misc]
    """A client to block or to allow."""

    who = StringField(
        "Which device or network?",
        [InputRequired("Type an address or a MAC."), Length(max=80, message="This is too long.")],
        render_kw={
            "autocapitalize": "none", "autocomplete": "off", "spellcheck": "false", "placeholder": "192.168.1.40",
        },
    )  # fmt: skip
    to = HiddenField(validators=[AnyOf(list(EDITS))])

    def validate_who(self, field: Field) -> None:
        """Refuse what no client is."""
        try:
            self.found = normal_client(field.data or "")
        except ValueError as error:
            raise ValidationError("This is no address, no network like 192.168.1.0/24 and no MAC.") from error


@dataclass(frozen=True, slots=True)
class Client:
    """A client, and the device that it is known as."""

    word: str
    device: str


@pages.get(LIST)
@open_to(Who.OWNER)
def show() -> ResponseReturnValue:
    """Show who is blocked and who is allowed."""
    return _shown({})


@pages.post(LIST)
@open_to(Who.OWNER)
def add() -> ResponseReturnValue:
    """Block or allow a client."""
    form = ClientForm()
    if not form.validate():
        return _shown({form.to.data: form})
    code, edit, words = EDITS[form.to.data]
    trouble = changed(reason(code, client=form.found), lambda house: edit(house, form.found))
    if trouble is not None:
        form.who.errors = [trouble]
        return _shown({form.to.data: form})
    return done(words.format(form.found), GOOD, LIST)


@pages.post(f"{LIST}/remove")
@open_to(Who.OWNER)
def remove() -> ResponseReturnValue:
    """Let a client be neither blocked nor allowed."""
    client = request.form.get("who", "")
    told = box().house().access
    if client not in (*told.blocked, *told.allowed):
        return done("This one is not there any more.", MIND, LIST)
    trouble = changed(reason("client_removed", client=client), lambda house: access_edits.without_client(house, client))
    return done(trouble or f"{client} is neither blocked nor allowed now.", WRONG if trouble else GOOD, LIST)


def _shown(forms: Mapping[str, ClientForm]) -> ResponseReturnValue:
    house = box().house()
    called = {word: one.name or one.id for one in house.devices for word in (*one.macs, *one.addresses)}
    called |= {word: "Router" for one in house.forwarders for word in (*one.macs, *one.addresses)}

    def clients(words: tuple[str, ...]) -> list[Client]:
        return [Client(word, called.get(word, "")) for word in words]

    shown = render_template(
        "clients.html",
        blocked=clients(house.access.blocked),
        allowed=clients(house.access.allowed),
        forms={to: forms.get(to) or ClientForm(formdata=None) for to in EDITS},
    )
    return shown, 422 if forms else 200
