"""Safe search for one child: each engine with its levels, who said so, and what the level costs the child."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from appliance.core.catalogue import Engine
from appliance.core.person import LETTERS, Level, Person
from appliance.core.rulebook import Rulebook
from appliance.core.safe import level_of
from appliance.core.verdict import Letter
from appliance.web import bands, edits, look, service_edits
from appliance.web.box import box
from appliance.web.categories import DEFAULT, state_of
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("safe", __name__)

WORDS: dict[Level, tuple[str, str]] = {
    Level.OFF: ("Off", "pause"),
    Level.MODERATE: ("Moderate", "free"),
    Level.STRICT: ("Strict", "free"),
    Level.BLOCK: ("Closed", "stop"),
}
"""A level's word and tone; without any safe mode, off is called open."""
PARTS: tuple[tuple[str, str, str], ...] = (
    ("video", "Video", "Apart from search: what a video site leaves out by itself."),
    ("search", "Search engines", "Pictures and pages that a search shows."),
    ("plain", "Without a safe mode", "They can only be open or closed."),
)
"""A part of the page, its title, and what is in it."""
_VIDEO = "video"
_CLOSED = "The site itself is closed: nothing is found there."
_OFF = "Nothing is left out."


@dataclass(frozen=True, slots=True)
class Choice:
    """A level that may be chosen, and whether it is the one that holds."""

    value: str
    word: str
    tone: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Site:
    """An engine for a child."""

    id: str
    name: str
    part: str
    level: Level
    word: str
    origin: str
    """Who said so, empty for the age."""
    default: str
    """What the age has, in a word."""
    is_set: bool
    cost: str
    kind: str
    """The name of its kind, if that closes it or has one ask, whatever its level says; empty where it doesn't."""
    choices: tuple[Choice, ...]


@pages.get("/child/<person_id>/safe-search")
@open_to(Who.CAREGIVER)
def safe(person_id: str) -> ResponseReturnValue:
    """Show every engine with its levels."""
    person = child_or_404(person_id)
    sites = of_person(person, box().book)
    parts = [(id_, title, note, [one for one in sites if one.part == id_]) for id_, title, note in PARTS]
    return render_template(
        "people/safe.html", person=person, ages=bands.ages(str(person.band)), parts=parts, windows=_forcing(person)
    )


@pages.post("/child/<person_id>/safe-search")
@open_to(Who.CAREGIVER)
def choose(person_id: str) -> ResponseReturnValue:
    """Set an engine, or let the age decide again."""
    person = child_or_404(person_id)
    engine = box().book.engines.get(request.form.get("engine", "")) or abort(404)
    wanted = request.form.get("level", "")
    where = url_for("safe.safe", person_id=person.id, _anchor=f"engine-{engine.id}")
    level = next((one for one in engine.levels if one.value == wanted), None)
    if level is None and wanted != DEFAULT:
        return done(f"{engine.name} has no such level.", WRONG, where)
    args = {"engine": engine.id, "called": engine.name, "person": person.id}
    word = _word(engine, level).lower() if level else None
    at = look.now()
    trouble = changed(
        reason("safe_search_set", level=word, **args) if level else reason("safe_search_reset", **args),
        lambda house: service_edits.with_level(edits.cleaned(house, at, person.id), person.id, engine.id, level),
    )
    if trouble is not None:
        return done(trouble, WRONG, where)
    now_is = next(one for one in of_person(_again(person), box().book) if one.id == engine.id)
    return done(
        f"{engine.name}: {now_is.word.lower()} for {person.name}{'' if level else ', as without a word of yours'}.",
        GOOD, where,
    )  # fmt: skip


def of_person(person: Person, book: Rulebook) -> list[Site]:
    """Return every engine as it is for a child."""
    return [_site(person, book, one, level_of(one, str(person.band), person)) for one in book.engines.values()]


def in_short(sites: Iterable[Site]) -> str:
    """Return the present state in a few words, for the page of the child."""
    found = list(sites)
    said = [f"{one.name} {one.word.lower()}" for one in found if one.part == _VIDEO][:1]
    searches = [one for one in found if one.part == "search"]
    is_safe = [one for one in searches if one.level in (Level.MODERATE, Level.STRICT)]
    if searches:
        said.append(f"{len(is_safe)} of {len(searches)} search engines in safe mode")
    closed = sum(one.level is Level.BLOCK for one in found)
    if closed:
        said.append(f"{closed} closed")
    return " · ".join(said) or "No engine is known"


def _again(person: Person) -> Person:
    """Return a child as it is after a change."""
    return edits.person_of(box().house(), person.id)


def _site(person: Person, book: Rulebook, engine: Engine, level: Level) -> Site:
    by_age = engine.default.get(str(person.band), Level.OFF)
    is_set = engine.id in person.safe_search
    by_kind = not is_set and level is not by_age
    category = book.categories.get(engine.category)
    if is_set:
        origin = "Set by a caregiver"
    elif by_kind:
        origin = f"By its kind: {category.name if category else engine.category}"
    else:
        origin = ""
    is_video = category is not None and category.group == _VIDEO
    part = "plain" if not engine.targets else _VIDEO if is_video else "search"
    return Site(
        engine.id, engine.name, part, level, _word(engine, level), origin, _word(engine, by_age), is_set,
        _cost(engine, level),
        _closing(person, book, engine),
        tuple(Choice(one.value, _word(engine, one), WORDS[one][1], one is level) for one in engine.levels),
    )  # fmt: skip


def _closing(person: Person, book: Rulebook, engine: Engine) -> str:
    """Return the name of an engine's category where that is closed or asked for; empty where it is open."""
    category = book.categories.get(engine.category)
    setting = person.categories.get(engine.category)
    letter = LETTERS[setting] if setting else book.letters[str(person.band)].get(engine.category, Letter.A)
    return category.name if category is not None and state_of(letter) != "open" else ""


def _word(engine: Engine, level: Level) -> str:
    return "Open" if level is Level.OFF and not engine.targets else WORDS[level][0]


def _cost(engine: Engine, level: Level) -> str:
    match level:
        case Level.BLOCK:
            return _CLOSED
        case Level.OFF:
            return engine.cost if not engine.targets and engine.cost else _OFF
        case _:
            return engine.cost or "Some harmless results are left out too."


def _forcing(person: Person) -> list[str]:
    """Return the names of the times in which every engine is at its strictest."""
    return list(dict.fromkeys(window.name for window in person.windows if window.safe_search))
