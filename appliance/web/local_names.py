"""Names at home: what is answered here in place of the internet, what devices are called, what may lie in the home."""

from dataclasses import dataclass

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from msgspec.structs import replace
from wtforms import IntegerField, SelectChoice, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from appliance.core import names
from appliance.core import record as recorded
from appliance.core.device import Device
from appliance.core.house import House
from appliance.core.local import MAX_ADDRESSES, address_of, device_names
from appliance.core.record import MAX_TTL_S, MAX_VALUE, Record, RecordType, guess
from appliance.web import ladder, record_edits, rules
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("local_names", __name__)

LIST = "/house/names"
LOOK = "look"
TYPES = (
    (LOOK, "By what stands there"),
    (RecordType.A.value, "An address of IPv4 (A)"),
    (RecordType.AAAA.value, "An address of IPv6 (AAAA)"),
    (RecordType.CNAME.value, "Another name (CNAME)"),
    (RecordType.TXT.value, "A text (TXT)"),
    (RecordType.SRV.value, "Where a service is (SRV)"),
    (RecordType.PTR.value, "Whose address it is (PTR)"),
)
ICONS = {
    RecordType.A: "hdd-network", RecordType.AAAA: "hdd-network", RecordType.CNAME: "arrow-right",
    RecordType.TXT: "card-text", RecordType.SRV: "plug", RecordType.PTR: "arrow-return-left",
}  # fmt: skip
_TYPED = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}


class RecordForm(FlaskForm):  # type: ignore[misc]
    """A record, new or as it is."""

    name = StringField(
        "Which name?",
        [InputRequired("Type a name, like nas.lan."), Length(max=260, message="This is too long.")],
        render_kw={**_TYPED, "inputmode": "url", "placeholder": "nas.lan"},
    )
    value = StringField(
        "What is it answered with?",
        [InputRequired("Type an address or a name."), Length(max=MAX_VALUE, message="This is too long.")],
        render_kw={**_TYPED, "placeholder": "192.168.1.5"},
    )
    kind = SelectField("What is that?", choices=[SelectChoice(*one) for one in TYPES])
    ttl_s = IntegerField(
        "How many seconds may others keep it?",
        [Optional(), NumberRange(0, MAX_TTL_S, message="From 0 seconds to a day, 86400.")],
        render_kw={"inputmode": "numeric", "placeholder": "60"},
    )

    def __init__(self, old: Record | None = None) -> None:
        if old is None:
            super().__init__(data={"kind": LOOK})
            return
        name = shown_name(old)
        # Where it can be seen, an address of the other family may be typed in its place.
        kind = LOOK if guess(name, old.value) is old.type else old.type.value
        super().__init__(data={"name": name, "value": old.value, "kind": kind, "ttl_s": old.ttl_s})

    def record(self) -> Record | None:
        """Return the record that stands in the form; None with what is wrong beside the field."""
        name, value = str(self.name.data), str(self.value.data)
        kind = guess(name, value) if self.kind.data == LOOK else RecordType(self.kind.data)
        try:
            # A text fits every name, so that what is wrong with this one is its name.
            Record(name=name, type=RecordType.PTR if kind is RecordType.PTR else RecordType.TXT, value="x")
        except ValueError as error:
            self.name.errors = [f"{error}."]
            return None
        try:
            return Record(name=name, type=kind, value=value, ttl_s=self.ttl_s.data)
        except ValueError as error:
            self.value.errors = [f"{error}."]
            return None

    def refuse(self, house: House, wanted: House) -> bool:
        """Say whether the records of a house can't be as they are wanted, and why beside the field."""
        old = {words for _, words in _problems(house)}
        fresh = [(place, words) for place, words in _problems(wanted) if words not in old]
        for place, words in fresh:
            field = self.value if place[-1] == "value" else self.name
            field.errors = [*field.errors, f"{words}."]
        return bool(fresh)


class EndingForm(FlaskForm):  # type: ignore[misc]
    """What the names of devices end in."""

    ending = StringField(
        "What do their names end in?",
        [InputRequired("Type an ending, like lan."), Length(max=253, message="This is too long.")],
        render_kw={**_TYPED, "placeholder": "lan"},
    )


class PrivateForm(FlaskForm):  # type: ignore[misc]
    """A name of the internet that may lie in the home."""

    name = StringField(
        "Another one",
        [InputRequired("Type the name of a site."), Length(max=2000, message="This is too long.")],
        render_kw={**_TYPED, "inputmode": "url", "placeholder": "home.example.com"},
    )


@dataclass(frozen=True, slots=True)
class Named:
    """A device by its name; where it is, as far as the house knows or sees it."""

    name: str
    device: Device
    addresses: tuple[str, ...]


@pages.get(LIST)
@open_to(Who.CAREGIVER)
def show() -> ResponseReturnValue:
    """Show all names at home."""
    return _all(PrivateForm(formdata=None))


@pages.route(f"{LIST}/new", methods=["GET", "POST"])
@open_to(Who.OWNER)
def new() -> ResponseReturnValue:
    """Add a record."""
    form = RecordForm()
    return _form(form, None) if not form.validate_on_submit() else _save(form, None)


@pages.route(f"{LIST}/record", methods=["GET", "POST"])
@open_to(Who.OWNER)
def edit() -> ResponseReturnValue:
    """Change a record, which the address tells."""
    old = _record_or_404()
    form = RecordForm(old)
    return _form(form, old) if not form.validate_on_submit() else _save(form, old)


