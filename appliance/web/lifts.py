"""What is closed hard at a child's age: two caregivers together lift it, or one, and then it is announced for a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from appliance.core.house import NEVER_LIFTED, House
from appliance.core.person import Person, PersonKind
from appliance.core.rulebook import MALWARE, Category, Rulebook
from appliance.core.verdict import Letter
from appliance.core.word import ALONE, Lifted
from appliance.store.errors import StoreError
from appliance.web import edits, lift_edits, look
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to
from appliance.web.people import child_or_404
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("lifts", __name__)

ENDS = (("hour", "1 hour"), ("today", "Today"), ("week", "A week"), ("", "Until taken back"))
"""For how long something is open from the moment on at which it opens."""


@dataclass(frozen=True, slots=True)
class Shut:
    """A kind of sites that is closed hard for a child, and what was said to lift it."""

    id: str
    name: str
    note: str
    lifted: Lifted | None
    is_waiting: bool
    """It was said and is not open yet."""
    is_own: bool
    """Who looks at the page said it."""
    by: str
    """Who said it, in words; empty where nobody did."""
    opens: str
    """From when on it is open, where it isn't yet."""
    ends: str
    """Until when."""


@dataclass(frozen=True, slots=True)
class Pending:
    """What one caregiver lifted and what isn't open yet, for the other caregivers."""

    person: str
    person_name: str
    category: str
    category_name: str
    who: str
    """The account that said it."""
    who_name: str
    begins: float
    """POSIX seconds."""
    href: str
    """The page on which the second caregiver agrees or says no."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a child is told about something that was lifted, and the moment (POSIX seconds) at which that ends."""

    words: str
    at: float | None
    is_open: bool


@pages.get("/child/<person_id>/closed")
@open_to(Who.CAREGIVER)
def lifts(person_id: str) -> ResponseReturnValue:
    """Show what is closed hard at the child's age, what was lifted of it, and how to lift one."""
    person = child_or_404(person_id)
    found = shut(box(), person, look.now(), current_user.id)
    return render_template(
        "people/closed.html",
        person=person,
        waiting=[one for one in found if one.is_waiting],
        open_=[one for one in found if one.lifted and not one.is_waiting],
        closed=[one for one in found if not one.lifted],
        nobody=box().book.categories.get(NEVER_LIFTED),
        ends=ENDS,
        is_alone=len(_caregivers(box())) < 2,
    )


@pages.post("/child/<person_id>/closed/lift")
@open_to(Who.CAREGIVER)
def lift(person_id: str) -> ResponseReturnValue:
    """Begin to lift a category: a second caregiver agrees, or it opens by itself a day later."""
    person, category = _asked(person_id)
    at = look.now()
    told = lift_edits.lifted_of(box().house(), person.id, category.id, at)
    if told is not None:
        return done(_already(told, category, at), MIND, _back(person, category))
    began = box().local_time(at + ALONE.total_seconds())
    until = ending(request.form.get("end", ""), began)
    who = current_user.id
    trouble = changed(
        reason("lift_asked", category=category.id, person=person.id),
        lambda house: lift_edits.lifted_alone(
            edits.cleaned(house, at, person.id), person.id, category.id, who, at, until
        ),
    )
    if trouble is not None:
        return done(trouble, WRONG, _back(person, category))
    text = f"{category.name} opens for {person.name} {when_words(began.timestamp())}"
    return done(
        f"{text}, or as soon as a second caregiver agrees. {person.name} is told now.", GOOD, _back(person, category)
    )


