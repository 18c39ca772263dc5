"""`kindgate steward`: the daemon that keeps the books, in the foreground."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from appliance.commands.options import Fault, config_folder, configured, data_folder, with_place
from appliance.core.rulebook import RulebookError
from appliance.core.visibility import Contract, VisibilityError
from appliance.steward import daemon
from appliance.world import life, rules


@click.command()
@with_place
def steward(data: Path | None, config: Path | None) -> None:
    """Keep the books: counts, what happened, what must be erased, how the other daemons are; and fetch lists."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s steward: %(message)s", stream=sys.stderr)
    # It tells of every job that it takes on.
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    where = data_folder(data, configured(config))
    try:
        contract = rules.load_contract()
        groups = {service.id: service.group for service in rules.load_rulebook().services.values()}
    except (VisibilityError, RulebookError, OSError) as error:
        raise Fault(f"the bundled rules can't be read: {error}") from error
    asyncio.run(_serve(where, contract, groups, config_folder(config)))


async def _serve(data: Path, contract: Contract, groups: Mapping[str, str], config: Path) -> None:
    await daemon.Daemon(data, contract, groups, config).run(life.ending())
