"""The log-in tells nothing, forgets nothing of the one before it, and bounds guessing; accounts are their owners'."""

import re
from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.store.errors import DiskFull
from appliance.web import passwords
from appliance.web.access import WRONG
from appliance.web.box import Box
from appliance.web.lockout import FREE
from tests.store.houses import held, octets
from tests.web.conftest import AT, CAREGIVER, OWNER, PASSWORD, logged_in, token_of

NEW = "another good one"


def enter(client: FlaskClient, name: str = "Dana", password: str = PASSWORD, **more: str) -> TestResponse:
    """Send the log-in form."""
    data = {"csrf_token": token_of(client), "name": name, "password": password, **more}
    return client.post("/log-in", data=data)


@pytest.fixture
def clock(box: Box, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock that stands until it is moved."""
    now = AT
    monkeypatch.setattr(box, "now", lambda: now)

    def move(seconds: float) -> None:
        nonlocal now
        now += seconds

    return move


def test_the_right_password_lets_in(anyone: FlaskClient) -> None:
    """However the name is spelt; home is next."""
    reply = enter(anyone, "  dANA ")
    assert (reply.status_code, reply.headers["Location"]) == (303, "/")
    assert anyone.get("/account").status_code == 200
    assert anyone.get("/log-in").headers["Location"] == "/"


def test_wrong_is_wrong_alike(anyone: FlaskClient, app: Flask, box: Box) -> None:
    """A wrong password, a name that nobody has, and an account that was put aside get the same page."""
    box.household.store.accounts.disable(OWNER, CAREGIVER, AT)
    pages = set()
    for name, password in (("Dana", "wrong"), ("Nobody", PASSWORD), ("Robin", PASSWORD)):
        client = app.test_client()
        reply = enter(client, name, password)
        assert reply.status_code == 422
        assert client.get("/account").status_code == 303
        assert PASSWORD not in reply.text
        pages.add(re.sub(r'value="[^"]*"', "", reply.text))
        assert WRONG.replace("'", "&#39;") in reply.text
    assert len(pages) == 1


def test_it_leads_back_to_a_page_of_ours_alone(app: Flask) -> None:
    """Never to another site."""
    for wanted, target in (("/why", "/why"), ("//evil.example", "/"), ("https://evil.example/", "/")):
        client = app.test_client()
        data = {"csrf_token": token_of(client), "name": "Dana", "password": PASSWORD}
        reply = client.post("/log-in", query_string={"next": wanted}, data=data)
        assert reply.headers["Location"] == target


def test_a_session_is_a_new_one_after_the_log_in(anyone: FlaskClient) -> None:
    """What somebody put into the browser before is gone, the token of forms too."""
    with anyone.session_transaction() as before:
        before["planted"] = "x"
        before["csrf_token"] = "a" * 40
    enter(anyone)
    with anyone.session_transaction() as after:
        assert "planted" not in after
        assert after.get("csrf_token") != "a" * 40
        assert after["_user_id"] == f"{OWNER}:1"


@pytest.mark.parametrize(("more", "is_staying"), [({}, False), ({"stay": "y"}, True)])
def test_the_cookie_is_the_browsers_own(anyone: FlaskClient, more: dict[str, str], is_staying: bool) -> None:
    """HttpOnly, SameSite, and 30 days only where that was wanted."""
    reply = enter(anyone, **more)
    (cookie,) = [one for one in reply.headers.getlist("Set-Cookie") if one.startswith("kindgate=")]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert ("Expires=" in cookie) is is_staying


def test_over_tls_the_cookies_are_bound_to_this_box(app: Flask) -> None:
    """Secure, __Host-, no domain."""
    client = app.test_client()
    base = "https://localhost"
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/log-in", base_url=base).text)
    assert token is not None
    data = {"csrf_token": token[1], "name": "Dana", "password": PASSWORD}
    cookies = client.post("/log-in", base_url=base, data=data).headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in cookies} == {"__Host-kindgate", "__Host-kindgate-known"}
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Domain" not in cookie
        assert "Path=/" in cookie


def test_guessing_is_bounded(app: Flask, clock: Callable[[float], None]) -> None:
    """After five failures nobody gets in for a minute, with the right password either; then it works."""
    client = app.test_client()
    for _ in range(FREE):
        assert enter(client, password="wrong").status_code == 422
    reply = enter(client)
    assert reply.status_code == 429
    assert "Wait 1 minute, then try again" in reply.text
    other = app.test_client()
    locked = other.post(
        "/log-in",
        data={"csrf_token": token_of(other), "name": "Dana", "password": PASSWORD},
        environ_overrides={"REMOTE_ADDR": "192.168.77.50"},
    )
    assert locked.status_code == 429
    clock(61)
    assert enter(client).status_code == 303


def test_who_guesses_elsewhere_locks_nobody_out(app: Flask, clock: Callable[[float], None]) -> None:
    """A browser that Dana logged in from before still lets her in while her name is locked."""
    hers = app.test_client()
    enter(hers)
    hers.post("/log-out", data={"csrf_token": token_of(hers)})
    guesser = app.test_client()
    for _ in range(FREE):
        data = {"csrf_token": token_of(guesser), "name": "Dana", "password": "wrong"}
        guesser.post("/log-in", data=data, environ_overrides={"REMOTE_ADDR": "192.168.77.10"})
    assert enter(app.test_client()).status_code == 429
    assert enter(hers).status_code == 303


def test_a_known_browser_is_bounded_too(app: Flask, clock: Callable[[float], None]) -> None:
    """Whoever holds it has five tries, and the word in it lets nobody in by itself."""
    client = app.test_client()
    enter(client)
    client.post("/log-out", data={"csrf_token": token_of(client)})
    assert client.get("/account").status_code == 303
    for _ in range(FREE):
        assert enter(client, password="wrong").status_code == 422
    assert enter(client).status_code == 429


def test_a_password_in_the_wrong_field_is_not_kept(anyone: FlaskClient, box: Box) -> None:
    """A name that nobody has is counted under a hash."""
    enter(anyone, "my secret password", "x")
    assert b"my secret password" not in octets(box.data)


def test_with_a_locked_house_db_the_right_password_lets_in(
    app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And wrong ones are counted in memory."""
    with held(box.household.store.path):
        monkeypatch.setattr("appliance.store.connection.BUSY_S", 0.01)
        box.household.store._pool.close()
        box.household.store._pool._is_closed = False
        assert enter(app.test_client()).status_code == 303
        client = app.test_client()
        for _ in range(FREE):
            assert enter(client, password="wrong").status_code == 422
        assert enter(client).status_code == 429


def test_with_a_full_disk_the_right_password_lets_in(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """After wrong ones too; nothing can be written."""

    def full(*_: object) -> None:
        raise DiskFull("full")

    for name in ("fail", "lock_out", "succeed", "rehash"):
        monkeypatch.setattr(f"appliance.store.accounts.Accounts.{name}", full)
    client = app.test_client()
    enter(client, password="wrong")
    assert enter(client).status_code == 303


def test_an_old_hash_is_made_anew(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """With today's parameters, and the session goes on."""
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=2, memory_cost=8, parallelism=1))
    client = app.test_client()
    assert enter(client).status_code == 303
    found = box.household.store.accounts.credentials("Dana")
    assert found is not None
    assert "t=2" in found.password_hash
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "\x00", "x" * 500, "'; drop table caregivers; --"])
def test_what_is_typed_stays_text(anyone: FlaskClient, name: str) -> None:
    """No markup of a visitor comes back as markup."""
    reply = enter(anyone, name)
    assert reply.status_code == 422
    assert "<script>alert" not in reply.text


