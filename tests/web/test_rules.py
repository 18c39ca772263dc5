"""A site is blocked or allowed for one child, with an end if wanted, and the page says what that really does."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core import names, policy
from appliance.core.person import Do, Rule
from appliance.core.schedule import Window
from appliance.core.verdict import Reason
from appliance.core.word import Pause
from appliance.store.errors import DiskFull
from appliance.web import edits, rules
from appliance.web.box import Box
from appliance.web.ladder import NoName
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 4, 18, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("roblox.com", "roblox.com"),
        (" WWW.Roblox.com. ", "roblox.com"),
        ("https://www.roblox.com:8443/games?x=1#top", "roblox.com"),
        ("*.roblox.com", "roblox.com"),
        ("https://dana:pw@chat.example/x", "chat.example"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("www.com", "www.com"),
    ],
)
def test_a_site_is_found_in_what_was_typed_or_pasted(typed: str, expected: str) -> None:
    """A name, or the whole address of a page."""
    assert expected == rules.site(typed)


@pytest.mark.parametrize(
    "typed", ["", "not a site", "com", "192.0.2.1", "http://", "a..b", HOSTILE, "x" * 300, "https://[::1]/"]
)
def test_what_is_no_site_is_refused(typed: str) -> None:
    """An address, words, and what would be half of the net."""
    with pytest.raises((NoName, names.BadName)):
        rules.site(typed)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("", None),
        ("10min", NOW + timedelta(minutes=10)),
        ("hour", NOW + timedelta(hours=1)),
        ("tonight", datetime(2026, 3, 5, tzinfo=BERLIN)),
    ],
)
def test_an_end_is_chosen(choice: str, expected: datetime | None) -> None:
    """Always, a while, or until the house's midnight."""
    assert expected == rules.ending(choice, None, NOW)


def test_an_hour_is_an_hour_when_the_clock_changes() -> None:
    """From 01:30 in the night of the change it is until 03:30."""
    before = datetime(2026, 3, 29, 1, 30, tzinfo=BERLIN)
    until = rules.ending("hour", None, before)
    assert until is not None
    assert until.astimezone(UTC) - before.astimezone(UTC) == timedelta(hours=1)
    assert f"{until:%H:%M}" == "03:30"


def test_an_end_of_ones_own_is_by_the_houses_clock_and_lies_ahead() -> None:
    """What is over, or missing, is refused."""
    typed = datetime(2026, 3, 6, 20, 0)
    assert rules.ending("at", typed, NOW) == datetime(2026, 3, 6, 20, 0, tzinfo=BERLIN)
    for wrong in (None, datetime(2026, 3, 4, 18, 30)):
        with pytest.raises(rules.NoEnd):
            rules.ending("at", wrong, NOW)


def test_a_site_is_blocked(caregiver: FlaskClient, box: Box) -> None:
    """For this child, from the next question on."""
    answer = send(caregiver, "/child/mia/rules", name="https://www.news.example/x", do="block")
    assert box.house().persons[0].rules == (Rule(name="news.example", do=Do.BLOCK),)
    assert last(box) == (CAREGIVER, "rule_blocked", {"name": "news.example", "person": "mia"})
    assert "news.example is blocked for Mia, on all devices." in told(caregiver, answer)
    compiled = box.policy()
    mia, jonas = compiled.by_person["mia"], compiled.by_person["jonas"]
    assert policy.decide(compiled, mia, "www.news.example", None, box.now()).is_blocked
    assert not policy.decide(compiled, jonas, "www.news.example", None, box.now()).is_blocked


def test_a_site_is_allowed_for_ten_minutes(caregiver: FlaskClient, box: Box) -> None:
    """The end stands in the audit with its distance to UTC."""
    at = box.now()
    answer = send(caregiver, "/child/mia/rules", name="chat.example", do="allow", end="10min")
    rule = box.house().persons[0].rules[0]
    assert rule.until is not None
    assert 590 < rule.until.timestamp() - at < 660
    _, code, args = last(box)
    assert code == "rule_allowed"
    assert datetime.fromisoformat(args["until"]) == rule.until
    assert datetime.fromisoformat(args["until"]).utcoffset() is not None
    assert f"chat.example is open for Mia until {rule.until.astimezone(BERLIN):%H:%M}" in told(caregiver, answer)


def test_the_values_that_other_pages_send_are_understood(caregiver: FlaskClient, box: Box) -> None:
    """An hour, and always as nothing at all."""
    send(caregiver, "/child/mia/rules", name="a.example", do="allow", end="hour")
    send(caregiver, "/child/mia/rules", name="b.example", do="block", end="")
    ends = [rule.until is None for rule in box.house().persons[0].rules]
    assert ends == [False, True]


