"""A child's own sites: one is blocked or allowed, with an end if wanted, and the page says what that does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import DateTimeLocalField, RadioField, SelectChoice, StringField
from wtforms.validators import InputRequired, Length, Optional

from appliance import wording
from appliance.core import names, policy
from appliance.core.house import House
from appliance.core.person import Do, Person, Rule
from appliance.core.verdict import Step, Verdict
from appliance.store.errors import StoreError
from appliance.store.requests import TakenBack
from appliance.web import edits, ladder, lessons, look
from appliance.web.box import box
from appliance.web.gate import Who, open_to
from appliance.web.people import person_or_404
from appliance.web.saving import GOOD, MIND, WRONG, changed, done, reason

pages = Blueprint("rules", __name__)

ENDS = (("", "Always"), ("10min", "10 min"), ("hour", "1 hour"), ("tonight", "Until midnight"), ("at", "Until …"))
MAX_LOOKED_AT = 500
_SPANS = {"10min": timedelta(minutes=10), "hour": timedelta(hours=1)}
_CODES = {Do.ALLOW: "rule_allowed", Do.BLOCK: "rule_blocked"}


class NoEnd(ValueError):
    """This is not a time in the future."""


class RuleForm(FlaskForm):  # type: ignore[misc]
    """A site, what to do with it, and until when."""

    name = StringField(
        "Site",
        [InputRequired("Type the name of a site, like example.com."), Length(max=2000, message="This is too long.")],
        render_kw={
            "placeholder": "example.com", "autocapitalize": "none", "autocomplete": "off", "spellcheck": "false",
            "inputmode": "url",
        },
    )  # fmt: skip
    do = RadioField(
        "What?",
        [InputRequired("Block or allow?")],
        choices=[SelectChoice("block", "Block"), SelectChoice("allow", "Allow")],
    )
    end = RadioField("For how long?", choices=[SelectChoice(*end) for end in ENDS], default="")
    until = DateTimeLocalField("Until", [Optional()], format=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@dataclass(frozen=True, slots=True)
class Listed:
    """A rule as a list shows it; `note` is what holds instead, where something stands above the rule."""

    rule: Rule
    until: float | None
    by: str
    since: float | None
    note: str


@pages.get("/child/<person_id>/rules")
@open_to(Who.CAREGIVER)
def show(person_id: str) -> ResponseReturnValue:
    """Show a person's sites, and the form for another one."""
    return _page(person_or_404(person_id), RuleForm(formdata=None))


@pages.post("/child/<person_id>/rules")
@open_to(Who.CAREGIVER)
def add(person_id: str) -> ResponseReturnValue:
    """Block or allow a site."""
    person = person_or_404(person_id)
    form = RuleForm()
    if not form.validate():
        return _page(person, form)
    at = look.now()
    try:
        name = site(form.name.data or "")
    except (ladder.NoName, names.BadName) as error:
        form.name.errors = [str(error)]
        return _page(person, form)
    try:
        until = ending(form.end.data or "", form.until.data, box().local_time(at))
    except NoEnd as error:
        form.until.errors = [str(error)]
        return _page(person, form)
    rule = Rule(name=name, do=Do(form.do.data), until=until)

    def mutate(house: House) -> House:
        return edits.with_rule(edits.cleaned(house, at, person.id), person.id, rule)

    end = until.isoformat() if until else None
    trouble = changed(reason(_CODES[rule.do], name=name, person=person.id, until=end), mutate)
    if trouble is not None:
        form.name.errors = [trouble]
        return _page(person, form)
    text, tone = outcome(person, rule, at)
    return done(text, tone, url_for("child.show", person_id=person.id))


@pages.post("/child/<person_id>/rules/remove")
@open_to(Who.CAREGIVER)
def remove(person_id: str) -> ResponseReturnValue:
    """Take a rule away."""
    person = person_or_404(person_id)
    form = NameForm()
    where = url_for("child.show", person_id=person.id)
    try:
        name = names.normalise(form.name.data or "")
    except names.BadName:
        return done("This is not the name of a site.", WRONG, where)
    if all(rule.name != name for rule in person.rules):
        return done(f"There is no rule about {name} any more.", MIND, where)
    at = look.now()
    answered = lessons.of_rule(box(), person.id, name)

    def mutate(house: House) -> House:
        without = edits.without_rule(edits.cleaned(house, at, person.id), person.id, name)
        return without if answered is None else lessons.unlearned(without, answered)

    what = reason("rule_removed", name=name, person=person.id)
    trouble = changed(what, mutate, None if answered is None else TakenBack(answered.id))
    return done(trouble or f"The rule about {name} is gone.", WRONG if trouble else GOOD, where)


