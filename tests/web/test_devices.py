"""Devices get a person, a kind and a name by plain forms; what another device is known by is never taken unasked."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind, Forwarder
from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.store.errors import DiskFull
from appliance.store.found import Found, Sighting
from appliance.web import devices
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER, FOUND_MAC, LAPTOP, TABLET

CLAIM = f"/devices/found/{FOUND_MAC}"
GOOD = {"name": "Mia's phone", "person": "mia", "kind": "phone"}
KNOWN = {**GOOD, "known_by": "02:77:00:00:00:50"}


def device(box: Box, id_: str) -> Device:
    """Return a device of the house."""
    return next(one for one in box.house().devices if one.id == id_)


def test_the_page_shows_what_is_new_and_whose_the_others_are(caregiver: FlaskClient) -> None:
    """With a word on addresses that change."""
    page = words(caregiver.get("/devices"))
    assert "Galaxy-A52" in page
    assert "It uses a changing address." in page
    assert page.index("Mia's tablet") < page.index("Jonas' laptop")


def test_an_empty_house_says_what_to_do(caregiver: FlaskClient, box: Box) -> None:
    """And a house in which all is named says that."""
    box.household.store.found.forget(FOUND_MAC)
    assert "No strangers" in words(caregiver.get("/devices"))
    box.change("x", Reason("x"), lambda house: replace(house, devices=()))
    assert "No device seen yet" in words(caregiver.get("/devices"))


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("filtered", "Open for them, but for malware"), ("closed", "Closed for them"), ("6-9", "a child of 6 to 9")],
)
def test_the_page_says_what_strangers_get(choice: str, expected: str) -> None:
    """As the house chose."""
    assert expected in devices.strangers(House(unknown_devices=choice))


def test_a_found_device_becomes_a_childs(caregiver: FlaskClient, box: Box) -> None:
    """Known by its MAC; it is not new any more."""
    page = caregiver.get(f"{CLAIM}?person=mia")
    assert 'value="Galaxy A52"' in page.text
    assert 'value="mia" checked' in page.text
    answer = send(caregiver, CLAIM, **GOOD)
    made = Device(id="mia-s-phone", name="Mia's phone", person="mia", macs=(FOUND_MAC,))
    assert box.house().devices[-1] == made
    assert last(box) == (CAREGIVER, "device_added", {"device": "mia-s-phone", "person": "mia"})
    page_words = told(caregiver, answer)
    assert "Mia's phone is Mia's now: Mia's rules hold on it." in page_words
    assert "Galaxy-A52" not in page_words
    assert told(caregiver, caregiver.get(CLAIM)).startswith("What is Mia's phone?")


def test_a_found_device_may_be_one_that_is_here_already(caregiver: FlaskClient, box: Box) -> None:
    """It is known by both addresses then."""
    answer = send(caregiver, f"{CLAIM}/same", device="tablet")
    assert device(box, "tablet") == replace(TABLET, macs=(*TABLET.macs, FOUND_MAC))
    assert last(box) == (CAREGIVER, "device_changed", {"device": "tablet", "person": "mia"})
    assert f"Mia's tablet is known by {FOUND_MAC} too." in told(caregiver, answer)
    answer = send(caregiver, f"{CLAIM}/same", device="laptop")
    assert f"{FOUND_MAC} belongs to Mia's tablet already." in words(caregiver.get("/devices")) + told(caregiver, answer)
    assert device(box, "laptop") == LAPTOP


def test_a_found_device_is_forgotten(caregiver: FlaskClient, box: Box) -> None:
    """Until it is seen again."""
    answer = send(caregiver, f"{CLAIM}/forget")
    assert "Galaxy-A52" not in told(caregiver, answer)
    assert box.household.store.found.all() == []
    assert send(caregiver, f"{CLAIM}/forget").status_code == 404


def test_a_device_is_added_by_hand(caregiver: FlaskClient, box: Box) -> None:
    """By MAC and by address."""
    answer = send(caregiver, "/devices/new", **{**KNOWN, "known_by": "AA-BB-CC-00-11-22, 192.0.2.7"})
    made = box.house().devices[-1]
    assert (made.macs, made.addresses) == (("aa:bb:cc:00:11:22",), ("192.0.2.7",))
    assert answer.location == "/devices"


def test_a_device_is_changed(caregiver: FlaskClient, box: Box) -> None:
    """The form shows it as it is."""
    page = caregiver.get("/devices/tablet")
    assert TABLET.macs[0] in page.text
    assert 'value="tablet" checked' in page.text
    values = {"name": "Old tablet", "person": "", "kind": "iot", "known_by": "192.168.77.10"}
    answer = send(caregiver, "/devices/tablet", **values)
    expected = Device(id="tablet", name="Old tablet", kind=DeviceKind.IOT, addresses=("192.168.77.10",))
    assert device(box, "tablet") == expected
    assert last(box) == (CAREGIVER, "device_changed", {"device": "tablet"})
    assert "It is nobody's: what strangers get holds for it." in told(caregiver, answer)


@pytest.mark.parametrize(("kind", "expected"), [("managed", True), ("laptop", False)])
def test_bedtime_is_said_of_managed_devices_only(
    caregiver: FlaskClient, box: Box, kind: str, *, expected: bool
) -> None:
    """On all others it holds anyway."""
    send(caregiver, "/devices/new", **{**KNOWN, "kind": kind, "bedtime": "y"})
    assert box.house().devices[-1].bedtime is expected


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "   "}, "Give it a name"),
        ({"name": "a" * 61}, "At most 60 characters."),
        ({"name": "a\x1bb"}, "One line of text, please."),
        ({"person": "nobody"}, "Not a valid choice."),
        ({"kind": "toaster"}, "Not a valid choice."),
        ({"kind": ""}, "Not a valid choice."),
        ({"kind": "adult"}, "This would not be filtered."),
        ({"known_by": ""}, "Type at least one address."),
        ({"known_by": "my phone"}, "is neither a MAC address"),
        ({"known_by": "ff:ff:ff:ff:ff:ff"}, "no address of a single device"),
        ({"known_by": HOSTILE}, "is neither a MAC address"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    caregiver: FlaskClient, box: Box, wrong: dict[str, str], expected: str
) -> None:
    """And the house is as it was."""
    answer = send(caregiver, "/devices/new", **{**KNOWN, **wrong})
    assert answer.status_code == 422
    assert expected in words(answer)
    assert "<script>alert" not in answer.text
    if "name" not in wrong:
        assert "Mia&#39;s phone" in answer.text
    if "known_by" not in wrong:
        assert "02:77:00:00:00:50" in answer.text
    assert box.house().devices == (TABLET, LAPTOP)


def test_what_another_device_is_known_by_moves_only_if_that_is_said(caregiver: FlaskClient, box: Box) -> None:
    """First the page says whose it is and asks."""
    values = {**GOOD, "known_by": TABLET.macs[0]}
    answer = send(caregiver, "/devices/new", **values)
    assert answer.status_code == 422
    assert f"{TABLET.macs[0]} belongs to Mia's tablet already." in words(answer)
    assert 'name="take"' in answer.text
    assert box.house().devices == (TABLET, LAPTOP)
    send(caregiver, "/devices/new", take="1", **values)
    assert device(box, "tablet").macs == ()
    assert box.house().devices[-1].macs == TABLET.macs


def test_a_routers_address_is_refused_for_good(caregiver: FlaskClient, box: Box) -> None:
    """All that it forwards would count as one device's."""
    router = Forwarder(id="router", addresses=("192.168.77.1",))
    box.change("x", Reason("x"), lambda house: replace(house, forwarders=(router,)))
    answer = send(caregiver, "/devices/new", take="1", **{**GOOD, "known_by": "192.168.77.1"})
    assert answer.status_code == 422
    assert "is your router's" in words(answer)
    assert 'name="take"' not in answer.text


