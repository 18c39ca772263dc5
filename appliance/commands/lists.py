"""`kindgate list`: lists of names that others keep, added, taken away, fetched anew, looked through and checked."""

from pathlib import Path

import click
import msgspec

from appliance.commands.list_check import check
from appliance.commands.list_show import find, house_of, print_notes, stats, told_of
from appliance.commands.list_tending import Tending
from appliance.commands.options import (
    Fault,
    Misused,
    bundled_rules,
    config_folder,
    configured,
    data_folder,
    with_place,
)
from appliance.core.house import House
from appliance.core.lists.rule import Syntax
from appliance.core.subscription import ListKind, Subscription
from appliance.web.ids import new_id

SYNTAXES = [one.value for one in Syntax]
_HOW_WRITTEN = f"How it is written: {', '.join(SYNTAXES)}. Default: by a look at it."

_NO_SUCH = {
    "$.id": "--id: an id is a short word of lower case letters, digits and - . _",
    "$.name": "--name: a name is one line of at most 80 characters",
    "$.category": "--category: this is not the id of a category",
}
"""What is said of a value that can't be, in place of the expression that it has to match."""


@click.group("list")
def lists() -> None:
    """Use lists of names that others keep: they block, open, or say what belongs to a category."""


for command in (stats, find, check):
    lists.add_command(command)


@lists.command()
@click.argument("source", metavar="URL|PATH")
@click.option("--name", required=True, metavar="N", help="What the list is called.")
@click.option("--allow", is_flag=True, help="Every line of it opens.")
@click.option("--category", metavar="C", help="What it holds belongs to this category, and what is set for that holds.")
@click.option("--person", "persons", multiple=True, metavar="P", help="For this person only; may be given again.")
@click.option("--syntax", type=click.Choice(SYNTAXES), default=Syntax.AUTO.value, metavar="S", help=_HOW_WRITTEN)
@click.option(
    "--subdomains/--no-subdomains",
    default=None,
    help="Whether bare names reach all below them. Default: with a category only.",
)
@click.option("--redirects", is_flag=True, help="It may answer with other addresses and names.")
@click.option("--wide", is_flag=True, help="It may reach whole top-level domains and many well-known sites.")
@click.option("--id", "list_id", metavar="ID", help="Its id in the house. Default: made of its name.")
@with_place
def add(  # noqa: PLR0913, PLR0917 -- one for each of its options
    source: str,
    name: str,
    allow: bool,
    category: str | None,
    persons: tuple[str, ...],
    syntax: str,
    subdomains: bool | None,
    redirects: bool,
    wide: bool,
    list_id: str | None,
    data: Path | None,
    config: Path | None,
) -> None:
    """Subscribe to the list at URL, or take in a copy of the file PATH; return when it is in force.

    Exit status: 0 in force, or built where no daemon runs; 1 refused, and the house is as it was; 3 not in force yet.
    """
    where = data_folder(data, configured(config))
    told = house_of(where, is_to_change=True)
    path = Path(source) if _is_path(source) else None
    said = {
        "id": list_id or new_id(name, {one.id for one in told.lists}, "list"),
        "name": name.strip(),
        "url": source if path is None else None,
        "kind": ListKind.ALLOW.value if allow else ListKind.BLOCK.value,
        "category": category,
        "persons": [_person(told, word) for word in persons],
        "syntax": syntax,
        "subdomains": subdomains,
        "redirects": redirects,
        "wide": wide,
    }
    try:
        wanted = msgspec.convert(said, Subscription)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at ")
        raise Misused(_NO_SUCH.get(place.strip("`"), words)) from error
    tending = Tending(where, config_folder(config), bundled_rules())
    tending.add(told, wanted, path)
    status = tending.status(wanted.id)
    click.echo(f"Added {wanted.id}: {told_of(status)}")
    print_notes(wanted.id, status.report)
    tending.settle()


@lists.command()
@click.argument("which", metavar="ID|NAME")
@with_place
def remove(which: str, data: Path | None, config: Path | None) -> None:
    """Take a list out of the house, by its id or name; return when it is out of force."""
    where = data_folder(data, configured(config))
    told = house_of(where, is_to_change=True)
    one = _list(told, which)
    tending = Tending(where, config_folder(config), bundled_rules())
    tending.remove(told, one)
    click.echo(f"Removed {one.id}")
    tending.settle()


@lists.command()
@click.argument("which", metavar="[ID]...", nargs=-1)
@with_place
def update(which: tuple[str, ...], data: Path | None, config: Path | None) -> None:
    """Fetch these lists anew, or all; exit status 1 where one did not come, and its last good copy stays."""
    where = data_folder(data, configured(config))
    told = house_of(where, is_to_change=True)
    chosen = [_list(told, word) for word in which] or [one for one in told.lists if one.on and one.url is not None]
    if not chosen:
        raise Fault("the house has no list that comes from somewhere: kindgate list add URL --name NAME")
    for one in chosen:
        if one.url is None or not one.on:
            raise Fault(f"{one.id} {'was copied in' if one.url is None else 'is turned off'}: it can't be fetched")
    tending = Tending(where, config_folder(config), bundled_rules())
    tending.fetch(told, [one.id for one in chosen])
    problems = []
    for one in chosen:
        status = tending.status(one.id)
        click.echo(f"{one.id}: {status.problem or told_of(status)}")
        problems += [one.id] if status.problem else []
    tending.settle()
    if problems:
        raise Fault(f"nothing newer came of {', '.join(problems)}: what came last stays in force")


def _is_path(source: str) -> bool:
    """Say whether this is a file rather than an address. Raises Misused for what is neither."""
    if "://" in source or source.startswith("file:"):
        return False
    if not Path(source).is_file():
        raise Misused(f"{source!r} is neither a file nor an address (https://...)")
    return True


def _person(told: House, word: str) -> str:
    """Return a person's id, of it or of the name. Raises Fault."""
    found = next((one.id for one in told.persons if word.lower() in (one.id, one.name.lower())), None)
    if found is None:
        raise Fault(f"there is no person {word!r}; known: {', '.join(one.id for one in told.persons) or 'nobody'}")
    return found


def _list(told: House, word: str) -> Subscription:
    """Return a list by its id, or by a name that is no other's. Raises Fault."""
    found = [one for one in told.lists if one.id == word] or [
        one for one in told.lists if one.name.lower() == word.lower()
    ]
    if not found:
        raise Fault(f"there is no list {word!r}; known: {', '.join(one.id for one in told.lists) or 'none'}")
    if len(found) > 1:
        raise Fault(f"{word!r} may be {' or '.join(one.id for one in found)}: write one of these ids")
    return found[0]
