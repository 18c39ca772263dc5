"""Safe search of one child: each engine with its levels, who said so, what that costs, in three taps from home."""

from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from msgspec.structs import replace

from appliance.core import policy
from appliance.core.house import House
from appliance.core.person import BANDS, Level, Person, Setting
from appliance.core.schedule import Window
from appliance.core.verdict import Action, Reason
from appliance.store.errors import Locked
from appliance.web import safe
from appliance.web.box import Box
from appliance.world.rules import load_rulebook
from tests.web.asking import last, send, told, words
from tests.web.conftest import CAREGIVER

BOOK = load_rulebook()
PLACE = "/child/jonas/safe-search"
YOUTUBE = BOOK.engines["youtube"]


def site(person: Person, id_: str) -> safe.Site:
    """Return one engine for a person."""
    return next(one for one in safe.of_person(person, BOOK) if one.id == id_)


def child(band: str = "13-15", **said: object) -> Person:
    """Return a child with settings."""
    return replace(Person(id="kid", name="Kid", band=band), **said)


def jonas(box: Box) -> Person:
    """Return Jonas as he is in the house."""
    return next(one for one in box.house().persons if one.id == "jonas")


def given(box: Box, **said: object) -> None:
    """Give Jonas something."""

    def mutate(house: House) -> House:
        return replace(
            house, persons=tuple(replace(one, **said) if one.id == "jonas" else one for one in house.persons)
        )

    box.change("x", Reason("x"), mutate)


@pytest.mark.parametrize("band", BANDS)
def test_every_engine_is_as_the_age_has_it(band: str) -> None:
    """With one of its levels pressed, and what that costs."""
    for one in safe.of_person(child(band), BOOK):
        engine = BOOK.engines[one.id]
        assert one.level is engine.default.get(band, Level.OFF)
        assert [choice.value for choice in one.choices if choice.is_on] == [one.level.value]
        assert tuple(Level(choice.value) for choice in one.choices) == engine.levels
        assert one.cost
        assert not one.is_set


def test_video_stands_apart_from_search() -> None:
    """And engines without a safe mode are open or closed."""
    parts = {one.id: one.part for one in safe.of_person(child(), BOOK)}
    assert parts["youtube"] == "video"
    assert parts["google"] == "search"
    assert {BOOK.engines[id_].targets == {} for id_, part in parts.items() if part == "plain"} == {True}
    plain = next(one for one in safe.of_person(child("16-17"), BOOK) if one.part == "plain")
    assert [choice.word for choice in plain.choices] == ["Open", "Closed"]


def test_a_level_is_set_with_one_tap_and_holds(caregiver: FlaskClient, box: Box) -> None:
    """As the name server answers."""
    assert site(jonas(box), "youtube").word == "Moderate"
    answer = send(caregiver, PLACE, engine="youtube", level="strict")
    assert jonas(box).safe_search == {"youtube": Level.STRICT}
    expected = {"engine": "youtube", "called": "YouTube", "person": "jonas", "level": "strict"}
    assert last(box) == (CAREGIVER, "safe_search_set", expected)
    assert answer.location == f"{PLACE}#engine-youtube"
    page = told(caregiver, answer)
    assert "YouTube: strict for Jonas." in page
    assert "As the age has it: moderate" in page
    compiled = box.policy()
    verdict = policy.decide(compiled, compiled.by_person["jonas"], YOUTUBE.hosts[0], None, box.now())
    assert (verdict.action, verdict.target) == (Action.REWRITE, YOUTUBE.targets[Level.STRICT])
    assert "set the safe mode of YouTube to “strict” for Jonas." in words(caregiver.get("/changes"))


def test_a_level_is_given_back_to_the_age(caregiver: FlaskClient, box: Box) -> None:
    """With its own word in the audit."""
    given(box, safe_search={"youtube": Level.BLOCK, "bing": Level.OFF})
    answer = send(caregiver, PLACE, engine="youtube", level="default")
    assert jonas(box).safe_search == {"bing": Level.OFF}
    assert last(box)[1] == "safe_search_reset"
    assert "YouTube: moderate for Jonas" in told(caregiver, answer)


@pytest.mark.parametrize(("engine", "level"), [("google", "moderate"), ("youtube", "burn"), ("youtube", "")])
def test_a_level_that_an_engine_lacks_is_refused(caregiver: FlaskClient, box: Box, engine: str, level: str) -> None:
    """And nothing changes."""
    answer = send(caregiver, PLACE, engine=engine, level=level)
    assert "has no such level." in told(caregiver, answer)
    assert jonas(box).safe_search == {}


