"""`kindgate nameserver`: answers DNS, one daemon in the foreground."""

import asyncio
import logging
import sys
from pathlib import Path

import click

from appliance.commands.options import Misused, Told, upstreams_of, with_listening, worker_count
from appliance.config import Config
from appliance.nameserver.daemon import Daemon
from appliance.nameserver.sockets import ListenError
from appliance.world import life


@click.command()
@with_listening
def nameserver(told: Told) -> None:
    """Answer DNS: one daemon with its workers, in the foreground."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s nameserver: %(message)s", stream=sys.stderr)
    try:
        asyncio.run(_serve(told.config, told.data))
    except ListenError as error:
        raise Misused(str(error)) from error


async def _serve(config: Config, data: Path) -> None:
    await Daemon(config, upstreams_of(config), data, worker_count(config)).run(life.ending())
