"""Pause, resume and open: what a caregiver does about time with one tap."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta, tzinfo

from flask import Blueprint, abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from appliance.core.house import House, HouseError, Person, PersonKind
from appliance.core.schedule import Window, next_change, open_until
from appliance.core.verdict import Reason
from appliance.household.changes import NotValid, Unpublished
from appliance.store.errors import StoreError
from appliance.web import drawing, edits
from appliance.web.box import box
from appliance.web.drawing import Kind
from appliance.web.gate import Who, open_to, safe_path
from appliance.web.look import until_words
from appliance.world import clock

MINUTES = ("15", "30")
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
    """Open everything that one caregiver may open for `minutes` (15 or 30)."""
    person, at = _child(person_id), box().now()
    minutes = request.form.get("minutes")
    if minutes not in MINUTES:
        abort(400)
    until = at + int(minutes) * MINUTE_S
    what = Reason.of("opened", person=person.id, until=clock.iso(until, box().zone()))
    if _change(what, lambda house: edits.opened(house, person.id, at, until)):
        flash(f"Open for {person.name} {until_words(until)}.", "free")
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


def morning(windows: Iterable[Window], zone: tzinfo, at: float) -> float:
    """Return when the night ends that is now or comes within 18 h, else the next 07:00 (POSIX seconds)."""
    nights = [window for window in windows if drawing.kind_of(window) is Kind.NIGHT]
    begin: float | None = at
    if open_until(nights, zone, at) is None:
        begin = next_change(nights, zone, at)
    if begin is None or begin > at + NIGHT_WITHIN_S:
        return _next_morning(zone, at)
    end = begin
    for _ in range(MAX_NIGHTS):
        found = open_until(nights, zone, end)
        if found is None:
            break
        end = found[1]
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
    zone = box().zone()
    return max((morning(person.windows, zone, at) for person in persons), default=_next_morning(zone, at))


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


def _back() -> ResponseReturnValue:
    return redirect(safe_path(request.form.get("back")) or "/", 303)