def test_a_kind_that_decides_is_told() -> None:
    """A safe mode that its category brings, and an engine that its category closes."""
    one = site(child("16-17", categories={"video_sharing": Setting.SAFE}), "youtube")
    assert (one.level, one.is_set) == (Level.MODERATE, False)
    assert one.origin == f"By its kind: {BOOK.categories['video_sharing'].name}"
    shut = next(one for one in safe.of_person(child("6-9"), BOOK) if one.part == "plain")
    assert shut.kind == BOOK.categories[BOOK.engines[shut.id].category].name
    assert site(child("6-9"), "google").kind == ""


def test_an_engine_that_its_kind_closes_can_t_be_opened_here(caregiver: FlaskClient) -> None:
    """A button that does nothing would be a lie; the way to the kind is there."""
    page = caregiver.get("/child/mia/safe-search").text
    shut = [one for one in safe.of_person(child("6-9"), BOOK) if one.part == "plain" and one.kind]
    assert shut
    for one in shut:
        assert f'value="{one.id}"' not in page
    assert "/child/mia/categories?q=" in page


def test_windows_that_force_the_strictest_are_told(caregiver: FlaskClient, box: Box) -> None:
    """By name."""
    window = Window(name="Homework", start="14:00", end="16:00", internet=True, safe_search=True)
    given(box, windows=(window,))
    assert "During Homework every engine is at its strictest." in words(caregiver.get(PLACE))


def test_what_is_in_the_way_is_said(caregiver: FlaskClient, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what holds is shown as it is."""

    def locked(*_: object, **__: object) -> None:
        raise Locked("house.db")

    monkeypatch.setattr(box, "change", locked)
    assert Locked("").sentence in told(caregiver, send(caregiver, PLACE, engine="youtube", level="strict"))


def test_there_is_no_other_engine_or_child(caregiver: FlaskClient) -> None:
    """Nor for an adult."""
    assert send(caregiver, PLACE, engine="nonsense", level="strict").status_code == 404
    for who in ("dana", "nobody"):
        assert caregiver.get(f"/child/{who}/safe-search").status_code == 404
        assert send(caregiver, f"/child/{who}/safe-search", engine="youtube", level="strict").status_code == 404


def test_safe_search_is_for_caregivers(anyone: FlaskClient, caregiver: FlaskClient) -> None:
    """Others are led to the log-in; a form without its token is not taken."""
    assert anyone.get(PLACE).status_code == 303
    assert "/log-in" in send(anyone, PLACE, engine="youtube", level="strict").location
    assert caregiver.post(PLACE, data={"engine": "youtube", "level": "strict"}).status_code == 400


class Links(HTMLParser):
    """Collects where a page leads, and the buttons of each of its forms."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hrefs: set[str] = set()
        self.forms: list[tuple[str, dict[str, str], set[tuple[str, str]]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a link, a form, what it holds, and its buttons."""
        found = {key: value or "" for key, value in attrs}
        if tag == "a" and "href" in found:
            self.hrefs.add(found["href"])
        elif tag == "form":
            self.forms.append((found.get("action", ""), {}, set()))
        elif tag == "input" and found.get("type") == "hidden" and self.forms:
            self.forms[-1][1][found["name"]] = found["value"]
        elif tag == "button" and self.forms and "name" in found:
            self.forms[-1][2].add((found["name"], found["value"]))


def test_youtube_is_strict_in_three_taps(caregiver: FlaskClient, box: Box) -> None:
    """The child, safe search, strict: each a link or a button of the page before."""
    assert "/child/jonas" in Links(caregiver.get("/").text).hrefs
    assert PLACE in Links(caregiver.get("/child/jonas").text).hrefs
    forms = Links(caregiver.get(PLACE).text).forms
    action, hidden = next(
        (action, hidden)
        for action, hidden, buttons in forms
        if hidden.get("engine") == "youtube" and ("level", "strict") in buttons
    )
    assert caregiver.post(action, data={**hidden, "level": "strict"}).status_code == 303
    assert jonas(box).safe_search == {"youtube": Level.STRICT}


def test_the_state_in_a_few_words() -> None:
    """For the page of the child."""
    assert safe.in_short(safe.of_person(child("6-9"), BOOK)).startswith("YouTube strict · ")
    searches = sum(one.part == "search" for one in safe.of_person(child(), BOOK))
    off = child(safe_search={"google": Level.OFF, "bing": Level.BLOCK})
    said = safe.in_short(safe.of_person(off, BOOK))
    assert f"{searches - 2} of {searches} search engines in safe mode" in said
    assert safe.in_short([]) == "No engine is known"
