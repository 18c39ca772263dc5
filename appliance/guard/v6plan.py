"""How devices behind the box get IPv6: by a prefix of their own, as neighbours of the router's network, or not at all.

A prefix is asked for by a client of the system (dhcpcd, odhcp6c, systemd-networkd; RFC 8415), not by us: what it puts
on the LAN, or keeps as an unreachable route, is found in the kernel's tables.
"""

from collections.abc import Iterable
from enum import Enum
from ipaddress import IPv6Interface, IPv6Network

import msgspec

from appliance.config import V6, Gateway
from appliance.guard.links import UNREACHABLE, Route

SLAAC_BITS = 64
"""Devices give themselves addresses of such a network only (RFC 4862, RFC 7421)."""
_GLOBAL = IPv6Network("2000::/3")


class Mode(Enum):
    """How devices have IPv6."""

    DELEGATED = "delegated"
    PROXY = "proxy"
    OFF = "off"


class Why(Enum):
    """Why devices have none."""

    SET = "set"
    """The installer said so."""
    ONE_ARMED = "one-armed"
    """The router is on the devices' own network, and answers them itself: the box can't come between."""
    NO_PREFIX = "no-prefix"
    """The router gives none to the box."""
    KERNEL = "kernel"
    """IPv6 is switched off on this box."""


class Plan(msgspec.Struct, frozen=True):
    """What is done for the devices' IPv6."""

    mode: Mode
    prefix: IPv6Network | None = None
    """Of which devices give themselves addresses."""
    put: IPv6Interface | None = None
    """An address that the box needs on the LAN and that nobody has put there."""
    why: Why | None = None
    """Why it is off."""


class Found(msgspec.Struct, frozen=True):
    """What the kernel has: lasting addresses of both sides without ours, and its routes."""

    lan: tuple[IPv6Interface, ...] = ()
    wan: tuple[IPv6Interface, ...] = ()
    routes: tuple[Route, ...] = ()


def choose(gateway: Gateway, found: Found, lan_mac: str) -> Plan:
    """Return what can be done, with what is there now, of what was set."""
    if gateway.v6 is V6.OFF:
        return Plan(Mode.OFF, why=Why.SET)
    if gateway.is_one_armed:
        return Plan(Mode.OFF, why=Why.ONE_ARMED)
    near = {one.network for one in _usable(found.wan)}
    if gateway.v6 is not V6.PROXY and (plan := _delegated(found, near, lan_mac)) is not None:
        return plan
    if gateway.v6 is not V6.DELEGATED:
        for one in _usable(found.wan):
            if one.network.prefixlen == SLAAC_BITS:
                return Plan(Mode.PROXY, one.network, own_address(one.network, lan_mac))
    return Plan(Mode.OFF, why=Why.NO_PREFIX)


def own_address(network: IPv6Network, mac: str) -> IPv6Interface:
    """Return an address in a network that comes from a MAC and from no other (RFC 4291, appendix A)."""
    octets = bytes.fromhex(mac.replace(":", ""))
    ident = bytes((octets[0] ^ 0x02,)) + octets[1:3] + b"\xff\xfe" + octets[3:]
    return IPv6Interface((int(network.network_address) | int.from_bytes(ident, "big"), network.prefixlen))


def _delegated(found: Found, near: set[IPv6Network], lan_mac: str) -> Plan | None:
    """Return the prefix that stands on the LAN, else the first network of one that waits for a link."""
    for one in _usable(found.lan):
        if one.network.prefixlen == SLAAC_BITS and one.network not in near:
            return Plan(Mode.DELEGATED, one.network)
    waiting = [
        route.to for route in found.routes
        if route.kind in UNREACHABLE and 32 <= route.to.prefixlen <= SLAAC_BITS and _is_for_devices(route.to)
    ]  # fmt: skip
    taken = [route.to for route in found.routes if route.kind not in UNREACHABLE]
    for prefix in sorted(waiting, key=_rank):
        network = _first_free(prefix, taken)
        if network is not None:
            return Plan(Mode.DELEGATED, network, own_address(network, lan_mac))
    return None


def _first_free(prefix: IPv6Network, taken: list[IPv6Network]) -> IPv6Network | None:
    """Return the first network of a prefix, of its first 256, that no link has."""
    for number, network in enumerate(prefix.subnets(new_prefix=SLAAC_BITS)):
        if number == 256:
            return None
        if not any(network.overlaps(one) for one in taken):
            return network
    return None


def _usable(addresses: Iterable[IPv6Interface]) -> list[IPv6Interface]:
    return sorted((one for one in addresses if _is_for_devices(one.network)), key=lambda one: _rank(one.network))


def _is_for_devices(network: IPv6Network) -> bool:
    return not (network.is_link_local or network.is_loopback or network.is_multicast or network.is_unspecified)


def _rank(network: IPv6Network) -> tuple[bool, IPv6Network]:
    """Return an order of preference: of the internet, not only of the home (RFC 4193)."""
    return not network.subnet_of(_GLOBAL), network
