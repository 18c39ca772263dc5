"""appliance.web.time: pause, resume and open with one tap."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from appliance.core.budget import Budget
from appliance.core.house import House
from appliance.core.schedule import Schedule, Window
from appliance.core.verdict import Reason
from appliance.core.word import Grant, Pause
from appliance.household.changes import Unpublished
from appliance.store.errors import DiskFull
from appliance.web import edits, time, time_edits
from appliance.web.box import Box
from tests.web.asking import last, send, told
from tests.web.conftest import AT, CAREGIVER, OWNER
from tests.web.minutes import EARLY, NEW_DAY, has, used

BERLIN = ZoneInfo("Europe/Berlin")
BEDTIME = Window(name="Bedtime", start="20:30", end="07:00")
Csrf = Callable[[FlaskClient], str]


@pytest.fixture(autouse=True)
def _morning(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is 05:53 in Berlin."""
    monkeypatch.setattr(Box, "now", lambda _: AT)


def at(text: str) -> float:
    """Return a moment of Berlin's clock."""
    told = datetime.fromisoformat(text)
    return (told if told.tzinfo else told.replace(tzinfo=BERLIN)).timestamp()


def ends(words: tuple[Pause, ...] | tuple[Grant, ...]) -> list[tuple[str | None, float]]:
    """Return whom each word is for, and when it ends."""
    return [(word.person, word.until.timestamp()) for word in words]


@pytest.mark.parametrize(
    ("windows", "now", "expected"),
    [
        ([BEDTIME], "2026-11-23T17:42", "2026-11-24T07:00"),
        ([BEDTIME], "2026-11-23T23:42", "2026-11-24T07:00"),
        ([BEDTIME], "2026-11-24T06:59", "2026-11-24T07:00"),
        ([BEDTIME], "2026-11-24T07:00", "2026-11-25T07:00"),
        ([Window(name="Bedtime", start="20:00", end="23:59")], "2026-11-24T00:30", "2026-11-24T07:00"),
        ([], "2026-11-23T17:42", "2026-11-24T07:00"),
        ([], "2026-11-24T01:00", "2026-11-24T07:00"),
        ([Window(name="School", start="08:00", end="15:30")], "2026-11-23T17:42", "2026-11-24T07:00"),
        (
            [Window(name="Quiet", start="21:00", end="24:00"), Window(name="Night", start="00:00", end="06:15")],
            "2026-11-23T17:42",
            "2026-11-24T06:15",
        ),
        ([Window(name="Night", start="00:00", end="24:00")], "2026-11-23T17:42", None),
        ([BEDTIME], "2026-10-24T22:00", "2026-10-25T07:00"),
        ([], "2026-10-25T02:30+02:00", "2026-10-25T07:00"),
        ([], "2026-03-28T22:00", "2026-03-29T07:00"),
    ],
)
def test_morning_is_the_end_of_the_night_that_is_or_comes(
    windows: list[Window], now: str, expected: str | None
) -> None:
    """Without a night within 18 hours it is the next 07:00 of the house's clock, on days of 23 and 25 hours too."""
    found = time.morning(Schedule(windows, (), BERLIN), BERLIN, at(now))
    assert found > at(now)
    if expected is not None:
        assert found == at(expected)


