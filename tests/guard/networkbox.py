"""Runs a network, and prints its status until its input ends: ``networkbox GATEWAY-JSON FOLDER``."""

import asyncio
import json
import sys
from pathlib import Path

import msgspec

from appliance.config import Gateway
from appliance.guard import v6
from appliance.guard.network import Network
from appliance.guard.sidedoor import SideDoor

PRINT_S = 0.05


async def main() -> None:
    """Run it."""
    gateway = msgspec.convert(json.loads(sys.argv[1]), Gateway)
    told: list[str] = []

    def side_door(door: SideDoor) -> None:
        told.append(door.mac)

    v6.LOOK_S = 0.5
    network = Network(gateway, Path(sys.argv[2]), side_door)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    await network.up()
    while not ended.is_set():
        names = [one.host_name for one in network.leases()]
        sys.stdout.write(json.dumps(network.status() | {"told": told, "names": names}) + "\n")
        sys.stdout.flush()
        await asyncio.sleep(PRINT_S)
    await network.down()


asyncio.run(main())
