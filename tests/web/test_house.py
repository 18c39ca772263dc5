"""The house: what is wrong and how it is mended, how each part stands, and what an owner sets for all."""

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance.household.inforce import Daemon, InForce, Standing
from appliance.store.errors import Locked
from appliance.web import worth
from appliance.web.box import Box
from tests.web.conftest import CAREGIVER, HOUSE


def shown(client: FlaskClient) -> str:
    """Return the page."""
    reply = client.get("/house")
    assert reply.status_code == 200
    return unescape(reply.get_data(as_text=True))


def steward(monkeypatch: pytest.MonkeyPatch, **answers: dict[str, Any] | None) -> None:
    """Have a steward answer so."""
    monkeypatch.setattr(Box, "ask_steward", lambda _box, ask, **_what: answers.get(ask))


def standing(monkeypatch: pytest.MonkeyPatch, **daemons: Standing) -> None:
    """Have the daemons stand so."""
    found = tuple(Daemon(name, one, 1, 2, "It is broken." * (one is Standing.BEHIND)) for name, one in daemons.items())
    monkeypatch.setattr(Box, "in_force", lambda _: InForce(7, found))


@pytest.mark.parametrize("code", sorted(worth.PROBLEMS))
def test_every_problem_has_words_and_a_mend(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """As the steward tells it by its code."""
    steward(monkeypatch, status={"bus": 1, "problems": [{"code": code, "args": {}}]})
    page = shown(caregiver)
    assert all(text in page for text in worth.PROBLEMS[code])
    assert "Nothing is wrong." not in page


def test_a_problem_of_a_later_steward_is_not_hidden(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code is better than nothing; and it is text."""
    steward(monkeypatch, status={"bus": 1, "problems": [{"code": "<b>flood</b>", "args": {}}]})
    assert "The box reports: <b>flood</b>" in shown(caregiver)
    assert "<b>flood" not in caregiver.get("/house").get_data(as_text=True)


def test_all_is_well_only_if_it_is(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each part runs and nobody has a problem."""
    steward(monkeypatch, status={"bus": 1, "problems": []})
    standing(monkeypatch, nameserver=Standing.RUNS, steward=Standing.RUNS, finder=Standing.RUNS)
    assert "Nothing is wrong." in shown(caregiver)
    standing(monkeypatch, nameserver=Standing.RUNS, steward=Standing.RUNS, finder=Standing.GONE)
    assert "Nothing is wrong." not in shown(caregiver)


@pytest.mark.parametrize("one", list(Standing))
def test_each_part_says_how_it_stands(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch, one: Standing) -> None:
    """In a word; one that runs another house says why."""
    standing(monkeypatch, nameserver=one)
    words = {"runs": "Runs", "behind": "Catching up", "silent": "Doesn't answer", "gone": "Not running"}
    page = shown(caregiver)
    assert words[one.value] in page
    assert ("The name server says: It is broken." in page) is (one is Standing.BEHIND)


def test_a_store_that_is_locked_is_told(box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the last published house below."""

    def locked(*_: object, **__: object) -> None:
        raise Locked

    for method in ("current", "audit"):
        monkeypatch.setattr(type(box.household.store), method, locked)
    monkeypatch.setattr(type(box.household.store.found), "all", locked)
    page = shown(caregiver)
    assert "What caregivers set can't be read at the moment." in page
    assert "Germany" in page


@pytest.mark.parametrize("told", [{"bus": 1}, {"bus": 1, "problems": "x"}, {"bus": 1, "problems": [{"args": 1}]}])
def test_what_the_steward_says_wrongly_spoils_nothing(
    caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]
) -> None:
    """The page does without."""
    steward(monkeypatch, status=told, events={"bus": 1, "events": [{"kind": 3}]})
    assert "Parts of the box" in shown(caregiver)


def test_what_happened_is_told_in_words(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of whom, where it is of somebody; what has no words yet is left out."""
    events = [{"at": 1.0, "kind": "malware_blocked", "person": "mia"}, {"at": 2.0, "kind": "brand_new"}]
    steward(monkeypatch, status={"bus": 1, "problems": []}, events={"bus": 1, "events": events})
    page = shown(caregiver)
    assert "A harmful site was stopped (Mia)." in page
    assert "brand_new" not in page


def test_only_what_stands_here_is_asked_for(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """An evening full of cuts leaves room for what befell the box; another router is told without a name."""
    asked: list[dict[str, Any]] = []

    def answer(_: Box, ask: str, **what: Any) -> dict[str, Any] | None:
        asked.append({"ask": ask, **what})
        return {"bus": 1, "events": [{"at": 1.0, "kind": "side_door"}]} if ask == "events" else None

    monkeypatch.setattr(Box, "ask_steward", answer)
    assert "Another router offered the devices a way for IPv6 past the box." in shown(caregiver)
    (events,) = (one for one in asked if one["ask"] == "events")
    assert "connections_cut" not in events["kinds"]
    assert {"side_door", "other_dhcp", "bypass_sign", "daemon_gone"} <= set(events["kinds"])


def test_devices_that_nobody_named_are_counted(caregiver: FlaskClient) -> None:
    """A way to them stands beside."""
    page = shown(caregiver)
    assert "1 that nobody named" in page
    assert 'href="/devices"' in page


def test_an_owner_sets_what_holds_for_all(box: Box, owner: FlaskClient, csrf: Callable[[FlaskClient], str]) -> None:
    """In one change that the audit knows."""
    data = {"csrf_token": csrf(owner), "country": "FR", "zone": "Europe/Paris", "unknown": "closed"}
    reply = owner.post("/house/edit", data=data)
    assert (reply.status_code, reply.location) == (303, "/house")
    now = box.house()
    assert (now.country, now.time_zone, now.unknown_devices) == ("FR", "Europe/Paris", "closed")
    assert (now.persons, now.devices) == (HOUSE.persons, HOUSE.devices)
    assert box.household.store.audit(limit=1)[0].what.code == "house_set"


@pytest.mark.parametrize(
    "wrong", [{"zone": "Mars/Phobos"}, {"country": "ZZ"}, {"unknown": "open"}, {"zone": ""}, {"unknown": ""}]
)
def test_what_can_not_be_is_said_at_its_field(
    box: Box, owner: FlaskClient, csrf: Callable[[FlaskClient], str], wrong: dict[str, str]
) -> None:
    """And nothing is changed."""
    data = {"csrf_token": csrf(owner), "country": "FR", "zone": "Europe/Paris", "unknown": "closed"} | wrong
    reply = owner.post("/house/edit", data=data)
    assert reply.status_code == 422
    assert "kg-wrong" in reply.get_data(as_text=True)
    assert box.house() == HOUSE


def test_a_store_that_is_full_keeps_the_form(
    box: Box, owner: FlaskClient, csrf: Callable[[FlaskClient], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was chosen, and what is in the way."""

    def locked(*_: object, **__: object) -> None:
        raise Locked

    monkeypatch.setattr(type(box.household.store), "change", locked)
    data = {"csrf_token": csrf(owner), "country": "FR", "zone": "Europe/Paris", "unknown": "closed"}
    reply = owner.post("/house/edit", data=data)
    assert reply.status_code == 422
    assert Locked().sentence in unescape(reply.get_data(as_text=True))
    assert '<option selected value="FR">' in reply.get_data(as_text=True)


def test_a_caregiver_sees_and_does_not_set(caregiver: FlaskClient, owner: FlaskClient, anyone: FlaskClient) -> None:
    """The settings of the house are an owner's."""
    assert "/house/edit" not in shown(caregiver)
    assert "/house/edit" in shown(owner)
    assert [client.get("/house/edit").status_code for client in (caregiver, owner, anyone)] == [403, 200, 303]
    assert anyone.get("/house").status_code == 303
    assert CAREGIVER
