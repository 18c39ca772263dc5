"""Windows: what they stop, let through, open and force; alone, two at once, and on exceptional dates."""

from datetime import timedelta
from typing import Any

import pytest

from appliance.core.budget import Budget
from appliance.core.device import DeviceKind
from appliance.core.domainset import Entry
from appliance.core.person import Level, Mode, Person, Setting
from appliance.core.said import Things
from appliance.core.schedule import DateException, Day, Window
from appliance.core.verdict import Reason
from tests.core.builders import AFTERNOON, AT, TODAY, child, counted, grant, own, pause, told, verdict_of

OFF = ("block", "time", "window")
STOPPED = ("block", "time", "window_block")
OPENED = ("allow", "category", "window_allow")
BY_NAME = ("allow", "own", "window_allow")
DEFAULT = ("allow", "default", "default_allow")
CATEGORY = ("allow", "category", "category_allow")
PROTECTED = ("allow", "protected", "protected")
OWN_ALLOW = ("allow", "own", "own_allow")
OWN_BLOCK = ("block", "own", "own_block")


def off(**allow: Any) -> Window:
    """Return a window in which the Internet is off but for these things."""
    return Window(name="Homework", start="14:00", end="16:00", allow=Things(**allow))


def on(*, block: Things = Things(), allow: Things = Things(), **more: Any) -> Window:  # noqa: B008 -- frozen
    """Return a window in which the Internet is on."""
    return Window(name="Free time", start="14:30", end="17:00", internet=True, block=block, allow=allow, **more)


