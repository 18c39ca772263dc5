"""What a thing asked for in the last day, as far as the contract lets it be seen, and keeping it to that."""

from collections.abc import Iterable

import msgspec
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from msgspec.structs import replace

from appliance.core.device import THINGS, Device, DeviceKind
from appliance.core.house import House
from appliance.core.person import Person, PersonKind
from appliance.core.visibility import Role
from appliance.web import edits, week_things
from appliance.web.asked import Asked, Sort, kept, sites
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.saving import GOOD, WRONG, changed, done, reason
from appliance.world import rules

pages = Blueprint("things", __name__)


class Told(msgspec.Struct, frozen=True):
    """The steward's answer: how finely, what, and whether it seems to be a thing at all."""

    grain: str
    asked: tuple[Asked, ...] = ()
    is_thing: bool = True

    @property
    def is_seen(self) -> bool:
        """Say whether names may be shown."""
        return self.grain != "no"


@pages.get("/devices/<device_id>/asked")
@open_to(Who.CAREGIVER)
def show(device_id: str) -> ResponseReturnValue:
    """Show what the thing asked for, to be ticked."""
    device, owner = _found(device_id)
    told = _told(device)
    policy = box().policy()
    subject = policy.of_device(device.id)
    found = sites(
        told.asked if told else (), lambda name: policy.tags(name, subject), device.only, rules.load_popular()
    )
    return render_template(
        "devices/asked.html",
        device=device,
        told=told,
        why_not=_why_not(device, owner),
        sites=[one for one in found if one.sort is Sort.SITE],
        trackers=[one for one in found if one.sort is Sort.TRACKERS],
        needed=[one for one in found if one.sort is Sort.NEEDED],
        harmful=[one for one in found if one.sort is Sort.HARMFUL],
        since=min((one.first for one in told.asked), default=None) if told else None,
    )


@pages.post("/devices/<device_id>/asked")
@open_to(Who.CAREGIVER)
def keep(device_id: str) -> ResponseReturnValue:
    """Keep the thing to what is ticked, or allow it one site more (`allow`)."""
    device, _ = _found(device_id)
    where = f"/devices/{device.id}/asked"
    try:
        more, shown, ticked = (_names(request.form.getlist(field)) for field in ("allow", "shown", "site"))
    except week_things.NotThings as error:
        return done(str(error), WRONG, where)

    def mutate(house: House) -> House:
        now = edits.device_of(house, device.id)
        only = (*(now.only or ()), *more) if more else kept(now.only, shown, ticked)
        return edits.changed_device(house, replace(now, only=tuple(dict.fromkeys(only))))

    trouble = changed(reason("device_changed", device=device.id, person=device.person), mutate)
    if trouble is not None:
        return done(trouble, WRONG, where)
    name = device.name or device.id
    if more:
        return done(f"{name} may reach {week_things.listed(list(more))}.", GOOD, where)
    return done(f"{name} is kept to what is ticked here, its updates and what it needs to be online.", GOOD, where)


def _told(device: Device) -> Told | None:
    """Return what the steward tells; None where it doesn't answer."""
    said = box().ask_steward("things", device=device.id, role=Role.CAREGIVER.value)
    try:
        return None if said is None else msgspec.convert(said, Told)
    except msgspec.ValidationError:
        return None


def _why_not(device: Device, owner: Person | None) -> str:
    """Return why nothing can be seen of what a device asks for."""
    if device.kind is not DeviceKind.IOT:
        return "What a TV or a console asks for says what somebody watched or played: it is not listed by name."
    if owner is None:
        return "Names are seen by nobody here."
    is_adult = owner.kind is PersonKind.ADULT
    why = "nothing of an adult is written" if is_adult else "at this age names are for nobody else"
    return f"It is {owner.name}'s, and {why}. If it is for everybody here, say that it is nobody's."


def _names(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names of some fields, each with one or several. Raises NotThings."""
    return week_things.names_of("\n".join(name for value in values for name in value.split()))


def _found(device_id: str) -> tuple[Device, Person | None]:
    house = box().house()
    device = next((one for one in house.devices if one.id == device_id), None)
    if device is None or device.kind not in THINGS:
        abort(404)
    return device, next((one for one in house.persons if one.id == device.person), None)
