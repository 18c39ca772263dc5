"""An invitation makes one account, once, while it is good; owners decide who may log in, and one owner stays."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.store.accounts import Role
from appliance.web.box import Box
from appliance.web.invitations import OPEN_S
from appliance.web.lockout import FREE
from tests.store.houses import octets
from tests.web.conftest import CAREGIVER, OWNER, PASSWORD, token_of

Csrf = Callable[[FlaskClient], str]


def invited(owner: FlaskClient, role: str = "caregiver") -> str:
    """Make an invitation, and return its code."""
    reply = owner.post("/caregivers/invite", data={"csrf_token": token_of(owner), "role": role}, follow_redirects=True)
    found = re.search(r'class="kg-code">([^<]+)<', reply.text)
    assert found is not None, reply.text
    return found[1]


def join(client: FlaskClient, word: str, name: str = "Kim", password: str = PASSWORD) -> TestResponse:
    """Take an invitation."""
    data = {"csrf_token": token_of(client), "name": name, "password": password, "again": password}
    return client.post(f"/join/{word}", data=data)


@pytest.mark.parametrize("role", ["caregiver", "owner"])
def test_an_invitation_makes_an_account_once(app: Flask, owner: FlaskClient, box: Box, role: str) -> None:
    """Of the role that was wanted, logged in at once; a second one gets nothing."""
    word = invited(owner, role)
    kim = app.test_client()
    assert "Who are you" in kim.get(f"/join/{word}").text
    assert join(kim, word).headers["Location"] == "/"
    assert "Kim" in kim.get("/account").text
    found = box.household.store.accounts.credentials("Kim")
    assert found is not None
    assert found.caregiver.role is Role(role)
    again = join(app.test_client(), word, "Eve")
    assert (again.status_code, "was used already" in again.text) == (422, True)
    assert box.household.store.accounts.credentials("Eve") is None


def test_the_code_is_shown_once_and_kept_nowhere(owner: FlaskClient, box: Box) -> None:
    """Not on the next look, not in house.db."""
    word = invited(owner)
    assert word not in owner.get("/caregivers").text
    assert word.encode() not in octets(box.data)


def test_a_code_may_be_typed(app: Flask, owner: FlaskClient) -> None:
    """In small letters, with blanks."""
    word = invited(owner)
    kim = app.test_client()
    typed = word.lower().replace("-", " ")
    reply = kim.post("/join", data={"csrf_token": token_of(kim), "code": typed}, follow_redirects=True)
    assert "Who are you" in reply.text


def test_an_invitation_expires_and_can_be_withdrawn(
    app: Flask, owner: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After 48 hours, or when an owner says so."""
    first, second = invited(owner), invited(owner)
    (one, two) = box.household.store.codes.invitations(box.now())
    assert one.expires_at is not None
    assert OPEN_S == 48 * 3600
    owner.post("/caregivers/withdraw", data={"csrf_token": token_of(owner), "invitation": str(two.id)})
    assert app.test_client().get(f"/join/{second}").status_code == 422
    assert app.test_client().get(f"/join/{first}").status_code == 200
    monkeypatch.setattr(box, "now", lambda: one.expires_at)
    assert app.test_client().get(f"/join/{first}").status_code == 422


def test_codes_are_not_to_be_guessed(app: Flask, owner: FlaskClient) -> None:
    """Five tries from one address, then it waits; the right code waits too."""
    word = invited(owner)
    client = app.test_client()
    for number in range(FREE):
        assert client.get(f"/join/guess-{number}").status_code == 422
    reply = client.get(f"/join/{word}")
    assert reply.status_code == 429
    assert "Too many tries" in reply.text


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"name": "dana"}, "a caregiver of this name already"),
        ({"name": ""}, "How do the others call you?"),
        ({"name": "x" * 41}, "At most 40"),
        ({"name": "a\x00b"}, "One line"),
        ({"password": "short"}, "at least 10"),
    ],
)
def test_what_is_wrong_is_told_and_the_code_stays_good(
    app: Flask, owner: FlaskClient, told: dict[str, str], words: str
) -> None:
    """Nothing is used up."""
    word = invited(owner)
    client = app.test_client()
    reply = join(client, word, **told)
    assert reply.status_code == 422
    assert words in reply.text
    assert join(client, word).status_code == 303


def act(owner: FlaskClient, account: str, do: str) -> TestResponse:
    """Press a button beside an account."""
    data = {"csrf_token": token_of(owner), "do": do}
    return owner.post(f"/caregivers/{account}", data=data, follow_redirects=True)


def test_an_account_is_put_aside_and_taken_back(owner: FlaskClient, caregiver: FlaskClient, box: Box) -> None:
    """Its sessions end at once."""
    assert "Robin can&#39;t log in any more" in act(owner, CAREGIVER, "disable").text
    assert caregiver.get("/account").status_code == 303
    assert "Robin can log in again" in act(owner, CAREGIVER, "enable").text
    found = box.household.store.accounts.get(CAREGIVER)
    assert found is not None
    assert found.disabled_at is None


def test_roles_change(owner: FlaskClient, box: Box) -> None:
    """Up and down."""
    for role in ("owner", "caregiver"):
        act(owner, CAREGIVER, role)
        found = box.household.store.accounts.get(CAREGIVER)
        assert found is not None
        assert found.role is Role(role)


@pytest.mark.parametrize("do", ["disable", "caregiver"])
def test_the_last_owner_stays(owner: FlaskClient, box: Box, do: str) -> None:
    """It is said why."""
    assert "This is the only owner" in act(owner, OWNER, do).text
    found = box.household.store.accounts.get(OWNER)
    assert found is not None
    assert (found.role, found.disabled_at) == (Role.OWNER, None)


def test_what_is_no_button_is_refused(owner: FlaskClient, csrf: Csrf) -> None:
    """Made-up words, roles and accounts."""
    assert owner.post("/caregivers/x", data={"csrf_token": csrf(owner), "do": "erase"}).status_code == 400
    assert owner.post("/caregivers/invite", data={"csrf_token": csrf(owner), "role": "root"}).status_code == 400
    assert owner.post("/caregivers/withdraw", data={"csrf_token": csrf(owner), "invitation": "x"}).status_code == 303
    assert "There is no such caregiver" in act(owner, "nobody", "disable").text


def test_a_hostile_name_is_inert(app: Flask, owner: FlaskClient) -> None:
    """On the page of those who may see it."""
    word = invited(owner)
    join(app.test_client(), word, "<img src=x onerror=y>")
    page = owner.get("/caregivers").text
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=y&gt;" in page
