"""The page of what a thing asked for: seen as far as the contract has it, and what is ticked is what it may reach."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind
from appliance.core.house import House
from appliance.core.verdict import Reason
from appliance.web.box import Box
from tests.web.asking import last, send, told, words
from tests.web.conftest import HOUSE, OWNER

PAGE = "/devices/doll/asked"
AT = 1_772_600_000.0
DOLL = Device(id="doll", name="The doll", kind=DeviceKind.IOT, person="mia", macs=("02:77:00:00:00:20",))


def asked(name: str, opened: int = 1, refused: int = 0, category: str = "unclassified") -> dict[str, Any]:
    """Return a name as the steward tells it."""
    return {"name": name, "opened": opened, "refused": refused, "first": AT, "last": AT, "category": category}


NAMES = [asked("api.maker.com", 3), asked("feed.tracker.com", 2, 1, "trackers_ads"), asked("bad.com", 0, 1, "malware_phishing")]  # fmt: skip # noqa: E501


@pytest.fixture
def steward(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the steward answers; `said` is what it was asked."""
    answer: dict[str, Any] = {"bus": 1, "grain": "name", "asked": NAMES, "is_thing": True}
    answer["said"] = []

    def ask(_: Box, what: str, **more: Any) -> dict[str, Any] | None:
        if what == "things":
            answer["said"].append(more)
            return None if answer.get("is_away") else {key: answer[key] for key in ("grain", "asked", "is_thing")}
        return None

    monkeypatch.setattr(Box, "ask_steward", ask)
    return answer


@pytest.fixture
def with_doll(box: Box, steward: dict[str, Any]) -> Box:
    """The house has a doll."""
    return have(box, DOLL)


def have(box: Box, *devices: Device) -> Box:
    """Put devices beside those of the house."""

    def mutate(_: House) -> House:
        return replace(HOUSE, devices=(*HOUSE.devices, *devices))

    box.change(OWNER, Reason.of("house_applied"), mutate)
    return box


def only(box: Box) -> tuple[str, ...] | None:
    """Return what the doll is kept to."""
    return next(one.only for one in box.house().devices if one.id == "doll")


def test_what_it_asked_for(caregiver: FlaskClient, with_doll: Box, steward: dict[str, Any]) -> None:
    """By site, how often, and what is known for harm apart, without a tick."""
    page = caregiver.get(PAGE)
    assert steward["said"] == [{"device": "doll", "role": "caregiver"}]
    text = words(page)
    for said in (
        "maker.com api.maker.com · 3 × open · last",
        "feed.tracker.com 2 × open · 1 × refused",
        "ask its maker. bad.com 1 × refused",
    ):
        assert said in text
    assert 'name="site" value="maker.com" checked' in page.text
    assert 'name="site" value="feed.tracker.com">' in page.text, "advertising is not ticked by itself"
    assert 'value="bad.com"' not in page.text
    assert "may reach anything" in text
    assert 'name="allow"' not in page.text


def test_keeping_it_to_what_is_ticked(caregiver: FlaskClient, with_doll: Box) -> None:
    """From then on it reaches these alone, and the change is told as any."""
    said = told(caregiver, send(caregiver, PAGE, shown=["maker.com", "tracker.com"], site=["maker.com"]))
    assert "The doll is kept to what is ticked here" in said
    assert "may reach anything" not in said
    assert only(with_doll) == ("maker.com",)
    assert last(with_doll)[1:] == ("device_changed", {"device": "doll", "person": "mia"})


def test_one_tap_allows_one_more(caregiver: FlaskClient, box: Box, steward: dict[str, Any]) -> None:
    """What is refused has a button of its own; what else is ticked or not on the page plays no part."""
    have(box, replace(DOLL, only=("maker.com",)))
    page = caregiver.get(PAGE).text
    assert 'form="allow" name="allow" value="feed.tracker.com"' in page
    assert 'name="allow" value="maker.com"' not in page
    said = told(caregiver, send(caregiver, PAGE, allow="a.shop.com b.shop.com", shown=["maker.com"]))
    assert "The doll may reach a.shop.com, b.shop.com." in said
    assert only(box) == ("maker.com", "a.shop.com", "b.shop.com")


