"""Pause, resume, open and more minutes: what a caregiver does about time with one tap."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from appliance.core.house import House, HouseError
from appliance.core.names import BadName
from appliance.core.person import Person, PersonKind
from appliance.core.said import CATEGORY, EVERYTHING, GROUP, SERVICE
from appliance.core.schedule import Schedule
from appliance.core.verdict import Reason
from appliance.core.visibility import Role
from appliance.household.changes import NotValid, Unpublished
from appliance.store.errors import StoreError
from appliance.web import drawing, edits, ladder, left, rules, status, time_edits
from appliance.web.box import Box, box
from appliance.web.drawing import Kind
from appliance.web.gate import Who, open_to, safe_path
from appliance.web.look import until_words
from appliance.web.status import State
from appliance.web.time_edits import TIME
from appliance.wording import Names
from appliance.world import clock

MINUTES = ("15", "30")
OPEN_MINUTES = (*MINUTES, "60")
EXTRA = ("15", "30", "-15")
TODAY = "today"
MORNING = "morning"
MINUTE_S = 60
NIGHT_WITHIN_S = 18 * 3600
"""So far ahead a night may begin and still be the one before the morning that is meant."""
MORNING_HOUR = 7
MAX_NIGHTS = 20

pages = Blueprint("time", __name__)


@pages.post("/child/<person_id>/pause")
@open_to(Who.CAREGIVER)
def pause(person_id: str) -> ResponseReturnValue:
    """Pause a child for `for` (15, 30 or morning)."""
    person, at = _child(person_id), box().now()
    until = _until(at, [person])
    what = Reason.of("paused", person=person.id, until=clock.iso(until, box().zone()))
    if _change(what, lambda house: edits.paused(house, person.id, at, until)):
        flash(f"{person.name} is paused {until_words(until)}.", "pause")
    return _back()


@pages.post("/child/<person_id>/resume")
@open_to(Who.CAREGIVER)
def resume(person_id: str) -> ResponseReturnValue:
    """End what pauses a child."""
    person, at = _child(person_id), box().now()
    what = Reason.of("resumed", person=person.id)
    if _change(what, lambda house: edits.resumed(house, person.id, at)):
        flash(f"{person.name}'s pause is over.", "free")
    return _back()


@pages.post("/child/<person_id>/open")
@open_to(Who.CAREGIVER)
def open_time(person_id: str) -> ResponseReturnValue:
    """Open `what` (extra time where nothing is said, a thing as budgets write it, or a name) for `minutes`.

    These are 15, 30, 60, or today: until the minutes of a new day are there.
    """
    person, at = _child(person_id), box().now()
    minutes = request.form.get("minutes", "")
    if minutes not in (*OPEN_MINUTES, TODAY):
        abort(400)
    try:
        what = thing_of(box(), request.form.get("what") or TIME)
    except (ladder.NoName, BadName) as error:
        flash(f"Nothing was changed: {error}", "stop")
        return _back()
    subject = box().policy().by_person[person.id]
    until = left.end_of_day(subject, at) if minutes == TODAY else at + int(minutes) * MINUTE_S
    end = clock.iso(until, box().zone())
    if what == TIME:
        reason = Reason.of("opened", person=person.id, until=end)
    else:
        reason = Reason.of("pass_given", person=person.id, what=what, until=end)
    if _change(reason, lambda house: time_edits.granted(house, person.id, what, at, until)):
        flash(f"{_called(what)} for {person.name} {until_words(until)}.", "free")
    return _back()


@pages.post("/child/<person_id>/close")
@open_to(Who.CAREGIVER)
def close_again(person_id: str) -> ResponseReturnValue:
    """End what was opened for a while: `what`, as `open_time` takes it."""
    person, at = _child(person_id), box().now()
    what = request.form.get("what", TIME)
    reason = Reason.of("pass_ended", person=person.id, what=what)
    if _change(reason, lambda house: time_edits.ungranted(house, person.id, what, at)):
        flash(f"As always again for {person.name}.", "free")
    return _back()


@pages.post("/child/<person_id>/more")
@open_to(Who.CAREGIVER)
def more(person_id: str) -> ResponseReturnValue:
    """Give `minutes` (15 or 30) where they help: time off or a pause, else the budget of the day; or take 15."""
    person, at = _child(person_id), box().now()
    minutes = request.form.get("minutes")
    if minutes not in EXTRA:
        abort(400)
    helps = helping(box(), person, int(minutes), at)
    if helps is None:
        flash(f"Nothing stops {person.name} now, and there is no budget to change.", "pause")
        return _back()
    end = clock.iso(helps.until, box().zone())
    if helps.what is not None:
        what = helps.what
        reason = Reason.of("opened", person=person.id, until=end)
        is_done = _change(reason, lambda house: time_edits.granted(house, person.id, what, at, helps.until))
        told = f"Open for {person.name} {until_words(helps.until)}."
    else:
        code = "minutes_given" if helps.minutes > 0 else "minutes_taken"
        reason = Reason.of(code, person=person.id, minutes=str(abs(helps.minutes)))
        is_done = _change(
            reason, lambda house: time_edits.given(house, person.id, helps.minutes, EVERYTHING, at, helps.until)
        )
        given = "more" if helps.minutes > 0 else "fewer"
        told = f"{person.name} has {abs(helps.minutes)} minutes {given} today."
    if is_done:
        flash(told, "free" if int(minutes) > 0 else "pause")
    return _back()


@pages.post("/devices/<device_id>/pause")
@open_to(Who.CAREGIVER)
def pause_device(device_id: str) -> ResponseReturnValue:
    """Pause one device for `for` (15, 30 or morning)."""
    device, at = next((one for one in box().house().devices if one.id == device_id), None) or abort(404), box().now()
    until = _until(at, [one for one in box().house().persons if one.id == device.person])
    what = Reason.of("paused_device", device=device.id, until=clock.iso(until, box().zone()))
    if _change(what, lambda house: time_edits.paused_device(house, device.id, at, until)):
        flash(f"{device.name or 'The device'} is paused {until_words(until)}.", "pause")
    return _back()


@pages.post("/devices/<device_id>/resume")
@open_to(Who.CAREGIVER)
def resume_device(device_id: str) -> ResponseReturnValue:
    """End the pause of one device."""
    device, at = next((one for one in box().house().devices if one.id == device_id), None) or abort(404), box().now()
    what = Reason.of("resumed_device", device=device.id)
    if _change(what, lambda house: time_edits.resumed_device(house, device.id, at)):
        flash(f"The pause of {device.name or 'the device'} is over.", "free")
    return _back()


@pages.post("/pause")
@open_to(Who.CAREGIVER)
def pause_all() -> ResponseReturnValue:
    """Pause all children, and devices that nobody named, for `for` (15, 30 or morning)."""
    at = box().now()
    until = _until(at, [one for one in box().house().persons if one.kind is PersonKind.CHILD])
    what = Reason.of("paused", until=clock.iso(until, box().zone()))
    if _change(what, lambda house: edits.paused(house, None, at, until)):
        flash(f"All children are paused {until_words(until)}.", "pause")
    return _back()


@pages.post("/resume")
@open_to(Who.CAREGIVER)
def resume_all() -> ResponseReturnValue:
    """End the pause of the whole house; where there is none, all pauses."""
    at = box().now()
    if _change(Reason("resumed"), lambda house: edits.resumed(house, None, at)):
        flash("The pause is over.", "free")
    return _back()


@dataclass(frozen=True, slots=True)
class Extra:
    """What helps a child to more minutes: a pass for `what` (None: `minutes` of the budget) until a time."""

    what: str | None
    minutes: int
    until: float


def helping(of: Box, person: Person, minutes: int, at: float) -> Extra | None:
    """Return what gives a child so many minutes more from a time on, or takes them; None where nothing would.

    Where a window or a pause stops it, that is extra time; what runs already is made longer. Else they are of the
    budget of everything: of one that is used up by more than that, so many more that they can be used.
    """
    compiled = of.policy()
    subject = compiled.by_person[person.id]
    counted = left.seen(of.contract, compiled.minutes, person, Role.CAREGIVER)
    found = status.now(subject, counted, at)
    if minutes > 0 and found.state in (State.WINDOW, State.WAITING, State.PAUSED):
        return Extra(TIME, minutes, at + minutes * MINUTE_S)
    if minutes > 0 and found.state is State.OPENED and found.word is not None:
        return Extra(TIME if found.word.is_time else EVERYTHING, minutes, found.word.until + minutes * MINUTE_S)
    budget = left.of_everything(subject, counted, at)
    if budget is None:
        return None
    over = max(0, -budget.left) if minutes > 0 else 0
    return Extra(None, minutes + over, left.end_of_day(subject, at))


def thing_of(of: Box, typed: str) -> str:
    """Return what somebody chose to open: time, everything, a known thing as budgets write it, or a name.

    Raises NoName and BadName.
    """
    typed = typed.strip()
    if typed in (TIME, EVERYTHING):
        return typed
    names = Names.of(of.book, of.house())
    for prefix, known in ((SERVICE, names.services), (GROUP, names.groups), (CATEGORY, names.categories)):
        if typed.startswith(prefix):
            if typed.removeprefix(prefix) not in known:
                raise ladder.NoName("The box does not know that any more.")
            return typed
    return rules.site(typed)


def morning(schedule: Schedule, zone: tzinfo, at: float) -> float:
    """Return when the night ends that is now or comes within 18 h, else the next 07:00 (POSIX seconds)."""
    today = datetime.fromtimestamp(at, zone).date()
    near = schedule.between(today - timedelta(days=2), today + timedelta(days=MAX_NIGHTS))
    nights = [one for one in near if drawing.kind_of(one.window) is Kind.NIGHT and one.end > at]
    if not nights or nights[0].start > at + NIGHT_WITHIN_S:
        return _next_morning(zone, at)
    end = nights[0].end
    for one in nights:
        end = max(end, one.end) if one.start <= end else end
    return end


def _next_morning(zone: tzinfo, at: float) -> float:
    today = datetime.fromtimestamp(at, zone).date()
    mornings = (
        datetime(date.year, date.month, date.day, MORNING_HOUR, tzinfo=zone).timestamp()
        for date in (today, today + timedelta(days=1))
    )
    return next(moment for moment in mornings if moment > at)


def _until(at: float, persons: Iterable[Person]) -> float:
    """Return until when the form pauses: for several children until the last one's morning."""
    chosen = request.form.get("for", "")
    if chosen in MINUTES:
        return at + int(chosen) * MINUTE_S
    if chosen != MORNING:
        abort(400)
    zone, subjects = box().zone(), box().policy().by_person
    mornings = (morning(subjects[person.id].schedule, zone, at) for person in persons)
    return max(mornings, default=_next_morning(zone, at))


def _child(person_id: str) -> Person:
    children = (one for one in box().house().persons if one.kind is PersonKind.CHILD)
    return next((one for one in children if one.id == person_id), None) or abort(404)


def _change(what: Reason, mutate: Callable[[House], House]) -> bool:
    """Change the house, and say on the next page what stood in the way."""
    try:
        box().change(current_user.id, what, mutate)
    except Unpublished as error:
        flash(str(type(error).__doc__), "stop")
    except StoreError as error:
        flash(error.sentence, "stop")
    except (NotValid, HouseError, edits.EditError) as error:
        flash(f"Nothing was changed: {error}", "stop")
    else:
        return True
    return False


def _called(what: str) -> str:
    """Return what was opened as the beginning of a sentence."""
    if what in (TIME, EVERYTHING):
        return "Open"
    return f"{Names.of(box().book, box().house()).thing(what)} is open"


def _back() -> ResponseReturnValue:
    return redirect(safe_path(request.form.get("back")) or "/", 303)
