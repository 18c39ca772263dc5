"""The first run: the code first, nothing lost on the way, and one revision with all that was said at its end."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.core.house import House
from appliance.household.changes import Unpublished
from appliance.store.accounts import Role
from appliance.store.errors import DiskFull
from appliance.web import code, list_offers
from appliance.web.box import Box
from appliance.web.lockout import FREE
from appliance.web.setup import MAX_CHILDREN, STEPS
from tests.web.conftest import AT, HOUSE, PASSWORD, SECRET, made, token_of

CODE = code.code_of(SECRET)


@pytest.fixture
def app(empty_box: Box) -> Flask:
    """The dashboard of a new box, begun as the server begins it."""
    code.begin_first_run(empty_box.household.store, SECRET, AT)
    return made(empty_box)


def send(client: FlaskClient, step: str = "", **told: str | list[str]) -> TestResponse:
    """Send the form of a step."""
    return client.post(f"/start{step}", data={"csrf_token": token_of(client), **told})


def begun(app: Flask) -> FlaskClient:
    """Return a client that gave the code."""
    client = app.test_client()
    assert send(client, code=CODE).headers["Location"] == "/start/place"
    return client


def said(client: FlaskClient) -> None:
    """Answer everything but who owns the box."""
    assert send(client, "/place", country="DE", language="en").headers["Location"] == "/start/time"
    assert send(client, "/time", zone="Europe/Berlin", other="").headers["Location"] == "/start/children"
    for name, band in (("Mia", "6-9"), ("Jonas", "13-15")):
        send(client, "/children", name=name, band=band, do="add")
    assert send(client, "/children", name="", do="next").headers["Location"] == "/start/lists"
    assert send(client, "/lists", do="skip").headers["Location"] == "/start/devices"
    assert send(client, "/devices", unknown="closed").headers["Location"] == "/start/owner"


def own(client: FlaskClient, password: str = PASSWORD, name: str = "Dana") -> TestResponse:
    """Send the last step."""
    return send(client, "/owner", name=name, password=password, again=password)


def test_a_box_is_set_up(app: Flask, empty_box: Box) -> None:
    """Owner, country, zone, children and unknown devices are in force in one revision, and one is logged in."""
    client = begun(app)
    said(client)
    assert own(client).headers["Location"] == "/devices"
    revision, house = empty_box.household.store.current()
    assert revision == 1
    assert (house.country, house.time_zone, house.language, house.unknown_devices) == (
        "DE", "Europe/Berlin", "en", "closed",
    )  # fmt: skip
    assert [(one.id, one.name, one.band) for one in house.persons] == [
        ("mia", "Mia", "6-9"),
        ("jonas", "Jonas", "13-15"),
    ]
    (dana,) = empty_box.household.store.accounts.all()
    assert (dana.name, dana.role) == ("Dana", Role.OWNER)
    entries = empty_box.household.store.audit()
    assert [(one.what.code, one.who) for one in entries] == [("first_run", dana.id), ("caregiver_added", dana.id)]
    assert client.get("/account").status_code == 200
    assert client.get("/start").headers["Location"] == "/"


def test_without_the_code_no_step_opens(app: Flask) -> None:
    """The first child who looks does not own the box."""
    for step in STEPS:
        client = app.test_client()
        assert client.get(f"/start/{step}").headers["Location"] == "/start"
        assert send(client, f"/{step}", name="Eve", password=PASSWORD, again=PASSWORD).headers["Location"] == "/start"


@pytest.mark.parametrize("typed", [CODE.lower(), CODE.replace("-", " "), f" {CODE.removeprefix('KIND-')} "])
def test_the_code_is_taken_as_people_type_it(app: Flask, typed: str) -> None:
    """In any case, with blanks."""
    assert send(app.test_client(), code=typed).headers["Location"] == "/start/place"


def test_the_code_is_not_to_be_guessed(app: Flask) -> None:
    """Five tries, then it waits."""
    client = app.test_client()
    for _ in range(FREE):
        assert send(client, code="KIND-22222-22222").status_code == 422
    assert send(client, code=CODE).status_code == 429


def test_nothing_is_lost_by_going_back_or_reloading(app: Flask) -> None:
    """Each page shows again what was said on it, and /start goes on where one was."""
    client = begun(app)
    assert client.get("/start").headers["Location"] == "/start/place"
    said(client)
    assert '<option selected value="DE">' in client.get("/start/place").text
    assert re.search(r'value="Europe/Berlin"[^>]* checked', client.get("/start/time").text)
    page = client.get("/start/children").text
    assert "Mia" in page
    assert "Jonas" in page
    assert re.search(r'value="closed"[^>]* checked', client.get("/start/devices").text)
    summary = client.get("/start/owner").text
    assert all(
        word in summary for word in ("Germany", "Europe/Berlin", "Mia (6 to 9)", "Jonas (13 to 15)", "Closed until")
    )
    assert client.get("/start").headers["Location"] == "/start/children"


def test_a_country_with_one_time_zone_skips_the_question(app: Flask) -> None:
    """Another country asks it again."""
    client = begun(app)
    assert send(client, "/place", country="AT", language="en").headers["Location"] == "/start/children"
    assert "Europe/Vienna" in client.get("/start/owner").text
    assert send(client, "/place", country="US", language="en").headers["Location"] == "/start/time"
    assert client.get("/start/owner").headers["Location"] == "/start/time"
    send(client, "/time", zone="America/New_York", other="America/Chicago")
    assert "America/Chicago" in client.get("/start/owner").text


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("/place", {"country": "", "language": "en"}),
        ("/place", {"country": "XX", "language": "en"}),
        ("/place", {"country": "DE", "language": "tlh"}),
        ("/time", {"zone": "Mars/Base", "other": ""}),
        ("/time", {"zone": "", "other": ""}),
        ("/devices", {"unknown": "open"}),
        ("/children", {"name": "Mia", "do": "add"}),
        ("/children", {"name": "", "band": "6-9", "do": "next"}),
        ("/children", {"name": "Mia", "band": "6-10", "do": "add"}),
        ("/children", {"name": "a\x00b", "band": "6-9", "do": "add"}),
    ],
)
def test_what_is_wrong_is_told_and_not_taken(app: Flask, step: str, told: dict[str, str]) -> None:
    """The page comes again with what was typed."""
    client = begun(app)
    send(client, "/place", country="DE", language="en")
    reply = send(client, step, **told)
    assert reply.status_code == 422
    assert "kg-wrong" in reply.text


def test_children_are_added_and_taken_away(app: Flask) -> None:
    """As many as there are, one after another; none twice; what is typed counts with "next" too."""
    client = begun(app)
    send(client, "/children", name="Mia", band="6-9", do="add")
    assert "mia is there already" in send(client, "/children", name="mia", band="0-5", do="add").text
    assert send(client, "/children", name="Jonas", band="13-15", do="next").headers["Location"] == "/start/lists"
    send(client, "/children", do="remove:0")
    page = client.get("/start/children").text
    assert "Jonas" in page
    assert "Mia" not in page
    for do in ("remove:9", "remove:x", "remove"):
        assert send(client, "/children", do=do).status_code == 303


def test_a_cookie_has_an_end(app: Flask) -> None:
    """Ten children with the longest names fit in; more come later."""
    client = begun(app)
    for number in range(MAX_CHILDREN):
        name = f"{number}" + "\N{FOX FACE}" * 39
        reply = send(client, "/children", name=name, band="6-9", do="add")
        assert reply.status_code == 303
        (cookie,) = reply.headers.getlist("Set-Cookie")
        assert len(cookie) < 4000
    reply = send(client, "/lists", do="next", list=[one.id for one in list_offers.offers()])
    assert len(reply.headers.getlist("Set-Cookie")[0]) < 4000
    assert "when the box is set up" in send(client, "/children", name="Eleven", band="6-9", do="add").text


def test_a_weak_password_loses_nothing(app: Flask, empty_box: Box) -> None:
    """It is said why, and nobody owns the box yet."""
    client = begun(app)
    said(client)
    reply = own(client, "short")
    assert reply.status_code == 422
    assert "at least 10" in reply.text
    assert 'value="Dana"' in reply.text
    assert "short" not in reply.text.replace("short words", "")
    assert not empty_box.household.store.codes.is_claimed()
    assert own(client).status_code == 303


def test_of_two_with_one_code_one_owns_the_box(app: Flask, empty_box: Box) -> None:
    """The other one is led home, to the log-in."""
    one, two = begun(app), begun(app)
    said(one)
    said(two)
    assert own(one).headers["Location"] == "/devices"
    assert own(two, name="Eve").headers["Location"] == "/"
    assert [caregiver.name for caregiver in empty_box.household.store.accounts.all()] == ["Dana"]


def test_who_is_in_the_house_already_stays(app: Flask, empty_box: Box) -> None:
    """A house that an installer applied is begun with, and added to."""
    empty_box.household.replace("box", HOUSE, AT)
    client = begun(app)
    assert '<option selected value="DE">' in client.get("/start/place").text
    assert "in the house already" in client.get("/start/children").text
    assert "is there already" in send(client, "/children", name="Mia", band="6-9", do="add").text
    send(client, "/children", name="Ada", band="0-5", do="add")
    assert own(client).status_code == 303
    house = empty_box.house()
    assert [one.name for one in house.persons] == ["Mia", "Jonas", "Dana", "Ada"]
    assert house.devices == HOUSE.devices


def test_the_right_code_counts_though_the_disk_was_full_at_the_start(empty_box: Box) -> None:
    """The dashboard could not note it then."""
    client = begun(made(empty_box))
    said(client)
    assert own(client).headers["Location"] == "/devices"


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        ("appliance.store.codes.Codes.redeem", DiskFull("full"), "The disk is full"),
        (
            "appliance.household.changes.Household.say",
            DiskFull("full"),
            "You own the box now, but the rest is not saved",
        ),
        ("appliance.household.changes.Household.say", Unpublished("full"), "saved and not lost"),
    ],
)
def test_a_full_disk_is_told(
    app: Flask, monkeypatch: pytest.MonkeyPatch, target: str, error: Exception, words: str
) -> None:
    """Wherever it strikes."""

    def full(*_: object, **__: object) -> None:
        raise error

    client = begun(app)
    said(client)
    monkeypatch.setattr(target, full)
    reply = own(client)
    page = reply.text if reply.status_code == 503 else client.get("/account").text
    assert words in page


def test_the_browser_says_where_one_lives(app: Flask) -> None:
    """A first guess, to be changed."""
    client = begun(app)
    page = client.get("/start/place", headers={"Accept-Language": "de-AT,de;q=0.9"}).text
    assert '<option selected value="AT">' in page


def test_a_draft_that_was_tampered_with_begins_anew(app: Flask) -> None:
    """A cookie of another version, for example."""
    client = app.test_client()
    drafts: list[object] = ["x", {"code_hash": 1}, {"code_hash": "x", "language": "xx"}, {"children": []}]
    for draft in drafts:
        with client.session_transaction() as session:
            session["first-run"] = draft
        assert client.get("/start/place").headers["Location"] == "/start"


def test_a_made_up_code_in_a_draft_owns_nothing(app: Flask, empty_box: Box) -> None:
    """The code is held against the store's at the end as well."""
    client = begun(app)
    said(client)
    with client.session_transaction() as session:
        session["first-run"] = {**session["first-run"], "code_hash": "0" * 64}
    assert own(client).headers["Location"] == "/start"
    assert not empty_box.household.store.codes.is_claimed()
    assert House().unknown_devices == "filtered"


