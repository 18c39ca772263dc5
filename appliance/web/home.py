"""Home: how is everyone? A card for each child, what is worth a look, and whether all of it is in force."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue

from appliance.core.person import Person, PersonKind
from appliance.core.visibility import Role
from appliance.store.errors import StoreError
from appliance.web import drawing, left, look, requests, status, time, worth
from appliance.web.asks import Asked
from appliance.web.box import box
from appliance.web.drawing import Day
from appliance.web.gate import Who, open_to
from appliance.web.left import Left
from appliance.web.status import State, Status
from appliance.wording import Names

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
    budget: Left | None
    """The minutes of the day that the ring is of, as far as caregivers see them."""
    has_plus: bool
    """More minutes would help."""
    has_minus: bool
    """There are minutes that some can be taken of."""
    asked: tuple[Asked, ...]
    """What the child asks for, the oldest first."""


@pages.get("/")
@open_to(Who.CAREGIVER)
def home() -> ResponseReturnValue:
    """Show how everyone is."""
    at = look.now()
    asked = _asked(at)
    cards = _cards(at, asked)
    return render_template(
        "home.html",
        greeting=greeting(box().local_time(at)),
        cards=cards,
        is_all_paused=bool(cards) and all(card.status.state is State.PAUSED for card in cards),
        morning=max((card.morning for card in cards), default=at),
        has_devices=bool(look.house().devices),
        nobodys=[one for one in asked if one.person is None],
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


def _asked(at: float) -> list[Asked]:
    try:
        return requests.waiting(box(), at)
    except StoreError:
        return []


def _cards(at: float, asked: list[Asked]) -> list[Card]:
    policy = box().policy()
    owners = {device.person for device in policy.house.devices}
    cards = []
    for person in policy.house.persons:
        if person.kind is PersonKind.CHILD:
            found = status.look(box(), person, at)
            is_fresh = found.since is not None and at - found.since < FRESH_S
            day = drawing.today(policy, person, at)
            morning = time.morning(policy.by_person[person.id].schedule, box().zone(), at)
            subject = policy.by_person[person.id]
            minutes = left.seen(box().contract, policy.minutes, person, Role.CAREGIVER)
            is_seen = left.may_see(box().contract, person, Role.CAREGIVER)
            lefts = left.of(subject, minutes, Names(), at) if is_seen else ()
            cards.append(
                Card(
                    person=person,
                    status=found,
                    day=day,
                    morning=morning,
                    is_fresh=is_fresh,
                    has_devices=person.id in owners,
                    budget=left.first(lefts),
                    has_plus=time.helping(box(), person, 15, at) is not None,
                    has_minus=time.helping(box(), person, -15, at) is not None,
                    asked=tuple(one for one in asked if one.person == person),
                )
            )
    return cards
