"""`kindgate list stats` and `list find NAME`: what the lists of the house hold, and which line of which one says so."""

import sys
from collections.abc import Iterator
from datetime import tzinfo
from ipaddress import ip_address
from pathlib import Path

import click
import msgspec

from appliance.commands.options import Fault, bundled_rules, configured, data_folder, with_place
from appliance.core import names
from appliance.core.house import House
from appliance.core.lists.report import Conflicts, Report
from appliance.core.lists.rule import Hit, Rule, Syntax
from appliance.core.rulebook import HELP, INFRASTRUCTURE
from appliance.core.subscription import ListKind, Subscription
from appliance.household.lists import Status, lines_of, load_standing, set_file
from appliance.world import clock, rules
from appliance.world.listfile import open_set
from appliance.world.snapshot import load_snapshot

MAX_REASONS = 4
"""So many reasons are told why lines were left out."""
MAX_NAMED = 5
"""So many names are told that a list should not hold."""

_CONFLICTS = {
    "help_lines": "help lines, which stay open",
    "information": "protected information, which stays open",
    "infrastructure": "what devices need to be online, which stays open",
    "popular": "well-known sites, which it closes",
    "suffixes": "whole registries",
    "too_wide": "well-known sites that a pattern reaches",
}


class Row(msgspec.Struct, frozen=True):
    """A list of the house, field for field as ``stats --json`` prints it."""

    id: str
    name: str
    kind: str
    category: str | None
    persons: tuple[str, ...]
    url: str | None
    phase: str
    octets: int
    lines: int
    names: int
    rules: int
    skipped: dict[str, int]
    conflicts: dict[str, int]
    fetched: str | None
    problem: str


class Line(msgspec.Struct, frozen=True):
    """A line about a name, field for field as ``find --json`` prints it."""

    list: str
    called: str
    line: int
    rule: str | None
    """As it stands in the list; None where the list isn't kept here any more."""
    does: str
    """``blocks``, ``opens``, ``rewrites`` or ``takes back rewrites``."""
    category: str | None
    """What belongs to it by this line, in place of being blocked."""
    persons: tuple[str, ...]
    only_if: tuple[str, ...]
    """``type``, ``client``, ``tag``: what else the line asks for."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def stats(as_json: bool, data: Path | None, config: Path | None) -> None:
    """Print what each list of the house holds, and how it stands."""
    where = data_folder(data, configured(config))
    told = house_of(where)
    rows = rows_of(where, told)
    if as_json:
        print_json(rows)
    elif not rows:
        click.echo("The house has no lists: kindgate list add URL --name NAME")
    else:
        _print_table(rows)
        standing = load_standing(where)
        for one in told.lists:
            print_notes(one.id, standing.of(one).report)
        if standing.problem:
            click.echo(f"The file of all lists could not be made: {standing.problem}")


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def find(name: str, as_json: bool, data: Path | None, config: Path | None) -> None:
    """Print every line of the house's lists that is about NAME, or above it. Exit status 1 where there is none."""
    where = data_folder(data, configured(config))
    told = house_of(where)
    asked = _asked(name)
    try:
        lists = open_set(set_file(where))
    except (OSError, ValueError) as error:
        raise Fault(f"{set_file(where)} can't be read: {error}") from error
    by_id = {one.id: one for one in told.lists if one.on}
    hits = lists.find(asked) if lists is not None else ()
    about = [hit for hit in hits if hit.list in by_id and not _spares(hit, asked)]
    said_by = {hit.list for hit in about}
    texts = {id_: lines_of(where, id_, {hit.line for hit in about if hit.list == id_}) for id_ in said_by}
    found = [_line(by_id[hit.list], hit, texts[hit.list].get(hit.line)) for hit in about]
    if as_json:
        print_json(found)
    else:
        for one in found:
            click.echo(_told(one))
        _print_protected(asked, found)
    sys.exit(0 if found else 1)


def house_of(where: Path, *, is_to_change: bool = False) -> House:
    """Return the house of a data folder, an empty one where there is none. Raises Fault for one that can't be changed.

    What is not known to be the latest house may lack a list: then that would be taken for one that was removed.
    """
    loaded = load_snapshot(where)
    if loaded.problem and is_to_change:
        raise Fault(f"{loaded.problem}: kindgate check says what mends it")
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    return loaded.snapshot.house if loaded.snapshot else House()


def print_json(said: object) -> None:
    """Print a value as JSON."""
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(said)) + b"\n")


def rows_of(where: Path, told: House) -> list[Row]:
    """Return how each list of a house stands, in the house's order."""
    standing = load_standing(where)
    zone = clock.zone(told.time_zone)
    return [_row(one, standing.of(one), zone) for one in told.lists]


def told_of(status: Status) -> str:
    """Return what a list holds, in a few words."""
    report = status.report or Report()
    syntax = "" if report.syntax is Syntax.AUTO else f", read as {report.syntax.value}"
    return f"{_count(report.names, 'name')}, {_count(report.rules, 'rule')} of {_count(report.lines, 'line')}{syntax}"


