"""Children and adults: what may be said of one, and what is wrong with it in the light of what there is."""

from datetime import date
from typing import Any

import msgspec
import pytest

from appliance.core.budget import Budget
from appliance.core.names import BadName
from appliance.core.person import (
    BANDS,
    LETTERS,
    UNCOUNTED,
    Do,
    Known,
    KnownNames,
    Level,
    Mode,
    Person,
    PersonKind,
    Rule,
    Setting,
    Unwatched,
    problems,
    what_problems,
)
from appliance.core.said import Things
from appliance.core.schedule import DateException, Window
from appliance.core.verdict import Letter
from tests.core.builders import adult, child

NIGHT = Window(name="Night", start="20:00", end="21:00")
KNOWN = Known(
    categories={"forum", "education", "mental_health", "pornography", "video_sharing"},
    services={"tube": "video_sharing", "hub": "pornography", "own": ""},
    groups={"video"},
    engines={"seek": (Level.OFF, Level.STRICT, Level.BLOCK)},
    hard={("pornography", "6-9")},
    protected={("mental_health", "6-9")},
)


def school(**said: Any) -> Window:
    """Return a window in which the Internet is on."""
    return Window(name="School", start="08:00", end="13:00", internet=True, **said)


def holiday(*windows: Window, instead_of: tuple[str, ...] | None = None) -> DateException:
    """Return an exception of a day."""
    day = date(2026, 3, 4)
    return DateException(name="Holiday", first=day, last=day, instead_of=instead_of, windows=windows)


REFUSED = [
    (lambda: Rule(name="not a name", do=Do.BLOCK), BadName, "not a domain name"),
    (lambda: Person(id="a", name="A"), ValueError, "a child needs a band: one of 0-5, 6-9"),
    (lambda: Person(id="a", name="A", band="6-10"), ValueError, "a child needs a band"),
    (lambda: child(services={"tube": Setting.SAFE}), ValueError, "safe modes stand in safe_search"),
    (lambda: child(groups={"video": Setting.SAFE_TIMED}), ValueError, "safe modes stand in safe_search"),
    (lambda: child(budgets=(Budget(minutes=5), Budget(week=5))), ValueError, "two budgets for the same thing"),
]


@pytest.mark.parametrize(("make", "error", "words"), REFUSED)
def test_a_wrong_person_is_never_made(make: Any, error: type[Exception], words: str) -> None:
    """What exists is right, so nobody need check it again."""
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    "said",
    [
        {"band": "16-17"},
        {"categories": {"forum": Setting.BLOCK}},
        {"services": {"tube": Setting.BLOCK}},
        {"groups": {"video": Setting.BLOCK}},
        {"safe_search": {"seek": Level.STRICT}},
        {"windows": (NIGHT,)},
        {"exceptions": (holiday(),)},
        {"budgets": (Budget(minutes=5),)},
        {"unknown_names": Mode.OPEN},
        {"grace_minutes": 5},
        {"unwatched": Unwatched.CLOSED},
        {"known_names_only": KnownNames.WATCH},
        {"risky_names": True},
        {"risky_names": False},
    ],
)
def test_an_adult_is_not_filtered(said: dict[str, Any]) -> None:
    """What would do nothing is refused, or somebody believed that it does."""
    with pytest.raises(ValueError, match="an adult has no band"):
        adult(**said)


def test_what_adults_and_children_may_have() -> None:
    """Rules of their own; children all the rest, different budgets beside one another."""
    assert adult(rules=(Rule(name="a.example", do=Do.BLOCK),)).kind is PersonKind.ADULT
    made = child(budgets=(Budget(minutes=5), Budget(what="group:video", minutes=5)), grace_minutes=30)
    assert (made.kind, made.uncounted, made.grace_minutes) == (PersonKind.CHILD, UNCOUNTED, 30)
    for band in BANDS:
        assert child(band).band == band


