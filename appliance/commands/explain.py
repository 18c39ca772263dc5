"""`kindgate explain NAME`: what happens to a name, for whom, why, and until when; works without a daemon."""

import contextlib
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from appliance import wording
from appliance.commands import used as used_minutes
from appliance.commands.options import Fault, bundled_rules, configured, data_folder, dns_type, moment_of, with_place
from appliance.core import budget, names, policy
from appliance.core.budget import NOT_COUNTED, Minutes
from appliance.core.catalogue import SERVICE_TAG
from appliance.core.device import normal_address, normal_mac
from appliance.core.guesses import moved
from appliance.core.house import House
from appliance.core.lists.listset import ListSet, ListSetError
from appliance.core.local import Found
from appliance.core.person import BANDS
from appliance.core.policy import Policy
from appliance.core.query import OF_LISTED_TARGET
from appliance.core.riskmodel import RiskModelError
from appliance.core.special import goes_before, special_of
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Given, Lift, Step, Verdict
from appliance.core.wire import dns, mnemonics
from appliance.household import at_home, lists, looks
from appliance.household.at_home import AtHome
from appliance.household.labels import Labels, Looks
from appliance.world import clock, rules
from appliance.world.listfile import open_set
from appliance.world.model import load_model_card
from appliance.world.snapshot import load_snapshot
from appliance.world.state import load_state
from appliance.world.timekeeping import Timekeeper

_WHO_LIFTS = {
    Lift.NOBODY: "Nobody can lift this.",
    Lift.ONE: "A caregiver can lift this.",
    Lift.TWO: "Two caregivers together can lift this.",
    Lift.OWNER: "The owner of the box can lift this for one name.",
}
_WHICH_ANSWER = {
    "target": "Its safe mode is on: answered by {target}.",
    "none": "Its safe mode is on ({target}): a record of this type could lead around it, so that none is given.",
    "own": "Its safe mode is on ({target}): a record of this type is the name's own.",
}
_WHICH_LISTED = {
    "target": "The list has it answered by {target}.",
    "none": "The list has it answered by {target}, of which no record of this type is given.",
}


@click.command()
@click.argument("name")
@click.option("--person", metavar="P", help="For a person: id or name.")
@click.option("--device", metavar="D", help="For a device: id, name, MAC or address.")
@click.option("--type", "qtype", default="A", metavar="T", help="The DNS type asked for. Default: A.")
@click.option("--at", metavar="ISO", help="At a time, 2026-11-22T21:00 or with an offset. Default: now.")
@click.option("--used", multiple=True, metavar="WHAT=MINUTES", help=used_minutes.HELP)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def explain(  # noqa: PLR0913, PLR0917 -- one for each of its options
    name: str,
    person: str | None,
    device: str | None,
    qtype: str,
    at: str | None,
    used: tuple[str, ...],
    as_json: bool,
    data: Path | None,
    config: Path | None,
) -> None:
    """Say what happens to NAME and why.

    With neither --person nor --device: for a device that nobody named. With both: the person on that device.
    """
    settings = configured(config)
    where = data_folder(data, settings)
    is_doubted = Timekeeper(where).doubt is not None and at is None
    loaded = load_snapshot(where)
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    told = loaded.snapshot.house if loaded.snapshot else House()
    book = bundled_rules()
    try:
        zone = clock.zone(told.time_zone)
    except clock.UnknownZone as error:
        raise Fault(str(error)) from error
    moment = moment_of(at, zone)
    compiled = policy.compile(told, book, (rules.bundled_set(book),), zone, lists=_lists(where), is_doubted=is_doubted)
    subject = _subject(compiled, person, device)
    minutes = _minutes(subject, used_minutes.read(used, told, book), where, moment)
    kind = dns_type(qtype)
    try:
        asked = names.normalise(name)
    except names.BadName as error:
        raise Fault(str(error)) from error
    now_is = replace(compiled, minutes=minutes)
    labels = _labels(where, told)
    said = _explained(now_is, frozenset(settings.routes), subject, asked, kind, moment, labels, where)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
    else:
        _print(asked, said)


class Line(msgspec.Struct, frozen=True):
    """A line of a list."""

    id: str
    name: str
    line: int
    text: str | None
    """As it stands there; None where the list doesn't lie here any more."""


