"""appliance.web.status: what holds for a person now, until when, and who said so."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from appliance.core import policy
from appliance.core.budget import NOT_COUNTED, Budget, Minutes, Used
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.policy import Policy
from appliance.core.said import Things
from appliance.core.schedule import Routine, Window
from appliance.core.verdict import Action, Reason
from appliance.core.word import Grant, Pause
from appliance.web import edits, status, time_edits
from appliance.web.box import Box
from appliance.web.status import State, Status
from appliance.world import rules
from tests.web.conftest import AT, CAREGIVER, MIA
from tests.web.minutes import used

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
    windows: Iterable[Window] = (), *words: Pause | Grant, kept: Things | None = None
) -> tuple[Policy, Person]:
    """Return a house in Berlin with Mia."""
    mia = Person(id="mia", name="Mia", band="6-9", windows=tuple(windows), always_on=kept or Things())
    pauses = tuple(word for word in words if isinstance(word, Pause))
    grants = tuple(word for word in words if isinstance(word, Grant))
    house = House(time_zone="Europe/Berlin", persons=(mia,), pauses=pauses, grants=grants)
    return policy.compile(house, BOOK, (), BERLIN), mia


def told(now: str, windows: Iterable[Window] = (), *words: Pause | Grant, who: str | None = None) -> Status:
    """Return what the card says of Mia."""
    house, mia = compiled(windows, *words)
    return status.of_person(house, mia, at(now), who)


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
        is_open = status.of_person(house, mia, now).state in (State.FREE, State.OPENED)
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
    house, mia = compiled([BEDTIME], kept=Things(names=("music.example",)))
    assert status.of_person(house, mia, at("22:00")).line == "until tomorrow 07:00 · what is always on stays open"


def test_an_adult_is_free() -> None:
    """Nothing is timed for adults."""
    dana = Person(id="dana", name="Dana", kind=PersonKind.ADULT)
    house = policy.compile(House(persons=(dana,)), BOOK, (), BERLIN)
    assert status.of_person(house, dana, at("22:00")).state is State.FREE


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


DAILY = Budget(minutes=90)
HOMEWORK = Window(name="Homework", start="16:00", end="18:00", internet=True, uncounted=True, routine=Routine.HOMEWORK)
QUIZ = Window(name="Quiz", start="17:00", end="19:00", internet=True)


def counted(
    now: str, used: int, windows: Iterable[Window] = (), *words: Pause | Grant, budget: Budget = DAILY
) -> Status:
    """Return what holds for Mia after so many minutes of her day."""
    told, mia = compiled(windows, *words)
    house = replace(told.house, persons=(replace(mia, budgets=(budget,)),))
    minutes = Minutes(at(now), moment(now).date(), {"mia": {"everything": Used(used, used)}})
    return status.of_person(policy.compile(house, BOOK, (), BERLIN, minutes), mia, at(now))


@pytest.mark.parametrize(
    ("now", "used", "windows", "words", "state", "line", "until"),
    [
        ("17:42", 42, [BEDTIME], [], State.FREE, "48 of 90 min left · Bedtime 20:30", "20:30"),
        ("17:42", 42, [], [], State.FREE, "48 of 90 min left", None),
        ("17:42", 90, [BEDTIME], [], State.TIME_UP, "90 of 90 min used", "20:30"),
        ("17:42", 95, [], [], State.TIME_UP, "95 of 90 min used", "2026-11-24T03:30"),
        ("20:30", 95, [BEDTIME], [], State.WINDOW, "until tomorrow 07:00", "2026-11-24T07:00"),
        ("17:42", 90, [], [grant("17:40", "17:55")], State.OPENED, "until 17:55, then time up", "17:55"),
        ("17:42", 90, [], [pause("17:40", "18:10")], State.PAUSED, "until 18:10, then time up", "18:10"),
        ("16:30", 90, [HOMEWORK], [], State.DURING, "the Internet is on, until 18:00 · minutes don't count", "18:00"),
        ("17:30", 20, [QUIZ], [], State.DURING, "the Internet is on, until 19:00 · 70 of 90 min left", "19:00"),
        ("17:30", 90, [QUIZ], [], State.TIME_UP, "90 of 90 min used", "2026-11-24T03:30"),
        ("16:30", 90, [HOMEWORK, SCHOOL], [], State.DURING, "the Internet is on, until 18:00 · minutes don't count",
         "18:00"),
    ],
)  # fmt: skip
def test_minutes_and_windows_in_which_the_internet_is_on(
    now: str, used: int, windows: list[Window], words: list[Pause | Grant], state: State, line: str, until: str | None
) -> None:
    """What is used up stops as a window does, but not in time that doesn't count, nor under a caregiver's word."""
    found = counted(now, used, windows, *words)
    assert (found.state, found.line, found.until) == (state, line, None if until is None else at(until))
    assert found.is_stopped is (state in (State.TIME_UP, State.WINDOW, State.PAUSED))
    assert all((found.tone, found.icon, found.word))


def test_a_week_that_is_used_up_is_told_as_one() -> None:
    """And it lasts until the new one."""
    found = counted("17:42", 300, budget=Budget(week=300))
    assert (found.state, found.line) == (State.TIME_UP, "300 of 300 min used this week")


def test_minutes_that_only_slow_stop_nothing() -> None:
    """The Internet is not off when they are used up."""
    found = counted("17:42", 300, budget=Budget(minutes=90, slow=True))
    assert (found.state, found.is_stopped) == (State.FREE, False)


def test_a_window_that_is_on_may_follow_another() -> None:
    """Each is told by its name."""
    found = counted("17:00", 0, [HOMEWORK, replace(QUIZ, start="18:00")])
    assert (found.window, found.until, found.then) == ("Homework", at("18:00"), "Quiz")


def test_a_closed_house_waits() -> None:
    """A device that nobody named, where such get nothing."""
    for choice, state in (("closed", State.CLOSED), ("filtered", State.FREE)):
        subject = policy.compile(House(unknown_devices=choice), BOOK, (), BERLIN).unknown
        found = status.of(subject, NOT_COUNTED, at("17:42"))
        assert found.state is state


def test_time_to_finish_is_called_so(box: Box) -> None:
    """The child took it, so no caregiver is named."""

    def finish(house: House) -> House:
        return time_edits.granted(house, "mia", "time", AT, AT + 300, is_grace=True)

    box.change("person:mia", Reason("grace_taken"), finish)
    found = status.look(box, MIA, AT + 1)
    assert (found.word, found.line) == ("Finishing", "until 05:58")


def test_minutes_that_caregivers_do_not_see_are_in_no_line(box: Box) -> None:
    """From 16 on."""
    old = replace(MIA, band="16-17", budgets=(DAILY,))
    box.change(CAREGIVER, Reason("house_set"), lambda house: replace(house, persons=(old, *house.persons[1:])))
    used(box, everything=90)
    assert (status.look(box, old, AT).state, status.look(box, old, AT).line) == (State.FREE, "No times are set")