def test_what_holds_at_a_gateway() -> None:
    """Nothing stricter than before, unless a caregiver says so."""
    assert (child().unwatched, child().known_names_only) == (Unwatched.OPEN, KnownNames.OFF)
    told = {"id": "a", "name": "A", "band": "6-9", "unwatched": "closed", "known_names_only": "on"}
    made = msgspec.convert(told, Person)
    assert (made.unwatched, made.known_names_only) == (Unwatched.CLOSED, KnownNames.ON)
    assert msgspec.to_builtins(made) == told


@pytest.mark.parametrize("said", [True, False])
def test_whether_risky_names_are_asked_about_is_yes_no_or_nothing(*, said: bool) -> None:
    """By default the band says it, and that is not written; both answers are."""
    told = {"id": "a", "name": "A", "band": "13-15"}
    assert msgspec.convert(told, Person).risky_names is None
    assert msgspec.to_builtins(msgspec.convert(told, Person)) == told
    made = msgspec.convert(told | {"risky_names": said}, Person)
    assert (made.risky_names, msgspec.to_builtins(made)) == (said, told | {"risky_names": said})
    with pytest.raises(msgspec.ValidationError, match="risky_names"):
        msgspec.convert(told | {"risky_names": "on"}, Person)


@pytest.mark.parametrize("minutes", [-1, 31])
def test_grace_is_short(minutes: int) -> None:
    """It is for the end of a match."""
    with pytest.raises(msgspec.ValidationError, match="grace_minutes"):
        msgspec.convert({"id": "a", "name": "A", "band": "6-9", "grace_minutes": minutes}, Person)


def test_a_rules_name_comes_in_normal_form() -> None:
    """It is compared with what is asked for."""
    assert Rule(name="München.de.", do=Do.ALLOW).name == "xn--mnchen-3ya.de"


@pytest.mark.parametrize("name", ["", "a" * 81, "two\nlines", "a bell\x07", "a\u2028b"])
def test_what_a_person_is_called_is_one_line(name: str) -> None:
    """Not empty, not long, nothing that a page or a log would stumble over."""
    with pytest.raises(msgspec.ValidationError, match="name"):
        msgspec.convert({"id": "a", "name": name, "band": "6-9"}, Person)


def test_every_setting_has_a_letter() -> None:
    """A caregiver sets anything but H and P."""
    assert set(Letter) - {Letter.H, Letter.P} == {LETTERS[setting] for setting in Setting}
    assert len(LETTERS) == len(Setting)


