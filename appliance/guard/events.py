"""What the guard tells the steward: what it cut, signs of a way round, another router; each only if it may be written.

Nothing leads from here to a name or an address. What happens again and again is told seldom, and what nobody may see of
somebody is not even held.
"""

from collections.abc import Mapping
from typing import Final

from appliance.core.visibility import Granularity
from appliance.guard.cuts import Cut
from appliance.household.batches import STEWARD, Batches, Event
from appliance.household.happenings import (
    BOX,
    BYPASS_SIGN,
    CUT,
    OTHER_DHCP,
    RESTARTED,
    SIDE_DOOR,
    field_of,
    grain_of,
    row_in,
)
from appliance.household.orders import Orders
from appliance.world import bus, clock, rules

RESTRICTED: Final = {"tally": STEWARD}
AGAIN_S: Final = 3_600.0
"""So seldom is the same way round told of the same person."""
DAY_S: Final = 86_400.0
INFO, WARNING = 0, 1

STRANGE: Final = "strange_address"
HINTS: Final[Mapping[str, str | None]] = {
    "busy_without_dns": "bypass_dns",
    "lone_udp": "bypass_vpn",
    "mac_changed": None,
    "name_pinned": "bypass_disguised",
    STRANGE: "bypass_hidden",
}
"""What no connection shows by itself → the category that it is likely of, if any."""


class Events:
    """Holds what happened until it is fetched."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._contract = rules.load_contract()
        self._never = self._contract.never.categories | self._contract.never.to_caregivers
        self._batches = Batches[tuple[()]]()

    def cut(self, cut: Cut) -> None:
        """Tell that connections of somebody were ended, and how many would not end; the name they led to is nowhere."""
        if dict(cut.reason.args).get("category") in self._never:
            return
        args: dict[str, str | int] = {
            "what": cut.reason.code,
            "connections": cut.connections,
            "still": cut.still,
        }
        # Each time: whoever looks whether a rule holds counts on it.
        self._tell(Event(cut.at, CUT, cut.person, cut.device, INFO, args), again_s=0.0)

    def sign(self, device: str | None, category: str, route: str) -> None:
        """Tell that a connection of a device looked like a way round; `route` is the id of the sign."""
        self._tell_way(device, {"category": category, "route": route})

    def may_hint(self, device: str) -> bool:
        """Say whether hints of a device may be told: of others there is no need to look for any."""
        known = self._orders.devices.get(device)
        person = known.person if known is not None else None
        return self._may_tell(Event(0.0, BYPASS_SIGN, person, device, INFO, {}))

    def hint(self, device: str | None, route: str) -> None:
        """Tell of one of the `HINTS`."""
        args: dict[str, str | int] = {"route": route}
        category = HINTS[route]
        if category is not None:
            args["category"] = category
        self._tell_way(device, args, DAY_S if route == STRANGE else AGAIN_S)

    def side_door(self) -> None:
        """Tell that another router offers the network IPv6."""
        self._tell(Event(clock.now(), SIDE_DOOR, None, None, WARNING, {}), AGAIN_S)

    def other_dhcp(self) -> None:
        """Tell that another server began to give addresses."""
        self._tell(Event(clock.now(), OTHER_DHCP, None, None, WARNING, {}), AGAIN_S)

    def restarted(self, number: int) -> None:
        """Tell that a worker ended and is started again."""
        self._tell(Event(clock.now(), RESTARTED, None, None, WARNING, {"worker": number}), AGAIN_S)

    def answer(self, request: dict[str, object]) -> object:
        """Answer the steward."""
        if request.get("ask") == "tally":
            # Another house may be in force since.
            self._batches.settle(lambda key: key, self._may_tell)
            return {"bus": bus.VERSION} | self._batches.answer(request)
        return {"bus": bus.VERSION, "error": "unknown request"}

    def _tell_way(self, device: str | None, args: dict[str, str | int], again_s: float = AGAIN_S) -> None:
        known = self._orders.devices.get(device or "")
        person = known.person if known is not None else None
        self._tell(Event(clock.now(), BYPASS_SIGN, person, device, INFO, args), again_s)

    def _tell(self, event: Event, again_s: float) -> None:
        if self._may_tell(event):
            self._batches.tell(event, clock.uptime(), again_s)

    def _may_tell(self, event: Event) -> bool:
        field = field_of(event.kind)
        if field == BOX:
            return True
        row = row_in(self._orders.house, event.person, event.device)
        return grain_of(self._contract, field, row, event.args.get("category")) is not Granularity.NO
