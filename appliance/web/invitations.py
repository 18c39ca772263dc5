"""Who else is a caregiver: invitations by one-time codes, roles, and accounts that are put aside."""

from secrets import token_hex

import msgspec
from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user

from appliance.store.accounts import Role
from appliance.store.errors import BadCode, LastOwner, NameTaken, NoCaregiver
from appliance.web import code, look, passwords
from appliance.web.access import address_subject, begin_session, locked_words, lockout
from appliance.web.box import box
from appliance.web.forms import AccountForm, CodeForm, InviteForm
from appliance.web.gate import Who, open_to
from appliance.web.lockout import Locked

OPEN_S = 48 * 3600.0
"""How long an invitation is good."""
_SHOWN = "invited"

pages = Blueprint("invitations", __name__)


class Shown(msgspec.Struct, frozen=True):
    """An invitation as it is shown, once, to whoever made it."""

    code: str
    link: str
    role: Role


@pages.get("/caregivers")
@open_to(Who.OWNER)
def caregivers() -> ResponseReturnValue:
    """Show who is a caregiver, and who is invited."""
    store = box().household.store
    word = session.pop(_SHOWN, None)
    shown = None
    if isinstance(word, list) and len(word) == 2:
        shown = Shown(word[0], f"{request.host_url}join/{word[0]}", Role(word[1]))
    found = store.accounts.all()
    since = {one.id: _day(one.created_at) for one in found}
    return render_template(
        "access/caregivers.html",
        caregivers=found,
        since=since,
        invitations=store.codes.invitations(box().now()),
        form=InviteForm(),
        shown=shown,
        Role=Role,
    )


@pages.post("/caregivers/invite")
@open_to(Who.OWNER)
def invite() -> ResponseReturnValue:
    """Make an invitation."""
    form = InviteForm()
    if not form.validate_on_submit():
        abort(400)
    word, at = code.invitation_code(), box().now()
    role = Role(form.role.data)
    box().household.store.codes.invite(current_user.id, _hash(word), role, at + OPEN_S, at)
    session[_SHOWN] = [word, role.value]
    return redirect("/caregivers", 303)


@pages.post("/caregivers/withdraw")
@open_to(Who.OWNER)
def withdraw() -> ResponseReturnValue:
    """Take an invitation back."""
    box().household.store.codes.withdraw(request.form.get("invitation", -1, type=int))
    flash("The invitation is void.", "free")
    return redirect("/caregivers", 303)


@pages.post("/caregivers/<caregiver>")
@open_to(Who.OWNER)
def change(caregiver: str) -> ResponseReturnValue:
    """Give an account another role, put it aside, or let it in again."""
    accounts, at, who = box().household.store.accounts, box().now(), current_user.id
    try:
        match request.form.get("do"):
            case "disable":
                changed = accounts.disable(who, caregiver, at)
                flash(f"{changed.name} can't log in any more.", "free")
            case "enable":
                changed = accounts.enable(who, caregiver, at)
                flash(f"{changed.name} can log in again.", "free")
            case ("owner" | "caregiver") as role:
                changed = accounts.set_role(who, caregiver, Role(role), at)
                flash(f"{changed.name} is {'an owner' if role == 'owner' else 'a caregiver'} now.", "free")
            case _:
                abort(400)
    except (LastOwner, NoCaregiver) as error:
        flash(error.sentence, "stop")
    return redirect("/caregivers", 303)


@pages.get("/join")
@open_to(Who.STRANGER)
def join() -> ResponseReturnValue:
    """Ask for the code of an invitation."""
    return _ask(CodeForm())


@pages.post("/join")
@open_to(Who.STRANGER)
def take_code() -> ResponseReturnValue:
    """Lead to the page of a code that was typed."""
    form = CodeForm()
    if not form.validate_on_submit():
        return _ask(form, 422)
    return redirect(f"/join/{code.normal(form.code.data) or '-'}", 303)


@pages.get("/join/<word>")
@open_to(Who.STRANGER)
def welcome(word: str) -> ResponseReturnValue:
    """Ask who was invited for a name and a password."""
    return _refused(word) or _greet(word, AccountForm())


@pages.post("/join/<word>")
@open_to(Who.STRANGER)
def take(word: str) -> ResponseReturnValue:
    """Make the account that an invitation is for."""
    refused = _refused(word)
    if refused is not None:
        return refused
    form = AccountForm()
    if not form.validate_on_submit():
        return _greet(word, form, 422)
    hashed = passwords.hash_password(form.password.data)
    try:
        made = box().household.store.codes.redeem(_hash(word), token_hex(8), form.name.data, hashed, box().now())
    except NameTaken as error:
        form.name.errors = [error.sentence]
        return _greet(word, form, 422)
    except BadCode as error:
        return _void(error)
    begin_session(made, is_staying=False)
    flash(f"Welcome, {made.name}.", "free")
    return redirect("/", 303)


def _day(at: float) -> str:
    return look.day_words(box().local_time(at).date(), box().local_time(box().now()).date())


def _refused(word: str) -> ResponseReturnValue | None:
    """Return what whoever comes with a wrong code gets, None for one that is good; guessing is bounded."""
    subjects, at = (address_subject("code"),), box().now()
    try:
        lockout().begin(subjects, at)
        box().household.store.codes.role_of(_hash(word), at)
    except Locked as error:
        form = CodeForm(formdata=None)
        form.code.errors = [locked_words(error, at)]
        return _ask(form, 429)
    except BadCode as error:
        lockout().fail(subjects, at)
        return _void(error)
    lockout().succeed(subjects)
    return None


def _void(error: BadCode) -> ResponseReturnValue:
    form = CodeForm(formdata=None)
    form.code.errors = [error.sentence]
    return _ask(form, 422)


def _ask(form: CodeForm, status: int = 200) -> ResponseReturnValue:
    return render_template("access/join.html", form=form, action="/join", word=None), status


def _greet(word: str, form: AccountForm, status: int = 200) -> ResponseReturnValue:
    return render_template("access/join.html", form=form, action=f"/join/{word}", word=word), status


def _hash(word: str) -> str:
    return code.code_hash(current_app.extensions["kindgate.secret"], word)
