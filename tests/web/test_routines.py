"""Bedtime, school, homework, free and own times are added, changed, copied and removed by a plain form."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core.house import OwnService
from appliance.core.said import Things
from appliance.core.schedule import EVERY_DAY, DateException, Day, Routine, Window
from appliance.core.verdict import Reason
from appliance.web import edits, week_edits, week_starts
from appliance.web.box import Box
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import CAREGIVER

NIGHT = Window(name="Bedtime", start="20:30", end="06:30", routine=Routine.BEDTIME)
DAYS = [day.value for day in Day]
CHESS = OwnService(id="chess-club", name="Chess club", domains=("chess.example",))


@pytest.fixture
def key(box: Box) -> str:
    """Mia has a bedtime; what stands for it."""
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [NIGHT]))
    return week_edits.key_of(NIGHT)


@pytest.fixture
def chess(box: Box) -> None:
    """The house has a service of its own."""
    box.change("x", Reason("x"), lambda house: replace(house, services=(CHESS,)))


def windows(box: Box) -> tuple[Window, ...]:
    """Return Mia's routines."""
    return edits.person_of(box.house(), "mia").windows


@pytest.mark.parametrize("start", ["", *week_starts.STARTS])
def test_a_form_starts_from_something_usual(caregiver: FlaskClient, box: Box, start: str) -> None:
    """With its days and times filled in, as most families of that age have them."""
    page = caregiver.get(f"/child/mia/routines/new{'/' if start else ''}{start}")
    usual = week_starts.usual(start or "bedtime", "6-9", box.book.categories)
    assert page.status_code == 200
    assert f'value="{usual.start}"' in page.text
    assert f'name="routine" value="{usual.routine.value}"' in page.text
    assert page.text.count('name="days"') == 7
    is_on = 'name="internet" value="on" checked'
    assert (is_on in page.text) is usual.internet
    chosen = len(usual.days) + len(usual.allow.categories) + len(usual.block.categories) + usual.uncounted + 1
    assert len(re.findall("<input[^>]* checked", page.text)) == chosen


def test_there_is_no_other_start(caregiver: FlaskClient) -> None:
    """Nor a child that isn't there, nor an adult's bedtime."""
    for place in ("/child/mia/routines/new/party", "/child/nobody/routines/new", "/child/dana/routines/new"):
        assert caregiver.get(place).status_code == 404


def test_what_is_usual_can_be_saved_as_it_is(caregiver: FlaskClient, box: Box) -> None:
    """Each kind at once, by the fields that its form has."""
    for start in week_starts.STARTS:
        usual = week_starts.usual(start, "6-9", box.book.categories)
        sent = fields(replace(usual, name=usual.name if start != "own" else "Dinner"))
        assert send(caregiver, f"/child/mia/routines/new/{start}", **sent).status_code == 303
    assert [one.routine for one in windows(box)] == [one.routine for one in week_starts.STARTS.values()]
    assert [one.internet for one in windows(box)] == [False, False, True, True, False]


def test_a_bedtime_is_added(caregiver: FlaskClient, box: Box) -> None:
    """The page says when the Internet is off."""
    answer = send(
        caregiver, "/child/mia/routines/new", name="Bedtime", routine="bedtime", start="20:30", end="06:30", days=DAYS
    )
    assert windows(box) == (NIGHT,)
    assert last(box) == (CAREGIVER, "windows_set", {"person": "mia"})
    assert answer.location == "/child/mia/week"
    assert "Bedtime: off every day, 20:30 to 06:30." in told(caregiver, answer)


def test_all_that_holds_in_it_is_saved(caregiver: FlaskClient, box: Box, chess: None) -> None:
    """Services, kinds of sites and names, opened and closed, strict search, minutes that don't count."""
    answer = send(
        caregiver, "/child/mia/routines/new/homework", name="Homework", routine="homework", start="14:00",
        end="15:00", days=["mon"], internet="on", allow=["service:chess-club"], allow_names="https://www.Leo.example/de\r\n",
        block=["category:social_media"], block_names="a.example\n\nb.example\na.example", safe_search="y",
        uncounted="y",
    )  # fmt: skip
    assert windows(box) == (
        Window(
            name="Homework", start="14:00", end="15:00", days=(Day.MON,), routine=Routine.HOMEWORK, internet=True,
            allow=Things(services=("chess-club",), names=("leo.example",)),
            block=Things(categories=("social_media",), names=("a.example", "b.example")), safe_search=True,
            uncounted=True,
        ),
    )  # fmt: skip
    assert "on without Social feeds, a.example, b.example" in told(caregiver, answer)


def test_a_time_may_slow_in_place_of_closing(caregiver: FlaskClient, box: Box) -> None:
    """While the Internet is on; that alone is enough to differ."""
    sent = {"name": "Evening", "routine": "other", "start": "18:00", "end": "20:00", "days": DAYS, "slow": "y"}
    answer = send(caregiver, "/child/mia/routines/new/own", internet="off", **sent)
    assert answer.status_code == 422
    assert "To slow things down, leave the Internet on." in words(answer)
    answer = send(caregiver, "/child/mia/routines/new/own", internet="on", **sent)
    assert [(one.slow, one.internet) for one in windows(box)] == [(True, True)]
    assert "Evening: all slow every day, 18:00 to 20:00." in told(caregiver, answer)


