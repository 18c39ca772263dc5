"""The page of one person says what holds and leads to all that can be changed."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import AlwaysOn, Device, DeviceKind, House, Pause, Setting
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.web import child, edits
from appliance.web.box import Box
from tests.web.asking import send, words

NIGHT = Window(name="Bedtime", start="00:00", end="24:00")


def made(box: Box, **more: object) -> None:
    """Give Mia something."""

    def mutate(house: House) -> House:
        return replace(house, persons=(replace(house.persons[0], **more), *house.persons[1:]))

    box.change("x", Reason("x"), mutate)


def test_a_child_with_nothing_set_is_told_where_to_begin(caregiver: FlaskClient) -> None:
    """A bedtime, a site, a device."""
    answer = caregiver.get("/child/mia")
    page = words(answer)
    assert "Nothing is closed by time" in page
    assert "Most families begin with a bedtime." in page
    assert "As usual from 6 to 9." in page
    for place in ("routines/new/bedtime", "categories", "edit", "page"):
        assert f'href="/child/mia/{place}"' in answer.text
    for place in ("/why?child=mia", "/today?child=mia", "/changes?child=mia", "/devices?person=mia"):
        assert f'href="{place}"' in answer.text


def test_what_holds_stands_first(caregiver: FlaskClient, box: Box) -> None:
    """In bedtime one may open, in a pause one may resume, at any other time one may pause."""
    assert 'action="/child/mia/pause"' in caregiver.get("/child/mia").text
    made(box, windows=(NIGHT,), always_on=AlwaysOn(categories=("music",), names=("school.example",)))
    answer = caregiver.get("/child/mia")
    assert 'action="/child/mia/open"' in answer.text
    assert "Open at bedtime too: Music, radio and audio books, school.example." in words(answer)
    assert "Bedtime 00:00 to 24:00, every day" in words(answer)
    pause = Pause(said_at=box.local_time(box.now()), until=box.local_time(box.now() + 900), person="mia")
    box.change("x", Reason("x"), lambda house: replace(house, pauses=(pause,)))
    answer = caregiver.get("/child/mia")
    assert 'action="/child/mia/resume"' in answer.text
    assert "Paused until" in words(answer)


def test_what_was_set_by_hand_is_named(caregiver: FlaskClient, box: Box) -> None:
    """Kinds of sites, sites and devices."""
    made(box, categories={"messaging": Setting.ALLOW})
    send(caregiver, "/child/mia/rules", name="a.example", do="block")
    page = words(caregiver.get("/child/mia"))
    assert "1 set by hand, the others as usual from 6 to 9." in page
    assert "Messengers Open" in page
    assert "a.example Blocked · Robin, just now" in page
    assert "Mia's tablet" in page


def test_of_many_sites_the_others_are_one_tap_away(caregiver: FlaskClient) -> None:
    """The latest stand on the page."""
    for number in range(child.MAX_RULES + 2):
        send(caregiver, "/child/mia/rules", name=f"n{number}.example", do="block")
    caregiver.get("/child/mia/rules")  # tells what was done
    answer = caregiver.get("/child/mia")
    assert "2 more" in words(answer)
    assert "n7.example" in answer.text
    assert "n0.example" not in answer.text
    assert "n0.example" in caregiver.get("/child/mia/rules").text


def test_a_childs_device_that_is_not_filtered_is_pointed_out(caregiver: FlaskClient, box: Box) -> None:
    """Nobody would look for that."""
    own = Device(id="own", name="Old phone", person="mia", kind=DeviceKind.ADULT, macs=("02:77:00:00:00:50",))
    box.change("x", Reason("x"), lambda house: edits.with_device(house, own))
    assert "Old phone is marked as an adult’s own device: no rule of Mia holds there." in words(
        caregiver.get("/child/mia")
    )


def test_an_adults_page_has_no_rules_to_set(caregiver: FlaskClient) -> None:
    """It says that nothing is filtered or logged."""
    answer = caregiver.get("/child/dana")
    assert "never counted or logged" in words(answer)
    assert 'action="/child/dana/rules"' not in answer.text
    assert 'action="/child/dana/pause"' not in answer.text


@pytest.mark.parametrize("person", ["mia", "dana"])
def test_the_page_is_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, person: str) -> None:
    """And of persons that are there."""
    assert anyone.get(f"/child/{person}").status_code == 303
    assert caregiver.get(f"/child/{person}").status_code == 200
    assert caregiver.get("/child/nobody").status_code == 404
