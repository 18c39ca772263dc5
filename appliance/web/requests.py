"""Requests: a child asks on its own page, a caregiver answers in one tap, and the answer takes effect with it."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, abort, flash, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec.structs import replace

from appliance.core.house import House
from appliance.core.names import BadName
from appliance.core.person import Do, Person, Rule
from appliance.core.verdict import Reason
from appliance.store.errors import Answered, StoreError
from appliance.store.requests import NOBODY, TIME, Answer, Request, State
from appliance.web import asks, edits, ladder, lessons, look, own, time_edits
from appliance.web.asked import site_of
from appliance.web.asks import DEVICE, NO, Asked
from appliance.web.box import Box, Visitor, box
from appliance.web.gate import Who, open_to, safe_path
from appliance.web.saving import GOOD, MIND, WRONG, changed
from appliance.wording import Names
from appliance.world import clock

pages = Blueprint("requests", __name__)

OWN_PAGE = "/me"
MAX_ANSWERED = 30
MAX_WORD = 200
ANSWERED_S = 14 * look.DAY_S
"""How far the page looks back; the contract may have them for longer."""


@dataclass(frozen=True, slots=True)
class Past:
    """A request that was answered, in words."""

    request: Request
    person: Person | None
    words: str
    by: str


@pages.get("/requests")
@open_to(Who.CAREGIVER)
def requests() -> ResponseReturnValue:
    """Show what waits for an answer, and what was answered."""
    at, trouble = look.now(), ""
    try:
        open_, past = waiting(box(), at), _past(box(), at)
    except StoreError as error:
        open_, past, trouble = [], [], error.sentence
    return render_template("requests/list.html", asked=open_, past=past, trouble=trouble, max_word=MAX_WORD)


@pages.post("/requests/<int:id_>")
@open_to(Who.CAREGIVER)
def answer(id_: int) -> ResponseReturnValue:
    """Answer a request: `answer` is 15, 60, today, always or no, with a `word` if one likes."""
    at, chosen = look.now(), request.form.get("answer", "")
    word = _line(request.form.get("word"), MAX_WORD)
    try:
        found = box().household.store.requests.get(id_)
    except StoreError as error:
        return _back(error.sentence, WRONG)
    if found is None:
        return _back("This was taken back, or is too old.", MIND)
    if found.state is not State.OPEN:
        return _back(_answered(found), MIND)
    asked = asks.asked(box(), box().policy(), found, at, box().labels())
    name = asked.person.name if asked.person else "the device"
    if chosen == NO and asked.person is not None and asked.looks:
        trouble = _keep(asked.person, found, word, at)
        return _back(trouble or f"{asked.words} stays closed for {name}.", WRONG if trouble else MIND)
    if chosen == NO:
        try:
            box().household.store.requests.deny(current_user.id, Answer(id_, is_allowed=False, word=word), at)
        except StoreError as error:
            return _back(_trouble(error, id_), MIND if isinstance(error, Answered) else WRONG)
        return _back(f"{name} is told: not now.", MIND)
    if not chosen:
        return _back("Choose an answer.", MIND)
    choice = next((one for one in asked.choices if one.value == chosen), None)
    if choice is None or asked.person is None:
        abort(400)
    trouble = _open(asked.person, found, Answer(id_, is_allowed=True, word=word, until=choice.until), at)
    if trouble is not None:
        return _back(trouble, WRONG)
    until = f" {look.until_words(choice.until)}" if choice.until else " from now on"
    return _back(f"{asks.as_heading(asked.words, found.what)}: open for {name}{until}.", GOOD)


@pages.post("/me/request")
@open_to(Who.ANYONE)
def ask() -> ResponseReturnValue:
    """Ask for `what` (as a button of the own page says it), or for the site or service that was typed as `site`."""
    of, at = box(), look.now()
    visitor = own.visitor_of(of, request.remote_addr or "")
    if not asks.may_ask(of, visitor.person, visitor.device):
        abort(403, "Nothing is closed on this device that one could ask for.")
    reason = _line(request.form.get("reason"), asks.MAX_REASON)
    try:
        what, guess = _what(of, visitor, at)
        who = visitor.person.id if visitor.person else NOBODY
        store = of.household.store.requests
        if who == NOBODY:
            _tidy(of, at)
        sent = store.ask(who, key_of(of, visitor), what, reason, at, guess)
    except (asks.NotAsked, ladder.NoName, BadName) as error:
        return _told(str(error), MIND)
    except StoreError as error:
        return _told(error.sentence, MIND)
    words, _ = asks.in_words(Names.of(of.book, of.house()), what)
    if sent.at < at:
        return _told("You asked for this already. It still waits for an answer.", MIND)
    return _told(f"Sent: you asked for {words}. The answer will stand here.", GOOD)


@pages.post("/me/request/<int:id_>/withdraw")
@open_to(Who.ANYONE)
def withdraw(id_: int) -> ResponseReturnValue:
    """Take one's own request back."""
    visitor = own.visitor_of(box(), request.remote_addr or "")
    try:
        who = visitor.person.id if visitor.person else NOBODY
        box().household.store.requests.withdraw(id_, who, key_of(box(), visitor))
    except StoreError as error:
        return _told(error.sentence, MIND)
    return _told("Taken back.", GOOD)


