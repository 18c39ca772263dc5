"""`kindgate list check FILE --name N`: what a list would do with a name, by which line; works without a house."""

import contextlib
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import islice
from pathlib import Path

import click
import msgspec

from appliance.commands.options import Fault, Misused, dns_type
from appliance.core import names
from appliance.core.device import normal_address, normal_mac
from appliance.core.lists.build import Known, ListRefused, Source, build
from appliance.core.lists.judge import judge
from appliance.core.lists.listset import ListSet
from appliance.core.lists.report import Report, Skipped
from appliance.core.lists.rule import Address, Asked, Did, Hit, Outcome, Syntax
from appliance.core.wire import dns, mnemonics
from appliance.steward.lists.limits import USUAL
from appliance.world.patterns import compile_patterns

BLOCKING, OPENING = "list", "allow"
"""What the two files are called here."""

_GZIP = b"\x1f\x8b"
_KNOWN = Known(is_suffix=lambda _: False)
"""Of no name it is said how the house stands to it: what a list says by itself is asked for."""
_COLOURS = {Did.ALLOW.value: "green", Did.BLOCK.value: "red", Did.REWRITE.value: "yellow"}


class Said(msgspec.Struct, frozen=True):
    """What a list says of a question, field for field as `--json` prints it."""

    action: str
    rule: str | None = None
    """The deciding line, as it stands in its file."""
    line: int | None = None
    answers: list[str] | None = None
    """The data of the records given, empty for an answer without one; None where the list gives no answer."""
    cname: str | None = None
    rcode: str | None = None
    skipped: tuple[Skipped, ...] = ()
    """The first lines that say nothing here, and why."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file that may have two million: each is only there while it is looked at."""

    octets: bytes = b""

    def __iter__(self) -> Iterator[str]:
        """Return them from the first."""
        return io.TextIOWrapper(io.BytesIO(self.octets), encoding="utf-8-sig", errors="replace", newline="\n")


@dataclass(frozen=True, slots=True)
class Check:
    """A list, what is to be opened whatever it says, and how both are written. Their lines are read more than once."""

    lines: Iterable[str]
    opening: Iterable[str] = ()
    syntax: Syntax = Syntax.AUTO

    def text(self, hit: Hit) -> str:
        """Return the line of a hit."""
        lines = self.opening if hit.list == OPENING else self.lines
        return next(islice(lines, hit.line - 1, None)).strip()


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--name", required=True, metavar="N", help="The name that is asked for.")
@click.option("--type", "qtype", default="A", metavar="T", help="The DNS type asked for. Default: A.")
@click.option("--client", "clients", multiple=True, metavar="ID", help="Who asks: an address, a name, a MAC; again.")
@click.option("--client-tag", "tags", multiple=True, metavar="TAG", help="A tag of who asks; may be given again.")
@click.option(
    "--allow",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A list whose every line opens, whatever FILE says.",
)
@click.option(
    "--syntax",
    type=click.Choice([one.value for one in Syntax]),
    default=Syntax.AUTO.value,
    metavar="S",
    help=f"How both are written: {', '.join(one.value for one in Syntax)}. Default: by a look at them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(
    file: Path,
    name: str,
    qtype: str,
    clients: tuple[str, ...],
    tags: tuple[str, ...],
    allow: Path | None,
    syntax: str,
    as_json: bool,
) -> None:
    """Say what the list in FILE does with a name, and by which line. FILE may be packed with gzip, and - is the input.

    It is taken at its word: lines that a house holds back unless it says otherwise (redirects, whole top-level
    domains) count.
    """
    try:
        kind = dns_type(qtype)
    except Fault as error:
        raise Misused(error.message) from error
    lists = Check(_read(file), _read(allow) if allow else Lines(), Syntax(syntax))
    said, report = checked(lists, name, kind, clients, tags)
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
    else:
        _print(said, name)
    _note_skipped(report)


