"""The own page's minutes, what was just closed, own requests, and the minutes to finish."""

from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace
from werkzeug.test import TestResponse

from appliance.core.budget import Budget
from appliance.core.device import Device, DeviceKind
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.store.errors import Locked
from appliance.store.requests import Answer
from appliance.web import edits
from appliance.web.box import Box
from appliance.world import clock
from tests.guessing import BETS
from tests.web.asking import words
from tests.web.conftest import AT, OWNER, token_of
from tests.web.minutes import NEW_DAY, has, used

TABLET_AT, LAPTOP_AT = "192.168.77.10", "192.168.77.11"
JUST_NOW = Window(name="Early hours", start="05:50", end="07:00")
"""It began three minutes ago."""
LONG_AGO = Window(name="Early hours", start="05:00", end="07:00")
DAILY = Budget(minutes=90)


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


def page(client: FlaskClient, address: str = TABLET_AT) -> str:
    """Return the words of the own page of a device."""
    return words(client.get("/me", environ_base={"REMOTE_ADDR": address}))


def finish(client: FlaskClient, address: str = TABLET_AT) -> TestResponse:
    """Tap "to finish" on a device."""
    return client.post("/me/grace", data={"csrf_token": token_of(client)}, environ_base={"REMOTE_ADDR": address})


def closed(monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any]) -> list[dict[str, Any]]:
    """Have the steward tell what was closed; return what it was asked."""
    asked: list[dict[str, Any]] = []

    def answer(_: Box, ask: str, **what: Any) -> dict[str, Any] | None:
        asked.append({"ask": ask, **what})
        return {"bus": 1, "entries": list(entries)} if ask == "recent" else None

    monkeypatch.setattr(Box, "ask_steward", answer)
    return asked


def entry(name: str | None, category: str = "social_media", **more: Any) -> dict[str, Any]:
    """Return an entry as the steward tells it."""
    told = {"at": AT - 60, "action": "block", "device": "tablet", "person": "mia", "category": category, "name": name}
    return told | more


def test_minutes_are_a_ring_and_a_number(box: Box, anyone: FlaskClient) -> None:
    """Everything's first, the others below, with what doesn't count."""
    has(box, Budget(what="service:youtube", minutes=45), DAILY)
    used(box, everything=42, service_youtube=37)
    shown = page(anyone)
    assert "How much time is left? 48 minutes left" in shown
    assert "42 of 90 min counted today, on all devices together." in shown
    assert "YouTube 8 of 45 min left" in shown
    assert "Only 8 minutes left: YouTube." in shown
    assert "Doesn’t count: School and knowledge" in shown
    assert "How much time is left?" not in page(anyone, LAPTOP_AT)


def test_minutes_that_only_slow_are_told_as_such(box: Box, anyone: FlaskClient) -> None:
    """So that nobody is surprised by it."""
    has(box, DAILY)
    assert "may be slow" not in page(anyone)
    has(box, replace(DAILY, slow=True))
    assert "when it is used up it may be slow, and isn’t closed." in page(anyone)


def test_used_up_is_told_with_until_when(box: Box, anyone: FlaskClient) -> None:
    """And more can be asked for."""
    has(box, DAILY)
    used(box, everything=90)
    shown = page(anyone)
    assert "Time is up Your minutes are used up until tomorrow 03:30." in shown
    assert "0 minutes left" in shown
    assert "Ask for more time" in shown


