"""The dashboard is put together so that what holds for all pages holds for each."""

import logging

import pytest
from flask import Flask

from appliance.web import code
from appliance.web.app import MAX_OCTETS, STAY, create_app
from appliance.web.box import Box
from appliance.web.gate import Who, open_to
from tests.web.conftest import OWNER, SECRET, logged_in, made, token_of


def test_the_keys_come_of_the_secret_and_are_not_it(app: Flask) -> None:
    """Who sees a signed cookie learns nothing of the codes."""
    assert app.secret_key == code.session_key(SECRET)
    assert app.secret_key != SECRET


def test_what_is_too_much_is_refused(app: Flask) -> None:
    """A form is never longer than a megabyte."""
    client = logged_in(app, OWNER)
    data = {"csrf_token": token_of(client), "old": "x" * (MAX_OCTETS + 1)}
    assert client.post("/account/password", data=data).status_code == 413


def test_a_session_that_stays_ends_after_thirty_idle_days(app: Flask) -> None:
    """And is renewed by each visit."""
    assert app.permanent_session_lifetime == STAY
    assert STAY.days == 30
    assert app.config["SESSION_REFRESH_EACH_REQUEST"]


def test_a_fault_of_ours_is_a_page_and_no_log_of_what_was_asked(box: Box, caplog: pytest.LogCaptureFixture) -> None:
    """500, and the log says which view it was, never which address."""
    app = made(box)
    app.config["TESTING"] = False

    def broken(name: str) -> str:
        raise RuntimeError(len(name))

    app.add_url_rule("/broken/<name>", "broken", open_to(Who.ANYONE)(broken))
    with caplog.at_level(logging.ERROR):
        reply = app.test_client().get("/broken/secret.example?q=canary")
    assert reply.status_code == 500
    assert "Something went wrong here" in reply.text
    assert "Exception in broken" in caplog.text
    assert "secret.example" not in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/me/", 404), ("/log-in/x", 404)])
def test_what_is_not_there_is_said_in_our_look(app: Flask, path: str, status: int) -> None:
    """For whoever asks."""
    reply = app.test_client().get(path)
    assert reply.status_code == status
    assert "There is nothing here" in reply.text


def test_two_dashboards_do_not_share_what_they_know(box: Box) -> None:
    """Each has its own box and its own lock-outs."""
    one, two = create_app(box, SECRET), create_app(box, bytes(32))
    assert one.extensions["kindgate.lockout"] is not two.extensions["kindgate.lockout"]
