"""The kernel's tables of the network: which MAC has which address, which networks are attached, who is the gateway.

After one dump, changes come by themselves: the kernel queues them
before it hands on the packet that caused them, so that a look at the queue makes the table as new as the packet.
"""

import contextlib
import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from appliance.world.rtnetlink import (
    IFA_ADDRESS,
    IFA_LOCAL,
    NDA_DST,
    NDA_LLADDR,
    RECEIVE_OCTETS,
    RTA_GATEWAY,
    RTA_OIF,
    RTM_DELADDR,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_GETADDR,
    RTM_GETNEIGH,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    attributes,
    dump,
    messages,
)

GROUPS = 0x4 | 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_NEIGH, and IFADDR and ROUTE of both families."""

IFA_F_PASSING = 0x01 | 0x08 | 0x20 | 0x40
"""SECONDARY or TEMPORARY, DADFAILED, DEPRECATED, TENTATIVE: no address to be found by (linux/if_addr.h)."""

NUD_USELESS = 0x01 | 0x20
"""INCOMPLETE and FAILED: the kernel does not know (any more)."""

HOMES_OWN = ip_network("fc00::/7")
"""RFC 4193: stays when the provider gives the home another prefix."""
DISCARD_PORT = 9


class Own(NamedTuple):
    """One of the box's own addresses: the length of its network's prefix, and the number of its interface."""

    address: str
    prefix: int
    interface: int = 0
    is_passing: bool = False
    """Soon another one, or not yet usable: not to be told to others while there is a better one."""


class Neighbours:
    """Addresses and their MACs, and the attached networks, kept as new as the kernel's.

    `changed` collects the addresses whose MAC changed since it was last emptied; `networks_changed` says whether the
    box's own addresses did.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((0, GROUPS))
        self._socket.setblocking(False)
        self._macs: dict[str, str] = {}
        self.networks: tuple[str, ...] = ()
        self._attached: tuple[IPv4Network | IPv6Network, ...] = ()
        self._own: frozenset[str] = frozenset()
        self.own: tuple[Own, ...] = ()
        """The box's own addresses."""
        self.routers: frozenset[str] = frozenset()
        """Addresses of the default gateways."""
        self.changed: set[str] = set()
        self.networks_changed = False
        self._is_stale = False
        self.reload()

    def fileno(self) -> int:
        """Return the file descriptor that is readable when something changed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()

    def is_router(self, address: str) -> bool:
        """Say whether an address is a default gateway's, by itself or by its MAC."""
        mac = self._macs.get(address)
        return address in self.routers or (
            mac is not None and any(self._macs.get(router) == mac for router in self.routers)
        )

    def is_unresolved(self, address: str) -> bool:
        """Say whether an address is one of an attached network whose MAC the kernel does not know (yet)."""
        if address in self._macs or address in self._own:
            return False
        near = ip_address(address.partition("%")[0])
        return not near.is_loopback and any(near in network for network in self._attached)

    def mac(self, address: str) -> str | None:
        """Return the MAC of an address (link-local ones as ``fe80::1%2``), None if the kernel knows none."""
        return self._macs.get(address)

    def addresses(self, mac: str) -> tuple[str, ...]:
        """Return the addresses of a MAC, link-local ones as `mac` takes them."""
        return tuple(address for address, found in self._macs.items() if found == mac)

    def reload(self) -> None:
        """Read both tables anew."""
        macs: dict[str, str] = {}
        for body in dump(RTM_GETNEIGH, RTM_NEWNEIGH):
            found = _neighbour(body)
            if found is not None and found[1] is not None:
                macs[found[0]] = found[1]
        self.changed |= {
            address for address in self._macs.keys() | macs.keys() if self._macs.get(address) != macs.get(address)
        }
        self._macs = macs
        self._reload_networks()

    def refresh(self) -> None:
        """Take in what changed since the last call; costs a microsecond when nothing did."""
        try:
            while True:
                self._take(self._socket.recv(RECEIVE_OCTETS))
        except BlockingIOError:
            if self._is_stale:
                self._reload_networks()
        except OSError:
            # ENOBUFS: the kernel dropped changes because there were too many at once.
            self.reload()

    def _take(self, data: bytes) -> None:
        for kind, body in messages(data):
            if kind in (RTM_NEWADDR, RTM_DELADDR, RTM_NEWROUTE, RTM_DELROUTE):
                self._is_stale = True
            elif kind in (RTM_NEWNEIGH, RTM_DELNEIGH):
                found = _neighbour(body)
                if found is not None:
                    self._set(found[0], found[1] if kind == RTM_NEWNEIGH else None)

    def _set(self, address: str, mac: str | None) -> None:
        if self._macs.get(address) == mac:
            return
        self.changed.add(address)
        if mac is None:
            del self._macs[address]
        else:
            self._macs[address] = mac

    def _reload_networks(self) -> None:
        self._is_stale = False
        own = [found for body in dump(RTM_GETADDR, RTM_NEWADDR) if (found := _own_address(body)) is not None]
        networks = tuple(f"{one.address}/{one.prefix}" for one in own)
        self.routers = frozenset(gateways())
        self._attached = tuple(ip_network(network, strict=False) for network in networks)
        self._own = frozenset(one.address for one in own)
        self.own = tuple(own)
        if networks != self.networks:
            self.networks = networks
            self.networks_changed = True


