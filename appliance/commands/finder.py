"""`kindgate finder`: which devices are on the network, in the foreground."""

import asyncio
import logging
import sys
from pathlib import Path

import click

from appliance.commands.options import Fault, configured, data_folder, with_place
from appliance.config import OWN_LEASES
from appliance.core.visibility import Contract, VisibilityError
from appliance.finder.daemon import Daemon
from appliance.finder.leasefile import KNOWN
from appliance.world import life, rules


@click.command()
@click.option(
    "--leases",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A lease file of dnsmasq, ISC dhcpd or Kea, besides those where Debian has them; may be given again.",
)
@with_place
def finder(leases: tuple[Path, ...], data: Path | None, config: Path | None) -> None:
    """Find the devices of the network: one daemon, in the foreground."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s finder: %(message)s", stream=sys.stderr)
    where = data_folder(data, configured(config))
    try:
        contract = rules.load_contract()
    except (VisibilityError, OSError) as error:
        raise Fault(f"the bundled rules can't be read: {error}") from error
    asyncio.run(_serve(where, contract, (*KNOWN, where / OWN_LEASES, *(path.absolute() for path in leases))))


async def _serve(data: Path, contract: Contract, leases: tuple[Path, ...]) -> None:
    await Daemon(data, contract, leases).run(life.ending())