WINDOWS: list[tuple[str, str, tuple[Window, ...], dict[str, Any], tuple[str, str, str]]] = [
    # off, but for what it allows
    ("a name", "www.a.example", (off(names=("a.example",)),), {}, BY_NAME),
    ("not the one beside", "b.example", (off(names=("a.example",)),), {}, OFF),
    ("a service that the band closes", "chat.example", (off(services=("chat",)),), {}, OPENED),
    ("a group", "gossip.example", (off(groups=("talk",)),), {}, OPENED),
    ("a category", "school.example", (off(categories=("education",)),), {}, OPENED),
    ("not another", "games.example", (off(categories=("education",)),), {}, OFF),
    ("protected information is stopped", "mind.example", (off(),), {}, OFF),
    ("or let through", "mind.example", (off(categories=("mental_health",)),), {}, PROTECTED),
    (
        "a way around is none by its category",
        "vpn.example",
        (off(categories=("education",)),),
        {"extra": [Entry("vpn.example", "education")]},
        ("block", "bypass", "bypass"),
    ),
    ("but by its name", "vpn.example", (off(names=("vpn.example",)),), {}, BY_NAME),
    (
        "no hard block",
        "porn.example",
        (off(names=("porn.example",), categories=("pornography",)),),
        {},
        ("block", "hard", "hard"),
    ),
    (
        "over a setting",
        "school.example",
        (off(categories=("education",)),),
        {"person": {"categories": {"education": Setting.BLOCK}}},
        OPENED,
    ),
    (
        "over the setting of a service",
        "tube.example",
        (off(services=("tube",)),),
        {"person": {"services": {"tube": Setting.BLOCK}}},
        OPENED,
    ),
    (
        "over an engine that is off",
        "www.video.example",
        (off(categories=("video_sharing",)),),
        {"person": {"safe_search": {"film": Level.BLOCK}}},
        ("rewrite", "category", "window_allow"),
    ),
    (
        "at 0-5 what nothing knows, by name",
        "new.example",
        (off(names=("new.example",)),),
        {"person": {"unknown_names": Mode.ALLOW_LIST}},
        BY_NAME,
    ),
    # own rules against what a window allows
    (
        "an own block of the name: allow",
        "a.example",
        (off(names=("a.example",)),),
        {"person": {"rules": (own("a.example", "block"),)}},
        BY_NAME,
    ),
    (
        "of a more specific name: block",
        "www.a.example",
        (off(names=("a.example",)),),
        {"person": {"rules": (own("www.a.example", "block"),)}},
        OWN_BLOCK,
    ),
    (
        "of a less specific name: allow",
        "www.a.example",
        (off(names=("www.a.example",)),),
        {"person": {"rules": (own("a.example", "block"),)}},
        BY_NAME,
    ),
    (
        "an own allow says the same",
        "a.example",
        (off(names=("a.example",)),),
        {"person": {"rules": (own("a.example", "allow"),)}},
        OWN_ALLOW,
    ),
    (
        "an own block against a category",
        "school.example",
        (off(categories=("education",)),),
        {"person": {"rules": (own("school.example", "block"),)}},
        OWN_BLOCK,
    ),
    # on, but for what it blocks
    ("all else is on", "open.example", (on(block=Things(names=("a.example",))),), {}, DEFAULT),
    ("a name is off", "www.a.example", (on(block=Things(names=("a.example",))),), {}, STOPPED),
    ("a service", "tube.example", (on(block=Things(services=("tube",))),), {}, STOPPED),
    ("a group", "clips.example", (on(block=Things(groups=("video",))),), {}, STOPPED),
    ("a category", "games.example", (on(block=Things(categories=("browser_games",))),), {}, STOPPED),
    (
        "but for what it allows",
        "tube.example",
        (on(block=Things(categories=("video_sharing",)), allow=Things(services=("tube",))),),
        {},
        OPENED,
    ),
    (
        "an own allow doesn't help",
        "a.example",
        (on(block=Things(names=("a.example",))),),
        {"person": {"rules": (own("a.example", "allow"),)}},
        STOPPED,
    ),
    ("it opens what the band closes", "chat.example", (on(allow=Things(services=("chat",))),), {}, OPENED),
    ("protected information by name at 6-9", "mind.example", (on(block=Things(names=("mind.example",))),), {}, STOPPED),
    ("not by its category", "mind.example", (on(block=Things(categories=("mental_health",))),), {}, PROTECTED),
    (
        "nor by another of its tags",
        "mind.example",
        (on(block=Things(categories=("forum",))),),
        {"extra": [Entry("mind.example", "forum")]},
        PROTECTED,
    ),
    (
        "nor by name from 10 on",
        "mind.example",
        (on(block=Things(names=("mind.example",))),),
        {"person": {"band": "10-12"}},
        PROTECTED,
    ),
    (
        "what a band doesn't protect is like all else",
        "talk.example",
        (on(block=Things(categories=("drugs_help",))),),
        {"person": {"band": "0-5"}},
        STOPPED,
    ),
    # always on
    (
        "always on passes a block",
        "tube.example",
        (on(block=Things(services=("tube",))),),
        {"person": {"always_on": Things(services=("tube",))}},
        CATEGORY,
    ),
    (
        "and the off, by its group",
        "clips.example",
        (off(),),
        {"person": {"always_on": Things(groups=("video",))}},
        CATEGORY,
    ),
    (
        "and is opened by neither",
        "chat.example",
        (off(),),
        {"person": {"always_on": Things(services=("chat",))}},
        ("block", "category", "category_block"),
    ),
    # two at once
    ("off by the one, on by the other", "open.example", (off(), on()), {}, OFF),
    ("what both allow", "chat.example", (off(services=("chat",)), on(allow=Things(groups=("talk",)))), {}, OPENED),
    (
        "what one allows and the other blocks",
        "chat.example",
        (off(services=("chat",)), on(block=Things(groups=("talk",)))),
        {},
        STOPPED,
    ),
    ("what one allows and the other leaves on", "chat.example", (off(services=("chat",)), on()), {}, OPENED),
    ("what one allows and the other stops", "chat.example", (off(), on(allow=Things(services=("chat",)))), {}, OFF),
    # words
    (
        "extra time lifts a block",
        "tube.example",
        (on(block=Things(services=("tube",))),),
        {"grants": (grant(time=True),)},
        CATEGORY,
    ),
    (
        "a pause stops what a window allows",
        "school.example",
        (off(categories=("education",)),),
        {"pauses": (pause(),)},
        ("block", "word", "pause"),
    ),
    # devices
    (
        "a managed device is left alone",
        "tube.example",
        (on(block=Things(services=("tube",))),),
        {"on": DeviceKind.MANAGED},
        CATEGORY,
    ),
    (
        "unless bedtime is for it too",
        "tube.example",
        (on(block=Things(services=("tube",))),),
        {"on": DeviceKind.MANAGED, "bedtime": True},
        STOPPED,
    ),
    ("an adult's too", "open.example", (off(),), {"on": DeviceKind.ADULT}, DEFAULT),
    ("a console gets its updates", "patch.example", (off(),), {"on": DeviceKind.CONSOLE}, DEFAULT),
    ("and no play", "play.example", (off(),), {"on": DeviceKind.CONSOLE}, OFF),
]


@pytest.mark.parametrize(
    ("name", "windows", "said", "expected"), [row[1:] for row in WINDOWS], ids=[row[0] for row in WINDOWS]
)
def test_windows(name: str, windows: tuple[Window, ...], said: dict[str, Any], expected: tuple[str, str, str]) -> None:
    """What passes must pass every window that is open; what one allows is opened by it, but for hard and own blocks."""
    person = child(**{"band": "6-9", **said.get("person", {})}, windows=windows)
    assert told(verdict_of(name, **{**said, "person": person})) == expected


