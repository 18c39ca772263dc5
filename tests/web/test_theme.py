"""appliance.web.theme: light or dark, as somebody chose it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from appliance.web.theme import COOKIE


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_is_kept_in_the_browser_and_shown(caregiver: FlaskClient, theme: str) -> None:
    """The next page is of the chosen theme, and so is every one after."""
    answer = caregiver.post("/theme", data={"theme": theme, "back": "/today?child=mia"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/today?child=mia")
    assert f'data-bs-theme="{theme}"' in caregiver.get("/").text


def test_nothing_chosen_is_as_the_device_has_it(caregiver: FlaskClient) -> None:
    """Without a choice, and after it was taken back, the page leaves it to the device."""
    assert "data-bs-theme" not in caregiver.get("/").text
    caregiver.post("/theme", data={"theme": "dark"})
    caregiver.post("/theme", data={"theme": "auto"})
    assert caregiver.get_cookie(COOKIE) is None
    assert "data-bs-theme" not in caregiver.get("/").text


def test_it_works_without_a_log_in_and_sets_no_other_cookie(anyone: FlaskClient) -> None:
    """A child's page needs no session for it."""
    answer = anyone.post("/theme", data={"theme": "dark", "back": "/me"})
    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == [COOKIE]
    assert "SameSite=Lax" in cookies[0]


@pytest.mark.parametrize("back", ["//evil.example/", "/\\evil.example", "https://evil.example/", "javascript:1", ""])
def test_it_leads_back_to_a_page_of_ours_only(anyone: FlaskClient, back: str) -> None:
    """No form can use it to send somebody elsewhere."""
    assert anyone.post("/theme", data={"theme": "dark", "back": back}).headers["Location"] == "/"


def test_a_foreign_cookie_value_is_no_theme(app: Flask) -> None:
    """What stands in the cookie reaches the page only if it is one of the two words."""
    client = app.test_client()
    client.set_cookie(COOKIE, '"><script>')
    page = client.get("/log-in").text
    assert "data-bs-theme" not in page
    assert "<script>" not in page


def test_a_foreign_page_can_not_post_it(anyone: FlaskClient) -> None:
    """The browser tells where a form comes from."""
    answer = anyone.post("/theme", data={"theme": "dark"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert anyone.get_cookie(COOKIE) is None