def test_an_adults_own_device_is_an_adults_or_nobodys(caregiver: FlaskClient, box: Box) -> None:
    """And the page says that it is not filtered."""
    answer = send(caregiver, "/devices/new", **{**KNOWN, "person": "dana", "kind": "adult"})
    assert "is Dana's: not filtered" in told(caregiver, answer)
    send(caregiver, "/devices/new", **{**KNOWN, "person": "", "kind": "adult", "known_by": "02:77:00:00:00:51"})
    assert [one.kind for one in box.house().devices[2:]] == [DeviceKind.ADULT, DeviceKind.ADULT]


def test_a_device_is_taken_out_after_a_question(caregiver: FlaskClient, box: Box) -> None:
    """The page says what that means."""
    assert "Mia’s rules end there" in words(caregiver.get("/devices/tablet/remove"))
    answer = send(caregiver, "/devices/tablet/remove")
    assert box.house().devices == (LAPTOP,)
    assert last(box) == (CAREGIVER, "device_removed", {"device": "tablet", "person": "mia"})
    assert "It can be named again when it is seen." in told(caregiver, answer)


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """What a device calls itself, and what somebody calls it."""
    box.household.store.found.saw([Sighting("02:77:00:00:00:98", (), HOSTILE)], box.now())
    send(caregiver, "/devices/new", **{**KNOWN, "name": HOSTILE})
    made = box.house().devices[-1]
    for place in ("/devices", f"/devices/{made.id}", f"/devices/{made.id}/remove", "/devices/found/02:77:00:00:00:98"):
        page = caregiver.get(place)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert HOSTILE in words(page)