def test_hostile_names_are_inert(app: Flask, csrf: Callable[[FlaskClient], str]) -> None:
    """On every page that shows them."""
    client = begun(app)
    send(client, "/place", country="AT", language="en")
    send(client, "/children", name="<script>x</script>", band="6-9", do="add")
    for step in ("children", "owner"):
        page = client.get(f"/start/{step}").text
        assert "<script>x" not in page
        assert "&lt;script&gt;x" in page
    assert csrf(client)


def test_lists_are_offered_ready_ticked(app: Flask, empty_box: Box) -> None:
    """Those that fit the children, with what each is; what is left ticked is in the house in the same revision."""
    client = begun(app)
    said(client)
    offers = list_offers.defaults({"6-9", "13-15"})
    page = client.get("/start/lists").text
    assert page.count("checked") == 0, "they were skipped"
    send(client, "/children", name="Ada", band="0-5", do="add")
    page = client.get("/start/lists").text
    assert page.count("checked") == len(list_offers.defaults({"0-5", "6-9", "13-15"})) > 0
    assert all(word in page for one in offers for word in (one.name, one.licence.split()[0], list_offers.amount(one)))
    first = offers[0]
    assert send(client, "/lists", do="next", list=first.id).headers["Location"] == "/start/devices"
    assert client.get("/start/lists").text.count("checked") == 1
    assert first.name in client.get("/start/owner").text
    assert own(client).status_code == 303
    assert [(one.id, one.url) for one in empty_box.house().lists] == [(first.id, first.url)]
    assert len(empty_box.household.store.audit()) == 2


def test_what_was_not_offered_is_not_taken(app: Flask, empty_box: Box) -> None:
    """A form names what it likes."""
    client = begun(app)
    said(client)
    other = next(one for one in list_offers.offers() if not one.default)
    send(client, "/lists", do="next", list=other.id)
    own(client)
    assert empty_box.house().lists == ()


def test_without_children_no_list_fits_yet(app: Flask) -> None:
    """That is said, and one goes on."""
    client = begun(app)
    assert "None to begin with" in client.get("/start/lists").text
    assert send(client, "/lists", do="next").headers["Location"] == "/start/devices"
