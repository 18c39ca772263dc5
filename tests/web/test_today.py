"""Today: counts as far as the contract lets one see, per child; honest where nothing is told."""

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.person import Person
from appliance.core.verdict import Reason
from appliance.web import today
from appliance.web.box import Box
from appliance.world import clock
from tests.guessing import BETS, Fake
from tests.web.asking import words
from tests.web.conftest import AT, HOUSE, MIA, OWNER

DAY = "2026-03-04"


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the steward is asked; its answers are those of `COUNTS` and `EVENTS`."""
    found: list[dict[str, Any]] = []

    def answer(_: Box, ask: str, **what: Any) -> dict[str, Any] | None:
        found.append({"ask": ask, **what})
        if ask == "events":
            return {"bus": 1, "events": EVENTS.get(what["person"], [])}
        return COUNTS.get(what.get("person", ""))

    monkeypatch.setattr(Box, "ask_steward", answer)
    return found


def row(category: str, action: str, count: int) -> dict[str, Any]:
    """Return a row as the steward tells it."""
    return {"day": DAY, "category": category, "action": action, "count": count}


COUNTS: dict[str, dict[str, Any]] = {
    "mia": {
        "bus": 1, "grain": "day", "is_whole": True, "visited": [],
        "rows": [
            row("education", "allow", 40), row("forum", "ask", 3), row("forum", "allow", 7),
            row("unclassified", "allow", 5),
        ],
        "blocked": [{"day": DAY, "name": "<b>games</b>.example", "category": "browser_games", "count": 4}],
    },
    "jonas": {"bus": 1, "grain": "week", "rows": [row("forum", "allow", 90)], "is_whole": False},
}  # fmt: skip


EVENTS: dict[str, list[dict[str, Any]]] = {
    "mia": [
        {
            "at": AT - 600, "is_exact": True, "day": DAY, "kind": "connections_cut", "person": "mia",
            "args": {"what": "pause", "connections": 3, "still": 1},
        },
        {"at": AT - 86_400, "is_exact": False, "day": "2026-03-03", "kind": "bypass_sign", "args": {"route": "tor"}},
    ],
}  # fmt: skip


def of_counts(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was asked of counts."""
    return [one for one in asked if one["ask"] == "counts"]


def shown(client: FlaskClient, **query: str) -> str:
    """Return the page."""
    reply = client.get("/today", query_string=query)
    assert reply.status_code == 200
    return reply.get_data(as_text=True)


