"""The child's page: what applies on this device and why, who sees what, what changed, and who helps; no log-in."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from appliance.core.device import Device
from appliance.core.helplines import Helplines, HelplinesError, Kind, Line, dialled
from appliance.core.house import EMPTY, House
from appliance.core.person import Mode, Person
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.visibility import ADULT, Granularity, Role, row_of
from appliance.store.errors import StoreError
from appliance.web import (
    applies,
    asks,
    changes,
    drawing,
    happened,
    left,
    lifts,
    look,
    own,
    risky,
    sees,
    status,
    time_edits,
)
from appliance.web import session as sessions
from appliance.web.applies import Known
from appliance.web.box import Box, Visitor, box
from appliance.web.gate import Who, open_to
from appliance.web.happened import Happened
from appliance.web.saying import Said
from appliance.web.status import Status
from appliance.wording import Names
from appliance.world import rules

pages = Blueprint("me", __name__)

CHANGES_S = 30 * look.DAY_S
MAX_CHANGES = 20
MAX_HAPPENED = 6
RING_S = 12 * look.HOUR_S
"""A whole ring of time that is left."""
NO_LINES = Helplines(version=1, lines=())


@dataclass(frozen=True, slots=True)
class Lasts:
    """How long the state of now lasts, as a ring."""

    share: float
    big: str
    small: str


@pages.get("/me")
@open_to(Who.ANYONE)
def me() -> ResponseReturnValue:
    """Show what applies on the device that asks, known by its address alone."""
    return _page(box(), own.visitor_of(box(), request.remote_addr or ""), request.remote_addr or "")


@pages.get("/child/<person_id>/page")
@open_to(Who.CAREGIVER)
def page_of(person_id: str) -> ResponseReturnValue:
    """Show a caregiver the page of a person as that person sees it."""
    person = next((one for one in box().house().persons if one.id == person_id), None)
    if person is None:
        abort(404)
    return _page(box(), Visitor(None, person), is_looked_at=True)


def _page(of: Box, visitor: Visitor, address: str = "", *, is_looked_at: bool = False) -> str:
    compiled = of.policy()
    house, at = compiled.house, look.now()
    device, person = visitor.device, visitor.person
    if device is not None:
        subject = compiled.of_device(device.id)
    elif person is not None:
        subject = compiled.by_person.get(person.id, compiled.unknown)
    else:
        subject = compiled.unknown
    names = Names.of(of.book, house)
    known = applies.known_as(house != EMPTY, device, person, subject)
    row = row_of(person, device)
    minutes = left.seen(of.contract, compiled.minutes, person, Role.CHILD) if person is not None else compiled.minutes
    state = status.of(subject, minutes, at)
    lefts = left.of(subject, minutes, names, at)
    changed, trouble = _changes(of, person, at)
    seen = sees.groups(of.contract, row, of.book.categories)
    short = sees.in_short(seen)
    is_young = person is not None and sees.is_young(row)
    return render_template(
        "me.html",
        known=known.value,
        device=device,
        person=person,
        is_looked_at=is_looked_at,
        is_young=is_young,
        you=person.name if person is not None and is_young else "you",
        row=row,
        state=state,
        lasts=None if lefts and not state.is_stopped else lasts(state, at),
        lefts=lefts,
        warned=own.warned(lefts),
        offers=own.NOTHING if is_looked_at and person is None else own.offers(of, compiled, visitor, address, at),
        max_reason=asks.MAX_REASON,
        uncounted=[names.thing(one) for one in time_edits.things(person.uncounted)] if person is not None else [],
        announced=lifts.announced(house, person, at) if person is not None and known is Known.CHILD else (),
        day=applies.day_of(subject, at, of.zone()) if subject.schedule else (),
        strip=drawing.today(compiled, person, at) if person is not None and known is Known.CHILD else None,
        always_on=_always_on(names, subject),
        kinds=applies.kinds_of(subject, of.book),
        own_sites=applies.own_rules(subject, at),
        lists=applies.lists_of(subject, house, names),
        passes=list(applies.opened(subject, at, names)),
        rest=applies.rest_of(subject),
        risky=risky.of_child(house, person) if person is not None and subject.is_scored else None,
        is_allow_list=subject.mode is Mode.ALLOW_LIST,
        unknown_words=applies.unknown_words(house.unknown_devices),
        sees=seen,
        short=short,
        rest_of_it=tuple(line for line in seen[sees.ABOUT_YOU] if line not in short),
        has_pin=any(line.needs_pin for line in seen[sees.ABOUT_YOU]),
        sessions=_sessions(of, house, visitor, row),
        caregivers=_caregivers(of),
        lines=_lines(house.country),
        everywhere=_lines_file().everywhere(),
        dialled=dialled,
        happened=_happened(of, compiled, visitor, is_looked_at=is_looked_at),
        changed=changed,
        trouble=trouble,
    )


def lasts(state: Status, at: float) -> Lasts | None:
    """Return how long the state still lasts; None where it has no end, or none on this day and night."""
    if state.until is None or state.until - at > RING_S:
        return None
    left_s = state.until - at
    whole_s = state.until - state.since if state.since is not None else RING_S
    minutes = max(1, round(left_s / look.MINUTE_S))
    big = str(minutes) if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d}"
    unit = "hours" if minutes >= 60 else "minute" if minutes == 1 else "minutes"
    return Lasts(min(1.0, left_s / whole_s), big, f"{unit} left")


def _changes(of: Box, person: Person | None, at: float) -> tuple[list[Said], str]:
    """Return what changed for a person in the last weeks, and why that can't be told where it can't."""
    if person is None:
        return [], ""
    try:
        return changes.told(of, person.id, MAX_CHANGES, at - CHANGES_S, is_own=True), ""
    except StoreError as error:
        return [], error.sentence


def _happened(of: Box, compiled: Policy, visitor: Visitor, *, is_looked_at: bool) -> tuple[Happened, ...]:
    """Return what happened to a person lately; to a caregiver who looks at the page, as caregivers may see it."""
    if visitor.person is None or row_of(visitor.person, visitor.device) == ADULT:
        return ()
    role = Role.CAREGIVER if is_looked_at else Role.CHILD
    return happened.told(of, compiled, visitor.person, role)[:MAX_HAPPENED]


def _caregivers(of: Box) -> list[str]:
    """Return the names of those who may change something, which a child may know; none where they can't be read."""
    try:
        return [one.name for one in of.household.store.accounts.all() if one.disabled_at is None]
    except StoreError:
        return []


