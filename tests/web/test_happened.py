"""What happened, in words: honest about what went on, without blame, to the child first, and never a name."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.device import DeviceKind
from appliance.core.person import Person
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.core.visibility import Role
from appliance.web import happened
from appliance.web.box import Box
from appliance.web.happened import Happened
from appliance.world import clock
from tests.web.asking import send, told, words
from tests.web.conftest import AT, CAREGIVER, HOUSE, LAPTOP, MIA, TABLET

TABLET_AT = "192.168.77.10"
DAY_S = 86_400.0
TODAY, YESTERDAY = "2026-03-04", "2026-03-03"
EARLY = Window(name="Early hours", start="05:00", end="07:00")


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning, 05:53."""
    monkeypatch.setattr(clock, "now", lambda: AT)


def cut(what: str = "pause", connections: int = 3, still: int = 0, at: float = AT - 600, **more: Any) -> dict[str, Any]:
    """Return a cut as the steward tells it."""
    args = {"what": what, "connections": connections, "still": still}
    return {"at": at, "is_exact": True, "day": TODAY, "kind": "connections_cut", "args": args} | more


def way(category: str = "bypass_vpn", route: str = "wireguard", **more: Any) -> dict[str, Any]:
    """Return a sign as the steward tells it."""
    args = {"category": category, "route": route}
    return {"at": AT - 3_200, "is_exact": False, "day": TODAY, "kind": "bypass_sign", "args": args} | more


def steward(monkeypatch: pytest.MonkeyPatch, *events: Any, **also: Any) -> list[dict[str, Any]]:
    """Have a steward tell these events, and nothing else; return what it is asked for."""
    asked: list[dict[str, Any]] = []

    def answer(_: Box, ask: str, **what: Any) -> dict[str, Any] | None:
        asked.append({"ask": ask, **what})
        return {"bus": 1, "events": events, **also} if ask == "events" else None

    monkeypatch.setattr(Box, "ask_steward", answer)
    return asked


def seen(app: Flask, box: Box, role: Role = Role.CAREGIVER, person: Person = MIA) -> tuple[Happened, ...]:
    """Return what a role is told of somebody."""
    with app.test_request_context():
        return happened.told(box, box.policy(), person, role)


@pytest.mark.parametrize(
    ("what", "words_"),
    [
        ("pause", "The Internet was paused"),
        ("window", "Early hours began"),
        ("budget", "The minutes were used up"),
        ("clock", "The box lost track of the time"),
        ("own_block", "A rule began to hold"),
        ("category_block", "A rule began to hold"),
    ],
)
def test_a_cut_says_what_began(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch, what: str, words_: str) -> None:
    """By the code of the reason; a window is called as it is called now. To the child, whose they were."""
    person = replace(MIA, windows=(EARLY,))
    box.change(CAREGIVER, Reason("house_replaced"), lambda _: replace(HOUSE, persons=(person, *HOUSE.persons[1:])))
    steward(monkeypatch, cut(what))
    (one,) = seen(app, box)
    assert (one.words, one.time, one.when) == (f"{words_}; 3 connections closed.", "05:43", "05:43")
    assert seen(app, box, Role.CHILD)[0].words == f"{words_}; 3 of your connections closed."


