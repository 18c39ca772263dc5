"""How tests use the pages: send a form as a browser without JavaScript does, read what a page says."""

from html import unescape
from re import sub
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.store.audit import Entry
from appliance.web.box import Box
from tests.web.conftest import token_of

HOSTILE = '<script>alert("x")</script>\'"&{{7*7}}'


def send(client: FlaskClient, where: str, **values: Any) -> TestResponse:
    """Post a form with its token."""
    return client.post(where, data={"csrf_token": token_of(client), **values})


def words(answer: TestResponse) -> str:
    """Return the words of a page, without its marks."""
    return " ".join(unescape(sub(r"<[^>]+>", " ", answer.text)).split())


def told(client: FlaskClient, answer: TestResponse) -> str:
    """Return the words of the page that a form led to."""
    assert answer.status_code == 303
    return words(client.get(answer.location))


def last(box: Box) -> tuple[str, str, dict[str, str]]:
    """Return who made the last change, its code and its arguments."""
    entry: Entry = box.household.store.audit(limit=1)[0]
    return entry.who, entry.what.code, dict(entry.what.args)
