"""`kindgate caregiver list` and `caregiver reset NAME`: for a caregiver who lost the password, on the box itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from appliance.commands.options import Fault, configured, data_folder, with_place
from appliance.store.accounts import Caregiver
from appliance.store.errors import StoreError
from appliance.store.house import HouseStore
from appliance.web import code, passwords
from appliance.world import clock

BOX = "box"


@click.group()
def caregiver() -> None:
    """List caregivers, and help one who lost the password."""


@caregiver.command("list")
@with_place
def list_(data: Path | None, config: Path | None) -> None:
    """Print who may log in, and what they may do."""
    with _store(data_folder(data, configured(config))) as store:
        found = store.accounts.all()
    for one in found:
        click.echo(f"{one.name}  {one.role.value}{'  (put aside)' if one.disabled_at else ''}")
    if not found:
        click.echo("There is no caregiver yet: kindgate check prints the code of the first run.", err=True)


@caregiver.command()
@click.argument("name")
@click.option("--ask", is_flag=True, help="Ask for the new password on the terminal instead of making one.")
@with_place
def reset(name: str, ask: bool, data: Path | None, config: Path | None) -> None:
    """Give NAME a new password, end all sessions, and forget wrong tries. A caregiver who was put aside stays so."""
    with _store(data_folder(data, configured(config))) as store:
        found = store.accounts.credentials(name)
        if found is None:
            raise Fault(f"there is no caregiver {name!r}; see: kindgate caregiver list")
        password = _asked(found.caregiver.name) if ask else code.invitation_code()
        changed = store.accounts.reset(BOX, found.caregiver.id, passwords.hash_password(password), clock.now())
        store.accounts.succeed(f"account:{changed.id}")
    _tell(changed, None if ask else password)


def _asked(name: str) -> str:
    password: str = click.prompt("New password", hide_input=True, confirmation_prompt="The same once more")
    try:
        passwords.check_strength(password, name)
    except passwords.Weak as error:
        raise Fault(str(error)) from error
    return password


def _tell(changed: Caregiver, password: str | None) -> None:
    if password is not None:
        click.echo(f"New password of {changed.name}: {password}")
        click.echo("Change it after the log-in, under your name.")
    click.echo(f"{changed.name} is logged out everywhere.")
    if changed.disabled_at is not None:
        click.echo(f"{changed.name} was put aside by an owner, and can't log in until an owner allows it.", err=True)


@contextmanager
def _store(where: Path) -> Iterator[HouseStore]:
    """Open what is remembered, if there is anything. Raises Fault."""
    if not (where / HouseStore.FILE).exists():
        raise Fault(f"nothing is remembered in {where} yet: is this the data folder?")
    try:
        with HouseStore(where) as store:
            yield store
    except StoreError as error:
        raise Fault(f"{error}\n{error.sentence}") from error
