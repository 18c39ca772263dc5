"""Whether a device that is new is one that the house knows, under a MAC that it made up: then it is nobody's.

Phones and laptops can show a private MAC to each network, and a child can switch that on (IEEE 802-2014, 8.2.2: the
local bit). What speaks for it are three things together: the new MAC is made up, it calls itself as the known device
does, and that one has fallen silent as it came. One of these alone is everyday.
"""

from collections.abc import Iterable, Mapping
from re import compile as regex

import msgspec

from appliance.core.device import Device

LOCAL = 0x02
BEFORE_S = 1_800.0
"""The known device was last seen so long before the new one came, at most."""
OVERLAP_S = 120.0
"""… and after it: what is remembered of a neighbour ages that long."""
_COMMON = regex(
    r"(android|galaxy|ipad|iphone|laptop|localhost|macbook|phone|pixel|tablet|watch|windows)([ _-]?(air|pro|mini|\d))*"
)
"""Names that many devices have as they come from the shop."""


class Resident(msgspec.Struct, frozen=True):
    """A device of the house as it was seen (POSIX seconds)."""

    device: str
    macs: tuple[str, ...]
    host_name: str | None
    last: float


class Newcomer(msgspec.Struct, frozen=True):
    """A device that the house does not name, as it was seen (POSIX seconds)."""

    mac: str
    host_name: str | None
    first: float
    last: float


def residents(
    devices: Iterable[Device], names: Mapping[str, str | None], last: Mapping[str, float]
) -> tuple[Resident, ...]:
    """Return the devices of a house that have a name: `names` by MAC, `last` by the device's id (POSIX seconds)."""
    found = []
    for one in devices:
        name = next((said for mac in one.macs if (said := names.get(mac))), None)
        if name is not None and one.id in last:
            found.append(Resident(one.id, one.macs, name, last[one.id]))
    return tuple(found)


def replaced(newcomer: Newcomer, residents: Iterable[Resident]) -> str | None:
    """Return the id of the device that a newcomer is under another MAC, None if it is not plain which.

    Of two that fit neither is named. A name that many have counts only where one device of the house alone has it.
    """
    name = (newcomer.host_name or "").casefold()
    if not name or not int(newcomer.mac[:2], 16) & LOCAL:
        return None
    alike = [one for one in residents if (one.host_name or "").casefold() == name and newcomer.mac not in one.macs]
    if _COMMON.fullmatch(name) and len(alike) > 1:
        return None
    fits = [one.device for one in alike if _has_left(one, newcomer)]
    return fits[0] if len(fits) == 1 else None


def _has_left(one: Resident, newcomer: Newcomer) -> bool:
    """Say whether a device fell silent when the newcomer came, and has stayed so while that one is here."""
    is_in_time = newcomer.first - BEFORE_S <= one.last <= newcomer.first + OVERLAP_S
    return is_in_time and newcomer.last - one.last >= OVERLAP_S
