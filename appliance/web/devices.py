"""The devices of the house: whose they are and what they are; those that were seen and that nobody named yet."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from msgspec.structs import replace
from wtforms import BooleanField, Field, RadioField, SelectChoice, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from appliance.core.device import THINGS, Device, DeviceKind, normal_mac
from appliance.core.house import House, Unknown
from appliance.core.person import Person, PersonKind
from appliance.store.errors import StoreError
from appliance.store.found import FoundDevice
from appliance.web import bands, edits, ids, look, week_things
from appliance.web.box import box
from appliance.web.fields import name_field
from appliance.web.gate import Who, open_to
from appliance.web.hardware import KINDS, MAX_NAME, NotKnownBy, guess, known_by, plain_name, unnamed
from appliance.web.lookalikes import lookalikes
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("devices", __name__)

NOBODY = ""


class DeviceForm(FlaskForm):  # type: ignore[misc]
    """What a device is called, whose and what it is."""

    name = name_field("Name", "Give it a name, like Mia's tablet.", MAX_NAME)
    person = RadioField("Whose is it?", default=NOBODY)
    kind = RadioField("What is it?", choices=[SelectChoice(kind.value, words) for kind, (words, _, _) in KINDS.items()])
    bedtime = BooleanField("Bedtime and pauses hold here too")
    limited = BooleanField("It may reach only these names")
    only = TextAreaField(
        "Names, with all below them",
        [Length(max=20_000, message="This is too long.")],
        render_kw={"rows": 3, "spellcheck": "false", "autocapitalize": "none", "placeholder": "example.com"},
    )

    def __init__(self, house: House, **more: object) -> None:
        super().__init__(**more)
        self._only: tuple[str, ...] = ()
        self._adults = {one.id for one in house.persons if one.kind is PersonKind.ADULT}
        self.person.choices = [
            *(SelectChoice(one.id, one.name) for one in house.persons),
            SelectChoice(NOBODY, "Nobody's"),
        ]

    def validate_kind(self, field: Field) -> None:
        """Refuse an adult's device in a child's hand: it would not be filtered."""
        if field.data == DeviceKind.ADULT.value and self.person.data not in (NOBODY, *self._adults):
            raise ValidationError("This would not be filtered. A child's device is one of the others.")

    def validate_limited(self, field: Field) -> None:
        """Want a device that asks for the same names every day."""
        if field.data and DeviceKind(self.kind.data) not in THINGS:
            raise ValidationError("Only a console, a TV or a thing can be kept to some names.")

    def validate_only(self, field: Field) -> None:
        """Want names, one a line."""
        try:
            self._only = week_things.names_of(field.data or "")
        except week_things.NotThings as error:
            raise ValidationError(str(error)) from error

    def device(self, id_: str, macs: tuple[str, ...], addresses: tuple[str, ...]) -> Device:
        """Return the device that stands in the form."""
        kind = DeviceKind(self.kind.data)
        return Device(
            id=id_,
            name=str(self.name.data),
            person=self.person.data or None,
            kind=kind,
            bedtime=bool(self.bedtime.data) and kind is DeviceKind.MANAGED,
            only=self._only if self.limited.data else None,
            macs=macs,
            addresses=addresses,
        )


class KnownForm(DeviceForm):
    """The same, with what the device is known by."""

    known_by = TextAreaField(
        "MAC or IP addresses",
        [InputRequired("Type at least one address."), Length(max=2000, message="This is too long.")],
        render_kw={"rows": 2, "spellcheck": "false", "autocapitalize": "none", "placeholder": "aa:bb:cc:dd:ee:ff"},
    )


@pages.get("/devices")
@open_to(Who.CAREGIVER)
def show() -> ResponseReturnValue:
    """Show what was found, and the devices of the house by person."""
    house = box().house()
    found: list[FoundDevice] = []
    trouble = ""
    try:
        found = unnamed(house, box().household.store.found.all())
    except StoreError as error:
        trouble = error.sentence
    wanted = next((one.id for one in house.persons if one.id == request.args.get("person")), None)
    groups = [(one, [device for device in house.devices if device.person == one.id]) for one in house.persons]
    return render_template(
        "devices/list.html",
        found=found,
        trouble=trouble,
        strangers=strangers(house),
        wanted=wanted,
        groups=[group for group in groups if group[1]],
        nobodys=[device for device in house.devices if device.person is None],
        kinds=KINDS,
        guesses={one.mac: KINDS[guess(one.host_name)] for one in found},
        alike=lookalikes(box(), house) if found else {},
    )


@pages.route("/devices/new", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def new() -> ResponseReturnValue:
    """Add a device by hand."""
    house = box().house()
    form = KnownForm(house, data={"person": request.args.get("person", NOBODY), "kind": DeviceKind.PHONE.value})
    if not form.validate_on_submit():
        return _form(form, house, None)
    return _save(form, house, None, _known(form))


@pages.route("/devices/<device_id>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def edit(device_id: str) -> ResponseReturnValue:
    """Change a device."""
    house = box().house()
    device = _device_or_404(house, device_id)
    form = KnownForm(house, data=_data(device))
    if not form.validate_on_submit():
        return _form(form, house, device)
    return _save(form, house, device, _known(form))


@pages.get("/devices/<device_id>/remove")
@open_to(Who.CAREGIVER)
def removing(device_id: str) -> ResponseReturnValue:
    """Ask whether a device is to be taken out."""
    house = box().house()
    device = _device_or_404(house, device_id)
    owner = next((one for one in house.persons if one.id == device.person), None)
    return render_template("devices/remove.html", device=device, owner=owner)


@pages.post("/devices/<device_id>/remove")
@open_to(Who.CAREGIVER)
def remove(device_id: str) -> ResponseReturnValue:
    """Take a device out of the house."""
    device = _device_or_404(box().house(), device_id)
    what = reason("device_removed", device=device_id, person=device.person)
    trouble = changed(what, lambda house: edits.without_device(house, device_id))
    if trouble is not None:
        return done(trouble, WRONG, url_for("devices.removing", device_id=device_id))
    return done(f"{device.name or device.id} is nobody's now. It can be named again when it is seen.", GOOD, "/devices")


@pages.route("/devices/found/<mac>", methods=["GET", "POST"])
@open_to(Who.CAREGIVER)
def claim(mac: str) -> ResponseReturnValue:
    """Say whose a found device is."""
    house = box().house()
    found = _found_or_404(mac)
    holder = next((one for one in house.devices if found.mac in one.macs), None)
    if holder is not None:
        return done(f"This is {holder.name or holder.id} already.", MIND, url_for("devices.edit", device_id=holder.id))
    kind = guess(found.host_name).value
    form = DeviceForm(
        house, data={"name": plain_name(found.host_name), "kind": kind, "person": request.args.get("person", NOBODY)}
    )
    if not form.validate_on_submit():
        return _form(form, house, None, found)
    return _save(form, house, None, ((found.mac,), ()), found)


@pages.post("/devices/found/<mac>/same")
@open_to(Who.CAREGIVER)
def same(mac: str) -> ResponseReturnValue:
    """Say that a found device is one of the house with a new address."""
    found = _found_or_404(mac)
    device = _device_or_404(box().house(), request.form.get("device", ""))

    def mutate(house: House) -> House:
        old = edits.device_of(house, device.id)
        return edits.changed_device(house, replace(old, macs=tuple(dict.fromkeys((*old.macs, found.mac)))))

    name = device.name or device.id
    try:
        trouble = changed(reason("device_changed", device=device.id, person=device.person), mutate)
    except edits.Taken as error:
        trouble = _taken(box().house(), error)
    if trouble is not None:
        return done(trouble, WRONG, url_for("devices.claim", mac=found.mac))
    return done(f"{name} is known by {found.mac} too.", GOOD, "/devices")


@pages.post("/devices/found/<mac>/forget")
@open_to(Who.CAREGIVER)
def forget(mac: str) -> ResponseReturnValue:
    """Forget a found device until it is seen again."""
    found = _found_or_404(mac)
    try:
        box().household.store.found.forget(found.mac)
    except StoreError as error:
        return done(error.sentence, WRONG, "/devices")
    return done("Forgotten. It comes back here when it is seen again.", GOOD, "/devices")


def strangers(house: House) -> str:
    """Return what a device gets that nobody named, in words."""
    match house.unknown_devices:
        case Unknown.FILTERED.value:
            return "Open for them, but for malware, fraud and adult content, until you say whose they are."
        case Unknown.CLOSED.value:
            return "Closed for them, but for help lines, until you say whose they are."
        case band:
            return f"They get what a child of {bands.ages(band)} gets, until you say whose they are."


def _known(form: KnownForm) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Return what a form's device is known by; None, with the error at its field, where that can't be read."""
    try:
        return known_by(form.known_by.data or "")
    except NotKnownBy as error:
        form.known_by.errors = [str(error)]
        return None