@pages.post("/child/<person_id>/closed/agree")
@open_to(Who.CAREGIVER)
def agree(person_id: str) -> ResponseReturnValue:
    """Agree as the second caregiver: it is open at once."""
    person, category = _asked(person_id)
    at = look.now()
    told = lift_edits.lifted_of(box().house(), person.id, category.id, at)
    if told is None or not lift_edits.is_waiting(told, at):
        return done("There is nothing to agree to any more.", MIND, _back(person, category))
    who = current_user.id
    if who in told.by:
        text = "You said it first: the second one has to be another caregiver, with an own log-in."
        return done(text, WRONG, _back(person, category))
    until = moved_end(told, box().local_time(at))
    trouble = changed(
        reason("lift_agreed", category=category.id, person=person.id, until=until.isoformat() if until else None),
        lambda house: lift_edits.agreed(edits.cleaned(house, at, person.id), person.id, category.id, who, at, until),
    )
    if trouble is not None:
        return done(trouble, WRONG, _back(person, category))
    end = f" {look.until_words(until.timestamp())}" if until else ", until a caregiver takes it back"
    return done(f"{category.name} is open for {person.name}{end}.", GOOD, _back(person, category))


@pages.post("/child/<person_id>/closed/back")
@open_to(Who.CAREGIVER)
def back(person_id: str) -> ResponseReturnValue:
    """Say no to what another one began, or take back what is open: any caregiver, at once."""
    person, category = _asked(person_id)
    at = look.now()
    told = lift_edits.lifted_of(box().house(), person.id, category.id, at)
    if told is None:
        return done("It is closed already.", MIND, _back(person, category))
    is_no = lift_edits.is_waiting(told, at) and current_user.id not in told.by
    trouble = changed(
        reason("lift_refused" if is_no else "lift_ended", category=category.id, person=person.id),
        lambda house: lift_edits.taken_back(edits.cleaned(house, at, person.id), person.id, category.id, at),
    )
    word = "stays" if lift_edits.is_waiting(told, at) else "is"
    text = trouble or f"{category.name} {word} closed for {person.name}."
    return done(text, WRONG if trouble else GOOD, _back(person, category))


def pending(of: Box, at: float | None = None) -> tuple[Pending, ...]:
    """Return what waits for a second caregiver at a time (None: now); `who` can't be the second."""
    house = of.house()
    moment = of.now() if at is None else at
    persons = {one.id: one.name for one in house.persons}
    callers = _caregivers(of)
    return tuple(
        Pending(
            one.person, persons.get(one.person, one.person), one.category, category_name(of.book, one.category),
            one.by[0], callers.get(one.by[0], "a caregiver"), one.begins.timestamp(), f"/child/{one.person}/closed",
        )
        for one in house.lifted
        if one.person and one.category and len(one.by) == 1 and lift_edits.is_waiting(one, moment)
    )  # fmt: skip


def announced(house: House, person: Person, at: float) -> tuple[Announced, ...]:
    """Return what a child is told at a time (POSIX seconds) about what was lifted, in words to the child."""
    return tuple(_announced(box(), house, person, at))


def shut(of: Box, person: Person, at: float, who: str = "") -> list[Shut]:
    """Return every category that two caregivers can lift for a child, in the rulebook's order; `who` looks."""
    callers, house = _caregivers(of), of.house()
    return [_shut(category, house, person, at, who, callers) for category in liftable(of.book, person)]


def liftable(book: Rulebook, person: Person) -> list[Category]:
    """Return the categories that two caregivers can lift for a child: malware is opened by name, csam by nobody."""
    if person.kind is not PersonKind.CHILD:
        return []
    letters = book.letters[str(person.band)]
    return [
        category
        for category in book.categories.values()
        if letters.get(category.id) is Letter.H and category.id not in (NEVER_LIFTED, MALWARE)
    ]


def in_short(found: list[Shut]) -> str:
    """Return the present state in a few words, for the page of the child."""
    waiting, open_ = (sum(one.is_waiting for one in found), sum(bool(one.lifted) for one in found))
    said = [f"{len(found)} {'kind' if len(found) == 1 else 'kinds'} that take two caregivers"]
    if waiting:
        said.append(f"{waiting} waits for a second one" if waiting == 1 else f"{waiting} wait for a second one")
    if open_ > waiting:
        said.append(f"{open_ - waiting} lifted")
    return " · ".join(said)


