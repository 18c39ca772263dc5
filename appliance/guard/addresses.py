"""The box's own address on the network of the devices: put there when the guard starts, taken away when it ends."""

from ipaddress import IPv4Interface, IPv4Network, IPv6Network

from appliance.config import Gateway
from appliance.guard import links
from appliance.guard.links import NetworkError


class Addresses:
    """The links of a gateway; what was there before is left alone."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._names = tuple(dict.fromkeys(name for name in (gateway.lan, gateway.wan) if name is not None))
        self._numbers: tuple[int, ...] = ()
        self._has_put = False
        self.own: IPv4Interface | None = None
        """The box's address on the LAN and its network, once it is up."""

    def up(self) -> IPv4Interface:
        """Have the links up and the address on the LAN; return it. Raises NetworkError."""
        lan = self._gateway.lan
        self._numbers = self._now()
        links.change(f"link set dev {name} up" for name in self._names)
        there = [one for one in links.addresses_of(self._numbers[0]) if isinstance(one, IPv4Interface)]
        self.own = self._choose(there)
        if self.own not in there:
            # No `valid_lft`: the address is for ever, whatever a DHCP client on this interface believes.
            links.change([f"addr replace {self.own} broadcast + dev {lan}"])
            self._has_put = True
        return self.own

    def is_standing(self) -> bool:
        """Say whether what `up` did is still so: an adapter may be unplugged, another program may take addresses."""
        try:
            return self._numbers == self._now() and self.own in links.addresses_of(self._numbers[0])
        except NetworkError:
            return False

    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Return the networks that the devices are on, as the kernel has them now; none while the LAN is missing."""
        try:
            there = links.addresses_of(links.index_of(self._gateway.lan))
        except NetworkError:
            return ()
        return tuple(dict.fromkeys(one.network for one in there if not one.is_link_local))

    def down(self) -> None:
        """Take away what `up` has put."""
        if self._has_put and self.own is not None:
            links.change([f"addr del {self.own} dev {self._gateway.lan}"], is_lenient=True)
        self._has_put, self.own = False, None

    def _now(self) -> tuple[int, ...]:
        return tuple(links.index_of(name) for name in self._names)

    def _choose(self, there: list[IPv4Interface]) -> IPv4Interface:
        if self._gateway.address is not None:
            return IPv4Interface(self._gateway.address)
        usable = [one for one in there if not one.is_link_local]
        if not usable:
            raise NetworkError(f"{self._gateway.lan} has no IPv4 address; set gateway.address, as 192.168.78.1/24")
        return usable[0]