@pages.post(f"{LIST}/remove")
@open_to(Who.OWNER)
def remove() -> ResponseReturnValue:
    """Take a record away, which the address tells."""
    old = _record_or_404()
    trouble = changed(
        reason("record_removed", name=old.name), lambda house: record_edits.without_records(house, (old,))
    )
    if trouble is not None:
        return done(trouble, WRONG, LIST)
    return done(f"{shown_name(old)} is answered as if it had never been here.", GOOD, LIST)


@pages.route(f"{LIST}/ending", methods=["GET", "POST"])
@open_to(Who.OWNER)
def ending() -> ResponseReturnValue:
    """Choose what the names of devices end in."""
    house = box().house()
    form = EndingForm(data={"ending": house.local_domain})
    if form.validate_on_submit():
        typed = str(form.ending.data).strip().removeprefix(".")
        try:
            domain = names.normalise(typed)
        except names.BadName as error:
            form.ending.errors = [f"{error}."]
        else:
            trouble = _ending_trouble(domain) or changed(
                reason("local_domain_set", name=domain), lambda before: replace(before, local_domain=domain)
            )
            if trouble is None:
                return done(f"Names of devices end in .{domain} now.", GOOD, LIST)
            form.ending.errors = [trouble]
    return render_template("names/ending.html", form=form), 422 if form.errors else 200


@pages.post(f"{LIST}/private")
@open_to(Who.OWNER)
def add_private() -> ResponseReturnValue:
    """Let a name of the internet lie in the home."""
    form = PrivateForm()
    if not form.validate():
        return _all(form)
    try:
        name = rules.site(form.name.data or "")
    except (ladder.NoName, names.BadName) as error:
        form.name.errors = [str(error)]
        return _all(form)
    trouble = changed(
        reason("private_name_added", name=name), lambda house: record_edits.with_private_name(house, name)
    )
    if trouble is not None:
        form.name.errors = [trouble]
        return _all(form)
    return done(f"{name}, and all below it, may lie in the home.", GOOD, LIST)


@pages.post(f"{LIST}/private/remove")
@open_to(Who.OWNER)
def remove_private() -> ResponseReturnValue:
    """Let a name of the internet lie in the home no longer."""
    name = request.form.get("name", "")
    if name not in box().house().private_names:
        return done("This name is not there any more.", MIND, LIST)
    trouble = changed(
        reason("private_name_removed", name=name), lambda house: record_edits.without_private_name(house, name)
    )
    return done(trouble or f"{name} may not lie in the home any more.", WRONG if trouble else GOOD, LIST)


def shown_name(record: Record) -> str:
    """Return the name of a record, the address itself where it is that of an address."""
    address = address_of(record.name) if record.type is RecordType.PTR else None
    return record.name if address is None else str(address)


def words_of(record: Record) -> str:
    """Return what a record says, as people do."""
    if record.is_left:
        which = "" if record.type is RecordType.CNAME else f"{record.type.value}: "
        return f"{which}As the Internet has it"
    if record.type is RecordType.CNAME:
        return f"The same as {record.value}"
    return f"{record.type.value} · {record.value}"


def named(house: House) -> list[Named]:
    """Return the devices of a house by their names, with their addresses."""
    found = []
    for name, device in device_names(house).items():
        seen = (address for mac in device.macs for address in sorted(box().addresses(mac)) if "%" not in address)
        found.append(Named(name, device, tuple(dict.fromkeys((*device.addresses, *seen)))[:MAX_ADDRESSES]))
    return found


def _all(form: PrivateForm) -> ResponseReturnValue:
    house = box().house()
    shown = render_template(
        "names/all.html",
        form=form,
        records=[(shown_name(one), words_of(one), ICONS[one.type], _place(one)) for one in house.records],
        devices=named(house),
        domain=house.local_domain,
        private=house.private_names,
    )
    return shown, 422 if form.errors else 200


def _form(form: RecordForm, old: Record | None) -> ResponseReturnValue:
    shown = render_template(
        "names/edit.html", form=form, old=old, name=shown_name(old) if old else "", where=_place(old) if old else {}
    )
    return shown, 422 if form.errors else 200


def _save(form: RecordForm, old: Record | None) -> ResponseReturnValue:
    made = form.record()
    if made is None:
        return _form(form, old)

    def mutate(house: House) -> House:
        if old is None:
            return record_edits.with_record(house, made)
        return record_edits.changed_record(house, old, made)

    house = box().house()
    if form.refuse(house, mutate(house)):
        return _form(form, old)
    trouble = changed(reason("record_changed" if old else "record_added", name=made.name), mutate)
    if trouble is not None:
        form.name.errors = [trouble]
        return _form(form, old)
    return done(f"{shown_name(made)} is saved.", GOOD, LIST)


def _place(record: Record) -> dict[str, str]:
    """Return what tells a record in the address of its page."""
    return {"name": record.name, "type": record.type.value, "value": record.value}


def _record_or_404() -> Record:
    """Return the record that the address tells, or answer that there is none."""
    found = next((one for one in box().house().records if _place(one) == request.args.to_dict()), None)
    return found or abort(404)


def _ending_trouble(domain: str) -> str | None:
    places = recorded.problems((), domain, box().book.reserved)
    return next((f"{words}." for place, words in places if place == ("local_domain",)), None)


def _problems(house: House) -> list[tuple[tuple[str | int, ...], str]]:
    return list(recorded.problems(house.records, house.local_domain, box().book.reserved))