def reachable_at(local: str, asker: str, own: tuple[Own, ...]) -> tuple[str, ...]:
    """Return the addresses of the box that an asker reaches who reached it at `local`: at most one of each family.

    `local` itself, and one of the other family on the same interface. A link-local one is of no use without the name
    of an interface, which no DNS answer holds: in its place stands another one of its interface and family.
    """
    here, near = ip_address(local.partition("%")[0]), ip_address(asker.partition("%")[0])
    # Where a link-local address says its interface it is that one: it may be the same on another.
    scope = local.partition("%")[2]
    ways = {one.interface for one in own if one.address == str(here) and (not scope or scope == str(one.interface))}
    found = []
    for version in (4, 6):
        if version == here.version and not here.is_link_local:
            found.append(str(here))
            continue
        fit = [one for one in own if one.interface in ways and ip_address(one.address).version == version]
        usable = [one for one in fit if not (version == 6 and ip_address(one.address).is_link_local)]
        found += [one.address for one in sorted(usable, key=lambda one: _rank(one, near))[:1]]
    return tuple(found)


def _rank(own: Own, near: IPv4Address | IPv6Address) -> tuple[bool, bool, bool, bool]:
    """Return an order of preference: lasting, in the asker's network, no stopgap of IPv4, a home's own of IPv6."""
    address = ip_address(own.address)
    is_near = near in ip_network(f"{own.address}/{own.prefix}", strict=False)
    return own.is_passing, not is_near, address.is_link_local, address not in HOMES_OWN


def resolve_mac(address: str) -> None:
    """Have the kernel ask for the MAC of an address: by an empty datagram to its discard port (RFC 863)."""
    host, _, interface = address.partition("%")
    is_v6 = ":" in host
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as sent,
    ):
        sent.sendto(b"", (host, DISCARD_PORT, 0, int(interface or 0)) if is_v6 else (host, DISCARD_PORT))


def gateways() -> tuple[str, ...]:
    """Return the addresses of the default routes' next hops."""
    found = []
    for body in dump(RTM_GETROUTE, RTM_NEWROUTE):
        family, prefix = body[0], body[1]
        told = dict(attributes(body[12:]))
        if prefix == 0 and RTA_GATEWAY in told and family in (socket.AF_INET, socket.AF_INET6):
            found.append(_key(told[RTA_GATEWAY], told.get(RTA_OIF, b"")))
    return tuple(dict.fromkeys(found))


def _neighbour(body: bytes) -> tuple[str, str | None] | None:
    """Return address and MAC of a neighbour message (struct ndmsg), None for a bridge's table."""
    if len(body) < 12:
        return None
    family, state = body[0], int.from_bytes(body[8:10], "little")
    told = dict(attributes(body[12:]))
    if family not in (socket.AF_INET, socket.AF_INET6) or NDA_DST not in told:
        return None
    mac = told.get(NDA_LLADDR, b"")
    known = len(mac) == 6 and any(mac) and not state & NUD_USELESS
    return _key(told[NDA_DST], body[4:8]), mac.hex(":") if known else None


def _own_address(body: bytes) -> Own | None:
    """Return what an address message (struct ifaddrmsg) tells."""
    if len(body) < 8:
        return None
    told = dict(attributes(body[8:]))
    packed = told.get(IFA_LOCAL) or told.get(IFA_ADDRESS)
    if not packed:
        return None
    interface = int.from_bytes(body[4:8], "little")
    return Own(str(ip_address(packed)), body[1], interface, bool(body[2] & IFA_F_PASSING))


def _key(packed: bytes, interface: bytes) -> str:
    """Return an address as text; a link-local one with the number of its interface, without which it says nothing."""
    address = ip_address(packed)
    if address.version == 6 and address.is_link_local:
        return f"{address}%{int.from_bytes(interface, 'little')}"
    return str(address)
