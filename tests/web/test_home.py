"""appliance.web.home: how everyone is."""

from datetime import datetime

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.household.inforce import Daemon, InForce, Standing
from appliance.web import edits
from appliance.web.box import Box
from appliance.web.home import greeting
from tests.web.asking import send
from tests.web.conftest import AT, CAREGIVER, HOUSE, OWNER
from tests.web.minutes import has, used

WELL = InForce(7, (Daemon("nameserver", Standing.RUNS),))
BEHIND = InForce(7, (Daemon("nameserver", Standing.BEHIND),))
NIGHT = Window(name="Bedtime", start="20:30", end="07:00")


@pytest.fixture(autouse=True)
def _well_at_dawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 05:53 in Berlin, and all daemons run the house."""
    monkeypatch.setattr(Box, "now", lambda _: AT)
    monkeypatch.setattr(Box, "in_force", lambda _: WELL)


def cards(page: str) -> dict[str, str]:
    """Return the card of each child by its id."""
    parts = page.split('<article class="kg-card" aria-labelledby="name-')[1:]
    return {part.partition('"')[0]: part.partition("</article>")[0] for part in parts}


def test_each_child_has_a_card_and_no_adult_has(caregiver: FlaskClient) -> None:
    """Name, state, until when, and the way to more."""
    page = caregiver.get("/").text
    found = cards(page)
    assert list(found) == ["mia", "jonas"]
    assert "Free" in found["mia"]
    assert "No times are set" in found["mia"]
    assert 'href="/child/mia"' in found["mia"]
    assert "Good morning" in page


@pytest.mark.parametrize(
    ("local", "words"),
    [("04:59", "Good evening"), ("05:00", "Good morning"), ("11:00", "Good afternoon"), ("17:00", "Good evening")],
)
def test_it_greets_by_the_clock(local: str, words: str) -> None:
    """A caregiver who is up at four is not told that it is morning."""
    assert greeting(datetime.fromisoformat(f"2026-03-04T{local}")) == words


def test_the_main_action_is_what_a_tired_parent_wants(box: Box, caregiver: FlaskClient) -> None:
    """Pause who is free, give time to whom a window stops, resume who is paused: one main button in each card."""
    person = Person(id="emre", name="Emre", band="10-12")
    box.change(OWNER, Reason("child_added"), lambda house: edits.with_child(house, person))
    box.change(OWNER, Reason("windows"), lambda house: edits.with_windows(house, "jonas", [NIGHT]))
    box.change(CAREGIVER, Reason("paused"), lambda house: edits.paused(house, "emre", AT, AT + 900))
    found = cards(caregiver.get("/").text)
    assert 'action="/child/mia/pause"' in found["mia"]
    assert 'action="/child/jonas/more"' in found["jonas"]
    assert 'name="minutes" value="15"' in found["jonas"]
    assert 'action="/child/emre/resume"' in found["emre"]
    assert "until 06:08 · paused by Robin" in found["emre"]
    assert [card.count("is-main") for card in found.values()] == [1, 1, 1]


def test_a_pause_offers_three_lengths_with_their_ends(box: Box, caregiver: FlaskClient) -> None:
    """Nobody has to reckon when it ends."""
    card = cards(caregiver.get("/").text)["mia"]
    for words in ('value="15"', "until 06:08", 'value="30"', "until 06:23", 'value="morning"', "until 07:00"):
        assert words in card


def test_all_are_paused_from_the_top_and_resumed_once_all_are(box: Box, caregiver: FlaskClient) -> None:
    """The button says what it does."""
    assert 'action="/pause"' in caregiver.get("/").text
    box.change(CAREGIVER, Reason("paused"), lambda house: edits.paused(house, None, AT, AT + 900))
    page = caregiver.get("/").text
    assert 'action="/resume"' in page
    assert 'action="/pause"' not in page


def test_in_force_is_said_with_the_time_and_only_if_it_is_so(
    caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page and what its script asks say the same."""
    assert "In force on the whole house · 05:53" in caregiver.get("/").text
    assert caregiver.get("/force.json").json == {
        "is_everywhere": True, "revision": 7, "words": "In force on the whole house · 05:53", "tone": "everywhere",
        "todo": "",
    }  # fmt: skip
    monkeypatch.setattr(Box, "in_force", lambda _: BEHIND)
    page = caregiver.get("/").text
    assert 'data-force="underway"' in page
    assert "in force" not in page.lower().replace("data-force", "")
    told = caregiver.get("/force.json").json
    assert told is not None
    assert (told["is_everywhere"], told["words"]) == (False, "Taking effect …")