def checked(
    lists: Check, name: str, qtype: int, clients: Sequence[str] = (), tags: Sequence[str] = ()
) -> tuple[Said, Report]:
    """Return what a list does with a question, and what was read of it. Raises Fault for a list that can't be taken."""
    sources = [_source(BLOCKING, lists.lines, lists.syntax), _source(OPENING, lists.opening, lists.syntax)]
    try:
        built = build(sources, _KNOWN, compile_patterns)
    except ListRefused as error:
        raise Fault(str(error)) from error
    report = built.reports[BLOCKING]
    asked = _asked(name, qtype, clients, tags)
    if asked is None:
        return Said(Did.ALLOW.value, skipped=report.examples), report
    hits = ListSet(built.octets, compile_patterns).find(asked.name)
    outcome = judge(hits, asked, opening={OPENING}, is_local=report.syntax is Syntax.ETC_HOSTS)
    if outcome is None:
        return Said(Did.ALLOW.value, skipped=report.examples), report
    answers = _answers(lists, hits, outcome, asked)
    has_answer = answers is not None or outcome.cname is not None
    said = Said(
        outcome.did.value,
        rule=lists.text(outcome.hit),
        line=outcome.hit.line,
        answers=answers,
        cname=outcome.cname,
        rcode=mnemonics.RCODE_NAMES.get(outcome.rcode, f"RCODE{outcome.rcode}") if has_answer else None,
        skipped=report.examples,
    )
    return said, report


def _source(of: str, lines: Iterable[str], syntax: Syntax) -> Source:
    return Source(id=of, lines=lines, is_allow=of == OPENING, syntax=syntax, redirects=True, wide=True)


def _asked(name: str, qtype: int, clients: Sequence[str], tags: Sequence[str]) -> Asked | None:
    """Return the question, None where no question can carry such a name; ``.`` is the root."""
    try:
        asked = "" if name == "." else names.normalise(name)
    except names.BadName:
        return None
    addresses: list[Address] = []
    called = set()
    for client in clients:
        try:
            addresses.append(ip_address(normal_address(client)))
        except ValueError:
            called.add(client.lower())
        with contextlib.suppress(ValueError):
            called.add(normal_mac(client))
    return Asked(asked, qtype, frozenset(called), tuple(addresses), frozenset(tag.lower() for tag in tags))


def _answers(lists: Check, hits: Sequence[Hit], outcome: Outcome, asked: Asked) -> list[str] | None:
    """Return the records that are given: for a sink in a hosts file the addresses of the family asked for."""
    if outcome.values is not None:
        return list(outcome.values)
    if outcome.did is not Did.BLOCK or _address(lists.text(outcome.hit)) is None:
        return None
    version = {dns.A: 4, dns.AAAA: 6}.get(asked.qtype)
    sunk = [_address(lists.text(hit)) for hit in hits if hit.is_exact]
    return list(dict.fromkeys(str(one) for one in sunk if one is not None and one.version == version))


def _address(line: str) -> Address | None:
    """Return the address that a line of a hosts file starts with, None for any other line."""
    first, *others = line.split(maxsplit=1)
    if not others:
        return None
    try:
        return ip_address(first)
    except ValueError:
        return None


def _read(file: Path) -> Lines:
    """Return the lines of a list. Raises Misused."""
    most = USUAL.unpacked_octets
    try:
        with click.open_file(str(file), "rb") as source:
            octets = source.read(most + 1)
        if octets.startswith(_GZIP):
            with gzip.GzipFile(fileobj=io.BytesIO(octets)) as packed:
                octets = packed.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Misused(f"{file} can't be read: {error}") from error
    if len(octets) > most:
        raise Misused(f"{file}: {USUAL.too_large}")
    return Lines(octets)


def _print(said: Said, name: str) -> None:
    which = f" by line {said.line}: {said.rule}" if said.rule is not None else ": no line is about it"
    click.secho(f"{name} is {said.action}{which}", fg=_COLOURS[said.action])
    if said.cname is not None:
        click.echo(f"  It is answered as {said.cname}.")
    elif said.answers:
        click.echo(f"  It is answered with {', '.join(said.answers)}.")
    elif said.answers is not None:
        click.echo(f"  It is answered with no record ({said.rcode}).")


def _note_skipped(report: Report) -> None:
    """Say on the error output what of the list was left out."""
    for why, lines in report.skipped.items():
        click.echo(f"Skipped {lines} {'line' if lines == 1 else 'lines'}: {why}.", err=True)
    for one in report.examples:
        click.echo(f"  line {one.line}: {one.text} ({one.why.value})", err=True)
