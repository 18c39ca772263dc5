"""Every reply says what a browser may do with it: load nothing from elsewhere, tell nobody, keep no page."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.web.box import Box
from appliance.web.gate import PLAIN
from appliance.web.headers import HEADERS
from tests.web.conftest import OWNER, logged_in, made
from tests.web.test_gate import routes

HELP_LINE = re.compile(r"""<a [^>]*rel="[^"]*noreferrer[^"]*"[^>]*>""")
"""The one kind of link that leads out of the house, where a child taps it."""
ELSEWHERE = re.compile(r"""(?:src|href|action|poster|data)\s*=\s*["']?\s*(?:[a-z]+:)?//""", re.IGNORECASE)
INLINE = re.compile(r"<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)


def pages(app: Flask) -> list[tuple[str, str]]:
    """Return every page that can be read, as its owner and as a stranger see it."""
    found = []
    for method, path, who in routes(app):
        if method != "GET" or path.startswith(("/static", "/bootstrap")) or who is None:
            continue
        for client in (logged_in(app, OWNER), app.test_client()):
            reply = client.get(path, buffered=True)
            if reply.mimetype == "text/html":
                found.append((path, reply.text))
    return found


@pytest.mark.parametrize("path", ["/log-in", "/nothing", "/", "/me", "/static/kindgate.css", "/force.json"])
def test_every_reply_carries_them(anyone: FlaskClient, path: str) -> None:
    """Pages, errors, ways elsewhere, files."""
    reply = anyone.get(path, buffered=True)
    assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS
    assert "Strict-Transport-Security" not in reply.headers


def test_the_policy_lets_nothing_in() -> None:
    """Neither inline scripts nor other hosts."""
    policy = HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"https?:|\*", policy)


def test_pages_are_not_kept_and_files_are(anyone: FlaskClient) -> None:
    """A file whose address has a version never changes; without one it is asked for again."""
    assert anyone.get("/log-in").headers["Cache-Control"] == "no-store"
    page = anyone.get("/log-in").text
    addresses = re.findall(r'(?:href|src)="(/(?:static|bootstrap)/[^"]+)"', page)
    assert len(addresses) >= 3
    for address in addresses:
        assert "?v=" in address
        assert "immutable" in anyone.get(address, buffered=True).headers["Cache-Control"]
    assert "immutable" not in anyone.get("/static/kindgate.css", buffered=True).headers["Cache-Control"]


def test_no_page_reaches_outside_the_house(app: Flask, empty_box: Box) -> None:
    """No script, picture, form or link to another host; help lines alone have links, which don't tell where from."""
    for path, text in pages(app):
        inside = HELP_LINE.sub("", text) if path.endswith(("/me", "/page")) else text
        assert not ELSEWHERE.search(inside), f"{path}: {ELSEWHERE.search(inside)}"


def test_no_page_of_a_new_box_does(empty_box: Box) -> None:
    """Before the first run too."""
    app = made(empty_box)
    reply = app.test_client().get("/start")
    assert not ELSEWHERE.search(reply.text)
    assert not INLINE.search(reply.text)


def test_no_page_needs_what_the_policy_forbids(app: Flask) -> None:
    """No inline script, style or handler."""
    for path, text in pages(app):
        assert not INLINE.search(text), f"{path}: {INLINE.search(text)}"


def test_a_session_on_plain_http_is_another_one(anyone: FlaskClient) -> None:
    """Its cookie has a name of its own, and is none that TLS would send in clear."""
    reply = anyone.get("/log-in")
    assert reply.headers["Set-Cookie"].startswith("kindgate=")
    with anyone.application.test_request_context("/me", environ_overrides={PLAIN: True}):
        interface = anyone.application.session_interface
        assert interface.get_cookie_name(anyone.application) == "kindgate-plain"
        assert interface.get_cookie_secure(anyone.application) is False