def test_of_two_windows_the_longer_is_the_reason() -> None:
    """Whatever their order."""
    evening = Window(name="Bedtime", start="14:59", end="22:00")
    for windows in ((AFTERNOON, evening), (evening, AFTERNOON)):
        verdict = verdict_of("open.example", child(windows=windows))
        assert (verdict.reason, verdict.until) == (Reason.of("window", window="Bedtime"), AT + 3600)
    verdict = verdict_of("a.example", child(windows=(on(block=Things(names=("a.example",))),)))
    assert verdict.reason == Reason.of("window_block", window="Free time")
    assert verdict_of("chat.example", child(windows=(off(services=("chat",)),))).reason == Reason.of(
        "window_allow", window="Homework"
    )


def test_a_window_ends_when_its_clock_shows_it() -> None:
    """Half open: 14:00 is in it, 16:00 no more."""
    person = child(windows=(AFTERNOON,))
    found = [verdict_of("open.example", person, at=AT + second).is_blocked for second in (-3601, -3600, 3599, 3600)]
    assert found == [False, True, True, False]


def test_a_window_is_on_its_days() -> None:
    """Of Monday to Sunday only on those that it has; `AT` is a Wednesday."""
    weeks = {day: child(windows=(Window(name="x", start="14:00", end="16:00", days=(day,)),)) for day in Day}
    found = [day for day, person in weeks.items() if verdict_of("open.example", person).is_blocked]
    assert found == [Day.WED]


@pytest.mark.parametrize(
    ("name", "band", "target"),
    [
        ("www.video.example", "10-12", "safe.video.example"),
        ("www.video.example", "16-17", "safe.video.example"),
        ("www.soft.example", "16-17", "moderate.soft.example"),
        ("www.wild.example", "16-17", None),
        ("www.open.example", "16-17", None),
    ],
)
def test_a_window_forces_safe_search(name: str, band: str, target: str | None) -> None:
    """In the strictest mode that there is, though set to off; not before it opens, nor on a managed device."""
    person = child(band, windows=(on(safe_search=True),), safe_search={"film": Level.OFF})
    assert verdict_of(name, person).target == target
    assert verdict_of(name, person, at=AT - 3600).target is None
    assert verdict_of(name, person, on=DeviceKind.MANAGED, bedtime=True).target is None


def test_a_window_may_be_uncounted() -> None:
    """Nothing counts in it and no spent budget stops anything; before it all is as ever."""
    person = child(windows=(on(uncounted=True),), budgets=(Budget(minutes=30),))
    spent = counted(everything=30)
    inside = verdict_of("games.example", person, minutes=spent)
    before = verdict_of("games.example", person, minutes=spent, at=AT - 1900)
    assert (told(inside), inside.counted) == (CATEGORY, False)
    assert told(before) == ("block", "time", "budget")
    assert verdict_of("games.example", person, at=AT - 1900).counted


def exceptional(*exceptions: DateException) -> Person:
    """Return a child with homework from 14:00 to 16:00 and exceptions."""
    return child(windows=(AFTERNOON,), exceptions=exceptions)


HOLIDAY = DateException(name="Holiday", first=TODAY, last=TODAY)
KEPT = DateException(name="Kept", first=TODAY, last=TODAY, instead_of=())
LESS = DateException(name="Less", first=TODAY, last=TODAY, instead_of=("Homework",))
EVENING = DateException(
    name="Match", first=TODAY, last=TODAY, instead_of=(), windows=(Window(name="Match", start="14:00", end="15:30"),)
)
LATER = DateException(name="Later", first=TODAY + timedelta(days=1), last=TODAY + timedelta(days=9))


@pytest.mark.parametrize(
    ("exceptions", "expected"),
    [
        ((), "Homework"),
        ((HOLIDAY,), None),
        ((KEPT,), "Homework"),
        ((LESS,), None),
        ((LATER,), "Homework"),
        ((EVENING,), "Homework"),
        ((LESS, EVENING), "Match"),
        ((HOLIDAY, EVENING), "Match"),
        ((EVENING, HOLIDAY), None),
        ((EVENING, LESS), "Match"),
    ],
)
def test_exceptions_reach_the_decision(exceptions: tuple[DateException, ...], expected: str | None) -> None:
    """Applied in order: the later has the last word."""
    reason = verdict_of("open.example", exceptional(*exceptions)).reason
    assert reason == (Reason.of("window", window=expected) if expected else Reason("default_allow"))


def test_an_exception_is_of_the_day_on_which_a_window_starts() -> None:
    """Last night's bedtime ends this morning, holiday or not."""
    night = Window(name="Bedtime", start="20:00", end="07:00")
    person = child(windows=(night,), exceptions=(HOLIDAY,))
    found = [verdict_of("open.example", person, at=AT + 3600 * hours).is_blocked for hours in (-10, 6, 14, 30)]
    assert found == [True, False, False, True]
