"""Devices behind the box as neighbours of the router's network: the box answers for them there (RFC 4389's idea).

Which addresses the devices have shows when one checks an address before it takes it, when one asks for a neighbour, and
when the router, or the box itself, asks on that side for an address that the box doesn't know: then it asks on the LAN.
The kernel answers for those (``ip neigh add proxy``) and routes each to the LAN.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from ipaddress import IPv6Address, IPv6Network

from appliance.guard import ndp
from appliance.guard.links import PROTOCOL

MAX_ADDRESSES = 1_024
MAX_OF_MAC = 32
"""Addresses of one device: it makes itself a new one each day, and keeps each for a week (RFC 8981)."""
KEPT_S = 7 * 86_400.0
"""How long an address is answered for that gives no sign of life."""
MAX_ASKED = 64
ASKED_S = 4.0
"""So long a question to the LAN counts as asked: the router itself asks thrice, a second apart (RFC 4861, 10)."""
REPEAT_S = 0.5
OTHERS_S = 60.0
"""So long an address counts as another's after somebody on the router's side said that it has it."""


class Proxied:
    """The addresses that are answered for; what is to be changed in the kernel is fetched as lines for ``ip``."""

    def __init__(
        self,
        prefix: IPv6Network,
        lan: str,
        wan: str,
        ask_inside: Callable[[IPv6Address], None],
        ask_outside: Callable[[IPv6Address], None],
    ) -> None:
        """Each of both asks on its side who has an address."""
        self.prefix = prefix
        self._lan, self._wan = lan, wan
        self._ask_inside, self._ask_outside = ask_inside, ask_outside
        self._seen: OrderedDict[IPv6Address, tuple[str, float]] = OrderedDict()
        self._asked: dict[IPv6Address, float] = {}
        self._own: frozenset[IPv6Address] = frozenset()
        self._others: dict[IPv6Address, float] = {}
        self._lines: list[str] = []
        self.refused = 0
        """Addresses that somebody on the LAN claimed though they are another's."""

    def __len__(self) -> int:
        return len(self._seen)

    def reserve(self, addresses: Iterable[IPv6Address]) -> None:
        """Be told which addresses are the box's own or the router's: nobody on the LAN is believed to have those."""
        self._own = frozenset(addresses)
        for address in self._own & self._seen.keys():
            self._drop(address)

    def heard_inside(self, message: ndp.Message, at: float) -> None:
        """Take what was said on the LAN; `at` is an uptime in seconds."""
        match message:
            case ndp.Solicited(mac=mac, source=source, target=target):
                self._has(mac, target if source.is_unspecified else source, at)
            case ndp.Answered(mac=mac, target=target):
                self._has(mac, target, at)
            case _:
                return

    def heard_outside(self, message: ndp.Message, at: float) -> None:
        """Take what was said on the router's side: a question for an unknown address is handed on to the LAN."""
        match message:
            case ndp.Answered(target=target) if target in self.prefix:
                self._is_outside(target, at)
            case ndp.Solicited(source=source, target=target) if not source.is_unspecified:
                if target in self.prefix and target not in self._seen and target not in self._own:
                    self._hand_on(target, at)
            case _:
                return

    def alive(self, addresses: Iterable[IPv6Address], at: float) -> None:
        """Take the kernel's word for who is on the LAN; forget who has not been there for long."""
        for address in addresses:
            self._has(self._seen.get(address, ("", at))[0], address, at)
        for address in [one for one, (_, seen) in self._seen.items() if at - seen > KEPT_S]:
            self._drop(address)

    def adopt(self, addresses: Iterable[IPv6Address], at: float) -> None:
        """Go on with what an earlier life of the guard has put into the kernel."""
        for address in addresses:
            if address in self.prefix:
                self._seen[address] = ("", at)
            else:
                self._lines += self._away(address)

    def renew(self) -> None:
        """Put all once more: a link that was switched off has forgotten what it had."""
        for address in self._seen:
            self._lines += self._there(address)

    def clear(self) -> None:
        """Answer for nobody."""
        for address in list(self._seen):
            self._drop(address)

    def changes(self) -> list[str]:
        """Return what ``ip`` is to do since the last call."""
        lines, self._lines = self._lines, []
        return lines

    def _has(self, mac: str, address: IPv6Address, at: float) -> None:
        if address not in self.prefix or address == self.prefix.network_address:
            return
        if address in self._own or at - self._others.get(address, -OTHERS_S) < OTHERS_S:
            self.refused += 1
            return
        is_new = address not in self._seen
        self._seen[address] = (mac, at)
        self._seen.move_to_end(address)
        self._asked.pop(address, None)
        if is_new:
            self._lines += self._there(address)
            # Whoever has it on the router's side says so, and keeps it.
            self._ask_outside(address)
            self._make_room(mac)

    def _is_outside(self, address: IPv6Address, at: float) -> None:
        self._others.pop(address, None)
        self._others[address] = at
        if len(self._others) > MAX_ADDRESSES:
            del self._others[next(iter(self._others))]
        if address in self._seen:
            self.refused += 1
            self._drop(address)

    def _hand_on(self, target: IPv6Address, at: float) -> None:
        self._asked = {one: when for one, when in self._asked.items() if at - when < ASKED_S}
        if len(self._asked) < MAX_ASKED and at - self._asked.get(target, -ASKED_S) >= REPEAT_S:
            self._asked[target] = at
            self._ask_inside(target)

    def _make_room(self, mac: str) -> None:
        """Let go of what was not seen for longest, of a device that has many first."""
        own = [one for one, (owner, _) in self._seen.items() if owner == mac]
        if len(own) > MAX_OF_MAC:
            self._drop(own[0])
        elif len(self._seen) > MAX_ADDRESSES:
            self._drop(next(iter(self._seen)))

    def _drop(self, address: IPv6Address) -> None:
        del self._seen[address]
        self._lines += self._away(address)

    def _there(self, address: IPv6Address) -> list[str]:
        return [
            f"route replace {address}/128 dev {self._lan} proto {PROTOCOL}",
            f"neigh replace proxy {address} dev {self._wan} protocol {PROTOCOL}",
        ]

    def _away(self, address: IPv6Address) -> list[str]:
        return [f"neigh del proxy {address} dev {self._wan}", f"route del {address}/128 dev {self._lan}"]