class Explained(msgspec.Struct, frozen=True):
    """What is said of a name, field for field as `--json` prints it."""

    action: str
    step: str
    reason: dict[str, object]
    sentence: str
    to_child: str | None
    """The same for the child; None where no child asks."""
    target: str | None
    """The name whose addresses answer, where its safe mode is on."""
    answer: str
    """What answers a question of this type: ``own`` records, those of the ``target``, what is ``given``, ``none``, a
    ``block``, records of the ``house``, or for a ``special`` name what there is without asking anybody."""
    given: Given | None
    """What a list answers with."""
    at_home: AtHome | None
    """What the house itself answers with."""
    by_list: Line | None
    """The line of a list that decided; None where none did."""
    looks: Looks | None
    """What the classifier holds the name to be, where that decided and it still says so."""
    is_unasked: bool
    """The classifier had a word in it, and could not be asked."""
    services: list[str]
    categories: list[str]
    until: str | None
    counted: bool
    traceless: bool
    slowed: bool
    lift: str | None


def _lists(where: Path) -> ListSet | None:
    """Return the lists of a data folder, None where there are none; warns of a file that can't be used."""
    try:
        return open_set(lists.set_file(where))
    except (OSError, ListSetError) as error:
        click.echo(f"Warning: {lists.set_file(where)} can't be used: {error}", err=True)
        return None


def _labels(where: Path, house: House) -> Labels:
    """Return what the classifier is asked by, as sure as a house wants it to be; without its card it asks nobody."""
    try:
        thresholds = load_model_card().by_category
    except RiskModelError:
        return Labels(where, {})
    return Labels(where, moved(thresholds, house.classifier.steps))


def _explained(
    compiled: Policy,
    routed: frozenset[str],
    subject: Subject,
    asked: str,
    qtype: int,
    at: float,
    labels: Labels,
    where: Path,
) -> Explained:
    verdict, found = at_home.decide(compiled, routed, subject, asked, qtype, at, labels)
    if found is not None and found.leads_home:
        return _home(compiled.house, subject, found, qtype)
    is_special = found is None and special_of(asked, qtype, routed) is not None
    house, words = compiled.house, wording.Names.of(compiled.rulebook, compiled.house)
    tags = compiled.tags(asked, subject)
    is_child = subject.row in BANDS
    guess = dict(verdict.reason.args)["category"] if verdict.step is Step.CLASSIFIER else None
    return Explained(
        action=verdict.action.value,
        step=verdict.step.value,
        reason={"code": verdict.reason.code, "args": dict(verdict.reason.args)},
        sentence=wording.sentence(verdict.reason, words, house.language),
        to_child=wording.sentence(verdict.reason, words, house.language, to_child=True) if is_child else None,
        target=verdict.target,
        answer="special" if is_special and not goes_before(verdict) else _answer(verdict, qtype, found),
        given=verdict.rewrite,
        at_home=None if found is None else at_home.told(house, found, qtype),
        by_list=_line(verdict, words, where),
        looks=None if guess is None else labels.looks(asked, guess),
        is_unasked=labels.is_silent and guess is None,
        services=_named(words, (tag for tag in tags if tag.startswith(SERVICE_TAG))),
        categories=_named(words, tags & compiled.rulebook.categories.keys()),
        until=None if verdict.until is None else clock.iso(verdict.until, subject.zone),
        counted=verdict.counted,
        traceless=verdict.traceless,
        slowed=verdict.slowed,
        lift=verdict.lift.value if verdict.lift else None,
    )


def _home(house: House, subject: Subject, found: Found, qtype: int) -> Explained:
    """Return what is said of a name that leads nowhere but home."""
    return Explained(
        action=Action.ALLOW.value,
        step=at_home.STEP,
        reason={"code": at_home.STEP, "args": {}},
        sentence=at_home.SENTENCE,
        to_child=at_home.TO_CHILD if subject.row in BANDS else None,
        target=None,
        answer="house",
        given=None,
        at_home=at_home.told(house, found, qtype),
        by_list=None,
        looks=None,
        is_unasked=False,
        services=[],
        categories=[],
        until=None,
        counted=False,
        traceless=True,
        slowed=False,
        lift=None,
    )


def _named(words: wording.Names, tags: Iterable[str]) -> list[str]:
    return sorted(words.tag(tag) or tag for tag in tags)


def _line(verdict: Verdict, words: wording.Names, where: Path) -> Line | None:
    told = dict(verdict.reason.args)
    if "list" not in told:
        return None
    id_, line = told["list"], int(told["line"])
    return Line(id_, words.word("list", id_), line, lists.line_of(where, id_, line))


