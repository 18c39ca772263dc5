"""MAC addresses: which can be a device's, and which a device made up for itself (IEEE 802-2014, 8.2.2)."""

GROUP = 0x01
LOCAL = 0x02


def is_device(mac: str) -> bool:
    """Say whether a MAC in normal form can be one device's: not zero, not a group's."""
    return not int(mac[:2], 16) & GROUP and mac != "00:00:00:00:00:00"


def is_random(mac: str) -> bool:
    """Say whether a MAC in normal form is locally administered: most are a phone's private address, made up by it."""
    return bool(int(mac[:2], 16) & LOCAL)