WRONG: list[tuple[dict[str, Any], tuple[Any, ...], str]] = [
    ({"categories": {"cats": Setting.ASK}}, ("categories", "cats"), "there is no category 'cats'"),
    (
        {"categories": {"pornography": Setting.ASK}},
        ("categories", "pornography"),
        "pornography at 6-9 is lifted by two caregivers together, not by a setting",
    ),
    (
        {"categories": {"mental_health": Setting.ALLOW}},
        ("categories", "mental_health"),
        "mental_health at 6-9 is protected: no setting reaches it",
    ),
    ({"services": {"tub": Setting.ASK}}, ("services", "tub"), "there is no service 'tub'"),
    (
        {"services": {"hub": Setting.TIMED}},
        ("services", "hub"),
        "hub at 6-9 is lifted by two caregivers together, not by a setting",
    ),
    ({"groups": {"tube": Setting.ASK}}, ("groups", "tube"), "there is no group 'tube'"),
    ({"safe_search": {"tube": Level.OFF}}, ("safe_search", "tube"), "there is no engine 'tube'"),
    (
        {"safe_search": {"seek": Level.MODERATE}},
        ("safe_search", "seek"),
        "seek has no level 'moderate'; it has off, strict, block",
    ),
    (
        {"always_on": Things(categories=("education", "cats"))},
        ("always_on", "categories", 1),
        "there is no category 'cats'",
    ),
    ({"uncounted": Things(services=("tub",))}, ("uncounted", "services", 0), "there is no service 'tub'"),
    (
        {"budgets": (Budget(minutes=5), Budget(what="service:tub", minutes=5))},
        ("budgets", 1, "what"),
        "there is no service 'tub'",
    ),
    (
        {"windows": (NIGHT, school(block=Things(groups=("video", "games"))))},
        ("windows", 1, "block", "groups", 1),
        "there is no group 'games'",
    ),
    (
        {"windows": (school(block=Things(categories=("forum", "mental_health"))),)},
        ("windows", 0, "block", "categories", 1),
        "mental_health at 6-9 is protected: bedtime stops it, but no block of its own",
    ),
    (
        {"windows": (school(allow=Things(services=("tub",))),)},
        ("windows", 0, "allow", "services", 0),
        "there is no service 'tub'",
    ),
    (
        {"windows": (school(allow=Things(categories=("pornography",))),)},
        ("windows", 0, "allow", "categories", 0),
        "pornography at 6-9 is lifted by two caregivers together, not by a window",
    ),
    (
        {"windows": (school(allow=Things(services=("tube", "hub"))),)},
        ("windows", 0, "allow", "services", 1),
        "hub at 6-9 is lifted by two caregivers together, not by a window",
    ),
    (
        {"exceptions": (holiday(), holiday(NIGHT, school(block=Things(categories=("cats",)))))},
        ("exceptions", 1, "windows", 1, "block", "categories", 0),
        "there is no category 'cats'",
    ),
    (
        {"windows": (NIGHT,), "exceptions": (holiday(instead_of=("Night", "Nihgt")),)},
        ("exceptions", 0, "instead_of", 1),
        "there is no window 'Nihgt'",
    ),
    (
        {"exceptions": (holiday(instead_of=("Night",)), holiday(NIGHT))},
        ("exceptions", 0, "instead_of", 0),
        "there is no window 'Night'",
    ),
]


@pytest.mark.parametrize(("said", "place", "words"), WRONG)
def test_what_is_wrong_has_a_place(said: dict[str, Any], place: tuple[Any, ...], words: str) -> None:
    """What refers to nothing, and what one caregiver can't say."""
    assert [(place, words)] == list(problems(child(**said), KNOWN))


@pytest.mark.parametrize(
    "person",
    [
        child(),
        adult(),
        child(categories={"pornography": Setting.BLOCK}, services={"hub": Setting.BLOCK}),
        child("13-15", categories={"pornography": Setting.ASK, "mental_health": Setting.BLOCK}),
        child("13-15", services={"hub": Setting.ALLOW}, windows=(school(allow=Things(categories=("pornography",))),)),
        child("13-15", windows=(school(block=Things(categories=("mental_health",))),)),
        child(services={"tube": Setting.ALLOW, "own": Setting.TIMED}, groups={"video": Setting.ASK}),
        child(safe_search={"seek": Level.STRICT}, budgets=(Budget(what="group:video", week=5), Budget(week=9))),
        child(windows=(school(allow=Things(services=("own", "tube"), names=("a.example",))),)),
        child(windows=(NIGHT,), exceptions=(holiday(), holiday(instead_of=()), holiday(instead_of=("Night",)))),
        # An exception may leave out what one before it brought.
        child(exceptions=(holiday(NIGHT), holiday(instead_of=("Night",)))),
    ],
)
def test_what_is_right(person: Person) -> None:
    """Blocking what is closed anyway, another band, the house's own services, and what earlier exceptions brought."""
    assert list(problems(person, KNOWN)) == []


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("everything", []),
        ("service:tube", []),
        ("group:video", []),
        ("category:forum", []),
        ("service:video", ["there is no service 'video'"]),
        ("group:tube", ["there is no group 'tube'"]),
        ("category:tube", ["there is no category 'tube'"]),
    ],
)
def test_what_a_budget_is_about_exists(what: str, words: list[str]) -> None:
    """Each kind has ids of its own."""
    assert [(("here",), text) for text in words] == list(what_problems(("here",), what, KNOWN))
