"""Nobody passes the gate but those a page is for: all routes, all roles, all states of the box."""

import re
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from appliance.config import Endpoint
from appliance.store.accounts import Role
from appliance.store.errors import Corrupt
from appliance.web import gate
from appliance.web.app import create_app
from appliance.web.box import Box
from appliance.web.gate import LOCAL, PLAIN, STATIC, Listening, Who, open_to, safe_path, who_may
from tests.web.conftest import AT, CAREGIVER, OWNER, SECRET, logged_in, made, token_of

Csrf = Callable[[FlaskClient], str]
PLAINLY = {PLAIN: True, LOCAL: "192.168.77.1"}
LISTENING = Listening((Endpoint("192.168.77.1", 8443),), (Endpoint("192.168.77.1", 80),), True, ("box.example",))
FILLED = {"child": "mia", "person": "mia", "mac": "02:77:00:00:00:99", "caregiver": CAREGIVER, "word": "x",
          "device": "tablet", "path": "x", "filename": "kindgate.css", "id_": "1"}  # fmt: skip


def routes(app: Flask) -> Iterator[tuple[str, str, Who | None]]:
    """Yield every method and path of an app, filled in, with whom it is for."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path_of(app, rule), who_may(app, rule.endpoint)


def path_of(app: Flask, rule: Rule) -> str:
    """Return a path that a rule matches."""
    path: str = re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", lambda found: FILLED.get(found[1], "mia"), rule.rule)
    assert app.url_map.bind("localhost").match(path, method=next(iter(rule.methods or {"GET"})))
    return path


def ask(client: FlaskClient, method: str, path: str, **environ: object) -> tuple[int, str]:
    """Return status and target of what a client asks for."""
    data = {"csrf_token": token_of(client)} if method == "POST" else None
    reply = client.open(path, method=method, data=data, environ_overrides=environ or None, buffered=True)
    return reply.status_code, reply.headers.get("Location", "")


def test_every_route_is_marked(app: Flask) -> None:
    """A view without a mark is closed; none was forgotten."""
    assert [path for _, path, who in routes(app) if who is None] == []


def test_who_is_not_logged_in_is_led_to_the_log_in(app: Flask) -> None:
    """On every page for caregivers and owners; what is for strangers answers."""
    for method, path, who in routes(app):
        status, target = ask(app.test_client(), method, path)
        if who in (Who.CAREGIVER, Who.OWNER):
            is_refused = (status == 303 and target.startswith("/log-in")) or (status == 401 and path.endswith(".json"))
            assert is_refused, f"{method} {path}: {status} {target}"
        else:
            assert not target.startswith("/log-in?next"), f"{method} {path}"
            assert status < 500, f"{method} {path}: {status}"


def test_a_caregiver_gets_no_page_of_an_owner(app: Flask, box: Box) -> None:
    """403, and what is the caregiver's is not refused."""
    for method, path, who in routes(app):
        now = box.household.store.accounts.get(CAREGIVER)
        assert now is not None
        status, target = ask(logged_in(app, CAREGIVER, now.session_epoch), method, path)
        if who is Who.OWNER:
            assert status == 403, f"{method} {path}: {status}"
        elif who is Who.CAREGIVER:
            assert status < 500, f"{method} {path}: {status}"
            assert status != 401, f"{method} {path}"
            assert not target.startswith("/log-in") or path in ("/log-out", "/account/sessions"), f"{method} {path}"


def test_an_owner_gets_every_page(app: Flask) -> None:
    """Of those that are read; none fails."""
    for method, path, who in routes(app):
        if method == "GET" and who in (Who.CAREGIVER, Who.OWNER):
            status, _ = ask(logged_in(app, OWNER), method, path)
            assert status in (200, 204, 302, 303, 404), f"{path}: {status}"


def test_before_the_first_run_everything_leads_to_it(empty_box: Box) -> None:
    """Pages for anyone answer; all others lead to /start, and no session helps."""
    app = made(empty_box)
    for method, path, who in routes(app):
        if who is Who.ANYONE or path.startswith("/start"):
            continue
        for client in (app.test_client(), logged_in(app, OWNER)):
            assert ask(client, method, path) == (303, "/start"), f"{method} {path}"
    assert ask(app.test_client(), "GET", "/me")[0] == 200
    assert ask(app.test_client(), "GET", "/start")[0] == 200


def test_after_it_there_is_no_first_run(app: Flask) -> None:
    """Every step leads home."""
    steps = [(method, path) for method, path, _ in routes(app) if path.startswith("/start")]
    assert len(steps) > 8
    for method, path in steps:
        assert ask(app.test_client(), method, path) == (303, "/")


