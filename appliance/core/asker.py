"""Who is asking: from a source address, its MAC and the options of a query to a device of the house, or to nobody."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from appliance.core.access import Door, plain_address
from appliance.core.device import Forwarder, Told, normal_mac
from appliance.core.house import House
from appliance.core.wire import dns

MAC_RAW = 65001
"""dnsmasq's `add-mac`: the six octets."""
MAC_TEXT = 65073
"""dnsmasq's `add-mac=text` (aa:bb:cc:dd:ee:ff) and `add-mac=base64`."""
IDENTITY_OPTIONS = frozenset((MAC_RAW, MAC_TEXT, dns.OPTION_ECS))

_TOLD_BY = {MAC_RAW: Told.MAC, MAC_TEXT: Told.MAC, dns.OPTION_ECS: Told.SUBNET}

Options = tuple[tuple[int, bytes], ...]
MacOf = Callable[[str], str | None]
"""The kernel's neighbour table: address → MAC, None where it knows none."""

PRIVATE = tuple(
    ip_network(text)
    for text in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  # RFC 1918
        "127.0.0.0/8", "::1/128",
        "169.254.0.0/16", "fe80::/10",
        "fc00::/7",
    )
)  # fmt: skip
"""Addresses of a home. The documentation ranges are none, whatever Python's `is_private` says."""


class Note(Enum):
    """What a query's options showed that a caregiver should know of."""

    FORGED = "forged"
    """An option sent by someone who is no listed forwarder: ignored."""
    CONFLICT = "conflict"
    """Options of one query that disagree: an unknown device."""
    MISSING = "missing"
    """A listed forwarder that did not say who asks."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: the id of a device of the house, None for a device that nobody named."""

    device: str | None
    via: str | None = None
    """The id of the forwarder that said so."""
    note: Note | None = None
    told: tuple[str, ...] = field(default=(), compare=False)
    """The MACs and addresses that the forwarder told, in normal form."""


class Registry:
    """The devices and forwarders of a house, by the addresses they are known by."""

    __slots__ = ("_address", "_door", "_forwarder_address", "_forwarder_mac", "_mac", "_networks")

    def __init__(self, house: House) -> None:
        self._mac = {mac: device.id for device in house.devices for mac in device.macs}
        self._address = {address: device.id for device in house.devices for address in device.addresses}
        self._forwarder_mac = {mac: one for one in house.forwarders for mac in one.macs}
        self._forwarder_address = {address: one for one in house.forwarders for address in one.addresses}
        self._networks = tuple(ip_network(network) for network in house.networks)
        self._door = Door(house.access)

    def is_answered(self, address: str, attached: Iterable[str]) -> bool:
        """Say whether a source is answered at all: private, in a network that the box is attached to, or listed."""
        source = ip_address(address)
        if isinstance(source, IPv6Address) and source.ipv4_mapped:
            source = source.ipv4_mapped
        networks = (*PRIVATE, *self._networks, *(ip_network(network, strict=False) for network in attached))
        return any(source in network for network in networks)

    def lets_in(self, source: str, mac: str | None) -> bool:
        """Say whether the house answers a source that has this MAC; a forwarder as well as anybody else."""
        return self._door.is_open or self._door.lets_in((plain_address(source), *((mac,) if mac else ())))

    def lets_in_behind(self, asker: Asker) -> bool:
        """Say whether the house answers whom a forwarder told; one that it told nothing of is the forwarder itself.

        Where what it told disagrees, somebody may hide behind another's name: such a one is nobody's who is allowed.
        """
        if self._door.is_open or asker.note is Note.MISSING:
            return True
        return self._door.lets_in(asker.told, is_doubtful=asker.note is Note.CONFLICT)

    def forwarder(self, address: str, mac: str | None) -> Forwarder | None:
        """Return the listed forwarder behind a source, by its address or its MAC."""
        return self._forwarder_address.get(address) or (self._forwarder_mac.get(mac) if mac else None)

    def identify(self, address: str, options: Options, mac_of: MacOf) -> Asker:
        """Return who asks.

        Behind a listed forwarder only its options tell; its own MAC is never looked up, so that no child becomes "the
        router". Anyone else is known by the MAC in the neighbour table, else by the address; their options are
        ignored.
        """
        mac = mac_of(address)
        forwarder = self.forwarder(address, mac)
        if forwarder is not None:
            return self._behind(forwarder, options, mac_of)
        note = Note.FORGED if any(code in IDENTITY_OPTIONS for code, _ in options) else None
        return Asker(self._by_mac(mac) or self._address.get(address), None, note)

    def _behind(self, forwarder: Forwarder, options: Options, mac_of: MacOf) -> Asker:
        """Return who asks through a forwarder; options that disagree about the device or the MAC name nobody."""
        believed = [option for option in options if _TOLD_BY.get(option[0]) in forwarder.options]
        macs = {mac for code, data in believed if (mac := option_mac(code, data)) is not None}
        clients = {client for code, data in believed if code == dns.OPTION_ECS and (client := ecs_client(data))}
        if not macs and not clients:
            return Asker(None, forwarder.id, Note.MISSING)
        # The kernel may know the MAC of the address that the router names: then that is one more witness.
        seen = {mac for client in clients if (mac := mac_of(client)) is not None}
        macs |= seen - self._forwarder_mac.keys()
        devices = {device for mac in macs if (device := self._by_mac(mac)) is not None}
        devices |= {self._address[client] for client in clients if client in self._address}
        is_repeated = len({code for code, _ in believed}) < len(believed)
        told = (*macs, *clients)
        if is_repeated or len(macs) > 1 or len(clients) > 1 or len(devices) > 1:
            return Asker(None, forwarder.id, Note.CONFLICT, told)
        return Asker(next(iter(devices), None), forwarder.id, None, told)

    def _by_mac(self, mac: str | None) -> str | None:
        return self._mac.get(mac) if mac is not None and mac not in self._forwarder_mac else None


def option_mac(code: int, data: bytes) -> str | None:
    """Return the MAC that an EDNS option states, None if it states none."""
    try:
        if code == MAC_RAW:
            return data.hex(":") if len(data) == 6 else None
        if code == MAC_TEXT:
            is_base64 = len(data) == 8
            return normal_mac(b64decode(data, validate=True).hex(":") if is_base64 else data.decode("ascii"))
    except (ValueError, Base64Error):
        return None
    return None


def ecs_client(data: bytes) -> str | None:
    """Return the one address that a client-subnet option states (RFC 7871: /32 or /128), None for a wider subnet."""
    if data[:3] == b"\x00\x01\x20" and len(data) == 8:
        return str(IPv4Address(data[4:]))
    if data[:3] == b"\x00\x02\x80" and len(data) == 20:
        address = IPv6Address(data[4:])
        return str(address.ipv4_mapped or address)
    return None
