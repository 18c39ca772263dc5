"""Side doors: other routers on the devices' network, which show them a way for IPv6 past the box."""

from collections.abc import Callable
from ipaddress import IPv6Address, IPv6Network

import msgspec

from appliance.guard import ndp

MAX_DOORS = 16
AGAIN_S = 86_400.0
"""A door that stays open is told again so long after."""


class SideDoor(msgspec.Struct, frozen=True):
    """What another router tells the devices; `mac` and `address` are the router's."""

    mac: str
    address: IPv6Address
    is_route: bool
    """It says that it is the way to everything."""
    prefixes: tuple[IPv6Network, ...]
    rdnss: tuple[IPv6Address, ...]
    """The name servers that it names."""


class SideDoors:
    """Those that are open now; a new or another one is told once."""

    def __init__(self, tell: Callable[[SideDoor], None]) -> None:
        self._tell = tell
        self._open: dict[tuple[str, IPv6Address], tuple[SideDoor, float, float]] = {}

    def heard(self, advert: ndp.Advertised, at: float) -> None:
        """Take the advertisement of a router that is not the box; `at` is an uptime in seconds."""
        key = (advert.mac, advert.source)
        door = SideDoor(advert.mac, advert.source, advert.lifetime_s > 0, advert.prefixes, advert.rdnss)
        if not (door.is_route or door.prefixes or door.rdnss):
            self._open.pop(key, None)
            return
        known = self._open.pop(key, None)
        is_news = known is None or known[0] != door or at - known[2] >= AGAIN_S
        self._open[key] = (door, at + advert.longest_s, at if is_news or known is None else known[2])
        if len(self._open) > MAX_DOORS:
            # Somebody makes up routers: the first of them were told, and that is enough.
            self._open.pop(next(iter(self._open)))
            is_news = False
        if is_news:
            self._tell(door)

    def now(self, at: float) -> list[SideDoor]:
        """Return the doors that are open."""
        self._open = {key: one for key, one in self._open.items() if one[1] > at}
        return [door for door, _, _ in self._open.values()]

    def plain(self, at: float) -> list[dict[str, object]]:
        """Return them as the bus tells it; without addresses, which say nothing to a person."""
        return [
            {"mac": one.mac, "route": one.is_route, "prefixes": len(one.prefixes), "rdnss": len(one.rdnss)}
            for one in self.now(at)
        ]