def ending(choice: str, begins: datetime) -> datetime | None:
    """Return when something ends that opens at a moment by the house's clock, None for never."""
    match choice:
        case "hour":
            return begins + timedelta(hours=1)
        case "today":
            return _midnight(begins)
        case "week":
            return begins + timedelta(days=7)
    return None


def moved_end(told: Lifted, begins: datetime) -> datetime | None:
    """Return when something ends that opens at another moment than was said: as long after it, or at midnight."""
    if told.until is None:
        return None
    said_begin, said_end = (one.astimezone(begins.tzinfo) for one in (told.begins, told.until))
    if said_end == _midnight(said_begin):
        return _midnight(begins)
    return begins + (told.until - told.begins)


def category_name(book: Rulebook, category: str) -> str:
    """Return a category as people say it."""
    return book.categories[category].name if category in book.categories else category


def said_by(of: Box, one: Lifted) -> str:
    """Return who said it, in words."""
    callers = _caregivers(of)
    return " and ".join(callers.get(id_, "a caregiver") for id_ in one.by)


def when_words(at: float) -> str:
    """Return a moment (POSIX seconds) as one says when something opens: ``at 17:30``, ``tomorrow 17:30``."""
    words = look.until_words(at).removeprefix("until ")
    return f"at {words}" if words[2:3] == ":" else words


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date() + timedelta(days=1), datetime.min.time(), moment.tzinfo)


def _asked(person_id: str) -> tuple[Person, Category]:
    """Return the child and the category that a form is about, or answer that there are none."""
    person = child_or_404(person_id)
    wanted = request.form.get("category", "")
    category = next((one for one in liftable(box().book, person) if one.id == wanted), None)
    return person, category or abort(404)


def _back(person: Person, category: Category) -> str:
    return url_for("lifts.lifts", person_id=person.id, _anchor=f"kind-{category.id}")


def _already(told: Lifted, category: Category, at: float) -> str:
    if not lift_edits.is_waiting(told, at):
        return f"{category.name} is open already."
    if current_user.id in told.by:
        return "You said so already: it waits for a second caregiver, or for its day to be over."
    return f"{_begun(said_by(box(), told))} began to lift {category.name} already: agree, or say no."


def _shut(category: Category, house: House, person: Person, at: float, who: str, callers: dict[str, str]) -> Shut:
    told = lift_edits.lifted_of(house, person.id, category.id, at)
    if told is None:
        return Shut(
            category.id, category.name, category.note, None, is_waiting=False, is_own=False, by="", opens="", ends=""
        )
    is_waiting = lift_edits.is_waiting(told, at)
    by = " and ".join(callers.get(id_, "a caregiver") for id_ in told.by)
    opens = when_words(told.begins.timestamp()) if is_waiting else ""
    ends = look.until_words(told.until.timestamp()) if told.until else "until a caregiver takes it back"
    return Shut(category.id, category.name, category.note, told, is_waiting, who in told.by, by, opens, ends)


def _announced(of: Box, house: House, person: Person, at: float) -> Iterator[Announced]:
    for one in house.lifted:
        if one.person != person.id or one.category is None or lift_edits.is_over(one, at):
            continue
        name = category_name(of.book, one.category)
        if lift_edits.is_waiting(one, at):
            begins = one.begins.timestamp()
            words = f"{_begun(said_by(of, one))} wants to open this for you: {name}. It opens {when_words(begins)}"
            yield Announced(f"{words}, or sooner if a second caregiver agrees.", begins, is_open=False)
        else:
            until = one.until.timestamp() if one.until else None
            end = f" {look.until_words(until)}" if until else ""
            yield Announced(f"{_begun(said_by(of, one))} opened this for you{end}: {name}.", until, is_open=True)


def _begun(text: str) -> str:
    """Return words as the beginning of a sentence."""
    return f"{text[:1].upper()}{text[1:]}"


def _caregivers(of: Box) -> dict[str, str]:
    """Return the names of those who can log in, by account; none where that can't be read."""
    try:
        return {one.id: one.name for one in of.household.store.accounts.all() if one.disabled_at is None}
    except StoreError:
        return {}
