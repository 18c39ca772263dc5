"""What somebody may do on the own page: ask, take a request back, and finish the match."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, request
from flask.typing import ResponseReturnValue

from appliance.core import budget as budgets
from appliance.core.device import Device, normal_address
from appliance.core.house import HouseError
from appliance.core.person import Person
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Reason
from appliance.core.visibility import Role
from appliance.household.changes import NotValid, Unpublished
from appliance.store.errors import StoreError
from appliance.store.requests import NOBODY, TIME, Request, State
from appliance.web import asks, left, look, status, time_edits
from appliance.web.asks import Blocked
from appliance.web.box import Box, Visitor, box
from appliance.web.edits import EditError
from appliance.web.gate import Who, open_to
from appliance.web.left import Left
from appliance.web.saying import PERSON
from appliance.wording import Names
from appliance.world import clock

pages = Blueprint("own", __name__)

SHOWN_S = 3 * look.DAY_S
"""So long an answer stands on the own page; the contract may have it for longer."""
MAX_SHOWN = 6
FINISH_WITHIN_S = 600
"""So long after a time off began a match may be finished."""
ASK_AHEAD = 15
"""Minutes left at which one may ask for more."""
TAKEN = "grace_taken"


@dataclass(frozen=True, slots=True)
class Mine:
    """One's own request in words: its look, what became of it, who answered, and whether it still holds."""

    request: Request
    words: str
    tone: str
    icon: str
    said: str
    by: str


@dataclass(frozen=True, slots=True)
class Offers:
    """What the own page offers: what was just closed, whether one may ask at all and for time, own requests."""

    may_ask: bool
    for_time: bool
    recent: tuple[Blocked, ...]
    mine: tuple[Mine, ...]
    is_waiting: bool
    """A device that is nobody's asked already."""
    finish: int
    """Minutes that one may take to finish something; 0 for none."""


NOTHING = Offers(may_ask=False, for_time=False, recent=(), mine=(), is_waiting=False, finish=0)


@pages.post("/me/grace")
@open_to(Who.ANYONE)
def finish() -> ResponseReturnValue:
    """Take the minutes to finish a match, once a day of the budgets."""
    of, at = box(), look.now()
    visitor = visitor_of(of, request.remote_addr or "")
    person, device = visitor.person, visitor.device
    minutes = finish_minutes(of, of.policy(), person, device, at)
    if person is None or not minutes:
        flash("This is not possible now.", "pause")
        return redirect("/me", 303)
    until = at + minutes * look.MINUTE_S
    what = Reason.of(TAKEN, person=person.id, until=clock.iso(until, of.zone()))
    try:
        of.change(
            f"{PERSON}{person.id}",
            what,
            lambda house: time_edits.granted(house, person.id, TIME, at, until, is_grace=True),
        )
    except StoreError as error:
        flash(error.sentence, "stop")
    except (Unpublished, NotValid, HouseError, EditError):
        flash("This didn't work. Ask a caregiver.", "stop")
    else:
        flash(f"{minutes} minutes to finish, {look.until_words(until)}.", "free")
    return redirect("/me", 303)


def visitor_of(of: Box, address: str) -> Visitor:
    """Return whose device is behind an address; what is none is a stranger's."""
    try:
        return of.visitor(normal_address(address.partition("%")[0]))
    except ValueError:
        return Visitor(None, None)


def offers(of: Box, compiled: Policy, visitor: Visitor, address: str, at: float) -> Offers:
    """Return what the page of a visitor offers; an empty address is a caregiver who looks at it."""
    person, device = visitor.person, visitor.device
    if not asks.may_ask(of, person, device):
        return NOTHING
    if person is None:
        key = device.id if device else of.key_of(address)
        return Offers(True, False, (), (), _is_waiting(of, key, at), 0)
    subject = compiled.of_device(device.id) if device else compiled.by_person[person.id]
    minutes = left.seen(of.contract, compiled.minutes, person, Role.CHILD)
    found = status.now(subject, minutes, at)
    lefts = left.of(subject, minutes, Names(), at)
    return Offers(
        may_ask=True,
        for_time=found.state in status.STOPPED or any(one.left <= ASK_AHEAD for one in lefts),
        recent=asks.recent(of, compiled, person, device, at) if device else (),
        mine=mine(of, compiled, person, at),
        is_waiting=False,
        finish=finish_minutes(of, compiled, person, device, at),
    )


