"""Other times on some dates: holidays, sick days, for one child or for several."""

import re
from datetime import date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.person import Person
from appliance.core.said import Things
from appliance.core.schedule import EVERY_DAY, DateException, Day, Routine, Window
from appliance.core.verdict import Reason
from appliance.web import edits, exceptions, week_edits
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

BED = Window(name="Bedtime", start="20:30", end="06:30", routine=Routine.BEDTIME)
SCHOOL = Window(
    name="School", start="08:00", end="13:00", days=EVERY_DAY[:5], routine=Routine.SCHOOL,
    allow=Things(names=("a.example",)),
)  # fmt: skip
WALK = Window(name="Walk", start="16:00", end="17:00")
LATE = Window(name="Night", start="22:30", end="06:00", routine=Routine.BEDTIME, allow=Things(categories=("music",)))
LYCEE = Window(name="Gymnasium", start="07:45", end="15:00", days=EVERY_DAY[:5], routine=Routine.SCHOOL)
NEW = "/child/mia/exceptions/new"
GOOD: dict[str, Any] = {"name": "Trip", "first": "2026-03-09", "last": "2026-03-13", "stops": ["School"]}


@pytest.fixture(autouse=True)
def _weeks(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Wednesday, 4 March; Mia has a bedtime, school and a walk, Jonas a night and another school."""
    monkeypatch.setattr(Box, "now", lambda box: datetime(2026, 3, 4, 19, 42, tzinfo=box.zone()).timestamp())
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [BED, SCHOOL, WALK]))
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "jonas", [LATE, LYCEE]))


def of(box: Box, person: str) -> Person:
    """Return a person as they are."""
    return edits.person_of(box.house(), person)


def key(box: Box) -> str:
    """Return what stands for Mia's first exception."""
    return week_edits.key_of(of(box, "mia").exceptions[0])


def pattern(client: FlaskClient, name: str, place: str = NEW) -> str:
    """Return the value of a routine in the list of other times."""
    return str(re.findall(rf'<option[^>]* value="([0-9a-f]{{8}})">{name}<', client.get(place).text)[0])


@pytest.mark.parametrize(
    ("usual", "name", "last_", "stops"),
    [
        ("holiday", "Holiday", "2026-03-10", ["School"]),
        ("sick", "Sick day", "2026-03-04", ["School"]),
        ("other", "", "2026-03-04", []),
    ],
)
def test_a_form_starts_from_something_usual(
    caregiver: FlaskClient, usual: str, name: str, last_: str, stops: list[str]
) -> None:
    """From today on; school falls out, bedtime doesn't."""
    page = caregiver.get(f"{NEW}/{usual}").text
    assert re.findall(r'name="name"[^>]* value="([^"]*)"', page) == [name]
    assert 'value="2026-03-04"' in page
    assert f'value="{last_}"' in page
    assert re.findall(r'name="stops" value="([^"]*)" checked', page) == stops


def test_there_is_no_other_start(caregiver: FlaskClient) -> None:
    """Nor a child that isn't there, nor an adult's holiday."""
    for place in (f"{NEW}/party", "/child/nobody/exceptions/new", "/child/dana/exceptions/new"):
        assert caregiver.get(place).status_code == 404


def test_a_holiday_is_saved(caregiver: FlaskClient, box: Box) -> None:
    """The page says when and what."""
    answer = send(caregiver, f"{NEW}/holiday", **GOOD)
    trip = DateException(name="Trip", first=date(2026, 3, 9), last=date(2026, 3, 13), instead_of=("School",))
    assert of(box, "mia").exceptions == (trip,)
    assert last(box) == (CAREGIVER, "exception_set", {"name": "Trip", "person": "mia"})
    assert "Trip, Mon 9 Mar to Fri 13 Mar, for Mia: no School." in told(caregiver, answer)


def test_a_routine_at_another_time_takes_the_place_of_the_usual_one(caregiver: FlaskClient, box: Box) -> None:
    """All that holds in it is as ever, on every day; school is gone too, because it was ticked."""
    bed = pattern(caregiver, "Bedtime")
    more = {"others-0-like": bed, "others-0-start": "22:00", "others-0-end": "08:00"}
    answer = send(caregiver, NEW, **GOOD, **more)
    (one,) = of(box, "mia").exceptions
    assert one.instead_of == ("Bedtime", "School")
    assert one.windows == (replace(BED, start="22:00", end="08:00"),)
    assert "for Mia: no School, Bedtime 22:00 to 08:00." in told(caregiver, answer)


def test_other_times_may_be_new_ones(caregiver: FlaskClient, box: Box) -> None:
    """Off, and free, with nothing that falls out."""
    off, free = pattern(caregiver, "Internet off"), pattern(caregiver, "Free time")
    more = {
        "others-0-like": off, "others-0-start": "12:00", "others-0-end": "13:00",
        "others-1-like": free, "others-1-start": "14:00", "others-1-end": "16:00",
    }  # fmt: skip
    send(caregiver, NEW, **{**GOOD, "stops": []}, **more)
    (one,) = of(box, "mia").exceptions
    assert [(window.name, window.internet, window.uncounted) for window in one.windows] == [
        ("Internet off", False, False), ("Free time", True, True),
    ]  # fmt: skip
    assert one.instead_of == ()


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": " "}, "Give it a name"),
        ({"name": "a\x00b"}, "One line of text"),
        ({"name": "a" * 41}, "At most 40 characters."),
        ({"first": ""}, "On which day does it begin?"),
        ({"last": ""}, "Which day is the last?"),
        ({"first": "soon"}, "Not a valid date value."),
        ({"last": "2026-03-08"}, "This is before the first day."),
        ({"last": "2027-12-31"}, "At most 400 days."),
        ({"stops": []}, "Nothing differs yet"),
        ({"stops": ["Football"]}, "is not a valid choice"),
        ({"children": ["dana"]}, "is not a valid choice"),
        ({"others-0-like": "00000000", "others-0-start": "12:00", "others-0-end": "13:00"}, "Not a valid choice."),
        ({"others-0-start": "12:00"}, "Choose what it is."),
        ({"others-0-like": "Bedtime", "others-0-start": "", "others-0-end": "08:00"}, "This is not a time of day"),
        ({"others-0-like": "Bedtime", "others-0-start": "24:00", "others-0-end": "08:00"}, "This is not a time of day"),
        ({"others-0-like": "Bedtime", "others-0-start": "22:00", "others-0-end": "x"}, "This is not a time of day"),
        ({"others-0-like": "Bedtime", "others-0-start": "22:00", "others-0-end": "22:00"}, "the same."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    caregiver: FlaskClient, box: Box, wrong: dict[str, Any], expected: str
) -> None:
    """And nothing is changed."""
    sent = {**GOOD, **wrong}
    if sent.get("others-0-like") == "Bedtime":
        sent["others-0-like"] = pattern(caregiver, "Bedtime")
    answer = send(caregiver, NEW, **sent)
    assert answer.status_code == 422
    assert expected in words(answer)
    if "first" not in wrong:
        assert 'value="2026-03-09"' in answer.text
    assert of(box, "mia").exceptions == ()


def test_the_same_for_several_children(caregiver: FlaskClient, box: Box) -> None:
    """Each one's own routines of that kind fall out or move, and keep what holds in them."""
    bed = pattern(caregiver, "Bedtime")
    more = {"others-0-like": bed, "others-0-start": "22:00", "others-0-end": "08:00", "children": ["jonas"]}
    answer = send(caregiver, NEW, **GOOD, **more)
    (one,) = of(box, "jonas").exceptions
    assert one.instead_of == ("Night", "Gymnasium")
    assert one.windows == (replace(LATE, start="22:00", end="08:00"),)
    assert "for Mia and Jonas:" in told(caregiver, answer)
    assert last(box) == (CAREGIVER, "exception_set", {"name": "Trip", "person": "jonas"})


def test_for_a_child_without_such_a_routine_nothing_is_said(caregiver: FlaskClient, box: Box) -> None:
    """The page tells so."""
    answer = send(caregiver, NEW, **{**GOOD, "stops": ["Walk"], "children": ["jonas"]})
    assert of(box, "jonas").exceptions == ()
    assert "For Jonas nothing is different then" in told(caregiver, answer)


@pytest.mark.parametrize(
    ("left", "expected"), [(None, None), (("Walk",), ()), (("School",), ("Gymnasium",)), (("Night",), ("Night",))]
)
def test_what_falls_out_is_found_by_name_and_kind(
    app: Flask, box: Box, left: tuple[str, ...] | None, expected: tuple[str, ...] | None
) -> None:
    """All of it stays all; what has no kind of its own goes by its name."""
    one = DateException(name="x", first=date(2026, 3, 9), last=date(2026, 3, 9), instead_of=left)
    with app.app_context():
        assert exceptions.like(of(box, "jonas"), one, of(box, "mia")).instead_of == expected


def test_an_exception_is_changed_in_its_place(caregiver: FlaskClient, box: Box) -> None:
    """The form shows it as it is; sent as it is, it changes nothing."""
    camp = Window(name="Camp", start="09:00", end="10:00", days=(Day.TUE,), allow=Things(names=("c.example",)))
    one = DateException(
        name="Trip", first=date(2026, 3, 9), last=date(2026, 3, 13), instead_of=("School",), windows=(camp,)
    )
    box.change("x", Reason("x"), lambda house: week_edits.with_exception(house, "mia", None, one, date(2026, 3, 4)))
    place = f"/child/mia/exceptions/{key(box)}"
    page = caregiver.get(place).text
    assert re.findall(r'name="stops" value="([^"]*)" checked', page) == ["School"]
    assert "The same for" not in page
    chosen = re.findall(r'<option selected value="([0-9a-f]{8})">Camp<', page)[0]
    more = {"others-0-like": chosen, "others-0-start": "09:00", "others-0-end": "10:00"}
    send(caregiver, place, **GOOD, **more)
    assert of(box, "mia").exceptions == (one,)
    send(caregiver, place, **{**GOOD, "last": "2026-03-10", **more, "others-0-start": "08:30"})
    assert of(box, "mia").exceptions == (replace(one, last=date(2026, 3, 10), windows=(replace(camp, start="08:30"),)),)


def test_one_that_stops_all_still_does(caregiver: FlaskClient, box: Box) -> None:
    """Routines that come later too, as long as all are ticked."""
    every = DateException(name="Trip", first=date(2026, 3, 9), last=date(2026, 3, 13))
    box.change("x", Reason("x"), lambda house: week_edits.with_exception(house, "mia", None, every, date(2026, 3, 4)))
    names = ["Bedtime", "School", "Walk"]
    page = caregiver.get(f"/child/mia/exceptions/{key(box)}").text
    assert re.findall(r'name="stops" value="([^"]*)" checked', page) == names
    send(caregiver, f"/child/mia/exceptions/{key(box)}", **{**GOOD, "stops": names})
    assert of(box, "mia").exceptions == (every,)
    send(caregiver, f"/child/mia/exceptions/{key(box)}", **{**GOOD, "stops": names[:2]})
    assert of(box, "mia").exceptions == (replace(every, instead_of=("Bedtime", "School")),)


def test_an_exception_is_removed(caregiver: FlaskClient, box: Box) -> None:
    """The week holds again."""
    send(caregiver, NEW, **GOOD)
    answer = send(caregiver, f"/child/mia/exceptions/{key(box)}/remove")
    assert of(box, "mia").exceptions == ()
    assert last(box) == (CAREGIVER, "exception_removed", {"name": "Trip", "person": "mia"})
    assert "Trip is gone: Mia's week holds on those days again." in told(caregiver, answer)


def test_one_that_another_caregiver_changed_is_not_overwritten(caregiver: FlaskClient, box: Box) -> None:
    """The page shows it as it is now."""
    send(caregiver, NEW, **GOOD)
    place = f"/child/mia/exceptions/{key(box)}"
    send(caregiver, place, **{**GOOD, "last": "2026-03-20"})
    now = of(box, "mia").exceptions
    for where in (place, f"{place}/remove"):
        assert "changed in the meantime" in told(caregiver, send(caregiver, where, **GOOD))
    assert "changed in the meantime" in told(caregiver, caregiver.get(place))
    assert of(box, "mia").exceptions == now


def test_what_can_not_be_saved_is_said_in_the_form(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New or changed, and for another child on the next page."""
    send(caregiver, NEW, **GOOD)
    place = f"/child/mia/exceptions/{key(box)}"
    monkeypatch.setattr(exceptions, "changed", lambda *_: "The disk is full.")
    for where in (place, NEW):
        answer = send(caregiver, where, **GOOD)
        assert (answer.status_code, "The disk is full." in words(answer)) == (422, True)
    monkeypatch.setattr(
        exceptions, "changed", lambda what, _: "Too late." if ("person", "jonas") in what.args else None
    )
    answer = send(caregiver, NEW, **{**GOOD, "children": ["jonas"]})
    assert "Jonas: Too late." in told(caregiver, answer)


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """On the form and on the page of the week."""
    send(caregiver, NEW, **{**GOOD, "name": HOSTILE[:38]})
    for page in (caregiver.get(f"/child/mia/exceptions/{key(box)}"), caregiver.get("/child/mia/week")):
        assert "<script>alert" not in page.text
        assert HOSTILE[:38] in words(page)


def test_exceptions_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, box: Box) -> None:
    """Others are led to the log-in; a form without its token changes nothing."""
    send(caregiver, NEW, **GOOD)
    now = of(box, "mia").exceptions
    for place in (NEW, f"/child/mia/exceptions/{key(box)}", f"/child/mia/exceptions/{key(box)}/remove"):
        assert "/log-in" in send(anyone, place, **GOOD).location
        assert caregiver.post(place, data=GOOD).status_code in (400, 422)
    assert of(box, "mia").exceptions == now