def test_where_all_is_off_nothing_more_is_closed(caregiver: FlaskClient, box: Box) -> None:
    """What was ticked before the Internet was switched off is forgotten, right or wrong."""
    more = {"internet": "off", "block": ["category:social_media", "service:nothing"], "block_names": "no name"}
    send(caregiver, "/child/mia/routines/new", **GOOD, **more)
    assert windows(box)[0].block == Things()


GOOD: dict[str, Any] = {"name": "Meal", "start": "18:00", "end": "18:45", "days": ["mon", "sun"]}
OPEN = {"internet": "on", "block": ["category:social_media"]}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "  "}, "Give it a name"),
        ({"name": "a\x00b"}, "One line of text"),
        ({"name": "a" * 41}, "At most 40 characters."),
        ({"days": []}, "Choose a day."),
        ({"days": ["mon", "someday"]}, "is not a valid choice"),
        ({"start": ""}, "When does it begin?"),
        ({"start": "25:00"}, "This is not a time of day"),
        ({"start": "24:00"}, "This is not a time of day"),
        ({"end": "soon"}, "This is not a time of day"),
        ({"end": "18:00"}, "From and to are the same."),
        ({"routine": "party"}, "Not a valid choice."),
        ({"internet": "on"}, "nothing else differs"),
        ({"allow": ["service:no-such"]}, "There is no service “no-such” any more."),
        ({"allow": ["thing:no-such"]}, "There is no such thing as “no-such” any more."),
        ({"allow": ["category:pornography"]}, "Pornography is closed at this age: two caregivers together lift it"),
        ({"allow_names": "no name here"}, "“no name here” is not the name of a site."),
        ({"allow_names": "com"}, "“com” is not the name of a site."),
        ({"allow_names": "\n".join(f"{number}.example.com" for number in range(201))}, "At most 200 names"),
        ({**OPEN, "block": ["group:no-such"]}, "There is no group “no-such” any more."),
        ({**OPEN, "block": ["category:mental_health"]}, "Mental health is protected at this age"),
        ({**OPEN, "block_names": "no name here"}, "“no name here” is not the name of a site."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    caregiver: FlaskClient, box: Box, wrong: dict[str, Any], expected: str
) -> None:
    """And no routine is made."""
    values: dict[str, Any] = {**GOOD, **wrong}
    answer = send(caregiver, "/child/mia/routines/new", **values)
    assert answer.status_code == 422
    assert expected in words(answer)
    if "days" not in wrong:
        assert len(re.findall('name="days"[^>]* checked', answer.text)) == 2
    if "end" not in wrong:
        assert 'value="18:45"' in answer.text
    assert windows(box) == ()


def test_a_whole_day_is_from_midnight_to_midnight(caregiver: FlaskClient, box: Box) -> None:
    """The one pair of like times that means something."""
    send(caregiver, "/child/mia/routines/new", name="Off", routine="other", start="00:00", end="00:00", days=["sun"])
    assert windows(box) == (Window(name="Off", start="00:00", end="00:00", days=(Day.SUN,)),)


def test_a_routine_is_changed_in_its_place(caregiver: FlaskClient, box: Box, key: str) -> None:
    """The form shows it as it is; what isn't sent stays."""
    place = f"/child/mia/routines/{key}"
    page = caregiver.get(place)
    assert 'value="20:30"' in page.text
    assert len(re.findall('name="days"[^>]* checked', page.text)) == 7
    send(caregiver, place, name="Bedtime", start="21:00", end="06:30", days=DAYS)
    assert windows(box) == (replace(NIGHT, start="21:00"),)


def test_a_form_that_is_sent_as_it_is_changes_nothing(caregiver: FlaskClient, box: Box, chess: None) -> None:
    """All that a routine can say is in its form."""
    window = Window(
        name="All", start="10:00", end="12:00", days=(Day.SAT,), routine=Routine.FREE, internet=True, uncounted=True,
        allow=Things(services=("chess-club",), categories=("music",), names=("a.example",)), safe_search=True,
        block=Things(categories=("social_media", "forum"), names=("b.example", "c.example")),
    )  # fmt: skip
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [window]))
    place = f"/child/mia/routines/{week_edits.key_of(window)}"
    page = caregiver.get(place)
    for value in ("service:chess-club", "category:music", "category:social_media", "category:forum"):
        assert f'value="{value}" checked' in page.text
    assert send(caregiver, place, **fields(window)).status_code == 303
    assert windows(box) == (window,)


