"""Why?: what happens to a name for somebody, who wanted it so and since when, when it changes, and what to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from appliance import wording
from appliance.core import policy
from appliance.core.house import Device, House, Person, PersonKind
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Lift, Step, Verdict
from appliance.store.audit import Entry
from appliance.store.errors import StoreError
from appliance.web import ladder, look
from appliance.web.box import Box, box
from appliance.web.gate import Who, open_to
from appliance.web.ladder import Mark, NoName
from appliance.web.saying import teller

pages = Blueprint("why", __name__)

NEW = "new"
"""A device that nobody named, in the place of a person's id."""
DEVICE = "device:"
MAX_LOOKED_AT = 500
OPEN_S = 3_600

_LIFTS = {
    Lift.NOBODY: "Nobody can lift this.",
    Lift.ONE: "A caregiver can lift this.",
    Lift.TWO: "Lifting it together isn't possible from here yet.",
    Lift.OWNER: "An owner can lift this for one name. That isn't possible from here yet.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """For whom it is asked: a person, a device, or with neither a device that nobody named."""

    value: str
    words: str
    person: Person | None = None
    device: Device | None = None

    def subject(self, of: Policy) -> Subject:
        """Return who that is for the order of decision."""
        if self.device is not None:
            return of.of_device(self.device.id)
        return of.unknown if self.person is None else of.by_person.get(self.person.id, of.unknown)


@dataclass(frozen=True, slots=True)
class Deed:
    """Something to do about it: a form (`fields` are its hidden values) or, without any, a link."""

    text: str
    icon: str
    href: str
    fields: Mapping[str, str] | None = None
    tone: str = "plain"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the page says of one name."""

    name: str
    asked: Asked
    mark: Mark
    headline: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    """Icon and sentence."""
    deeds: tuple[Deed, ...]
    steps: list[tuple[str, bool, str]]
    verdict: Verdict


@pages.get("/why")
@open_to(Who.CAREGIVER)
def why() -> ResponseReturnValue:
    """Show the form, and with a name the answer."""
    house = box().house()
    choices = choices_of(house)
    wanted = request.args.get("child", "")
    chosen = next((one for one in choices if one.value == wanted), choices[0])
    typed = request.args.get("name", "")
    answer, wrong = None, ""
    if typed.strip():
        try:
            answer = answered(box(), chosen, ladder.asked_name(typed), look.now())
        except NoName as error:
            wrong = str(error)
    elif "name" in request.args:
        wrong = "Type the name of a site, like example.com."
    shown = render_template("why.html", choices=choices, chosen=chosen, typed=typed, answer=answer, wrong=wrong)
    return shown, 422 if wrong else 200


def choices_of(house: House) -> list[Asked]:
    """Return for whom one may ask: children, adults, a new device, and each device of the house."""
    persons = sorted(house.persons, key=lambda person: person.kind is PersonKind.ADULT)
    named = {person.id: person for person in persons}
    found = [Asked(person.id, person.name, person) for person in persons]
    found.append(Asked(NEW, "A new device"))
    for device in house.devices:
        owner = named.get(device.person or "")
        found.append(Asked(f"{DEVICE}{device.id}", device.name or device.id, owner, device))
    return found


def answered(of: Box, asked: Asked, name: str, at: float) -> Answer:
    """Return the answer for a name (in normal form) at a time: the same decision as the nameserver's."""
    compiled = of.policy()
    subject = asked.subject(compiled)
    verdict = policy.decide(compiled, subject, name, None, at)
    house = compiled.house
    sentence = wording.sentence(verdict.reason, of.book.categories, house.language)
    mark = ladder.mark_of(verdict)
    facts = _facts(of, house, asked, verdict)
    change = ladder.next_change(compiled, subject, name, verdict, at)
    if change is not None:
        facts.append(
            ("clock-history", f"Changes by itself {_from(look.until_words(change.at))}: {_state(change.verdict)} then.")
        )
    elif verdict.is_blocked:
        facts.append(("infinity", "Does not change by itself."))
    if verdict.lift is not None:
        facts.append(("key", _LIFTS[verdict.lift]))
    return Answer(
        name,
        asked,
        mark,
        f"{name} is {_state(verdict)} for {_whom(asked)}{_until(change)}.",
        sentence,
        tuple(facts),
        tuple(_deeds(asked, name, verdict)),
        ladder.steps_of(verdict, sentence, mark.tone),
        verdict,
    )


def _from(until: str) -> str:
    """Turn ``until 15:30`` into ``at 15:30``, and leave a day as it is."""
    words = until.removeprefix("until ")
    return f"at {words}" if words[:1].isdigit() and ":" in words[:3] else words


def _until(change: ladder.Change | None) -> str:
    return f" {look.until_words(change.at)}" if change is not None else ""


def _state(verdict: Verdict) -> str:
    match verdict.action:
        case Action.ALLOW:
            return "open"
        case Action.REWRITE:
            return "open in its safe mode"
        case Action.ASK:
            return "open after asking a caregiver"
        case Action.BLOCK:
            return "closed"


def _whom(asked: Asked) -> str:
    if asked.device is not None:
        return asked.words
    return asked.words if asked.person is not None else "a new device"


def _facts(of: Box, house: House, asked: Asked, verdict: Verdict) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    origin = origin_of(of, house, asked, verdict)
    if origin is not None:
        facts.append(("person-check", origin))
    if asked.device is not None:
        facts.append(("phone", f"Asked for this device. {_holder(asked)}"))
    if not verdict.is_blocked and verdict.step not in (Step.HELP, Step.INFRASTRUCTURE):
        facts.append(
            ("signpost-split", "If it is an alias of another name, that name is decided as well when a device asks.")
        )
    if verdict.counted:
        facts.append(("stopwatch", "Counts as screen time."))
    if verdict.traceless:
        facts.append(("eye-slash", "Leaves no trace: nobody sees that it was asked for."))
    return facts


def _holder(asked: Asked) -> str:
    return f"It is {asked.person.name}'s." if asked.person is not None else "It is nobody's."


def origin_of(of: Box, house: House, asked: Asked, verdict: Verdict) -> str | None:
    """Return who wanted it so and since when, as far as the changes tell; None where no caregiver did."""
    matches = _matches(asked, verdict)
    if matches is None:
        return None
    try:
        store = of.household.store
        entries = store.audit(asked.person.id if asked.person else None, limit=MAX_LOOKED_AT)
        said = teller(house, store.accounts.all(), of.book.categories, look.until_words)
    except StoreError as error:
        return f"Who set it can't be told at the moment. {error.sentence}"
    entry = next((one for one in entries if matches(one)), None)
    return None if entry is None else f"Set by {said.by(entry.who)}, {look.ago(entry.at)}."


def _matches(asked: Asked, verdict: Verdict) -> Callable[[Entry], bool] | None:
    """Return what tells the change that made a verdict so, None for a verdict that no caregiver made."""
    told = dict(verdict.reason.args)
    person = asked.person.id if asked.person else ""

    def of_person(entry: Entry) -> dict[str, Any]:
        persons = entry.after.get("persons", {})
        found: dict[str, Any] = persons.get(person, {})
        return found

    match verdict.step:
        case Step.WORD:
            field = "pauses" if verdict.is_blocked else "grants"
            return lambda entry: bool(entry.after.get(field))
        case Step.TIME:
            return lambda entry: any(one.get("name") == told["window"] for one in of_person(entry).get("windows", ()))
        case Step.OWN:
            return lambda entry: any(one.get("name") == told["name"] for one in of_person(entry).get("rules", ()))
        case Step.CATEGORY:
            category = told.get("category")
            return lambda entry: category in of_person(entry).get("categories", {})
        case _:
            return None


def _deeds(asked: Asked, name: str, verdict: Verdict) -> list[Deed]:
    """Return what a caregiver may do about it from here."""
    person = asked.person
    if person is None:
        where = f"/devices/{asked.device.id}" if asked.device is not None else "/devices"
        return [Deed("Say whose it is", "phone", where)]
    if person.kind is PersonKind.ADULT:
        return []
    rules = f"/child/{person.id}/rules"
    found = []
    if verdict.is_blocked and verdict.lift is Lift.ONE:
        match verdict.step:
            case Step.WORD:
                found.append(Deed("Resume now", "play-fill", f"/child/{person.id}/resume", {}, "main"))
            case Step.TIME:
                found.append(Deed("Open for 15 min", "sun", f"/child/{person.id}/open", {"minutes": "15"}, "main"))
            case Step.OWN:
                found.append(Deed("Remove the rule", "eraser", f"{rules}/remove", {"name": told_name(verdict)}, "main"))
            case _:
                found.append(Deed("Allow for 1 hour", "hourglass-split", rules, rule(name, "allow", "hour"), "main"))
                found.append(Deed("Always allow", "check-lg", rules, rule(name, "allow", "")))
    elif not verdict.is_blocked and verdict.step is Step.OWN:
        found.append(Deed("Remove the rule", "eraser", f"{rules}/remove", {"name": told_name(verdict)}))
    elif not verdict.is_blocked and verdict.step not in (Step.HELP, Step.INFRASTRUCTURE, Step.PROTECTED):
        found.append(Deed(f"Block for {person.name}", "slash-circle", rules, rule(name, "block", "")))
    if verdict.step is Step.CATEGORY or dict(verdict.reason.args).get("category"):
        found.append(Deed("Kinds of sites", "sliders", f"/child/{person.id}/categories"))
    found.append(Deed(f"All about {person.name}", "person", f"/child/{person.id}"))
    return found


def told_name(verdict: Verdict) -> str:
    """Return the name of the rule that decided."""
    return dict(verdict.reason.args).get("name", "")


def rule(name: str, do: str, end: str) -> dict[str, str]:
    """Return the values of the form that adds a rule."""
    return {"name": name, "do": do, "end": end}