def _always_on(names: Names, subject: Subject) -> list[str]:
    """Return what times off don't stop, by name."""
    tags = (names.tag(tag) for tag in subject.always_on.tags)
    return [*sorted(name for name in tags if name), *sorted(subject.always_on.names)]


def _sessions(of: Box, house: House, visitor: Visitor, row: str) -> list[tuple[Device, float, str]]:
    """Return the troubleshooting sessions of this device, or of a person's: device, end, and what caregivers see."""
    if not of.contract.may_keep(sessions.FIELD, row):
        return []
    view = of.contract.view(sessions.FIELD, row, Role.CAREGIVER)
    seen = "" if view.granularity is Granularity.NO else sees.GRAINS[view.granularity]
    return [(device, until, seen) for device, until in _running(of, house, visitor)]


def _running(of: Box, house: House, visitor: Visitor) -> Iterator[tuple[Device, float]]:
    named = {device.id: device for device in house.devices}
    for one in sessions.running(of):
        device = named.get(one.device)
        if device is None or one.until is None:
            continue
        is_this = device == visitor.device if visitor.device else visitor.person and device.person == visitor.person.id
        if is_this:
            yield device, one.until


def _lines(country: str | None) -> dict[str, tuple[Line, ...]]:
    """Return the help lines of a country by what they do."""
    found = _lines_file().of(country)
    return {kind.value: tuple(line for line in found if line.kind is kind) for kind in Kind}


@cache
def _lines_file() -> Helplines:
    try:
        return rules.load_helplines()
    except (HelplinesError, OSError):
        # A page that says what holds is worth more than none, and a test loads the file.
        return NO_LINES
