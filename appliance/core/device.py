"""Things on the network that the house knows: devices, and the routers that say who asks."""

from enum import Enum
from ipaddress import IPv6Address, ip_address
from re import compile as regex

from msgspec.structs import force_setattr

from appliance.core import names
from appliance.core.said import Id, Said, Text

_MAC = regex(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z")


class DeviceKind(Enum):
    """What a device is, as far as the order of decision cares."""

    PHONE = "phone"
    TABLET = "tablet"
    LAPTOP = "laptop"
    CONSOLE = "console"
    TV = "tv"
    IOT = "iot"
    MANAGED = "managed"
    """A school's or an employer's machine."""
    ADULT = "adult"
    """An adult's own."""


THINGS = frozenset((DeviceKind.CONSOLE, DeviceKind.TV, DeviceKind.IOT))
"""What nobody types an address into: it asks for the same names every day."""


class Told(Enum):
    """By what a forwarder tells its clients apart."""

    MAC = "mac"
    SUBNET = "subnet"


class Located(Said, frozen=True):
    """A thing on the network that is known by its MAC or IP addresses."""

    id: Id
    macs: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Bring MAC and IP addresses to normal form; want at least one."""
        force_setattr(self, "macs", tuple(normal_mac(mac) for mac in self.macs))
        force_setattr(self, "addresses", tuple(normal_address(address) for address in self.addresses))
        if not self.macs and not self.addresses:
            raise ValueError("needs macs or addresses to be known by")


class Device(Located, frozen=True):
    """A device of the house; known by its MAC addresses, or by addresses that the router keeps for it."""

    name: Text | None = None
    person: Id | None = None
    kind: DeviceKind = DeviceKind.PHONE
    bedtime: bool = False
    """On a managed device: the person's windows and pauses reach it too."""
    only: tuple[str, ...] | None = None
    """The names that a thing may reach, with all below them; None for any. Help, updates and what it needs to be online
    stay open."""

    def __post_init__(self) -> None:
        """Bring the names to normal form; want them of a thing alone."""
        super().__post_init__()
        if self.only is None:
            return
        if self.kind not in THINGS:
            raise ValueError("only a console, a TV or a thing can be kept to some names: people go to new ones")
        force_setattr(self, "only", tuple(dict.fromkeys(names.normalise(name) for name in self.only)))


class Forwarder(Located, frozen=True):
    """A router that we trust to say who asks; known by its address or its MAC."""

    options: tuple[Told, ...] = (Told.MAC, Told.SUBNET)
    """Which of its EDNS options are believed: those that it strips from what its clients send."""


def normal_mac(text: str) -> str:
    """Return a MAC address as ``aa:bb:cc:dd:ee:ff``. Raises ValueError."""
    mac = text.strip().lower().replace("-", ":")
    if not _MAC.match(mac):
        raise ValueError(f"{text!r} is not a MAC address (aa:bb:cc:dd:ee:ff)")
    return mac


def normal_address(text: str) -> str:
    """Return an IP address in its one spelling, a mapped IPv4 address as IPv4. Raises ValueError."""
    address = ip_address(text.strip())
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
