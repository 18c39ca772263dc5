"""`kindgate record`: what names are answered with at home, whatever the internet says of them."""

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import msgspec

from appliance.commands.house import NotInForce, settle
from appliance.commands.options import Fault, Misused, bundled_rules, configured, data_folder, with_place
from appliance.core.house import House, HouseError
from appliance.core.local import device_names
from appliance.core.record import Record, RecordType, guess
from appliance.core.verdict import Reason
from appliance.household.changes import BOX, Household, NotValid, Unpublished
from appliance.store.errors import StoreError
from appliance.web import record_edits
from appliance.world import clock
from appliance.world.snapshot import load_snapshot

TYPES = [one.value for one in RecordType]


@click.group()
def record() -> None:
    """Use names at home: records that answer in place of the internet's."""


@record.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def show(as_json: bool, data: Path | None, config: Path | None) -> None:
    """List the records of the house, and the names of its devices."""
    told = _house(data_folder(data, configured(config)))
    devices = [
        {"name": name, "device": one.id, "addresses": list(one.addresses)} for name, one in device_names(told).items()
    ]
    if as_json:
        said = msgspec.json.format(msgspec.json.encode({"records": told.records, "devices": devices}))
        sys.stdout.buffer.write(said + b"\n")
        return
    for one in told.records:
        click.echo(_line(one))
    for device in devices:
        where = ", ".join(device["addresses"]) or "where it is seen"
        click.echo(f"{device['name']}  device {device['device']}  {where}")
    if not told.records and not devices:
        click.echo("No record and no device yet: kindgate record add NAME VALUE")


@record.command()
@click.argument("name")
@click.argument("value")
@click.option(
    "--type", "kind", metavar="T", type=click.Choice(TYPES, case_sensitive=False), help="Default: by a look at both."
)
@click.option("--ttl", type=int, metavar="S", help="How long others may keep it, in seconds. Default: 60.")
@with_place
def add(name: str, value: str, kind: str | None, ttl: int | None, data: Path | None, config: Path | None) -> None:
    """Have NAME answered with VALUE; return when it is in force. NAME *.x is for all names below x.

    An address makes an A or AAAA of it, another name a CNAME; an address as NAME a PTR. The VALUE A or AAAA leaves
    that type to the internet, NAME itself all. Exit status: 0 in force, or saved where no nameserver runs; 1 refused,
    and the house is as it was; 3 not in force yet.
    """
    where = data_folder(data, configured(config))
    said = {"name": name, "type": kind.upper() if kind else guess(name, value).value, "value": value, "ttl_s": ttl}
    try:
        made = msgspec.convert(said, Record)
    except msgspec.ValidationError as error:
        raise Misused(str(error).partition(" - at ")[0]) from error
    _say(where, "record_added", made, lambda house: record_edits.with_record(house, made))


@record.command()
@click.argument("name")
@click.argument("value", required=False)
@click.option(
    "--type", "kind", metavar="T", type=click.Choice(TYPES, case_sensitive=False), help="Only those of this type."
)
@with_place
def remove(name: str, value: str | None, kind: str | None, data: Path | None, config: Path | None) -> None:
    """Take the records of NAME away, or only that with VALUE; return when they are out of force."""
    where = data_folder(data, configured(config))
    found = [one for one in _house(where).records if _is_meant(one, name, value, kind)]
    if not found:
        raise Fault(f"there is no such record of {name}: kindgate record list")
    _say(where, "record_removed", found[0], lambda house: record_edits.without_records(house, found))
    for one in found:
        click.echo(f"Removed {_line(one)}")


def _house(where: Path) -> House:
    loaded = load_snapshot(where)
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    return loaded.snapshot.house if loaded.snapshot else House()


def _say(where: Path, code: str, one: Record, mutate: Callable[[House], House]) -> None:
    """Change the house, and wait until it is in force. Raises Fault."""
    try:
        with closing(Household(where, bundled_rules())) as household:
            said = household.say(BOX, Reason.of(code, name=one.name), mutate, clock.now())
    except StoreError as error:
        raise Fault(f"not saved: {error}\n{error.sentence}") from error
    except (NotValid, HouseError, record_edits.NoSuchRecord) as error:
        raise Fault(f"not saved: {error}") from error
    except Unpublished as error:
        raise NotInForce(f"saved, but not in force until the disk takes it: {error}") from error
    settle(where, said.snapshot)


def _is_meant(one: Record, name: str, value: str | None, kind: str | None) -> bool:
    """Say whether a record is what was typed, however it is spelled."""
    try:
        typed = Record(name=name, type=RecordType((kind or one.type.value).upper()), value=value or one.value)
    except ValueError:
        return False
    return (typed.name, typed.type, typed.value) == (one.name, one.type, one.value)


def _line(one: Record) -> str:
    ttl = "" if one.ttl_s is None else f"  {one.ttl_s} s"
    return f"{one.name}  {one.type.value}  {one.value}{ttl}"
