"""The kernel's view of the home: its interfaces, who was reachable there and when, the box's own MACs, the routers.

Read anew at each look (rtnetlink, RFC 3549): the table says of each neighbour when it last gave a sign of life.
"""

import contextlib
import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
)

import msgspec

from appliance.core.asker import PRIVATE
from appliance.world.neighbours import NUD_USELESS, gateways
from appliance.world.rtnetlink import (
    IFA_ADDRESS,
    IFA_LOCAL,
    NDA_DST,
    NDA_LLADDR,
    RTM_GETADDR,
    RTM_GETNEIGH,
    RTM_NEWADDR,
    RTM_NEWNEIGH,
    attributes,
    dump,
)

NDA_CACHEINFO = 3
SIOCGIFHWADDR = 0x8927
TICKS_S = os.sysconf("SC_CLK_TCK")
MAX_NEIGHBOURS = 4_096

_REQUEST = struct.Struct("16s24x")
"""struct ifreq: a name, and room for what is answered."""

Interface = IPv4Interface | IPv6Interface


class Neighbour(msgspec.Struct, frozen=True):
    """A MAC at an address of the home; `age_s` ago it was last known to be there. Link-local: no address."""

    mac: str
    address: str | None
    age_s: float


class Surroundings(msgspec.Struct, frozen=True):
    """What the kernel knows of the home at one moment."""

    interfaces: tuple[str, ...] = ()
    """Names of those that have an address of a home."""
    neighbours: tuple[Neighbour, ...] = ()
    own: frozenset[str] = frozenset()
    """The box's own MACs."""
    routers: frozenset[str] = frozenset()
    """MACs of the default gateways."""
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """The attached networks of these interfaces."""

    def is_here(self, address: str) -> bool:
        """Say whether an address is one of these networks."""
        return any(ip_address(address) in network for network in self.networks)


def look() -> Surroundings:
    """Return the surroundings as they are now. Raises OSError."""
    homes = _homes()
    ways = frozenset(gateways())
    found: list[Neighbour] = []
    routers = set()
    for index, address, mac, age_s in _neighbours():
        if str(address) in ways or f"{address}%{index}" in ways:
            routers.add(mac)
        if len(found) >= MAX_NEIGHBOURS or not any(address in one.network for one in homes.get(index, ())):
            continue
        found.append(Neighbour(mac, None if address.is_link_local else str(address), age_s))
    networks = tuple(one.network for addresses in homes.values() for one in addresses if not one.is_link_local)
    return Surroundings(
        tuple(sorted(_names(homes))), tuple(found), frozenset(_own_macs()), frozenset(routers), networks
    )


def _homes() -> dict[int, list[Interface]]:
    """Return the addresses of each interface that has one of a home, by interface number."""
    found: dict[int, list[Interface]] = {}
    for body in dump(RTM_GETADDR, RTM_NEWADDR):
        told = dict(attributes(body[8:]))
        packed = told.get(IFA_LOCAL) or told.get(IFA_ADDRESS)
        if packed:
            found.setdefault(int.from_bytes(body[4:8], "little"), []).append(
                ip_interface(f"{ip_address(packed)}/{body[1]}")
            )
    return {index: addresses for index, addresses in found.items() if any(map(_is_home, addresses))}


def _is_home(address: Interface) -> bool:
    """Say whether this is an address that a home gives; those that a machine gives itself say nothing."""
    return not (address.is_loopback or address.is_link_local) and any(address.ip in network for network in PRIVATE)


def _neighbours() -> Iterator[tuple[int, IPv4Address | IPv6Address, str, float]]:
    """Yield interface number, address, MAC and age of what the kernel knows."""
    for body in dump(RTM_GETNEIGH, RTM_NEWNEIGH):
        if len(body) >= 12 and body[0] in (socket.AF_INET, socket.AF_INET6):
            told = dict(attributes(body[12:]))
            raw_mac = told.get(NDA_LLADDR, b"")
            is_known = not int.from_bytes(body[8:10], "little") & NUD_USELESS
            if is_known and len(raw_mac) == 6 and NDA_DST in told:
                ticks = int.from_bytes(told.get(NDA_CACHEINFO, b"")[:4], "little")
                address = ip_address(told[NDA_DST])
                yield int.from_bytes(body[4:8], "little"), address, raw_mac.hex(":"), ticks / TICKS_S


def _names(indices: Iterable[int]) -> Iterator[str]:
    for index in indices:
        with contextlib.suppress(OSError):
            yield socket.if_indextoname(index)


def _own_macs() -> Iterator[str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asked:
        for _, name in socket.if_nameindex():
            with contextlib.suppress(OSError):
                answer = fcntl.ioctl(asked, SIOCGIFHWADDR, _REQUEST.pack(name.encode()))
                # ifr_name, sa_family, then the address itself.
                yield answer[18:24].hex(":")