def _answer(verdict: Verdict, qtype: int, found: Found | None) -> str:
    if found is not None:
        return "house"
    if verdict.rewrite is not None:
        return "given"
    if verdict.is_blocked:
        return "block"
    if verdict.target is None:
        return "own"
    if verdict.step is Step.LIST:
        return "target" if qtype in OF_LISTED_TARGET else "none"
    return {dns.A: "target", dns.AAAA: "target", dns.HTTPS: "none", dns.SVCB: "none"}.get(qtype, "own")


def _minutes(subject: Subject, used: dict[str, int], where: Path, at: float) -> Minutes:
    """Return the minutes that are told, else those of the state; notes what no budget of this asker is about."""
    day = budget.day_of(at, subject.zone, subject.day_starts)
    if not used:
        state = load_state(where)
        is_counted = state is not None and state.minutes != NOT_COUNTED
        return state.minutes if state is not None and is_counted else used_minutes.minutes_of("", {}, at, day)
    budgeted = {one.what for one, _ in subject.budgets}
    for what in used:
        if what not in budgeted:
            click.echo(f"Note: nobody set a budget for {what} here, so that its minutes stop nothing.", err=True)
    return used_minutes.minutes_of(subject.person or "", used, at, day)


def _print(name: str, said: Explained) -> None:
    colour = {Action.ALLOW: "green", Action.REWRITE: "green", Action.ASK: "yellow", Action.BLOCK: "red"}
    click.secho(f"{said.action.upper()}  {name}", fg=colour[Action(said.action)], bold=True)
    click.echo(f"  {said.sentence}")
    if said.to_child is not None:
        click.echo(f"  To the child: {said.to_child}")
    _print_answer(said)
    if said.by_list is not None:
        text = "which is not here any more" if said.by_list.text is None else said.by_list.text
        click.echo(f"  List: {said.by_list.name} ({said.by_list.id}), line {said.by_list.line}: {text}")
    if said.looks is not None:
        click.echo(f"  {looks.to_caregiver(said.looks.words, said.looks.score, said.looks.parts)}")
    if said.is_unasked:
        click.echo("  The classifier can't be asked at the moment, and so step 11 is left out.")
    click.echo(f"  Step: {said.step}")
    for word, found in (("Service", said.services), ("Category", said.categories)):
        if found:
            click.echo(f"  {word}: {', '.join(found)}")
    if said.until is not None:
        click.echo(f"  Until: {said.until}")
    if said.lift is not None:
        click.echo(f"  {_WHO_LIFTS[Lift(said.lift)]}")
    if said.counted:
        click.echo("  Counts as screen time.")
    if said.traceless:
        click.echo("  Leaves no trace.")
    if said.slowed:
        click.echo("  Slow now, where the box is the gateway.")


def _print_answer(said: Explained) -> None:
    if said.at_home is not None:
        click.echo(f"  At home: {said.at_home.by} is answered with {said.at_home.words}")
    elif said.target is not None:
        which = _WHICH_ANSWER if said.by_list is None else _WHICH_LISTED
        click.echo(f"  {which[said.answer].format(target=said.target)}")
    if said.answer == "special":
        click.echo("  Nobody on the internet is asked for this name: it is one of homes, devices or tests.")
    if said.given is not None and said.at_home is None:
        click.echo(f"  Answer: {_given(said.given)}")


def _given(given: Given) -> str:
    return ", ".join(given.values) or (
        mnemonics.RCODE_NAMES.get(given.rcode, str(given.rcode)) if given.rcode else "no record"
    )


def _subject(compiled: Policy, person: str | None, device: str | None) -> Subject:
    """Return who asks. Raises Fault for someone that the house doesn't know."""
    if device is not None:
        words = _spellings(device)
        for known in compiled.house.devices:
            if not words.isdisjoint((known.id, (known.name or known.id).lower(), *known.macs, *known.addresses)):
                if person is not None and known.person != _person(compiled, person):
                    raise Fault(f"the device {known.id} is not {person}'s")
                return compiled.by_device[known.id]
        raise Fault(f"there is no device {device!r}; known: {_listed(one.id for one in compiled.house.devices)}")
    if person is not None:
        return compiled.by_person[_person(compiled, person)]
    return compiled.unknown


def _spellings(word: str) -> set[str]:
    """Return a word as a house may have it: a name in lower case, a MAC or an address in its one spelling."""
    words = {word.lower()}
    for normal in (normal_mac, normal_address):
        with contextlib.suppress(ValueError):
            words.add(normal(word))
    return words


def _person(compiled: Policy, word: str) -> str:
    for known in compiled.house.persons:
        if word.lower() in (known.id, known.name.lower()):
            return known.id
    raise Fault(f"there is no person {word!r}; known: {_listed(one.id for one in compiled.house.persons)}")


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(ids) or "nobody"
