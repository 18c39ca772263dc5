"""Children and adults are added, changed and taken out by plain forms; nothing typed is lost."""

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.person import Person, PersonKind, Setting
from appliance.core.subscription import Subscription
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.web import edits
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

PLACES = ["/child/new", "/adult/new", "/child/mia/edit", "/child/dana/edit", "/child/mia/remove"]


@pytest.mark.parametrize("place", PLACES)
def test_the_pages_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, place: str) -> None:
    """Others are led to the log-in, and their forms change nothing."""
    assert caregiver.get(place).status_code == 200
    assert anyone.get(place).status_code == 303
    assert "/log-in" in send(anyone, place, name="X", band="0-5").location


@pytest.mark.parametrize("place", PLACES)
def test_a_form_without_its_token_changes_nothing(caregiver: FlaskClient, box: Box, place: str) -> None:
    """Another site can't send it."""
    before = box.house()
    assert caregiver.post(place, data={"name": "X", "band": "0-5"}).status_code in (400, 422)
    assert box.house() == before


def test_a_child_is_added(caregiver: FlaskClient, box: Box) -> None:
    """With an id of its name, and the change is remembered with who made it."""
    answer = send(caregiver, "/child/new", name="  Zoë ", band="10-12")
    assert box.house().persons[-1] == Person(id="zoe", name="Zoë", band="10-12")
    assert last(box) == (CAREGIVER, "child_added", {"person": "zoe"})
    assert answer.location == "/child/zoe"
    assert "Zoë is part of the house now." in told(caregiver, answer)


def test_a_second_child_of_a_name_gets_an_id_of_its_own(caregiver: FlaskClient, box: Box) -> None:
    """Names may be alike."""
    send(caregiver, "/child/new", name="Mia", band="0-5")
    assert box.house().persons[-1].id == "mia-2"


def test_an_adult_is_added(caregiver: FlaskClient, box: Box) -> None:
    """Without a band, whatever is sent along."""
    answer = send(caregiver, "/adult/new", name="Opa", band="0-5")
    assert box.house().persons[-1] == Person(id="opa", name="Opa", kind=PersonKind.ADULT)
    assert "not filtered" in told(caregiver, answer)


@pytest.mark.parametrize(
    ("name", "band", "expected"),
    [
        ("", "6-9", "Type a name."),
        ("   ", "6-9", "Type a name."),
        ("a" * 41, "6-9", "At most 40 characters."),
        ("Zoë\x07", "6-9", "One line of text, please."),
        ("Zoë", "", "Choose an age."),
        ("Zoë", "7", "Not a valid choice."),
    ],
)
def test_what_is_wrong_stands_beside_what_was_typed(
    caregiver: FlaskClient, box: Box, name: str, band: str, expected: str
) -> None:
    """And the house is as it was."""
    before = box.house()
    answer = send(caregiver, "/child/new", name=name, band=band)
    assert answer.status_code == 422
    assert expected in words(answer)
    if band == "6-9":
        assert 'value="6-9" checked' in answer.text
    if name == "Zoë":
        assert 'value="Zoë"' in answer.text
    assert box.house() == before


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """On every page that shows it."""
    send(caregiver, "/child/new", name=HOSTILE, band="6-9")
    person = box.house().persons[-1]
    assert person.name == HOSTILE
    places = ("", "/edit", "/remove", "/categories", "/rules", "/routines/new")
    for place in (*(f"/child/{person.id}{one}" for one in places), "/devices/new"):
        text = caregiver.get(place).text
        assert "<script>alert" not in text
        assert HOSTILE in words(caregiver.get(place))


def test_another_age_says_what_caregivers_see_then(caregiver: FlaskClient, box: Box) -> None:
    """And settings that don't fit it end."""
    box.change("x", Reason("x"), lambda house: edits.with_setting(house, "jonas", "gambling", Setting.ASK))
    answer = send(caregiver, "/child/jonas/edit", name="Jonas", band="10-12")
    jonas = edits.person_of(box.house(), "jonas")
    assert (jonas.band, jonas.categories) == ("10-12", {})
    assert last(box) == (CAREGIVER, "person_changed", {"person": "jonas"})
    assert "Caregivers now see minutes a day" in told(caregiver, answer)


def test_another_name_keeps_the_id(caregiver: FlaskClient, box: Box) -> None:
    """And all else."""
    answer = send(caregiver, "/child/mia/edit", name="Mia-Sophie", band="6-9")
    assert box.house().persons[0] == Person(id="mia", name="Mia-Sophie", band="6-9")
    assert "Mia-Sophie is saved." in told(caregiver, answer)


def test_the_form_of_an_adult_asks_for_no_age(caregiver: FlaskClient) -> None:
    """Adults have none."""
    assert 'name="band"' not in caregiver.get("/child/dana/edit").text


def test_who_is_taken_out_is_erased(caregiver: FlaskClient, box: Box) -> None:
    """Devices become nobody's, and no change of theirs is remembered."""
    send(caregiver, "/child/mia/rules", name="secret.example", do="block")
    page = words(caregiver.get("/child/mia/remove"))
    assert "Mia's tablet" in page
    assert "There is no way back." in page
    answer = send(caregiver, "/child/mia/remove")
    assert "Mia was taken out of the house" in told(caregiver, answer)
    house: House = box.house()
    assert [person.id for person in house.persons] == ["jonas", "dana"]
    assert house.devices[0].person is None
    assert b"secret.example" not in b"".join(path.read_bytes() for path in box.data.glob("house.db*"))


def test_who_is_not_there_is_not_found(caregiver: FlaskClient) -> None:
    """Nor taken out twice."""
    for place in ("edit", "remove"):
        assert caregiver.get(f"/child/nobody/{place}").status_code == 404
        assert send(caregiver, f"/child/nobody/{place}").status_code == 404


def test_what_is_in_the_way_is_said_on_the_form(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was typed."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    answer = send(caregiver, "/child/new", name="Zoë", band="6-9")
    assert answer.status_code == 422
    assert Locked("").sentence in words(answer)
    assert 'value="Zoë"' in answer.text
    answer = send(caregiver, "/child/mia/remove")
    assert Locked("").sentence in told(caregiver, answer)


def test_the_page_of_removal_names_devices_without_names(caregiver: FlaskClient, box: Box) -> None:
    """By what they are."""
    nameless = Device(id="x1", person="mia", macs=("02:77:00:00:00:55",))
    box.change("x", Reason("x"), lambda house: replace(house, devices=(*house.devices, nameless)))
    assert "a device" in words(caregiver.get("/child/mia/remove"))


def test_the_page_of_removal_names_lists_that_go_along(caregiver: FlaskClient, box: Box) -> None:
    """Those for nobody else."""
    both = Subscription(id="both", name="For both", persons=("mia", "jonas"))
    lists = (Subscription(id="own", name="Mia's games", persons=("mia",)), both)
    box.change("x", Reason("x"), lambda house: replace(house, lists=lists))
    page = words(caregiver.get("/child/mia/remove"))
    assert "Go along: Mia's games" in page
    assert "For both" not in page
    send(caregiver, "/child/mia/remove")
    assert box.house().lists == (replace(both, persons=("jonas",)),)
