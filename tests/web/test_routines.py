"""Bedtime, school and meals: times off are added, changed and removed by a plain form."""

import pytest
from flask.testing import FlaskClient

from appliance.core.schedule import EVERY_DAY, Day, Window
from appliance.core.verdict import Reason
from appliance.web import edits, routines
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

NIGHT = Window(name="Bedtime", start="20:30", end="06:30")
DAYS = [day.value for day in Day]


@pytest.fixture
def key(box: Box) -> str:
    """Mia has a bedtime; what stands for it."""
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [NIGHT]))
    return routines.key_of(NIGHT)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (EVERY_DAY, "every day"),
        (EVERY_DAY[:5], "Monday to Friday"),
        (EVERY_DAY[5:], "at the weekend"),
        ((Day.SUN, Day.MON, Day.TUE, Day.WED, Day.THU), "before school days"),
        ((Day.MON,), "Monday"),
        ((Day.WED, Day.MON, Day.FRI), "Mo, We, Fr"),
    ],
)
def test_days_are_said_as_people_do(days: tuple[Day, ...], expected: str) -> None:
    """In the order of the week."""
    assert expected == routines.days_words(Window(name="x", start="08:00", end="09:00", days=days))


@pytest.mark.parametrize("start", ["", "/bedtime", "/school", "/meal"])
def test_a_form_starts_from_something_usual(caregiver: FlaskClient, start: str) -> None:
    """With its days and times filled in."""
    page = caregiver.get(f"/child/mia/routines/new{start}")
    told_ = routines.STARTS[start[1:] or "bedtime"]
    assert page.status_code == 200
    assert f'value="{told_["start"]}"' in page.text
    assert page.text.count('name="days"') == 7
    assert page.text.count(" checked") == len(told_["days"])


def test_there_is_no_other_start(caregiver: FlaskClient) -> None:
    """Nor a child that isn't there, nor an adult's bedtime."""
    for place in ("/child/mia/routines/new/party", "/child/nobody/routines/new", "/child/dana/routines/new"):
        assert caregiver.get(place).status_code == 404


def test_a_bedtime_is_added(caregiver: FlaskClient, box: Box) -> None:
    """The page says when the Internet is off."""
    answer = send(caregiver, "/child/mia/routines/new", name="Bedtime", start="20:30", end="06:30", days=DAYS)
    assert box.house().persons[0].windows == (NIGHT,)
    assert last(box) == (CAREGIVER, "windows_set", {"person": "mia"})
    assert "Bedtime: off every day, 20:30 to 06:30." in told(caregiver, answer)


GOOD = {"name": "Meal", "start": "18:00", "end": "18:45", "days": ["mon", "sun"]}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "  "}, "Give it a name"),
        ({"name": "a\x00b"}, "One line of text"),
        ({"name": "a" * 41}, "At most 40 characters."),
        ({"days": []}, "Choose a day."),
        ({"days": ["mon", "someday"]}, "is not a valid choice"),
        ({"start": ""}, "When does it begin?"),
        ({"start": "25:00"}, "This is not a time of day"),
        ({"start": "24:00"}, "This is not a time of day"),
        ({"end": "soon"}, "This is not a time of day"),
        ({"end": "18:00"}, "From and to are the same."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    caregiver: FlaskClient, box: Box, wrong: dict[str, object], expected: str
) -> None:
    """And no routine is made."""
    values = {**GOOD, **wrong}
    answer = send(caregiver, "/child/mia/routines/new", **values)
    assert answer.status_code == 422
    assert expected in words(answer)
    if "days" not in wrong:
        assert answer.text.count(" checked") == 2
    if "end" not in wrong:
        assert 'value="18:45"' in answer.text
    assert box.house().persons[0].windows == ()


def test_a_whole_day_is_from_midnight_to_midnight(caregiver: FlaskClient, box: Box) -> None:
    """The one pair of like times that means something."""
    send(caregiver, "/child/mia/routines/new", name="Off", start="00:00", end="00:00", days=["sun"])
    assert box.house().persons[0].windows == (Window(name="Off", start="00:00", end="00:00", days=(Day.SUN,)),)


def test_a_routine_is_changed_in_its_place(caregiver: FlaskClient, box: Box, key: str) -> None:
    """The form shows it as it is."""
    place = f"/child/mia/routines/{key}"
    page = caregiver.get(place)
    assert 'value="20:30"' in page.text
    assert page.text.count(" checked") == 7
    send(caregiver, place, name="Bedtime", start="21:00", end="06:30", days=DAYS)
    assert box.house().persons[0].windows == (Window(name="Bedtime", start="21:00", end="06:30"),)


def test_a_routine_is_removed(caregiver: FlaskClient, box: Box, key: str) -> None:
    """And the page says so."""
    answer = send(caregiver, f"/child/mia/routines/{key}/remove")
    assert box.house().persons[0].windows == ()
    assert "Bedtime is gone from Mia's week." in told(caregiver, answer)


def test_a_routine_that_another_caregiver_changed_is_not_overwritten(
    caregiver: FlaskClient, box: Box, key: str
) -> None:
    """The page shows it as it is now."""
    later = Window(name="Bedtime", start="22:00", end="06:30")
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [later]))
    for place in (f"/child/mia/routines/{key}", f"/child/mia/routines/{key}/remove"):
        answer = send(caregiver, place, **GOOD)
        assert "changed in the meantime" in told(caregiver, answer)
    assert "changed in the meantime" in told(caregiver, caregiver.get(f"/child/mia/routines/{key}"))
    assert box.house().persons[0].windows == (later,)


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """On the form and on the child's page, drawn week included."""
    name = HOSTILE[:38]
    send(caregiver, "/child/mia/routines/new", **{**GOOD, "name": name})
    place = f"/child/mia/routines/{routines.key_of(box.house().persons[0].windows[0])}"
    for page in (caregiver.get(place), caregiver.get("/child/mia")):
        assert "<script>alert" not in page.text
        assert name in words(page)


def test_routines_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, box: Box, key: str) -> None:
    """Others are led to the log-in; a form without its token changes nothing."""
    for place in ("/child/mia/routines/new", f"/child/mia/routines/{key}", f"/child/mia/routines/{key}/remove"):
        assert "/log-in" in send(anyone, place, **GOOD).location
        assert caregiver.post(place, data=GOOD).status_code in (400, 422)
    assert box.house().persons[0].windows == (NIGHT,)