def test_counts_stand_by_kind_with_what_was_stopped(caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """As numbers and words; the blocked names with a way to ask why."""
    page = shown(caregiver, child="mia")
    assert "School and knowledge" in page
    assert "55 times, 3 stopped" in page
    assert "Everything else" in page
    assert "/why?name=%3Cb%3Egames%3C/b%3E.example&amp;child=mia" in page
    assert "<b>games" not in page
    assert "Kept for 30 days." in page
    assert of_counts(asked) == [{"ask": "counts", "person": "mia", "first": DAY, "last": DAY}]


def test_sums_of_a_week_say_so(caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """And that the latest minutes are missing."""
    page = shown(caregiver, child="jonas")
    assert "This week" in page
    assert "At this age sums of a week are shown, and no names." in page
    assert "The latest minutes are missing" in page
    assert "Kept for 4 weeks." in page
    assert len(of_counts(asked)) == 1


def test_from_16_nothing_is_even_asked(box: Box, caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """The page says what is shown at that age."""
    liv = Person(id="liv", name="Liv", band="16-17")
    box.change(OWNER, Reason("house_replaced"), lambda house: replace(house, persons=(*house.persons, liv)))
    page = shown(caregiver, child="liv")
    assert "Only requests and malware are shown to you at this age." in page
    assert asked == []


def test_adults_have_no_card(caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """They are not counted, and can't be asked for."""
    page = shown(caregiver)
    assert ('id="child-mia"' in page, 'id="child-jonas"' in page, 'id="child-dana"' in page) == (True, True, False)
    assert {one["person"] for one in asked} == {"mia", "jonas"}
    assert caregiver.get("/today?child=dana").status_code == 404


@pytest.mark.parametrize(
    "answer", [None, {"bus": 1}, {"bus": 1, "grain": "day", "rows": [{"day": 1}]}, {"bus": 1, "grain": "x"}]
)
def test_a_steward_that_says_nothing_is_told(
    caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any] | None
) -> None:
    """Nothing is shown as nothing counted."""
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: answer)
    page = shown(caregiver, child="mia")
    assert "be read at the moment" in page
    assert "Nothing was asked for yet." not in page


def test_what_happened_stands_under_its_day(caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """What was cut with its time and what went on; a way round with neither time nor name."""
    page = shown(caregiver, child="mia")
    assert "05:43</span> · The Internet was paused; 3 connections closed." in page
    assert "1 of them went on 5 seconds later, and was closed again." in page
    assert "Tor, a network" not in page
    before = shown(caregiver, child="mia", day="2026-03-03")
    assert "Something looked like Tor, a network that hides who visits what" in before
    assert "The Internet was paused" not in before
    assert {(one["person"], one["role"]) for one in asked if one["ask"] == "events"} == {("mia", "caregiver")}


def test_a_quiet_day_says_so(caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is something else than a silent steward."""
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: {"bus": 1, "grain": "day", "rows": [], "blocked": []})
    assert "Nothing was asked for yet." in shown(caregiver, child="mia")


def test_a_house_without_children_says_what_to_do(box: Box, caregiver: FlaskClient) -> None:
    """One next step."""
    box.change(OWNER, Reason("house_replaced"), lambda _: House(persons=()))
    assert "No children yet" in shown(caregiver)


def test_days_go_back_as_far_as_they_are_kept(caregiver: FlaskClient, asked: list[dict[str, Any]]) -> None:
    """No link leads to a day of which nothing exists, or into the future."""
    assert "day=2026-03-03" in shown(caregiver, child="mia")
    page = shown(caregiver, child="mia", day="2026-02-03")
    assert "day=2026-02-02" not in page
    assert "day=2026-02-04" in page
    assert "day=2026-03-05" not in shown(caregiver, child="mia", day="2027-01-01")
    shown(caregiver, child="mia", day="no day")
    assert [one["first"] for one in of_counts(asked)] == [DAY, "2026-02-03", DAY, DAY]


def test_bars_are_shares_of_the_largest(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest beyond the first eight is one number."""
    rows = [row(id_, "allow", 100 - number) for number, id_ in enumerate(sorted(box.book.categories)[:12])]
    rows.append(row(rows[1]["category"], "block", 1))
    monkeypatch.setattr(Box, "ask_steward", lambda *_, **__: {"bus": 1, "grain": "day", "rows": rows})
    sheet = today.sheet_of(box, MIA, date.fromisoformat(DAY))
    assert (len(sheet.bars), sheet.bars[0].share, sheet.more) == (today.MOST_KINDS, 100, 92 + 91 + 90 + 89)
    assert (sheet.total, sheet.stopped) == (sum(one["count"] for one in rows), 1)
    assert HOUSE.persons[0] == MIA


def test_what_was_only_guessed_about_is_told_as_that(
    box: Box, caregiver: FlaskClient, classifier: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With how sure it is, all names in one question; without the classifier as what is new and suspicious."""
    names = (BETS, "knitting-circle.example", "odd.example")
    blocked = [{"day": DAY, "name": name, "category": "unknown_new", "count": 1} for name in names[:2]]
    blocked.append({"day": DAY, "name": names[2], "category": "forum", "count": 1})
    told = {"bus": 1, "grain": "day", "rows": [row("unknown_new", "ask", 2)], "blocked": blocked}
    monkeypatch.setattr(Box, "ask_steward", lambda _box, ask, **_what: told if ask == "counts" else None)
    page = words(caregiver.get("/today?child=mia"))
    assert f"{BETS} · new, looks like gambling (97 %)" in page
    assert "knitting-circle.example · New and suspicious" in page
    assert [one["names"] for one in classifier.asked if one["ask"] == "guess"] == [list(names[:2])]