def test_what_was_not_shown_stays(caregiver: FlaskClient, box: Box, steward: dict[str, Any]) -> None:
    """It only was not asked for today."""
    have(box, replace(DOLL, only=("maker.com", "holiday.com")))
    send(caregiver, PAGE, shown=["maker.com", "tracker.com"], site=["tracker.com"])
    assert only(box) == ("holiday.com", "tracker.com")


@pytest.mark.parametrize("values", [{"allow": "com"}, {"site": "<b>"}, {"shown": "a..b"}])
def test_what_is_no_name(caregiver: FlaskClient, with_doll: Box, values: dict[str, str]) -> None:
    """It is said, and nothing changes."""
    assert "is not the name of a site" in told(caregiver, send(caregiver, PAGE, **values))
    assert only(with_doll) is None


def test_nothing_was_asked_for(caregiver: FlaskClient, with_doll: Box, steward: dict[str, Any]) -> None:
    """Then nothing can be kept."""
    steward["asked"] = []
    page = caregiver.get(PAGE)
    assert "Nothing yet" in words(page)
    assert "Keep it to these" not in page.text


def test_what_is_no_thing(caregiver: FlaskClient, with_doll: Box, steward: dict[str, Any]) -> None:
    """A phone that somebody called a thing shows nothing."""
    steward["is_thing"] = False
    assert "This is no thing" in words(caregiver.get(PAGE))


@pytest.mark.parametrize("answer", [{"is_away": True}, {"asked": [{"name": 1}]}, {"grain": None}])
def test_without_a_steward(caregiver: FlaskClient, with_doll: Box, steward: dict[str, Any], answer: Any) -> None:
    """That it doesn't answer, or not well, is said."""
    steward |= answer
    assert "The steward does not answer" in words(caregiver.get(PAGE))


@pytest.mark.parametrize(
    ("device", "why"),
    [
        (replace(DOLL, person="jonas"), "It is Jonas's, and at this age names are for nobody else."),
        (replace(DOLL, person="dana"), "It is Dana's, and nothing of an adult is written."),
        (replace(DOLL, kind=DeviceKind.TV), "what somebody watched or played"),
        (replace(DOLL, person=None), "Names are seen by nobody here."),
    ],
)
def test_why_nothing_is_seen(
    caregiver: FlaskClient, box: Box, steward: dict[str, Any], device: Device, why: str
) -> None:
    """Where the contract shows nothing, the page says why and what can be done."""
    have(box, device)
    steward["grain"] = "no"
    assert why in words(caregiver.get(PAGE))


@pytest.mark.parametrize("kind", DeviceKind)
def test_which_devices_have_the_page(caregiver: FlaskClient, box: Box, steward: dict[str, Any], kind: DeviceKind) -> None:  # fmt: skip # noqa: E501
    """What nobody types an address into, and nothing else; the device's own page leads there."""
    have(box, replace(DOLL, kind=kind, person=None))
    is_thing = kind in (DeviceKind.IOT, DeviceKind.TV, DeviceKind.CONSOLE)
    assert caregiver.get(PAGE).status_code == (200 if is_thing else 404)
    assert send(caregiver, PAGE, site="maker.com").status_code == (303 if is_thing else 404)
    assert (PAGE in caregiver.get("/devices/doll").text) == is_thing


def test_names_are_no_markup(caregiver: FlaskClient, with_doll: Box, steward: dict[str, Any]) -> None:
    """Whatever a thing asks for."""
    steward["asked"] = [asked('<i>"x</i>.com')]
    assert "<i>" not in caregiver.get(PAGE).text