def install(app: Flask) -> None:
    """Give the templates of an app how many requests wait."""
    app.jinja_env.globals.update(asking=count)


def waiting(of: Box, at: float) -> list[Asked]:
    """Return what waits for an answer, the oldest first. Raises StoreError."""
    compiled, labels = of.policy(), of.labels()
    open_ = of.household.store.requests.open(at)
    return [asks.asked(of, compiled, one, at, labels) for one in open_ if not _is_settled(compiled.house, one)]


def count() -> int:
    """Return how many requests wait for an answer, asked once for a page; 0 where that can't be learned."""
    if "kindgate_requests" not in g:
        try:
            open_ = box().household.store.requests.open(look.now())
            g.kindgate_requests = sum(not _is_settled(look.house(), one) for one in open_)
        except StoreError:
            g.kindgate_requests = 0
    found: int = g.kindgate_requests
    return found


def key_of(of: Box, visitor: Visitor) -> str:
    """Return the device of a visitor: one of the house by its id, another by its MAC or address."""
    return visitor.device.id if visitor.device else of.key_of(request.remote_addr or "")


def _is_settled(house: House, one: Request) -> bool:
    """Say whether a request is about somebody who left, or a device that has become somebody's."""
    if one.person != NOBODY:
        return all(person.id != one.person for person in house.persons)
    owners = {word: device for device in house.devices for word in (device.id, *device.macs, *device.addresses)}
    device = owners.get(one.device)
    return device is not None and device.person is not None


def _tidy(of: Box, at: float) -> None:
    """Put away what devices asked for that are known by now."""
    store = of.household.store.requests
    for one in store.open(at):
        if one.person == NOBODY and _is_settled(of.house(), one):
            store.withdraw(one.id, NOBODY, one.device)


def _what(of: Box, visitor: Visitor, at: float) -> tuple[str, str | None]:
    """Return what the form asks for, and the category that the classifier took it for if it did.

    Raises NotAsked, NoName and BadName.
    """
    if visitor.person is None:
        return DEVICE, None
    compiled = of.policy()
    names = Names.of(of.book, compiled.house)
    what, typed = request.form.get("what", "").strip(), request.form.get("site", "").strip()
    if not what and not typed:
        raise asks.NotAsked("Say what you would like to have opened.")
    if what not in ("", TIME) and ":" not in what:
        what = asks.service_or_site(compiled, ladder.asked_name(what))
    if what == DEVICE:
        raise asks.NotAsked("This device is known here already.")
    subject = compiled.of_device(visitor.device.id if visitor.device else None)
    labels = of.labels()
    wanted = what or asks.read(compiled, names, typed)
    what = asks.checked(of.contract.never, compiled, subject, names, wanted, at, labels)
    guess = asks.guess_of(labels, compiled, subject, what, at)
    # A guess is about the whole site, and so is the answer to it.
    return (what, None) if guess is None else (site_of(what), guess)