def test_the_young_person_sees_what_caregivers_do_not(box: Box, anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """From 16 on minutes are the own tool."""
    has(box, DAILY, person="jonas", band="16-17")
    used(box, "jonas", everything=90)
    assert "Your minutes are used up" in page(anyone, LAPTOP_AT)
    home = words(caregiver.get("/"))
    assert "Time is up" not in home
    assert "90 of 90" not in home


def test_what_was_just_closed_is_one_tap_away(box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its service or its name, once each; what is open by now, other devices' and the silent are not there."""
    asked = closed(
        monkeypatch,
        entry("i.instagram.com"),
        entry("instagram.com", at=AT - 30),
        entry("odd.example", "forum"),
        entry("tinder.com", "dating", at=AT - 7_300),
        entry("tinder.com", "dating", device="phone"),
        entry("tinder.com", "dating", action="allow"),
        entry("ads.example", "trackers_ads"),
        entry(None, "unclassified"),
        entry(None, "dating"),
    )
    reply = anyone.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT})
    shown = unescape(reply.text)
    ring = {"ask": "recent", "person": "mia", "role": "child", "device": "tablet"}
    assert [one for one in asked if one["ask"] == "recent"] == [ring]
    assert shown.count('name="what" value="service:instagram"') == 1
    assert "instagram.com · 05:52" in words(reply)
    assert 'value="category:dating"' in shown
    for word in ("odd.example", "tinder", "ads.example", "unclassified"):
        assert word not in shown


@pytest.mark.parametrize("told", [{"bus": 1}, {"bus": 1, "entries": "x"}, {"bus": 1, "entries": [{"at": "x"}]}, None])
def test_a_steward_that_tells_nothing_leaves_the_typed_site(
    anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any] | None
) -> None:
    """One can always ask."""
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: told)
    assert "A site or an app" in page(anyone)