def mine(of: Box, compiled: Policy, person: Person, at: float) -> tuple[Mine, ...]:
    """Return a person's own requests, those that wait first; none where they can't be read."""
    store = of.household.store
    try:
        found = store.requests.of(person.id, at - SHOWN_S)
        open_ = {one.id for one in store.requests.open(at)}
        callers = {one.id: one.name for one in store.accounts.all()}
    except StoreError:
        return ()
    names = Names.of(of.book, compiled.house)
    told = [one for one in found if one.state in (State.ALLOWED, State.DENIED) or one.id in open_]
    told.sort(key=lambda one: (one.state is not State.OPEN, -(one.answered_at or one.at)))
    return tuple(_mine(one, names, callers.get(one.answered_by or "", ""), at) for one in told[:MAX_SHOWN])


def finish_minutes(of: Box, compiled: Policy, person: Person | None, device: Device | None, at: float) -> int:
    """Return the minutes that a person may take now to finish: a time off just began, or time is up; once a day."""
    if person is None or not person.grace_minutes:
        return 0
    subject = compiled.of_device(device.id) if device else compiled.by_person[person.id]
    if subject.is_managed or subject.person is None:
        return 0
    found = status.now(subject, compiled.minutes, at)
    has_begun = found.state is status.State.WINDOW and _began(subject, at) > at - FINISH_WITHIN_S
    if not has_begun and found.state is not status.State.TIME_UP:
        return 0
    since = budgets.start_of(left.day_of(subject, at), subject.zone, subject.day_starts)
    try:
        taken = any(one.what.code == TAKEN for one in of.household.store.audit(person.id, since))
    except StoreError:
        return 0
    return 0 if taken else person.grace_minutes


def warned(lefts: Iterable[Left]) -> list[Left]:
    """Return the budgets of which a warning was passed, the nearest end first."""
    return sorted((one for one in lefts if one.warning is not None), key=lambda one: one.left)


def end_words(of: Box, at: float, left_minutes: int) -> str:
    """Return about when minutes are used up that are used without a break, by the house's clock."""
    ends: datetime = of.local_time(at + left_minutes * look.MINUTE_S)
    return f"{ends:%H:%M}"


def _began(subject: Subject, at: float) -> float:
    """Return when the time off began that is on, with those that follow one another taken as one."""
    openings = [one for one in subject.schedule.open_at(at) if not one.window.internet]
    return min((one.start for one in openings), default=0.0)


def _is_waiting(of: Box, key: str, at: float) -> bool:
    try:
        return any(one.person == NOBODY and one.device == key for one in of.household.store.requests.open(at))
    except StoreError:
        return False


def _mine(one: Request, names: Names, by: str, at: float) -> Mine:
    words = asks.as_heading(asks.in_words(names, one.what)[0], one.what)
    match one.state:
        case State.ALLOWED if one.until is not None and one.until <= at:
            return Mine(one, words, "plain", "check-circle", "It was open for a while", by)
        case State.ALLOWED:
            said = f"Yes, {look.until_words(one.until)}" if one.until is not None else "Yes, from now on"
            return Mine(one, words, "free", "check-circle", said, by)
        case State.DENIED:
            return Mine(one, words, "stop", "x-circle", "It stays closed" if one.guessed else "Not now", by)
        case _:
            return Mine(one, words, "ask", "hourglass-split", "Waits for an answer", by)
