"""A child's minutes: budgets are set, changed and taken away, minutes given in one tap, and what doesn't count."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance.core import activity
from appliance.core.budget import Budget
from appliance.core.person import Person
from appliance.core.said import Things
from appliance.core.schedule import Day
from appliance.web import budgets, edits
from appliance.web.box import Box
from appliance.world import clock
from tests.web.asking import HOSTILE, last, send, told, words
from tests.web.conftest import AT, CAREGIVER
from tests.web.minutes import NEW_DAY, has, used

PAGE = "/child/mia/budgets"
TUBE = "service:youtube"
DAILY = Budget(minutes=120)


@pytest.fixture(autouse=True)
def _at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be a certain Wednesday morning."""
    monkeypatch.setattr(clock, "now", lambda: AT)


def mia(box: Box) -> Person:
    """Return Mia as she is in the house."""
    return edits.person_of(box.house(), "mia")


def test_minutes_are_shown_with_what_is_used(box: Box, caregiver: FlaskClient) -> None:
    """Everything's as a ring, the others as bars, each with what it gives."""
    longer = {Day.SAT: 180, Day.SUN: 180}
    has(box, Budget(what=TUBE, minutes=45, week=240), Budget(minutes=120, days=longer, carry_over=30))
    used(box, everything=72, service_youtube=37)
    shown = words(caregiver.get(PAGE))
    assert "48 of 120 min left" in shown
    assert "2 h a day · 3 h on Sa, Su · up to 30 min carried over · 72 used" in shown
    assert "8 of 45 min left" in shown
    assert "45 min a day · 4 h a week · 37 used" in shown
    assert activity.HOW_WELL in shown
    assert "A new day begins at 03:30" in shown
    assert shown.index("Everything that counts") < shown.index("YouTube Change")
    assert "The latest minutes are missing" not in shown


def test_a_count_that_lags_behind_is_told(box: Box, caregiver: FlaskClient) -> None:
    """Nobody takes old numbers for new ones."""
    has(box, DAILY)
    assert "The latest minutes are missing" in words(caregiver.get(PAGE))


def test_at_16_they_are_the_young_persons_own(box: Box, caregiver: FlaskClient) -> None:
    """What is set is shown, what is used isn't."""
    has(box, DAILY, band="16-17")
    used(box, everything=72)
    shown = words(caregiver.get(PAGE))
    assert "At this age only Mia sees how many are used." in shown
    assert "72" not in shown
    assert "2 h a day" in shown


def test_without_any_there_is_one_step(caregiver: FlaskClient) -> None:
    """And what doesn't count is there all the same."""
    answer = caregiver.get(PAGE)
    assert 'href="/child/mia/budgets/new"' in answer.text
    assert "No minutes are set" in words(answer)
    assert "School and knowledge" in words(answer)


