"""Which newcomers are devices of the house under a MAC that they made up: asked of the finder, told by their names."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import msgspec

from appliance.guard.newcomers import LOCAL, Newcomer, replaced, residents
from appliance.household.orders import Orders
from appliance.world import bus

FINDER: Final = "finder"
ASK_S: Final = 2.0
MAX_PAGES: Final = 8
ROUTE: Final = "mac_changed"


class Lease(Protocol):
    """Who was given an address, and what it calls itself."""

    @property
    def mac(self) -> str:
        """As ``aa:bb:cc:dd:ee:ff``."""

    @property
    def host_name(self) -> str | None:
        """None where it said none."""


class _Seen(msgspec.Struct, frozen=True):
    """A page of the devices that nobody named."""

    serial: int
    devices: tuple[Newcomer, ...]


class _Last(msgspec.Struct, frozen=True):
    device: str
    last: float


class _Presence(msgspec.Struct, frozen=True):
    devices: tuple[_Last, ...]


class Lookalikes:
    """Asks the finder now and then; what it learns is in memory only."""

    def __init__(
        self,
        data: Path,
        orders: Orders,
        leases: Callable[[], Iterable[Lease]],
        tell: Callable[[str, str], None],
    ) -> None:
        """`tell` hears once of each device that changed its MAC, with the id of the hint."""
        self._data = data
        self._orders = orders
        self._leases = leases
        self._tell = tell
        # Kept, because the server of addresses takes a name from the old MAC when the new one claims it.
        self._names: dict[str, str] = {}
        self._found: Mapping[str, str] = {}

    @property
    def found(self) -> Mapping[str, str]:
        """The MAC of each newcomer that is one, and the id of the device that it is."""
        return self._found

    async def look(self) -> None:
        """See who is there. Where the finder can't be asked, all stays as it was."""
        house = self._orders.house
        macs = frozenset(mac for device in house.devices for mac in device.macs)
        self._names = {mac: name for mac, name in self._names.items() if mac in macs}
        self._names |= {one.mac: one.host_name for one in self._leases() if one.host_name and one.mac in macs}
        try:
            newcomers = [one for one in await self._newcomers() if one.host_name and int(one.mac[:2], 16) & LOCAL]
            last = await self._last() if newcomers and self._names else {}
        except (bus.BusError, msgspec.ValidationError, ValueError):
            return
        known = residents(house.devices, self._names, last)
        before = set(self._found.items())
        found = ((one.mac, replaced(one, known)) for one in newcomers if one.mac not in macs)
        self._found = {mac: device for mac, device in found if device is not None}
        for device in sorted({device for mac, device in self._found.items() if (mac, device) not in before}):
            self._tell(device, ROUTE)

    async def _newcomers(self) -> list[Newcomer]:
        """Return the devices that nobody named. Raises BusError, ValidationError."""
        found: dict[str, Newcomer] = {}
        serial = 0
        for _ in range(MAX_PAGES):
            told = await bus.ask_soon(self._data, FINDER, {"ask": "seen", "since": serial}, ASK_S)
            page = msgspec.convert(told, _Seen)
            found |= {one.mac: one for one in page.devices}
            if not page.devices or page.serial <= serial:
                break
            serial = page.serial
        return list(found.values())

    async def _last(self) -> dict[str, float]:
        """Return when devices of the house were seen last, of those of which that may be held."""
        told = await bus.ask_soon(self._data, FINDER, {"ask": "presence"}, ASK_S)
        return {one.device: one.last for one in msgspec.convert(told, _Presence).devices}
