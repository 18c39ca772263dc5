"""Being somebody else, or going another way."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from scapy.layers.inet6 import ICMPv6ND_RA, ICMPv6NDOptPrefixInfo, ICMPv6NDOptRDNSS, IPv6
from scapy.layers.l2 import Ether

from scripts.lablib import net
from tests.adversary.child import CLOSED, Child
from tests.adversary.inside import inside
from tests.adversary.trick import (
    BOTH,
    EVERYWHERE_ESCAPED,
    STOPPED,
    TOLD,
    Expected,
    Trick,
    gateway,
)

ADULT = "phone"
ALL_NODES = "ff02::1"
OTHER_PREFIX = "2001:db8:bad::"


def _ip(child: Child, *words: str) -> None:
    done = child.lab.exec(child.host, ["ip", *words])
    assert done.returncode == 0, done.stderr


def _forget(child: Child, address: str) -> None:
    """Let the box find out anew who has an address."""
    child.lab.exec("appliance", ["ip", "neigh", "flush", "to", address])


@contextmanager
def _address(child: Child, address: str) -> Iterator[None]:
    """Have a device take an address and speak from it."""
    bits = "24" if child.family == "4" else "64"
    box = child.lab.plan.box
    route = (child.ip, "route", "replace", "default", "via", box.v4 if child.family == "4" else box.v6)
    extra = () if child.family == "4" else ("nodad",)
    _ip(child, "addr", "add", f"{address}/{bits}", "dev", "eth0", *extra)
    try:
        _forget(child, address)
        _ip(child, *route, "src", address)
        yield
    finally:
        _ip(child, *route)
        _ip(child, "addr", "del", f"{address}/{bits}", "dev", "eth0")
        _forget(child, address)


@contextmanager
def _away(child: Child, host: str) -> Iterator[None]:
    """Let a device be away from home: two of one address would only disturb each other."""
    plug = ["ip", "link", "set", host]
    child.lab.exec("switch", [*plug, "down"])
    try:
        yield
    finally:
        child.lab.exec("switch", [*plug, "up"])


@contextmanager
def _mac(child: Child, mac: str) -> Iterator[None]:
    """Have a device take a MAC; what it needs a link for is put back."""
    own = child.lab.host(child.host)
    box = child.lab.plan.box
    try:
        _take_mac(child, mac, own, box)
        yield
    finally:
        _take_mac(child, own.mac, own, box)


def _take_mac(child: Child, mac: str, own: net.Host, box: net.Host) -> None:
    _ip(child, "link", "set", "eth0", "address", mac)
    for address in (own.v4, own.v6):
        _forget(child, address)
    # Its new MAC is told to the others as a device does that joins.
    child.lab.exec(child.host, ["ping", "-c", "1", "-W", "2", box.v4])
    child.lab.exec(child.host, ["ping", "-c", "1", "-W", "2", box.v6])


def at_an_address_of_ones_choice(child: Child) -> bool:
    """A static address that nobody gave out."""
    last = {"tablet": "77", "laptop": "78", "guest": "79"}[child.host]
    with _address(child, f"192.168.78.{last}" if child.family == "4" else f"fd78::{last}"):
        return child.pinned(CLOSED) is not None


def at_the_adults_address(child: Child) -> bool:
    """The address of a device that nobody looks at."""
    theirs = child.lab.host(ADULT)
    with _away(child, ADULT), _address(child, theirs.v4 if child.family == "4" else theirs.v6):
        return child.pinned(CLOSED) is not None


def with_another_mac(child: Child) -> bool:
    """A made-up MAC: a device that nobody knows."""
    with _mac(child, "06:" + ":".join(f"{octet:02x}" for octet in os.urandom(5))):
        return child.curl(f"https://{CLOSED.name}/") is not None


def with_the_adults_mac(child: Child) -> bool:
    """The MAC of a device that nobody looks at."""
    with _away(child, ADULT), _mac(child, child.lab.host(ADULT).mac):
        return child.curl(f"https://{CLOSED.name}/") is not None


def another_router(child: Child) -> bool:
    """A device says that it is the router for IPv6, and its owner's phone shares its mobile data through it."""
    own = child.lab.host(child.host)
    said = (
        Ether(src=own.mac, dst="33:33:00:00:00:01")
        / IPv6(src="fe80::bad", dst=ALL_NODES, hlim=255)
        / ICMPv6ND_RA(routerlifetime=1800)
        / ICMPv6NDOptPrefixInfo(prefix=OTHER_PREFIX, prefixlen=64)
        / ICMPv6NDOptRDNSS(dns=["2001:4860:4860::8888"])
    )
    with inside(child.lab.name, child.host):
        mouth = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    with mouth:
        mouth.bind(("eth0", 0))
        mouth.send(bytes(said))
    return True


TRICKS = (
    Trick(
        "static-address",
        "I give my device an address of my own",
        at_an_address_of_ones_choice,
        gateway(STOPPED),
        "A device is known by its MAC.",
        BOTH,
        CLOSED.name,
    ),
    Trick(
        "adults-address",
        "I take my mother's address",
        at_the_adults_address,
        gateway(STOPPED),
        "A device is known by its MAC.",
        BOTH,
        CLOSED.name,
        is_alone=True,
    ),
    Trick(
        "new-mac",
        "I make up a new MAC",
        with_another_mac,
        EVERYWHERE_ESCAPED,
        "It is a device that nobody named, with the house's rules for those. Under its old name it is noticed in time.",
        site=CLOSED.name,
        is_alone=True,
    ),
    Trick(
        "adults-mac",
        "I take my mother's MAC",
        with_the_adults_mac,
        EVERYWHERE_ESCAPED,
        "On one wire nobody can tell them apart. A key per person for the Wi-Fi can.",
        site=CLOSED.name,
        is_alone=True,
    ),
    Trick(
        "other-router",
        "I make my phone the router for IPv6",
        another_router,
        Expected(None, TOLD, TOLD, TOLD),
        "What a switch carries past the box it can't stop. It hears of it and tells.",
        is_alone=True,
    ),
)