@pytest.mark.parametrize(
    ("values", "budget"),
    [
        ({"what": "everything", "daily": "90"}, Budget(minutes=90)),
        ({"what": TUBE, "daily": "other", "minutes": "25"}, Budget(what=TUBE, minutes=25)),
        ({"what": "group:game", "daily": "", "week": "300"}, Budget(what="group:game", week=300)),
        ({"what": "category:video_sharing", "daily": "", "sat": "60", "sun": "0"},
         Budget(what="category:video_sharing", days={Day.SAT: 60, Day.SUN: 0})),
        ({"what": "everything", "daily": "60", "fri": "90", "week": "500", "carry_over": "15"},
         Budget(minutes=60, days={Day.FRI: 90}, week=500, carry_over=15)),
    ],
)  # fmt: skip
def test_a_budget_is_set(box: Box, caregiver: FlaskClient, values: dict[str, str], budget: Budget) -> None:
    """For everything, an app, a group, a kind; by day, by weekday, by week."""
    shown = told(caregiver, send(caregiver, f"{PAGE}/new", **values))
    assert mia(box).budgets == (budget,)
    assert last(box) == (CAREGIVER, "budget_set", {"person": "mia", "what": budget.what})
    assert budgets.gives(budget) in shown


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"what": "everything", "daily": ""}, "Set minutes for a day, for some days, or for a week."),
        ({"what": "everything", "daily": "other"}, "How many minutes a day?"),
        ({"what": "everything", "daily": "other", "minutes": "1441"}, "From 0 to 1440."),
        ({"what": "everything", "daily": "60", "week": "-1"}, "From 0 to 10080."),
        ({"what": "everything", "daily": "60", "mon": "1500"}, "From 0 to 1440."),
        ({"what": "service:nothing", "daily": "60"}, "Not a valid choice"),
        ({"what": "", "daily": "60"}, "Choose what the minutes are for."),
        ({"what": "category:pornography", "daily": "60"}, "Not a valid choice"),
    ],
)
def test_what_is_no_budget_is_told_at_its_field(
    box: Box, caregiver: FlaskClient, values: dict[str, str], said: str
) -> None:
    """And nothing is saved."""
    answer = send(caregiver, f"{PAGE}/new", **values)
    assert answer.status_code == 422
    assert said in words(answer)
    assert mia(box).budgets == ()


def test_a_budget_is_changed_in_its_place(box: Box, caregiver: FlaskClient) -> None:
    """The form has what was set; another thing may take the place, one that has minutes may not."""
    has(box, DAILY, Budget(what=TUBE, minutes=50, days={Day.SAT: 70}))
    shown = caregiver.get(f"{PAGE}/edit?what={TUBE}").text
    assert 'value="50"' in shown
    assert 'value="70"' in shown
    send(caregiver, f"{PAGE}/edit?what={TUBE}", what="group:game", daily="45", sat="")
    assert mia(box).budgets == (DAILY, Budget(what="group:game", minutes=45))
    assert send(caregiver, f"{PAGE}/edit?what=group:game", what="everything", daily="45").status_code == 422
    assert send(caregiver, f"{PAGE}/new", what="everything", daily="45").status_code == 422
    assert caregiver.get(f"{PAGE}/edit?what={TUBE}").status_code == 404


def test_a_budget_is_taken_away(box: Box, caregiver: FlaskClient) -> None:
    """Once; the second tap is told."""
    has(box, DAILY)
    assert "No minutes are set any more" in told(caregiver, send(caregiver, f"{PAGE}/remove", what="everything"))
    assert mia(box).budgets == ()
    assert "not set any more" in told(caregiver, send(caregiver, f"{PAGE}/remove", what="everything"))


@pytest.mark.parametrize(("minutes", "left"), [("15", 60), ("30", 75), ("-15", 30)])
def test_minutes_of_one_budget_are_given_in_one_tap(box: Box, caregiver: FlaskClient, minutes: str, left: int) -> None:
    """Until the new day."""
    has(box, DAILY, Budget(what=TUBE, minutes=45))
    used(box, everything=10)
    shown = told(caregiver, send(caregiver, f"{PAGE}/give", what=TUBE, minutes=minutes))
    assert f"{left} of {left} min left" in shown
    (grant,) = box.house().grants
    assert (grant.budget, grant.minutes, grant.until.timestamp()) == (TUBE, int(minutes), NEW_DAY)
    assert "110 of 120 min left" in shown


@pytest.mark.parametrize(("what", "minutes", "status"), [(TUBE, "15", 303), ("everything", "16", 400), ("", "", 400)])
def test_minutes_that_no_button_gives_change_nothing(
    box: Box, caregiver: FlaskClient, what: str, minutes: str, status: int
) -> None:
    """Of a budget that isn't there, and other numbers."""
    has(box, DAILY)
    assert send(caregiver, f"{PAGE}/give", what=what, minutes=minutes).status_code == status
    assert box.house().grants == ()


