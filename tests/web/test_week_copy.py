"""One child's week for others: as much as was ticked, and nothing that was changed since it was seen."""

import re

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.budget import Budget
from appliance.core.person import Person
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.core.verdict import Reason
from appliance.web import edits, week_copy
from appliance.web.box import Box
from tests.web.asking import last, send, told, words
from tests.web.conftest import CAREGIVER

BED = Window(name="Bedtime", start="20:30", end="06:30")
LATE = Window(name="Late", start="22:30", end="06:30")
PLACE = "/child/jonas/week/copy"


@pytest.fixture(autouse=True)
def _weeks(box: Box) -> None:
    """Jonas has a late bedtime, a day off and minutes, Mia an early bedtime."""
    today = box.local_time(box.now()).date()
    off = DateException(name="Day off", first=today, last=today, instead_of=("Late",))
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [BED]))
    change(box, "jonas", windows=(LATE,), exceptions=(off,), budgets=(Budget(minutes=90),))


def change(box: Box, person: str, **what: object) -> None:
    """Change what is said of a person."""
    box.change("x", Reason("x"), lambda house: edits.with_person(house, person, lambda one: replace(one, **what)))


def of(box: Box, person: str) -> Person:
    """Return a person as they are."""
    return edits.person_of(box.house(), person)


def seen(client: FlaskClient) -> str:
    """Return the value of the box that is ticked for Mia."""
    return str(re.findall(r'name="to" value="(mia:[0-9a-f]{8})"', client.get(PLACE).text)[0])


def test_the_page_says_what_is_copied_and_what_is_lost(caregiver: FlaskClient) -> None:
    """For each child; one that was asked for is ticked."""
    page = caregiver.get(f"{PLACE}?to=mia")
    assert "Mia Loses Bedtime" in words(page)
    assert "Late. They take the place" in words(page)
    assert "Day off, in place of what is planned there." in words(page)
    assert "1 of Jonas, in place of those there." in words(page)
    assert page.text.count(" checked>") == 1
    assert caregiver.get(PLACE).text.count(" checked>") == 0


@pytest.mark.parametrize(
    ("ticked", "exceptions", "budgets"),
    [({}, (), ()), ({"exceptions": "y"}, ("Day off",), ()), ({"budgets": "y"}, (), (90,))],
)
def test_as_much_as_was_ticked_is_copied(
    caregiver: FlaskClient, box: Box, ticked: dict[str, str], exceptions: tuple[str, ...], budgets: tuple[int, ...]
) -> None:
    """Routines always; one lands on the week of who got it."""
    answer = send(caregiver, PLACE, to=[seen(caregiver)], **ticked)
    mia = of(box, "mia")
    assert mia.windows == (LATE,)
    assert tuple(one.name for one in mia.exceptions) == exceptions
    assert tuple(one.minutes for one in mia.budgets) == budgets
    assert last(box) == (CAREGIVER, "week_copied", {"person": "mia"})
    assert answer.location == "/child/mia/week"
    assert "Mia has the week of Jonas now." in told(caregiver, answer)


def test_what_the_age_does_not_allow_is_left_out_and_told(caregiver: FlaskClient, box: Box) -> None:
    """What two caregivers lift together isn't lifted by a copy."""
    hard = sorted(one for one, band in box.book.hard if band == "6-9")
    free = sorted(one for one in hard if (one, "13-15") not in box.book.hard)
    assert free
    window = replace(LATE, allow=Things(categories=(free[0], "music")))
    change(box, "jonas", windows=(window,), exceptions=())
    answer = send(caregiver, PLACE, to=[seen(caregiver)])
    assert of(box, "mia").windows == (replace(LATE, allow=Things(categories=("music",))),)
    assert "at the age of Mia was left out" in told(caregiver, answer)


@pytest.mark.parametrize("whose", ["mia", "jonas"])
def test_a_week_that_was_changed_since_is_shown_again(caregiver: FlaskClient, box: Box, whose: str) -> None:
    """Nothing is copied, nothing is lost."""
    value = seen(caregiver)
    change(box, whose, windows=(replace(BED, start="19:00"),), exceptions=())
    answer = send(caregiver, PLACE, to=[value])
    assert answer.status_code == 422
    assert "changed in the meantime" in words(answer)
    assert of(box, "mia").windows == ((replace(BED, start="19:00"),) if whose == "mia" else (BED,))
    assert send(caregiver, PLACE, to=[seen(caregiver)]).status_code == 303


def test_nobody_is_no_child(caregiver: FlaskClient, box: Box) -> None:
    """Somebody has to be ticked; who isn't there gets nothing."""
    answer = send(caregiver, PLACE)
    assert (answer.status_code, "Choose a child." in words(answer)) == (422, True)
    assert send(caregiver, PLACE, to=["dana:00000000"]).status_code == 422
    for person in ("dana", "nobody"):
        assert caregiver.get(f"/child/{person}/week/copy").status_code == 404
    assert of(box, "mia").windows == (BED,)


def test_an_empty_week_is_not_copied(caregiver: FlaskClient, box: Box) -> None:
    """Nor is one where there is no other child."""
    change(box, "mia", windows=())
    assert "Mia has no routine to copy yet." in told(caregiver, send(caregiver, "/child/mia/week/copy"))
    box.change("x", Reason("x"), lambda house: edits.without_person(house, "mia"))
    assert "There is no other child" in told(caregiver, send(caregiver, PLACE))


def test_what_can_not_be_saved_is_said_in_the_form(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the name of the child that it is about."""
    value = seen(caregiver)
    monkeypatch.setattr(week_copy, "changed", lambda *_: "The disk is full.")
    answer = send(caregiver, PLACE, to=[value])
    assert (answer.status_code, "Mia: The disk is full." in words(answer)) == (422, True)
    assert of(box, "mia").windows == (BED,)
