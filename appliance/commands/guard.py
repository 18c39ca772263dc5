"""`kindgate guard`: looks at the connections of a network that goes through this box, in the foreground."""

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import click

from appliance.commands.options import Fault, Misused, bundled_rules, configured, data_folder, with_place
from appliance.config import MAX_WORKERS, Gateway
from appliance.core.flowrules import FlowRulesError
from appliance.core.rulebook import Rulebook
from appliance.household.orders import Orders
from appliance.world import life, rules

MORE = "sudo apt-get install libnetfilter-queue-dev build-essential python3-dev, then pip install 'kindgate[gateway]'"


@click.command()
@with_place
def guard(data: Path | None, config: Path | None) -> None:
    """Guard the connections of a network that goes through this box: one daemon, in the foreground, as root.

    What it needs to know stands in the configuration under `gateway`.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s guard: %(message)s", stream=sys.stderr)
    told = configured(config)
    if told.gateway is None:
        raise Misused("the configuration has no gateway: this box answers DNS and nothing more")
    asyncio.run(_serve(told.gateway, data_folder(data, told), bundled_rules()))


def queue_count(gateway: Gateway) -> int:
    """Return how many processes look at new connections."""
    return gateway.queues or min(MAX_WORKERS, len(os.sched_getaffinity(0)))


async def _serve(gateway: Gateway, data: Path, rulebook: Rulebook) -> None:
    # What only those need who have a gateway: NFQUEUE is an extra.
    try:
        import netfilterqueue  # noqa: F401, PLC0415 -- the workers need it, and would fail one after the other

        from appliance.guard.daemon import Daemon  # noqa: PLC0415
    except ImportError as error:
        raise Fault(f"gateway mode needs more than DNS mode: {MORE} ({error})") from error
    try:
        orders = Orders(data, rulebook, rules.load_flow_rules(rulebook))
        stopping, leaving = life.ending(), asyncio.Event()

        def leave() -> None:
            leaving.set()
            stopping.set()

        # As systemd restarts it (RestartKillSignal=): open connections don't notice.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, leave)
        await Daemon(gateway, data, orders, queue_count(gateway)).run(stopping, leaving.is_set)
    except (FlowRulesError, OSError) as error:
        raise Fault(str(error)) from error
