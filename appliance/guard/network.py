"""The box's place in the network: its address, the devices' addresses, their IPv6; set up, kept up, taken away."""

import asyncio
import logging
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from appliance.config import OWN_LEASES, Gateway
from appliance.guard.addresses import Addresses
from appliance.guard.dhcp import Dhcp
from appliance.guard.dnsmasq import Announced, Given
from appliance.guard.sidedoor import SideDoor
from appliance.guard.v6 import V6
from appliance.guard.v6plan import Mode

RETRY_S = 5.0
"""An interface may come late: a VLAN, an adapter on USB."""

log = logging.getLogger(__name__)


class Network:
    """What a gateway needs besides its firewall."""

    def __init__(
        self,
        gateway: Gateway,
        data: Path,
        side_door: Callable[[SideDoor], None] = lambda _: None,
        other_dhcp: Callable[[], None] = lambda: None,
    ) -> None:
        """`side_door` is called when another router speaks on the devices' network, once for each.

        `other_dhcp` is called when another server begins to give addresses there.
        """
        self._addresses = Addresses(gateway)
        self._v6 = V6(gateway, self._announce, side_door)
        self._dhcp = Dhcp(gateway, (data / OWN_LEASES).parent, appeared=other_dhcp)
        self._problem: str | None = "not yet set up"
        self._keeping: asyncio.Task[None] | None = None

    async def up(self) -> None:
        """Set all up; what can't be now is tried again until `down`, and said in the status."""
        await self._try()
        self._keeping = asyncio.create_task(self._keep())

    async def down(self) -> None:
        """Take away all that was put."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._stop()
        await asyncio.to_thread(self._addresses.down)

    async def leave(self) -> None:
        """Leave all as it is, for who comes after; dnsmasq, which is ours, ends."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._dhcp.down()

    def status(self) -> dict[str, object]:
        """Return how the box stands in the network, as the bus tells it."""
        return {
            "address": str(self._addresses.own) if self._addresses.own else None,
            "network_problem": self._problem,
            "dhcp": self._dhcp.status(),
            "v6": self._v6.status(),
            "side_doors": self._v6.side_doors(),
        }

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return the networks that the devices are on."""
        return self._addresses.networks()

    @property
    def has_v6(self) -> bool:
        """The devices have IPv6 by way of this box."""
        return self._v6.plan.mode is not Mode.OFF

    def leases(self) -> tuple[Given, ...]:
        """Return the addresses that the box has given, with the names that devices gave themselves."""
        return self._dhcp.leases()

    async def _try(self) -> None:
        try:
            own = await asyncio.to_thread(self._addresses.up)
            await self._v6.up()
            await self._dhcp.up(own)
        except OSError as error:
            if str(error) != self._problem:
                log.warning("the network is not set up: %s", error)
            self._problem = str(error)
            await self._stop()
            return
        self._problem = None

    async def _stop(self) -> None:
        # No announcement of dnsmasq's may follow the farewell.
        await self._dhcp.down()
        await self._v6.down()

    async def _keep(self) -> None:
        """Set all up again where it could not be, or stands no longer."""
        while True:
            await asyncio.sleep(RETRY_S)
            if self._problem is None and await asyncio.to_thread(self._addresses.is_standing):
                continue
            if self._problem is None:
                log.warning("an interface or its address is gone: the network is set up again")
                await self._stop()
            await self._try()

    def _announce(self) -> None:
        plan = self._v6.plan
        self._dhcp.announce(None if plan.mode is Mode.OFF else Announced(is_on_link=plan.mode is Mode.DELEGATED))
