"""Orders that a test gives, and connections to try them on."""

from ipaddress import ip_address
from typing import cast

from appliance.core.asker import Registry
from appliance.core.device import DeviceKind
from appliance.core.house import House
from appliance.core.mark import Mark, State, numbers
from appliance.core.said import Things
from appliance.core.signs.facts import Kind
from appliance.guard.connection import Connection
from appliance.guard.conntrack import Tracked
from appliance.guard.messages import Settled
from appliance.household.orders import Orders
from tests.core.builders import NIGHT, adult, child, device
from tests.core.passages import BOOK, FLOW_RULES, policy_of

NUMBERS = numbers(BOOK)
HOUSE = House(
    persons=(child("10-12", windows=(NIGHT,), always_on=Things(services=("spotify",))),),
    devices=(device(DeviceKind.TABLET),),
)
"""A child whose night begins at 20:00 (UTC) and stops everything but music."""
ADULTS = House(persons=(adult(),), devices=(device(DeviceKind.TABLET, "alex"),))


class Ordered:
    """Stands in for `Orders`: a house that is compiled at once, and followed when it is given anew."""

    rulebook = BOOK
    flow_rules = FLOW_RULES

    def __init__(self, house: House = HOUSE) -> None:
        self.state = 0
        self.give(house)

    def give(self, house: House) -> None:
        """Follow another house."""
        self.policy, self.registry = policy_of(house), Registry(house)
        self.devices = {one.id: one for one in house.devices}
        self.state += 1

    @property
    def orders(self) -> Orders:
        """It as what uses it wants it."""
        return cast("Orders", self)


def connection(
    port: int = 40_000, server: str = "203.0.113.1", *, protocol: int = 6, client: str = "192.168.78.10"
) -> Connection:
    """Return a connection of the child's tablet, told from others by the client's port."""
    return Connection(protocol, ip_address(client).packed, port, ip_address(server).packed, 443)


def tracked(
    of: Connection, state: State = State.ALLOWED, tag: str | None = None, *, is_tcp_open: bool | None = None
) -> Tracked:
    """Return a connection as the kernel has it; over TCP it is open."""
    is_open = of.protocol == 6 if is_tcp_open is None else is_tcp_open
    return Tracked(of, of, Mark(state, NUMBERS.get(tag or "", 0)).bits, is_tcp_open=is_open)


def settled(
    of: Connection,
    name: str | None = "www.wikipedia.org",
    kind: Kind = Kind.TLS,
    *shows: tuple[str, int],
    until: float | None = None,
    whose: str | None = "thing",
) -> Settled:
    """Return what a worker tells of a connection that it let through."""
    mark = Mark(State.ALLOWED).bits
    return Settled(*of, whose, name, kind.value, mark, 1, until, is_open=True, shows=shows)
