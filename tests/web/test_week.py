"""A child's week: the strips, tonight, the grace."""

import re
from datetime import date, datetime
from functools import partial

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.person import Person
from appliance.core.said import Things
from appliance.core.schedule import EVERY_DAY, DateException, Routine, Window
from appliance.core.verdict import Reason
from appliance.web import edits, week_edits
from appliance.web.box import Box
from tests.web.asking import last, send, told, words
from tests.web.conftest import CAREGIVER

BED = Window(name="Bedtime", start="20:30", end="06:30", routine=Routine.BEDTIME)
SCHOOL = Window(name="School", start="08:00", end="13:00", days=EVERY_DAY[:5], routine=Routine.SCHOOL)
WEDNESDAY = date(2026, 3, 4)
CAMP = Window(name="Camp", start="09:00", end="10:00")
TRIP = DateException(
    name="Trip", first=date(2026, 3, 5), last=date(2026, 3, 6), instead_of=("School",), windows=(CAMP,)
)


@pytest.fixture(autouse=True)
def _evening(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Wednesday, 19:42, in Berlin; Mia has a bedtime and school."""
    monkeypatch.setattr(Box, "now", lambda box: datetime(2026, 3, 4, 19, 42, tzinfo=box.zone()).timestamp())
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [BED, SCHOOL]))


def mia(box: Box) -> Person:
    """Return Mia as she is."""
    return edits.person_of(box.house(), "mia")


def on_trip(box: Box) -> None:
    """Mia is on a trip tomorrow."""
    box.change("x", Reason("x"), lambda house: week_edits.with_exception(house, "mia", None, TRIP, WEDNESDAY))


def test_each_block_leads_to_where_it_is_edited(caregiver: FlaskClient, box: Box) -> None:
    """Seven nights in fourteen parts, five days of school; and a line for each routine."""
    page = caregiver.get("/child/mia/week").text
    bed, school = (f"/child/mia/routines/{week_edits.key_of(one)}" for one in mia(box).windows)
    assert page.count(f'href="{bed}"') == 14 + 1
    assert page.count(f'href="{school}"') == 5 + 1
    assert 'aria-label="We 4: School 08:00 to 13:00"' in page
    assert page.count("kg-nowline") == 1


def test_other_days_stand_in_their_place(caregiver: FlaskClient, box: Box) -> None:
    """On their dates a mark, their own times leading to where they are changed, and a line in the list."""
    on_trip(box)
    page = caregiver.get("/child/mia/week")
    trip = f"/child/mia/exceptions/{week_edits.key_of(mia(box).exceptions[0])}"
    assert page.text.count("Other times: Trip") == 2
    assert page.text.count(f'href="{trip}"') == 2 + 1
    assert "tomorrow to Fri 6 Mar no School, Camp 09:00 to 10:00" in words(page)


def test_what_is_over_is_not_listed(caregiver: FlaskClient, box: Box) -> None:
    """Yesterday's night goes on until the morning; what was before is gone."""
    for name, day in (("Yesterday", 3), ("Before", 2)):
        over = replace(TRIP, name=name, first=date(2026, 3, day), last=date(2026, 3, day))
        box.change(
            "x", Reason("x"), partial(week_edits.with_exception, person_id="mia", old=None, new=over, today=WEDNESDAY)
        )
    listed = words(caregiver.get("/child/mia/week")).partition("Other days")[2]
    assert "Yesterday" in listed
    assert "Before" not in listed


def test_who_has_no_times_is_offered_some(caregiver: FlaskClient) -> None:
    """Each kind, and the week of another child; nothing about tonight."""
    page = caregiver.get("/child/jonas/week").text
    for start in ("bedtime", "school", "homework", "free", "own"):
        assert f'href="/child/jonas/routines/new/{start}"' in page
    assert 'href="/child/mia/week/copy?to=jonas"' in page
    assert "Tonight" not in page
    assert '<svg class="kg-strip' not in page


def test_a_week_is_a_childs(caregiver: FlaskClient) -> None:
    """Nobody else has one, and nobody else's is changed."""
    for person in ("dana", "nobody"):
        assert caregiver.get(f"/child/{person}/week").status_code == 404
        for place in ("tonight", "week/grace"):
            assert send(caregiver, f"/child/{person}/{place}", later="30", minutes="5").status_code == 404


@pytest.mark.parametrize(("later", "begins"), [("30", "21:00"), ("60", "21:30")])
def test_tonight_is_later_by_one_tap(caregiver: FlaskClient, box: Box, later: str, begins: str) -> None:
    """Just this once, on this date."""
    page = caregiver.get("/child/mia/week")
    assert f'name="later" value="{later}"' in page.text
    answer = send(caregiver, "/child/mia/tonight", later=later)
    (exception,) = mia(box).exceptions
    assert (exception.first, exception.last, exception.instead_of) == (WEDNESDAY, WEDNESDAY, ("Bedtime",))
    assert exception.windows == (replace(BED, start=begins),)
    assert last(box) == (CAREGIVER, "exception_set", {"name": "Tonight", "person": "mia"})
    assert f"Tonight Bedtime of Mia begins at {begins}." in told(caregiver, answer)
    assert f"Tonight: Bedtime at {begins} Moved for this evening." in words(caregiver.get("/child/mia/week"))


def test_tonight_may_begin_at_a_time_and_be_as_usual_again(caregiver: FlaskClient, box: Box) -> None:
    """What was said before about this evening is gone; other days stay."""
    on_trip(box)
    send(caregiver, "/child/mia/tonight", at="21:45")
    assert [one.windows[0].start for one in mia(box).exceptions] == ["09:00", "21:45"]
    send(caregiver, "/child/mia/tonight", at="00:15")
    assert [(one.name, one.first.day) for one in mia(box).exceptions] == [("Trip", 5), ("Tonight", 4), ("Tonight", 5)]
    answer = send(caregiver, "/child/mia/tonight", usual="1")
    assert mia(box).exceptions == (TRIP,)
    assert last(box)[1] == "exception_removed"
    assert "Tonight is as usual for Mia." in told(caregiver, answer)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [({"at": "19:30"}, "19:30 is over already."), ({"at": "x"}, "not a time of day"), ({}, "not a time of day")],
)
def test_a_bedtime_that_can_not_be_is_refused(
    caregiver: FlaskClient, box: Box, sent: dict[str, str], expected: str
) -> None:
    """In words."""
    assert expected in told(caregiver, send(caregiver, "/child/mia/tonight", **sent))
    assert mia(box).exceptions == ()


