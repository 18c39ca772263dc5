"""Growing up: what opens, what closes, what stays and what is no longer seen when a child moves to the next age."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from appliance.core.catalogue import Engine
from appliance.core.house import House
from appliance.core.person import BANDS, Person
from appliance.core.rulebook import Rulebook
from appliance.core.subject import Compiler, Subject
from appliance.core.verdict import TERMS, Letter
from appliance.core.visibility import Contract, Role
from appliance.web import bands, edits, risky, safe, sees, service_edits
from appliance.web.box import Box, box
from appliance.web.categories import state_of
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, WRONG, changed, done, reason

pages = Blueprint("growing", __name__)

OPENS, ASKS, EASES, CLOSES, COUNTS, FREES = "opens", "asks", "eases", "closes", "counts", "frees"
KINDS: Mapping[str, tuple[str, str, str, str]] = {
    OPENS: ("Opens", "check-circle", "free", "Closed or asked for until now."),
    ASKS: ("May be asked for", "hand-index-thumb", "ask", "Closed until now: a caregiver answers each time."),
    EASES: ("Closed, but one caregiver can open it", "key", "pause", "Until now that took two, or a day."),
    CLOSES: ("Is closed or asked for", "slash-circle", "stop", "Open until now."),
    COUNTS: ("Counts as screen time", "stopwatch", "night", "Open before and after."),
    FREES: ("No longer counted, or no longer in safe mode", "sun", "free", "Open before and after."),
}
"""What becomes of a kind of sites → title, icon, tone, what that means; in the order of the page."""


@dataclass(frozen=True, slots=True)
class Change:
    """Kinds of sites to which the same happens."""

    title: str
    icon: str
    tone: str
    note: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """A field of which caregivers see less or more: before and after, in words."""

    title: str
    before: str
    after: str
    is_less: bool
    is_erased: bool
    """What is there of it is erased with the move."""


@dataclass(frozen=True, slots=True)
class Step:
    """A move from one band to the next, whole."""

    band: str
    ages: str
    meaning: str
    changes: tuple[Change, ...]
    engines: tuple[tuple[str, str, str], ...]
    """Name, level before, level after."""
    more: tuple[str, ...]
    """Other things that change, in sentences."""
    stays: tuple[tuple[str, str], ...]
    """What was set by hand and holds on: what, and how."""
    ends: tuple[tuple[str, str], ...]
    """What was set by hand and doesn't fit the next age."""
    seen: tuple[Seen, ...]


@pages.get("/child/<person_id>/growing-up")
@open_to(Who.CAREGIVER)
def growing(person_id: str) -> ResponseReturnValue:
    """Show what the next age brings."""
    person = child_or_404(person_id)
    after = next_band(person)
    step = step_of(box(), person, after) if after else None
    return render_template("people/growing.html", person=person, ages=bands.ages(str(person.band)), step=step)


@pages.post("/child/<person_id>/growing-up")
@open_to(Who.CAREGIVER)
def grow(person_id: str) -> ResponseReturnValue:
    """Move a child to the next age."""
    person = child_or_404(person_id)
    after = next_band(person) or abort(404)
    known = box().book.known
    trouble = changed(
        reason("grown", person=person.id, ages=bands.ages(after)),
        lambda house: service_edits.moved(house, person.id, person.name, after, known),
    )
    if trouble is not None:
        return done(trouble, WRONG, url_for("growing.growing", person_id=person.id))
    seen = bands.changed(box().contract, str(person.band), after)
    said = f"{person.name} is {bands.ages(after)} now: what that opens is open. {seen}".strip()
    return done(said, GOOD, url_for("child.show", person_id=person.id))


def next_band(person: Person) -> str | None:
    """Return the band after a child's, None for the last."""
    place = BANDS.index(str(person.band)) + 1
    return BANDS[place] if place < len(BANDS) else None


def step_of(of: Box, person: Person, band: str) -> Step:
    """Return what a move to another band changes for a child, by the order of decision and the contract."""
    house = of.house()
    moved = service_edits.moved(house, person.id, person.name, band, of.book.known)
    older = edits.person_of(moved, person.id)
    before = Compiler.of(house, of.book, of.zone()).person(person)
    after = Compiler.of(moved, of.book, of.zone()).person(older)
    return Step(
        band=band,
        ages=bands.ages(band),
        meaning=bands.MEANINGS[band],
        changes=tuple(_changes(of.book, before, after)),
        engines=tuple(_engines(of.book, person, older)),
        more=tuple(_more(before, after)),
        stays=tuple(_said(of.book, moved, older)),
        ends=tuple(one for one in _said(of.book, house, person) if one not in set(_said(of.book, moved, older))),
        seen=tuple(seen(of.contract, str(person.band), band)),
    )


