"""Log-in, log-out, and what caregivers can do with their own account."""

import hmac
from contextlib import suppress
from hashlib import sha256
from math import ceil
from secrets import token_hex

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from itsdangerous import BadData, URLSafeSerializer

from appliance.store.accounts import Caregiver, Credentials, name_key
from appliance.store.errors import StoreError
from appliance.web import passwords
from appliance.web.box import box
from appliance.web.forms import LogInForm, PasswordForm
from appliance.web.gate import LoggedIn, Who, open_to, safe_path
from appliance.web.lockout import Locked, Lockout

YEAR_S = 365 * 86_400
WRONG = "That name and that password don't go together."
"""It doesn't say which of the two is wrong, nor whether there is such a caregiver."""

pages = Blueprint("access", __name__)


@pages.get("/log-in")
@open_to(Who.STRANGER)
def log_in() -> ResponseReturnValue:
    """Ask who it is."""
    if current_user.is_authenticated:
        return redirect(_back(), 303)
    return _ask(LogInForm())


@pages.post("/log-in")
@open_to(Who.STRANGER)
def enter() -> ResponseReturnValue:
    """Let in whoever knows the password."""
    form = LogInForm()
    if not form.validate_on_submit():
        return _ask(form, status=422)
    found = box().household.store.accounts.credentials(form.name.data)
    subjects = (_account_subject(found, form.name.data), address_subject())
    at = box().now()
    try:
        lockout().begin(subjects, at)
    except Locked as error:
        return _ask(form, locked_words(error, at), status=429)
    is_right = passwords.is_right(form.password.data, found.password_hash if found else None)
    if found is None or not is_right or found.caregiver.disabled_at is not None:
        lockout().fail(subjects, at)
        return _ask(form, WRONG, status=422)
    lockout().succeed(subjects)
    _better_hash(found, form.password.data)
    begin_session(found.caregiver, is_staying=form.stay.data)
    return _known(make_response(redirect(_back(), 303)), found.caregiver)


@pages.post("/log-out")
@open_to(Who.CAREGIVER)
def log_out() -> ResponseReturnValue:
    """End this session."""
    session.clear()
    flash("You are logged out.", "free")
    return redirect("/log-in", 303)


@pages.get("/account")
@open_to(Who.CAREGIVER)
def account() -> ResponseReturnValue:
    """Show what a caregiver can do with the own account."""
    return _show(PasswordForm(current_user.name))


@pages.post("/account/password")
@open_to(Who.CAREGIVER)
def change_password() -> ResponseReturnValue:
    """Take another password; all other sessions end."""
    form = PasswordForm(current_user.name)
    if not form.validate_on_submit():
        return _show(form, 422)
    accounts = box().household.store.accounts
    found = accounts.credentials(current_user.name)
    subjects = (f"account:{current_user.id}", address_subject())
    at = box().now()
    try:
        lockout().begin(subjects, at)
    except Locked as error:
        form.old.errors = [locked_words(error, at)]
        return _show(form, 429)
    if found is None or not passwords.is_right(form.old.data, found.password_hash):
        lockout().fail(subjects, at)
        form.old.errors = ["This is not your password."]
        return _show(form, 422)
    lockout().succeed(subjects)
    changed = accounts.reset(current_user.id, current_user.id, passwords.hash_password(form.password.data), at)
    begin_session(changed, is_staying=session.permanent)
    flash("Your password is changed. You are logged out everywhere else.", "free")
    return _known(make_response(redirect("/account", 303)), changed)


@pages.post("/account/sessions")
@open_to(Who.CAREGIVER)
def end_sessions() -> ResponseReturnValue:
    """Log out everywhere, here too."""
    box().household.store.accounts.end_sessions(current_user.id, current_user.id, box().now())
    session.clear()
    flash("You are logged out on all devices.", "free")
    return redirect("/log-in", 303)


def begin_session(caregiver: Caregiver, *, is_staying: bool) -> None:
    """Begin a session of its own for an account: nothing of what was there before stays, its form token neither."""
    session.clear()
    session.permanent = is_staying
    login_user(LoggedIn.of(caregiver))


def lockout() -> Lockout:
    """Return what bounds guessing in the running app."""
    found: Lockout = current_app.extensions["kindgate.lockout"]
    return found


def address_subject(what: str = "address") -> str:
    """Return under which word failures from where this request came are counted."""
    return f"{what}:{request.remote_addr}"


def locked_words(error: Locked, at: float) -> str:
    """Return when it may be tried again."""
    minutes = ceil((error.until - at) / 60)
    return f"Too many tries that were wrong. Wait {minutes} minute{'' if minutes == 1 else 's'}, then try again."


def _ask(form: LogInForm, wrong: str | None = None, status: int = 200) -> ResponseReturnValue:
    return render_template(
        "access/log_in.html", form=form, wrong=wrong, back=safe_path(request.args.get("next"))
    ), status


def _show(form: PasswordForm, status: int = 200) -> ResponseReturnValue:
    return render_template("access/account.html", form=form, is_staying=session.permanent), status


def _back() -> str:
    return safe_path(request.args.get("next")) or "/"


def _better_hash(found: Credentials, password: str) -> None:
    """Hash anew what was hashed with other parameters; a disk that doesn't take it keeps nobody out."""
    if passwords.is_old(found.password_hash):
        with suppress(StoreError):
            box().household.store.accounts.rehash(found.caregiver.id, passwords.hash_password(password))


def _account_subject(found: Credentials | None, name: str) -> str:
    """Return under which word failures at a name are counted.

    A browser that this account logged in from counts by itself: a child who guesses elsewhere can't lock it out. A
    name that nobody has is kept as a hash: people type passwords into the wrong field.
    """
    if found is None:
        key: bytes = current_app.extensions["kindgate.secret"]
        return f"name:{hmac.new(key, name_key(name).encode(), sha256).hexdigest()[:32]}"
    caregiver = found.caregiver
    with suppress(BadData):
        known, epoch, word = _signer().loads(request.cookies.get(_known_name(), ""))
        if (known, epoch) == (caregiver.id, caregiver.session_epoch):
            return f"account:{caregiver.id}:{word}"
    return f"account:{caregiver.id}"


def _known(response: Response, caregiver: Caregiver) -> Response:
    """Leave a word in the browser by which the log-in knows it again; it lets nobody in."""
    word = _signer().dumps([caregiver.id, caregiver.session_epoch, token_hex(8)])
    response.set_cookie(
        _known_name(),
        str(word),
        max_age=YEAR_S, secure=request.is_secure, httponly=True, samesite="Strict",
    )  # fmt: skip
    return response


def _known_name() -> str:
    return "__Host-kindgate-known" if request.is_secure else "kindgate-known"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.secret_key or b"", salt="kindgate.known")
