"""Budgets: what is stopped when one is spent, what never is, and until when a verdict holds while one runs down."""

from datetime import timedelta
from typing import Any

import pytest

from appliance.core.budget import Budget, Minutes, Used
from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.house import House, OwnService
from appliance.core.person import Setting
from appliance.core.policy import decide, ttl_s
from appliance.core.said import Things
from appliance.core.schedule import Day, Window
from appliance.core.verdict import Reason
from tests.core.builders import (
    AT,
    SHARED,
    TODAY,
    adult,
    child,
    counted,
    device,
    grant,
    minutes_from_now,
    pause,
    policy_of,
    told,
    verdict_of,
)

HOUR = 3600
DAY_END = AT + 12.5 * HOUR
"""Half past three in the morning, as seen from three in the afternoon."""
SPENT = ("block", "time", "budget")
DEFAULT = ("allow", "default", "default_allow")
ALLOW = ("allow", "category", "category_allow")
PROTECTED = ("allow", "protected", "protected")
DAILY = Budget(minutes=60)
TUBE = Budget(what="service:tube", minutes=30)
VIDEO = Budget(what="group:video", minutes=30)
GAMES = Budget(what="category:browser_games", minutes=30)
FRIDAYS = Budget(days={Day.FRI: 10})
WEEK = Budget(what="service:tube", minutes=30, week=100)

BUDGETS: list[tuple[str, str, tuple[Budget, ...], Minutes, dict[str, Any], tuple[str, str, str]]] = [
    ("nothing used", "open.example", (DAILY,), counted(everything=0), {}, DEFAULT),
    ("nearly all used", "open.example", (DAILY,), counted(everything=59), {}, DEFAULT),
    ("all used", "open.example", (DAILY,), counted(everything=60), {}, SPENT),
    ("more than all", "open.example", (DAILY,), counted(everything=99), {}, SPENT),
    ("by another child", "open.example", (DAILY,), counted(everything=60, person="lou"), {}, DEFAULT),
    ("yesterday", "open.example", (DAILY,), counted(everything=60, day=TODAY - timedelta(days=1)), {}, DEFAULT),
    ("none given", "open.example", (Budget(minutes=0),), counted(), {}, SPENT),
    ("on another day", "open.example", (FRIDAYS,), counted(everything=60), {}, DEFAULT),
    (
        "on this day in place of it",
        "open.example",
        (Budget(minutes=60, days={Day.WED: 10}),),
        counted(everything=10),
        {},
        SPENT,
    ),
    ("carried over", "open.example", (DAILY,), counted(everything=Used(60, 60, 5)), {}, DEFAULT),
    ("and used too", "open.example", (DAILY,), counted(everything=Used(65, 65, 5)), {}, SPENT),
    ("a week's", "tube.example", (WEEK,), counted(service_tube=Used(5, 100)), {}, SPENT),
    ("a week's, of which some is left", "tube.example", (WEEK,), counted(service_tube=Used(5, 99)), {}, ALLOW),
    (
        "a week's, known since yesterday",
        "tube.example",
        (WEEK,),
        counted(service_tube=Used(9, 100), day=TODAY - timedelta(days=1)),
        {},
        SPENT,
    ),
    (
        "last week's",
        "tube.example",
        (WEEK,),
        counted(service_tube=Used(9, 100), day=TODAY - timedelta(days=7)),
        {},
        ALLOW,
    ),
    ("a service's", "a.tube.example", (TUBE,), counted(service_tube=30), {}, SPENT),
    ("stops no other service", "clips.example", (TUBE,), counted(service_tube=30), {}, ALLOW),
    ("a group's", "clips.example", (VIDEO,), counted(group_video=30), {}, SPENT),
    ("stops no other group", "games.example", (VIDEO,), counted(group_video=30), {}, ALLOW),
    ("a category's", "games.example", (GAMES,), counted(category_browser_games=30), {}, SPENT),
    ("stops no other category", "tube.example", (GAMES,), counted(category_browser_games=30), {}, ALLOW),
    ("everything stops them all", "tube.example", (TUBE, DAILY), counted(everything=60), {}, SPENT),
    ("what nothing knows too", "new.example", (DAILY,), counted(everything=60), {}, SPENT),
    ("protected information obeys time", "mind.example", (DAILY,), counted(everything=60), {}, SPENT),
    ("and no other budget", "mind.example", (TUBE,), counted(service_tube=30), {}, PROTECTED),
    ("help is never timed", "help.example", (DAILY,), counted(everything=60), {}, ("allow", "help", "help")),
    (
        "infrastructure neither",
        "time.example",
        (DAILY,),
        counted(everything=60),
        {},
        ("allow", "infrastructure", "infrastructure"),
    ),
    ("education is not counted by itself", "school.example", (DAILY,), counted(everything=60), {}, ALLOW),
    (
        "where somebody said so",
        "school.example",
        (DAILY,),
        counted(everything=60),
        {"uncounted": Things(names=("x.example",))},
        SPENT,
    ),
    (
        "or timed it",
        "school.example",
        (DAILY,),
        counted(everything=60),
        {"categories": {"education": Setting.TIMED}},
        SPENT,
    ),
    (
        "a service that is not counted",
        "tube.example",
        (DAILY,),
        counted(everything=60),
        {"uncounted": Things(services=("tube",))},
        ALLOW,
    ),
    (
        "unless it was timed",
        "tube.example",
        (DAILY,),
        counted(everything=60),
        {"uncounted": Things(categories=("video_sharing",)), "services": {"tube": Setting.TIMED}},
        SPENT,
    ),
    (
        "allowed by hand is not timed",
        "tube.example",
        (DAILY,),
        counted(everything=60),
        {"uncounted": Things(categories=("video_sharing",)), "services": {"tube": Setting.ALLOW}},
        ("allow", "category", "service_allow"),
    ),
    (
        "always on",
        "tube.example",
        (DAILY, TUBE),
        counted(everything=60, service_tube=30),
        {"always_on": Things(services=("tube",))},
        ALLOW,
    ),
    (
        "a window comes first",
        "open.example",
        (DAILY,),
        counted(everything=60),
        {"windows": (Window(name="x", start="14:00", end="16:00"),)},
        ("block", "time", "window"),
    ),
]


