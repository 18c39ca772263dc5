"""Troubleshooting: begun and ended from its page, and shown as finely as the contract lets a caregiver see."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import Device, DeviceKind
from appliance.core.verdict import Reason
from appliance.web import session
from appliance.web.box import Box
from tests.web.conftest import CAREGIVER, HOUSE, MIA, TABLET

ENTRIES = [
    {
        "at": 1_772_600_000.0,
        "action": "block",
        "category": "social_media",
        "name": "<i>feed</i>.example",
        "grain": "full",
    },
    {"at": 1_772_600_001.0, "action": "allow", "category": "education", "name": None, "grain": "category"},
]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, box: Box) -> list[dict[str, Any]]:
    """What the steward is asked; a session of the tablet runs for nine minutes more."""
    found: list[dict[str, Any]] = []
    until = box.now() + 540

    def answer(_: Box, ask: str, **what: Any) -> dict[str, Any]:
        found.append({"ask": ask, **what})
        if what.get("device") in (None, "tablet"):
            running = {"device": "tablet", "person": "mia", "until": until}
            return {"bus": 1, **running, "entries": ENTRIES} if "device" in what else {"bus": 1, "sessions": [running]}
        return {"bus": 1, "device": what["device"], "person": None, "until": None, "entries": []}

    monkeypatch.setattr(Box, "ask_steward", answer)
    return found


def shown(client: FlaskClient, device: str = "tablet") -> str:
    """Return the page of a device."""
    reply = client.get(f"/devices/{device}/session")
    assert reply.status_code == 200
    return reply.get_data(as_text=True)


def test_what_runs_shows_what_it_saw(caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """Names where they are told, kinds where not; nothing of it is markup."""
    page = shown(caregiver)
    assert "&lt;i&gt;feed&lt;/i&gt;.example" in page
    assert "School and knowledge" in page
    assert "End now" in page
    assert asked == [{"ask": "session", "device": "tablet", "role": "caregiver"}]


@pytest.mark.parametrize(("minutes", "told"), [("15", 15), ("0", 0), ("9999", 0), ("x", 0)])
def test_it_is_begun_for_a_quarter_of_an_hour_and_ended(
    caregiver: FlaskClient, csrf: Callable[[FlaskClient], str], asked: list[dict[str, Any]], minutes: str, told: int
) -> None:
    """And for nothing else, whatever a form says."""
    reply = caregiver.post("/devices/laptop/session", data={"csrf_token": csrf(caregiver), "minutes": minutes})
    assert (reply.status_code, reply.location) == (303, "/devices/laptop/session")
    assert asked == [{"ask": "session", "device": "laptop", "minutes": told}]


@pytest.mark.parametrize(
    ("band", "said"),
    [
        ("6-9", "You see the names."),
        ("10-12", "you see kinds and no names."),
        ("13-15", "only the child sees it, not you."),
    ],
)
def test_what_will_be_seen_is_told_before(
    box: Box, caregiver: FlaskClient, asked: list[dict[str, Any]], band: str, said: str
) -> None:
    """By the contract, for the age of whoever holds the device."""
    device = replace(TABLET, id="other", macs=("02:77:00:00:00:77",), addresses=())
    house = replace(HOUSE, persons=(replace(MIA, band=band), *HOUSE.persons[1:]), devices=(*HOUSE.devices, device))
    box.change(CAREGIVER, Reason("house_replaced"), lambda _: house)
    assert said in unescape(shown(caregiver, "other"))
    assert len(asked) == 1


def test_adults_devices_are_never_looked_at(
    box: Box, caregiver: FlaskClient, csrf: Callable[[FlaskClient], str], asked: list[dict[str, Any]]
) -> None:
    """Nor nobody's, nor a school's."""
    kinds = {"work": DeviceKind.ADULT, "school": DeviceKind.MANAGED, "tv": DeviceKind.TV}
    devices = tuple(
        Device(id=id_, kind=kind, addresses=(f"192.168.78.{n}",)) for n, (id_, kind) in enumerate(kinds.items(), 1)
    )
    box.change(CAREGIVER, Reason("house_replaced"), lambda _: replace(HOUSE, devices=devices))
    for id_ in kinds:
        assert "Not for this device" in shown(caregiver, id_)
        data = {"csrf_token": csrf(caregiver), "minutes": "15"}
        assert caregiver.post(f"/devices/{id_}/session", data=data).status_code == 403
    assert all("minutes" not in one for one in asked)


def test_without_a_steward_it_says_so(caregiver: FlaskClient, csrf: Callable[[FlaskClient], str]) -> None:
    """No daemon runs here."""
    assert "The steward does not answer" in shown(caregiver)
    reply = caregiver.post(
        "/devices/tablet/session", data={"csrf_token": csrf(caregiver), "minutes": "15"}, follow_redirects=True
    )
    assert "This could not be started or ended" in reply.get_data(as_text=True)


def test_a_device_that_is_not_there_has_no_page(caregiver: FlaskClient, anyone: FlaskClient) -> None:
    """And who is not logged in sees none."""
    assert caregiver.get("/devices/lamp/session").status_code == 404
    assert anyone.get("/devices/tablet/session").status_code == 303


def test_those_that_run_are_listed(box: Box, asked: list[dict[str, Any]]) -> None:
    """For the child's page; without what they saw."""
    (running,) = session.running(box)
    assert (running.device, running.person, running.entries) == ("tablet", "mia", ())
    assert asked == [{"ask": "session"}]