def test_logging_out_needs_its_form_and_ends_the_session(
    owner: FlaskClient, csrf: Callable[[FlaskClient], str]
) -> None:
    """A link or a picture can't do it."""
    assert owner.get("/log-out").status_code in (404, 405)
    assert owner.post("/log-out").status_code == 400
    assert owner.post("/log-out", data={"csrf_token": csrf(owner)}).headers["Location"] == "/log-in"
    assert owner.get("/account").status_code == 303


def change(client: FlaskClient, old: str = PASSWORD, password: str = NEW, again: str = NEW) -> TestResponse:
    """Send the form for another password."""
    data = {"csrf_token": token_of(client), "old": old, "password": password, "again": again}
    return client.post("/account/password", data=data)


def test_another_password_ends_all_other_sessions(app: Flask, owner: FlaskClient) -> None:
    """The one it was changed in goes on; the old password is void."""
    other = logged_in(app, OWNER)
    assert other.get("/account").status_code == 200
    assert change(owner).status_code == 303
    assert owner.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert enter(app.test_client()).status_code == 422
    assert enter(app.test_client(), password=NEW).status_code == 303


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"old": "wrong"}, "not your password"),
        ({"password": "short", "again": "short"}, "at least 10"),
        ({"again": "something else"}, "not the same"),
        ({"password": "DanaDanaDana", "again": "DanaDanaDana"}, "the name"),
    ],
)
def test_a_change_that_is_wrong_changes_nothing(
    app: Flask, owner: FlaskClient, told: dict[str, str], words: str
) -> None:
    """It is said beside the field, and no password comes back."""
    reply = change(owner, **told)
    assert reply.status_code == 422
    assert words in reply.text
    assert all(word not in reply.text for word in told.values() if len(word) > 6)
    assert enter(app.test_client()).status_code == 303


def test_who_holds_a_session_can_not_guess_the_password(owner: FlaskClient, clock: Callable[[float], None]) -> None:
    """Five tries here too."""
    for _ in range(FREE):
        assert change(owner, old="wrong").status_code == 422
    reply = change(owner)
    assert reply.status_code == 429
    assert "Too many tries" in reply.text


def test_all_sessions_end_at_once(app: Flask, owner: FlaskClient, csrf: Callable[[FlaskClient], str]) -> None:
    """Here and elsewhere."""
    other = logged_in(app, OWNER)
    assert owner.post("/account/sessions", data={"csrf_token": csrf(owner)}).headers["Location"] == "/log-in"
    assert owner.get("/account").status_code == 303
    assert other.get("/account").status_code == 303


def test_the_account_page_shows_who_one_is(owner: FlaskClient, caregiver: FlaskClient) -> None:
    """And the way to the caregivers, to an owner alone."""
    assert 'href="/caregivers"' in owner.get("/account").text
    page = caregiver.get("/account").text
    assert "Robin" in page
    assert 'href="/caregivers"' not in page