def test_on_plain_http_there_are_pages_for_anyone_alone(box: Box) -> None:
    """What is read leads to TLS, what is sent is refused, and no log-in counts."""
    app = create_app(box, SECRET, LISTENING)
    for method, path, who in routes(app):
        client = app.test_client()
        data = {"password": "correct horse battery"} if method == "POST" else None
        reply = client.open(
            path, method=method, data=data, headers={"Host": "kindgate.home"}, environ_overrides=PLAINLY, buffered=True
        )
        if who is Who.ANYONE:
            assert not reply.headers.get("Location", "").startswith("https:"), path
        elif method == "POST":
            assert reply.status_code == 403, path
        else:
            target = "/me" if path == "/" else f"https://kindgate.home:8443{path}"
            assert (reply.status_code, reply.headers["Location"]) == (302, target)
        assert b'type="password"' not in reply.data, path


def test_on_plain_http_nobody_is_logged_in(box: Box) -> None:
    """Not even by a cookie that is right."""
    app = create_app(box, SECRET, LISTENING)
    with app.test_request_context("/me", environ_overrides=PLAINLY):
        session["_user_id"] = f"{OWNER}:1"
        assert gate._load(f"{OWNER}:1") is None
    with app.test_request_context("/me"):
        found = gate._load(f"{OWNER}:1")
        assert found is not None
        assert (found.name, found.role, found.is_owner, found.get_id()) == ("Dana", Role.OWNER, True, f"{OWNER}:1")


@pytest.mark.parametrize(
    ("port", "host", "target"),
    [
        (443, "kindgate.home", "https://kindgate.home/why?name=a.example"),
        (8443, "kindgate.home:80", "https://kindgate.home:8443/why?name=a.example"),
        (8443, "192.168.77.1", "https://192.168.77.1:8443/why?name=a.example"),
    ],
)
def test_the_way_to_tls_keeps_host_and_path(box: Box, port: int, host: str, target: str) -> None:
    """The port is that of the listener with TLS, and left out where it is the usual one."""
    app = create_app(box, SECRET, Listening((Endpoint("192.168.77.1", port),), is_tls=True))
    reply = app.test_client().get("/why?name=a.example", headers={"Host": host}, environ_overrides=PLAINLY)
    assert reply.headers["Location"] == target


def test_without_tls_in_the_house_there_is_no_way(box: Box) -> None:
    """A dashboard that is on loopback alone is not to be had from the LAN."""
    app = create_app(box, SECRET, Listening((Endpoint("127.0.0.1", 8080),), (Endpoint("192.168.77.1", 80),)))
    client = app.test_client()
    where: dict[str, Any] = {"headers": {"Host": "192.168.77.1"}, "environ_overrides": PLAINLY}
    assert client.get("/why", **where).status_code == 403
    assert "log in" not in client.get("/me", **where).text


def test_who_types_the_name_of_the_box_sees_the_own_page(box: Box) -> None:
    """On plain HTTP, where browsers begin: no certificate to be afraid of; and caregivers find their door there."""
    app = create_app(box, SECRET, LISTENING)
    client = app.test_client()
    where: dict[str, Any] = {"headers": {"Host": "kindgate.home"}, "environ_overrides": PLAINLY}
    assert client.get("/", **where).headers["Location"] == "/me"
    assert 'href="https://kindgate.home:8443/log-in"' in client.get("/me", **where).text
    assert 'href="/log-in"' in client.get("/me").text
    assert client.get("/").headers["Location"] == "/log-in"


OURS = ["kindgate.home", "KINDGATE.home.", "localhost:8080", "box.example", "127.0.0.1:8080", "[::1]:8080",
        "192.168.77.1", "192.168.77.1:8443"]  # fmt: skip
FOREIGN = ["", "evil.example", "kindgate.home.evil.example", "evil.example:8443", "192.168.77.2", "[fd77::1]",
           "kindgate.home@evil.example", "kindgate.home/../", "kindgate.home, evil.example", "[::1", "a b", "::1",
           "kindgate.home:8443:1"]  # fmt: skip