def _open(person: Person, asked: Request, reply: Answer, at: float) -> str | None:
    """Do what an answer says, together with it; return what stood in the way."""
    end = clock.iso(reply.until, box().zone()) if reply.until else None
    args = {"person": person.id, "request": str(reply.request)} | ({"until": end} if end else {})

    def mutate(house: House) -> House:
        clean = edits.cleaned(house, at, person.id)
        if reply.until is None:
            return time_edits.opened_for_good(clean, person.id, asked.what)
        return time_edits.granted(clean, person.id, asked.what, at, reply.until)

    return _answer(Reason.of("request_allowed", **args), mutate, asked, reply, lessons.OPEN)


def _keep(person: Person, asked: Request, word: str, at: float) -> str | None:
    """Keep closed what nothing but a guess had closed until now, by a rule; return what stood in the way."""
    rule = Rule(name=asked.what, do=Do.BLOCK)
    what = Reason.of("request_kept", person=person.id, request=str(asked.id))

    def mutate(house: House) -> House:
        return edits.with_rule(edits.cleaned(house, at, person.id), person.id, rule)

    return _answer(what, mutate, asked, Answer(asked.id, is_allowed=False, word=word), lessons.KEEP)


def _answer(what: Reason, mutate: Callable[[House], House], asked: Request, reply: Answer, steps: int) -> str | None:
    """Answer a request with a change of the house, and have the box learn from it; return what stood in the way."""
    try:
        lesson = lessons.of_answer(box(), asked, steps)
    except StoreError as error:
        return error.sentence
    if lesson is None:
        trouble = changed(what, mutate, reply)
    else:
        taught = replace(reply, taught=lesson.steps)
        trouble = changed(what, lambda house: lesson.learned(mutate(house)), taught)
    return _trouble(Answered(), asked.id) if trouble == Answered().sentence else trouble


def _past(of: Box, at: float) -> list[Past]:
    house, store = of.house(), of.household.store
    names, persons = Names.of(of.book, house), {one.id: one for one in house.persons}
    callers = {one.id: one.name for one in store.accounts.all()}
    found = [one for one in store.requests.since(at - ANSWERED_S, MAX_ANSWERED) if one.state is not State.GONE]
    return [
        Past(one, persons.get(one.person), asks.in_words(names, one.what)[0], callers.get(one.answered_by or "", ""))
        for one in found
    ]


def _trouble(error: StoreError, id_: int) -> str:
    """Return what stood in the way of an answer; of one that came second, who was first."""
    if not isinstance(error, Answered):
        return error.sentence
    found = box().household.store.requests.get(id_)
    return error.sentence if found is None else _answered(found)


def _answered(found: Request) -> str:
    """Return who answered a request, and what, in a sentence."""
    if found.answered_by is None:
        return Answered().sentence
    caregiver = box().household.store.accounts.get(found.answered_by)
    who = "You" if caregiver and caregiver.id == current_user.id else caregiver.name if caregiver else "A caregiver"
    said = "no" if found.state is State.DENIED else "yes"
    return f"{who} answered this already: {said}{f', {look.until_words(found.until)}' if found.until else ''}."


def _line(text: str | None, most: int) -> str:
    """Return what somebody wrote as one line of at most so many characters, without signs that aren't seen."""
    line = " ".join((text or "").split())
    return "".join(sign for sign in line if sign.isprintable())[:most].rstrip()


def _told(text: str, tone: str) -> ResponseReturnValue:
    flash(text, tone)
    return redirect(OWN_PAGE, 303)


def _back(text: str, tone: str) -> ResponseReturnValue:
    flash(text, tone)
    return redirect(safe_path(request.form.get("back")) or "/requests", 303)