@pytest.mark.parametrize("field", ["uncounted", "always_on"])
@pytest.mark.parametrize(
    ("values", "things", "name"),
    [
        ({"what": TUBE}, Things(services=("youtube",)), "YouTube"),
        ({"site": "https://www.school.example/a"}, Things(names=("school.example",)), "school.example"),
        ({"what": "category:music", "site": ""}, Things(categories=("music",)), "Music, radio and audio books"),
    ],
)
def test_what_does_not_count_and_what_stays_open_is_added_and_taken_out(
    box: Box, caregiver: FlaskClient, field: str, values: dict[str, str], things: Things, name: str
) -> None:
    """An app, a kind or a site, each with its line and its way out."""
    has(box, DAILY, uncounted=Things(), always_on=Things())
    shown = told(caregiver, send(caregiver, f"{PAGE}/{field}", **values))
    assert getattr(mia(box), field) == things
    assert name in shown
    what = values.get("what") or "school.example"
    send(caregiver, f"{PAGE}/{field}", what=what, do="remove")
    assert getattr(mia(box), field) == Things()
    assert last(box)[1] == f"{field}_removed"


@pytest.mark.parametrize("values", [{}, {"what": "service:nothing"}, {"site": "not a name"}, {"what": "everything"}])
def test_what_is_no_thing_is_told(box: Box, caregiver: FlaskClient, values: dict[str, str]) -> None:
    """And nothing is saved."""
    before = box.house()
    answer = send(caregiver, f"{PAGE}/uncounted", **values)
    assert 'class="kg-notice is-stop"' in caregiver.get(answer.location).text
    assert box.house() == before


def test_passes_stand_there_and_are_ended(box: Box, caregiver: FlaskClient) -> None:
    """What is open for a while, with its end; one tap closes it."""
    for what in (TUBE, "games.example", "time"):
        send(caregiver, "/child/mia/open", what=what, minutes="30", back=PAGE)
    shown = words(caregiver.get(PAGE))
    for name in ("YouTube", "games.example", "Extra time"):
        assert f"{name} Open until 06:23" in shown
    send(caregiver, "/child/mia/close", what=TUBE, back=PAGE)
    assert "YouTube Open until" not in words(caregiver.get(PAGE))
    assert last(box) == (CAREGIVER, "pass_ended", {"person": "mia", "what": TUBE})


@pytest.mark.parametrize(
    ("method", "path", "values"),
    [
        ("get", PAGE, {}), ("get", f"{PAGE}/new", {}), ("get", f"{PAGE}/edit", {}), ("post", f"{PAGE}/new", {}),
        ("post", f"{PAGE}/remove", {"what": "everything"}), ("post", f"{PAGE}/give", {"minutes": "15"}),
        ("post", f"{PAGE}/uncounted", {"what": TUBE}), ("post", "/child/mia/close", {"what": "time"}),
    ],
)  # fmt: skip
def test_they_are_for_caregivers(
    box: Box, anyone: FlaskClient, caregiver: FlaskClient, method: str, path: str, values: dict[str, Any]
) -> None:
    """With a token, and about children only."""
    has(box, DAILY)
    before = box.house()
    answer = anyone.get(path) if method == "get" else send(anyone, path, **values)
    assert (answer.status_code, answer.location[:7]) == (303, "/log-in")
    if method == "post":
        assert caregiver.post(path, data=values).status_code == 400
    nobody = path.replace("mia", "dana")
    assert (caregiver.get(nobody) if method == "get" else send(caregiver, nobody, **values)).status_code == 404
    assert box.house() == before
    assert send(caregiver, f"{PAGE}/rules", what=TUBE).status_code == 404


def test_names_are_inert(box: Box, caregiver: FlaskClient) -> None:
    """What people call a child is text."""
    has(box, DAILY, name=HOSTILE)
    for path in (PAGE, f"{PAGE}/new", f"{PAGE}/edit"):
        assert "<script>alert" not in caregiver.get(path).text