def test_a_window_that_is_gone(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a time off."""
    steward(monkeypatch, cut("window", 1))
    assert seen(app, box)[0].words == "A time off began; 1 connection closed."


@pytest.mark.parametrize(
    ("still", "note"),
    [
        (0, "5 seconds later nothing of it went on."),
        (1, "1 of them went on 5 seconds later, and was closed again."),
        (2, "2 of them went on 5 seconds later, and were closed again."),
    ],
)
def test_what_went_on_is_told(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch, still: int, note: str) -> None:
    """A rule that did not hold at once is not called one that did."""
    steward(monkeypatch, cut(still=still))
    assert seen(app, box)[0].note == note


def test_devices_are_told_together(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one rule ends at one moment is one line; another rule's, and another evening's, are others."""
    steward(
        monkeypatch, cut(at=AT - 30), cut(connections=2, still=1, at=AT - 60), cut("budget", at=AT - 50),
        cut(at=AT - DAY_S, day=YESTERDAY),
    )  # fmt: skip
    found = [(one.words, one.when) for one in seen(app, box)]
    assert found == [
        ("The minutes were used up; 3 connections closed.", "05:52"),
        ("The Internet was paused; 5 connections closed.", "05:52"),
        ("The Internet was paused; 3 connections closed.", "Yesterday 05:53"),
    ]


@pytest.mark.parametrize(
    ("band", "who_knows"),
    [
        ("0-5", "Caregivers see it too."),
        ("6-9", "Caregivers see it 1 hour after you."),
        ("10-12", "Caregivers see it only if it still goes on after 1 day."),
        ("13-15", "Caregivers see it only if it still goes on after 3 days, and then only that it does."),
    ],
)
def test_a_way_round_is_told_to_the_child(
    app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch, band: str, who_knows: str
) -> None:
    """What was seen, why it matters, who else learns of it and when, and how to ask for it."""
    person = replace(MIA, band=band)
    box.change(CAREGIVER, Reason("house_replaced"), lambda _: replace(HOUSE, persons=(person, *HOUSE.persons[1:])))
    asked = steward(monkeypatch, way(), way(at=AT - 9_000))
    (one,) = seen(app, box, Role.CHILD, person)
    assert (one.words, one.when, one.time) == ("Something looked like a VPN of the kind WireGuard.", "Today", "")
    assert one.note.startswith("This would go around the rules of your home (VPN services).")
    assert one.note.endswith(who_knows)
    assert one.asks == "category:bypass_vpn"
    assert [(each["role"], each["person"]) for each in asked] == [("child", "mia")]


def test_from_16_nobody_is_told_of_a_way_round(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """And caregivers of nothing at all: they aren't even asked about. What a rule ended, one sees for oneself."""
    asked = steward(monkeypatch, cut())
    grown = replace(MIA, band="16-17")
    assert seen(app, box, Role.CAREGIVER, grown) == ()
    assert asked == []
    assert [one.icon for one in seen(app, box, Role.CHILD, grown)] == ["scissors"]


def test_what_is_open_need_not_be_asked_for(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor what the box knows no kind of."""
    steward(
        monkeypatch, way("brand_new"), way("bypass_hidden", "name_pinned"), {**way(), "args": {"route": "mac_changed"}}
    )
    person = replace(MIA, band="13-15")
    box.change(CAREGIVER, Reason("house_replaced"), lambda _: replace(HOUSE, persons=(person, *HOUSE.persons[1:])))
    assert {one.asks for one in seen(app, box, Role.CHILD, person)} == {""}


def test_a_way_round_is_told_to_caregivers_without_blame(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its kind; where the age shows no more than that it goes on, with nothing else."""
    steward(monkeypatch, way())
    (one,) = seen(app, box)
    assert (one.words, one.note) == (
        "Something looked like a VPN of the kind WireGuard.",
        "VPN services. Many use such things for good reasons: talk about it first.",
    )
    steward(monkeypatch, way() | {"args": {}})
    (one,) = seen(app, box, person=replace(MIA, band="13-15"))
    assert (one.words, one.note) == (
        "Mia goes on with ways around the rules.",
        "More is not shown at this age. Many use such things for good reasons: talk about it first.",
    )


@pytest.mark.parametrize("events", [None, 5, [{"at": "now"}], [{"at": 1.0, "kind": "bypass_sign", "day": "soon"}]])
def test_what_can_t_be_read_is_not_shown(app: Flask, box: Box, monkeypatch: pytest.MonkeyPatch, events: object) -> None:
    """The page does without."""
    steward(monkeypatch, events=events)
    assert seen(app, box) == ()
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: None)
    assert seen(app, box) == ()


def own_page(client: FlaskClient) -> str:
    """Return the words of the own page on Mia's tablet."""
    return words(client.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT}))


def test_the_own_page(anyone: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says it, with a button that asks for the kind, in one tap."""
    steward(monkeypatch, cut(), way())
    page = own_page(anyone)
    assert "The Internet was paused; 3 of your connections closed." in page
    assert "Something looked like a VPN of the kind WireGuard." in page
    anyone.environ_base["REMOTE_ADDR"] = TABLET_AT
    answer = send(anyone, "/me/request", what="category:bypass_vpn")
    assert "Sent: you asked for sites of the kind “VPN services”." in told(anyone, answer)
    (one,) = box.household.store.requests.open(AT)
    assert (one.person, one.what) == ("mia", "category:bypass_vpn")


def test_nothing_happened(anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is no card."""
    steward(monkeypatch)
    assert "What happened?" not in own_page(anyone)


def test_a_caregiver_who_looks_at_the_page_sees_no_more_than_elsewhere(
    caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is the child's alone is not shown there, and nothing can be asked for."""
    asked = steward(monkeypatch, way())
    page = caregiver.get("/child/mia/page").text
    assert [one["role"] for one in asked if one["ask"] == "events"] == ["caregiver"]
    assert 'value="category:bypass_vpn"' not in page


@pytest.mark.parametrize("kind", [DeviceKind.MANAGED, DeviceKind.ADULT])
def test_on_a_device_of_which_nothing_is_told(
    anyone: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch, kind: DeviceKind
) -> None:
    """A school's machine is no place for what happened at home."""
    devices = (replace(TABLET, kind=kind), LAPTOP)
    box.change(CAREGIVER, Reason("house_replaced"), lambda _: replace(HOUSE, devices=devices))
    asked = steward(monkeypatch, way())
    own_page(anyone)
    assert [one for one in asked if one["ask"] == "events"] == []