@pytest.mark.parametrize("host", OURS)
def test_it_answers_to_its_own_names(box: Box, host: str) -> None:
    """By name, by the address that the connection came to, by loopback."""
    client = create_app(box, SECRET, LISTENING).test_client()
    reply = client.get("/log-in", headers={"Host": host}, environ_overrides={LOCAL: "192.168.77.1"})
    assert reply.status_code == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_gets_421_before_anything_else(box: Box, host: str) -> None:
    """DNS rebinding leads nowhere: not to a page, not to static files, not to an error of ours."""
    app = create_app(box, SECRET, LISTENING)
    for path in ("/", "/me", "/static/kindgate.css", "/nothing", "/log-in"):
        for method in ("GET", "POST"):
            reply = logged_in(app, OWNER).open(
                path, method=method, environ_overrides={"HTTP_HOST": host, LOCAL: "192.168.77.1"}
            )
            assert reply.status_code == HTTPStatus.MISDIRECTED_REQUEST, f"{method} {path}"
            assert b"Mia" not in reply.data


def test_a_form_of_another_site_is_refused(caregiver: FlaskClient, csrf: Csrf) -> None:
    """By what the browser says of itself, even with the right token."""
    data = {"csrf_token": csrf(caregiver)}
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:9999"},
    ):
        assert caregiver.post("/log-out", data=data, headers=headers).status_code == 403
    fine = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert caregiver.post("/log-out", data=data, headers=fine).status_code == 303


def test_a_form_without_its_token_is_refused(app: Flask) -> None:
    """On every page that takes one from a caregiver or a stranger."""
    for method, path, who in routes(app):
        if method != "POST" or who is Who.ANYONE or path.startswith("/start"):
            continue
        reply = logged_in(app, OWNER).post(path)
        assert reply.status_code == 400, path


def test_a_session_of_another_epoch_counts_no_more(app: Flask, box: Box) -> None:
    """Ended, disabled, another role, made up: each is asked to log in."""
    accounts = box.household.store.accounts
    assert logged_in(app, CAREGIVER).get("/account").status_code == 200
    accounts.end_sessions(OWNER, CAREGIVER, AT)
    assert logged_in(app, CAREGIVER).get("/account").status_code == 303
    assert logged_in(app, CAREGIVER, 2).get("/account").status_code == 200
    accounts.disable(OWNER, CAREGIVER, AT)
    for epoch in (1, 2, 3, 4):
        assert logged_in(app, CAREGIVER, epoch).get("/account").status_code == 303
    for token in ("nobody:1", "", ":", f"{OWNER}:", f"{OWNER}:01", OWNER):
        client = app.test_client()
        with client.session_transaction() as stored:
            stored["_user_id"] = token
        assert client.get("/account").status_code == 303, token


def test_a_cookie_of_another_secret_counts_for_nothing(box: Box) -> None:
    """Sessions are signed."""
    other = create_app(box, bytes(32))
    forged = logged_in(other, OWNER)
    cookie = forged.get_cookie("kindgate")
    assert cookie is not None
    client = made(box).test_client()
    client.set_cookie("kindgate", cookie.value)
    assert client.get("/account").status_code == 303


def test_what_is_not_marked_is_closed(box: Box) -> None:
    """To an owner too."""
    app = made(box)
    app.add_url_rule("/unmarked", "unmarked", lambda: "secret")
    app.add_url_rule("/marked", "marked", open_to(Who.OWNER)(lambda: "open"))
    assert logged_in(app, OWNER).get("/unmarked").status_code == 403
    assert logged_in(app, OWNER).get("/marked").data == b"open"
    assert who_may(app, STATIC[0]) is Who.ANYONE


def test_a_house_db_that_can_not_be_read_is_told_and_opens_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with its sentence on what needs a log-in; the child's page answers."""

    def broken(*_: object) -> None:
        raise Corrupt("house.db: malformed")

    assert logged_in(app, OWNER).get("/account").status_code == 200
    monkeypatch.setattr("appliance.store.accounts.Accounts.get", broken)
    reply = logged_in(app, OWNER).get("/account")
    assert reply.status_code == 503
    assert b"The file is damaged" in reply.data
    assert logged_in(app, OWNER).get("/me").status_code == 200


@pytest.mark.parametrize("path", ["/", "/why?name=a.example", "/child/mia", "/a%20b"])
def test_a_path_of_ours_may_be_gone_back_to(path: str) -> None:
    """As it stands."""
    assert safe_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "why",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\\b",
        "/a\nb",
        "javascript:x",
        "/\t/x",
    ],
)
def test_nothing_else_may(path: str | None) -> None:
    """No other site, and nothing that a browser takes for one."""
    assert safe_path(path) is None


def test_the_log_in_leads_back(anyone: FlaskClient) -> None:
    """To what was asked for, with its query."""
    reply = anyone.get("/why?name=a.example")
    assert reply.headers["Location"] == "/log-in?next=/why?name%3Da.example"