@pytest.mark.parametrize(
    ("name", "budgets", "minutes", "said", "expected"), [row[1:] for row in BUDGETS], ids=[row[0] for row in BUDGETS]
)
def test_budgets(
    name: str, budgets: tuple[Budget, ...], minutes: Minutes, said: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    """A spent one stops what it is about, and nothing of what is always on or not counted."""
    assert told(verdict_of(name, child(budgets=budgets, **said), minutes=minutes)) == expected


GIVEN: list[tuple[str, dict[str, Any], int, bool]] = [
    ("a bonus", {"minutes": 15}, 60, False),
    ("used up", {"minutes": 15}, 75, True),
    ("not begun", {"minutes": 15, "said": 5}, 60, True),
    ("ended", {"minutes": 15, "said": -30, "until": -1}, 60, True),
    ("another's", {"minutes": 15, "person": "lou"}, 60, True),
    ("for another budget", {"minutes": 15, "budget": "service:tube"}, 60, True),
    ("a penalty", {"minutes": -15}, 45, True),
    ("of which some is left", {"minutes": -15}, 44, False),
    ("extra time", {"time": True}, 99, False),
    ("a pass", {"name": "open.example"}, 99, False),
    ("a pass for something else", {"name": "other.example"}, 99, True),
]


@pytest.mark.parametrize(("what", "used", "stopped"), [row[1:] for row in GIVEN], ids=[row[0] for row in GIVEN])
def test_what_is_given_and_taken(what: dict[str, Any], used: int, *, stopped: bool) -> None:
    """A bonus adds to its budget while it holds, a penalty takes away; extra time and passes go past."""
    verdict = verdict_of(
        "open.example", child(budgets=(DAILY,)), minutes=counted(everything=used), grants=(grant(**what),)
    )
    assert verdict.is_blocked == stopped


KINDS: list[tuple[DeviceKind, dict[str, Any], str, bool]] = [
    (DeviceKind.PHONE, {}, "open.example", True),
    (DeviceKind.TV, {}, "open.example", True),
    (DeviceKind.TV, {}, "tvpatch.example", False),
    (DeviceKind.CONSOLE, {}, "patch.example", False),
    (DeviceKind.CONSOLE, {}, "play.example", True),
    (DeviceKind.IOT, {}, "system.example", False),
    (DeviceKind.IOT, {}, "open.example", True),
    (DeviceKind.MANAGED, {}, "open.example", False),
    (DeviceKind.MANAGED, {"bedtime": True}, "open.example", False),
    (DeviceKind.ADULT, {}, "open.example", False),
]


@pytest.mark.parametrize(("kind", "said", "name", "stopped"), KINDS)
def test_a_budget_is_for_all_of_a_childs_devices(
    kind: DeviceKind, said: dict[str, Any], name: str, *, stopped: bool
) -> None:
    """But for a school's machine and an adult's; updates of what has no browser go on and don't count."""
    person = child(budgets=(DAILY,))
    verdict = verdict_of(name, person, on=kind, minutes=counted(everything=60), **said)
    assert verdict.is_blocked == stopped
    if kind in (DeviceKind.MANAGED, DeviceKind.ADULT) or not stopped:
        assert not verdict_of("games.example" if stopped else name, person, on=kind, minutes=counted(), **said).counted


@pytest.mark.parametrize("choice", ["filtered", "closed", "6-9"])
def test_nobodys_device_has_no_budget(choice: str) -> None:
    """Whatever the house chose for it."""
    house = House(persons=(child(budgets=(DAILY,)),), devices=(device(person=None),), unknown_devices=choice)
    policy = policy_of(house, minutes=counted(everything=60, person=""))
    for subject in (policy.unknown, policy.of_device("thing")):
        assert decide(policy, subject, "open.example", None, AT).reason.code != "budget"


COUNTED: list[tuple[str, tuple[Budget, ...], dict[str, Any], bool]] = [
    ("open.example", (DAILY,), {}, False),
    ("open.example", (Budget(what="service:own", minutes=9),), {}, True),
    ("tube.example", (), {}, True),
    ("tube.example", (), {"band": "16-17"}, False),
    ("tube.example", (TUBE,), {"band": "16-17"}, True),
    ("clips.example", (TUBE,), {"band": "16-17"}, False),
    ("clips.example", (VIDEO,), {"band": "16-17"}, True),
    ("forum.example", (Budget(what="category:forum", minutes=9),), {"band": "16-17"}, True),
    ("school.example", (Budget(what="category:education", minutes=9),), {}, False),
    ("school.example", (Budget(what="category:education", minutes=9),), {"uncounted": Things()}, True),
    ("tube.example", (TUBE,), {"always_on": Things(services=("tube",))}, False),
    ("mind.example", (Budget(what="category:mental_health", minutes=9),), {}, False),
]


@pytest.mark.parametrize(("name", "budgets", "said", "expected"), COUNTED)
def test_what_counts(name: str, budgets: tuple[Budget, ...], said: dict[str, Any], *, expected: bool) -> None:
    """What is timed, and what a budget of its own is about; a budget for everything alone doesn't make it count."""
    own_service = OwnService(id="own", name="Own", domains=("open.example",))
    person = child(**{"band": "6-9", **said}, budgets=budgets)
    assert verdict_of(name, person, services=(own_service,), minutes=counted()).counted == expected


REASONS: list[tuple[tuple[Budget, ...], Minutes, str, str]] = [
    ((DAILY, TUBE), counted(everything=60, service_tube=30), "everything", "day"),
    ((TUBE, DAILY), counted(everything=60, service_tube=30), "service:tube", "day"),
    ((WEEK,), counted(service_tube=Used(5, 100)), "service:tube", "week"),
    ((WEEK,), counted(service_tube=Used(30, 100)), "service:tube", "week"),
    ((WEEK,), counted(service_tube=Used(30, 40)), "service:tube", "day"),
    ((Budget(week=9),), counted(everything=Used(5, 9)), "everything", "week"),
    ((Budget(days={Day.FRI: 5}, week=9),), counted(everything=Used(5, 9)), "everything", "week"),
]


@pytest.mark.parametrize(("budgets", "minutes", "what", "of"), REASONS)
def test_the_reason_says_which_budget(budgets: tuple[Budget, ...], minutes: Minutes, what: str, of: str) -> None:
    """The first that is spent, and whether it is the day's minutes or the week's."""
    verdict = verdict_of("tube.example", child(budgets=budgets), minutes=minutes)
    assert verdict.reason == Reason.of("budget", what=what, of=of)


def seconds(until: float | None) -> float:
    """Return how far away from `AT` it is."""
    assert until is not None
    return until - AT


UNTIL: list[tuple[str, tuple[Budget, ...], Minutes, float, float]] = [
    ("what is left", (DAILY,), counted(everything=50), 0, 600),
    ("seen later in the minute", (DAILY,), counted(everything=50), 42, 600),
    ("counted a minute ago", (DAILY,), counted(1, everything=50), 0, 540),
    ("five minutes ago", (DAILY,), counted(5, everything=50), 0, 300),
    ("an hour ago: waited for no longer", (DAILY,), counted(60, everything=50), 0, 300),
    ("never", (DAILY,), Minutes(0.0, TODAY), 0, 3300),
    ("the last minute is over by the clock", (DAILY,), counted(2, everything=59), 30, 35),
    ("counted ahead of a clock that was set back", (DAILY,), counted(-600, everything=50), 0, 600),
    ("the sooner of two", (DAILY, TUBE), counted(everything=50, service_tube=25), 0, 300),
    ("spent: a new day", (DAILY,), counted(everything=60), 0, 12.5 * HOUR),
    ("enough: a new day", (Budget(minutes=1440),), counted(), 0, 12.5 * HOUR),
    ("no limit today", (FRIDAYS,), counted(everything=60), 0, 12.5 * HOUR),
    ("spent, and another not yet", (TUBE, DAILY), counted(everything=60, service_tube=25), 0, 12.5 * HOUR),
]


@pytest.mark.parametrize(
    ("budgets", "minutes", "later", "expected"), [row[1:] for row in UNTIL], ids=[row[0] for row in UNTIL]
)
def test_a_verdict_holds_until_a_budget_may_be_used_up(
    budgets: tuple[Budget, ...], minutes: Minutes, later: float, expected: float
) -> None:
    """If every minute from now on is used; never longer than the minutes left, nor past the budgets' day."""
    verdict = verdict_of("tube.example", child(budgets=budgets), minutes=minutes, at=AT + later)
    assert seconds(verdict.until) == expected


def test_what_no_budget_stops_holds_longer() -> None:
    """What none is about, what isn't counted or always on; nor does a count end a window's block or a pause."""
    person = child(budgets=(TUBE,), uncounted=Things(names=("a.tube.example",)))
    minutes = counted(service_tube=25)
    assert verdict_of("clips.example", person, minutes=minutes).until is None
    assert verdict_of("a.tube.example", person, minutes=minutes).until is None
    assert seconds(verdict_of("b.tube.example", person, minutes=minutes).until) == 300
    assert seconds(verdict_of("b.tube.example", person, minutes=minutes, pauses=(pause(),)).until) == 1800
    night = child(budgets=(TUBE,), windows=(Window(name="x", start="14:00", end="16:00"),))
    assert seconds(verdict_of("tube.example", night, minutes=minutes).until) == HOUR


def test_a_bonus_that_ends_is_a_change() -> None:
    """As is one that begins; a reply is kept no longer."""
    house = House(persons=(child(budgets=(DAILY,)),), grants=(grant(-5, 0.5, minutes=30),))
    policy = policy_of(house, minutes=counted(everything=61))
    subject = policy.by_person["kim"]
    verdict = decide(policy, subject, "open.example", None, AT)
    assert (told(verdict), seconds(verdict.until), ttl_s(subject, verdict, 300, AT)) == (DEFAULT, 30, 30)
    assert seconds(verdict_of("open.example", child(budgets=(DAILY,)), grants=(grant(2, minutes=5),)).until) == 120


def test_the_day_begins_when_the_house_says() -> None:
    """What was used yesterday is over then, not at midnight."""
    person = child(budgets=(DAILY,))
    yesterday = counted(everything=60)
    for starts, hours, stopped in (
        ("03:30", 12.4, True),
        ("03:30", 12.5, False),
        ("05:00", 13.9, True),
        ("00:00", 9, False),
    ):
        at = AT + hours * HOUR
        verdict = verdict_of("open.example", person, minutes=yesterday, at=at, day_starts=starts)
        assert (starts, hours, verdict.is_blocked) == (starts, hours, stopped)


def test_a_name_of_two_services_is_stopped_by_either() -> None:
    """What they share is used with both."""
    budgets = tuple(Budget(what=f"service:{id_}", minutes=30) for id_ in ("chat", "gossip"))
    person = child("13-15", budgets=budgets)
    for spent in (counted(service_chat=30), counted(service_gossip=30)):
        assert told(verdict_of(SHARED, person, minutes=spent)) == SPENT
    assert told(verdict_of(SHARED, person, minutes=counted(service_chat=29, service_gossip=29))) == ALLOW


def test_a_pass_counts_all_the_same() -> None:
    """And ends when it says."""
    person = child(budgets=(TUBE,))
    verdict = verdict_of("tube.example", person, minutes=counted(service_tube=30), grants=(grant(service="tube"),))
    assert (told(verdict), verdict.counted, seconds(verdict.until)) == (("allow", "word", "grant"), True, 1200)
    extra = [Entry("tube.example", "mental_health")]
    assert not verdict_of("tube.example", person, minutes=counted(), extra=extra, grants=(grant(),)).counted
    assert minutes_from_now(20).timestamp() == verdict.until


def test_an_adult_is_not_timed() -> None:
    """Nothing of theirs is counted."""
    verdict = verdict_of("tube.example", adult(), minutes=counted(everything=999, person="alex"))
    assert (told(verdict), verdict.counted, verdict.until) == (ALLOW, False, None)
