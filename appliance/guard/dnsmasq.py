"""Debian's dnsmasq, which gives the devices their addresses: its configuration as text, its words, its leases.

It answers no DNS (``port=0``). A device keeps its address: dnsmasq draws one from the MAC, and keeps to its leases.
"""

from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from re import compile as regex

import msgspec

from appliance.config import Gateway
from appliance.guard.links import NetworkError

RA_INTERVAL_S, ROUTER_LIFETIME_S = 120, 1_800
PREFIX_HOURS = 2
"""Short, because a provider may give another prefix each night."""
MAX_LEASES = 1_000
FIRST, LAST = 50, 249
"""Of the hosts of a network, those that are given out."""

_OF_BOX = regex(
    r"dnsmasq(?:\[\d+\])?: (.*)|"
    r"dnsmasq-dhcp(?:\[\d+\])?: ((?:DHCP,|DHCP packet received on|DHCPv6 |router advertisement|IPv6 router).*)"
)
"""What it says of itself; all other words of its DHCP can hold a device's name or address."""
_NOTHING_LEFT = ("no address available", "no address range available")


class Announced(msgspec.Struct, frozen=True):
    """How IPv6 is announced: of the prefix that stands on the LAN, as near (`is_on_link`) or by way of the box only."""

    is_on_link: bool


class Served(msgspec.Struct, frozen=True):
    """What dnsmasq is to do."""

    lan: str
    v4: tuple[IPv4Interface, IPv4Address, IPv4Address] | None
    """The box, which is router and resolver, and the first and last address to give; None: no DHCP for IPv4."""
    v6: Announced | None
    lease_hours: int


class Given(msgspec.Struct, frozen=True):
    """An address that a device was given; `until` in POSIX seconds."""

    mac: str
    address: str
    host_name: str | None
    until: float


def pool(gateway: Gateway, own: IPv4Interface) -> tuple[IPv4Address, IPv4Address]:
    """Return the first and last address to give. Raises NetworkError where those are none of the box's network."""
    network = own.network
    is_wide = network.num_addresses >= 256
    first = IPv4Address(gateway.first) if gateway.first else network[FIRST if is_wide else 2]
    last = IPv4Address(gateway.last) if gateway.last else network[LAST if is_wide else -2]
    if first not in network or last not in network or first > last:
        raise NetworkError(f"{first} to {last} are not addresses of {network}: set gateway.first and gateway.last")
    return first, last


def render(served: Served, leases: Path, pid: Path) -> str:
    """Return the configuration."""
    lines = [
        "# Written by Kindgate at each start.",
        "port=0",
        f"interface={served.lan}",
        "except-interface=lo",
        "bind-dynamic",
        "keep-in-foreground",
        "log-facility=-",
        "# Devices' names and addresses are in no log.",
        "quiet-dhcp",
        "quiet-dhcp6",
        "quiet-ra",
        f"pid-file={pid}",
        f"dhcp-leasefile={leases}",
        f"dhcp-lease-max={MAX_LEASES}",
    ]
    if served.v4 is not None:
        own, first, last = served.v4
        lines += [
            "# A device that comes with another network's address gets one of this at once.",
            "dhcp-authoritative",
            f"dhcp-range={first},{last},{own.netmask},{served.lease_hours}h",
            f"dhcp-option=option:router,{own.ip}",
            f"dhcp-option=option:dns-server,{own.ip}",
        ]
    if served.v6 is not None:
        off_link = "" if served.v6.is_on_link else "off-link,"
        lines += [
            "# Before other routers, should there be any.",
            "enable-ra",
            f"ra-param={served.lan},high,{RA_INTERVAL_S},{ROUTER_LIFETIME_S}",
            f"dhcp-range=::,constructor:{served.lan},ra-stateless,{off_link}64,{PREFIX_HOURS}h",
            "# The link-local address of the box stays when the provider gives another prefix.",
            "dhcp-option=option6:dns-server,[fe80::]",
        ]
    return "\n".join(lines) + "\n"


def words(line: str) -> str | None:
    """Return what a line of dnsmasq's log says of the box, None where it may speak of a device.

    That no address is left is a fault of the box, and said without the device.
    """
    if any(words in line for words in _NOTHING_LEFT):
        return "there is no address left to give: gateway.first and gateway.last"
    found = _OF_BOX.match(line)
    return (found[1] or found[2]).strip() if found else None


def given(text: str) -> tuple[Given, ...]:
    """Return the leases of a lease file (IPv4): lines ``END MAC ADDRESS NAME CLIENT-ID``; others are passed over."""
    found = []
    for line in text.splitlines():
        fields = line.split()
        if fields[:1] == ["duid"]:
            break
        if len(fields) >= 4 and fields[0].isascii() and fields[0].isdigit():
            name = None if fields[3] == "*" else fields[3]
            found.append(Given(fields[1].lower(), fields[2], name, float(fields[0])))
    return tuple(found)
