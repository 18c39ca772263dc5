"""Troubleshooting: what one device asks for in a quarter of an hour, as far as the contract lets a caregiver see it."""

import msgspec
from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from appliance.core.device import Device
from appliance.core.person import Person
from appliance.core.visibility import Granularity, Role, row_of
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to

pages = Blueprint("session", __name__)

FIELD = "troubleshooting"
MINUTES = 15
MAX_ENTRIES = 200


class Seen(msgspec.Struct, frozen=True):
    """A query of the session; without a name where only kinds are seen."""

    at: float
    action: str
    category: str | None = None
    name: str | None = None


class Session(msgspec.Struct, frozen=True):
    """A session that runs until a time (POSIX seconds), or none."""

    device: str
    person: str | None = None
    until: float | None = None
    entries: tuple[Seen, ...] = ()


class _Sessions(msgspec.Struct, frozen=True):
    sessions: tuple[Session, ...] = ()


@pages.get("/devices/<device_id>/session")
@open_to(Who.CAREGIVER)
def session(device_id: str) -> ResponseReturnValue:
    """Show what the device asks for while a session runs, and how to begin one."""
    device, person = _found(device_id)
    view = box().contract.view(FIELD, row_of(person, device), Role.CAREGIVER)
    told = box().ask_steward("session", device=device.id, role=Role.CAREGIVER.value)
    running = _session(told)
    return render_template(
        "session.html",
        device=device,
        person=person,
        is_told=running is not None,
        until=running.until if running else None,
        entries=running.entries[:MAX_ENTRIES] if running else (),
        categories=box().book.categories,
        is_seen=view.granularity is not Granularity.NO,
        is_named=view.granularity.rank >= Granularity.NAME.rank,
        is_possible=is_possible(box(), device, person),
        minutes=MINUTES,
    )


@pages.post("/devices/<device_id>/session")
@open_to(Who.CAREGIVER)
def begin_or_end(device_id: str) -> ResponseReturnValue:
    """Begin a session of a device, or end it (`minutes` 0)."""
    device, person = _found(device_id)
    minutes = MINUTES if request.form.get("minutes") == str(MINUTES) else 0
    if minutes and not is_possible(box(), device, person):
        abort(403, "There is no troubleshooting for this device.")
    if box().ask_steward("session", device=device.id, minutes=minutes) is None:
        flash("This could not be started or ended: the steward does not answer. Try again in a minute.", "stop")
    elif minutes:
        flash("Looking for a fault now. The device's own page shows it too.", "pause")
    else:
        flash("Ended. Nothing of it is kept.", "free")
    return redirect(f"/devices/{device.id}/session", 303)


def is_possible(of: Box, device: Device, person: Person | None) -> bool:
    """Say whether there is troubleshooting for a device: not for adults', managed and nobody's devices."""
    return bool(of.contract.may_keep(FIELD, row_of(person, device)))


def running(of: Box) -> tuple[Session, ...]:
    """Return the sessions that run, without what they saw; none where that can't be learned."""
    told = of.ask_steward("session")
    try:
        return msgspec.convert(told, _Sessions).sessions if told is not None else ()
    except msgspec.ValidationError:
        return ()


def _session(told: dict[str, object] | None) -> Session | None:
    try:
        return None if told is None else msgspec.convert(told, Session)
    except msgspec.ValidationError:
        return None


def _found(device_id: str) -> tuple[Device, Person | None]:
    house = box().house()
    device = next((one for one in house.devices if one.id == device_id), None)
    if device is None:
        abort(404)
    return device, next((one for one in house.persons if one.id == device.person), None)
