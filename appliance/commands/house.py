"""`kindgate house apply` and `house show`: a house in one YAML file."""

import sys
from contextlib import closing
from pathlib import Path
from typing import TextIO

import click

from appliance.commands.options import Fault, bundled_rules, configured, data_folder, place_of, with_place
from appliance.core import house as houses
from appliance.core.document import Document, DocumentError, to_yaml
from appliance.core.house import House
from appliance.core.rulebook import Rulebook
from appliance.household import inforce
from appliance.household.changes import BOX, Household, Unpublished
from appliance.store.errors import StoreError
from appliance.world import clock
from appliance.world.snapshot import Snapshot, load_snapshot

WAIT_S = 5.0


class NotInForce(Fault):
    """The house is published, but not every worker runs it."""

    exit_code = 3


@click.group()
def house() -> None:
    """Read and change what the caregivers said."""


@house.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@with_place
def apply(file: TextIO, data: Path | None, config: Path | None) -> None:
    """Check FILE (- for standard input) and put it in force.

    Exit status: 0 in force, or published where no daemon runs; 1 not valid or not saved; 3 not in force everywhere.
    """
    where = data_folder(data, configured(config))
    name = "<stdin>" if file.name == "-" else file.name
    try:
        book = bundled_rules()
        told = parse_house(file.read(), book)
    except DocumentError as error:
        raise Fault("\n".join(f"{name}: line {line}: {text}" for line, text in error.problems)) from error
    except UnicodeDecodeError as error:
        raise Fault(f"{name}: not a text in UTF-8") from error
    settle(where, _save(where, told, book))


@house.command()
@with_place
def show(data: Path | None, config: Path | None) -> None:
    """Print the house in force as YAML that `apply` takes."""
    where = data_folder(data, configured(config))
    loaded = load_snapshot(where)
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    if loaded.snapshot is None:
        click.echo("There is no house yet: every device is unknown.", err=True)
    # UTF-8 whatever the terminal speaks, because `apply` reads that.
    sys.stdout.buffer.write(to_yaml(loaded.snapshot.house if loaded.snapshot else House()).encode())


def parse_house(text: str, rulebook: Rulebook) -> House:
    """Return the house of a YAML text. Raises DocumentError with every line at fault."""
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        # What a broken pipe leaves behind must not wipe out what the caregivers said.
        raise DocumentError([(1, "nothing stands here; an empty house is written {}")])
    document = Document(text)
    told = document.to(House)
    found = [
        (document.line(path), f"{place_of(path)}: {words}") for path, words in houses.problems(told, rulebook.known)
    ]
    try:
        clock.zone(told.time_zone)
    except clock.UnknownZone as error:
        found.append((document.line(("time_zone",)), f"time_zone: {error}"))
    if found:
        raise DocumentError(found)
    return told


def _save(where: Path, told: House, book: Rulebook) -> Snapshot:
    """Remember and publish a house. Raises Fault."""
    try:
        with closing(Household(where, book)) as household:
            return household.replace(BOX, told, clock.now()).snapshot
    except StoreError as error:
        raise Fault(f"not saved: {error}\n{error.sentence}") from error
    except houses.HouseError as error:
        raise Fault(f"not saved: {error}") from error
    except Unpublished as error:
        raise NotInForce(f"saved, but not in force until the disk takes it: {error}") from error


def settle(where: Path, snapshot: Snapshot) -> None:
    """Wait until every worker runs a snapshot, the guard's too where there is one, and say so. Raises NotInForce."""
    deciding = [name for name in inforce.all_of(where) if name in (inforce.NAMESERVER, inforce.GUARD)]
    found, *others = inforce.wait(where, snapshot, WAIT_S, deciding).daemons
    for other in others:
        if other.standing is not inforce.Standing.RUNS:
            words = f"Revision {snapshot.revision} is not in force at the {other.name}"
            raise NotInForce(f"{words}: {other.problem or 'it did not report in time'}")
    match found.standing:
        case inforce.Standing.GONE:
            click.echo(f"Revision {snapshot.revision} is published; no nameserver is running with {where}.")
        case inforce.Standing.RUNS:
            click.echo(f"Revision {snapshot.revision} in force on {found.running} of {found.total} workers.")
        case _:
            words = f"Revision {snapshot.revision} in force on {found.running} of {found.total} workers"
            raise NotInForce(f"{words}: {found.problem or 'the others did not report in time'}")