def _save(
    form: DeviceForm,
    house: House,
    old: Device | None,
    known: tuple[tuple[str, ...], tuple[str, ...]] | None,
    found: FoundDevice | None = None,
) -> ResponseReturnValue:
    """Save the device of a form as a new one or in the place of an old one."""
    if known is None:
        return _form(form, house, old, found)
    id_ = old.id if old else ids.new_id(str(form.name.data), [one.id for one in house.devices], "device")
    device = form.device(id_, *known)
    take = "take" in request.form

    def mutate(before: House) -> House:
        edit_ = edits.changed_device if old else edits.with_device
        return edit_(before, device, take=take)

    what = reason("device_changed" if old else "device_added", device=id_, person=device.person)
    try:
        trouble = changed(what, mutate)
    except edits.Taken as error:
        where = form.known_by if isinstance(form, KnownForm) else form.name
        where.errors = [_taken(house, error)]
        return _form(form, house, old, found, can_take=error.holder is not None)
    if trouble is not None:
        form.name.errors = [trouble]
        return _form(form, house, old, found)
    return _saved(device, house, is_new=old is None)


def _saved(device: Device, house: House, *, is_new: bool) -> ResponseReturnValue:
    owner = next((one for one in house.persons if one.id == device.person), None)
    if owner is None:
        flash(f"{device.name} is saved. It is nobody's: what strangers get holds for it.", MIND)
    elif owner.kind is PersonKind.ADULT:
        flash(f"{device.name} is {owner.name}'s: not filtered but for what harms everyone.", GOOD)
    else:
        flash(f"{device.name} is {owner.name}'s{' now' if is_new else ''}: {owner.name}'s rules hold on it.", GOOD)
    return redirect("/devices", 303)


