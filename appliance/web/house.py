"""The house: how the box is, what is wrong and how that is mended, where everything is, and what holds for all."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from flask import Blueprint, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_login import current_user
from msgspec.structs import replace
from wtforms import RadioField, SelectChoice, SelectField
from wtforms.validators import AnyOf

from appliance.core.house import Doubted, House
from appliance.core.verdict import Reason
from appliance.household.changes import NotValid, Unpublished
from appliance.household.inforce import Daemon, Standing
from appliance.store.errors import StoreError
from appliance.web import places, worth
from appliance.web.box import Box, box
from appliance.web.forms import CLOCK_CHOICES, UNKNOWN_CHOICES, Form
from appliance.web.gate import Who, open_to
from appliance.web.hardware import unnamed
from appliance.world.snapshot import load_snapshot

pages = Blueprint("house", __name__)

EVENTS = 12

CALLED = {"nameserver": "The name server", "steward": "The steward", "finder": "The finder", "web": "This dashboard"}
DOES = {
    "nameserver": "opens and closes sites",
    "steward": "counts, and erases what is too old",
    "finder": "sees new devices",
    "web": "shows these pages",
}
_STANDS = {
    Standing.RUNS: ("free", "Runs"),
    Standing.BEHIND: ("pause", "Catching up"),
    Standing.SILENT: ("stop", "Doesn't answer"),
    Standing.GONE: ("stop", "Not running"),
}
HAPPENED: Mapping[str, str] = {
    "clock_set": "The clock was set.",
    "clock_doubted": "The clock could not be right, and the box went on by the last time it knew.",
    "clock_trusted": "The clock was right again.",
    "journal_renewed": "The journal was begun anew.",
    "ledger_renewed": "The ledger was begun anew.",
    "daemon_back": "A part of the box runs again.",
    "daemon_gone": "A part of the box stopped.",
    "daemon_silent": "A part of the box did not answer.",
    "daemon_behind": "A part of the box did not take over the latest house at once.",
    "malware_blocked": "A harmful site was stopped.",
    "bypass_sign": "There was a sign of a way round the rules.",
    "serious_block": "A serious block.",
    "side_door": "Another router offered the devices a way for IPv6 past the box.",
    "other_dhcp": "Another server began to give the devices addresses: who asks it first goes past the box.",
}
"""What stands here by its kind; what was cut, which is of one child, stands under Today."""


@dataclass(frozen=True, slots=True)
class Part:
    """A daemon as a line of the page."""

    name: str
    does: str
    tone: str
    word: str
    note: str


class Event(msgspec.Struct, frozen=True):
    """What the steward tells of something that happened."""

    at: float
    kind: str
    person: str | None = None


class HouseForm(Form):
    """What holds for the whole house."""

    country = SelectField("Country")
    zone = SelectField("Time zone")
    doubted = RadioField(
        "While the box doesn't know what time it is",
        choices=[SelectChoice(value, text) for value, text, _ in CLOCK_CHOICES],
    )
    unknown = RadioField(
        "A device that nobody named", choices=[SelectChoice(value, text) for value, text, _ in UNKNOWN_CHOICES]
    )

    def offer(self, house: House) -> None:
        """Offer all countries and zones, and what the house has now even where this list lacks it."""
        self.country.choices = [
            SelectChoice("", "Not said"),
            *(SelectChoice(*one) for one in places.countries().items()),
        ]
        zones = dict.fromkeys((*(zone.name for zone in places.zones(house.country or "")), *places.all_zones()))
        zones.setdefault(house.time_zone)
        self.zone.choices = [SelectChoice(zone, zone.replace("_", " ")) for zone in zones]
        self.zone.validators = [AnyOf(list(zones), message="There is no such time zone.")]


@pages.get("/house")
@open_to(Who.CAREGIVER)
def house() -> ResponseReturnValue:
    """Show how the box is."""
    return _shown(box())


@pages.route("/house/edit", methods=["GET", "POST"])
@open_to(Who.OWNER)
def edit() -> ResponseReturnValue:
    """Let an owner say what holds for the whole house."""
    told = box().house()
    form = HouseForm(
        country=told.country or "",
        zone=told.time_zone,
        unknown=told.unknown_devices,
        doubted=told.doubted_clock.value,
    )
    form.offer(told)
    status = 200
    if form.is_submitted():
        if form.validate() and _saved(box(), form):
            return redirect("/house", 303)
        status = 422
    return render_template("house_edit.html", form=form, unknown=UNKNOWN_CHOICES, clocks=CLOCK_CHOICES), status


def with_settings(house: House, country: str | None, time_zone: str, unknown_devices: str, doubted: str) -> House:
    """Return a house with other settings for all. What can't be is found when it is saved."""
    return replace(
        house,
        country=country or None,
        time_zone=time_zone,
        unknown_devices=unknown_devices,
        doubted_clock=Doubted(doubted),
    )