class NameForm(FlaskForm):  # type: ignore[misc]
    """A site that is listed."""

    name = StringField("Site")


def site(typed: str) -> str:
    """Return the site in what was typed or pasted: a name or the address of a page, without its `www.`.

    Raises NoName for what is no name, and for one so wide that it is no site.
    """
    name = ladder.asked_name(typed.strip().removeprefix("*."))
    if name.startswith("www.") and name.count(".") > 1:
        name = name.removeprefix("www.")
    if "." not in name:
        raise ladder.NoName(f"“{name}” would be every site that ends in it. Write the whole name, like {name}.com.")
    return name


def ending(choice: str, typed: datetime | None, now: datetime) -> datetime | None:
    """Return when a rule ends by what was chosen, None for never; `now` is in the house's zone. Raises NoEnd."""
    if choice in _SPANS:
        return (now.astimezone(UTC) + _SPANS[choice]).astimezone(now.tzinfo)
    if choice == "tonight":
        return datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
    if choice != "at":
        return None
    if typed is None:
        raise NoEnd("Choose a day and a time.")
    until = typed.replace(tzinfo=now.tzinfo)
    if until <= now:
        raise NoEnd("This time is over already.")
    return until


def outcome(person: Person, rule: Rule, at: float) -> tuple[str, str]:
    """Return what a rule that was just saved does, by the order of decision, and the tone of that."""
    verdict = _verdict(person, rule, at)
    until = f" {look.until_words(rule.until.timestamp())}" if rule.until else ""
    if verdict is None or verdict.step is Step.OWN:
        did = "blocked" if rule.do is Do.BLOCK else "open"
        return f"{rule.name} is {did} for {person.name}{until}, on all devices.", GOOD
    return f"The rule for {rule.name} is saved. {_instead(rule, verdict)}", MIND


def listed(person: Person, at: float) -> list[Listed]:
    """Return the rules of a person that hold at a time, the latest first."""
    told = _told(person)
    found = []
    for rule in reversed(person.rules):
        until = rule.until.timestamp() if rule.until else None
        if until is not None and until <= at:
            continue
        by, since = told.get((_CODES[rule.do], rule.name), ("", None))
        verdict = _verdict(person, rule, at)
        is_above = verdict is not None and verdict.step not in (Step.OWN, Step.WORD, Step.TIME)
        found.append(Listed(rule, until, by, since, _instead(rule, verdict) if verdict and is_above else ""))
    return found


def _page(person: Person, form: RuleForm) -> ResponseReturnValue:
    shown = render_template("people/rules.html", person=person, form=form, rules=listed(person, look.now()))
    return shown, 422 if form.errors else 200


def _verdict(person: Person, rule: Rule, at: float) -> Verdict | None:
    compiled = box().policy()
    subject = compiled.by_person.get(person.id)
    return policy.decide(compiled, subject, rule.name, None, at) if subject is not None else None


def _instead(rule: Rule, verdict: Verdict) -> str:
    """Return what holds in place of a rule, and why."""
    why = wording.sentence(verdict.reason, wording.Names.of(box().book, box().house()), box().house().language)
    if verdict.is_blocked == (rule.do is Do.BLOCK):
        return f"{'Closed' if verdict.is_blocked else 'Open'} anyway: {why}"
    return f"{'Stays closed' if verdict.is_blocked else 'Stays open'}: {why}"


def _told(person: Person) -> Mapping[tuple[str, str], tuple[str, float]]:
    """Return who said a rule last and when, by the change's code and the name; nothing where that can't be read."""
    try:
        store = box().household.store
        callers: dict[str, str] = {one.id: one.name for one in store.accounts.all()}
        entries = store.audit(person.id, limit=MAX_LOOKED_AT)
    except StoreError:
        return {}
    found: dict[tuple[str, str], tuple[str, float]] = {}
    for entry in entries:
        args: dict[str, Any] = dict(entry.what.args)
        found.setdefault((entry.what.code, args.get("name", "")), (callers.get(entry.who, ""), entry.at))
    return found
