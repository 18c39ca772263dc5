"""What a frame from the network says of its sender: DHCP (RFC 2131, 2132) and mDNS (RFC 6762), taken apart by scapy.

Only host names are taken. The names of services (``Kim's tablet._airplay._tcp.local``) often hold a person's name, and
are left where they are.
"""

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any

from appliance.finder import hostname
from appliance.finder.inventory import Sighting, Source

MIN_FRAME_OCTETS = 14
MAX_FRAME_OCTETS = 1_600
"""An Ethernet frame with room for tags; what is longer is none that a device announces itself with."""
DISCOVER, REQUEST, ACK, INFORM = 1, 3, 5, 8
FROM_CLIENT, FROM_SERVER = 1, 2
TYPE_A, TYPE_PTR, TYPE_AAAA = 1, 12, 28

_NOWHERE = "/dev/null/none"
_PARTS = {
    "scapy.arch.linux": ("L2ListenSocket",),
    "scapy.config": ("conf",),
    "scapy.layers.dhcp": ("BOOTP", "DHCP"),
    "scapy.layers.dns": ("DNS", "DNSRR"),
    "scapy.layers.inet": ("IP", "UDP"),
    "scapy.layers.inet6": ("IPv6",),
    "scapy.layers.l2": ("Dot1Q", "Ether"),
    "scapy.sendrecv": ("AsyncSniffer",),
}
_LAYERS = ("Ether", "Dot1Q", "IP", "IPv6", "UDP", "BOOTP", "DHCP", "DNS")

Layer = Any
"""A part of a packet; scapy has no types."""


@cache
def scapy() -> SimpleNamespace:
    """Return the parts of scapy that are used; loading them takes a second and thirty megabytes. Raises ImportError."""
    with _leaving_nothing():
        parts = {name: getattr(import_module(module), name) for module, names in _PARTS.items() for name in names}
    # Its warnings may repeat what a packet says.
    logging.getLogger("scapy").setLevel(logging.CRITICAL + 1)
    # What else scapy knows how to take apart stays whole.
    parts["conf"].layers.filter([parts[name] for name in _LAYERS])
    return SimpleNamespace(**parts)


@contextmanager
def _leaving_nothing() -> Iterator[None]:
    """Have scapy make no folders for its settings and its cache."""
    kept = {key: os.environ.get(key) for key in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    os.environ |= dict.fromkeys(kept, _NOWHERE)
    try:
        yield
    finally:
        for key, value in kept.items():
            os.environ.pop(key)
            if value is not None:
                os.environ[key] = value


def read(frame: bytes, at: float) -> Sighting | None:
    """Return what an Ethernet frame says of a device, None for nothing.

    May raise any Exception: scapy makes no promises about octets of a stranger.
    """
    if not MIN_FRAME_OCTETS <= len(frame) <= MAX_FRAME_OCTETS:
        return None
    parts = scapy()
    ether = parts.Ether(frame)
    if parts.BOOTP in ether:
        return _dhcp(ether, ether[parts.BOOTP], at)
    if parts.DNS in ether and ether[parts.UDP].sport == ether[parts.UDP].dport:
        ip = ether.getlayer(parts.IP) or ether.getlayer(parts.IPv6)
        return _mdns(ether.src, ip.src, ether[parts.DNS], at)
    return None


def _dhcp(ether: Layer, bootp: Layer, at: float) -> Sighting | None:
    """Read what a client says of itself, or the address that a server gives it."""
    options = {one[0]: one[1] for one in _options(ether) if isinstance(one, tuple) and len(one) > 1}
    said = options.get("message-type")
    mac = bytes(bootp.chaddr[:6]).hex(":")
    if bootp.htype != 1 or bootp.hlen != 6:
        return None
    if bootp.op == FROM_SERVER:
        return Sighting(mac, Source.DHCP, at, _addresses(bootp.yiaddr)) if said == ACK else None
    if bootp.op != FROM_CLIENT or said not in (DISCOVER, REQUEST, INFORM) or mac != ether.src:
        return None
    # What a client would like in a DISCOVER is no address of its yet.
    asked = (bootp.ciaddr, options.get("requested_addr") if said == REQUEST else None)
    name = options.get("hostname")
    return Sighting(mac, Source.DHCP, at, _addresses(*asked), hostname.clean(name) if isinstance(name, bytes) else None)


def _options(ether: Layer) -> Iterable[object]:
    layer = ether.getlayer(scapy().DHCP)
    return layer.options if layer is not None else ()


def _addresses(*texts: object) -> tuple[str, ...]:
    found = [ip_address(text) for text in texts if isinstance(text, str)]
    return tuple(dict.fromkeys(str(one) for one in found if not (one.is_unspecified or one.is_multicast)))


def _mdns(mac: str, source: str, dns: Layer, at: float) -> Sighting | None:
    """Read the host name that a device announces for the address that it sends from: a proxy speaks for others."""
    if not dns.qr:
        return None
    own = ip_address(source)
    records = [record for section in (dns.an, dns.ar) for record in section or () if isinstance(record, scapy().DNSRR)]
    name = next((name for record in records if (name := _own_name(record, source, own.reverse_pointer))), None)
    return Sighting(mac, Source.MDNS, at, () if own.is_link_local else (str(own),), name)


def _own_name(record: Layer, source: str, reverse: str) -> str | None:
    if record.type in (TYPE_A, TYPE_AAAA) and ip_address(record.rdata) == ip_address(source):
        raw = bytes(record.rrname)
    elif record.type == TYPE_PTR and bytes(record.rrname).decode().rstrip(".").lower() == reverse:
        raw = bytes(record.rdata)
    else:
        return None
    label, _, rest = raw.partition(b".")
    return hostname.clean(label) if rest.lower() in (b"local.", b"local") else None