def print_notes(list_id: str, report: Report | None) -> None:
    """Print what was left out of a list, and what it holds that no list should."""
    if report is None:
        return
    reasons = sorted(report.skipped.items(), key=lambda one: -one[1])
    for why, number in reasons[:MAX_REASONS]:
        click.echo(f"{list_id}: {_count(number, 'line')} left out: {why}")
    if left := sum(number for _, number in reasons[MAX_REASONS:]):
        click.echo(f"{list_id}: {_count(left, 'line')} left out for other reasons")
    for field, words in _CONFLICTS.items():
        conflicts: Conflicts = getattr(report, field)
        if conflicts.number:
            first = ", ".join(f"{one.name} (line {one.line})" for one in conflicts.first[:MAX_NAMED])
            more = f" and {conflicts.number - MAX_NAMED:,} more" if conflicts.number > MAX_NAMED else ""
            click.echo(f"{list_id}: {_count(conflicts.number, 'name')} of {words}: {first}{more}")


def _row(one: Subscription, status: Status, zone: tzinfo) -> Row:
    report = status.report or Report()
    return Row(
        id=one.id,
        name=one.name,
        kind=one.kind.value,
        category=one.category,
        persons=one.persons,
        url=one.url,
        phase=status.phase.value,
        octets=status.octets,
        lines=report.lines,
        names=report.names,
        rules=report.rules,
        skipped=report.skipped,
        conflicts={field: number for field in _CONFLICTS if (number := getattr(report, field).number)},
        fetched=None if status.fetched_at is None else clock.iso(status.fetched_at, zone),
        problem=status.problem,
    )


def _print_table(rows: list[Row]) -> None:
    head = ("id", "name", "kind", "category", "for", "names", "rules", "skipped", "last fetched", "state")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    numbers = {head.index(word) for word in ("names", "rules", "skipped")}
    for row in cells:
        padded = (
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(padded).rstrip())
    for one in rows:
        if one.problem:
            click.echo(f"{one.id}: {one.problem}")


def _cells(row: Row) -> tuple[str, ...]:
    fetched = "never" if row.fetched is None else row.fetched[:16].replace("T", " ")
    numbers = (f"{number:,}" for number in (row.names, row.rules, sum(row.skipped.values())))
    for_whom = ", ".join(row.persons) or "house"
    return row.id, row.name, row.kind, row.category or "-", for_whom, *numbers, fetched, row.phase


def _asked(word: str) -> str:
    """Return a name, or an address that answers may hold, in normal form. Raises Fault."""
    try:
        return str(ip_address(word.strip()))
    except ValueError:
        pass
    try:
        return names.normalise(word)
    except names.BadName as error:
        raise Fault(str(error)) from error


def _line(one: Subscription, hit: Hit, text: str | None) -> Line:
    is_allow = hit.is_allow or one.kind is ListKind.ALLOW
    does = "opens" if is_allow else "blocks"
    if hit.rule is not None and hit.rule.is_rewrite and hit.is_allow:
        does = "takes back rewrites"
    elif hit.rule is not None and any(not one.rcode for one in hit.rule.rewrites) and not is_allow:
        does = "rewrites"
    return Line(
        list=one.id,
        called=one.name,
        line=hit.line,
        rule=text,
        does=does,
        category=one.category,
        persons=one.persons,
        only_if=tuple(_conditions(hit.rule)) if hit.rule is not None else (),
    )


def _spares(hit: Hit, asked: str) -> bool:
    """Say whether a rule leaves a name alone by its own words (``$denyallow``)."""
    return hit.rule is not None and any(names.is_under(asked, one) for one in hit.rule.spared)


def _conditions(rule: Rule) -> Iterator[str]:
    for word, has in (
        ("type", rule.qtypes or rule.not_qtypes),
        ("client", rule.clients or rule.not_clients),
        ("tag", rule.tags or rule.not_tags),
    ):
        if has:
            yield word


def _told(one: Line) -> str:
    does = one.does
    if one.category is not None:
        does = f"{'takes out of' if does == 'opens' else 'puts into'} category {one.category}"
    only = f", by {' and '.join(one.only_if)} of who asks" if one.only_if else ""
    whom = f", for {', '.join(one.persons)}" if one.persons else ""
    rule = "(the list is not kept here)" if one.rule is None else one.rule
    return f"{one.list}:{one.line}: {rule}  [{does}{whom}{only}]"


def _print_protected(asked: str, found: list[Line]) -> None:
    """Say so where a list can't close a name."""
    book = bundled_rules()
    open_ = {HELP, INFRASTRUCTURE, *book.information}
    if any(one.does != "opens" for one in found) and rules.bundled_set(book).tags(asked) & open_:
        click.echo("No list closes it: it is protected, or devices need it.")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