def test_a_pause_that_is_not_in_force_yet_is_said_to_be_taking_effect(
    box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the card of the child whom it is for, as long as it is fresh."""
    box.change(CAREGIVER, Reason("paused"), lambda house: edits.paused(house, "mia", AT - 1, AT + 900))
    box.change(CAREGIVER, Reason("paused"), lambda house: edits.paused(house, "jonas", AT - 60, AT + 900))
    assert "taking effect" not in caregiver.get("/").text
    monkeypatch.setattr(Box, "in_force", lambda _: BEHIND)
    found = cards(caregiver.get("/").text)
    assert ["taking effect" in card for card in found.values()] == [True, False]


def test_the_page_knows_when_it_will_be_old(box: Box, caregiver: FlaskClient) -> None:
    """The first moment at which a card says something else, and now by the box's clock."""
    assert "data-until" not in caregiver.get("/").text
    box.change(OWNER, Reason("windows"), lambda house: edits.with_windows(house, "mia", [NIGHT]))
    box.change(CAREGIVER, Reason("paused"), lambda house: edits.paused(house, "jonas", AT, AT + 900))
    assert f'<body data-until="{AT + 900}" data-now="{AT}">' in caregiver.get("/").text


def test_without_children_there_is_one_step(box: Box, caregiver: FlaskClient) -> None:
    """Add one; nothing can be paused."""
    box.change(OWNER, Reason("house_set"), lambda _: House())
    page = caregiver.get("/").text
    assert 'href="/child/new"' in page
    assert page.count("kg-empty") == 1
    assert "/pause" not in page


def test_without_devices_the_step_is_to_say_whose_they_are(box: Box, caregiver: FlaskClient) -> None:
    """A child without any is pointed at where others have one."""
    box.change(OWNER, Reason("device_removed"), lambda house: edits.without_device(house, "tablet"))
    assert "No device belongs to Mia yet" in cards(caregiver.get("/").text)["mia"]
    box.change(OWNER, Reason("device_removed"), lambda house: edits.without_device(house, "laptop"))
    page = caregiver.get("/").text
    assert "Which devices are whose?" in page
    assert "No device belongs to" not in page


def test_a_new_device_is_worth_a_look(caregiver: FlaskClient) -> None:
    """With the button that asks whose it is."""
    page = caregiver.get("/").text
    assert "Galaxy-A52 is new here" in page
    assert "/devices/found/02:77:00:00:00:99" in page


def test_hostile_names_are_inert(box: Box, caregiver: FlaskClient) -> None:
    """Of a child, of its windows, and in the labels that only screen readers say."""
    hostile = '"><script>alert(1)</script>'
    mia = replace(HOUSE.persons[0], name=hostile, windows=(replace(NIGHT, name=hostile),))
    box.change(OWNER, Reason("person_changed"), lambda house: replace(house, persons=(mia, *house.persons[1:])))
    page = caregiver.get("/").text
    assert "<script>" not in page
    assert "alert(1)" in page


@pytest.mark.parametrize(("url", "status"), [("/", 303), ("/force.json", 401)])
def test_it_is_for_caregivers(anyone: FlaskClient, url: str, status: int) -> None:
    """A child who looks sees nothing of the others."""
    answer = anyone.get(url)
    assert answer.status_code == status
    assert "Mia" not in answer.text


def test_the_ring_is_of_the_minutes_of_the_day(box: Box, caregiver: FlaskClient) -> None:
    """With the number in the line, and +15 as the main action; used up is told as a state."""
    has(box, Budget(minutes=120))
    has(box, Budget(what="service:youtube", minutes=45), person="jonas")
    used(box, everything=72)
    found = cards(caregiver.get("/").text)
    assert "48 of 120 min left" in found["mia"]
    assert 'stroke-dasharray="60.0 100"' in found["mia"]
    assert 'action="/child/mia/more"' in found["mia"]
    assert 'value="-15"' in found["mia"]
    assert "/more" not in found["jonas"]
    assert 'stroke-dasharray="0.0 100"' in found["jonas"]
    used(box, everything=120)
    card = cards(caregiver.get("/").text)["mia"]
    assert "Time is up" in card
    assert "120 of 120 min used" in card
    assert card.count("is-main") == 1


def test_one_tap_is_enough_for_more_minutes(box: Box, caregiver: FlaskClient) -> None:
    """The card's own button does it, and the card says so."""
    has(box, Budget(minutes=120))
    used(box, everything=120)
    card = cards(told_page(caregiver, send(caregiver, "/child/mia/more", minutes="15")))["mia"]
    assert "15 of 135 min left" in card


def told_page(client: FlaskClient, answer: TestResponse) -> str:
    """Return the page that a form led to."""
    return client.get(answer.location).text
