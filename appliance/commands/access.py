"""`kindgate access`: which clients are answered at all."""

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import click
import msgspec

from appliance.commands.house import NotInForce, settle
from appliance.commands.options import Fault, Misused, bundled_rules, configured, data_folder, with_place
from appliance.core.access import normal_client
from appliance.core.house import House, HouseError
from appliance.core.verdict import Reason
from appliance.household.changes import BOX, Household, NotValid, Unpublished
from appliance.store.errors import StoreError
from appliance.web import access_edits
from appliance.web.edits import EditError
from appliance.world import clock
from appliance.world.snapshot import load_snapshot

EDITS: dict[str, Callable[[House, str], House]] = {
    "client_allowed": access_edits.with_allowed,
    "client_blocked": access_edits.with_blocked,
    "client_removed": access_edits.without_client,
}


@click.group()
def access() -> None:
    """Say which clients are answered: CLIENT is an address, a network (192.168.1.0/24) or a MAC."""


@access.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_place
def show(as_json: bool, data: Path | None, config: Path | None) -> None:
    """List the clients that are allowed, and nobody else then, and those that are blocked."""
    loaded = load_snapshot(data_folder(data, configured(config)))
    if loaded.problem:
        click.echo(f"Warning: {loaded.problem}", err=True)
    told = (loaded.snapshot.house if loaded.snapshot else House()).access
    if as_json:
        said = {"allowed": told.allowed, "blocked": told.blocked}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(said)) + b"\n")
        return
    for word, clients in (("allowed", told.allowed), ("blocked", told.blocked)):
        for client in clients:
            click.echo(f"{word}  {client}")
    if not told.allowed:
        click.echo("All other clients of the home are answered.")


@access.command()
@click.argument("client")
@with_place
def allow(client: str, data: Path | None, config: Path | None) -> None:
    """Allow CLIENT; with the first one nobody else is answered, but the box itself."""
    _say("client_allowed", client, data, config)


@access.command()
@click.argument("client")
@with_place
def block(client: str, data: Path | None, config: Path | None) -> None:
    """Block CLIENT: it gets no answer at all, whatever it asks."""
    _say("client_blocked", client, data, config)


@access.command()
@click.argument("client")
@with_place
def remove(client: str, data: Path | None, config: Path | None) -> None:
    """Let CLIENT be neither allowed nor blocked."""
    _say("client_removed", client, data, config)


def _say(code: str, word: str, data: Path | None, config: Path | None) -> None:
    """Change the house, and wait until it is in force. Raises Fault, Misused."""
    where = data_folder(data, configured(config))
    try:
        client = normal_client(word)
    except ValueError as error:
        raise Misused(str(error)) from error
    try:
        with closing(Household(where, bundled_rules())) as household:
            said = household.say(
                BOX, Reason.of(code, client=client), lambda house: EDITS[code](house, client), clock.now()
            )
    except StoreError as error:
        raise Fault(f"not saved: {error}\n{error.sentence}") from error
    except (NotValid, HouseError, EditError) as error:
        raise Fault(f"not saved: {error}") from error
    except Unpublished as error:
        raise NotInForce(f"saved, but not in force until the disk takes it: {error}") from error
    settle(where, said.snapshot)
