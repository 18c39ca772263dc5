"""`kindgate coverage PERSON`: what this box truly enforces for one child, here and now, and what is to be done."""

import sys
from pathlib import Path

import click
import msgspec

from appliance.commands.options import Fault, bundled_rules, child_of, configured, data_folder, with_place
from appliance.core import coverage as covered
from appliance.core import policy
from appliance.core.coverage import Coverage, Holds
from appliance.core.house import EMPTY
from appliance.core.person import Person
from appliance.household import coverage_words, reach
from appliance.world import clock, rules
from appliance.world.snapshot import load_snapshot
from appliance.world.timekeeping import Timekeeper

_MARKS = {
    Holds.YES: ("✓", "green"),
    Holds.PARTLY: ("•", "yellow"),
    Holds.NO: ("✗", "red"),
    Holds.UNKNOWN: ("?", "yellow"),
    Holds.UNWANTED: ("-", "white"),
}


@click.command()
@click.argument("person")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def coverage(person: str, as_json: bool, data: Path | None, config: Path | None) -> None:
    """Print what truly holds for PERSON (id or name): sites, times, what is open, ways round; asks the daemons."""
    where = data_folder(data, configured(config))
    Timekeeper(where)
    loaded = load_snapshot(where)
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    house = loaded.snapshot.house if loaded.snapshot else EMPTY
    child = child_of(house, person, "nothing is enforced but what harms everyone")
    try:
        zone = clock.zone(house.time_zone)
    except clock.UnknownZone as error:
        raise Fault(str(error)) from error
    compiled = policy.compile(house, bundled_rules(), (), zone)
    found = covered.coverage(reach.facts_of(where, loaded.snapshot, compiled, child, rules.load_contract()))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(_plain(child, found))) + b"\n")
    else:
        _print(child, found)


def _print(child: Person, found: Coverage) -> None:
    click.echo(f"{child.name}, {child.band}")
    click.echo(f"  {coverage_words.WAYS[found.way]}")
    for one in found.findings:
        mark, colour = _MARKS[one.holds]
        said, mend = coverage_words.words(one.reason)
        title = f"{coverage_words.TOPICS[one.topic]}: {coverage_words.HOLDS[one.holds].lower()}"
        click.echo(f"{click.style(mark, fg=colour, bold=True)} {title}")
        click.echo(f"    {said}")
        if mend:
            click.echo(f"    → {mend}")
    click.echo("And")
    for note in found.notes:
        said, mend = coverage_words.words(note)
        click.echo(f"  {' '.join((said, mend)).strip()}")


def _plain(child: Person, found: Coverage) -> dict[str, object]:
    return {
        "person": child.id,
        "way": found.way.value,
        "findings": [
            {
                "topic": one.topic.value,
                "holds": one.holds.value,
                "reason": one.reason.code,
                "what": coverage_words.words(one.reason)[0],
                "mend": coverage_words.words(one.reason)[1],
            }
            for one in found.findings
        ],
        "notes": [
            {
                "reason": one.code,
                "what": coverage_words.words(one)[0],
                "mend": coverage_words.words(one)[1],
                **dict(one.args),
            }
            for one in found.notes
        ],
    }