def test_answers_stand_there_with_their_end(box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is over says so; after some days it is gone from the page."""
    store = box.household.store.requests
    one = store.ask("mia", "tablet", "games.example", "", AT)
    yes = Answer(one.id, is_allowed=True, until=AT + 900)
    box.change("robin-account", Reason("request_allowed"), lambda house: house, answer=yes)
    assert "games.example Yes, until 06:08 · Robin" in page(anyone)
    monkeypatch.setattr(clock, "now", lambda: AT + 1_000)
    assert "games.example It was open for a while · Robin" in page(anyone)
    monkeypatch.setattr(clock, "now", lambda: AT + 4 * 86_400)
    assert "games.example" not in page(anyone)


@pytest.mark.parametrize("state", ["window", "time up"])
def test_a_match_is_finished_once_an_evening(
    box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """The child's own tap: extra time from now on, told to everybody, and not a second time before the next day."""
    has(box, DAILY, grace_minutes=5, windows=(JUST_NOW,) if state == "window" else ())
    used(box, everything=90 if state == "time up" else 0)
    assert "5 min to finish" in page(anyone)
    assert finish(anyone).location == "/me"
    shown = page(anyone)
    assert "5 minutes to finish, until 05:58." in shown
    assert "There is extra time until 05:58." in shown
    assert "You took time to finish until 05:58." in shown
    (grant,) = box.house().grants
    assert (grant.person, grant.time, grant.grace, grant.until.timestamp()) == ("mia", True, True, AT + 300)
    assert box.household.store.audit(limit=1)[0].who == "person:mia"
    monkeypatch.setattr(clock, "now", lambda: AT + 301)
    assert "min to finish" not in page(anyone)
    finish(anyone)
    assert "This is not possible now." in page(anyone)
    assert box.house().grants == (grant,)


def test_the_next_evening_there_is_another(box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """It belongs to the budgets' day."""
    has(box, DAILY, grace_minutes=5)
    used(box, everything=90)
    finish(anyone)
    monkeypatch.setattr(clock, "now", lambda: NEW_DAY + 60)
    has(box, Budget(minutes=0), grace_minutes=5)
    assert "5 min to finish" in page(anyone)


@pytest.mark.parametrize(
    "more",
    [
        {"grace_minutes": 0, "windows": (JUST_NOW,)},
        {"grace_minutes": 5},
        {"grace_minutes": 5, "windows": (LONG_AGO,)},
        {"grace_minutes": 5, "windows": (replace(JUST_NOW, internet=True),)},
    ],
)
def test_where_nothing_just_ended_there_is_nothing_to_finish(
    box: Box, anyone: FlaskClient, more: dict[str, Any]
) -> None:
    """Nor where caregivers set none; the form is refused too."""
    has(box, **more)
    assert "min to finish" not in page(anyone)
    finish(anyone)
    assert box.house().grants == ()


def test_a_pause_is_not_finished(box: Box, anyone: FlaskClient) -> None:
    """A caregiver said it; and a stranger or a managed machine has nothing to finish."""
    has(box, DAILY, grace_minutes=5, windows=(JUST_NOW,))
    work = Device(id="work", person="mia", kind=DeviceKind.MANAGED, bedtime=True, addresses=("192.168.77.32",))
    box.change(OWNER, Reason("device_added"), lambda house: edits.with_device(house, work))
    for address in ("192.168.77.32", "192.168.77.200"):
        assert "min to finish" not in page(anyone, address)
        finish(anyone, address)
    box.change(OWNER, Reason("paused"), lambda house: edits.paused(house, "mia", AT, AT + 900))
    assert "min to finish" not in page(anyone)
    finish(anyone)
    assert box.house().grants == ()


def test_a_caregiver_who_looks_presses_nothing(box: Box, caregiver: FlaskClient) -> None:
    """What stands on the child's page is shown, without its buttons."""
    has(box, DAILY, grace_minutes=5, windows=(JUST_NOW,))
    box.household.store.requests.ask("mia", "tablet", "games.example", "", AT)
    shown = caregiver.get("/child/mia/page").text
    assert "games.example" in shown
    assert "/me/" not in shown.replace("kindgate.home/me", "")


def test_a_store_that_is_locked_hides_no_minutes(
    box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests and the minutes to finish wait; what holds is told."""
    has(box, DAILY, grace_minutes=5)
    used(box, everything=90)

    def locked(*_: object, **__: object) -> None:
        raise Locked

    for method in ("of", "open"):
        monkeypatch.setattr(type(box.household.store.requests), method, locked)
    monkeypatch.setattr(type(box.household.store), "audit", locked)
    shown = page(anyone)
    assert "0 minutes left" in shown
    assert "min to finish" not in shown
    assert page(anyone, "192.168.77.200")


def test_a_change_that_fails_is_told(box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page doesn't say that there is time when there is none."""
    has(box, DAILY, grace_minutes=5)
    used(box, everything=90)

    def locked(*_: object, **__: object) -> None:
        raise Locked

    monkeypatch.setattr(Box, "change", locked)
    finish(anyone)
    assert Locked().sentence in page(anyone)


@pytest.mark.usefixtures("classifier")
def test_what_looked_risky_is_told_with_why(box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words, as a whole site, once; what it would no longer ask about is not there."""
    risky = {"category": "unknown_new", "action": "ask"}
    closed(
        monkeypatch,
        entry(f"www.{BETS}", **risky),
        entry(BETS, **risky, at=AT - 90),
        entry("knitting-circle.example", **risky),
        entry(None, **risky),
    )
    reply = anyone.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT})
    assert unescape(reply.text).count(f'name="what" value="{BETS}"') == 1
    said = "It looks like gambling: “casino”, “bet”, .example. We may be wrong: you can ask."
    assert f"{BETS} www.{BETS} · 05:52 {said} Ask" in words(reply)
    assert "knitting-circle" not in reply.text
    assert "unknown_new" not in reply.text


def test_what_looked_risky_is_told_without_the_classifier(
    box: Box, anyone: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That it was closed as such is known; what else closes or opens it by now counts first."""
    risky = {"category": "unknown_new", "action": "ask"}
    closed(monkeypatch, entry(BETS, **risky), entry("wikipedia.org", **risky))
    reply = anyone.get("/me", environ_base={"REMOTE_ADDR": TABLET_AT})
    assert f"{BETS} 05:52 It is new here and looks risky. We may be wrong: you can ask." in words(reply)
    assert "wikipedia" not in reply.text
