"""Home: how is everyone? A card for each child, what is worth a look, and whether all of it is in force."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from appliance.core.house import Person, PersonKind
from appliance.web import drawing, look, status, time, worth
from appliance.web.box import box
from appliance.web.drawing import Day
from appliance.web.gate import Who, open_to
from appliance.web.status import State, Status

FRESH_S = 10.0
"""So long a word that was just said is marked until it is in force."""

pages = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class Card:
    """A child, what holds for it, and its day."""

    person: Person
    status: Status
    day: Day
    morning: float
    """Until when a pause "until morning" would be (POSIX seconds)."""
    is_fresh: bool
    has_devices: bool


@pages.get("/")
@open_to(Who.CAREGIVER)
def home() -> ResponseReturnValue:
    """Show how everyone is."""
    at = look.now()
    cards = _cards(at)
    return render_template(
        "home.html",
        greeting=greeting(box().local_time(at)),
        cards=cards,
        is_all_paused=bool(cards) and all(card.status.state is State.PAUSED for card in cards),
        morning=max((card.morning for card in cards), default=at),
        has_devices=bool(look.house().devices),
        worth=worth.look(box(), look.standing(), at),
        until=min((card.status.until for card in cards if card.status.until), default=None),
    )


@pages.get("/force.json")
@open_to(Who.CAREGIVER)
def force_json() -> ResponseReturnValue:
    """Answer whether the house is in force, as the mark on the page says it."""
    now = look.in_force()
    return jsonify(
        is_everywhere=now.is_everywhere, revision=now.revision, words=now.words, tone=now.tone, todo=now.todo
    )


def greeting(local: datetime) -> str:
    """Return what one says to somebody at a time of the house's clock."""
    if 5 <= local.hour < 11:
        return "Good morning"
    if 11 <= local.hour < 17:
        return "Good afternoon"
    return "Good evening"


def _cards(at: float) -> list[Card]:
    policy = box().policy()
    owners = {device.person for device in policy.house.devices}
    cards = []
    for person in policy.house.persons:
        if person.kind is PersonKind.CHILD:
            found = status.look(box(), person, at)
            is_fresh = found.since is not None and at - found.since < FRESH_S
            day = drawing.today(policy, person, at)
            morning = time.morning(person.windows, box().zone(), at)
            cards.append(Card(person, found, day, morning, is_fresh, person.id in owners))
    return cards