@pytest.mark.parametrize(
    ("choice", "until"), [("15", AT + 900), ("30", AT + 1800), ("morning", at("2026-03-04T07:00"))]
)
def test_a_child_is_paused_for_as_long_as_was_chosen(
    box: Box, caregiver: FlaskClient, csrf: Csrf, choice: str, until: float
) -> None:
    """The pause is in the house, the audit has its words, and the page that it came from says so."""
    form = {"csrf_token": csrf(caregiver), "for": choice, "back": "/child/mia"}
    answer = caregiver.post("/child/mia/pause", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/child/mia")
    assert ends(box.house().pauses) == [("mia", until)]
    entry = box.household.store.audit(limit=1)[0]
    told = datetime.fromtimestamp(until, BERLIN).isoformat(timespec="seconds")
    assert (entry.who, entry.what) == ("robin-account", Reason.of("paused", person="mia", until=told))
    assert f"Mia is paused until {datetime.fromtimestamp(until, BERLIN):%H:%M}." in caregiver.get("/").text


def test_a_paused_child_is_resumed_and_the_others_are_not(box: Box, caregiver: FlaskClient, csrf: Csrf) -> None:
    """One child's tap is about that child."""
    token = csrf(caregiver)
    for child in ("mia", "jonas"):
        caregiver.post(f"/child/{child}/pause", data={"csrf_token": token, "for": "15"})
    caregiver.post("/child/mia/resume", data={"csrf_token": token})
    assert ends(box.house().pauses) == [("jonas", AT + 900)]
    assert box.household.store.audit(limit=1)[0].what == Reason.of("resumed", person="mia")


def test_all_are_paused_and_resumed_at_once(box: Box, caregiver: FlaskClient, csrf: Csrf) -> None:
    """Until morning is until the last child's."""
    late = Window(name="Bedtime", start="21:00", end="09:15")
    box.change(OWNER, Reason("windows"), lambda house: edits.with_windows(house, "jonas", [late]))
    token = csrf(caregiver)
    caregiver.post("/pause", data={"csrf_token": token, "for": "morning"})
    assert ends(box.house().pauses) == [(None, at("2026-03-04T09:15"))]
    assert "All children are paused until 09:15." in caregiver.get("/").text
    caregiver.post("/resume", data={"csrf_token": token})
    assert box.house().pauses == ()


def test_what_is_closed_is_opened_for_a_while(box: Box, caregiver: FlaskClient, csrf: Csrf) -> None:
    """A pass for everything that one caregiver may open."""
    caregiver.post("/child/mia/open", data={"csrf_token": csrf(caregiver), "minutes": "15"})
    grants = box.house().grants
    assert ends(grants) == [("mia", AT + 900)]
    assert [(grant.name, grant.category) for grant in grants] == [(None, None)]
    assert box.household.store.audit(limit=1)[0].what.code == "opened"


@pytest.mark.parametrize(
    ("url", "form", "status"),
    [
        ("/child/mia/pause", {}, 400),
        ("/child/mia/pause", {"for": "16"}, 400),
        ("/pause", {"for": "-15"}, 400),
        ("/child/mia/open", {"minutes": "100000"}, 400),
        ("/child/mia/open", {}, 400),
        ("/child/nobody/pause", {"for": "15"}, 404),
        ("/child/dana/pause", {"for": "15"}, 404),
        ("/child/dana/open", {"minutes": "15"}, 404),
    ],
)
def test_what_no_button_says_changes_nothing(
    box: Box, caregiver: FlaskClient, csrf: Csrf, url: str, form: dict[str, str], status: int
) -> None:
    """Other lengths, nobody, and adults are refused."""
    before = box.house()
    assert caregiver.post(url, data=form | {"csrf_token": csrf(caregiver)}).status_code == status
    assert box.house() == before


@pytest.mark.parametrize("url", ["/child/mia/pause", "/child/mia/resume", "/child/mia/open", "/pause", "/resume"])
def test_nothing_is_done_without_a_token_or_a_log_in(
    box: Box, anyone: FlaskClient, caregiver: FlaskClient, csrf: Csrf, url: str
) -> None:
    """A page elsewhere, and a child, can't press these buttons."""
    before = box.house()
    form = {"for": "15", "minutes": "15"}
    assert caregiver.post(url, data=form).status_code == 400
    assert anyone.post(url, data=form | {"csrf_token": csrf(anyone)}).headers["Location"].startswith("/log-in")
    assert box.house() == before


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (DiskFull("house.db"), "The disk is full: nothing was changed"),
        (Unpublished("house.json"), "This is saved and not lost, but it can&#39;t take effect yet"),
        (edits.NoSuchPerson("there is no person"), "Nothing was changed: there is no person"),
    ],
)
def test_what_stood_in_the_way_is_said(
    caregiver: FlaskClient, csrf: Csrf, monkeypatch: pytest.MonkeyPatch, trouble: Exception, words: str
) -> None:
    """The page never says that a child is paused when it isn't."""

    def fail(*_: object, **__: object) -> House:
        raise trouble

    token = csrf(caregiver)
    monkeypatch.setattr(Box, "change", fail)
    caregiver.post("/child/mia/pause", data={"csrf_token": token, "for": "15"})
    page = caregiver.get("/").text
    assert words in page
    assert "Mia is paused" not in page


def test_it_leads_back_to_a_page_of_ours_only(caregiver: FlaskClient, csrf: Csrf) -> None:
    """A form that names another site leads home."""
    form = {"csrf_token": csrf(caregiver), "for": "15", "back": "//evil.example"}
    assert caregiver.post("/child/mia/pause", data=form).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("what", "minutes", "until", "said"),
    [
        ("", "30", AT + 1_800, "Open for Mia until 06:23."),
        ("time", "today", NEW_DAY, "Open for Mia until tomorrow 03:30."),
        ("everything", "15", AT + 900, "Open for Mia until 06:08."),
        ("service:youtube", "30", AT + 1_800, "YouTube is open for Mia until 06:23."),
        ("group:game", "60", AT + 3_600, "is open for Mia until 06:53."),
        ("category:dating", "60", AT + 3_600, "is open for Mia until 06:53."),
        ("https://www.games.example/a", "15", AT + 900, "games.example is open for Mia until 06:08."),
    ],
)
def test_one_thing_is_opened_for_a_while(
    box: Box, caregiver: FlaskClient, what: str, minutes: str, until: float, said: str
) -> None:
    """A service, a group, a kind, a site, everything, or (where nothing is said) time."""
    assert said in told(caregiver, send(caregiver, "/child/mia/open", what=what, minutes=minutes))
    assert ends(box.house().grants) == [("mia", until)]
    who, code, args = last(box)
    assert (who, code) == (CAREGIVER, "opened" if what in ("", "time") else "pass_given")
    assert args.get("what", "time") == time_edits.about(box.house().grants[0])


