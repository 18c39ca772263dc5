"""appliance.web.status: what holds for a person now, until when, and who said so."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from appliance.core import policy
from appliance.core.house import AlwaysOn, Grant, House, Pause, Person, PersonKind
from appliance.core.policy import Policy
from appliance.core.schedule import Window
from appliance.core.verdict import Action, Reason
from appliance.web import edits, status
from appliance.web.box import Box
from appliance.web.status import State, Status
from appliance.world import rules
from tests.web.conftest import AT, CAREGIVER, MIA

BERLIN = ZoneInfo("Europe/Berlin")
BOOK = rules.load_rulebook()
BEDTIME = Window(name="Bedtime", start="20:30", end="07:00")
SCHOOL = Window(name="School", start="08:00", end="15:30")
EVENING = Window(name="Quiet", start="20:00", end="24:00")
NIGHT = Window(name="Night", start="00:00", end="06:30")
LUNCH = Window(name="Lunch", start="12:00", end="13:00")


def moment(text: str) -> datetime:
    """Return a moment of Berlin's clock, on 23 November 2026 if no date is named."""
    told = datetime.fromisoformat(text if "T" in text else f"2026-11-23T{text}")
    return told if told.tzinfo else told.replace(tzinfo=BERLIN)


def at(text: str) -> float:
    """Return the same in POSIX seconds."""
    return moment(text).timestamp()


def pause(said: str, until: str, *, everyone: bool = False) -> Pause:
    """Return a pause of Mia, or of the house."""
    return Pause(said_at=moment(said), until=moment(until), person=None if everyone else "mia")


def grant(said: str, until: str, name: str | None = None) -> Grant:
    """Return a pass for Mia."""
    return Grant(said_at=moment(said), until=moment(until), person="mia", name=name)


def compiled(
    windows: Iterable[Window] = (), *words: Pause | Grant, kept: AlwaysOn | None = None
) -> tuple[Policy, Person]:
    """Return a house in Berlin with Mia."""
    mia = Person(id="mia", name="Mia", band="6-9", windows=tuple(windows), always_on=kept or AlwaysOn())
    pauses = tuple(word for word in words if isinstance(word, Pause))
    grants = tuple(word for word in words if isinstance(word, Grant))
    house = House(time_zone="Europe/Berlin", persons=(mia,), pauses=pauses, grants=grants)
    return policy.compile(house, BOOK, (), BERLIN), mia


def told(now: str, windows: Iterable[Window] = (), *words: Pause | Grant, who: str | None = None) -> Status:
    """Return what the card says of Mia."""
    house, mia = compiled(windows, *words)
    return status.of(house, mia, at(now), who)


@pytest.mark.parametrize(
    ("now", "windows", "words", "state", "line"),
    [
        ("17:42", [], [], State.FREE, "No times are set"),
        ("17:42", [BEDTIME], [], State.FREE, "until 20:30, then Bedtime"),
        ("20:29:59", [BEDTIME], [], State.FREE, "until 20:30, then Bedtime"),
        ("20:30", [BEDTIME], [], State.WINDOW, "until tomorrow 07:00"),
        ("06:59", [BEDTIME], [], State.WINDOW, "until 07:00"),
        ("07:00", [BEDTIME, SCHOOL], [], State.FREE, "until 08:00, then School"),
        ("22:00", [EVENING, NIGHT], [], State.WINDOW, "until tomorrow 06:30"),
        ("15:00", [SCHOOL, LUNCH], [], State.WINDOW, "until 15:30"),
        ("17:42", [BEDTIME], [pause("17:40", "18:10")], State.PAUSED, "until 18:10"),
        ("17:39", [BEDTIME], [pause("17:40", "18:10")], State.FREE, "until 17:40"),
        ("18:10", [BEDTIME], [pause("17:40", "18:10")], State.FREE, "until 20:30, then Bedtime"),
        ("20:10", [BEDTIME], [pause("20:00", "20:45")], State.PAUSED, "until 20:45, then Bedtime"),
        ("17:42", [BEDTIME], [pause("17:40", "18:10", everyone=True)], State.PAUSED, "until 18:10"),
        ("21:00", [BEDTIME], [grant("20:55", "21:10")], State.OPENED, "until 21:10, then Bedtime"),
        ("17:42", [], [grant("17:40", "17:55")], State.OPENED, "until 17:55"),
        ("17:42", [], [pause("17:00", "18:30"), grant("17:40", "17:55")], State.OPENED, "until 17:55"),
        ("17:56", [], [pause("17:00", "18:30"), grant("17:40", "17:55")], State.PAUSED, "until 18:30"),
        ("17:42", [], [grant("17:00", "18:30"), pause("17:40", "17:55")], State.PAUSED, "until 17:55"),
        ("17:42", [], [pause("17:00", "18:30"), pause("17:40", "17:55")], State.PAUSED, "until 18:30"),
        ("17:42", [BEDTIME], [grant("17:40", "18:30", name="example.com")], State.FREE, "until 20:30, then Bedtime"),
        ("2026-10-24T21:00", [BEDTIME], [], State.WINDOW, "until tomorrow 07:00"),
        ("2026-10-25T02:30+02:00", [BEDTIME], [], State.WINDOW, "until 07:00"),
        ("2026-10-25T02:30+01:00", [BEDTIME], [], State.WINDOW, "until 07:00"),
        ("2026-03-28T23:00", [BEDTIME], [], State.WINDOW, "until tomorrow 07:00"),
        ("2026-03-29T03:00", [BEDTIME], [], State.WINDOW, "until 07:00"),
    ],
)
def test_a_card_says_what_holds_and_until_when(
    now: str, windows: list[Window], words: list[Pause | Grant], state: State, line: str
) -> None:
    """The latest word of a caregiver comes before time, and one state ends when another begins."""
    found = told(now, windows, *words)
    assert (found.state, found.line) == (state, line)