def kind_of(before: Letter, after: Letter) -> str | None:
    """Return what becomes of a kind of sites, None where nothing that one feels."""
    old, new = TERMS[before], TERMS[after]
    if new.strictness < old.strictness:
        return {"open": OPENS, "ask": ASKS}.get(state_of(after), EASES)
    if new.strictness > old.strictness:
        return CLOSES
    if state_of(after) != "open":
        return None
    if new.counted and not old.counted:
        return COUNTS
    return FREES if (old.counted and not new.counted) or (old.is_safe and not new.is_safe) else None


def seen(contract: Contract, before: str, after: str) -> Iterator[Seen]:
    """Yield the fields of which caregivers see more or less at another band, or that are erased with the move."""
    erased = contract.outgrown(before, after)
    for field in contract.fields:
        if field.bands is None:
            continue
        old, new = (contract.view(field.id, band, Role.CAREGIVER).granularity for band in (before, after))
        if old is not new or field.id in erased:
            is_less = new.rank < old.rank
            yield Seen(sees.title_of(field), sees.GRAINS[old], sees.GRAINS[new], is_less, field.id in erased)


def in_short(of: Box, person: Person) -> str:
    """Return what comes next in a few words, for the page of the child."""
    band = next_band(person)
    if band is None:
        return "The last of the five ages"
    step = step_of(of, person, band)
    opens = sum(len(one.names) for one in step.changes if one.title == KINDS[OPENS][0])
    return f"{bands.ages(band)} opens {opens} more kinds of sites" if opens else f"Next: {bands.ages(band)}"


def _changes(book: Rulebook, before: Subject, after: Subject) -> Iterator[Change]:
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for category in book.categories.values():
        kind = kind_of(before.letter(category.id), after.letter(category.id))
        if kind is not None:
            found[kind].append(category.name)
    for kind, names in found.items():
        if names:
            yield Change(*KINDS[kind], tuple(names))


def _engines(book: Rulebook, before: Person, after: Person) -> Iterator[tuple[str, str, str]]:
    old = {one.id: one for one in safe.of_person(before, book)}
    for one in safe.of_person(after, book):
        if one.word != old[one.id].word:
            yield one.name, old[one.id].word, one.word


def _more(before: Subject, after: Subject) -> Iterator[str]:
    if after.is_scored and not before.is_scored:
        yield "New sites that look risky ask a caregiver first."
    elif before.is_scored and not after.is_scored:
        yield "New sites are no longer guessed about: what no list knows is open."
    if before.own_rule_reaches_information and not after.own_rule_reaches_information:
        yield "A rule of yours no longer closes advice about the body, love or hard times: it is protected from now on."


def _said(book: Rulebook, house: House, person: Person) -> Iterator[tuple[str, str]]:
    """Yield what was set by hand for a child: what, and how."""
    for id_, setting in person.categories.items():
        if id_ in book.categories:
            yield book.categories[id_].name, _setting(setting.value)
    services = {id_: one.name for id_, one in book.services.items()} | {one.id: one.name for one in house.services}
    for id_, setting in person.services.items():
        yield services.get(id_, id_), _setting(setting.value)
    for id_, setting in person.groups.items():
        yield f"All of {book.groups.get(id_, id_)}", _setting(setting.value)
    for id_, level in person.safe_search.items():
        engine: Engine | None = book.engines.get(id_)
        yield f"{engine.name if engine else id_}, safe mode", safe.WORDS[level][0].lower()
    if (said := risky.of_child(house, person)) is not None and said.is_said:
        yield "New sites that look risky", "ask first" if said.is_on else "open"
    if person.rules:
        yield "Own rules", f"{len(person.rules)} {'site' if len(person.rules) == 1 else 'sites'}"
    if person.windows or person.exceptions:
        yield "The week", f"{len(person.windows)} times"
    if person.budgets:
        yield "Time budgets", f"{len(person.budgets)}"
    for lifted in house.lifted:
        if lifted.person == person.id and lifted.category in book.categories:
            yield f"Lifted: {book.categories[lifted.category].name}", "by caregivers"


def _setting(value: str) -> str:
    return {
        "allow": "open", "timed": "open, counted", "safe": "safe mode", "safe-timed": "safe mode, counted",
        "ask": "ask first", "block": "closed",
    }[value]  # fmt: skip