def _saved(of: Box, form: HouseForm) -> bool:
    """Say whether the settings were saved; what stands in the way is said at its field, or above the form."""
    told = (form.country.data, form.zone.data, form.unknown.data, form.doubted.data)
    try:
        of.change(current_user.id, Reason.of("house_set"), lambda before: with_settings(before, *told))
    except NotValid as error:
        form.zone.errors = [*form.zone.errors, str(error)]
        return False
    except StoreError as error:
        flash(error.sentence, "stop")
        return False
    except Unpublished as error:
        flash(f"Saved, but not in force yet: {error}", "pause")
    else:
        flash("Saved.", "free")
    return True


def _shown(of: Box) -> str:
    loaded = load_snapshot(of.data)
    found = of.in_force()
    told = of.house()
    return render_template(
        "house.html",
        told=told,
        parts=[_part(one) for one in found.daemons],
        problems=[worth.problem_words(one) for one in worth.problems(of)] + _own_problems(of, loaded.problem),
        revision=loaded.snapshot.revision if loaded.snapshot else 0,
        changed_at=_changed_at(of),
        data=str(of.data),
        found_count=_found_count(of, told),
        country=places.countries().get(told.country or "", told.country or "not said"),
        unknown=next(
            (text for value, text, _ in UNKNOWN_CHOICES if value == told.unknown_devices), told.unknown_devices
        ),
        events=_events(of, told),
    )


def _part(daemon: Daemon) -> Part:
    tone, word = _STANDS[daemon.standing]
    parts = f" · {daemon.running} of {daemon.total} workers" if daemon.total > 1 else ""
    name = CALLED.get(daemon.name, daemon.name)
    return Part(name, DOES.get(daemon.name, "") + parts, tone, word, daemon.problem)


def _own_problems(of: Box, snapshot: str | None) -> list[tuple[str, str]]:
    """Return what this process sees for itself: the house can't be read, or only an older one."""
    found = []
    if snapshot:
        found.append(("The house that is in force could not be read as it was.", f"It says: {snapshot}"))
    try:
        of.household.current()
    except StoreError as error:
        found.append(("What caregivers set can't be read at the moment.", error.sentence))
    return found


def _changed_at(of: Box) -> float | None:
    try:
        return next((one.at for one in of.household.store.audit(limit=1)), None)
    except StoreError:
        return None


def _found_count(of: Box, told: House) -> int:
    """Return how many devices were seen that nobody named; 0 where that can't be read."""
    try:
        return len(unnamed(told, of.household.store.found.all()))
    except StoreError:
        return 0


def _events(of: Box, told: House) -> list[tuple[float, str]]:
    """Return what happened lately, in words; what has none yet is left out."""
    answer = of.ask_steward("events", since=0, limit=EVENTS, kinds=list(HAPPENED))
    try:
        events = msgspec.convert((answer or {}).get("events", ()), tuple[Event, ...])
    except msgspec.ValidationError:
        return []
    names = {person.id: person.name for person in told.persons}
    found = []
    for one in events:
        if one.kind in HAPPENED:
            whose = f" ({names[one.person]})" if one.person in names else ""
            found.append((one.at, f"{HAPPENED[one.kind].removesuffix('.')}{whose}."))
    return found