def test_found_devices_that_cannot_be_read_leave_the_rest_of_the_page(
    caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the sentence that says why."""

    def full(_: Found) -> None:
        raise DiskFull("house.db")

    monkeypatch.setattr(Found, "all", full)
    page = words(caregiver.get("/devices"))
    assert DiskFull("").sentence in page
    assert "Mia's tablet" in page
    assert "No strangers" not in page


def test_what_is_not_there_is_not_found(caregiver: FlaskClient) -> None:
    """Nor what is no MAC address at all."""
    for place in ("/devices/x", "/devices/x/remove", "/devices/found/02:00:00:00:00:77", "/devices/found/x"):
        assert caregiver.get(place).status_code == 404
        assert send(caregiver, place, **KNOWN).status_code == 404
    assert send(caregiver, f"{CLAIM}/same", device="x").status_code == 404


@pytest.mark.parametrize(
    "place", ["/devices/new", "/devices/tablet", "/devices/tablet/remove", CLAIM, f"{CLAIM}/same", f"{CLAIM}/forget"]
)
def test_devices_are_for_caregivers(
    anyone: FlaskClient, caregiver: FlaskClient, box: Box, csrf: Callable[[FlaskClient], str], place: str
) -> None:
    """Others are led to the log-in; a form without its token changes nothing."""
    assert "/log-in" in send(anyone, place, **KNOWN).location
    assert anyone.get("/devices").status_code == 303
    assert csrf(caregiver)
    assert caregiver.post(place, data={**KNOWN, "device": "tablet"}).status_code in (400, 422)
    assert box.house().devices == (TABLET, LAPTOP)
    assert len(box.household.store.found.all()) == 1


def test_a_thing_is_kept_to_some_names(caregiver: FlaskClient, box: Box) -> None:
    """One a line; what is in the form comes back, and without the tick nothing is kept."""
    names = "Maker.example\nhttps://cloud.example/x"
    sent = {**KNOWN, "kind": "iot", "known_by": "192.0.2.7", "limited": "y", "only": names}
    send(caregiver, "/devices/new", **sent)
    made = box.house().devices[-1]
    assert (made.kind, made.only) == (DeviceKind.IOT, ("maker.example", "cloud.example"))
    assert "maker.example\ncloud.example</textarea>" in caregiver.get(f"/devices/{made.id}").text.replace("\r", "")
    send(caregiver, f"/devices/{made.id}", **sent | {"only": ""})
    assert box.house().devices[-1].only == ()
    del sent["limited"]
    send(caregiver, f"/devices/{made.id}", **sent)
    assert box.house().devices[-1].only is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"kind": "phone"}, "Only a console, a TV or a thing can be kept to some names."),
        ({"only": "no name"}, "is not the name of a site"),
    ],
)
def test_what_can_not_be_kept_is_said(caregiver: FlaskClient, box: Box, said: dict[str, str], expected: str) -> None:
    """And nothing is saved."""
    before = box.house().devices
    sent = {**KNOWN, "kind": "iot", "known_by": "192.0.2.7", "limited": "y", "only": "a.example"}
    answer = send(caregiver, "/devices/new", **sent | said)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert box.house().devices == before