def test_without_a_bedtime_there_is_none_tonight(caregiver: FlaskClient) -> None:
    """And other minutes than those of the buttons are refused."""
    assert "No bedtime of Jonas begins tonight." in told(caregiver, send(caregiver, "/child/jonas/tonight", later="30"))
    assert send(caregiver, "/child/mia/tonight", later="31").status_code == 400


@pytest.mark.parametrize(
    ("back", "where"),
    [("/child/mia", "/child/mia"), ("https://evil.example/", "/child/mia/week"), ("", "/child/mia/week")],
)
def test_one_comes_back_to_where_one_was(caregiver: FlaskClient, back: str, where: str) -> None:
    """To a page of this house."""
    assert send(caregiver, "/child/mia/tonight", later="30", back=back).location == where


def test_the_grace_is_set_by_one_tap(caregiver: FlaskClient, box: Box) -> None:
    """The page shows what holds; the same again changes nothing."""
    answer = send(caregiver, "/child/mia/week/grace", minutes="10")
    assert mia(box).grace_minutes == 10
    assert last(box) == (CAREGIVER, "grace_set", {"minutes": "10", "person": "mia"})
    assert "Mia may finish: 10 minutes, once an evening." in told(caregiver, answer)
    page = caregiver.get("/child/mia/week").text
    assert re.findall(r'name="minutes" value="(\d+)" aria-pressed="true"', page) == ["10"]
    revision = box.household.store.audit(limit=1)[0]
    assert send(caregiver, "/child/mia/week/grace", minutes="10").status_code == 303
    assert box.household.store.audit(limit=1)[0] == revision
    assert "When time is up, it is up." in told(caregiver, send(caregiver, "/child/mia/week/grace", minutes="0"))


@pytest.mark.parametrize("minutes", ["7", "-5", "", "30", "x"])
def test_no_other_grace_is_taken(caregiver: FlaskClient, box: Box, minutes: str) -> None:
    """Five answers."""
    assert send(caregiver, "/child/mia/week/grace", minutes=minutes).status_code == 400
    assert mia(box).grace_minutes == 0


def test_a_grace_of_a_file_is_told(caregiver: FlaskClient, box: Box) -> None:
    """Where none of the buttons has it."""
    box.change("x", Reason("x"), lambda house: week_edits.with_grace(house, "mia", 7))
    assert "Now 7 min." in words(caregiver.get("/child/mia/week"))


def test_what_changed_is_told_with_all_that_holds(caregiver: FlaskClient, box: Box) -> None:
    """Of a routine what it closes and opens, of other days what falls out and what is there instead."""
    free = Window(
        name="Free", start="10:00", end="12:00", internet=True, safe_search=True, uncounted=True,
        block=Things(categories=("forum",), names=("a.example",)), allow=Things(categories=("music",)),
    )  # fmt: skip
    every = replace(TRIP, name="All off", instead_of=None, windows=())
    done = Reason.of("windows_set", person="mia")
    box.change(CAREGIVER, done, lambda house: edits.with_windows(house, "mia", [BED, SCHOOL, free]))
    for one in (TRIP, every):
        change = partial(week_edits.with_exception, person_id="mia", old=None, new=one, today=WEDNESDAY)
        box.change(CAREGIVER, Reason.of("exception_set", person="mia", name=one.name), change)
    told_ = words(caregiver.get("/changes"))
    assert "Robin set other times for Mia: Trip." in told_
    for expected in (
        "Free, 10:00 to 12:00; Internet on; closed: a.example, Forums; open: Music, radio and audio books; strict",
        "strict search; not counted",
        "Trip, 2026-03-05 to 2026-03-06; without School; with Camp, 09:00 to 10:00",
        "All off, 2026-03-05 to 2026-03-06; without all usual times",
    ):
        assert expected in told_
