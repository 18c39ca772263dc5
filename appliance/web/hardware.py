"""What a device is: its kind in words, what its own name suggests, and the addresses that it is known by."""

from collections.abc import Iterable
from ipaddress import ip_address
from re import compile as regex

from appliance.core.device import DeviceKind, normal_address, normal_mac
from appliance.core.house import House
from appliance.store.found import FoundDevice

MAX_NAME = 60
MAX_KNOWN_BY = 16
KINDS: dict[DeviceKind, tuple[str, str, str]] = {
    DeviceKind.PHONE: ("Phone", "phone", ""),
    DeviceKind.TABLET: ("Tablet", "tablet", ""),
    DeviceKind.LAPTOP: ("Computer", "laptop", ""),
    DeviceKind.CONSOLE: ("Console", "controller", "Updates go on at bedtime."),
    DeviceKind.TV: ("TV", "tv", "Updates go on at bedtime."),
    DeviceKind.IOT: ("Thing", "lightbulb", "Speaker, lamp, camera. Updates go on at bedtime."),
    DeviceKind.MANAGED: (
        "School's or work's",
        "building",
        "Nothing is counted, its VPN works.",
    ),
    DeviceKind.ADULT: ("An adult's own", "person-check", "Not filtered, never logged."),
}
"""Kind → word, icon, what it changes; nothing where all rules hold as they are."""

_GUESSES = (
    (regex(r"ipad|tablet|\btab\b|kindle|fire-?hd"), DeviceKind.TABLET),
    (regex(r"playstation|\bps[45]\b|xbox|nintendo|switch|steamdeck"), DeviceKind.CONSOLE),
    (regex(r"\btv\b|bravia|chromecast|firetv|fire-tv|roku|apple-?tv|webos|shield"), DeviceKind.TV),
    (regex(r"macbook|laptop|thinkpad|desktop|imac|-pc\b|\bpc\b|notebook|chromebook|surface"), DeviceKind.LAPTOP),
    (regex(r"echo|alexa|sonos|hue|shelly|esp[_-]|camera|printer|tasmota|nest|speaker"), DeviceKind.IOT),
)
_SPLIT = regex(r"[\s,;]+")


class NotKnownBy(ValueError):
    """This is neither a MAC address nor an IP address of a device."""


def unnamed(house: House, found: Iterable[FoundDevice]) -> list[FoundDevice]:
    """Return the found devices that the house doesn't name, without its routers."""
    named = (*house.devices, *house.forwarders)
    macs = {mac for one in named for mac in one.macs}
    addresses = {address for one in named for address in one.addresses}
    # Only the latest address counts: an earlier one may be another device's by now.
    return [one for one in found if one.mac not in macs and not addresses.intersection(one.addresses[:1])]


def guess(host_name: str | None) -> DeviceKind:
    """Return what a device probably is by what it calls itself; a phone where that says nothing."""
    text = (host_name or "").casefold()
    return next((kind for pattern, kind in _GUESSES if pattern.search(text)), DeviceKind.PHONE)


def plain_name(host_name: str | None) -> str:
    """Return what a device calls itself as a name to start from."""
    text = (host_name or "").removesuffix(".local").replace("-", " ").replace("_", " ")
    return " ".join("".join(sign for sign in text if sign.isprintable()).split())[:MAX_NAME]


def known_by(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the MAC and the IP addresses of a text. Raises NotKnownBy."""
    macs: list[str] = []
    addresses: list[str] = []
    for word in filter(None, _SPLIT.split(text)):
        try:
            mac = normal_mac(word)
        except ValueError:
            addresses.append(_address(word))
        else:
            macs.append(_checked(mac))
    if not macs and not addresses:
        raise NotKnownBy("Type at least one address.")
    if len(macs) + len(addresses) > MAX_KNOWN_BY:
        raise NotKnownBy(f"At most {MAX_KNOWN_BY} addresses.")
    return tuple(dict.fromkeys(macs)), tuple(dict.fromkeys(addresses))


def _checked(mac: str) -> str:
    if int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
        raise NotKnownBy(f"{mac} is no address of a single device.")
    return mac


def _address(word: str) -> str:
    try:
        address = ip_address(normal_address(word))
    except ValueError as error:
        raise NotKnownBy(f"“{word}” is neither a MAC address (aa:bb:cc:dd:ee:ff) nor an IP address.") from error
    if address.is_loopback or address.is_multicast or address.is_unspecified:
        raise NotKnownBy(f"{word} is no address of a single device.")
    return str(address)