def test_an_end_of_ones_own(caregiver: FlaskClient, box: Box) -> None:
    """As the browser's field sends it."""
    tomorrow = box.local_time(box.now() + 86_400).replace(second=0, microsecond=0)
    typed = f"{tomorrow:%Y-%m-%dT%H:%M}"
    assert send(caregiver, "/child/mia/rules", name="a.example", do="block", end="at", until=typed).status_code == 303
    assert box.house().persons[0].rules[0].until == tomorrow


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": "", "do": "block"}, "Type the name of a site"),
        ({"name": "no site", "do": "block"}, "This is not the name of a site."),
        ({"name": "com", "do": "block"}, "Write the whole name, like com.com."),
        ({"name": "a.example"}, "Block or allow?"),
        ({"name": "a.example", "do": "burn"}, "Not a valid choice."),
        ({"name": "a.example", "do": "block", "end": "never"}, "Not a valid choice."),
        ({"name": "a.example", "do": "block", "end": "at"}, "Choose a day and a time."),
        ({"name": "a.example", "do": "block", "end": "at", "until": "soon"}, "Not a valid datetime value."),
        ({"name": "a.example", "do": "block", "end": "at", "until": "2020-01-01T10:00"}, "This time is over already."),
        ({"name": HOSTILE, "do": "block", "end": "hour"}, "This is not the name of a site."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    caregiver: FlaskClient, box: Box, values: dict[str, str], expected: str
) -> None:
    """And no rule is made."""
    answer = send(caregiver, "/child/mia/rules", **values)
    assert answer.status_code == 422
    assert expected in words(answer)
    assert "<script>alert" not in answer.text
    assert box.house().persons[0].rules == ()
    if values.get("name") == "a.example":
        assert 'value="a.example"' in answer.text
    if values.get("end") in ("at", "hour"):
        assert f'value="{values["end"]}" checked' in answer.text


@pytest.mark.parametrize(
    ("name", "do", "expected"),
    [
        ("nummergegenkummer.de", "block", "Stays open: Help lines are always open"),
        ("pornhub.com", "allow", "Stays closed: Closed at this age"),
    ],
)
def test_where_another_step_decides_the_page_says_so(caregiver: FlaskClient, name: str, do: str, expected: str) -> None:
    """After saving, and in the list from then on."""
    answer = send(caregiver, "/child/mia/rules", name=name, do=do)
    page = told(caregiver, answer)
    assert page.count(expected) == 2


def test_protected_information_stays_open_from_ten_on(caregiver: FlaskClient, box: Box) -> None:
    """At 0-9 a caregiver may put it off, in the open."""
    name = next(entry.name for entry in box.book.entries if entry.tag == "mental_health" and not entry.is_not)
    answer = send(caregiver, "/child/jonas/rules", name=name, do="block")
    assert "Stays open: Protected information" in told(caregiver, answer)
    answer = send(caregiver, "/child/mia/rules", name=name, do="block")
    assert f"{name} is blocked for Mia" in told(caregiver, answer)


def test_a_pause_and_bedtime_stand_above_a_rule_that_allows(caregiver: FlaskClient, box: Box) -> None:
    """The list does not say it of each rule: they end by themselves."""
    night = Window(name="Bedtime", start="00:00", end="24:00")
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [night]))
    answer = send(caregiver, "/child/mia/rules", name="a.example", do="allow")
    page = told(caregiver, answer)
    assert page.count("Stays closed: It is Bedtime now.") == 1
    pause = Pause(said_at=box.local_time(box.now()), until=box.local_time(box.now() + 600), person="mia")
    box.change("x", Reason("x"), lambda house: replace(house, pauses=(pause,)))
    answer = send(caregiver, "/child/mia/rules", name="b.example", do="allow")
    assert "Stays closed: The Internet is paused." in told(caregiver, answer)


def test_the_list_says_who_since_and_until(caregiver: FlaskClient) -> None:
    """The latest first."""
    send(caregiver, "/child/mia/rules", name="a.example", do="block")
    send(caregiver, "/child/mia/rules", name="b.example", do="allow", end="hour")
    page = words(caregiver.get("/child/mia/rules"))
    assert page.index("b.example Allowed until") < page.index("a.example Blocked · Robin, just now")


def test_a_rule_that_ended_is_not_listed_and_goes_with_the_next_change(caregiver: FlaskClient, box: Box) -> None:
    """It held until its end."""
    over = Rule(name="old.example", do=Do.BLOCK, until=box.local_time(box.now() - 5))
    box.change("x", Reason("x"), lambda house: edits.with_rule(house, "mia", over))
    assert "old.example" not in words(caregiver.get("/child/mia/rules"))
    send(caregiver, "/child/mia/rules", name="new.example", do="block")
    assert [rule.name for rule in box.house().persons[0].rules] == ["new.example"]


def test_a_rule_is_removed(caregiver: FlaskClient, box: Box) -> None:
    """Once; a second time says that it is gone."""
    send(caregiver, "/child/mia/rules", name="a.example", do="block")
    answer = send(caregiver, "/child/mia/rules/remove", name="a.example")
    assert "The rule about a.example is gone." in told(caregiver, answer)
    assert box.house().persons[0].rules == ()
    assert last(box) == (CAREGIVER, "rule_removed", {"name": "a.example", "person": "mia"})
    answer = send(caregiver, "/child/mia/rules/remove", name="a.example")
    assert "There is no rule about a.example any more." in told(caregiver, answer)
    answer = send(caregiver, "/child/mia/rules/remove", name="<b>")
    assert "This is not the name of a site." in told(caregiver, answer)


def test_a_full_disk_is_said_beside_what_was_typed(
    caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is lost but the change."""

    def full(*_: object, **__: object) -> None:
        raise DiskFull("house.db")

    monkeypatch.setattr(box, "change", full)
    answer = send(caregiver, "/child/mia/rules", name="a.example", do="block")
    assert answer.status_code == 422
    assert DiskFull("").sentence in words(answer)
    assert 'value="a.example"' in answer.text


def test_sites_are_for_caregivers_and_of_persons_that_are_there(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Others are led to the log-in."""
    for place in ("/child/mia/rules", "/child/mia/rules/remove"):
        assert "/log-in" in send(anyone, place, name="a.example", do="block").location
        assert caregiver.post(place, data={"name": "a.example", "do": "block"}).status_code == 400
        assert send(caregiver, place.replace("mia", "nobody"), name="a.example", do="block").status_code == 404