def test_a_routine_is_copied_to_the_days_that_it_leaves_free(caregiver: FlaskClient, box: Box) -> None:
    """The form for another one begins with all that it has, on the other days."""
    school_nights = replace(NIGHT, days=EVERY_DAY[:4])
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [school_nights]))
    place = f"/child/mia/routines/new?like={week_edits.key_of(school_nights)}"
    page = caregiver.get(place)
    assert re.findall('name="days" value="(...)" checked', page.text) == ["fri", "sat", "sun"]
    send(caregiver, place, **fields(replace(NIGHT, days=EVERY_DAY[4:6], start="22:00")))
    assert windows(box) == (school_nights, replace(NIGHT, days=EVERY_DAY[4:6], start="22:00"))


def test_what_one_caregiver_can_not_choose_is_not_offered(caregiver: FlaskClient) -> None:
    """Hard things to open, protected ones to close."""
    page = caregiver.get("/child/mia/routines/new/homework").text
    assert 'name="allow" value="category:education"' in page
    assert 'name="allow" value="category:pornography"' not in page
    assert 'name="block" value="category:mental_health"' not in page
    assert 'name="block" value="category:education"' in page


def test_what_fell_out_on_other_days_still_does_under_a_new_name(caregiver: FlaskClient, box: Box, key: str) -> None:
    """And is forgotten with the routine."""
    today = box.local_time(box.now()).date()
    off = DateException(name="Off", first=today, last=today, instead_of=("Bedtime",))
    box.change("x", Reason("x"), lambda house: week_edits.with_exception(house, "mia", None, off, today))
    send(caregiver, f"/child/mia/routines/{key}", **fields(replace(NIGHT, name="Night")))
    assert edits.person_of(box.house(), "mia").exceptions == (replace(off, instead_of=("Night",)),)
    send(caregiver, f"/child/mia/routines/{week_edits.key_of(replace(NIGHT, name='Night'))}/remove")
    assert edits.person_of(box.house(), "mia").exceptions == ()


def test_a_routine_is_removed(caregiver: FlaskClient, box: Box, key: str) -> None:
    """And the page says so."""
    answer = send(caregiver, f"/child/mia/routines/{key}/remove")
    assert windows(box) == ()
    assert "Bedtime is gone from Mia's week." in told(caregiver, answer)


def test_a_routine_that_another_caregiver_changed_is_not_overwritten(
    caregiver: FlaskClient, box: Box, key: str
) -> None:
    """The page shows it as it is now."""
    later = Window(name="Bedtime", start="22:00", end="06:30")
    box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [later]))
    for place in (f"/child/mia/routines/{key}", f"/child/mia/routines/{key}/remove"):
        answer = send(caregiver, place, **GOOD)
        assert "changed in the meantime" in told(caregiver, answer)
    assert "changed in the meantime" in told(caregiver, caregiver.get(f"/child/mia/routines/{key}"))
    assert windows(box) == (later,)


def test_two_who_change_it_at_the_same_moment_are_told(
    caregiver: FlaskClient, box: Box, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the page was read before and is saved after the other one's change, what was typed stays in the form."""
    later = replace(NIGHT, start="22:00")
    say = box.household.say

    def late(*args: Any, **more: Any) -> object:
        monkeypatch.undo()
        box.change("x", Reason("x"), lambda house: edits.with_windows(house, "mia", [later]))
        return say(*args, **more)

    monkeypatch.setattr(box.household, "say", late)
    answer = send(caregiver, f"/child/mia/routines/{key}", **GOOD)
    assert answer.status_code == 422
    assert "somebody changed it in the meantime" in words(answer)
    assert 'value="18:45"' in answer.text
    assert windows(box) == (later,)


def test_a_hostile_name_is_only_a_name(caregiver: FlaskClient, box: Box) -> None:
    """On the form and on the page of the week."""
    name = HOSTILE[:38]
    send(caregiver, "/child/mia/routines/new", **{**GOOD, "name": name})
    place = f"/child/mia/routines/{week_edits.key_of(windows(box)[0])}"
    for page in (caregiver.get(place), caregiver.get("/child/mia/week")):
        assert "<script>alert" not in page.text
        assert name in words(page)


def test_routines_are_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient, box: Box, key: str) -> None:
    """Others are led to the log-in; a form without its token changes nothing."""
    for place in ("/child/mia/routines/new", f"/child/mia/routines/{key}", f"/child/mia/routines/{key}/remove"):
        assert "/log-in" in send(anyone, place, **GOOD).location
        assert caregiver.post(place, data=GOOD).status_code in (400, 422)
    assert windows(box) == (NIGHT,)


def fields(window: Window) -> dict[str, Any]:
    """Return what the form of a routine sends."""
    allow, block = window.allow, window.block
    ticks = {"safe_search": window.safe_search, "uncounted": window.uncounted}
    return {
        "name": window.name,
        "routine": window.routine.value,
        "start": window.start,
        "end": window.end,
        "days": [day.value for day in window.days],
        "internet": "on" if window.internet else "off",
        "allow": [*(f"service:{one}" for one in allow.services), *(f"category:{one}" for one in allow.categories)],
        "allow_names": "\r\n".join(allow.names),
        "block": [*(f"service:{one}" for one in block.services), *(f"category:{one}" for one in block.categories)],
        "block_names": "\r\n".join(block.names),
        **{name: "y" for name, is_on in ticks.items() if is_on},
    }