@pytest.mark.parametrize("what", ["service:nothing", "group:", "not a name", "com", "8.8.8.8"])
def test_what_nobody_knows_is_not_opened(box: Box, caregiver: FlaskClient, what: str) -> None:
    """The page says so."""
    answer = send(caregiver, "/child/mia/open", what=what, minutes="15")
    assert "Nothing was changed:" in told(caregiver, answer)
    assert box.house().grants == ()


def given(box: Box) -> list[tuple[str, int | None, float]]:
    """Return what Mia's grants are about, their minutes, and when each ends."""
    return [(time_edits.about(one), one.minutes, one.until.timestamp()) for one in box.house().grants]


def test_more_is_extra_time_where_a_window_stops_the_child(box: Box, caregiver: FlaskClient) -> None:
    """From now on; a second tap makes it longer."""
    has(box, Budget(minutes=60), windows=(EARLY,))
    assert "Open for Mia until 06:08." in told(caregiver, send(caregiver, "/child/mia/more", minutes="15"))
    assert given(box) == [("time", None, AT + 900)]
    send(caregiver, "/child/mia/more", minutes="30")
    assert given(box) == [("time", None, AT + 2_700)]


def test_more_undoes_a_pause(box: Box, caregiver: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as long as was tapped."""
    box.change(OWNER, Reason("paused"), lambda house: edits.paused(house, "mia", AT, AT + 7_200))
    monkeypatch.setattr(Box, "now", lambda _: AT + 60)
    send(caregiver, "/child/mia/more", minutes="15")
    assert given(box) == [("time", None, AT + 960)]


@pytest.mark.parametrize(
    ("minutes", "given_", "said"),
    [("15", 15, "15 minutes more"), ("30", 30, "30 minutes more"), ("-15", -15, "15 minutes fewer")],
)
def test_more_is_minutes_of_the_day_where_there_is_a_budget(
    box: Box, caregiver: FlaskClient, minutes: str, given_: int, said: str
) -> None:
    """Until the new day; fewer are a penalty."""
    has(box, Budget(minutes=60))
    used(box, everything=20)
    assert f"Mia has {said} today." in told(caregiver, send(caregiver, "/child/mia/more", minutes=minutes))
    assert given(box) == [("minutes", given_, NEW_DAY)]


def test_more_can_be_used_after_more_was_used_than_there_is(box: Box, caregiver: FlaskClient) -> None:
    """15 minutes are 15 minutes, whatever was taken away before."""
    has(box, Budget(minutes=60))
    used(box, everything=70)
    send(caregiver, "/child/mia/more", minutes="15")
    assert given(box) == [("minutes", 25, NEW_DAY)]


@pytest.mark.parametrize("budget", [(), (Budget(what="service:youtube", minutes=30),)])
def test_where_nothing_stops_the_child_more_changes_nothing(
    box: Box, caregiver: FlaskClient, budget: tuple[Budget, ...]
) -> None:
    """And the page says why."""
    has(box, *budget)
    before = box.house()
    assert "Nothing stops Mia now" in told(caregiver, send(caregiver, "/child/mia/more", minutes="15"))
    assert box.house() == before


@pytest.mark.parametrize("minutes", ["", "16", "-30"])
def test_more_is_what_a_button_says(box: Box, caregiver: FlaskClient, minutes: str) -> None:
    """Other numbers are refused, without a token too."""
    has(box, Budget(minutes=60))
    assert send(caregiver, "/child/mia/more", minutes=minutes).status_code == 400
    assert caregiver.post("/child/mia/more", data={"minutes": "15"}).status_code == 400
    assert box.house().grants == ()


def test_one_device_is_paused_and_resumed(box: Box, caregiver: FlaskClient, anyone: FlaskClient) -> None:
    """The child's other devices go on; its page says until when."""
    back = "/devices/tablet"
    shown = told(caregiver, send(caregiver, "/devices/tablet/pause", **{"for": "30", "back": back}))
    assert "Mia's tablet is paused until 06:23." in shown
    assert "Paused until 06:23" in shown
    (pause,) = box.house().pauses
    assert (pause.device, pause.person, pause.until.timestamp()) == ("tablet", None, AT + 1_800)
    assert last(box)[1] == "paused_device"
    assert "The pause of Mia's tablet is over." in told(caregiver, send(caregiver, "/devices/tablet/resume", back=back))
    assert box.house().pauses == ()
    assert send(caregiver, "/devices/gone/pause", **{"for": "30"}).status_code == 404
    assert send(caregiver, "/devices/gone/resume").status_code == 404
    assert send(anyone, "/devices/tablet/pause", **{"for": "30"}).status_code == 303
    assert box.house().pauses == ()