def _taken(house: House, error: edits.Taken) -> str:
    if error.holder is None:
        return f"{error.word} is your router's: what all devices send would count as this one's."
    holder = next((one for one in house.devices if one.id == error.holder), None)
    return f"{error.word} belongs to {(holder.name or holder.id) if holder else 'another device'} already."


def _form(
    form: DeviceForm, house: House, device: Device | None, found: FoundDevice | None = None, *, can_take: bool = False
) -> ResponseReturnValue:
    shown = render_template(
        "devices/edit.html",
        form=form,
        device=device,
        found=found,
        can_take=can_take,
        persons=house.persons,
        kinds=KINDS,
        is_thing=device is not None and device.kind in THINGS,
        others=[(one, _owner(house, one)) for one in house.devices] if found else [],
        paused_until=_paused_until(house, device, look.now()) if device else None,
    )
    return shown, 422 if form.errors else 200


def _paused_until(house: House, device: Device, at: float) -> float | None:
    """Return until when a device is paused by itself (POSIX seconds), None where it isn't."""
    ends = (one.until.timestamp() for one in house.pauses if one.device == device.id)
    return max((end for end in ends if end > at), default=None)


def _owner(house: House, device: Device) -> Person | None:
    return next((one for one in house.persons if one.id == device.person), None)


def _data(device: Device) -> dict[str, object]:
    return {
        "name": device.name or device.id,
        "person": device.person or NOBODY,
        "kind": device.kind.value,
        "bedtime": device.bedtime,
        "limited": device.only is not None,
        "only": "\n".join(device.only or ()),
        "known_by": "\n".join((*device.macs, *device.addresses)),
    }


def _device_or_404(house: House, device_id: str) -> Device:
    try:
        return edits.device_of(house, device_id)
    except edits.NoSuchDevice:
        abort(404)


def _found_or_404(mac: str) -> FoundDevice:
    try:
        found = box().household.store.found.get(normal_mac(mac))
    except ValueError:
        abort(404)
    return found or abort(404)
