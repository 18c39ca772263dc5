"""The page of one person says what holds and leads to all that can be changed."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.budget import Budget
from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Level, Setting
from appliance.core.said import Things
from appliance.core.schedule import Day, Window
from appliance.core.verdict import Reason
from appliance.core.word import Pause
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
    assert "No minutes are set" in page
    places = (
        "routines/new/bedtime", "week", "budgets", "services", "categories", "safe-search", "closed", "growing-up",
        "edit", "page",
    )  # fmt: skip
    for place in places:
        assert f'href="/child/mia/{place}"' in answer.text
    for place in ("/why?child=mia", "/today?child=mia", "/changes?child=mia", "/devices?person=mia"):
        assert f'href="{place}"' in answer.text


def test_what_holds_stands_first(caregiver: FlaskClient, box: Box) -> None:
    """In bedtime one may open, in a pause one may resume, at any other time one may pause."""
    assert 'action="/child/mia/pause"' in caregiver.get("/child/mia").text
    made(box, windows=(NIGHT,), always_on=Things(categories=("music",), names=("school.example",)))
    answer = caregiver.get("/child/mia")
    assert 'action="/child/mia/more"' in answer.text
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
    assert "1 set by hand" in page
    assert "1 site for Mia alone" in page
    assert "a.example Blocked · Robin, just now" in page
    assert "Mia's tablet" in page


def test_each_way_in_says_how_it_stands(caregiver: FlaskClient, box: Box) -> None:
    """In a few words, so that nobody has to look behind it."""
    made(
        box,
        services={"roblox": Setting.BLOCK},
        safe_search={"youtube": Level.BLOCK},
        budgets=(
            Budget(minutes=90),
            Budget(what="service:youtube", minutes=45, days={Day.SAT: 60}, week=240),
            Budget(what="group:game", days={Day.SUN: 30}),
        ),
    )
    page = words(caregiver.get("/child/mia"))
    assert "Safe search YouTube closed · " in page
    assert "Apps and services Roblox closed" in page
    assert "Everything that counts 1 h 30 min a day" in page
    assert "YouTube 45 min a day · other days apart · 4 h a week" in page
    assert "Games by the day" in page
    assert "10 to 12 opens" in page
    assert "kinds that take two caregivers" in page


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