@pytest.mark.parametrize("windows", [[], [BEDTIME, SCHOOL], [EVENING, NIGHT]])
@pytest.mark.parametrize(
    "words",
    [[], [pause("17:00", "18:30"), grant("17:40", "17:55")], [grant("20:00", "21:30"), pause("20:45", "21:00")]],
)
def test_the_card_says_what_is_decided(windows: list[Window], words: list[Pause | Grant]) -> None:
    """At each quarter of a day an unknown name is open exactly when the card says free or open."""
    house, mia = compiled(windows, *words)
    for minutes in range(0, 24 * 60, 15):
        now = at(f"{minutes // 60:02}:{minutes % 60:02}")
        verdict = policy.decide(house, house.by_person["mia"], "example.com", None, now)
        is_open = status.of(house, mia, now).state in (State.FREE, State.OPENED)
        assert (verdict.action is Action.ALLOW) == is_open, minutes


def test_the_end_is_the_moment_at_which_another_state_begins() -> None:
    """On the night when an hour comes twice it is an hour later than the wall clocks say."""
    assert told("2026-10-24T21:00", [BEDTIME]).until == at("2026-10-25T07:00")
    assert told("22:00", [EVENING, NIGHT]).until == at("2026-11-24T06:30")
    assert told("22:00", [Window(name="Always", start="00:00", end="24:00")]).until is None


def test_it_says_who_said_so() -> None:
    """A name stands where it is known, and only for what a caregiver said."""
    assert told("17:42", [], pause("17:40", "18:10"), who="Dana").line == "until 18:10 · paused by Dana"
    assert told("17:42", [], grant("17:40", "18:10"), who="Dana").line == "until 18:10 · opened by Dana"
    assert told("17:42", [BEDTIME], who="Dana").line == "until 20:30, then Bedtime"


@pytest.mark.parametrize(
    ("window", "looks"),
    [
        (BEDTIME, ("night", "moon-stars", "Bedtime")),
        (Window(name="School", start="08:00", end="23:00"), ("school", "book", "School")),
        (Window(name="Guests", start="08:00", end="23:00"), ("pause", "cup-hot", "Guests")),
    ],
)
def test_a_window_is_seen_by_its_icon_and_read_by_its_name(window: Window, looks: tuple[str, str, str]) -> None:
    """Colour is never alone."""
    found = told("22:00", [window])
    assert (found.tone, found.icon, found.word) == looks


def test_what_stays_open_in_a_window_is_said() -> None:
    """A caregiver who marked music as always on sees that it is."""
    house, mia = compiled([BEDTIME], kept=AlwaysOn(names=("music.example",)))
    assert status.of(house, mia, at("22:00")).line == "until tomorrow 07:00 · what is always on stays open"


def test_an_adult_is_free() -> None:
    """Nothing is timed for adults."""
    dana = Person(id="dana", name="Dana", kind=PersonKind.ADULT)
    house = policy.compile(House(persons=(dana,)), BOOK, (), BERLIN)
    assert status.of(house, dana, at("22:00")).state is State.FREE


@pytest.mark.parametrize("whom", ["mia", None])
def test_who_paused_is_found_in_the_audit(box: Box, monkeypatch: pytest.MonkeyPatch, whom: str | None) -> None:
    """Of a child's pause and of that of the whole house, under later changes of others."""
    monkeypatch.setattr(Box, "now", lambda _: AT + 0.123456789)
    box.change(CAREGIVER, Reason.of("paused"), lambda house: edits.paused(house, whom, box.now(), AT + 900))
    monkeypatch.setattr(Box, "now", lambda _: AT + 60)
    box.change(CAREGIVER, Reason.of("paused"), lambda house: edits.paused(house, "jonas", box.now(), AT + 900))
    found = status.look(box, MIA, AT + 61)
    assert (found.state, found.line) == (State.PAUSED, "until 06:08 · paused by Robin")
    assert found.since == pytest.approx(AT + 0.123456789, abs=1e-3)


def test_a_pause_that_nobody_wrote_down_is_nobodys(box: Box) -> None:
    """Somebody applied a house from a file: no caregiver is named."""
    box.change("box", Reason.of("house_replaced"), lambda house: edits.paused(house, "mia", AT, AT + 900))
    assert status.look(box, MIA, AT + 1).line == "until 06:08"
