"""Why?: what happens to a name for somebody, who wanted it so and since when, when it changes, and what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from appliance import wording
from appliance.core.catalogue import Service
from appliance.core.device import Device
from appliance.core.house import House, OwnService
from appliance.core.person import Person, PersonKind
from appliance.core.policy import Policy
from appliance.core.said import EVERYTHING
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Lift, Reason, Step, Verdict
from appliance.core.wire import dns
from appliance.household import at_home
from appliance.household.lists import line_of
from appliance.store.audit import Entry
from appliance.store.errors import StoreError
from appliance.web import deeds, guessed, ladder, lift_edits, lifts, look, malware
from appliance.web.box import Box, box
from appliance.web.deeds import Deed
from appliance.web.gate import Who, open_to
from appliance.web.ladder import Mark, NoName
from appliance.web.saying import teller

pages = Blueprint("why", __name__)

NEW = "new"
"""A device that nobody named, in the place of a person's id."""
DEVICE = "device:"
MAX_LOOKED_AT = 500
MAX_TEXT = 200
"""So many characters of a list's line are shown."""
OPEN_S = 3_600

_LIFTS = {
    Lift.NOBODY: "Nobody can lift this.",
    Lift.ONE: "A caregiver can lift this.",
    Lift.TWO: "Two caregivers together can lift this, or one, and then it is announced for a day.",
    Lift.OWNER: "An owner of the box can open this one name.",
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
    house, labels = compiled.house, of.labels()
    verdict, here = at_home.decide(compiled, frozenset(), subject, name, dns.A, at, labels)
    if here is not None and here.leads_home:
        verdict = Verdict(Action.ALLOW, Step.DEFAULT, Reason(at_home.STEP), traceless=True)
        facts_ = (("signpost", at_home.told(house, here, dns.A).sentence),)
        links = (Deed("Names at home", "signpost", "/house/names"),)
        said = f"{name} is open for {_whom(asked)}."
        return Answer(name, asked, ladder.mark_of(verdict), said, at_home.SENTENCE, facts_, links, [], verdict)
    sentence = wording.sentence(verdict.reason, wording.Names.of(of.book, house), house.language)
    mark = ladder.mark_of(verdict)
    facts = _facts(of, house, asked, verdict)
    if here is not None:
        facts.insert(0, ("signpost", at_home.told(house, here, dns.A).sentence))
    guess = guessed.category_of(verdict)
    if guess is not None:
        facts.insert(0, ("patch-question", guessed.to_caregiver(of, labels, name, guess)))
    change = ladder.next_change(compiled, subject, name, verdict, at, labels)
    if change is not None:
        facts.append(
            ("clock-history", f"Changes by itself {_from(look.until_words(change.at))}: {_state(change.verdict)} then.")
        )
    elif verdict.is_blocked:
        facts.append(("infinity", "Does not change by itself."))
    if verdict.lift is not None:
        facts.append(("key", _LIFTS[verdict.lift]))
    opened = _opened(of, name, at)
    if opened is not None:
        facts.append(("shield-exclamation", f"Known for malware or phishing. {opened}"))
    facts += _lifted(of, asked, name, at)
    return Answer(
        name,
        asked,
        mark,
        f"{name} is {_state(verdict)} for {_whom(asked)}{_until(change)}.",
        sentence,
        tuple(facts),
        tuple(deeds.of(asked.person, asked.device, name, verdict, is_opened=opened is not None)),
        ladder.steps_of(verdict, sentence, mark.tone, ladder.classifier_of(compiled, subject, name, verdict, labels)),
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
    said = _on_list(of, house, verdict)
    if said is not None:
        facts.append(("card-checklist", said))
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
    facts += [("hourglass-split", "Slow now, where the box is the gateway.")] if verdict.slowed else []
    if verdict.traceless:
        facts.append(("eye-slash", "Leaves no trace: nobody sees that it was asked for."))
    return facts


def _on_list(of: Box, house: House, verdict: Verdict) -> str | None:
    """Return which line of which list a verdict comes from, None where it comes from none."""
    args = dict(verdict.reason.args)
    told = next((one for one in house.lists if one.id == args.get("list")), None)
    if told is None:
        return None
    line = int(args["line"])
    text = line_of(of.data, told.id, line)
    said = f"On the list {told.name}, line {line:,}"
    return said + ("." if text is None else f": {text if len(text) <= MAX_TEXT else f'{text[:MAX_TEXT]}…'}")


def _holder(asked: Asked) -> str:
    return f"It is {asked.person.name}'s." if asked.person is not None else "It is nobody's."


def origin_of(of: Box, house: House, asked: Asked, verdict: Verdict) -> str | None:
    """Return who wanted it so and since when, as far as the changes tell; None where no caregiver did."""
    matches = _matches(asked, verdict, (*of.book.services.values(), *house.services))
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


def _matches(
    asked: Asked, verdict: Verdict, services: Iterable[Service | OwnService]
) -> Callable[[Entry], bool] | None:
    """Return what tells the change that made a verdict so, None for a verdict that no caregiver made."""
    told = dict(verdict.reason.args)
    person = asked.person.id if asked.person else ""

    def of_person(entry: Entry) -> dict[str, Any]:
        persons = entry.after.get("persons", {})
        found: dict[str, Any] = persons.get(person, {})
        return found

    def has(field: str, key: str, *words: str) -> Callable[[Entry], bool]:
        """Tell the change after which something of the person's is called by one of these words."""
        return lambda entry: any(one.get(key, "") in words for one in of_person(entry).get(field, ()))

    def sets(**fields: str) -> Callable[[Entry], bool]:
        """Tell the change after which one of these ids was set."""
        return lambda entry: any(id_ in of_person(entry).get(field, {}) for field, id_ in fields.items())

    match verdict.step:
        case _ if "list" in told:
            return lambda entry: told["list"] in entry.after.get("lists", {})
        case Step.WORD:
            field = "pauses" if verdict.is_blocked else "grants"
            return lambda entry: bool(entry.after.get(field))
        case _ if "window" in told:
            is_dated = _is_dated(told["window"])
            in_week = has("windows", "name", told["window"])
            return lambda entry: in_week(entry) or is_dated(of_person(entry).get("exceptions", ()))
        case Step.TIME:
            return has("budgets", "what", told["what"], *(("",) if told["what"] == EVERYTHING else ()))
        case Step.OWN if "name" in told:
            return has("rules", "name", told["name"])
        case Step.CATEGORY if "service" in told:
            group = next((one.group for one in services if one.id == told["service"]), None)
            return sets(services=told["service"], groups=group or "")
        case Step.CATEGORY:
            return sets(categories=told.get("category", ""), safe_search=told.get("engine", ""))
        case _:
            return None


def _is_dated(window: str) -> Callable[[Any], bool]:
    """Tell the exceptions among which a window of single dates is."""
    return lambda exceptions: any(
        one.get("name") == window for exception in exceptions for one in exception.get("windows", ())
    )


def _lifted(of: Box, asked: Asked, name: str, at: float) -> list[tuple[str, str]]:
    """Return what was lifted for a child of the kinds of sites that a name is of, as facts."""
    person = asked.person.id if asked.person else ""
    compiled = of.policy()
    tags = compiled.tags(name, asked.subject(compiled)) & lift_edits.open_kinds(of.house(), person, at)
    told = ((tag, lift_edits.lifted_of(of.house(), person, tag, at)) for tag in sorted(tags))
    return [
        ("unlock", f"Closed at this age, lifted by {lifts.said_by(of, one)}: {lifts.category_name(of.book, tag)}.")
        for tag, one in told
        if one is not None
    ]


def _opened(of: Box, name: str, at: float) -> str | None:
    """Return who opened a name that is known for malware, and until when; None where nobody did."""
    told = lift_edits.name_of(of.house(), name, at)
    if told is None or not malware.is_known(of.policy(), name):
        return None
    end = look.until_words(told.until.timestamp()) if told.until else "until a caregiver closes it"
    return f"{lifts.said_by(of, told)} opened {told.name} {end}."
