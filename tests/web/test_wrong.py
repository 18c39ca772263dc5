"""appliance.web.wrong: what is shown in place of a page that can't be."""

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from appliance.store.errors import Locked
from appliance.web.gate import Who, open_to
from appliance.web.wrong import TROUBLES
from tests.web.conftest import CAREGIVER, logged_in


@pytest.fixture
def broken(app: Flask) -> FlaskClient:
    """A caregiver of a dashboard with pages that fail."""

    def fail(code: int) -> str:
        if code == 999:
            raise Locked("/var/lib/house.db: secret words")
        if code == 418:
            abort(400, "<b>own words</b>")
        abort(code)

    app.add_url_rule("/broken/<int:code>", "broken", open_to(Who.CAREGIVER)(fail))
    return logged_in(app, CAREGIVER)


@pytest.mark.parametrize("code", sorted(TROUBLES))
def test_each_failure_is_a_page_with_a_next_step(broken: FlaskClient, code: int) -> None:
    """In our look, with the status that says so to programs."""
    answer = broken.get(f"/broken/{code}")
    assert answer.status_code == code
    assert TROUBLES[code].title.replace("'", "&#39;") in answer.text
    assert '<a class="kg-btn is-main" href="/' in answer.text


def test_a_failure_without_words_has_a_page_too(broken: FlaskClient) -> None:
    """One that nobody thought of is told like its kind."""
    assert TROUBLES[400].title in broken.get("/broken/410").text
    assert TROUBLES[500].title in broken.get("/broken/504").text


def test_what_a_page_says_itself_is_shown_and_inert(broken: FlaskClient) -> None:
    """A reason of our own comes before the general one."""
    page = broken.get("/broken/418").text
    assert "&lt;b&gt;own words&lt;/b&gt;" in page


def test_a_store_that_can_not_be_read_is_said_in_a_sentence(broken: FlaskClient) -> None:
    """Without the file's name and SQLite's words, which are for the log; and that the rules hold meanwhile."""
    answer = broken.get("/broken/999")
    assert answer.status_code == 503
    assert "Somebody else has been changing this for too long" in answer.text
    assert "stay in force" in answer.text
    assert "secret words" not in answer.text


def test_an_error_of_ours_shows_nothing_of_itself(broken: FlaskClient, app: Flask) -> None:
    """The page of an accident says that it was one, no more."""

    def fail() -> str:
        raise RuntimeError("visited.example")

    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.add_url_rule("/accident", "accident", open_to(Who.CAREGIVER)(fail))
    answer = broken.get("/accident")
    assert answer.status_code == 500
    assert TROUBLES[500].title in answer.text
    assert "visited.example" not in answer.text


def test_a_form_without_its_token_is_told_in_plain_words(broken: FlaskClient) -> None:
    """What a token is, no parent needs to know."""
    answer = broken.post("/pause", data={"for": "15"})
    assert answer.status_code == 400
    assert TROUBLES[400].text in answer.text
    assert "CSRF" not in answer.text
