"""`kindgate explain NAME`: what happens to a name, for whom, why, and until when; works without a daemon."""

import contextlib
import sys
from collections.abc import Iterable
from datetime import datetime, tzinfo
from pathlib import Path

import click
import msgspec

from appliance import wording
from appliance.commands.options import Fault, bundled_rules, configured, data_folder, with_place
from appliance.core import names, policy
from appliance.core.house import House, normal_address, normal_mac
from appliance.core.policy import Policy
from appliance.core.subject import Subject
from appliance.core.verdict import Action, Lift, Verdict
from appliance.core.wire import dns
from appliance.world import clock, rules
from appliance.world.snapshot import load_snapshot

_WHO_LIFTS = {
    Lift.NOBODY: "Nobody can lift this.",
    Lift.ONE: "A caregiver can lift this.",
    Lift.TWO: "Two caregivers together can lift this.",
    Lift.OWNER: "The owner of the box can lift this for one name.",
}


@click.command()
@click.argument("name")
@click.option("--person", metavar="P", help="For a person: id or name.")
@click.option("--device", metavar="D", help="For a device: id, name, MAC or address.")
@click.option("--type", "qtype", default="A", metavar="T", help="The DNS type asked for. Default: A.")
@click.option("--at", metavar="ISO", help="At a time, 2026-11-22T21:00 or with an offset. Default: now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def explain(
    name: str,
    person: str | None,
    device: str | None,
    qtype: str,
    at: str | None,
    as_json: bool,
    data: Path | None,
    config: Path | None,
) -> None:
    """Say what happens to NAME and why.

    With neither --person nor --device: for a device that nobody named. With both: the person on that device.
    """
    where = data_folder(data, configured(config))
    loaded = load_snapshot(where)
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    told = loaded.snapshot.house if loaded.snapshot else House()
    book = bundled_rules()
    try:
        zone = clock.zone(told.time_zone)
    except clock.UnknownZone as error:
        raise Fault(str(error)) from error
    compiled = policy.compile(told, book, (rules.bundled_set(book),), zone)
    subject = _subject(compiled, person, device)
    _check_type(qtype)
    try:
        asked = names.normalise(name)
    except names.BadName as error:
        raise Fault(str(error)) from error
    verdict = policy.decide(compiled, subject, asked, None, _moment(at, zone))
    sentence = wording.sentence(verdict.reason, book.categories, told.language)
    until = None if verdict.until is None else clock.iso(verdict.until, zone)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(_plain(verdict, sentence, until))) + b"\n")
    else:
        _print(asked, verdict, sentence, until)


def _plain(verdict: Verdict, sentence: str, until: str | None) -> dict[str, object]:
    return {
        "action": verdict.action.value,
        "step": verdict.step.value,
        "reason": {"code": verdict.reason.code, "args": dict(verdict.reason.args)},
        "sentence": sentence,
        "until": until,
        "counted": verdict.counted,
        "traceless": verdict.traceless,
        "lift": verdict.lift.value if verdict.lift else None,
    }


def _print(name: str, verdict: Verdict, sentence: str, until: str | None) -> None:
    colour = {Action.ALLOW: "green", Action.REWRITE: "green", Action.ASK: "yellow", Action.BLOCK: "red"}
    click.secho(f"{verdict.action.value.upper()}  {name}", fg=colour[verdict.action], bold=True)
    click.echo(f"  {sentence}")
    click.echo(f"  Step: {verdict.step.value}")
    if until is not None:
        click.echo(f"  Until: {until}")
    if verdict.lift is not None:
        click.echo(f"  {_WHO_LIFTS[verdict.lift]}")
    if verdict.counted:
        click.echo("  Counts as screen time.")
    if verdict.traceless:
        click.echo("  Leaves no trace.")


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


def _check_type(text: str) -> None:
    if text.upper() not in dns.QTYPES and not (text.upper().startswith("TYPE") and text[4:].isdigit()):
        raise Fault(f"{text!r} is not a DNS type that is known here; write TYPE65 for the rest")


def _moment(text: str | None, zone: tzinfo) -> float:
    """Return a time in POSIX seconds; one without an offset is by the house's clock."""
    if text is None:
        return clock.now()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Fault(f"{text!r} is not a time (2026-11-22T21:00)") from error
    if not 1970 < moment.year < 9999:
        raise Fault(f"{text!r} is too far from now")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
