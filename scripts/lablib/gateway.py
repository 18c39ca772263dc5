"""The lab's second home: all that the devices send goes through the box, which has two interfaces, or one arm.

Two interfaces: the devices' network (192.168.78.0/24, fd78::/64) ends at the box's eth0; its eth1 is a client of the
router, which has a way back into fd78::/64 (as if it had delegated it) and none into 192.168.78.0/24. One arm: box,
router and devices share the router's network, and the box is the devices' gateway. Until Kindgate runs there the box
forwards nothing. A switch of its own joins the devices, so that what they send one another passes no box.
"""

from dataclasses import dataclass, replace
from enum import Enum

from scripts.lablib import net
from scripts.lablib.net import APPLIANCE, INTERNET, LAPTOP, ROUTER, TABLET, WAN_V4, WAN_V6, Host

BEHIND_V4, BEHIND_V6 = "192.168.78.0/24", "fd78::/64"
BOX_WAN_MAC = "02:77:00:00:01:02"
# Resolvers that the whole world knows; here the internet's servers answer at these addresses.
RESOLVERS_V4 = ("8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9")
RESOLVERS_V6 = ("2001:4860:4860::8888", "2606:4700:4700::1111", "2620:fe::fe")

ABOUT = {
    "tablet": (TABLET.mac, 10),
    "laptop": (LAPTOP.mac, 11),
    "console": ("02:77:00:00:00:12", 12),
    "phone": ("02:77:00:00:00:13", 13),
    "toy": ("02:77:00:00:00:14", 14),
    "guest": ("02:77:00:00:00:15", 15),
}
"""The devices: each with its MAC and the last part of its addresses."""

RECORDS = (
    "resolver.example A 203.0.113.90",
    "v6only.example AAAA 2001:db8::91",
    "v4only.example A 203.0.113.91",
    "stun.example A 203.0.113.92",
    "stun.example AAAA 2001:db8::92",
    "proxy.example A 203.0.113.93",
    "proxy.example AAAA 2001:db8::93",
    "vpn.example A 203.0.113.94",
    "vpn.example AAAA 2001:db8::94",
    "play.example A 203.0.113.95",
    "play.example AAAA 2001:db8::95",
)
"""Names for what needs no site. A resolver of the internet's servers answers otherwise for resolver.example."""


class Kind(Enum):
    """Where the box stands."""

    TWO = "two-armed"
    ONE = "one-armed"


@dataclass(frozen=True, slots=True)
class Plan:
    """One gateway home."""

    kind: Kind
    dhcp: bool = False
    """The devices (and, with two interfaces, the box's own LAN side) have no address until somebody gives them one."""

    @property
    def box(self) -> Host:
        """The box on the devices' network."""
        v4, v6 = ("192.168.78.1", "fd78::1") if self.kind is Kind.TWO else (APPLIANCE.v4, APPLIANCE.v6)
        return replace(APPLIANCE, v4=v4, v6=v6)

    @property
    def devices(self) -> dict[str, Host]:
        """The devices, with the addresses that they have where addresses are fixed."""
        number = 78 if self.kind is Kind.TWO else 77
        return {
            name: Host(name, mac, f"192.168.{number}.{last}", f"fd{number}::{last}", self.box.v4)
            for name, (mac, last) in ABOUT.items()
        }

    @property
    def hosts(self) -> dict[str, Host]:
        """All machines by name."""
        found = {host.name: host for host in (ROUTER, self.box, INTERNET)}
        return found | self.devices


def build(lab: str, plan: Plan) -> None:
    """Make the namespaces and join them. What was made before a failure stays, for `net.remove` to take away."""
    switch = replace(ROUTER, name="switch", mac="02:77:00:00:00:fe")
    is_told = ("ipv6/conf/default/accept_ra=1",) if plan.dhcp else ()
    net.add_host(lab, switch)
    net.add_host(lab, ROUTER, *net.ROUTES)
    net.add_host(lab, plan.box)
    net.add_host(lab, INTERNET)
    net.ip(lab, switch, ["link add br0 type bridge forward_delay 0 mcast_snooping 0", "link set br0 up"])
    for host in plan.devices.values():
        net.add_host(lab, host, *is_told)
        _plug_in(lab, switch, host, "eth0")
        if not plan.dhcp:
            _address(lab, host, "eth0", host.v4, host.v6, plan.box)
    _join_box_and_router(lab, plan, switch)
    back = [f"{net.HOME_V4} via {WAN_V4}", f"{net.HOME_V6} via {WAN_V6}", f"{BEHIND_V6} via {WAN_V6}"]
    net.build_internet(lab, back)
    net.ip(lab, INTERNET, [f"route add local {address} dev lo" for address in (*RESOLVERS_V4, *RESOLVERS_V6)])


def _join_box_and_router(lab: str, plan: Plan, switch: Host) -> None:
    """Give the box its one or two interfaces, and the router its own on that wire."""
    box = plan.box
    _plug_in(lab, switch, box, "eth0")
    if plan.kind is Kind.ONE:
        _plug_in(lab, switch, ROUTER, "eth0")
        _address(lab, box, "eth0", box.v4, box.v6, ROUTER)
    else:
        if not plan.dhcp:
            net.ip(lab, box, [f"addr add {box.v4}/24 dev eth0", f"addr add {box.v6}/64 dev eth0 nodad"])
        peer = net.namespace(lab, ROUTER.name)
        wire = f"link add eth1 address {BOX_WAN_MAC} type veth peer name eth0 netns {peer}"
        net.ip(lab, box, [wire, "link set eth1 up"])
        net.ip(lab, ROUTER, ["link set lo up", f"link set eth0 address {ROUTER.mac} up"])
        _address(lab, box, "eth1", APPLIANCE.v4, APPLIANCE.v6, ROUTER)
    _address(lab, ROUTER, "eth0", ROUTER.v4, ROUTER.v6, None)
    if plan.kind is Kind.TWO:
        net.ip(lab, ROUTER, [f"route add {BEHIND_V6} via {APPLIANCE.v6}"])


def _plug_in(lab: str, switch: Host, host: Host, interface: str) -> None:
    peer = net.namespace(lab, switch.name)
    wire = f"link add {interface} address {host.mac} type veth peer name {host.name} netns {peer}"
    net.ip(lab, host, ["link set lo up", wire])
    net.ip(lab, switch, [f"link set {host.name} master br0 up"])
    net.ip(lab, host, [f"link set {interface} up"])


def _address(lab: str, host: Host, interface: str, v4: str, v6: str, gateway: Host | None) -> None:
    lines = [f"addr add {v4}/24 dev {interface}", f"addr add {v6}/64 dev {interface} nodad"]
    if gateway is not None:
        lines += [f"route add default via {gateway.v4}", f"route add ::/0 via {gateway.v6}"]
    net.ip(lab, host, lines)
